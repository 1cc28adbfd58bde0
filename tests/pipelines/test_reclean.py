"""Archived pages cleaned again: what differs is told, and published as the next revision, and nothing else is."""

import asyncio
from dataclasses import replace

import pytest

from cleaners.models import Block
from cleaners.stages import clean
from crawler.reclean_command import clean_again
from pipelines.verify import verify
from pipelines.visits import Cleaned
from tests.faults.bulk_kills import read_rows
from tests.pipelines.archive_worker import capture
from tests.pipelines.bulk_inputs import html
from tests.pipelines.ledger_worker import SITE, joined, links

LEFT = "Read also what others wrote of it in our other papers."


async def crawl(data, count, changed):
    """Publish pages with their archive; of `changed` the text is what an older cleaner left of them."""
    async with joined(data) as (_, ledger):
        await ledger.save_listing(SITE, "https://news.example/feed", None, links(count))
        for number, visit in enumerate(sorted(await ledger.draw(SITE, count), key=lambda visit: visit.url)):
            made = capture(visit, "")
            body = html(number).encode()
            made = replace(
                made,
                document=replace(made.document, body=body, listed=None),
                exchange=replace(made.exchange, body=body),
            )
            article = clean(made.document)
            if number in changed:
                article = replace(article, blocks=(*article.blocks, Block(kind="paragraph", text=LEFT)))
            await ledger.submit(
                Cleaned(
                    visit=visit,
                    fetched_at=made.document.fetched_at,
                    status=200,
                    result=article,
                    captures=(made,),
                )
            )


@pytest.fixture
def reclean(capsys, monkeypatch):
    """The command, in this process: its exit code, and its lines."""
    monkeypatch.delenv("REDIS_URL", raising=False)

    def run(data, *, since=None, apply=False):
        code = 0
        try:
            clean_again(str(data), None, since, 1, apply=apply)
        except SystemExit as end:
            code = end.code
        said = capsys.readouterr()
        return code, [*said.out.splitlines(), *said.err.splitlines()]

    return run


def test_only_what_todays_cleaners_change_is_told_and_published_once(tmp_path, reclean):
    asyncio.run(crawl(tmp_path, 6, changed={1, 4}))
    before = sorted(path.name for path in (tmp_path / "log").iterdir())
    code, told = reclean(tmp_path)
    assert code == 0
    assert told[0] == "6 articles cleaned again: 2 changed, 4 as they were"
    assert any(line.startswith(f"characters: 0 gained, {2 * len(LEFT)} lost") for line in told)
    assert told.count(f"  - {LEFT}") == 2
    assert told[-1].startswith("nothing was written")
    assert sorted(path.name for path in (tmp_path / "log").iterdir()) == before

    code, told = reclean(tmp_path, apply=True)
    assert (code, told[-1]) == (0, "2 revisions published")
    rows = read_rows(tmp_path)
    again = [row for row in rows if row["revision"] == 2]
    assert len(rows) == 8
    assert len(again) == 2
    first = {row["id"]: row for row in rows if row["revision"] == 1}
    for row in again:
        assert LEFT not in row["text"]
        assert row["archive"] == first[row["id"]]["archive"]
        assert row["changes"] == {"fields": ["text"], "chars_added": 0, "chars_removed": len(LEFT)}

    assert reclean(tmp_path, apply=True)[1][-1] == "0 revisions published"
    assert asyncio.run(verify(str(tmp_path))).problems == ()


def test_pages_of_before_a_day_are_left_and_a_folder_without_a_log_is_refused(tmp_path, reclean):
    asyncio.run(crawl(tmp_path / "data", 1, changed={0}))
    assert reclean(tmp_path / "data", since="2999-01-01") == (
        0,
        [
            "0 articles cleaned again: 0 changed, 0 as they were",
            "  the archive of this folder has no article's page fetched since 2999-01-01; archive = true in a seed keeps them",
        ],
    )
    none = tmp_path / "none"
    assert reclean(none) == (2, [f"broadsheet: --data {none}: there is no log here"])
    said = "broadsheet: --since yesterday: is no day such as 2026-04-14"
    assert reclean(tmp_path / "data", since="yesterday") == (2, [said])
