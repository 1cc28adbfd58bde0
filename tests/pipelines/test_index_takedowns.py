"""Nothing that was taken down is in an index."""

import asyncio
import random
import sqlite3
import zlib

import pytest

from pipelines.index.figures import overview
from pipelines.index.history import revisions, rows_of
from pipelines.index.lines import Line
from pipelines.index.reading import Index
from pipelines.log import Takedown
from pipelines.takedowns import to_match, to_subject
from tests.pipelines.index_rows import (
    NOON,
    Folder,
    article,
    crawl,
    follow,
    found,
    index_of,
    is_same_as_made_anew,
    opened,
    outcome,
    words,
)

MARKER = "Zyxmarker7f3a"


def traces(state):
    """Whether the marker is in a file of the index, in a word, or in an excerpt that is only packed."""
    body = b"".join(path.read_bytes() for path in state.iterdir())
    with sqlite3.connect(state / "index.sqlite3") as db:
        terms = {term for term, *_ in words(db)}
        excerpts = [zlib.decompress(one).decode() for (one,) in db.execute("SELECT excerpt FROM articles")]
    plain = MARKER.encode() in body or MARKER.lower().encode() in body
    return plain, any(MARKER.lower() in term for term in terms), any(MARKER in one for one in excerpts)


def marked(number, **fields):
    return article(
        number,
        url=f"https://marked.example/{MARKER}/{number}",
        title=f"{MARKER} title",
        text=f"{MARKER} text {number}",
        authors=[MARKER],
        section=MARKER,
        description=MARKER,
        **fields,
    )


def take_down(folder, target):
    folder.append(Takedown(match=to_match(target), reason="asked for", of=None, created_at=NOON.isoformat()))


@pytest.mark.parametrize("by", ["address", "id", "text", "prefix", "host", "site"])
def test_what_is_taken_down_is_in_no_page_of_the_file_at_once(tmp_path, by):
    data = tmp_path / "data"
    folder = Folder(data)
    chance = random.Random(5)
    # Out of order, so that pages are split and leave copies behind.
    numbers = [(n, chance.randrange(4_000_000)) for n in range(1_200)]
    some = chance.sample(numbers, 40)
    rows = [
        marked(when, site="marked", visit=f"{n:032x}")
        if (n, when) in some
        else article(
            when,
            visit=f"{n:032x}",
            text=f"The text {n}. " * 30,
            url=f"https://news.example/{n}/{'x' * chance.randrange(300)}",
        )
        for n, when in numbers
    ]
    for start in range(0, 1_200, 200):
        folder.publish(
            *rows[start : start + 500],
            outcome(
                9_000_000 + start,
                "dead",
                "tls",
                url=f"https://marked.example/{MARKER}/dead",
                evidence=MARKER,
                site="marked",
            ),
        )
    follow(data)
    assert all(traces(data / ".state"))
    hit = [row for row in rows if row["site"] == "marked"]
    targets = {
        "address": [row["url"] + "?utm_source=x" for row in hit],
        "id": [row["id"] for row in hit],
        "text": [row["content_hash"] for row in hit],
        "prefix": ["https://marked.example/*"],
        "host": ["marked.example"],
        "site": ["marked"],
    }[by]
    if by in {"address", "id", "text"}:
        targets.append(f"https://marked.example/{MARKER}/dead")
    for target in targets:
        take_down(folder, target)
    report = follow(data)
    assert (report.removed, report.is_swept) == (46, True)
    assert traces(data / ".state") == (False, False, False)
    index = Index(data / ".state")
    assert found(index, MARKER) == []
    assert overview(index).figures.visits == 1_160
    assert rows_of(index, hit[0]["url"]) == ()


async def test_a_takedown_that_is_carried_out_leaves_its_tombstone_and_no_more(tmp_path):
    data = tmp_path / "data"
    await crawl(data, 20)
    await asyncio.to_thread(follow, data)
    url = "https://news.example/3"
    (before,) = rows_of(Index(data / ".state"), url)
    await crawl(data, 20, takes_down=url)
    await asyncio.to_thread(follow, data)
    index = Index(data / ".state")
    (after,) = rows_of(index, url)
    assert (after.visit, after.outcome, after.reason, after.of) == (
        before.visit,
        "blocked",
        "takedown",
        before.id,
    )
    assert url.encode() not in b"".join(path.read_bytes() for path in (data / ".state").glob("index*"))
    assert revisions(index, before.id) == ()
    assert overview(index).takedowns == 1
    assert await asyncio.to_thread(is_same_as_made_anew, data, tmp_path)


def test_nothing_that_is_taken_down_comes_in_from_a_part_that_still_has_it(tmp_path):
    data = tmp_path / "data"
    folder = Folder(data)
    folder.publish(marked(1), article(2))
    take_down(folder, marked(1)["url"])
    follow(data)
    assert traces(data / ".state") == (False, False, False)
    assert found(Index(data / ".state")) == ["Title 2"]


def test_all_that_a_takedown_is_held_against_is_read_of_a_row():
    asked = set()

    class Row(dict):
        def get(self, name, default=None):
            asked.add(name)
            return default

    to_subject(Row())
    assert len(asked) >= 8
    assert asked <= set(Line.__struct_fields__)


def test_a_reader_in_the_way_delays_the_sweep_and_no_more(tmp_path):
    data = tmp_path / "data"
    folder = Folder(data)
    folder.publish(marked(1), article(2))
    index = index_of(data)
    take_down(folder, marked(1)["url"])
    with opened(data) as follower:
        with index.read() as db:
            db.execute("SELECT count(*) FROM articles").fetchone()
            assert not follower.follow().is_swept
        assert found(index) == ["Title 2"]
        assert follower.follow().is_swept
    assert traces(data / ".state") == (False, False, False)


def test_a_sweep_that_was_killed_is_made_up_for(tmp_path, monkeypatch):
    data = tmp_path / "data"
    folder = Folder(data)
    folder.publish(marked(1), article(2))
    follow(data)
    take_down(folder, marked(1)["url"])
    with monkeypatch.context() as patched, opened(data) as follower:
        patched.setattr("pipelines.index.follow.sweep", killed)
        with pytest.raises(Killed):
            follower.follow()
        assert any(traces(data / ".state"))
    assert follow(data).is_swept
    assert traces(data / ".state") == (False, False, False)


class Killed(BaseException):
    """Ends a writer in the middle."""


def killed(*_, **__):
    raise Killed
