"""What each family of rules takes, in the words of docs/rules.md."""

from __future__ import annotations

_WORD_FOLDERS = ("headings", "openings", "phrases")

FAMILIES = {
    "unread/control": "buttons, fields, menus, tooltips and whatever has such a role",
    "unread/hidden": "what the page hides and is no paragraph",
    "icons/markup": "elements that their tag or class calls an icon, with the name they print",
    "icons/ligature": "elements without such a class that print nothing but an icon's name",
    "icons/name": "icon names that stand in the text itself, before or glued to words; private-use characters",
    "icons/label": "short lines that an icon led: buttons and badges",
    "boxes/tag:nav": "`nav`",
    "boxes/tag:footer": "`footer`",
    "boxes/tag:aside": "`aside`, where the judge finds it no text",
    "boxes/tag:menu": "`menu`",
    "boxes/tag:dialog": "`dialog`",
    "boxes/role:…": "elements of the roles navigation, complementary, contentinfo, banner, search",
    "boxes/comments": "comments, by name",
    "boxes/consent": "cookie and consent texts, by name",
    "boxes/newsletter": "newsletter calls, by name",
    "boxes/author": "bylines and author boxes, by name",
    "boxes/breadcrumb": "breadcrumbs, by name",
    "boxes/tags": "lists of tags and topics, by name",
    "boxes/donate": "calls for money or for the app, by name",
    "boxes/unprinted": "what the site itself leaves out in print",
    "boxes/caption": "captions and credits: they stand with their pictures in the record",
    "boxes/share": "share bars, by name, where the judge agrees",
    "boxes/related": "related, most read, next articles, by name, where the judge agrees",
    "boxes/advertisement": "advertisements, by name, where the judge agrees",
    "boxes/navigation": "menus and pagers, by name, where the judge agrees",
    "boxes/paywall": "paywall pleas, by name, where the judge agrees",
    "boxes/player": "players, by name, where the judge agrees",
    "boxes/popup": "overlays, by name, where the judge agrees",
    "boxes/rating": "ratings and reactions, by name, where the judge agrees",
    "boxes/widget": "widgets, by name, where the judge agrees",
    "boxes/unseen": "text for screen readers and hidden paragraphs, where the judge agrees",
    "boxes/icon_heading": "a heading that an icon led, with the points and links under it",
    "articles/further": "on endless pages, the stories behind the one that the page is about",
    "titles/repeat": "the title again, in any case, tag and number",
    "repeats/standfirst": "the description above the text, where a summary makes it its point",
    "repeats/point": "points of a summary that title, description and paragraphs say again",
    "repeats/twin": "the second of two equal paragraphs",
    "players/times": "times and speeds of players",
    "captions/credited": "without markup: short paragraphs that end in a picture's credit",
    "signatures/…": "below the text: initials, addresses and rights; a template's own lines",
    "switchers/codes": "codes of languages side by side",
    "switchers/flag": "links to other languages behind a flag",
    "headings/…": "headings that the rules know, with the points, links and labels under them",
    "phrases/…": "lines that the rules know whole",
    "openings/…": "short lines that open like a label or a call that the rules know",
    "links/labelled": "a short label and one link: what to read next",
    "headings/empty": "headings at the end whose section is gone",
    "edges/lead": "without markup: lines above the first paragraph that say no sentence",
    "edges/tail": "without markup: lines below the last paragraph that say no sentence",
    "judge/unlikely": "what has no name and the judge finds unlike an article",
}


def family_of(rule: str) -> str:
    """The family of a rule's id: word rules of all languages are one, roles are one."""
    head, colon, _ = rule.partition(":")
    folder = head.partition("/")[0]
    if colon and folder in _WORD_FOLDERS:
        return f"{folder}/…"
    if folder == "signatures":
        return "signatures/…"
    return "boxes/role:…" if head == "boxes/role" else rule
