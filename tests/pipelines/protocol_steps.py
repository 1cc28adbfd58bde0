"""The steps of the protocol model: accidents, and a worker's way from claim to settle."""

from __future__ import annotations

from tests.pipelines.protocol_recovery import Recovery
from tests.pipelines.protocol_states import (
    NOBODY,
    Claim,
    Entry,
    Facts,
    Marked,
    Redis,
    Row,
    State,
    Worker,
    World,
    holders,
    read,
    start,
    unmark,
    with_worker,
)


class Steps(Recovery):
    """The steps that are possible in a state, with some rules switched off."""

    def __init__(self, world: World, off: str = "") -> None:
        self.world = world
        self.off = off

    def steps(self, state: State):
        for slot, worker in enumerate(state.workers):
            yield from self._steps_of(state, slot, worker)
        yield from self._accidents(state)

    def is_done(self, state: State) -> bool:
        counts = read(state.log).counts
        return all(counts.get(url, 0) == self.world.owed for url in range(self.world.urls))

    def is_cut(self, state: State) -> bool:
        """Here the search stops short, so that it ends: what lies beyond is not known."""
        return read(state.log).epoch >= self.world.most_epochs

    # ── accidents ──────────────────────────────────────────────────────────────────────────────────────────

    def _accidents(self, state: State):
        redis, alive = state.redis, {worker.name for worker in state.workers if worker.pc != "dead"}
        for slot, worker in enumerate(state.workers):
            if worker.pc == "dead":
                born = f"{worker.name[0]}{int(worker.name[1:]) + 1}"
                yield f"{born} starts", with_worker(state, slot, Worker(born, "open", 0, back="idle"))
            elif state.crashes and worker.pc != "idle":
                dead = Worker(worker.name, "dead", 0)
                yield (
                    f"{worker.name} dies",
                    with_worker(state, slot, dead)._replace(crashes=state.crashes - 1),
                )
        for name in sorted(redis.beats & holders(redis)):
            if name not in alive or state.lapses:
                left = state.lapses - (name in alive)
                yield (
                    f"the lease of {name} ends",
                    state._replace(redis=redis._replace(beats=redis.beats - {name}), lapses=left),
                )
        if redis.opening and (redis.opening not in alive or state.lapses):
            left = state.lapses - (redis.opening in alive)
            yield (
                f"{redis.opening} opens for too long",
                state._replace(redis=redis._replace(opening=""), lapses=left),
            )
        if state.takedowns:
            log = (*state.log, Entry("takedown", url=0))
            yield "URL 0 is taken down", state._replace(log=log, takedowns=state.takedowns - 1)
        yield from self._losses(state)

    def _losses(self, state: State):
        redis = state.redis
        if state.copies:
            yield "Redis is copied", state._replace(durable=redis, copies=state.copies - 1)
        if state.falls:
            yield (
                "Redis falls back",
                state._replace(redis=state.durable, run=state.run + 1, falls=state.falls - 1),
            )
        if state.flushes:
            empty = start(self.world).durable
            yield "Redis is emptied", state._replace(redis=empty, flushes=state.flushes - 1)

    # ── a worker ───────────────────────────────────────────────────────────────────────────────────────────

    def _steps_of(self, state: State, slot: int, worker: Worker):
        name = worker.pc.replace(" ", "_")
        if worker.pc == "dead":
            return
        yield from getattr(self, f"_{name}")(state, slot, worker)
        if worker.pc in ("idle", "fetched") and self.off != "reap":
            for victim in sorted(holders(state.redis) - state.redis.beats - {worker.name}):
                yield (
                    f"{worker.name} finds {victim} dead",
                    with_worker(state, slot, worker._replace(pc="reap", note=(victim,), back=worker.pc)),
                )

    def _is_open(self, state: State, epoch: int) -> bool:
        redis = state.redis
        if self.off == "run id":
            return redis.gate == epoch != 0
        return redis.gate == epoch and redis.gate_run == state.run

    def _to_open(self, state: State, slot: int, worker: Worker, back: str):
        return f"{worker.name} meets a closed gate", with_worker(
            state, slot, worker._replace(pc="open", note=(), at=0, back=back)
        )

    def _idle(self, state: State, slot: int, worker: Worker):
        redis = state.redis
        if not self._is_open(state, worker.epoch):
            yield self._to_open(state, slot, worker, "idle")
            if self.off != "gate at claim":
                return
        for urls in self.world.wants[slot]:
            if any(redis.seen[url] >= self.world.owed or redis.claims[url].worker for url in urls):
                continue
            claims = tuple(
                Claim(worker.name, redis.seen[url] + 1) if url in urls else claim
                for url, claim in enumerate(redis.claims)
            )
            kind = "new" if self.world.kind == "article" else self.world.kind
            rows = tuple(Row(url, redis.seen[url] + 1, kind) for url in urls)
            counts = read(state.log).counts
            again = any(counts.get(row.url, 0) >= row.number for row in rows)
            after = worker._replace(pc="fetched" if kind == "new" else "staged", rows=rows, later=(), at=0)
            taken = redis._replace(claims=claims, beats=redis.beats | {worker.name})
            yield (
                f"{worker.name} claims {urls}",
                with_worker(state, slot, after)._replace(
                    redis=taken, broken="a published page is fetched again" if again else ""
                ),
            )

    def _fetched(self, state: State, slot: int, worker: Worker):
        redis, rows, first = state.redis, [], -1
        if redis.text and self.off != "wait":
            return
        ahead = next(
            (row.url for marked in redis.batches for row in marked.rows if row.kind == "article"), -1
        )
        for row in worker.rows:
            if redis.owner not in (-1, row.url):
                rows.append(row._replace(kind="duplicate", of=redis.owner))
            elif redis.text and ahead not in (-1, row.url):
                rows.append(row._replace(kind="duplicate", of=ahead))
            elif first >= 0:
                rows.append(row._replace(kind="duplicate", of=first))
            else:
                rows.append(row._replace(kind="article", of=-1))
                first = row.url
        yield (
            f"{worker.name} stages",
            with_worker(state, slot, worker._replace(pc="staged", rows=tuple(rows))),
        )

    def _staged(self, state: State, slot: int, worker: Worker):
        redis = state.redis
        if self.off != "gate at prepare" and not self._is_open(state, worker.epoch):
            yield self._to_open(state, slot, worker, "staged")
            return
        kept, again, marks, text, seen = [], [], list(redis.marks), redis.text, list(redis.seen)
        lost = False
        for row in worker.rows:
            reason = self._reason(redis, worker, row, [other.url for other in again])
            if reason == "claim":
                lost = True
            elif reason:
                again.append(row._replace(kind="new", of=-1))
            else:
                kept.append(row)
                marks[row.url] = worker.batch
                text = worker.batch if row.kind == "article" else text
                if self.off == "seen last":
                    seen[row.url] = row.number
        beats = redis.beats | {worker.name}
        if kept:
            marked = Marked(worker.batch, worker.name, worker.epoch, tuple(kept))
            after = redis._replace(
                marks=tuple(marks),
                text=text,
                seen=tuple(seen),
                beats=beats,
                batches=redis.batches | {marked},
            )
            moved = worker._replace(pc="prepared", rows=tuple(kept), later=tuple(again))
        else:
            after = redis._replace(beats=beats)
            moved = worker._replace(
                pc="fetched" if again else "idle", rows=tuple(again), later=(), tries=worker.tries + 1
            )
        word = "prepares" if not again and not lost else "is refused some of"
        yield f"{worker.name} {word} {worker.batch}", with_worker(state, slot, moved)._replace(redis=after)

    def _reason(self, redis: Redis, worker: Worker, row: Row, refused: list[int]) -> str:
        if self.off != "claim" and redis.claims[row.url] != (worker.name, row.number):
            return "claim"
        if redis.marks[row.url] not in ("", worker.batch):
            return "claim"
        if row.kind == "duplicate" and row.of in refused and self.off != "original":
            return "original"
        if row.kind != "article":
            return ""
        if redis.text not in ("", worker.batch) and self.off != "busy":
            return "busy"
        stale = row.number != redis.seen[row.url] + 1 or redis.owner not in (-1, row.url)
        return "stale" if stale and self.off != "stale" else ""

    def _prepared(self, state: State, slot: int, worker: Worker):
        facts = read(state.log)
        if facts.decided.get(worker.batch) == "abort" and self.off != "heed abort":
            yield f"{worker.name} reads its abort", with_worker(state, slot, worker._replace(pc="undo", at=0))
        elif self.off != "heed takedown" and any(_is_down(row, facts) for row in worker.rows):
            rows = tuple(
                Row(row.url, row.number, "gone") if _is_down(row, facts) else row for row in worker.rows
            )
            yield (
                f"{worker.name} reads a takedown",
                with_worker(state, slot, worker._replace(pc="undo", rows=rows, at=0)),
            )
        elif facts.epoch > worker.epoch and self.off != "heed epoch":
            moved = worker._replace(pc="open", tries=worker.tries + 1, at=0, note=(), back="staged")
            yield f"{worker.name} reads a later epoch", with_worker(state, slot, moved)
        else:
            yield (
                f"{worker.name} reads the log",
                with_worker(state, slot, worker._replace(pc="ready", at=len(state.log))),
            )

    def _ready(self, state: State, slot: int, worker: Worker):
        entry = Entry("commit", worker.batch, worker.epoch, worker.rows)
        created = self._create(state, worker.at, entry)
        if created is None:
            on = (
                worker._replace(at=worker.at + 1)
                if self.off == "read on"
                else worker._replace(pc="prepared", at=0)
            )
            yield f"{worker.name} loses number {worker.at + 1}", with_worker(state, slot, on)
        else:
            yield (
                f"{worker.name} commits {worker.batch}",
                with_worker(created, slot, worker._replace(pc="committed", at=worker.at + 1)),
            )

    def _committed(self, state: State, slot: int, worker: Worker):
        following = "fetched" if worker.later else "idle"
        done = worker._replace(rows=worker.later, later=(), tries=worker.tries + 1, at=0)
        if self.off != "gate at settle" and not self._is_open(state, worker.epoch):
            yield self._to_open(state, slot, done, following)
            return
        entry = state.log[worker.at - 1]
        yield (
            f"{worker.name} settles {entry.batch}",
            with_worker(state, slot, done._replace(pc=following))._replace(
                redis=self._settle(state.redis, worker.at, entry, replay=False)
            ),
        )

    def _undo(self, state: State, slot: int, worker: Worker):
        moved = worker._replace(pc="staged", tries=worker.tries + 1)
        if not self._is_open(state, worker.epoch):
            yield self._to_open(state, slot, moved, "staged")
            return
        yield (
            f"{worker.name} takes back {worker.batch}",
            with_worker(state, slot, moved)._replace(redis=unmark(state.redis, worker.batch, state.log)),
        )

    # ── the log and what is settled ────────────────────────────────────────────────────────────────────────

    def _create(self, state: State, at: int, entry: Entry) -> State | None:
        """Create entry at + 1; None: there is one."""
        if len(state.log) > at:
            if self.off == "if absent":
                log = (*state.log[:at], entry, *state.log[at + 1 :])
                return state._replace(log=log, broken="an entry has changed")
            return None
        return state._replace(log=(*state.log, entry), broken=self._judge(read(state.log), entry))

    def _judge(self, facts: Facts, entry: Entry) -> str:
        """Say which promise the entry breaks."""
        if entry.batch in facts.decided:
            return "a batch is decided twice"
        if entry.kind == "commit" and entry.epoch != facts.epoch:
            return "a commit of an earlier epoch"
        counts, articles = dict(facts.counts), list(facts.articles)
        for row in entry.rows:
            counts[row.url] = counts.get(row.url, 0) + 1
            if counts[row.url] != row.number:
                return "a visit stands twice"
            if _is_down(row, facts):
                return "a row of what is taken down"
            if row.kind == "article" and any(url != row.url for url in articles):
                return "a text stands twice"
            if row.kind == "duplicate" and row.of not in articles:
                return "a duplicate of nothing"
            if row.kind == "article":
                articles.append(row.url)
        return ""

    def _settle(self, redis: Redis, sequence: int, entry: Entry, *, replay: bool) -> Redis:
        seen, claims, owner = list(redis.seen), list(redis.claims), redis.owner
        for row in entry.rows:
            lowered = row.number if self.off == "no lowering" else max(seen[row.url], row.number)
            seen[row.url] = lowered
            if row.kind == "article" and owner == -1:
                owner = row.url
            is_its = claims[row.url] == (entry.batch.split(".")[0], row.number)
            if is_its or (replay and self.off != "replay frees"):
                claims[row.url] = NOBODY
        return unmark(
            redis._replace(
                seen=tuple(seen), claims=tuple(claims), owner=owner, settled=redis.settled | {sequence}
            ),
            entry.batch,
            (),
        )


def _is_down(row: Row, facts: Facts) -> bool:
    """Whether the row would publish what was taken down; that it was visited may be said."""
    return row.kind != "gone" and row.url in facts.down
