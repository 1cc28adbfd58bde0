import gzip
import io
import json
from pathlib import Path

import pytest
from backports import zstd

from pipelines.bulk import clean_inputs
from pipelines.inputs import MAX_LINE_BYTES, InputError, find_inputs, read_inputs
from pipelines.outputs import OutputError, WriteError, open_output

PARAGRAPHS = (
    "The new bridge over the river was opened on Tuesday, two years later than planned, by the mayor and the minister.",
    "Trains will use it from Friday on, said the railway, which had waited for it since the old one was closed in 2019.",
    "The work cost eleven million crowns more than the council had set aside, mostly for the piers in the eastern arm.",
)
TITLE = "Bridge over the eastern river opened at last"


def html(title=TITLE, head=""):
    body = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
    return f"<html lang='en'><head><title>{title}</title>{head}</head><body><article><h1>{title}</h1>{body}</article></body></html>"


def line(id_, **fields):
    return json.dumps({"id": id_, "url": f"https://example.org/{id_}", "html": html()} | fields)


def run(*names):
    out = io.BytesIO()
    report = clean_inputs(read_inputs(find_inputs(str(name) for name in names)), out.write, workers=2)
    return [json.loads(row) for row in out.getvalue().splitlines()], report


def test_gives_one_row_a_line_in_order(tmp_path):
    source = tmp_path / "pages.jsonl"
    source.write_text(
        "\n".join([line("a"), "no json", line("b", html="<p>Too short."), "", "[1]", '{"id": 7}', line("c")])
    )
    rows, report = run(source)
    assert [row["id"] for row in rows] == ["a", None, "b", None, 7, "c"]
    assert [row.get("rejected") for row in rows][1::2] == ["not_json", "not_json", None]
    assert rows[4]["rejected"] == "no_content"
    assert rows[2]["rejected"]
    assert (report.lines, report.articles, report.rejected["not_json"]) == (6, 2, 2)


def test_an_article_row_is_a_record_with_the_id_and_url_given(tmp_path):
    source = tmp_path / "pages.jsonl"
    source.write_text(line("a", fetched_at="2026-04-14T10:00:00+02:00"))
    (record,), _ = run(source)
    assert (record["id"], record["url"]) == ("a", "https://example.org/a")
    assert record["title"] == TITLE
    assert record["text"] == "\n\n".join(PARAGRAPHS)
    assert record["fetched_at"] == "2026-04-14T08:00:00+00:00"


def test_the_same_input_gives_the_same_bytes(tmp_path):
    source = tmp_path / "pages.jsonl"
    source.write_text("\n".join(line(n) for n in range(5)))
    assert run(source)[0] == run(source)[0]


def test_reads_gzip_of_several_members_and_zstd_of_several_frames(tmp_path):
    packed, frames = tmp_path / "a.jsonl.gz", tmp_path / "b.jsonl.zst"
    packed.write_bytes(gzip.compress(f"{line('a')}\n".encode()) + gzip.compress(line("b").encode()))
    frames.write_bytes(zstd.compress(f"{line('c')}\n".encode()) + zstd.compress(line("d").encode()))
    assert [row["id"] for row in run(packed, frames)[0]] == ["a", "b", "c", "d"]


def test_reads_a_saved_page_and_takes_the_address_it_states(tmp_path):
    named, nameless = tmp_path / "a.html", tmp_path / "b.html"
    named.write_text(html(head="<link rel='canonical' href='https://example.org/bridge'>"))
    nameless.write_text(html())
    (first, second), _ = run(named, nameless)
    assert first["url"] == first["canonical_url"] == "https://example.org/bridge"
    assert second["url"] is None
    assert second["canonical_url"] is None
    assert len(second["id"]) == 32
    assert first["text"] == second["text"] == "\n\n".join(PARAGRAPHS)


def test_reads_a_text_and_finds_its_title(tmp_path):
    source = tmp_path / "a.txt"
    source.write_text("\n\n".join([TITLE, *PARAGRAPHS]))
    (record,), _ = run(source)
    assert record["title"] == TITLE
    assert record["text"] == "\n\n".join(PARAGRAPHS)


def test_reads_a_text_that_is_not_utf_8(tmp_path):
    source = tmp_path / "a.txt"
    source.write_bytes("\n\n".join(["Brücke über den Fluß eröffnet", *PARAGRAPHS]).encode("cp1252"))
    (record,), _ = run(source)
    assert record["title"] == "Brücke über den Fluß eröffnet"


def test_a_json_line_is_decoded_whatever_its_meta_says(tmp_path):
    source = tmp_path / "a.jsonl"
    source.write_text(
        line("a", html=html("Brücke über den Fluß", "<meta charset='iso-8859-1'>")), encoding="utf-8"
    )
    (record,), _ = run(source)
    assert record["title"] == "Brücke über den Fluß"


def test_reads_a_folder_in_the_order_of_its_names(tmp_path):
    for name in ("b", "a"):
        (tmp_path / f"{name}.jsonl").write_text(line(name))
    (tmp_path / "notes.md").write_text("nothing")
    assert [row["id"] for row in run(tmp_path)[0]] == ["a", "b"]


def test_strange_lines_cost_no_other(tmp_path):
    source = tmp_path / "a.jsonl"
    strange = [
        b'{"id": "bytes", "url": "https://example.org/x", "text": "\xff\xfe"}',
        b'{"id": "surrogate", "url": "\\ud800", "text": "\\udfff"}',
        b'{"id": "nan", "url": NaN, "html": NaN}',
        b'{"id": "types", "url": ["u"], "html": {"a": 1}, "text": 5}',
        b"[" * 100_000,
        b'{"id": "empty", "html": "", "text": ""}',
        b'{"id": "nul", "url": "https://example.org/n", "html": "\\u0000"}',
        b'{"id": "relative", "url": "not an address", "html": "<p>x"}',
    ]
    source.write_bytes(b"\n".join([*strange, line("good").encode()]))
    rows, _ = run(source)
    assert len(rows) == len(strange) + 1
    assert {row["id"] for row in rows if "rejected" not in row} <= {"bytes", "good"}
    assert rows[1]["url"] is None
    assert rows[-1]["title"] == TITLE


def test_a_line_beyond_the_limit_is_one_rejection(tmp_path):
    source = tmp_path / "a.jsonl.gz"
    with gzip.open(source, "wb", compresslevel=1) as stream:
        stream.write(b'{"id": "huge", "html": "' + b"x" * MAX_LINE_BYTES + b'"}\n' + line("good").encode())
    rows, _ = run(source)
    assert [row.get("rejected") for row in rows] == ["too_large", None]


@pytest.mark.parametrize("name", ["missing.html", "notes.md", "empty"])
def test_refuses_an_input_it_cannot_read_before_it_starts(tmp_path, name):
    (tmp_path / "notes.md").write_text("x")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=name):
        find_inputs([str(tmp_path / name)])


def test_names_a_file_that_is_torn(tmp_path):
    source = tmp_path / "torn.jsonl.gz"
    source.write_bytes(gzip.compress("\n".join(line(n) for n in range(50)).encode())[:-30])
    with pytest.raises(InputError, match=r"torn\.jsonl\.gz: cannot be read"):
        run(source)


def test_a_file_appears_only_when_it_is_complete(tmp_path):
    out = tmp_path / "out.jsonl.gz"
    out.write_bytes(b"as it was")

    def fail():
        with open_output(out) as write:
            write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert out.read_bytes() == b"as it was"
    with open_output(out) as write:
        write(b"whole")
        assert out.read_bytes() == b"as it was"
    assert gzip.decompress(out.read_bytes()) == b"whole"
    assert list(tmp_path.iterdir()) == [out]


def test_packs_a_file_by_its_ending(tmp_path):
    for name, unpack in (
        ("a.jsonl", bytes),
        ("a.jsonl.gz", gzip.decompress),
        ("a.jsonl.zst", zstd.decompress),
    ):
        with open_output(tmp_path / name) as write:
            write(b"line\n")
        assert unpack((tmp_path / name).read_bytes()) == b"line\n"


def test_a_full_disk_is_named():
    def fill():
        with open_output(Path("/dev/full")) as write:
            write(b"line\n")

    with pytest.raises(WriteError, match="/dev/full: cannot be written: No space left on device"):
        fill()


def test_refuses_a_place_that_cannot_be_written(tmp_path):
    with pytest.raises(OutputError, match="missing"), open_output(tmp_path / "missing" / "out.jsonl"):
        pass
    with pytest.raises(OutputError, match="is a folder"), open_output(tmp_path):
        pass
