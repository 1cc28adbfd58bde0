"""Every order of every step keeps the promises; with any one rule switched off, some order breaks one."""

import pytest

from tests.pipelines.protocol_model import RULES, search
from tests.pipelines.protocol_states import World

ONE_URL = (((0,),), ((0,),))

WORLDS = {
    "one dies, one is taken for dead": World(wants=ONE_URL, kind="gone", crashes=1, lapses=1),
    "Redis falls back, one is taken for dead": World(
        wants=ONE_URL, kind="gone", start="claimed", lapses=1, copies=1, falls=1, most_epochs=2
    ),
    "Redis is emptied and falls back, two open the gate": World(
        wants=ONE_URL, kind="gone", flushes=1, falls=1, most_epochs=3
    ),
    "Redis falls back while the gate is opened": World(
        wants=ONE_URL, kind="gone", start="lost", copies=1, falls=1, most_epochs=3
    ),
    "nobody has opened the gate yet": World(
        wants=ONE_URL, kind="gone", start="empty", crashes=1, lapses=1, most_epochs=3
    ),
    "two URLs have one text": World(wants=(((0,),), ((1,),)), lapses=1, crashes=1),
    "a batch has a duplicate of its own, another batch the same text": World(
        wants=(((0, 1),), ((2,),)), lapses=1
    ),
    "a URL is taken down": World(wants=(((0,),), ((1,),)), lapses=1, takedowns=1),
    "a URL is visited twice": World(wants=ONE_URL, owed=2, lapses=1, crashes=1),
}
DIE, FALL, FLUSH, LOST, EMPTY, TEXT, BATCH, DOWN, AGAIN = WORLDS

# The world in which the breach is found after the fewest states, and what breaks there.
BREACHES = {
    "claim": (AGAIN, "a published page is fetched again"),
    "gate at claim": (FLUSH, "a published page is fetched again"),
    "gate at prepare": (FALL, "a visit stands twice"),
    "gate at settle": (FALL, "a visit stands twice"),
    "run id": (FALL, "a published page is fetched again"),
    "busy": (BATCH, "a text stands twice"),
    "stale": (BATCH, "a text stands twice"),
    "original": (BATCH, "a duplicate of nothing"),
    "wait": (BATCH, "a duplicate of nothing"),
    "seen last": (DIE, "a URL is seen and has no row"),
    "heed abort": (DIE, "a batch is decided twice"),
    "heed epoch": (FLUSH, "a commit of an earlier epoch"),
    "heed takedown": (DOWN, "a row of what is taken down"),
    "read on": (FLUSH, "a commit of an earlier epoch"),
    "if absent": (DIE, "an entry has changed"),
    "reap": (DIE, "a visit is never made"),
    "reap by log": (DIE, "a batch is decided twice"),
    "reap reads on": (DIE, "a batch is decided twice"),
    "abort first": (DIE, "a published page is fetched again"),
    "keep prepared": (DIE, "a published page is fetched again"),
    "epoch entry": (FLUSH, "a commit of an earlier epoch"),
    "epoch before replay": (FLUSH, "a published page is fetched again"),
    "replay": (LOST, "a published page is fetched again"),
    "replay frees": (FALL, "a visit stands twice"),
    "same server": (LOST, "a published page is fetched again"),
    "same data": (FLUSH, "a published page is fetched again"),
    # Of all rules the only one that the others make up for: no row is lost or doubled without it.
    "upwards": (EMPTY, "the gate has gone down"),
    "close": (EMPTY, "a visit is never made"),
    "no lowering": (AGAIN, "a published page is fetched again"),
    "reclaim due": (FLUSH, "a visit stands twice"),
}


@pytest.mark.parametrize("world", WORLDS)
def test_no_order_of_steps_breaks_a_promise(world):
    found = search(WORLDS[world])
    assert (found.breach, found.path) == ("", ())
    assert found.states > 1000


@pytest.mark.parametrize("rule", RULES)
def test_without_the_rule_some_order_breaks_a_promise(rule):
    world, breach = BREACHES[rule]
    found = search(WORLDS[world], off=rule)
    assert found.breach == breach
    assert found.path
