from __future__ import annotations

from datetime import UTC, datetime

import pytest
from selectolax.lexbor import LexborHTMLParser

from cleaners.layout import Piece
from cleaners.metadata import read_metadata
from cleaners.models import Document
from cleaners.page_type import find_rejection, reading_length
from cleaners.structured import read_json_ld

SENTENCE = (
    "The harbour opened again this morning after the longest winter that anybody in the town remembers. "
)
TEXT = "".join(f"<p>{SENTENCE * 3}</p>" for _ in range(8))
NEWS = '<script type="application/ld+json">{"@type":"NewsArticle","headline":"Harbour reopens","datePublished":"2025-05-03"%s}</script>'


def verdict(
    body: str,
    head: str = "",
    *,
    url: str = "https://news.example/2025/story",
    status: int = 200,
    kept: bool = True,
    links_kept: bool = False,
) -> str | None:
    html = f"<!doctype html><html lang=en><head>{head}</head><body>{body}</body></html>"
    tree = LexborHTMLParser(html)
    document = Document(
        url=url,
        requested_url=url,
        fetched_at=datetime(2025, 6, 1, tzinfo=UTC),
        status=status,
        body=html.encode(),
    )
    pieces = lay_out(tree)
    found = find_rejection(
        tree,
        document,
        read_metadata(tree, document),
        nodes=read_json_ld(tree),
        pieces=pieces,
        kept=[
            piece for piece in pieces if piece.kind == "paragraph" and (links_kept or piece.link_share < 0.5)
        ]
        if kept
        else [],
    )
    assert found is None or (found[1] and "\n" not in found[1])
    return found[0] if found else None


def lay_out(tree: LexborHTMLParser) -> list[Piece]:
    pieces = []
    for node in tree.css("h1, h2, h3, h4, p, li, section > a"):
        text = " ".join(node.text().split())
        links = [node] if node.tag == "a" else node.css("a")
        link_chars = sum(len(link.text()) for link in links)
        kind = (
            "heading"
            if (node.tag or "").startswith("h")
            else "list_item"
            if node.tag == "li"
            else "paragraph"
        )
        if text:
            pieces.append(Piece(kind, text, link_chars=link_chars, links=len(links)))
    return pieces


def teasers(count: int, layout: str) -> str:
    link = '<a href="/2025/story-{0}">Harbour number {0} reopens after the longest winter</a>'
    card = {
        "cards": f"<article><h3>{link}</h3><p>{SENTENCE}</p></article>",
        "list": f"<li>{link}</li>",
        "lines": f"<p><b>{link}</b><br>{SENTENCE}</p>",
        "more": "<section><h4>Harbour number {0}</h4><p>"
        + SENTENCE
        + '</p><a href="/2025/story-{0}">Read more</a></section>',
    }[layout]
    return "".join(card.format(number) for number in range(count))


@pytest.mark.parametrize("layout", ["cards", "list", "lines", "more"])
@pytest.mark.parametrize(
    "url", ["https://news.example/", "https://news.example/shipping/", "https://news.example/tag/ice"]
)
def test_rejects_lists_of_teasers(layout: str, url: str) -> None:
    assert verdict(f"<h1>Shipping</h1>{teasers(20, layout)}", url=url) == "hub"


def test_rejects_an_authors_page_with_a_short_life() -> None:
    head = '<script type="application/ld+json">{"@type":"ProfilePage","mainEntity":{"@type":"Person","name":"Jane Doe"}}</script>'
    assert verdict(f"<h1>Jane Doe</h1><p>{SENTENCE * 3}</p>{teasers(9, 'cards')}", head) == "hub"


def test_keeps_an_article_above_a_list_of_teasers() -> None:
    assert verdict(f"<h1>Harbour reopens</h1>{TEXT}{teasers(30, 'cards')}", NEWS % "") is None


def test_keeps_an_article_that_says_nothing_of_itself() -> None:
    assert verdict(f"<h1>Harbour reopens</h1>{TEXT}<ul>{teasers(12, 'list')}</ul>") is None


def test_rejects_a_dated_list_of_links() -> None:
    items = "".join(
        f'<p><a href="/2025/story-{n}">Harbour number {n} reopens</a>, told in {n}</p>' for n in range(9)
    )
    head = '<meta property="og:type" content="article">'
    assert verdict(f"<h1>Shipping</h1><p>3 May 2025</p>{items}", head, links_kept=True) == "hub"


def test_keeps_a_notice_among_long_menus() -> None:
    notice = f"<p>{SENTENCE * 2}</p>" * 5
    menu = f"<ul>{teasers(80, 'list')}</ul>"
    assert verdict(f"{menu}<h1>Harbour reopens</h1>{notice}{menu}") is None
    broken = f"<p>{SENTENCE * 2}</p><ul>{teasers(20, 'list')}</ul>" * 4
    assert verdict(f"{menu}<h1>Harbour reopens</h1>{broken}{menu}") == "hub"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://news.example/2025/05/03/harbour", None),
        ("https://news.example/shipping/harbour-opens-again-after-long-winter.html", None),
        ("https://news.example/shipping/", "hub"),
        ("https://news.example/shipping/page-2", "hub"),
    ],
)
def test_an_address_that_names_a_story_speaks_for_a_short_one(url: str, expected: str | None) -> None:
    note = f"<h1>Harbour reopens</h1><p>{SENTENCE * 2}</p><p>{SENTENCE}</p>"
    assert verdict(f"{note}<ul>{teasers(12, 'list')}</ul>", url=url) == expected


def test_keeps_an_article_whose_paragraphs_hold_links() -> None:
    text = "".join(
        f'<p>{SENTENCE * 4}<a href="/x{n}">the long chronicle of the harbour</a> {SENTENCE}</p>'
        for n in range(8)
    )
    assert verdict(f"<h1>Harbour reopens</h1>{text}") is None


def cards(entry: str, count: int = 8) -> str:
    """A list in which `entry` names the link by {n} and the text by {text}."""
    return "<h1>Business</h1>" + "".join(
        entry.format(
            n=n, text=f"Ferry {n} leaves at noon. " * 15, title=f"Story {n} of the island and its people"
        )
        for n in range(count)
    )


@pytest.mark.parametrize(
    "entry",
    [
        '<article><a href="/2026/{n}-story" aria-label="Story"></a><h3>{title}</h3><p>{text}</p></article>',
        '<article><a href="/2026/{n}-story"><img src="/{n}.jpg"></a><div><h2>{title}</h2><p>{text}</p></div></article>',
        '<section><h2><a href="/2026/{n}-story">{title}</a></h2><p>{text}</p></section>',
        '<li><h3>{title}</h3><p>{text}</p><p><a href="/2026/{n}-story">Read on</a></p></li>',
    ],
)
def test_a_list_of_long_excerpts_is_a_hub_however_they_are_linked(entry: str) -> None:
    assert verdict(cards(entry)) == "hub"


def test_a_list_is_a_hub_though_its_entries_are_declared_as_news() -> None:
    entries = ",".join(
        f'{{"@type":"NewsArticle","headline":"Story {n}","url":"/2026/{n}-story"}}' for n in range(8)
    )
    ld = f'<script type="application/ld+json">[{entries}]</script>'
    entry = '<article><h2><a href="/2026/{n}-story">{title}</a></h2><p>{text}</p></article>'
    assert verdict(cards(entry), ld) == "hub"


def test_an_article_above_a_list_of_others_is_none() -> None:
    entry = '<article><h2><a href="/2026/{n}-story">{title}</a></h2><p>{text}</p></article>'
    assert verdict(f"<main><h1>Harbour reopens</h1>{TEXT}</main><aside>{cards(entry)}</aside>") is None


def test_keeps_news_in_brief() -> None:
    assert verdict(f"<h1>Harbour reopens</h1><p>{SENTENCE * 2}</p>", NEWS % "") is None


def test_keeps_brief_news_in_scripts_without_spaces() -> None:
    assert verdict("<h1>港が再開</h1><p>" + "港は今朝、記録的な長い冬の後に再び開いた。" * 6 + "</p>") is None


def test_flags_live_blogs_and_keeps_them() -> None:
    head = '<script type="application/ld+json">{"@type":"LiveBlogPosting","headline":"Harbour live"}</script>'
    assert (
        verdict(f"<h1>Harbour live</h1>{teasers(20, 'cards')}", head, url="https://news.example/live") is None
    )


@pytest.mark.parametrize("status", [404, 410, 500, 503])
def test_rejects_what_the_server_calls_an_error(status: int) -> None:
    assert verdict(TEXT, status=status) == "error_page"


@pytest.mark.parametrize(
    "title",
    [
        "Page not found",
        "404",
        "Seite nicht gefunden",
        "Page introuvable",
        "Страница не найдена",
        "ページが見つかりません",
        "Sayfa bulunamadı",
    ],
)
def test_rejects_errors_that_the_server_calls_fine(title: str) -> None:
    assert verdict(f"<h1>{title}</h1><p>{SENTENCE}</p>", f"<title>{title}</title>") == "soft_404"


@pytest.mark.parametrize(
    "title",
    [
        "Police seize 404 kilos of cocaine",
        "Firm owes 2,404 workers their wages",
        "Beloved bus route is no longer available on Sundays",
        "Verschollene Fischer auch nach Wochen nicht gefunden",
    ],
)
def test_short_news_with_the_words_of_an_error_are_no_error(title: str) -> None:
    assert (
        verdict(f"<h1>{title}</h1>" + f"<p>{SENTENCE}</p>" * 3, f"<title>{title} | Gazette</title>") is None
    )


def test_an_article_about_a_missing_page_is_no_error() -> None:
    assert verdict(f"<h1>Why “404 page not found” became a joke</h1>{TEXT}", NEWS % "") is None


def test_rejects_a_stub_that_sends_on() -> None:
    assert (
        verdict("<p>Moved.</p>", '<meta http-equiv="Refresh" content="0; URL=https://news.example/new">')
        == "redirect_stub"
    )


def test_rejects_a_log_in_page() -> None:
    assert verdict("<h1>Welcome back</h1><form><input type=email><input type=password></form>") == "login"


def test_an_article_with_a_log_in_form_at_hand_is_none() -> None:
    assert verdict(f"<form><input type=password></form><h1>Harbour reopens</h1>{TEXT}") is None


@pytest.mark.parametrize(
    "text",
    [
        "We and our partners store cookies on your device and ask for your consent to process personal data.",
        "Wir verwenden Cookies und ähnliche Verfahren und bitten um Ihre Einwilligung in die Verarbeitung der Daten.",
        "Nous utilisons des cookies et demandons votre consentement pour traiter vos données personnelles ici.",
    ],
)
def test_rejects_a_page_that_only_asks_for_consent(text: str) -> None:
    assert (
        verdict(f"<h1>Before you continue</h1><p>{text}</p><p>{text}</p><button>OK</button>")
        == "consent_wall"
    )


def test_rejects_the_start_of_a_paid_article() -> None:
    assert (
        verdict(
            f"<h1>Harbour reopens</h1><p>{SENTENCE * 4}</p>",
            NEWS % ',"isAccessibleForFree":false,"wordCount":900',
        )
        == "paywall_teaser"
    )


def test_keeps_a_paid_article_that_came_whole() -> None:
    assert (
        verdict(f"<h1>Harbour reopens</h1>{TEXT}", NEWS % ',"isAccessibleForFree":"False","wordCount":400')
        is None
    )


def test_rejects_a_player_without_text() -> None:
    head = '<script type="application/ld+json">{"@type":"VideoObject","name":"Harbour"}</script>'
    assert verdict(f"<h1>Harbour</h1><video src=a.mp4></video><p>{SENTENCE}</p>", head) == "video"


def test_rejects_pictures_without_text() -> None:
    figures = "<figure><img src=a.jpg></figure>" * 12
    assert verdict(f"<main><h1>Harbour in pictures</h1>{figures}<p>{SENTENCE}</p></main>") == "gallery"


def test_rejects_what_holds_next_to_nothing() -> None:
    assert verdict("<h1>Harbour</h1><p>Soon more.</p>") == "too_short"
    assert verdict("<h1>Harbour</h1>", kept=False) == "too_short"


def test_unspaced_scripts_weigh_more() -> None:
    assert reading_length("abcd") == 4
    assert reading_length("港が再開") == 10
