"""The steps of the protocol model that put things right: reaping dead workers and opening the gate."""

from __future__ import annotations

from tests.pipelines.protocol_states import (
    NOBODY,
    Claim,
    Entry,
    State,
    Worker,
    read,
    unmark,
    with_worker,
)


class Recovery:
    """What a worker does when another is silent, or the gate is closed; `Steps` has the rest."""

    # ── the reaper ─────────────────────────────────────────────────────────────────────────────────────────

    def _reap(self, state: State, slot: int, worker: Worker):
        victim = worker.note[0]
        marked = min((one for one in state.redis.batches if one.worker == victim), default=None)
        if marked is None:
            yield self._to_claims(state, slot, worker)
        elif self.off == "abort first":
            freed = state._replace(redis=unmark(state.redis, marked.batch, state.log))
            yield self._to_claims(freed, slot, worker)
        else:
            moved = worker._replace(pc="reap read", note=(victim, marked.batch, marked.epoch))
            yield f"{worker.name} finds {marked.batch}", with_worker(state, slot, moved)

    def _to_claims(self, state: State, slot: int, worker: Worker):
        victim = worker.note[0]
        found = tuple((url, claim) for url, claim in enumerate(state.redis.claims) if claim.worker == victim)
        return f"{worker.name} finds {len(found)} claims of {victim}", with_worker(
            state, slot, worker._replace(pc="reap give", note=found, at=0)
        )

    def _reap_read(self, state: State, slot: int, worker: Worker):
        _, batch, epoch = worker.note
        facts = read(state.log)
        decided = facts.decided.get(batch)
        if decided == "commit" and self.off == "reap by log":
            decided = None
        if decided:
            yield (
                f"{worker.name} reads on {batch}",
                with_worker(state, slot, worker._replace(pc=f"reap {decided}", at=0)),
            )
        elif facts.epoch > epoch:
            yield self._to_claims(state, slot, worker)
        else:
            moved = worker._replace(pc="reap create", at=len(state.log))
            yield f"{worker.name} reads on {batch}", with_worker(state, slot, moved)

    def _reap_create(self, state: State, slot: int, worker: Worker):
        created = self._create(state, worker.at, Entry("abort", worker.note[1]))
        if created is None:
            on = (
                worker._replace(at=worker.at + 1)
                if self.off == "reap reads on"
                else worker._replace(pc="reap read", at=0)
            )
            yield f"{worker.name} loses number {worker.at + 1}", with_worker(state, slot, on)
        else:
            yield (
                f"{worker.name} aborts {worker.note[1]}",
                with_worker(created, slot, worker._replace(pc="reap abort", at=0)),
            )

    def _reap_abort(self, state: State, slot: int, worker: Worker):
        if not self._is_open(state, worker.epoch):
            yield self._to_open(state, slot, worker, worker.back)
            return
        freed = state._replace(redis=unmark(state.redis, worker.note[1], state.log))
        yield self._to_claims(freed, slot, worker)

    def _reap_commit(self, state: State, slot: int, worker: Worker):
        if not self._is_open(state, worker.epoch):
            yield self._to_open(state, slot, worker, worker.back)
            return
        sequence = next(n for n, entry in enumerate(state.log, 1) if entry.batch == worker.note[1])
        redis = self._settle(state.redis, sequence, state.log[sequence - 1], replay=False)
        yield self._to_claims(state._replace(redis=redis), slot, worker)

    def _reap_give(self, state: State, slot: int, worker: Worker):
        if not self._is_open(state, worker.epoch):
            yield self._to_open(state, slot, worker, worker.back)
            return
        free = [
            url
            for url, claim in worker.note
            if state.redis.claims[url] == claim
            and (not state.redis.marks[url] or self.off == "keep prepared")
        ]
        claims = tuple(NOBODY if url in free else claim for url, claim in enumerate(state.redis.claims))
        moved = worker._replace(pc=worker.back, note=(), back="")
        yield (
            f"{worker.name} gives back {free}",
            with_worker(state, slot, moved)._replace(redis=state.redis._replace(claims=claims)),
        )

    # ── opening the gate ───────────────────────────────────────────────────────────────────────────────────

    def _open(self, state: State, slot: int, worker: Worker):
        redis, epoch = state.redis, read(state.log).epoch
        if redis.gate_run == state.run or (self.off == "run id" and redis.gate):
            if redis.gate >= epoch or self.off == "close":
                yield self._entered(state, slot, worker, redis.gate)
                return
            redis = redis._replace(gate_run=0)
        if redis.opening or self.is_cut(state):
            if redis != state.redis:
                yield f"{worker.name} closes the gate", state._replace(redis=redis)
            return
        redis = redis._replace(opening=worker.name)
        pc = "open read" if self.off == "epoch before replay" else "open entry"
        note = (state.run, epoch + 1, len(state.log)) if pc == "open read" else (state.run,)
        moved = worker._replace(pc=pc, note=note)
        yield f"{worker.name} is to open the gate", with_worker(state, slot, moved)._replace(redis=redis)

    def _entered(self, state: State, slot: int, worker: Worker, epoch: int):
        return f"{worker.name} is in epoch {epoch}", with_worker(
            state, slot, worker._replace(pc="reclaim", epoch=epoch, note=())
        )

    def _open_entry(self, state: State, slot: int, worker: Worker):
        epoch = read(state.log).epoch + 1
        log = state.log
        if self.off != "epoch entry":
            log = (*log, Entry("epoch", epoch=epoch))
        moved = worker._replace(pc="open read", note=(worker.note[0], epoch, len(log)))
        yield f"{worker.name} makes epoch {epoch}", with_worker(state, slot, moved)._replace(log=log)

    def _open_read(self, state: State, slot: int, worker: Worker):
        run, epoch, last = worker.note
        todo = tuple(
            n
            for n, entry in enumerate(state.log[:last], 1)
            if entry.kind == "commit" and n not in state.redis.settled and self.off != "replay"
        )
        redis = state.redis._replace(replaying=epoch)
        moved = worker._replace(pc="replay", note=(run, epoch, last, todo))
        yield f"{worker.name} replays {todo}", with_worker(state, slot, moved)._replace(redis=redis)

    def _replay(self, state: State, slot: int, worker: Worker):
        run, epoch, last, todo = worker.note
        redis = state.redis
        if not todo:
            yield from self._open_gate(state, slot, worker)
        elif redis.gate >= epoch:
            yield self._again(state, slot, worker)
        else:
            redis = self._settle(redis, todo[0], state.log[todo[0] - 1], replay=True)
            moved = worker._replace(note=(run, epoch, last, todo[1:]))
            yield (
                f"{worker.name} replays entry {todo[0]}",
                with_worker(state, slot, moved)._replace(redis=redis),
            )

    def _again(self, state: State, slot: int, worker: Worker):
        moved = worker._replace(pc="open", note=())
        return f"{worker.name} starts again", with_worker(state, slot, moved)._replace(
            redis=state.redis._replace(opening="")
        )

    def _open_gate(self, state: State, slot: int, worker: Worker):
        run, epoch, last, _ = worker.note
        redis = state.redis
        if self.off == "same server":
            run = state.run
        is_behind = redis.gate >= epoch and self.off != "upwards"
        is_other = redis.replaying != epoch and self.off != "same data"
        if run != state.run or is_behind or is_other:
            yield self._again(state, slot, worker)
            return
        none = ("",) * len(redis.marks)
        opened = redis._replace(
            gate=epoch,
            gate_run=run,
            settled=redis.settled | frozenset(range(1, last + 1)),
            marks=none,
            text="",
            batches=frozenset(),
            opening="",
            replaying=0,
        )
        log = state.log
        if self.off == "epoch before replay":
            log = (*log, Entry("epoch", epoch=epoch))
        fell = redis.gate > epoch
        label, after = self._entered(state, slot, worker, epoch)
        yield (
            f"{worker.name} opens the gate: {label}",
            after._replace(redis=opened, log=log, broken="the gate has gone down" if fell else ""),
        )

    def _reclaim(self, state: State, slot: int, worker: Worker):
        redis = state.redis
        if not self._is_open(state, worker.epoch):
            yield self._to_open(state, slot, worker, worker.back)
            return
        claims, held = list(redis.claims), {}
        for row in (*worker.rows, *worker.later):
            held[row.url] = Claim(worker.name, row.number)
            is_due = redis.seen[row.url] < row.number or self.off == "reclaim due"
            if is_due and claims[row.url] == NOBODY:
                claims[row.url] = held[row.url]
        for url, claim in enumerate(claims):
            is_own = claim.worker == worker.name and claim != held.get(url)
            if is_own and not redis.marks[url]:
                claims[url] = NOBODY
        redis = redis._replace(claims=tuple(claims), beats=redis.beats | {worker.name})
        moved = worker._replace(pc=worker.back, back="")
        yield f"{worker.name} claims again", with_worker(state, slot, moved)._replace(redis=redis)
