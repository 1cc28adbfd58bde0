"""An article to put interface around, and what cleaning makes of it."""

from datetime import UTC, datetime

from selectolax.lexbor import LexborHTMLParser

from cleaners.layout import lay_out
from cleaners.markup import Markup
from cleaners.models import Article, Document
from cleaners.page import Page
from cleaners.rules import load_rules
from cleaners.stages import clean, explain
from cleaners.words import fold_words

URL = "https://news.example/2026/ferry"
TITLE = "Night ferry returns to the islands"
PARAGRAPHS = [
    "The night ferry will sail to the outer islands again from the first of May, the harbour office said on Monday.",
    "It was taken out of service three winters ago, when its engine room flooded in a storm off the northern cape.",
    "“We had offers from two scrapyards and a museum,” said Ilse Maron, who has run the office since the spring.",
    "The crew of eleven has been hired on the islands, most of them from families that fished before the quota fell.",
    "Tickets cost nine crowns, as they did in the last year of service, and children under six travel without one.",
    "A second ship is being looked for, because the council expects more visitors once the lighthouse opens in June.",
]


def page(*around, at=3, title=TITLE, head=""):
    """The story as a page, with markup set between its paragraphs before the one with number `at`."""
    paragraphs = [f"<p>{text}</p>" for text in PARAGRAPHS]
    body = "".join([*paragraphs[:at], *around, *paragraphs[at:]])
    return (
        f"<!doctype html><html lang=en><head><title>{title}</title>{head}</head>"
        f"<body><article><h1>{title}</h1>{body}</article></body></html>"
    )


def document(html):
    return Document(
        url=URL, requested_url=URL, fetched_at=datetime(2026, 5, 4, tzinfo=UTC), body=html.encode()
    )


def clean_lines(html):
    """The blocks of a page's article; what is not the story's own stands out."""
    result = clean(document(html))
    assert isinstance(result, Article), result
    return [block.text for block in result.blocks]


def explain_page(html):
    return explain(document(html))


def rules_of(html):
    """The rules that took something from a page, each once, in order."""
    removals = clean(document(html)).removals
    return list(dict.fromkeys(removal.rule for removal in removals if not removal.refused))


def lay(html):
    """The pieces of a fragment."""
    return lay_out(Markup(LexborHTMLParser(f"<body>{html}"), frozenset())).pieces


def context(title=TITLE, description="", language="en"):
    """What a pass may know of the page it works on."""
    return Page(
        url=URL,
        title=title,
        titles=frozenset((fold_words(title),)),
        description=fold_words(description),
        language=language,
        rules=load_rules(),
    )


def dropped(drop, pieces, page=None):
    """What a pass finds: each text with the rule that it would go by."""
    return {hit.piece.text: hit.rule for hit in drop(pieces, page or context())}
