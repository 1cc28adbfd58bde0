"""The published schema: what the code gives, what real parts keep to, and what other people's readers make of them."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from cleaners.models import Article, Block, Image, Listed, Metadata, Rejection, Removal
from pipelines.export import to_column_type
from pipelines.record import FieldSources, Record, encode_line, to_record
from pipelines.schema import encode_schema, make_schema
from pipelines.visits import Cleaned
from tests.pipelines.ledger_worker import SITE, joined

ROOT = Path(__file__).parent.parent.parent
KINDS = ("article", "outcome")
VALIDATORS = {kind: Draft202012Validator(make_schema(kind)) for kind in KINDS}
HOSTILE = 'a\x00b\ud800c\u2028d\u2029e\x85f\x0bg\x0ch\x1ci\r\nj"k\\l\ufeff😀'
URL = "https://news.example/"


def empty(number, url):
    return Article(
        url=url,
        requested_url=url,
        site=SITE,
        fetched_at=datetime(2026, 4, 14, 8, tzinfo=UTC),
        metadata=Metadata(canonical_url=url),
        blocks=(Block(kind="paragraph", text=f"Nothing but text, number {number}."),),
        removals=(),
    )


def short(number, url):
    article = empty(number, url)
    about = replace(article.metadata, title=f"Title {number}", authors=("Ann Lee",), paywalled=False)
    return replace(article, metadata=about)


def full(number, url, text=""):
    """An article with a value in every field; `text` is added to each string that strangers write."""
    article = empty(number, url)
    about = {
        field.name: f"The {field.name}{text}"
        for field in fields(Metadata)
        if "str" in str(field.type) and "tuple" not in str(field.type) and "Mapping" not in str(field.type)
    }
    about |= {"published_at": "2026-04-14T08:00:00+02:00", "modified_at": "2026-04-14T09:00:00+02:00"}
    # Tags are made by us, never copied.
    about |= dict.fromkeys(("language", "language_declared", "language_detected"), "en")
    about |= {
        "published_precision": "minute",
        "published_zone": "stated",
        "direction": "ltr",
        "canonical_url": url,
    }
    about |= {
        "authors": (f"Ann Lee{text}", "Bo"),
        "tags": (f"rain{text}",),
        "paywalled": True,
        "is_live_blog": True,
    }
    image = Image(url=url, alt=text, caption=text, credit=text, width=8, height=6, lead=True)
    about |= {
        "images": (image, Image(url=url + "2")),
        "opt_out": {"robots_meta": {"*": [f"noai{text}"]}, "tdm_reservation": "1"},
        "sources": dict.fromkeys(FieldSources.__annotations__, "json-ld"),
        "disagreements": {"title": {"og": f"Rain!{text}"}, "authors": {"meta": [text, float("nan")]}},
    }
    return replace(
        article,
        metadata=Metadata(**about),
        blocks=(
            Block(kind="heading", level=2, text=f"Heading {number}{text}"),
            Block(kind="code", text=f"two\nlines{text}"),
        ),
        removals=(
            Removal(rule="icons/ligature", stage="text", where="block 1", sample=text or "x", chars=5),
        ),
        further_pages=(url + "?page=2",),
    )


SHAPES = {"empty": empty, "short": short, "full": full, "hostile": lambda n, url: full(n, url, HOSTILE)}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A data folder with a part for each shape of article, one with all of them, and outcomes."""
    folder = tmp_path_factory.mktemp("published")
    batches = [[shape] for shape in SHAPES] + [list(SHAPES), ["rejected"]]

    async def publish():
        async with joined(folder) as (_, ledger):
            number = 0
            for shapes in batches:
                for shape in shapes:
                    number += 1
                    await ledger.save_listing(SITE, "feed", None, [Listed(url=f"{URL}{number}")])
                    [visit] = await ledger.draw(SITE, 1)
                    result = (
                        SHAPES[shape](number, visit.url)
                        if shape in SHAPES
                        else Rejection(reason="hub", evidence=HOSTILE, url=visit.url, requested_url=visit.url)
                    )
                    moment = datetime(2026, 4, 14, 8, number, tzinfo=UTC)
                    await ledger.submit(Cleaned(visit=visit, fetched_at=moment, status=200, result=result))
                await ledger.drain()

    asyncio.run(publish())
    return folder


@pytest.fixture(scope="module")
def parts(data):
    """The parts of articles, by shape, `mixed` for the one that has all."""
    paths = sorted(data.glob("articles/*/*.jsonl.gz"))
    assert len(paths) == len(SHAPES) + 1
    return dict(zip([*SHAPES, "mixed"], paths, strict=True))


def lines_of(path):
    return gzip.decompress(path.read_bytes()).split(b"\n")[:-1]


# ── the schema ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", KINDS)
def test_the_shipped_schema_is_what_the_code_gives(kind):
    shipped = (ROOT / "pipelines" / "schemas" / f"{kind}.json").read_bytes()
    assert shipped == encode_schema(kind), "run `make schemas`"


@pytest.mark.parametrize("kind", KINDS)
def test_the_schema_is_one(kind):
    Draft202012Validator.check_schema(make_schema(kind))


def test_every_published_row_is_valid(data, parts):
    outcomes = [line for path in data.glob("outcomes/*/*.jsonl.gz") for line in lines_of(path)]
    articles = [line for path in parts.values() for line in lines_of(path)]
    assert (len(articles), len(outcomes)) == (2 * len(SHAPES), 1)
    for kind, lines in (("article", articles), ("outcome", outcomes)):
        for line in lines:
            VALIDATORS[kind].validate(json.loads(line))


def without(record, name):
    return {key: value for key, value in record.items() if key != name}


@pytest.mark.parametrize(
    "break_it",
    [
        lambda record: without(record, "title"),
        lambda record: record | {"title": 5},
        lambda record: record | {"authors": None},
        lambda record: record | {"authors": ["Ann", None]},
        lambda record: record | {"blocks": [{"kind": "poem", "level": None, "start": 0, "end": 1}]},
        lambda record: record | {"images": [{"url": "x"}]},
        lambda record: record | {"content_hash": "no hash"},
        lambda record: record | {"revision": 0},
        lambda record: record | {"published_precision": "hour"},
        lambda record: record | {"schema_version": 2},
        lambda record: record | {"outcome": "duplicate"},
    ],
)
def test_a_row_that_breaks_the_schema_is_found(break_it):
    record = to_record(full(1, URL), visit="0" * 32, revision=1)
    VALIDATORS["article"].validate(record)
    assert not VALIDATORS["article"].is_valid(break_it(record))


def test_a_row_with_a_new_field_is_valid_under_the_old_schema():
    record = to_record(full(1, URL), visit="0" * 32, revision=1)
    assert VALIDATORS["article"].is_valid(record | {"topics": ["rain"]})


# ── strict JSON, one line a record ────────────────────────────────────────────────────────────────────────

NASTY = st.text(
    st.sampled_from('\x00\x01\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029\ud800\udfff\ufeff\uffff"\\/<& aé語😀') | st.characters(),
    max_size=12,
)  # fmt: skip


def refuse_constant(name):
    raise AssertionError(name)


@settings(max_examples=150, deadline=None)
@given(NASTY)
def test_whatever_strangers_write_is_one_line_of_strict_json(text):
    line = encode_line(to_record(full(1, URL, text), visit="0" * 32, revision=1))
    written = line.decode("utf-8")
    assert written.splitlines(keepends=True) == [written]
    assert written.endswith("}\n")
    record = json.loads(written, parse_constant=refuse_constant)
    VALIDATORS["article"].validate(record)
    kept = re.sub("[\x00\ud800-\udfff]", "", text)
    for name in ("title", "description", "byline", "publisher", "site_name", "licence", "section"):
        assert record[name] == f"The {name}{kept}"
    texts = [record["text"][span["start"] : span["end"]] for span in record["blocks"]]
    assert texts == [f"Heading 1{kept}", f"two\nlines{kept}"]


# ── other people's readers ────────────────────────────────────────────────────────────────────────────────

COLUMNS = list(Record.__annotations__)
PER_PART = {**dict.fromkeys(SHAPES, 1), "mixed": len(SHAPES)}


@pytest.fixture(scope="module")
def arrow(parts):
    """The schema as Arrow types, by the program in docs/output.md."""
    pytest.importorskip("pyarrow", reason="pyarrow is not installed here: make extras")
    program = re.search(
        r"<!-- arrow -->\n```python\n(.*?)```", (ROOT / "docs/output.md").read_text(), re.DOTALL
    )
    scope = {"schema_file": ROOT / "pipelines/schemas/article.json"}
    exec(program[1], scope)
    return scope["columns"]


@pytest.mark.parametrize("shape", PER_PART)
def test_duckdb_finds_the_same_columns_and_types_in_every_part(shape, parts):
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed here: make extras")
    from typing import get_type_hints

    types = {name: to_column_type(kind) for name, kind in get_type_hints(Record).items()}
    read = duckdb.read_json(
        str(parts[shape]), format="newline_delimited", columns=types, hive_partitioning=False
    )
    assert read.columns == COLUMNS
    whole = duckdb.read_json(
        str(parts["mixed"]), format="newline_delimited", columns=types, hive_partitioning=False
    )
    assert read.types == whole.types
    assert len(read.fetchall()) == PER_PART[shape]
    found = duckdb.read_json(str(parts[shape]), format="newline_delimited", hive_partitioning=False)
    assert set(found.columns) == set(COLUMNS)


@pytest.mark.parametrize("shape", PER_PART)
def test_pandas_finds_the_same_columns_and_types_in_every_part(shape, parts, arrow):
    pd = pytest.importorskip("pandas", reason="pandas is not installed here: make extras")
    import pyarrow.json as pj

    found = pd.read_json(parts[shape], lines=True, dtype=False)
    assert list(found.columns) == COLUMNS
    assert len(found) == PER_PART[shape]
    options = pj.ParseOptions(explicit_schema=arrow)
    read = pj.read_json(parts[shape], parse_options=options).to_pandas(types_mapper=pd.ArrowDtype)
    assert len(read) == PER_PART[shape]
    assert dict(read.dtypes) == {field.name: pd.ArrowDtype(field.type) for field in arrow}


@pytest.mark.parametrize("shape", PER_PART)
def test_polars_finds_the_same_columns_and_types_in_every_part(shape, parts, arrow):
    pl = pytest.importorskip("polars", reason="polars is not installed here: make extras")
    schema = pl.Schema(arrow)
    read = pl.read_ndjson(b"\n".join(lines_of(parts[shape])), schema=schema)
    assert read.schema == schema
    assert read.columns == COLUMNS
    assert len(read) == PER_PART[shape]
    found = pl.read_ndjson(b"\n".join(lines_of(parts[shape])))
    assert set(found.columns) == set(COLUMNS)


@pytest.mark.parametrize("shape", PER_PART)
def test_datasets_finds_the_same_columns_and_types_in_every_part(shape, parts, arrow, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    datasets = pytest.importorskip("datasets", reason="datasets is not installed here: make extras")
    datasets.disable_progress_bars()
    types = datasets.Features.from_arrow_schema(arrow)
    read = datasets.load_dataset(
        "json", data_files=str(parts[shape]), features=types, split="train", cache_dir=str(tmp_path)
    )
    assert read.features == types
    assert read.column_names == COLUMNS
    assert len(read) == PER_PART[shape]


def test_the_readers_read_the_same_values(parts, arrow):
    pl = pytest.importorskip("polars", reason="polars is not installed here: make extras")
    import pyarrow.json as pj

    expected = [json.loads(line) for line in lines_of(parts["mixed"])]
    options = pj.ParseOptions(explicit_schema=arrow)
    assert pj.read_json(parts["mixed"], parse_options=options).to_pylist() == expected
    read = pl.read_ndjson(b"\n".join(lines_of(parts["mixed"])), schema=pl.Schema(arrow)).to_dicts()
    assert read == expected
