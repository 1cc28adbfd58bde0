import json
from datetime import UTC, datetime

from cleaners.models import Article, Block, Image, Metadata, Removal
from pipelines.record import FieldSources, Record, encode_line, to_record

URL = "https://example.org/a"


def article(blocks=(), removals=(), **about):
    metadata = Metadata(**({"canonical_url": URL} | about))
    return Article(
        url=URL,
        requested_url=URL + "?utm_source=x",
        site="example",
        fetched_at=datetime(2026, 4, 14, 8, tzinfo=UTC),
        metadata=metadata,
        blocks=tuple(blocks),
        removals=tuple(removals),
    )


# What only the ledger, or a part that was moved, can say.
WHEN_PUBLISHED = {"changes", "duplicate_of", "similarity", "cluster", "log_entry", "archive"}
FULL = article(
    blocks=[Block(kind="heading", level=2, text="Oslo 😀"), Block(kind="paragraph", text="It rains.")],
    removals=[Removal(rule="icons/ligature", stage="text", where="block 1", sample="share", chars=5)],
    title="Rain",
    description="It rains in Oslo.",
    authors=("Ann Lee",),
    byline="By Ann Lee",
    published_at="2026-04-14T08:00:00+02:00",
    published_precision="minute",
    published_zone="stated",
    modified_at="2026-04-14T09:00:00+02:00",
    language="en",
    language_declared="en",
    language_detected="en",
    direction="ltr",
    section="Weather",
    tags=("rain",),
    images=(Image(url=URL + ".jpg", alt="rain", caption="Rain", credit="Bo", width=8, height=6, lead=True),),
    publisher="Example",
    site_name="Example",
    syndicated_from="https://example.net/a",
    amp_url=URL + "/amp",
    print_url=URL + "/print",
    corrections=("An earlier version named the wrong pier.",),
    first_page_url=URL,
    next_page_url=URL + "?page=3",
    licence="https://example.org/licence",
    copyright_holder="Example",
    paywalled=False,
    opt_out={"robots_meta": {"*": ["noai", "noarchive"]}, "tdm_reservation": 1},
    sources=dict.fromkeys(FieldSources.__annotations__, "json-ld"),
    disagreements={"title": {"og": "Rain!"}},
)


def test_has_the_same_fields_in_the_same_order_in_an_empty_and_a_full_record():
    assert list(to_record(article())) == list(to_record(FULL)) == list(Record.__annotations__)


def test_has_the_same_types_in_an_empty_and_a_full_record():
    empty, full = to_record(article()), to_record(FULL, visit="ab", revision=1)
    for name, value in full.items():
        absent = empty[name]
        assert value is not None or name in WHEN_PUBLISHED
        if absent is not None and not isinstance(value, dict):
            assert type(absent) is type(value), name
        if isinstance(value, dict):
            assert absent.keys() == value.keys(), name


def test_absent_scalars_are_null_and_absent_lists_empty():
    empty = to_record(article())
    assert empty["title"] is empty["published_at"] is empty["paywalled"] is empty["visit"] is None
    assert empty["authors"] == empty["tags"] == empty["images"] == empty["opt_out"] == empty["removals"] == []
    assert empty["text"] == ""


def test_url_is_the_one_claimed_and_canonical_url_names_the_id():
    record = to_record(article())
    assert record["url"] == URL + "?utm_source=x"
    assert record["final_url"] == URL
    assert record["id"] == to_record(article(canonical_url=URL, title="Other"))["id"]
    assert record["id"] != to_record(article(canonical_url=URL + "b"))["id"]


def test_block_spans_find_each_block_in_the_text():
    for blocks in (
        FULL.blocks,
        [Block(kind="code", text="a\n\nb"), Block(kind="quote", text="\ud800c\x00d")],
    ):
        record = to_record(article(blocks=blocks))
        found = [record["text"][span["start"] : span["end"]] for span in record["blocks"]]
        assert found == [block.text.replace("\ud800", "").replace("\x00", "") for block in blocks]


def test_each_opt_out_directive_is_a_row_of_strings():
    assert to_record(FULL)["opt_out"] == [
        {"source": "robots_meta", "agent": "*", "value": "noai"},
        {"source": "robots_meta", "agent": "*", "value": "noarchive"},
        {"source": "tdm_reservation", "agent": None, "value": "1"},
    ]


def test_knows_the_rules_that_cleaned():
    version = to_record(FULL)["cleaner"]
    assert len(version["rules"]) == 12
    assert version["trafilatura"].startswith("2.")


def test_a_line_is_one_line_to_every_reader():
    line = encode_line({"text": "a\u2028b\u2029c\u0085d\ne\rf"})
    assert len(line.decode().splitlines()) == 1
    assert json.loads(line) == {"text": "a\u2028b\u2029c\u0085d\ne\rf"}


def test_a_line_is_strict_json_and_utf_8():
    line = encode_line(
        {"text": "a\ud83d b\udc00\x00c", "n": [float("nan"), float("inf")], "deep": {"k\ud800": ("\ud800",)}}
    )
    assert json.loads(line.decode()) == {"text": "a bc", "n": [None, None], "deep": {"k": [""]}}


def test_a_line_keeps_a_written_escape():
    assert json.loads(encode_line({"text": "\\u0000"})) == {"text": "\\u0000"}


def test_every_metadata_field_is_in_the_record():
    fields = set(Metadata.__dataclass_fields__) - {"sources"}
    assert fields <= set(Record.__annotations__)
