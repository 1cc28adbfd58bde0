"""WARC files in: every good record is read, whatever stands beside it, and the rest is counted by its reason."""

import gzip
import io
import json
import random
import tracemalloc
import zlib
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import brotli
import pytest
from backports import zstd
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from crawler.archive_options import ArchiveOptions
from crawler.clean_command import clean_files
from pipelines.bulk import clean_inputs
from pipelines.inputs import InputError, find_inputs, read_inputs
from pipelines.warc.digests import make_digest
from pipelines.warc.filters import Filters, find_declared_languages
from pipelines.warc.reading import ReadReport, read_warc
from pipelines.warc.records import read_records

SHARED = Path(__file__).parents[3] / "shared" / "bench"
PAGE = (
    "<html lang='en'><head><title>The bridge opens</title></head><body><article><h1>The bridge opens</h1>"
    + "<p>The new bridge over the river was opened on Tuesday, two years later than planned, by the mayor.</p>"
    * 6
    + "</article></body></html>"
).encode()
DAY = "2026-04-14T08:00:00Z"


def answer(body=PAGE, *, status="200 OK", kind="text/html; charset=utf-8", headers=()):
    lines = [f"HTTP/1.1 {status}", *([f"Content-Type: {kind}"] if kind else []), *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def record(number, block=None, *, type_="response", length=None, url=None, moment=DAY, headers=()):
    block = answer() if block is None else block
    lines = [
        "WARC/1.1",
        f"WARC-Type: {type_}",
        f"WARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-{number:012}>",
        f"WARC-Date: {moment}",
        f"WARC-Target-URI: {url or f'https://news.example/{number}'}",
        f"Content-Type: application/http; msgtype={type_}",
        *headers,
        f"Content-Length: {len(block) if length is None else length}",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + block + b"\r\n\r\n"


def write(path, *records, pack=gzip.compress):
    path.write_bytes(b"".join(pack(one) for one in records))
    return str(path)


def read(name, **options):
    report = ReadReport()
    given = list(read_warc(name, report=report, **options))
    return given, +report.left_out


def numbers(given):
    return [int(one.archive.record_id[-5:-1]) for one in given]


@pytest.mark.parametrize(
    ("name", "pack"),
    [("a.warc.gz", gzip.compress), ("a.warc.zst", zstd.compress), ("a.warc", bytes)],
)
def test_gives_each_page_with_its_address_its_date_and_its_place(tmp_path, name, pack):
    records = [record(n, headers=[f"WARC-Block-Digest: {make_digest(answer())}"]) for n in range(3)]
    file = write(tmp_path / name, *records, pack=pack)
    given, left = read(file)
    assert numbers(given) == [0, 1, 2]
    assert not left
    assert given[2].url == given[2].page.url == "https://news.example/2"
    assert given[2].fetched_at == given[2].page.fetched_at == datetime(2026, 4, 14, 8, tzinfo=UTC)
    assert given[2].archive.file == file
    assert given[2].archive.offset == sum(len(pack(one)) for one in records[:2])
    assert given[2].page.body == PAGE


def test_reads_a_file_that_was_compressed_as_a_whole_and_one_with_a_dictionary(tmp_path):
    whole = write(tmp_path / "a.warc.gz", b"".join(record(n) for n in range(3)))
    assert numbers(read(whole)[0]) == [0, 1, 2]
    made = zstd.train_dict([record(n, random.Random(n).randbytes(300)) for n in range(200)], 2000)
    frame = b"\x5d\x2a\x4d\x18" + len(made.dict_content).to_bytes(4, "little") + made.dict_content
    packed = [zstd.compress(record(n), zstd_dict=made) for n in range(3)]
    (tmp_path / "b.warc.zst").write_bytes(frame + b"".join(packed))
    given, left = read(str(tmp_path / "b.warc.zst"))
    assert numbers(given) == [0, 1, 2]
    again, _ = read(str(tmp_path / "b.warc.zst"), after=given[1].archive)
    assert numbers(again) == [2]
    assert not left


def test_goes_on_after_the_last_input_that_was_done(tmp_path):
    packed = write(tmp_path / "a.warc.gz", *(record(n) for n in range(4)))
    whole = write(tmp_path / "b.warc.gz", b"".join(record(n) for n in range(4)))
    plain = write(tmp_path / "c.warc", *(record(n) for n in range(4)), pack=bytes)
    for name in (packed, whole, plain):
        given, _ = read(name)
        assert numbers(read(name, after=given[1].archive)[0]) == [2, 3]
        assert read(name, after=given[3].archive)[0] == []


def test_of_what_is_damaged_nothing_else_is_lost_and_each_loss_has_a_reason(tmp_path):
    packed = [gzip.compress(record(n)) for n in range(30)]
    packed[1] = packed[1][:40] + bytes(20) + packed[1][60:]
    packed[3] = packed[3][:-30]
    packed[5] = packed[5][:-8] + b"\1" * 8
    packed[7] = b"no member at all" * 4
    packed[9] = gzip.compress(record(9, length=100_000))
    packed[11] = gzip.compress(record(11, length=40))
    packed[13] = gzip.compress(record(13, b""))
    packed[15] = gzip.compress(record(15, type_="revisit"))
    packed[16] = gzip.compress(record(16, b"GET / HTTP/1.1\r\n\r\n", type_="request"))
    packed[17] = gzip.compress(record(17, headers=["WARC-Block-Digest: sha1:AAAA"]))
    packed[18] = gzip.compress(record(18, headers=["WARC-Payload-Digest: sha256:" + "0" * 64]))
    packed[19] = gzip.compress(record(19, answer(status="404 Not Found")))
    packed[20] = gzip.compress(record(20, answer(b"%PDF", kind="application/pdf")))
    packed[21] = gzip.compress(record(21, headers=["WARC-Truncated: length"]))
    packed[22] = gzip.compress(record(22, answer(b"")))
    packed[23] = gzip.compress(record(23, url="dns:news.example"))
    packed[24] = gzip.compress(record(24, length="many"))
    packed[25] = gzip.compress(record(25, b"x" * (10 << 20)))
    packed[27] = gzip.compress(b"")
    packed[29] = packed[29][:-1]
    (tmp_path / "a.warc.gz").write_bytes(b"".join(packed))
    given, left = read(str(tmp_path / "a.warc.gz"))
    assert numbers(given) == [0, 2, 4, 6, 8, 10, 12, 14, 26, 28]
    assert left == Counter(
        damaged=7,
        truncated=2,
        no_http=2,
        revisit=1,
        request=1,
        digest=2,
        status=1,
        mime=1,
        empty=1,
        too_large=1,
    )


@pytest.mark.parametrize("pack", [gzip.compress, bytes], ids=["gzip", "plain"])
def test_no_record_is_lost_by_what_happens_to_another(pack):
    chance = random.Random(5)
    blocks = [answer(chance.randbytes(chance.randrange(10, 3000))) for _ in range(6)]
    records = [
        pack(record(n, block, headers=[f"WARC-Block-Digest: {make_digest(block)}"]))
        for n, block in enumerate(blocks)
    ]
    for _ in range(400):
        chosen = chance.randrange(6)
        hurt = bytearray(records[chosen])
        place, count = chance.randrange(len(hurt)), chance.randrange(1, 100)
        if chance.random() < 0.5:
            del hurt[place : place + count]
        else:
            hurt[place : place + count] = chance.randbytes(count)
        body = b"".join([*records[:chosen], bytes(hurt), *records[chosen + 1 :]])
        found = [one.block for one in read_records(io.BytesIO(body), Counter())]
        assert [block for n, block in enumerate(blocks) if n != chosen] == [
            b for b in found if b in blocks and b != blocks[chosen]
        ]


def test_of_a_member_that_was_cut_the_records_are_read_whose_digests_are_right(tmp_path):
    block = answer(random.Random(1).randbytes(2000))
    sure = record(0, block, headers=[f"WARC-Block-Digest: {make_digest(block)}"])
    whole = gzip.compress(sure + record(1, block) + record(2, block))
    (tmp_path / "a.warc.gz").write_bytes(whole[:-50])
    given, left = read(str(tmp_path / "a.warc.gz"))
    assert (numbers(given), left) == ([0], Counter(damaged=1))


def chunked(body):
    return b"".join(
        b"%x;a=b\r\n%s\r\n" % (len(body[n : n + 50]), body[n : n + 50]) for n in range(0, len(body), 50)
    )


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (gzip.compress(PAGE), ["Content-Encoding: gzip"]),
        (brotli.compress(PAGE), ["Content-Encoding: br"]),
        (zstd.compress(PAGE), ["Content-Encoding: zstd"]),
        (zlib.compress(PAGE), ["content-encoding: deflate"]),
        (chunked(PAGE) + b"0\r\n\r\n", ["Transfer-Encoding: chunked"]),
        (
            chunked(gzip.compress(PAGE)) + b"0\r\n\r\n",
            ["Transfer-Encoding: chunked", "Content-Encoding: gzip"],
        ),
        (PAGE, ["Transfer-Encoding: chunked", "Content-Encoding: gzip"]),
    ],
    ids=["gzip", "br", "zstd", "deflate", "chunked", "chunked-gzip", "taken-off-already"],
)
def test_takes_encodings_off(tmp_path, body, headers):
    digest = f"WARC-Payload-Digest: {make_digest(body)}"
    file = write(tmp_path / "a.warc.gz", record(0, answer(body, headers=headers), headers=[digest]))
    assert [one.page.body for one in read(file)[0]] == [PAGE]


@pytest.mark.parametrize(
    ("body", "headers", "fault"),
    [
        (gzip.compress(PAGE)[:-20], ["Content-Encoding: gzip"], "truncated"),
        (chunked(PAGE), ["Transfer-Encoding: chunked"], "truncated"),
        (b"no gzip", ["Content-Encoding: gzip"], "bad_encoding"),
        (gzip.compress(bytes(50 << 20)), ["Content-Encoding: gzip"], "too_large"),
    ],
    ids=["half-gzip", "half-chunked", "no-gzip", "bomb"],
)
def test_a_body_that_cannot_be_decoded_is_a_rejection_with_its_place(tmp_path, body, headers, fault):
    file = write(tmp_path / "a.warc.gz", record(0, answer(body, headers=headers)))
    (given,), left = read(file)
    assert (given.page, given.fault, given.url, given.archive.offset) == (
        None,
        fault,
        "https://news.example/0",
        0,
    )
    assert given.evidence
    assert not left


def test_reads_the_charset_of_the_header(tmp_path):
    page = PAGE.replace(b"bridge", "brücke".encode("cp1252"))
    file = write(tmp_path / "a.warc.gz", record(0, answer(page, kind="text/html; charset=windows-1252")))
    out = io.BytesIO()
    clean_inputs(read_inputs(find_inputs([file])), out.write, workers=1)
    (row,) = map(json.loads, out.getvalue().splitlines())
    assert row["title"] == "The brücke opens"
    assert (row["url"], row["fetched_at"]) == ("https://news.example/0", "2026-04-14T08:00:00+00:00")
    assert row["archive"] == {
        "file": file,
        "offset": 0,
        "record_id": "<urn:uuid:00000000-0000-0000-0000-000000000000>",
    }


def test_memory_does_not_grow_with_what_is_passed_over(tmp_path):
    huge = gzip.compress(record(1, b"x" * (100 << 20)), 1)
    bomb = gzip.compress(record(2, b"GET", type_="request", length=3) + bytes(100 << 20), 1)
    pages = [gzip.compress(record(n)) for n in range(500)]
    (tmp_path / "a.warc.gz").write_bytes(b"".join([*pages, huge, bomb, *pages]))
    tracemalloc.start()
    try:
        count = sum(1 for _ in read_warc(str(tmp_path / "a.warc.gz")))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 1000
    assert peak < 48 << 20


@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        (Filters(hosts=("news.example",)), [0, 1, 4]),
        (Filters(hosts=("www.news.example",)), [1]),
        (Filters(languages=("de",)), [2, 4]),
        (Filters(first=date(2026, 4, 15)), [3]),
        (Filters(last=date(2026, 4, 14)), [0, 1, 2, 4]),
        (Filters(mimes=("application/xhtml+xml",)), [2]),
    ],
    ids=["host", "below-host", "language", "from", "to", "mime"],
)
def test_leaves_out_by_host_language_date_and_type_before_any_page_is_parsed(tmp_path, filters, kept):
    german = PAGE.replace(b"lang='en'", b"lang='de-AT'")
    file = write(
        tmp_path / "a.warc.gz",
        record(0),
        record(1, url="https://www.news.example/1"),
        record(2, answer(german, kind="application/xhtml+xml"), url="https://notnews.example/2"),
        record(3, url="https://other.example/3", moment="2026-04-15T00:00:00.5Z"),
        record(4, answer(PAGE.replace(b" lang='en'", b""))),
    )
    given, left = read(file, filters=filters)
    assert numbers(given) == kept
    assert left.total() == 5 - len(kept)


@pytest.mark.parametrize(
    ("header", "page", "declared"),
    [
        ("", b"<!doctype html><HTML class=x LANG=pt-BR>", ["pt-br"]),
        ("fr", b"<html><head><meta property='og:locale' content='de_DE'>", ["de-de"]),
        ("fr, en-GB", b"<html hreflang='xx'><body lang='de'>", ["fr", "en-gb"]),
        ("", b"<html>", []),
    ],
)
def test_reads_the_language_that_a_page_declares(header, page, declared):
    assert find_declared_languages(header, page) == declared


ARC = b"filedesc://a.arc 0.0.0.0 20260414080000 text/plain 76\n1 0 InternetArchive\nURL IP-address\n\n"


@pytest.mark.parametrize(
    ("name", "body", "says"),
    [
        ("a.arc.gz", gzip.compress(ARC), "ARC, the format before WARC"),
        ("a.warc.gz", gzip.compress(ARC), "is an ARC"),
        ("a.warc.wet.gz", gzip.compress(record(0, b"text", type_="conversion")), "WET"),
        ("a.warc.gz", gzip.compress(record(0, b"text", type_="conversion")), "holds no response"),
        ("a.warc.gz", b"", "holds no response"),
        ("a.warc", b"<html>", "is no WARC file"),
        ("b.warc.gz", None, "no such file"),
    ],
    ids=["arc", "arc-by-content", "wet", "no-response", "empty", "html", "missing"],
)
def test_what_is_no_archive_of_pages_is_refused_in_one_line(tmp_path, capsys, name, body, says):
    if body is not None:
        (tmp_path / name).write_bytes(body)
    with pytest.raises(SystemExit) as ended:
        clean_files([str(tmp_path / name)], tmp_path / "out.jsonl", 1, ArchiveOptions())
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert name in line
    assert says in line
    assert [path.name for path in tmp_path.iterdir() if path.name != name] == []


@pytest.mark.parametrize(
    "options",
    [
        {"first": "yesterday"},
        {"first": "2026-04-14", "last": "2026-04-13"},
        {"hosts": ["https://news.example/"]},
        {"languages": ["German"]},
        {"mimes": ["html"]},
        {"base": "s3://somewhere"},
    ],
)
def test_a_wrong_option_is_refused_before_anything_is_read(tmp_path, capsys, options):
    with pytest.raises(SystemExit) as ended:
        clean_files([str(tmp_path / "missing.warc")], None, 1, ArchiveOptions(**options))
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "--" in line


def test_a_file_without_pages_among_others_is_named_and_ends_nothing(tmp_path, capsys):
    write(tmp_path / "a.warc.gz", record(0, type_="request"))
    write(tmp_path / "b.warc.gz", record(1), record(2, answer(status="301 Moved")))
    clean_files([str(tmp_path)], tmp_path / "out.jsonl", 1, ArchiveOptions())
    lines = capsys.readouterr().err
    assert "2 WARC files, 3 records: 1 page; left out: request 1, status 1" in lines
    assert "a.warc.gz: holds no response" in lines
    assert len((tmp_path / "out.jsonl").read_bytes().splitlines()) == 1


def test_a_list_names_files_relative_to_its_folder_or_to_a_base(tmp_path):
    (tmp_path / "crawl" / "2026").mkdir(parents=True)
    write(tmp_path / "crawl" / "2026" / "a.warc.gz", record(0))
    paths = tmp_path / "warc.paths.gz"
    paths.write_bytes(gzip.compress(b"# April\n2026/a.warc.gz\n\n"))
    names = ArchiveOptions(list=paths, base=str(tmp_path / "crawl")).read_list()
    assert numbers(read_inputs(find_inputs(names))) == [0]
    with pytest.raises(InputError, match=r"a\.warc\.gz: no such file"):
        find_inputs(ArchiveOptions(list=paths).read_list())
    remote = ArchiveOptions(list=paths, base="https://data.example/").read_list()
    assert remote == ("https://data.example/2026/a.warc.gz",)


def test_reads_objects_and_prefixes_of_a_bucket(tmp_path, bucket):
    for number in range(2):
        body = gzip.compress(record(number, answer(PAGE + bytes(random.Random(1).randbytes(300_000)))))
        key = f"news/{number}.warc.gz"
        bucket.client.put_object(Bucket=bucket.name, Key=key, Body=body, ACL="public-read")
    bucket.client.put_object(Bucket=bucket.name, Key="news/notes.txt", Body=b"")
    assert numbers(read_inputs(find_inputs([f"{bucket.url}/news/"]))) == [0, 1]
    assert numbers(read_inputs(find_inputs([f"{bucket.url}/news/1.warc.gz"]))) == [1]
    assert numbers(read_inputs(find_inputs([f"{bucket.endpoint}/{bucket.name}/news/1.warc.gz"]))) == [1]
    with pytest.raises(InputError, match=rf"^{bucket.url}/news/2\.warc\.gz: cannot be read: [^\n]+$"):
        list(read_inputs(find_inputs([f"{bucket.url}/news/2.warc.gz"])))
    with pytest.raises(InputError, match=rf"^{bucket.url}/old/: no \.warc"):
        find_inputs([f"{bucket.url}/old/"])
    with pytest.raises(InputError, match=r"/news/: a web server lists no files"):
        find_inputs([f"{bucket.endpoint}/{bucket.name}/news/"])


def test_missing_credentials_of_a_bucket_are_named_by_what_to_set(bucket, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(
        InputError, match=r"/news/: cannot be read: no credentials: set AWS_ACCESS_KEY_ID and"
    ):
        find_inputs([f"{bucket.url}/news/"])


def shared_pages(count):
    source = SHARED / "zyte.pages.jsonl.gz"
    if not source.exists():
        pytest.skip(f"the shared pages are not in {SHARED}")
    with gzip.open(source, "rt", encoding="utf-8") as lines:
        for line, _ in zip(lines, range(count), strict=False):
            yield json.loads(line)


def test_a_warc_of_the_shared_pages_gives_the_same_records_as_their_json_lines(tmp_path):
    stamp = "2026-04-14T08:00:00"
    archive, lines = tmp_path / "a.warc.gz", tmp_path / "a.jsonl"
    with archive.open("wb") as packed, lines.open("w", encoding="utf-8") as plain:
        writer = WARCWriter(packed, gzip=True)
        for page in shared_pages(300):
            head = StatusAndHeaders(
                "200 OK", [("Content-Type", "text/html; charset=utf-8")], protocol="HTTP/1.1"
            )
            body = io.BytesIO(page["html"].encode("utf-8", "replace"))
            dated = {"WARC-Date": f"{stamp}Z"}
            writer.write_record(
                writer.create_warc_record(
                    page["url"], "response", body, http_headers=head, warc_headers_dict=dated
                )
            )
            plain.write(
                json.dumps({"url": page["url"], "html": page["html"], "fetched_at": f"{stamp}Z"}) + "\n"
            )
    # What cleaning is given is the same: so is what it gives. Of a few pages that is shown, too.
    pairs = [list(read_inputs([path])) for path in (archive, lines)]
    assert len(pairs[0]) == len(pairs[1]) > 0
    for packed_page, plain_page in zip(*pairs, strict=True):
        assert (packed_page.page, packed_page.url) == (plain_page.page, plain_page.url)
    rows = []
    for inputs in pairs:
        out = io.BytesIO()
        clean_inputs(iter(inputs[:6]), out.write, workers=2)
        rows.append([json.loads(row) | {"archive": None} for row in out.getvalue().splitlines()])
    assert rows[0] == rows[1]
