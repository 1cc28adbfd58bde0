"""What strangers' pages hold at their worst: an article or a rejection with its reason, never an exception."""

import importlib
import pkgutil
import random
import re
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

import cleaners
from cleaners import refusal
from cleaners.models import Article, Document, Rejection
from cleaners.stages import clean, clean_text, explain
from pipelines.pool import CleanPool

URL = "https://news.example/2025/harbour"
TITLE = "Harbour reopens after a long winter"
SENTENCE = (
    "The harbour opened again this morning after the longest winter that anybody in the town remembers. "
)
PARAGRAPHS = [f"{number} boats left before noon. {SENTENCE * 2}".strip() for number in range(2, 8)]
STORY = f"<h1>{TITLE}</h1>" + "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
EMPTY = "a{}=''"
PAGES = Path(__file__).parent.parent / "pages"


def page(body, head=f"<title>{TITLE}</title>"):
    return f"<!doctype html><html lang=en><head>{head}</head><body>{body}</body></html>"


def document(html, url=URL, **fields):
    body = html if isinstance(html, bytes) else html.encode("utf-8", "surrogatepass")
    return Document(
        url=url, requested_url=url, fetched_at=datetime(2025, 6, 1, tzinfo=UTC), body=body, **fields
    )


def texts(result):
    assert isinstance(result, Article), result
    return [block.text for block in result.blocks]


def attributes(count, form, joint=" "):
    return joint.join(form.format(number) for number in range(count))


def json_ld(text):
    return f'<script type="application/ld+json">{text}</script>'


ARTICLES = {
    "260 nested divs": lambda: page("<div>" * 260 + STORY + "</div>" * 260),
    "260 nested divs never closed": lambda: page("<div>" * 260 + STORY),
    "300 open formatting elements": lambda: page("".join(f"<font color=c{i}>" for i in range(300)) + STORY),
    "a byte order mark and NUL": lambda: "\ufeff" + page(STORY.replace("a", "a\0")),
    "character references to nothing": lambda: page(STORY + "<p>&#0;&#xd800;&#x110000;&unknown;</p>"),
    "JSON-LD of 6 MB": lambda: page(STORY, json_ld('{"@type":"NewsArticle","articleBody":"' + "a " * 3_000_000 + '"}')),
    "JSON-LD nested 900,000 deep": lambda: page(STORY, json_ld("[" * 900_000)),
    "JSON-LD with lone surrogates": lambda: page(STORY, json_ld(r'{"@type":"NewsArticle","headline":"\ud800 \udc00"}')),
    "10,000 scripts of JSON-LD": lambda: page(STORY, json_ld("{}") * 10_000),
    "a title of 2 MB": lambda: page(STORY, f"<title>{TITLE} {'again ' * 330_000}</title>"),
    "a title of one word of 2 MB": lambda: page(STORY, f"<title>{'x' * 2_000_000}</title>"),
    "an og:title and description of 2 MB": lambda: page(
        STORY,
        f"<meta property=og:title content='{'long ' * 400_000}'><meta name=description content='{'so ' * 600_000}'>",
    ),
    "a class of 400,000 words": lambda: page(f"<div class='{'share-box ' * 400_000}'>{STORY}</div>"),
    "5,000 attributes": lambda: page(f"<div {attributes(5_000, 'a{}=1')}>{STORY}</div>"),
    "39,000 icons": lambda: page(STORY + "<i class=material-icons>home</i>" * 39_000),
    "a row of 9,000 cells": lambda: page(STORY + f"<table><tr>{'<td>1' * 9_000}</table>"),
    "unclosed comment": lambda: page(STORY + "<!-- and nothing after"),
    "unclosed script": lambda: page(STORY + "<script>let a = '<p>"),
    "plaintext": lambda: page(STORY + "<plaintext>"),
    "a form, a table and an article, crossed": lambda: page(f"<form><table><article>{STORY}</form></table>"),
    "addresses that are none": lambda: page(
        STORY, '<base href="http://[x"><link rel=canonical href="http://[::"><meta property=og:url content="\\">'
    ),
}  # fmt: skip
REJECTIONS = {
    "empty": lambda: "",
    "white space": lambda: " \n\t ",
    "no body": lambda: "<html><head><title>x</title></head></html>",
    "an empty body": lambda: page(""),
    "a frameset": lambda: "<html><head><title>x</title></head><frameset cols='20%,80%'><frame src=a><frame src=b></frameset>",
    "75,000 angle brackets": lambda: page("<" * 75_000),
    "5 MB of angle brackets": lambda: page("<" * 5_000_000),
    "5 MB of angle brackets behind an article": lambda: page(STORY + "<" * 5_000_000),
    "100,000 nested divs": lambda: page("<div>" * 100_000 + STORY + "</div>" * 100_000),
    "100,000 nested elements of no name": lambda: page("<x-y>" * 100_000 + STORY),
    "100,000 divs closed as spans": lambda: page("<div></span>" * 30_000 + STORY),
    "an h1 that holds 200,000 nested divs": lambda: page("<h1>" + "<div>" * 200_000 + "</h1>" + STORY),
    "40,000 attributes": lambda: page(f"<div {attributes(40_000, 'a{}=1')}>{STORY}</div>"),
    "40,000 attributes without values": lambda: page(f"<div {attributes(40_000, 'a{}')}>{STORY}</div>"),
    "40,000 attributes parted by slashes": lambda: page(f"<div {attributes(40_000, 'a{}', '/')}>{STORY}</div>"),
    "40,000 attributes glued to each other": lambda: page(f"<div {attributes(40_000, EMPTY, '')}>{STORY}"),
    "15 MB of JSON-LD": lambda: page(STORY, json_ld('{"articleBody":"' + "a " * 7_500_000 + '"}')),
    "fonts opened again in each paragraph": lambda: page(
        "".join(f"<font color=c{i}>" for i in range(590)) + "<p>x</p>" * 5_000 + STORY
    ),
    "30,000 paragraphs": lambda: page(STORY + "<p>x</p>" * 30_000),
    "a paragraph of 5 MB": lambda: page(f"<h1>{TITLE}</h1><p>{SENTENCE * 50_000}</p>"),
    "an icon name of 4 MB": lambda: page(f"{STORY}<p>{'calendar_today' * 300_000}</p>"),
    "2 MB of underscored words": lambda: page(f"{STORY}<p>{'a_' * 1_000_000}</p>"),
    "5 MB of ampersands": lambda: page(STORY + "&" * 5_000_000),
}  # fmt: skip


@pytest.mark.parametrize("make", ARTICLES.values(), ids=list(ARTICLES))
def test_gives_the_article_all_the_same(make):
    result = clean(document(make()))
    kept = texts(result)
    assert [paragraph for paragraph in PARAGRAPHS if paragraph not in kept] == []
    assert len(result.metadata.title or "") <= 500


@pytest.mark.parametrize("make", REJECTIONS.values(), ids=list(REJECTIONS))
def test_rejects_with_a_reason(make):
    result = clean(document(make()))
    assert isinstance(result, Rejection)
    assert result.reason in ("overrun", "too_short")
    assert result.evidence


def test_what_the_scan_does_not_see_ends_at_the_limit_of_the_pool():
    # A quoted bracket now and then keeps each run of markup short; the parser is slow all the same.
    groups = (f"q{number}='>' {attributes(1_000, f'a{number}x{{}}')}" for number in range(40))
    html = page(f"<div {' '.join(groups)}>{STORY}</div>")
    with CleanPool(1, page_seconds=1) as pool:
        hostile, next_one = pool.submit(document(html)), pool.submit(document(page(STORY)))
        assert hostile.result().reason == "overrun"
        assert isinstance(next_one.result(), Article)


def test_direction_marks_neither_part_words_nor_reach_the_text():
    marked = STORY.replace("harbour", "har\u202ebo\u2067ur").replace("boats", "\u202bboats\u202c")
    assert texts(clean(document(page(marked)))) == PARAGRAPHS


def test_lone_surrogates_never_reach_the_text():
    kept = texts(clean(document(page(STORY.replace("winter", "win\ud800ter")))))
    assert len(kept) == len(PARAGRAPHS)
    "\n".join(kept).encode()


@pytest.mark.parametrize(
    "url", ["", "x", "//x", "http://[::1", "mailto:a@b", "data:text/html,a", "http://a:99999999/", "https://a/\udfff"]
)  # fmt: skip
def test_an_odd_address_costs_no_article(url):
    assert texts(clean(document(page(STORY), url=url))) == PARAGRAPHS


def test_an_odd_header_costs_no_article():
    headers = {"content-type": "\ud800; charset=\0"}
    assert texts(clean(document(page(STORY), headers=headers))) == PARAGRAPHS


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t\n ",
        "<" * 5_000_000,
        SENTENCE * 50_000,
        f"{SENTENCE}\n" * 30_000,
        "".join(f"• {number} {SENTENCE}\n" for number in range(5_000)),
        "calendar_today" * 60_000,
        "a_" * 400_000,
        "a: " * 300_000,
        "0:00" * 200_000 + "x",
        f"\ud800 {SENTENCE}\n{SENTENCE}\0",
    ],
    ids=lambda text: ascii(text[:20]),
)
def test_a_text_gives_an_article_or_a_reason(text):
    result = clean_text(text, url=URL)
    assert isinstance(result, Article) or (result.reason and result.evidence)


def test_pages_damaged_at_random_raise_nothing():
    rnd = random.Random(5)
    pages = [path.read_bytes() for path in sorted(PAGES.rglob("page.html"))[::4]]
    scraps = b"</p> <table> <svg> <template> </body> <frameset> <select> <!-- <math><mi> </html> <h1> <script> \" ' <form>"
    for _ in range(120):
        body = bytearray(rnd.choice(pages))
        for _ in range(rnd.randint(1, 40)):
            start = rnd.randrange(len(body))
            end = start + rnd.randint(0, 200)
            copied = body[rnd.randrange(len(body)) :][:200]
            body[start:end] = rnd.choice(
                [b"", bytes([rnd.randrange(256)]), copied, rnd.choice(scraps.split())]
            )
        explanation = explain(document(bytes(body)))
        assert isinstance(explanation.result, Article) or explanation.result.evidence


def patterns():
    """Every pattern that a module of cleaners holds, with its name."""
    for module_info in pkgutil.walk_packages(cleaners.__path__, "cleaners."):
        module = importlib.import_module(module_info.name)
        for name, value in vars(module).items():
            held = (
                value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else [value]
            )
            for pattern in held:
                if isinstance(pattern, re.Pattern):
                    yield f"{module.__name__}.{name}", pattern


PATTERNS = [(name, pattern) for pattern, name in {pattern: name for name, pattern in patterns()}.items()]
SIZE = 2_000
NO_TIME = 0.003
# Runs of what patterns repeat, each with an end that no pattern expects, so that all ways to match it are tried.
RUNS = [
    "a", "A", "aB", "_", "a_", "1", "12.", "1,", "0:00", "0:00 / ", " ", "\n", " \n ", "\t", ".", ":", "a: ", "· ", "|", "-", "/",
    "<", "<a ", "<a a=", "<a a='", '<a a="', "<!--", "</a", "&", "&#", "a=", "=", '"', "'", "http://", "a.b", "@", "charset=",
    "2025-", "2025-01-01T", "1 May 2025 ", "by ", "von a und ", "{", "[", "(", "é", "ü ", "ا ", "的", "の", "ก", "한", "\u200b", "\ue000", "🇹🇷",
]  # fmt: skip


@pytest.mark.parametrize(("name", "pattern"), PATTERNS, ids=[name for name, _ in PATTERNS])
def test_every_pattern_is_linear(name, pattern):
    # Four times the text: a linear pattern takes 4 times as long, a quadratic one 16 times. What takes no time with
    # the larger text is too quick to be quadratic.
    for run in RUNS:
        if spent(pattern, run, 4 * SIZE) > NO_TIME:
            large, small = (min(spent(pattern, run, size) for _ in range(3)) for size in (4 * SIZE, SIZE))
            assert large <= 8 * small, f"{name} on {run!r}"


def spent(pattern, run, size):
    text = run * (size // len(run)) + "\x01"
    if isinstance(pattern.pattern, bytes):
        text = text.encode()
    started = time.process_time()
    pattern.fullmatch(text)
    for _ in pattern.finditer(text):
        pass
    return time.process_time() - started


def test_the_limits_leave_room_above_real_pages():
    # The largest of 1,439 real pages: see the comment in cleaners/refusal.py.
    assert refusal.MAX_BRACKETS > 5 * 9_770
    assert refusal.MAX_DEPTH > 5 * 54
    assert refusal.MAX_ATTRIBUTES > 5 * 1_200
    assert refusal.MAX_BLOCKS > 4 * 1_372
    assert refusal.MAX_TEXT_CHARS > 5 * 72_000
