"""Bulk runs: the same rows as elsewhere, each once, whatever is killed; and what is refused."""

import asyncio
import json
import os
import shutil
import signal
from collections import Counter, defaultdict
from contextlib import closing, suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

from crawler.archive_options import ArchiveOptions
from crawler.bulk_command import clean_in_bulk
from pipelines.bulk import clean_inputs
from pipelines.clusters import choose, find_pairs, find_parts, read_bands
from pipelines.held import Held, SealedError, TakenOverError
from pipelines.inputs import find_inputs, read_inputs
from pipelines.log import GapError, Seal, Takedown, encode_entry, entry_path
from pipelines.near import NearRule
from pipelines.spans.planning import Planner, Sizes
from pipelines.spans.processes import SpanPool
from pipelines.spans.progress import Progress
from pipelines.spans.run import Limits
from pipelines.spans.span import How
from pipelines.spans.task import clean_span
from pipelines.takedowns import to_match
from pipelines.verify import verify
from tests.faults.bulk_kills import kill_runs, make_inputs, read_rows, what_counts
from tests.pipelines.bulk_driver import run
from tests.pipelines.bulk_inputs import html, pages, paragraphs, url, write_lines, write_warc

PROVENANCE = {"id", "visit", "site", "fetched_at", "revision", "changes", "duplicate_of", "similarity", "cluster", "log_entry", "outcome"}  # fmt: skip


@pytest.fixture(scope="module")
def pool():
    with closing(SpanPool(1)) as workers:
        yield workers


@pytest.fixture(scope="module")
def done(tmp_path_factory, pool):
    """A run over four files of all kinds."""
    folder = tmp_path_factory.mktemp("bulk")
    sources = make_inputs(folder, 30)
    report = asyncio.run(run(folder / "out", sources, pool))
    return folder, sources, report


def is_verified(data):
    return asyncio.run(verify(str(data))).problems == ()


def test_each_record_of_each_file_ends_in_one_row_and_verify_is_content(done):
    folder, _, report = done
    rows = read_rows(folder / "out")
    assert len(rows) == len({row["visit"] for row in rows}) == 4 * 30 == report.rows
    assert Counter(row["outcome"] for row in rows) == {"article": 84, "unchanged": 12, "duplicate": 24}
    assert Counter(row["alike"] for row in rows if row["outcome"] == "duplicate") == {"text": 12, "near": 12}
    assert Counter(row["revision"] for row in rows if row["outcome"] == "article") == {1: 72, 2: 12}
    assert is_verified(folder / "out")


def test_a_revision_says_what_it_has_changed_though_its_page_was_fetched_long_ago(done):
    rows = [row for row in read_rows(done[0] / "out") if row.get("revision") == 2]
    assert {tuple(row["changes"]["fields"]) for row in rows} == {("text",)}
    assert all(row["changes"]["chars_added"] > 20 for row in rows)


def test_its_records_are_those_of_clean_but_for_where_they_come_from(done):
    folder, sources, _ = done
    cleaned = []
    clean_inputs(read_inputs(find_inputs(map(str, sources))), cleaned.append, workers=1)
    known = {without(json.loads(line)) for line in cleaned}
    published = {without(row) for row in read_rows(folder / "out") if row["outcome"] == "article"}
    assert len(published) == 84
    assert published <= known


def without(row):
    return json.dumps({name: value for name, value in row.items() if name not in PROVENANCE}, sort_keys=True)


async def test_a_second_run_adds_nothing_and_further_files_are_held_against_what_is_there(tmp_path, pool):
    write_warc(tmp_path / "a.warc.gz", pages(5))
    data = tmp_path / "out"
    await run(data, [tmp_path / "a.warc.gz"], pool)
    (tmp_path / "a.warc.gz").rename(tmp_path / "moved.warc.gz")
    again = await run(data, [tmp_path / "moved.warc.gz"], pool)
    assert again.rows == 0
    write_lines(tmp_path / "b.jsonl", [(url(900), html(1)), (url(2), html(2)), (url(901), html(901))], day=2)
    more = await run(data, [tmp_path / "moved.warc.gz", tmp_path / "b.jsonl"], pool)
    assert more.outcomes == {("duplicate", None): 1, ("unchanged", None): 1, ("article", None): 1}


async def test_nearly_the_same_texts_are_found_across_files_and_batches_unless_weeks_lie_between(
    tmp_path, pool
):
    near = html(3, changed="This is what our partner wrote of it.")
    write_warc(tmp_path / "a.warc.gz", [(url(3), html(3))], day=1)
    write_lines(tmp_path / "b.jsonl", [(url(4), near)], day=6)
    write_lines(tmp_path / "c.jsonl", [(url(5), html(3, changed="Nobody else has it."))], day=25)
    sources = [tmp_path / name for name in ("a.warc.gz", "b.jsonl", "c.jsonl")]
    rows = {}
    for batch_rows in (1, 100):
        data = tmp_path / f"out-{batch_rows}"
        await run(data, sources, pool, Limits(batch_rows=batch_rows))
        rows[batch_rows] = what_counts(read_rows(data))
        assert [json.loads(row)["outcome"] for row in rows[batch_rows]].count("duplicate") == 1
    assert rows[1] == rows[100]


def test_a_shuffle_on_bands_finds_the_near_duplicates_that_a_run_finds(done, tmp_path, pool):
    folder, sources, _ = done
    asyncio.run(run(tmp_path / "off", sources, pool, near=NearRule(days=0)))
    rows = read_rows(tmp_path / "off")
    assert not any(row.get("alike") == "near" for row in rows)
    urls = {row["id"]: row["url"] for row in rows if row["outcome"] == "article"}
    bands, rule = defaultdict(list), NearRule()
    for part in find_parts([str(tmp_path / "off")]):
        for row in read_bands(part, rule):
            bands[row["band"]].append(row)
    pairs = sorted(pair for group in bands.values() for pair in find_pairs(group, rule))
    found = {urls[pair.id]: pair.of for pair in choose(pairs)}
    assert len(found) == 12
    assert found == {row["url"]: row["of"] for row in read_rows(folder / "out") if row.get("alike") == "near"}


async def test_texts_without_an_address_and_broken_lines_have_their_rows_too(tmp_path, pool):
    text = "\n\n".join(paragraphs(5))
    (tmp_path / "a.jsonl").write_text(
        "\n".join(["no json", json.dumps({"title": "Of nobody", "text": text})])
    )
    (tmp_path / "saved.html").write_text(html(1))
    (tmp_path / "empty.html").write_text("")
    data = tmp_path / "out"
    await run(data, sorted(tmp_path.glob("*.*")), pool)
    rows = {(row["outcome"], row.get("reason")): row for row in read_rows(data)}
    assert set(rows) == {("article", None), ("rejected", "not_json"), ("rejected", "no_content")}
    assert (await verify(str(data))).problems == ()


async def test_a_redis_that_is_killed_on_the_way_is_filled_from_the_log(tmp_path, done, pool):
    folder, sources, _ = done
    killed = []

    def kill(held, report):
        if report.batches == 1 and not killed:
            (server,) = find_servers(tmp_path / "out")
            killed.append(server)
            os.kill(server, signal.SIGKILL)

    await run(tmp_path / "out", sources, pool, watch=kill)
    assert killed
    assert what_counts(read_rows(tmp_path / "out")) == what_counts(read_rows(folder / "out"))
    assert (await verify(str(tmp_path / "out"))).problems == ()


def find_servers(data):
    """The embedded Redis of a data folder, by the folder that it works in."""
    home = str(data / ".state" / "redis")
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (process / "cmdline").read_bytes().decode(errors="replace")
            if (process / "cwd").readlink() == Path(home) or home in command:
                found.append(int(process.name))
    return [number for number in found if number != os.getpid()]


async def test_what_is_taken_down_on_the_way_is_not_published(tmp_path, pool):
    write_lines(tmp_path / "a.jsonl", [(url(number), html(number)) for number in range(60)])
    asked = []

    def take_down(held, report):
        if report.batches == 1 and not asked:
            asked.append(url(59))
            match = to_match(url(59))
            entry = Takedown(match=match, reason="asked", of=None, created_at="2026-04-14T08:00:00+00:00")
            (tmp_path / "out" / entry_path(held.log.position + 1)).write_bytes(encode_entry(entry))

    await run(tmp_path / "out", [tmp_path / "a.jsonl"], pool, watch=take_down)
    rows = read_rows(tmp_path / "out")
    assert asked
    assert len(rows) == 60
    assert [row["reason"] for row in rows if row["outcome"] == "blocked"] == ["takedown"]
    assert all(row["url"] != url(59) for row in rows)


async def test_of_two_runs_in_one_folder_the_later_one_goes_on(tmp_path, pool):
    write_lines(tmp_path / "a.jsonl", [(url(number), html(number)) for number in range(60)])
    data, later = tmp_path / "out", []

    def begin(held, report):
        if report.batches == 1 and not later:
            later.append(asyncio.ensure_future(run(data, [tmp_path / "a.jsonl"], pool)))

    try:
        await run(data, [tmp_path / "a.jsonl"], pool, watch=begin)
    except TakenOverError as error:
        assert "something else writes into it" in str(error)  # noqa: PT017 -- either may come first to its end
    await later[0]
    rows = read_rows(data)
    assert len(rows) == len({row["visit"] for row in rows}) == 60
    assert (await verify(str(data))).problems == ()


async def test_a_folder_whose_log_has_a_gap_is_left_alone(done, tmp_path, pool):
    folder, sources, _ = done
    data = shutil.copytree(folder / "out", tmp_path / "out", ignore=shutil.ignore_patterns(".state"))
    (data / entry_path(3)).unlink()
    before = sorted(data.rglob("*.*"))
    with pytest.raises(GapError, match=r"0003\.json is missing, and entries above it"):
        await run(data, sources, pool)
    assert [path for path in sorted(data.rglob("*.*")) if ".state" not in path.parts] == before


async def test_what_another_run_publishes_while_one_begins_is_not_published_again(
    tmp_path, pool, monkeypatch
):
    write_lines(tmp_path / "a.jsonl", [(url(number), html(number)) for number in range(20)])
    data, begin = tmp_path / "out", Held.begin

    async def begin_late(held):
        monkeypatch.setattr(Held, "begin", begin)
        await run(data, [tmp_path / "a.jsonl"], pool)
        await begin(held)

    monkeypatch.setattr(Held, "begin", begin_late)
    await run(data, [tmp_path / "a.jsonl"], pool)
    assert len(read_rows(data)) == 20


async def test_a_day_that_is_complete_takes_no_more_rows(tmp_path, pool):
    write_lines(tmp_path / "a.jsonl", [(url(1), html(1))])
    write_lines(tmp_path / "b.jsonl", [(url(2), html(2))])
    data = tmp_path / "out"
    await run(data, [tmp_path / "a.jsonl"], pool)
    entries = len(list(data.glob("log/0*")))
    seal = Seal(date="2026-04-01", created_at="2026-04-14T08:00:00+00:00")
    (data / entry_path(entries + 1)).write_bytes(encode_entry(seal))
    with pytest.raises(SealedError, match="2026-04-01 is complete by its log"):
        await run(data, [tmp_path / "a.jsonl", tmp_path / "b.jsonl"], pool)
    assert (await verify(str(data))).problems == ()


@pytest.mark.timeout(300)  # commands start six times, which takes long beside others
def test_killed_drivers_and_workers_lose_and_double_nothing(tmp_path, pool):
    found = kill_runs(tmp_path, drivers=1, workers=1, pages_a_file=100, most_seconds=1.0)
    assert (found.lost, found.double, found.problems) == (0, 0, [])
    assert found.told["kills"] == {"driver": 1, "worker": 1}
    quiet = tmp_path / "quiet"
    sources = [tmp_path / name for name in ("a.warc.gz", "b.jsonl.gz", "c.jsonl", "d.warc")]
    asyncio.run(run(quiet, sources, pool))
    assert what_counts(read_rows(tmp_path / "out")) == what_counts(read_rows(quiet))


def test_spans_of_any_size_hold_each_record_once(tmp_path):
    sources = [str(source) for source in make_inputs(tmp_path, 12)]
    found = set()
    for size in (700, 2_000, 10**7):
        planner = Planner(how=How(), progress=Progress(), sizes=Sizes(archive_bytes=size, line_bytes=size))
        items = [item for span in planner.plan(sources) for item in clean_span(span).items]
        assert len(items) == 48
        found.add(tuple(sorted(item.visit.token for item in items)))
    assert len(found) == 1


def test_a_folder_of_a_crawl_is_refused_and_mistakes_are_one_line(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("REDIS_URL", raising=False)
    page = tmp_path / "a.html"
    page.write_text(html(1))
    data = tmp_path / "crawled"
    (data / "log").mkdir(parents=True)
    entry = {"kind": "genesis", "log_id": "0" * 16, "format": 1, "created_at": "2026-04-14T08:00:00+00:00"}
    commit = {
        "kind": "commit",
        "batch": "b",
        "epoch": 1,
        "adds": [],
        "created_at": "2026-04-14T08:00:00+00:00",
    }
    for number, said in enumerate((entry, commit), 1):
        (data / f"log/{number:020}.json").write_text(json.dumps(said) + "\n")
    for name, out, keys, told in (
        (page, data, None, "holds what a crawl has published"),
        (tmp_path / "none.warc", tmp_path / "out", None, "no such file"),
        (page, page, None, "a.html is a file; name a folder"),
        (page, tmp_path / "out", "words=text", "--map 'words=text': must be"),
        ("-", tmp_path / "out", None, "standard input: cannot be read again"),
    ):
        with pytest.raises(SystemExit) as end:
            clean_in_bulk([str(name)], str(out), tmp_path / "state", 1, None, keys, ArchiveOptions())
        said = capsys.readouterr().err
        assert (end.value.code, len(said.splitlines())) == (2, 1), said
        assert told in said
    assert not (tmp_path / "out").exists()
    with pytest.raises(SystemExit) as end:
        clean_in_bulk([str(page)], str(tmp_path / "out"), None, 1, "127.0.0.1:1", None, ArchiveOptions())
    # Ray that is not installed is the user's to mend, a cluster that does not answer is a fault.
    code = 2 if find_spec("ray") is None else 1
    assert (end.value.code, len(capsys.readouterr().err.splitlines())) == (code, 1)
    assert not (tmp_path / "out").exists()


def test_the_command_says_what_it_has_published(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("REDIS_URL", raising=False)
    write_warc(tmp_path / "a.warc.gz", pages(10))
    clean_in_bulk([str(tmp_path / "a.warc.gz")], str(tmp_path / "out"), None, 1, None, None, ArchiveOptions())
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "broadsheet: 10 WARC records: 10 pages"
    assert told[-2] == "broadsheet: article 7, duplicate 2, unchanged 1"
    assert told[-1].startswith("broadsheet: 10 rows published, in ")
