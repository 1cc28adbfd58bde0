"""Dumps of other tools: read by their keys, and compared."""

import gzip
import json

import pytest
from backports import zstd

from cleaners.models import Article
from pipelines.bulk import clean_inputs
from pipelines.comparing import compare, find_f1, to_plain
from pipelines.foreign import FORMATS, read_map, tell_format
from pipelines.given import InputError
from pipelines.lines import read_line
from pipelines.pages import clean_page
from pipelines.pool import CleanPool
from tests.pipelines.bulk_inputs import paragraphs

TEXT = "\n\n".join(paragraphs(1))
URL = "https://news.example/2026/story-1"
TITLE = "Ward 1 opens its new bridge"
# Keys as each tool writes them; their sources stand in pipelines/foreign.py.
LINES = {
    "fundus": {
        "title": TITLE,
        "authors": ["Jane Doe", "John Roe"],
        "publishing_date": "2026-04-14 08:00:00+00:00",
        "topics": [],
        "free_access": True,
        "body": {
            "summary": [paragraphs(1)[0]],
            "sections": [{"headline": [], "paragraphs": paragraphs(1)[1:]}],
        },
    },
    "news-please": {
        "authors": ["Jane Doe", "John Roe"],
        "date_download": "2026-04-14 09:00:00",
        "date_modify": "2026-04-14 08:30:00",
        "date_publish": "2026-04-14 08:00:00",
        "description": None,
        "filename": "a.json",
        "image_url": None,
        "language": "en",
        "localpath": None,
        "maintext": TEXT,
        "source_domain": "news.example",
        "text": None,
        "title": TITLE,
        "title_page": None,
        "title_rss": None,
        "url": URL,
    },
    "newspaper4k": {
        "url": URL,
        "title": TITLE,
        "authors": ["Jane Doe", "John Roe"],
        "publish_date": "2026-04-14T08:00:00+00:00",
        "text": TEXT,
        "top_image": "",
        "meta_lang": "en",
        "meta_keywords": [],
    },
    "trafilatura": {
        "title": TITLE,
        "author": "Jane Doe; John Roe",
        "hostname": "news.example",
        "date": "2026-04-14",
        "fingerprint": "b6",
        "id": None,
        "raw_text": TEXT,
        "text": TEXT,
        "source": URL,
        "source-hostname": "News",
        "excerpt": None,
    },
}


def test_each_tools_lines_are_told_by_their_keys_and_give_their_text_and_address():
    assert {known.name for known in FORMATS} == set(LINES)
    for name, fields in LINES.items():
        assert tell_format(fields).name == name
        given = read_line(json.dumps(fields).encode(), "here")
        result = clean_page(given.page)
        assert isinstance(result, Article), name
        assert result.text == TEXT
        assert result.metadata.title == TITLE
        assert given.url == (URL if name != "fundus" else None)
        assert result.metadata.authors == ("Jane Doe", "John Roe")
        # trafilatura writes the day alone.
        day = "2026-04-14T00:00:00+00:00" if name == "trafilatura" else "2026-04-14T08:00:00+00:00"
        assert (result.metadata.published_at, result.metadata.sources["published_at"]) == (day, "given")
        changed = "2026-04-14T08:30:00+00:00" if name == "news-please" else None
        assert result.metadata.modified_at == changed


def test_authors_and_dates_that_cannot_be_are_not_taken_over():
    line = {
        **LINES["news-please"],
        "authors": ["", None, "12345", {"name": "x"}],
        "date_publish": "3026-04-14",
        "date_modify": "no day",
    }
    metadata = clean_page(read_line(json.dumps(line).encode(), "here").page).metadata
    assert (metadata.authors, metadata.published_at, metadata.modified_at) == ((), None, None)
    assert "published_at" not in metadata.sources


def test_what_a_dump_says_stands_behind_what_its_page_says():
    head = '<meta property="article:published_time" content="2026-04-12T08:00:00Z">'
    html = (
        f"<html><head>{head}</head><body><h1>{TITLE}</h1><p>{'</p><p>'.join(paragraphs(1))}</p></body></html>"
    )
    line = {**LINES["newspaper4k"], "html": html}
    metadata = clean_page(read_line(json.dumps(line).encode(), "here").page).metadata
    assert (metadata.published_at, metadata.sources["published_at"]) == ("2026-04-12T08:00:00+00:00", "meta")
    assert (metadata.authors, metadata.sources["authors"]) == (("Jane Doe", "John Roe"), "listing")


def test_fundus_with_its_page_is_cleaned_from_the_page():
    page = {
        "requested_url": URL,
        "responded_url": URL,
        "content": "<p>The page</p>",
        "crawl_date": "2026-04-14T08:00:00+00:00",
    }
    given = read_line(json.dumps({**LINES["fundus"], "html": page}).encode(), "here")
    assert (given.url, given.page.body) == (URL, b"<p>The page</p>")
    assert given.fetched_at.isoformat() == "2026-04-14T08:00:00+00:00"


def test_our_own_lines_and_what_no_tool_writes_are_read_as_ever():
    assert tell_format({"url": URL, "html": "<p>", "topics": [], "body": ""}).name == "broadsheet"
    assert tell_format({"text": "x"}).name == "broadsheet"


def test_a_map_names_the_keys_and_steps_into_objects():
    known = read_map("text=content.body, url=link,title=head")
    line = {"content": {"body": TEXT}, "link": URL, "head": TITLE, "id": 7}
    given = read_line(json.dumps(line).encode(), "here", known)
    assert (given.page.text, given.url, given.page.given.title, given.id) == (TEXT, URL, TITLE, 7)
    for wrong in ("text", "words=text", "text=", "url=link"):
        with pytest.raises(ValueError, match=r"must be NAME=KEY|nothing to clean"):
            read_map(wrong)


def test_two_dumps_are_compared_by_address_and_by_what_rules_would_take(tmp_path):
    share = "Share on Facebook"
    ours = [
        {"url": f"{URL}{n}", "title": f"{TITLE} {n}", "text": "\n\n".join(paragraphs(n))} for n in range(4)
    ]
    theirs = [LINES["news-please"] | {"url": f"{URL}{n}?utm_source=x", "title": f"{TITLE} {n}", "maintext": "\n\n".join([*paragraphs(n), *([share] if n == 2 else [])])} for n in range(1, 6)]  # fmt: skip
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress("\n".join(map(json.dumps, ours)).encode()))
    lines = "\n".join([*map(json.dumps, theirs), "broken", json.dumps({"url": "x"})])
    (tmp_path / "b.jsonl.zst").write_bytes(zstd.compress(lines.encode()))
    with CleanPool(1) as pool:
        found = compare(str(tmp_path / "a.jsonl.gz"), str(tmp_path / "b.jsonl.zst"), pool)
        with pytest.raises(InputError, match="none: no such file"):
            compare("none", "none", pool)
        (tmp_path / "notes.txt").write_text("Not a dump.\n")
        with pytest.raises(InputError, match="none of its 1 lines has a text"):
            compare(str(tmp_path / "a.jsonl.gz"), str(tmp_path / "notes.txt"), pool)
    assert (found.first.articles, found.second.articles, found.second.without_text) == (4, 5, 2)
    assert (found.common, found.same_text) == (3, 2)
    assert 0.9 < found.f1 < 1
    assert to_plain(found)["changed_share"] == 0.3333
    assert found.first.articles_with_artifacts == 0
    assert found.second.articles_with_artifacts == 1
    assert sum(found.second.artifact_chars.values()) == len(share)


def test_likeness_is_that_of_runs_of_words():
    assert find_f1("one two three four", "one two three four") == 1
    assert find_f1("one two three four five", "one two three nine ten") == pytest.approx(1 / 3)
    assert find_f1("one", "two") == 0


def test_a_dump_of_texts_is_cleaned_as_its_lines_say(tmp_path):
    from pipelines.inputs import find_inputs, read_inputs

    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(fields) for fields in LINES.values()))
    rows = []
    report = clean_inputs(read_inputs(find_inputs([str(tmp_path)])), rows.append, workers=1)
    assert report.articles == 4
    assert {json.loads(row)["text"] for row in rows} == {TEXT}
