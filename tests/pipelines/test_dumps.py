"""A dump holds the rows of its snapshot, in their order, whatever happened to the parts, the process or the disk."""

import asyncio
import gzip
import hashlib
import json
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from backports import zstd

from pipelines.compact import compact
from pipelines.dumps import build
from pipelines.dumps.build import build_dump
from pipelines.dumps.folder import open_folder
from pipelines.dumps.selection import DumpError, DumpOptions, make_selection
from pipelines.objects import StoreError, open_objects
from pipelines.record import encode_line
from pipelines.rewrite import open_rewriter
from pipelines.takedown import request_takedown
from pipelines.takedowns import to_match
from tests.pipelines.published import add_rows, publish, read_part_rows, take_down

ROOT = Path(__file__).parents[2]
SMALL = 12_000
"""Bytes of a data file here: four rows."""


def dump(data, out, *, file_bytes=SMALL, **options):
    return build_dump(
        str(data), out, DumpOptions(**options), tell=lambda _: None, file_bytes=file_bytes
    ).sheet


def rows(out):
    return [
        json.loads(line)
        for path in sorted(out.glob("articles-*.jsonl.gz"))
        for line in gzip.decompress(path.read_bytes()).splitlines()
    ]


def contents(out):
    return {path.name: path.read_bytes() for path in sorted(out.iterdir())}


async def compacted(data):
    async with open_rewriter(str(data)) as rewriter:
        return await compact(rewriter)


def text(number):
    return f"The story of number {number}. " * 100


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Twenty articles in ten entries, 3 to 12."""
    folder = tmp_path_factory.mktemp("source") / "data"
    asyncio.run(publish(folder, [text(number) for number in range(20)], batches=10))
    return folder


@pytest.fixture
def data(source, tmp_path):
    """A copy of it that a test may change."""
    return shutil.copytree(source, tmp_path / "data", ignore=shutil.ignore_patterns(".state", "staging"))


def test_a_snapshot_is_the_same_in_every_byte_after_compaction_and_later_entries(data, tmp_path):
    before = dump(data, tmp_path / "before")
    assert (before["snapshot"], before["rows"], len(before["files"])) == (12, 20, 5)
    add_rows(data, {"text": "Later."}, day=0)
    assert asyncio.run(compacted(data)).moved
    add_rows(data, {"text": "Later still."}, day=1)
    dump(data, tmp_path / "after", snapshot=12)
    assert contents(tmp_path / "after") == contents(tmp_path / "before")
    entries = [row["log_entry"] for row in rows(tmp_path / "after")]
    assert entries == sorted(entries)
    assert set(entries) == set(range(3, 13))


def test_rows_of_several_days_stay_in_the_order_of_their_entries_after_compaction(data, tmp_path):
    for day in (0, 1, 0, 1, 2, 0):
        add_rows(data, {"id": "a" * 32}, {"id": "b" * 32}, day=day)
    dump(data, tmp_path / "before", file_bytes=5_000)
    asyncio.run(compacted(data))
    dump(data, tmp_path / "after", file_bytes=5_000, snapshot=18)
    assert contents(tmp_path / "after") == contents(tmp_path / "before")


def test_a_row_of_an_old_release_or_of_odd_characters_is_the_same_before_and_after_compaction(data, tmp_path):
    odd = 'log_entry":null," \\ \u2028 \x7f </script> \U0001f9ff,"log_entry":null,'
    sequence = add_rows(data, {"text": odd, "title": ',"log_entry":null,', "similarity": 1.0})
    path = next(data.glob("articles/date=2026-03-01/*"))
    old = [
        {name: value for name, value in row.items() if name != "log_entry"} for row in read_part_rows(path)
    ]
    path.write_bytes(gzip.compress(b"".join(map(encode_line, [*read_part_rows(path), *old]))))
    add_rows(data, {"text": "So that there is something to move."})
    dump(data, tmp_path / "before")
    asyncio.run(compacted(data))
    dump(data, tmp_path / "after", snapshot=sequence + 1)
    assert contents(tmp_path / "after") == contents(tmp_path / "before")
    found = rows(tmp_path / "after")
    assert (found[-3]["text"], found[-3]["log_entry"], found[-2]["log_entry"]) == (odd, sequence, sequence)


def test_what_is_taken_down_is_gone_from_older_snapshots_and_the_datasheet_says_so(data, tmp_path):
    whole = dump(data, tmp_path / "whole")
    gone = rows(tmp_path / "whole")[5]
    asyncio.run(take_down(data, gone["url"]))
    asyncio.run(compacted(data))
    sheet = dump(data, tmp_path / "later", snapshot=12)
    assert sheet["rows"] == whole["rows"] - 1
    assert gone["visit"] not in {row["visit"] for row in rows(tmp_path / "later")}
    assert [row for row in rows(tmp_path / "whole") if row != gone] == rows(tmp_path / "later")
    taken = sheet["taken_down"]
    assert taken["entries_since_snapshot"] == [{"entry": 13, "rows": 1, "reason": "asked for"}]
    assert (whole["taken_down"]["rows_since_snapshot"], taken["rows_before_snapshot"]) == (0, 0)
    assert "by entry 13: `asked for`" in (tmp_path / "later/datasheet.md").read_text()
    # Of a snapshot after it, it is no news.
    last = dump(data, tmp_path / "last")["taken_down"]
    assert (last["rows_since_snapshot"], last["rows_before_snapshot"]) == (0, 1)


def test_an_earlier_dump_with_a_delta_applied_is_the_later_dump(data, tmp_path):
    dump(data, tmp_path / "old")
    held = rows(tmp_path / "old")
    asyncio.run(take_down(data, held[2]["url"]))
    late = add_rows(data, {"id": "c" * 32, "text": "New."}, {"id": held[0]["id"], "revision": 2})
    asyncio.run(compacted(data))
    sheet = dump(data, tmp_path / "delta", since=12)
    assert (sheet["rows"], sheet["revisions"], sheet["since_snapshot"]) == (2, 1, 12)
    removed = [json.loads(line) for line in (tmp_path / "delta/taken-down.jsonl").read_text().splitlines()]
    assert removed == [
        {
            "log_entry": held[2]["log_entry"],
            "visit": held[2]["visit"],
            "id": held[2]["id"],
            "takedown": 13,
            "reason": "asked for",
        }
    ]
    dump(data, tmp_path / "new")
    gone = {one["visit"] for one in removed}
    assert [row for row in held if row["visit"] not in gone] + rows(tmp_path / "delta") == rows(
        tmp_path / "new"
    )
    assert {row["log_entry"] for row in rows(tmp_path / "delta")} == {late}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"sites": ["other"]}, [1, 2]),
        ({"languages": ["pt"]}, [1]),
        ({"languages": ["PT-br", "de"]}, [1, 2]),
        ({"sections": ["sport "]}, [2]),
        ({"first_day": "2026-03-02", "last_day": "2026-03-03"}, [1, 2]),
        ({"last_day": "2026-03-02"}, [0, 1]),
        ({"countries": ["br"], "country_sites": ["other", "unheard"]}, [1, 2]),
        ({"countries": ["br"], "country_sites": []}, []),
        ({"sites": ["other"], "languages": ["de"]}, [2]),
        ({"sites": ["other", "example"], "last_day": "2026-03-03"}, [0, 1, 2]),
    ],
)
def test_filters_let_through_what_they_say_and_counts_are_of_it(data, tmp_path, filters, expected):
    kinds = [
        {"site": "example", "language": None},
        {"site": "other", "language": "pt-BR"},
        {"site": "other", "language": "de", "section": "Sport"},
    ]
    for number, kind in enumerate(kinds):
        add_rows(data, {"title": str(number), **kind}, day=number)
    last = {"last_day": "2026-03-09"} | filters
    sheet = dump(data, tmp_path / "out", selection=make_selection(**last))
    assert [row["title"] for row in rows(tmp_path / "out")] == [str(number) for number in expected]
    assert (sheet["rows"], sum(sheet["counts"]["sites"].values())) == (len(expected), len(expected))


def test_near_duplicates_come_only_where_they_are_asked_for_and_removals_may_stay_away(data, tmp_path):
    add_rows(data, {"duplicate_of": "d" * 32, "similarity": 0.9})
    sheet = dump(data, tmp_path / "without", removals=False)
    assert (sheet["rows"], sheet["near_duplicates_left_out"]) == (20, 1)
    assert all("removals" not in row and "blocks" in row for row in rows(tmp_path / "without"))
    sheet = dump(data, tmp_path / "with", selection=make_selection(duplicates=True))
    assert (sheet["rows"], sheet["near_duplicates"], sheet["near_duplicates_left_out"]) == (21, 1, 0)
    assert all("removals" in row for row in rows(tmp_path / "with"))


def test_the_datasheet_counts_gaps_reservations_and_days_that_are_not_complete(data, tmp_path):
    add_rows(data, {"opt_out": [{"source": "robots_meta", "agent": "*", "value": "noai"}] * 2})
    outcome = {"outcome": "blocked", "reason": "opt_out", "evidence": "noai"}
    add_rows(
        data,
        outcome,
        outcome | {"reason": "robots"},
        {"outcome": "duplicate", "alike": "near"},
        folder="outcomes",
    )
    sheet = dump(data, tmp_path / "out", contact="takedown@example.org")
    assert sheet["opt_out"] == {"rows": 1, "sources": {"robots_meta": 1}, "not_stored": 1}
    assert sheet["outcomes"] == {"blocked": {"opt_out": 1, "robots": 1}, "duplicate": {"near": 1}}
    today = rows(tmp_path / "out")[0]["fetched_at"][:10]
    assert sheet["unsealed_days"] == ["2026-03-01", today]
    # The seal comes after the snapshot, which it cannot be about.
    asyncio.run(seal(data))
    assert dump(data, tmp_path / "same", snapshot=14)["unsealed_days"] == ["2026-03-01", today]
    assert dump(data, tmp_path / "sealed")["unsealed_days"] == [today]
    said = (tmp_path / "out/datasheet.md").read_text()
    for line in ("1 visit: blocked (not asked for, or not stored), `robots`", "`takedown@example.org`"):
        assert line in said


async def seal(data):
    from pipelines.upkeep import keep_up

    async with open_rewriter(str(data)) as rewriter:
        assert (await keep_up(rewriter)).sealed == 1


def test_sums_citation_and_formats_are_read_by_the_tools_of_others(data, tmp_path):
    sheet = dump(data, tmp_path / "gz", contact="https://example.org/contact")
    dump(data, tmp_path / "zst", format="jsonl.zst")
    checked = subprocess.run(
        ["sha256sum", "-c", "SHA256SUMS"], cwd=tmp_path / "gz", capture_output=True, check=True
    )
    assert len(checked.stdout.splitlines()) == len(contents(tmp_path / "gz")) - 1
    cite = yaml.safe_load((tmp_path / "gz/CITATION.cff").read_text())
    assert cite["cff-version"] == "1.2.0"
    assert cite["type"] == "dataset"
    assert cite["authors"][0]["website"] == "https://example.org/contact"
    assert cite["identifiers"][0]["value"] == f"broadsheet:{sheet['log']}:{sheet['dump']}"
    plain = b"".join(gzip.decompress(path.read_bytes()) for path in sorted((tmp_path / "gz").glob("*.gz")))
    assert (
        b"".join(zstd.decompress(path.read_bytes()) for path in sorted((tmp_path / "zst").glob("*.zst")))
        == plain
    )
    first = tmp_path / "gz/articles-00001.jsonl.gz"
    subprocess.run(["gzip", "-t", first], check=True)
    assert (
        hashlib.sha256(gzip.decompress(first.read_bytes())).hexdigest() == sheet["files"][0]["plain_sha256"]
    )


def test_parquet_is_typed_reproducible_and_holds_the_same_rows(data, tmp_path):
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed here")
    dump(data, tmp_path / "gz")
    for name in ("one", "two"):
        dump(data, tmp_path / name, format="parquet", removals=False)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    table = duckdb.read_parquet(sorted(map(str, (tmp_path / "one").glob("*.parquet"))))
    assert "removals" not in table.columns
    assert table.project("visit, log_entry, text").fetchall() == [
        (row["visit"], row["log_entry"], row["text"]) for row in rows(tmp_path / "gz")
    ]


def test_a_store_is_dumped_as_a_folder_is(data, tmp_path, bucket):
    asyncio.run(compacted(data))
    dump(data, tmp_path / "folder")
    bucket.upload(data)
    dump(bucket.url, tmp_path / "store")
    assert contents(tmp_path / "store") == contents(tmp_path / "folder")


# A process that is killed where `KILL_AT` says, counting the steps that reach the disk.
KILLED = """
import os, signal, sys
from pathlib import Path
from pipelines.dumps import build, files, folder
from pipelines.dumps.selection import DumpOptions
left = [int(sys.argv[3])]
def dying(step):
    def do(*arguments):
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        return step(*arguments)
    return do
Path.replace, os.fsync, folder.shutil.rmtree = map(dying, (Path.replace, os.fsync, folder.shutil.rmtree))
build.build_dump(sys.argv[1], Path(sys.argv[2]), DumpOptions(), tell=lambda _: None, file_bytes=12_000)
"""


def test_a_dump_that_is_killed_at_any_step_goes_on_and_ends_with_the_same_bytes(data, tmp_path):
    dump(data, tmp_path / "whole")
    out = tmp_path / "killed"
    kills, chance = 0, random.Random(3)
    while True:
        # A few steps further each time, so that kills lie in all of it, its last moves included.
        command = [sys.executable, "-c", KILLED, str(data), str(out), str(chance.randint(7, 18))]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        kills += 1
        assert kills < 60
        if kills == 2:
            asyncio.run(compacted(data))
        if not (out / ".unfinished").exists():
            continue
        assert ((out / "SHA256SUMS").exists()) <= (len(list(out.glob("articles-*"))) == 5)
    assert kills >= 4
    assert contents(out) == contents(tmp_path / "whole")


def test_a_dump_goes_on_with_its_snapshot_though_the_log_has_grown(data, tmp_path, monkeypatch):
    dump(data, tmp_path / "whole")
    interrupt(monkeypatch, data, tmp_path / "out", behind=2)
    add_rows(data, {"text": "Later."})
    assert dump(data, tmp_path / "out")["snapshot"] == 12
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_a_takedown_between_two_runs_begins_the_dump_again_without_the_row(data, tmp_path, monkeypatch):
    interrupt(monkeypatch, data, tmp_path / "out", behind=2)
    gone = read_part_rows(tmp_path / "out/.unfinished/articles-00001.jsonl.gz")[1]
    asyncio.run(take_down(data, gone["url"]))
    dump(data, tmp_path / "out")
    assert len(rows(tmp_path / "out")) == 19
    assert gone["visit"] not in {row["visit"] for row in rows(tmp_path / "out")}


@pytest.mark.parametrize("change", ["compaction", "takedown"])
def test_what_changes_while_a_dump_is_written_is_met(data, tmp_path, monkeypatch, change):
    dump(data, tmp_path / "whole")
    gone = rows(tmp_path / "whole")[0]
    said, whole_close = [], build.FileWriter.close

    def tell(line):
        said.append(line)
        if line.startswith("articles-00002") and len(said) == 3:
            if change == "takedown":
                asyncio.run(take_down(data, gone["url"]))
            else:
                asyncio.run(compacted(data))
                for path in set(data.glob("articles/*/*.gz")) - {data / name for name in live_paths(data)}:
                    path.unlink()

    # In a thread of its own: the takedown runs an event loop while the dump's is there.
    monkeypatch.setattr(build.FileWriter, "close", whole_close)
    build_dump(str(data), tmp_path / "out", DumpOptions(snapshot=12), tell=in_thread(tell), file_bytes=SMALL)
    if change == "takedown":
        assert "something was taken down meanwhile; begins again" in said
        assert [row["visit"] for row in rows(tmp_path / "out")] == [
            row["visit"] for row in rows(tmp_path / "whole") if row["visit"] != gone["visit"]
        ]
    else:
        assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def in_thread(work):
    from concurrent.futures import ThreadPoolExecutor

    def do(line):
        with ThreadPoolExecutor(1) as pool:
            pool.submit(work, line).result()

    return do


def live_paths(data):
    from pipelines.live import read_live

    return asyncio.run(read_live(open_objects(str(data), Path(), "test"))).parts


def test_a_takedown_that_is_not_carried_out_is_waited_for_and_named(data, tmp_path, monkeypatch):
    monkeypatch.setattr(build, "TAKEDOWN_WAIT_SECONDS", 0.2)

    async def ask():
        async with open_rewriter(str(data)) as rewriter:
            await request_takedown(rewriter, to_match("https://news.example/1"), "asked for")

    asyncio.run(ask())
    with pytest.raises(
        StoreError, match="takedown of entry 13 is not carried out yet; wait, or run broadsheet compact"
    ):
        dump(data, tmp_path / "out")
    asyncio.run(compacted(data))
    assert dump(data, tmp_path / "out")["rows"] == 19


def interrupt(monkeypatch, data, out, *, behind):
    """Begin a dump, and lose it behind so many files."""

    def tell(line):
        if line.startswith(f"articles-{behind:05}"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_dump(str(data), out, DumpOptions(), tell=tell, file_bytes=SMALL)
    assert [path.name for path in out.iterdir()] == [".unfinished"]


def test_two_dumps_into_one_folder_and_a_folder_with_something_else_are_refused(data, tmp_path, monkeypatch):
    with open_folder(tmp_path / "out"), pytest.raises(DumpError, match="another dump is being written there"):
        dump(data, tmp_path / "out")
    interrupt(monkeypatch, data, tmp_path / "begun", behind=1)
    with pytest.raises(DumpError, match="holds the beginning of another dump, of snapshot 12"):
        dump(data, tmp_path / "begun", format="jsonl.zst")
    first = dump(data, tmp_path / "done")
    before = contents(tmp_path / "done")
    assert dump(data, tmp_path / "done") == first
    with pytest.raises(DumpError, match="holds the dump 12-"):
        dump(data, tmp_path / "done", snapshot=11)
    assert contents(tmp_path / "done") == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.tex").write_text("mine")
    with pytest.raises(DumpError, match=r"holds thesis\.tex, which is no dump"):
        dump(data, tmp_path / "mine")
    asyncio.run(take_down(data, "https://news.example/1"))
    with pytest.raises(DumpError, match=r"from before the takedown of entry \d+; remove it"):
        dump(data, tmp_path / "done", snapshot=12)


def test_a_disk_that_is_too_small_is_told_before_anything_is_written(data, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=100))
    with pytest.raises(DumpError, match=r"needs about \d+ MB, and 0 MB are free there"):
        dump(data, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("wrong", "option", "line"),
    [
        ({"snapshot": 99}, "snapshot", "there is no entry 99; the log ends at entry 12"),
        ({"snapshot": 0}, "snapshot", "there is no entry 0"),
        ({"since": 13}, "since", "entry 13 is not before the snapshot, entry 12"),
        ({"sites": ["nobody"]}, "sites", "nothing was published of a site 'nobody'"),
        ({"first_day": "2026-02-30"}, "first_day", "'2026-02-30' is no day"),
        ({"first_day": "2026-03-02", "last_day": "2026-03-01"}, "last_day", "is before 2026-03-02"),
        ({"languages": ["deutsch, english"]}, "languages", "is no language"),
        ({"sections": ["\udcff"]}, "sections", "holds what no name holds"),
    ],
)
def test_a_wrong_option_is_named_and_no_folder_is_made(source, tmp_path, wrong, option, line):
    filters = {name: value for name, value in wrong.items() if name not in {"snapshot", "since"}}
    others = {name: value for name, value in wrong.items() if name in {"snapshot", "since"}}
    with pytest.raises(DumpError) as raised:
        dump(source, tmp_path / "out", selection=make_selection(**filters), **others)
    assert raised.value.option == option
    assert line in str(raised.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("damage", ["torn", "no gzip", "no json", "missing"])
def test_a_part_that_cannot_be_read_is_named(data, tmp_path, damage):
    path = sorted(data.glob("articles/*/*.gz"))[4]
    body = path.read_bytes()
    match damage:
        case "torn":
            path.write_bytes(body[:-20])
        case "no gzip":
            path.write_bytes(b"no gzip file at all")
        case "no json":
            path.write_bytes(gzip.compress(b'{"visit": \n'))
        case "missing":
            path.unlink()
    with pytest.raises(StoreError, match=f"{path.name}.*; run broadsheet verify"):
        dump(data, tmp_path / "out")


def test_a_snapshot_that_holds_nothing_is_an_empty_dump(data, tmp_path):
    sheet = dump(data, tmp_path / "out", snapshot=2)
    assert (sheet["rows"], sheet["files"]) == (0, [])
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "SHA256SUMS",
        "datasheet.json",
        "datasheet.md",
        "CITATION.cff",
    }
