import pytest

from tests.cleaners.story import PARAGRAPHS, TITLE, clean_lines, rules_of

OTHER = [
    "All 240 berths on the revived sleeper to the ice fields were sold within nine minutes, the operator said.",
    "The line closed in 2003, when cheap flights made the journey of thirteen hours look like a thing of the past.",
]


def feed(first, between, other):
    paragraphs, others = ("".join(f"<p>{text}</p>" for text in texts) for texts in (PARAGRAPHS, OTHER))
    return (
        f"<html lang=en><head><title>{TITLE}</title></head><body><main>"
        + first.format(f"<h1>{TITLE}</h1>{paragraphs}")
        + between
        + other.format(others)
        + "</main></body></html>"
    )


@pytest.mark.parametrize(
    ("first", "between", "other"),
    [
        ("<article>{}</article>", "", "<article><h2>Night train sells out</h2>{}</article>"),
        ("<div class=story>{}</div>", "", "<div class=story><h1>Night train sells out</h1>{}</div>"),
        ("<div data-url=/a>{}</div>", "", "<div data-url=/b><h2>Night train sells out</h2>{}</div>"),
        ("<section>{}</section>", "", "<section><h2>Night train</h2><p>4 March 2026, 7:12</p>{}</section>"),
        ("<div>{}</div>", "<div>Next article</div>", "<div><h2>Night train sells out</h2>{}</div>"),
    ],
)
def test_drops_the_story_behind_the_story(first, between, other):
    html = feed(first, between, other)
    assert clean_lines(html) == PARAGRAPHS
    assert "articles/further" in rules_of(html)


@pytest.mark.parametrize(
    ("first", "other"),
    [
        ("<section>{}</section>", "<section><h2>The night train</h2>{}</section>"),
        ("<div class=story>{}</div>", "<div class=more><h1>The night train</h1>{}</div>"),
        ("{}", "<article><h2>The night train</h2>{}</article>"),
        ("<article>{}</article>", "<article>{}</article>"),
    ],
)
def test_keeps_sections_of_one_article(first, other):
    assert "articles/further" not in rules_of(feed(first, "", other))


def test_keeps_many_entries_of_one_list():
    entry = "<article><h2>The night train</h2>{}</article>"
    html = feed("<article>{}</article>", "", entry).replace(
        "</main>", entry.format("".join(f"<p>{text}</p>" for text in OTHER)) * 8
    )
    assert "articles/further" not in rules_of(html)
