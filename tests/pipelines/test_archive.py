"""The archive: each fetched page once, in files that others can read, under the same log as the rows."""

import asyncio
import gzip
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from pipelines.archive.files import index_path
from pipelines.archive.reading import read_archived, read_visit
from pipelines.compact import compact
from pipelines.inputs import read_inputs
from pipelines.ledger import open_ledger
from pipelines.live import read_live
from pipelines.objects import LocalObjects, open_objects
from pipelines.policy import Policy
from pipelines.rewrite import open_rewriter, read_part
from pipelines.store import open_redis
from pipelines.takedown import carry_out, request_takedown
from pipelines.takedowns import to_match
from pipelines.upkeep import keep_up
from pipelines.verify import verify
from pipelines.warc.cdxj import to_surt
from tests.pipelines.archive_worker import body_of, capture, fetched, run
from tests.pipelines.ledger_worker import SITE, expected_articles, joined, links, page, published_rows

FORK = multiprocessing.get_context("forkserver")
FORK.set_forkserver_preload(["tests.pipelines.archive_worker"])
FEED = "https://news.example/feed"
ROOT = Path(__file__).parents[2]
MARKER = b"Zyx-marker-7f3a"


async def publish(data, texts, **parts):
    """Publish pages with these texts in one batch; gives their visits."""
    async with joined(data) as (_, ledger):
        await ledger.save_listing(SITE, FEED, None, links(len(texts)))
        visits = sorted(await ledger.draw(SITE, len(texts)), key=lambda visit: visit.url)
        for visit, text in zip(visits, texts, strict=True):
            await ledger.submit(fetched(visit, text, **parts))
    return visits


async def draw(ledger, count, *, days):
    """Claim the first pages as so many days ago; what was visited before that is due again."""
    moment = datetime.now(UTC).replace(microsecond=0) - timedelta(days=days)
    told = (moment - timedelta(hours=1)).isoformat()
    await ledger.save_listing(SITE, f"{FEED}/{days}", None, links(count, modified_at=told))
    visits = sorted(await ledger.draw(SITE, count), key=lambda visit: visit.url)
    assert len(visits) == count
    return visits, moment


def files(data, pattern):
    return sorted(str(path.relative_to(data)) for path in data.glob(pattern))


def warcs(data):
    return [data / path for path in files(data, "archive/*/*.warc.gz")]


def records(path):
    with path.open("rb") as stream:
        return [
            (record.rec_type, dict(record.rec_headers.headers), record.content_stream().read())
            for record in ArchiveIterator(stream, check_digests="raise")
        ]


def opened(data):
    return LocalObjects(data, "reader")


def rows_by_visit(data):
    return {row["visit"]: row for row in published_rows(data)}


def everything(data):
    """The content of every file below a folder, unpacked."""
    found = {}
    for path in data.rglob("*"):
        if path.is_file():
            body = path.read_bytes()
            found[str(path.relative_to(data))] = gzip.decompress(body) if path.suffix == ".gz" else body
    return found


async def take_down(data, target):
    async with open_rewriter(str(data)) as rewriter:
        await request_takedown(rewriter, to_match(target), "asked for")
        return await carry_out(rewriter)


@pytest.mark.parametrize("encoding", [None, "gzip"])
async def test_a_page_is_read_back_as_it_was_given_to_cleaning(tmp_path, encoding):
    (visit,) = await publish(tmp_path, ["A story."], encoding=encoding)
    row = rows_by_visit(tmp_path)[visit.token]
    assert set(row["archive"]) == {"file", "offset", "record_id"}
    document = await read_archived(opened(tmp_path), row["archive"])
    assert document is not None
    expected = capture(visit, "A story.").document
    assert document == replace(expected, fetched_at=document.fetched_at)
    proof = await verify(str(tmp_path))
    assert (proof.problems, proof.pages, proof.orphans, proof.foreign) == ((), 1, (), ())


async def test_answer_context_and_request_stand_together_and_each_has_its_digest(tmp_path):
    (visit,) = await publish(tmp_path, ["A story."], encoding="gzip")
    (path,) = warcs(tmp_path)
    info, answer, context, request = records(path)
    assert [one[0] for one in (info, answer, context, request)] == [
        "warcinfo",
        "response",
        "metadata",
        "request",
    ]
    assert info[1]["WARC-Filename"] == path.name
    assert answer[1]["WARC-Target-URI"] == visit.url
    assert answer[1]["WARC-Block-Digest"].startswith("sha1:")
    assert answer[1]["WARC-Payload-Digest"].startswith("sha1:")
    assert request[1]["WARC-Concurrent-To"] == context[1]["WARC-Concurrent-To"] == answer[1]["WARC-Record-ID"]
    assert json.loads(context[2])["visit"] == visit.token
    # Every record is a gzip member: the file can be cut at each.
    assert path.read_bytes().count(b"\x1f\x8b\x08") == 4


async def test_headers_that_are_no_longer_true_are_kept_under_other_names(tmp_path):
    await publish(tmp_path, ["A story."], encoding="gzip")
    (path,) = warcs(tmp_path)
    with path.open("rb") as stream:
        (answer,) = [
            (dict(record.http_headers.headers), record.http_headers.get_statuscode())
            for record in ArchiveIterator(stream)
            if record.rec_type == "response"
        ]
    headers, status = answer
    assert (status, headers["X-Crawler-Transfer-Encoding"]) == ("200", "chunked")
    assert "Transfer-Encoding" not in headers
    assert headers["Content-Encoding"] == "gzip"
    assert headers["Content-Length"] == str(len(gzip.compress(body_of("A story."), mtime=0)))


async def test_warcio_and_fastwarc_find_nothing_to_complain_about(tmp_path):
    await publish(tmp_path, [f"Story {number}." for number in range(20)])
    (path,) = warcs(tmp_path)
    for command in (["warcio", "check"], ["fastwarc", "check", "-q"], ["fastwarc", "check", "-q", "-p"]):
        tool = Path(sys.executable).with_name(command[0])
        done = await asyncio.to_thread(
            subprocess.run, [tool, *command[1:], path], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, ""), command
        assert "FAIL" not in done.stdout


async def test_clean_reads_our_own_files_as_any_other(tmp_path):
    visits = await publish(tmp_path, [f"Story {number}." for number in range(3)])
    (path,) = warcs(tmp_path)
    given = list(read_inputs([path]))
    assert [one.url for one in given] == [visit.url for visit in visits]
    assert [one.page.body for one in given] == [body_of(f"Story {number}.") for number in range(3)]
    rows = rows_by_visit(tmp_path)
    assert [one.archive.offset for one in given] == [
        rows[visit.token]["archive"]["offset"] for visit in visits
    ]


async def test_the_index_leads_to_each_page(tmp_path):
    visits = await publish(tmp_path, ["One.", "Two."])
    (path,) = warcs(tmp_path)
    lines = (tmp_path / index_path(str(path.relative_to(tmp_path)))).read_text().splitlines()
    assert lines == sorted(lines)
    for line, visit in zip(lines, visits, strict=True):
        key, stamp, fields = line.split(" ", 2)
        told = json.loads(fields)
        assert (key, len(stamp), told["url"]) == (to_surt(visit.url), 14, visit.url)
        start, count = int(told["offset"]), int(told["length"])
        member = gzip.decompress(path.read_bytes()[start : start + count])
        assert member.startswith(b"WARC/1.1\r\nWARC-Type: response\r\n")
        assert told["filename"] == str(path.relative_to(tmp_path))


async def test_a_page_that_has_not_changed_is_not_stored_again(tmp_path):
    async with joined(tmp_path) as (_, ledger):
        for days, text in ((9, "Same."), (8, "Same."), (7, "Other."), (6, "Other.")):
            ((visit,), moment) = await draw(ledger, 1, days=days)
            await ledger.submit(fetched(visit, text, fetched_at=moment))
            await ledger.drain()
    kinds = [one[0] for path in warcs(tmp_path) for one in records(path) if one[0] in ("response", "revisit")]
    assert kinds == ["response", "revisit", "response", "revisit"]
    rows = published_rows(tmp_path)
    assert [row["outcome"] for row in rows] == ["article", "unchanged", "article", "unchanged"]
    documents = [await read_archived(opened(tmp_path), row["archive"]) for row in rows]
    assert [document.body for document in documents] == [
        body_of(t) for t in ("Same.", "Same.", "Other.", "Other.")
    ]
    proof = await verify(str(tmp_path))
    assert (proof.problems, proof.pages) == ((), 4)


async def test_the_pages_of_one_article_stand_together_and_one_that_was_run_as_it_was_read(tmp_path):
    async with joined(tmp_path) as (_, ledger):
        await ledger.save_listing(SITE, FEED, None, links(2))
        first, second = sorted(await ledger.draw(SITE, 2), key=lambda visit: visit.url)
        url = "https://news.example/0/page2"
        further = capture(first, "And on.", url=url, first_page_url=first.url)
        await ledger.submit(fetched(first, "A story.", further))
        await ledger.submit(fetched(second, "A shell.", rendered=b"<p>What scripts made."))
    rows = rows_by_visit(tmp_path)
    pages = await read_visit(opened(tmp_path), rows[first.token]["archive"])
    assert [(one.url, one.body, one.first_page_url) for one in pages] == [
        (first.url, body_of("A story."), None),
        (url, body_of("And on."), first.url),
    ]
    (run,) = await read_visit(opened(tmp_path), rows[second.token]["archive"])
    assert run.body == b"<p>What scripts made."
    assert (await verify(str(tmp_path))).problems == ()


@pytest.mark.parametrize("target", ["{url}", "{id}", "{text}", SITE, "https://news.example/0*"])
async def test_a_takedown_reaches_the_page_its_index_and_no_other_page(tmp_path, target):
    marker = MARKER.decode()
    visits = await publish(tmp_path, [marker, "Other."])
    row, other = (rows_by_visit(tmp_path)[visit.token] for visit in visits)
    target = target.format(url=row["url"], id=row["id"], text=row["content_hash"])
    report = await take_down(tmp_path, target)
    assert report.pages == (2 if target == SITE else 1)
    for name, body in everything(tmp_path).items():
        assert MARKER not in body, name
        assert name.startswith(".state") or f'{visits[0].url}"'.encode() not in body, name
    assert await read_archived(opened(tmp_path), row["archive"]) is None
    if target != SITE:
        # Its file is another by now, and the row still leads to it.
        document = await read_archived(opened(tmp_path), other["archive"])
        assert document.body == body_of("Other.")
        assert str(warcs(tmp_path)[0].relative_to(tmp_path)) != other["archive"]["file"]
        assert [kind for kind, *_ in records(warcs(tmp_path)[0])] == [
            "warcinfo",
            "response",
            "metadata",
            "request",
        ]
    proof = await verify(str(tmp_path))
    assert (proof.problems, proof.pages, proof.orphans) == ((), 0 if target == SITE else 1, ())


async def test_a_takedown_takes_a_revisit_with_its_payload_and_a_page_on_its_way(tmp_path):
    async with joined(tmp_path) as (_, ledger):
        for days in (9, 8):
            visits, moment = await draw(ledger, 2, days=days)
            for visit, text in zip(visits, [MARKER.decode(), "Other."], strict=True):
                await ledger.submit(fetched(visit, text, fetched_at=moment))
            if days == 9:
                await ledger.drain()
        # The second round is staged, and not published yet.
        await take_down(tmp_path, visits[0].url)
        await ledger.drain()
    for name, body in everything(tmp_path).items():
        assert MARKER not in body, name
    proof = await verify(str(tmp_path))
    assert (proof.problems, proof.pages) == ((), 2)


async def test_a_further_page_that_is_taken_down_meanwhile_is_not_kept(tmp_path):
    async with joined(tmp_path) as (_, ledger):
        await ledger.save_listing(SITE, FEED, None, links(1))
        (visit,) = await ledger.draw(SITE, 1)
        url = "https://news.example/0/page2"
        await ledger.submit(fetched(visit, "A story.", capture(visit, MARKER.decode(), url=url)))
        await take_down(tmp_path, url)
        await ledger.drain()
    proof = await verify(str(tmp_path))
    assert (proof.problems, proof.pages) == ((), 1)
    for name, body in everything(tmp_path).items():
        assert MARKER not in body, name


async def test_pages_go_when_their_time_is_over_but_not_what_a_newer_page_needs(tmp_path):
    async with joined(tmp_path, policy=Policy(archive_days=10)) as (_, ledger):
        for days, count in ((12, 2), (8, 1)):
            visits, moment = await draw(ledger, count, days=days)
            for visit in visits:
                await ledger.submit(fetched(visit, f"Story {visit.url}.", fetched_at=moment))
            await ledger.drain()

    async def kept(days):
        async with open_rewriter(str(tmp_path)) as rewriter:
            await keep_up(rewriter, archive_days=days)
        proof = await verify(str(tmp_path))
        assert (proof.problems, proof.orphans) == ((), ())
        return proof.pages

    # The page of eight days ago has its payload in the file of twelve days ago.
    assert await kept(None) == await kept(10) == 3
    assert await kept(7) == 0
    assert files(tmp_path, "archive/*/*") == []
    rows = published_rows(tmp_path)
    assert len(rows) == 3
    assert [await read_archived(opened(tmp_path), row["archive"]) for row in rows] == [None] * 3


async def test_verify_names_what_is_wrong_with_the_archive(tmp_path):
    await publish(tmp_path, ["One.", "Two."])
    (path,) = warcs(tmp_path)
    whole = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(whole[:-1])
    assert "is not the file that was published" in (await verify(str(tmp_path))).problems[0]
    path.unlink()
    assert f"{path.relative_to(tmp_path)}: is missing" in (await verify(str(tmp_path))).problems
    path.write_bytes(whole)
    index = path.with_name(path.name.replace(".warc.gz", ".cdxj"))
    index.chmod(0o644)
    index.write_bytes(index.read_bytes().replace(b'"offset":"', b'"offset":"1'))
    assert "is not the index" in (await verify(str(tmp_path))).problems[0]


async def test_files_of_a_batch_that_was_given_up_are_deleted(tmp_path):
    await publish(tmp_path, ["One."])
    (path,) = warcs(tmp_path)
    stray = [path.with_name(f"{0:012x}-{0:016x}{kind}") for kind in (".warc.gz", ".cdxj")]
    for one in stray:
        one.write_bytes(path.read_bytes())
        os.utime(one, (0, 0))
    assert len((await verify(str(tmp_path))).orphans) == 2
    async with open_rewriter(str(tmp_path)) as rewriter:
        await keep_up(rewriter)
    assert not any(one.exists() for one in stray)
    assert (await verify(str(tmp_path))).pages == 1


async def test_an_old_log_is_read_and_has_no_archive(tmp_path):
    async with joined(tmp_path) as (_, ledger):
        await ledger.save_listing(SITE, FEED, None, links(1))
        await ledger.submit(page((await ledger.draw(SITE, 1))[0]))
    for path in tmp_path.glob("log/*.json"):
        entry = json.loads(path.read_bytes())
        entry.pop("archives", None)
        path.chmod(0o644)
        path.write_text(json.dumps(entry))
    live = await read_live(opened(tmp_path))
    assert list(live.live_archives()) == []
    assert (await verify(str(tmp_path))).problems == ()


def start_worker(data, count):
    worker = FORK.Process(target=run, args=(data, count, 0.1), daemon=True)
    worker.start()
    return worker


def test_kills_lose_no_page_and_archive_none_twice(tmp_path):
    count, killed, chance = 200, 0, random.Random(3)
    worker = start_worker(tmp_path, count)
    before = 0
    while killed < 4 and worker.is_alive():
        deadline = time.monotonic() + 20
        while worker.is_alive() and time.monotonic() < deadline:
            found = len(files(tmp_path, "archive/*/*"))
            if found > before:
                break
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.03))
        worker.kill()
        worker.join(60)
        killed += worker.exitcode == -signal.SIGKILL
        before = len(files(tmp_path, "archive/*/*"))
        worker = start_worker(tmp_path, count)
    worker.join(120)
    assert (killed, worker.exitcode) == (4, 0)
    proof = asyncio.run(verify(str(tmp_path)))
    assert (proof.problems, proof.rows, proof.articles) == ((), count, expected_articles(count))
    rows = published_rows(tmp_path)
    archived = [row for row in rows if row["outcome"] in ("article", "duplicate", "rejected")]
    assert all(row["archive"] for row in archived)
    live = asyncio.run(read_live(opened(tmp_path)))
    urls = [
        record["WARC-Target-URI"]
        for archive in live.live_archives()
        for kind, record, _ in records(tmp_path / archive.path)
        if kind == "response"
    ]
    assert sorted(urls) == sorted({row["url"] for row in archived})
    assert proof.pages == len(archived)


async def test_compaction_moves_rows_and_leaves_their_pages_where_they_are(tmp_path):
    async with joined(tmp_path) as (_, ledger):
        await ledger.save_listing(SITE, FEED, None, links(3))
        for visit in await ledger.draw(SITE, 3):
            await ledger.submit(fetched(visit, visit.url))
            await ledger.drain()
    before = {row["visit"]: row["archive"] for row in published_rows(tmp_path)}
    stood = files(tmp_path, "archive/*/*")
    async with open_rewriter(str(tmp_path)) as rewriter:
        assert (await compact(rewriter)).moved == 3
    assert files(tmp_path, "archive/*/*") == stood
    assert {row["visit"]: row["archive"] for row in published_rows(tmp_path)} == before
    assert (await verify(str(tmp_path))).problems == ()


async def test_pages_in_a_bucket_are_read_by_ranges_and_taken_down(bucket, tmp_path):
    data = f"{bucket.url}/news"
    async with (
        open_redis(None, tmp_path) as redis,
        open_ledger(redis=redis, data=data, state=tmp_path) as ledger,
    ):
        for days in (9, 8):
            visits, moment = await draw(ledger, 2, days=days)
            for visit, text in zip(visits, [MARKER.decode(), "Other."], strict=True):
                await ledger.submit(fetched(visit, text, fetched_at=moment, encoding="gzip"))
            await ledger.drain()
    objects = open_objects(data, tmp_path, "reader")
    live = await read_live(objects)
    rows = [
        row
        for part, _ in live.live_parts()
        for row in await read_part(objects, part.path)
        if row["url"] == visits[1].url
    ]
    assert [row["outcome"] for row in rows] == ["article", "unchanged"]
    assert len(list(live.live_archives())) == 2
    await take_down(data, visits[0].url)
    for row in rows:
        document = await read_archived(objects, row["archive"])
        assert document.body == body_of("Other.")
        assert await read_archived(objects, row["archive"], live) is None
    assert await objects.read_range(rows[0]["archive"]["file"], 0, 10) is None
    proof = await verify(data)
    assert (proof.problems, proof.pages, proof.orphans) == ((), 2, ())
