"""Quality on real pages may not sink: `broadsheet clean` over samples of the shared sets, against the floors."""

import os
from pathlib import Path

import pytest

from tools.pin_floors import SETS, find_breaches, measure, pin, read_floors

ROOT = Path(__file__).parents[2]
# Pages of other people, in no repository.
SHARED = Path(os.environ.get("BROADSHEET_BENCH", ROOT.parent / "shared" / "bench"))
if not SHARED.is_dir():
    reason = f"{SHARED}: the shared sets are not there; BROADSHEET_BENCH names their folder"
    shared_only = pytest.mark.skip(reason=reason)
else:
    shared_only = pytest.mark.timeout(300)


@shared_only
@pytest.mark.parametrize("name", SETS)
def test_quality_stays_at_its_floor(name):
    assert find_breaches(name, measure(SHARED, name), read_floors()) == []


def test_every_set_has_floors_of_body_and_ceilings_of_leaks():
    floors = read_floors()
    assert floors.keys() == SETS.keys()
    for name, (scored_as, _) in SETS.items():
        assert floors[name]["f1"] > 0.9
        assert ("leak" in floors[name]) == (scored_as == "artifacts")


def test_score_below_its_floor_and_leak_above_its_ceiling_are_named():
    floors = {"zyte": {"f1": 0.98}, "dirty": {"leak": 0.02, "leak:icon": 0.0}}
    assert find_breaches("zyte", {"f1": 0.98}, floors) == []
    assert find_breaches("zyte", {"f1": 0.9799}, floors) == ["zyte: f1 is 0.9799, below its floor 0.98"]
    assert find_breaches("dirty", {"leak": 0.01, "leak:icon": 0.01}, floors) == [
        "dirty: leak:icon is 0.0100, above its ceiling 0.0"
    ]
    assert find_breaches("zyte", {}, floors)
    assert find_breaches("dirty", {}, floors)


def test_floors_are_pinned_at_or_below_what_was_reached_and_ceilings_above():
    assert pin("f1", 0.98765) == 0.987
    assert pin("leak:box", 0.00011) == 0.001
    assert pin("leak", 0.0) == 0.0
