"""What a state of the protocol model holds; see protocol_model.py."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple


class Row(NamedTuple):
    """A visit's row: `new` until it is decided what it says."""

    url: int
    number: int
    kind: str
    of: int = -1


class Claim(NamedTuple):
    """Who makes which visit: what the random token stands for."""

    worker: str = ""
    number: int = 0


NOBODY = Claim()


class Entry(NamedTuple):
    """A log entry: `commit`, `abort`, `epoch` or `takedown`."""

    kind: str
    batch: str = ""
    epoch: int = 0
    rows: tuple[Row, ...] = ()
    url: int = -1


class Marked(NamedTuple):
    """A batch that Redis knows as prepared."""

    batch: str
    worker: str
    epoch: int
    rows: tuple[Row, ...]


class Redis(NamedTuple):
    """What Redis holds; `settled` stands for the mark and what is ahead of it."""

    gate: int
    gate_run: int
    settled: frozenset[int]
    claims: tuple[Claim, ...]
    marks: tuple[str, ...]
    text: str
    batches: frozenset[Marked]
    seen: tuple[int, ...]
    owner: int
    opening: str
    replaying: int
    beats: frozenset[str]


class Worker(NamedTuple):
    """A worker and where it stands; `note` belongs to the step, `back` is where it goes on after opening or reaping."""

    name: str
    pc: str
    epoch: int
    rows: tuple[Row, ...] = ()
    later: tuple[Row, ...] = ()
    tries: int = 0
    at: int = 0
    note: tuple = ()
    back: str = ""

    @property
    def batch(self) -> str:
        return f"{self.name}.{self.tries}"


class State(NamedTuple):
    """The whole world."""

    log: tuple[Entry, ...]
    run: int
    redis: Redis
    durable: Redis
    workers: tuple[Worker, ...]
    crashes: int
    lapses: int
    copies: int
    falls: int
    flushes: int
    takedowns: int
    broken: str = ""


@dataclass(frozen=True, kw_only=True)
class World:
    """What may happen in one search, and how often."""

    wants: tuple[tuple[tuple[int, ...], ...], ...]
    """Per worker: the sets of URLs that it may claim at once."""
    kind: str = "article"
    """What a visit brings: an `article`, all of one text, or `gone`."""
    owed: int = 1
    """Visits that each URL is owed, one after the other; each brings a new text."""
    crashes: int = 0
    lapses: int = 0
    copies: int = 0
    falls: int = 0
    flushes: int = 0
    takedowns: int = 0
    """Whether URL 0 is taken down some time."""
    most_epochs: int = 4
    start: str = "open"
    """`open`; `claimed`: and URL 0 is the first worker's, the second would be the same; `empty`: nobody has ever opened the gate; `lost`: the log has all of URL 0, and Redis nothing."""

    @property
    def urls(self) -> int:
        return 1 + max(url for sets in self.wants for urls in sets for url in urls)


class Facts(NamedTuple):
    """What a log says."""

    epoch: int
    counts: dict[int, int]
    decided: dict[str, str]
    articles: tuple[int, ...]
    down: frozenset[int]


@lru_cache(maxsize=100_000)
def read(log: tuple[Entry, ...]) -> Facts:
    epoch, counts, decided, articles, down = 0, {}, {}, [], set()
    for entry in log:
        if entry.kind == "epoch":
            epoch = max(epoch, entry.epoch)
        elif entry.kind == "takedown":
            down.add(entry.url)
        else:
            decided[entry.batch] = entry.kind
        for row in entry.rows:
            counts[row.url] = counts.get(row.url, 0) + 1
            if row.kind == "article" and row.url not in articles:
                articles.append(row.url)
    return Facts(epoch, counts, decided, tuple(articles), frozenset(down))


def start(world: World) -> State:
    none = ("",) * world.urls
    empty = Redis(
        0,
        0,
        frozenset(),
        (NOBODY,) * world.urls,
        none,
        "",
        frozenset(),
        (0,) * world.urls,
        -1,
        "",
        0,
        frozenset(),
    )
    redis, log, epoch = empty, (), 0
    if world.start == "open":
        log, epoch = (Entry("epoch", epoch=1),), 1
        redis = empty._replace(gate=1, gate_run=1, settled=frozenset({1}))
    elif world.start == "lost":
        log = (
            Entry("epoch", epoch=1),
            Entry("commit", "z0.0", 1, (Row(0, 1, "gone"),)),
        )
    if world.start == "claimed":
        log, epoch = (Entry("epoch", epoch=1),), 1
        redis = empty._replace(
            gate=1,
            gate_run=1,
            settled=frozenset({1}),
            claims=(Claim("a0", 1), *redis.claims[1:]),
            beats=frozenset({"a0"}),
        )
    pc, back = ("idle", "") if world.start in ("open", "claimed") else ("open", "idle")
    workers = tuple(Worker(f"{'ab'[slot]}0", pc, epoch, back=back) for slot in range(len(world.wants)))
    if world.start == "claimed":
        workers = (workers[0]._replace(pc="staged", rows=(Row(0, 1, "gone"),)), *workers[1:])
    return State(
        log,
        1,
        redis,
        empty,
        workers,
        world.crashes,
        world.lapses,
        world.copies,
        world.falls,
        world.flushes,
        world.takedowns,
    )


def with_worker(state: State, slot: int, worker: Worker) -> State:
    workers = (*state.workers[:slot], worker, *state.workers[slot + 1 :])
    return state._replace(workers=workers)


def holders(redis: Redis) -> set[str]:
    """Who has claims or prepared batches."""
    return {claim.worker for claim in redis.claims} - {""} | {marked.worker for marked in redis.batches}


def unmark(redis: Redis, batch: str, log: tuple[Entry, ...]) -> Redis:
    """Forget the batch's marks; an abort of it in the log is settled with that."""
    sequences = {n for n, entry in enumerate(log, 1) if entry.kind == "abort" and entry.batch == batch}
    return redis._replace(
        marks=tuple("" if mark == batch else mark for mark in redis.marks),
        text="" if redis.text == batch else redis.text,
        batches=frozenset(one for one in redis.batches if one.batch != batch),
        settled=redis.settled | sequences,
    )
