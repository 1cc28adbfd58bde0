"""What dead workers hold goes back: batches that they have not decided, and their claims."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.log import Abort, Commit, entry_path
from pipelines.objects import StoreError
from pipelines.recover import GateClosedError

if TYPE_CHECKING:
    from pipelines.parts import Staging
    from pipelines.pending import Pending
    from pipelines.recover import Gate


class Reaper:
    """Gives back what dead workers hold: first their batches are decided by the log, then their claims are free."""

    def __init__(self, *, gate: Gate, pending: Pending, staging: Staging) -> None:
        self._gate = gate
        self._pending = pending
        self._staging = staging

    async def reap(self) -> None:
        """Look for dead workers once; any number of reapers may do so at once."""
        gone_here = self._staging.dead_workers()
        for worker in gone_here:
            await self._gate.stop_beating(worker)
        dead = await self._find_dead()
        if dead:
            await self._decide_batches(dead)
            await self._pending.give_back_claims(await self._pending.claims_of(dead), tried=1)
            await self._gate.call("workers", *sorted(dead))
        for worker in gone_here:
            self._staging.remove(worker)

    async def decide_own_batches(self) -> None:
        """Decide this worker's own batches, when it stops and will not publish them itself."""
        await self._decide_batches({self._gate.worker_id})

    async def _find_dead(self) -> set[str]:
        workers = {name.decode() for name in await self._gate.read("SMEMBERS", self._gate.key("workers"))}
        workers.discard(self._gate.worker_id)
        beating = [
            await self._gate.read("EXISTS", self._gate.key("worker", worker)) for worker in sorted(workers)
        ]
        return {worker for worker, beats in zip(sorted(workers), beating, strict=True) if not beats}

    async def _decide_batches(self, workers: set[str]) -> None:
        async for batch, owner in self._gate.scan(self._gate.key("batches")):
            worker, epoch = owner.decode().split(" ")
            if worker in workers:
                await self._decide(batch.decode(), int(epoch))

    async def _decide(self, batch: str, epoch: int) -> None:
        log = self._gate.log

        def make() -> Abort | None:
            is_decided = batch in log.committed or batch in log.aborted or log.epoch > epoch
            return None if is_decided else Abort(batch=batch)

        await log.append(make)
        if batch in log.committed:
            sequence = log.committed[batch]
            async for _, entry in log.entries(sequence, sequence):
                if not isinstance(entry, Commit):
                    raise StoreError(
                        f"{log.objects.name}: {entry_path(sequence)} has changed; run broadsheet verify"
                    )
                await self._settle(sequence, entry)
        elif batch in log.aborted:
            await self._gate.call("abort", batch, log.aborted[batch])

    async def _settle(self, sequence: int, entry: Commit) -> None:
        epoch = self._gate.epoch
        try:
            await self._gate.settle_entry(epoch, sequence, entry)
        except GateClosedError:
            # The next epoch's replay settles it.
            await self._gate.reopen(epoch)
