"""The protocol of the ledger as a small state machine, and a search through every order of its steps.

Two workers claim, stage, prepare, publish and settle; either may die and start again, or be taken for dead while it
lives; Redis may fall back to an older state or be emptied; two may open the gate, and reap each other. A script of
pipelines/scripts and the creation of a log entry are one step each, so is each reading of the log: everything else
may come in between. Each line of the protocol that holds something up stands in `RULES` and can be switched off.

What it leaves out: the bytes (files, parts, lost answers), discovery (a link that is not seen can always be claimed), and what
compaction and takedowns do to parts that are published.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.pipelines.protocol_states import State, World, read, start
from tests.pipelines.protocol_steps import Steps

RULES = {
    "claim": "prepare refuses a row whose claim is not its worker's any more",
    "gate at claim": "nothing is claimed while the gate is closed",
    "gate at prepare": "nothing is prepared while the gate is closed",
    "gate at settle": "nothing is settled while the gate is closed, but by a replay",
    "run id": "the gate is closed on another server process than the one that it was opened on",
    "busy": "prepare refuses a text that another batch has prepared",
    "stale": "prepare refuses an article that has been settled since its row was written",
    "original": "a duplicate is cut with the original of its own batch",
    "wait": "a duplicate of what is prepared waits until that is decided",
    "seen last": "a URL is seen only once the log has its row",
    "heed abort": "a writer stops where the log has aborted its batch",
    "heed epoch": "a writer stops where the log has a later epoch",
    "heed takedown": "a writer cuts what the log has taken down",
    "read on": "a writer reads the entry that took its number before it tries the next",
    "if absent": "an entry is created only if it is absent",
    "reap": "what dead workers hold is given back",
    "reap by log": "the reaper settles a batch that the log has",
    "reap reads on": "the reaper reads the entry that took its number before it tries the next",
    "abort first": "a claim is free only after the log has aborted its batch",
    "keep prepared": "the claim of a prepared row is not given back",
    "epoch entry": "an epoch entry is made before the gate is opened",
    "epoch before replay": "the epoch entry is made before the log is replayed",
    "replay": "the log is replayed before the gate is opened",
    "replay frees": "a replay takes away every claim of what it settles",
    "same server": "the gate is opened only on the server that was seen before the epoch entry",
    "same data": "the gate is opened only if the data are those that were replayed into",
    "upwards": "the gate is opened upwards only",
    "close": "a worker that meets a later epoch in the log closes the gate",
    "no lowering": "what is remembered never gets older",
    "reclaim due": "what is being visited is claimed again after a loss only where it is still owed",
}


@dataclass(frozen=True)
class Found:
    """What a search has found."""

    states: int
    breach: str
    """Empty: every state keeps every promise."""
    path: tuple[str, ...] = ()
    """The steps to the breach."""


def search(world: World, off: str = "", most: int = 1_000_000) -> Found:
    """Walk over every state that can be reached; stops at the first that breaks a promise.

    Promises: no visit stands twice, no text, no duplicate of nothing; a batch is decided once, an entry never changes;
    what is taken down is not published; what is remembered as seen stands in the log; no published page is fetched again; and from every state there is a
    way to the end, where the log has a row for every visit owed.
    """
    model = Steps(world, off)
    numbers, states = {start(world): 0}, [start(world)]
    # Of each state by its number: the state that it was first reached from, by which step, and all before it.
    came: list[tuple[int, str]] = [(0, "")]
    before: list[list[int]] = [[]]
    ends = []
    for number, state in enumerate(states):
        if model.is_done(state) or model.is_cut(state):
            ends.append(number)
        for label, after in model.steps(state):
            reached = numbers.setdefault(after, len(states))
            if reached < len(states):
                before[reached].append(number)
                continue
            states.append(after)
            came.append((number, label))
            before.append([number])
            breach = after.broken or _find_lost(after)
            if breach:
                return Found(len(states), breach, _path(came, reached))
            if len(states) > most:
                raise MemoryError(f"more than {most} states")
    stuck = _find_stuck(before, ends)
    if stuck is not None:
        return Found(len(states), "a visit is never made", _path(came, stuck))
    return Found(len(states), "")


def _find_stuck(before: list[list[int]], ends: list[int]) -> int | None:
    """Find the first state that no way leads from to an end."""
    good = set(ends)
    while ends:
        for number in before[ends.pop()]:
            if number not in good:
                good.add(number)
                ends.append(number)
    return next((number for number in range(len(before)) if number not in good), None)


def _find_lost(state: State) -> str:
    counts = read(state.log).counts
    lost = any(seen > counts.get(url, 0) for url, seen in enumerate(state.redis.seen))
    return "a URL is seen and has no row" if lost else ""


def _path(came: list[tuple[int, str]], number: int) -> tuple[str, ...]:
    steps = []
    while number:
        number, label = came[number]
        steps.append(label)
    return tuple(reversed(steps))
