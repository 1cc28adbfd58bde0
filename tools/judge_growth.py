"""Grown pages: training pages with other articles set behind their own, as cards of a list or in full.

Few pages of the shared sets run on into other articles, and on those that do, the judge lost most: without grown pages
it reached F1 0.972 on held-out sites of the zyte set, with them 0.982. They are used for training and never scored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

SHARES = {"zyte": 0.9, "publishers": 0.9, "wcxb": 0.45}
"""How many pages of each set are grown, at random; the largest set would otherwise outweigh the news."""
CARD_SHARE = 0.7
"""How many of them get cards; the others get whole articles."""
CARDS: tuple[Callable[[str, str, int], str], ...] = (
    lambda t, p, u: f'<article class="c-{u % 7}"><h3><a href="/n/{u}">{t}</a></h3><p>{p}</p></article>',
    lambda t, p, u: (
        f'<div class="b{u % 5}"><a href="/n/{u}"><img src=x></a><div><h4><a href="/n/{u}">{t}</a></h4>'
        f"<p>{p}</p><span>3 hours ago</span></div></div>"
    ),
    lambda t, p, u: f'<li><a href="/n/{u}">{t}</a><div>{p}</div></li>',
    lambda t, p, u: f'<div><h2><a href="/n/{u}">{t}</a></h2><p>{p} <a href="/n/{u}">More</a></p></div>',
    lambda t, p, u: f'<a href="/n/{u}"><h3>{t}</h3></a><p>{p}</p>',
)
ENDS = ("</div>", "</article>", "</section>")


def grow(
    html: str, reference: dict[str, Any], others: Sequence[dict[str, Any]], chance: random.Random
) -> str | None:
    """A page with other references' articles behind its own; None where its text's end is not found."""
    place = _end_of_text(html, reference["text"], chance)
    if place is None:
        return None
    if chance.random() < CARD_SHARE:
        card = chance.choice(CARDS)
        grown = "".join(_card(card, other, chance) for other in chance.sample(others, chance.randint(3, 14)))
        grown = f"<ul>{grown}</ul>" if card is CARDS[2] else grown
    else:
        grown = "".join(_article(other, chance) for other in chance.sample(others, chance.choice((1, 1, 2))))
    return html[:place] + grown + html[place:]


def _end_of_text(html: str, text: str, chance: random.Random) -> int | None:
    """Behind one to three elements that are closed after the last line of the text."""
    lines = [line for line in text.split("\n") if len(line) > 60]
    place = next((found for line in reversed(lines) if (found := html.rfind(line[-25:])) > 0), None)
    if place is None:
        return None
    for _ in range(chance.choice((1, 1, 2, 3))):
        ends = [found for end in ENDS if (found := html.find(end, place)) > 0]
        if not ends:
            break
        place = html.find(">", min(ends)) + 1
    return place


def _title(reference: dict[str, Any], line: str) -> str:
    return str(reference.get("title") or line[:60]).replace("<", "&lt;")


def _card(card: Callable[[str, str, int], str], reference: dict[str, Any], chance: random.Random) -> str:
    lines = [line for line in reference["text"].split("\n") if len(line) > 80]
    if not lines:
        return ""
    teaser = lines[0][: chance.choice((140, 220, 400, 900))].replace("<", "&lt;")
    return card(_title(reference, lines[0]), teaser, chance.randint(1, 9999))


def _article(reference: dict[str, Any], chance: random.Random) -> str:
    lines = [line for line in reference["text"].split("\n") if len(line) > 20]
    tag = chance.choice(("article", "div", "section"))
    paragraphs = "".join(f"<p>{line.replace('<', '&lt;')}</p>" for line in lines[: chance.randint(3, 20)])
    return f"<{tag}><h2>{_title(reference, (lines or [''])[0])}</h2>{paragraphs}</{tag}>"
