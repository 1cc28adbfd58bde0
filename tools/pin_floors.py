"""Raise the quality floors of tests/quality/floors.json to what the code reaches now.

    python tools/pin_floors.py [--shared ../shared/bench] [--allow-regression]

A floor never sinks by itself: where the code reaches less, nothing is written and each figure is named, unless
`--allow-regression` says that this is meant. `tests/quality/test_floors.py` holds the code to them.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

FLOORS = Path(__file__).parent.parent / "tests" / "quality" / "floors.json"
SETS = {
    # set: the scorer's name for it, and one page in how many is taken, so that all of it takes less than a minute
    "zyte": ("articles", 1),
    "publishers": ("articles", 1),
    "wcxb": ("articles", 4),
    "segments": ("segments", 4),
    "artifacts": ("artifacts", 2),
    "dirty": ("artifacts", 1),
}
FROM_ABOVE = ("leak",)
"""Scores that must not rise; all others must not sink."""
DIGITS = 3
"""A floor is the figure rounded away by so much: what differs between machines is smaller."""

Scores = dict[str, float]
Floors = dict[str, Scores]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", type=Path, default=Path("../shared/bench"), help="the folder of the sets")
    parser.add_argument("--allow-regression", action="store_true", help="lower floors, too")
    options = parser.parse_args()
    if not (options.shared / "score.py").is_file():
        parser.error(f"{options.shared}: no score.py there; name the folder of the sets with --shared")
    floors = read_floors()
    reached = {name: measure(options.shared, name) for name in SETS}
    below = [line for name, scores in reached.items() for line in find_breaches(name, scores, floors)]
    if below and not options.allow_regression:
        sys.exit("\n".join([*below, "nothing written; --allow-regression lowers these floors"]))
    pinned = {
        name: {key: pin(key, score) for key, score in scores.items()} for name, scores in reached.items()
    }
    if not options.allow_regression:
        pinned = {name: keep_better(scores, floors.get(name, {})) for name, scores in pinned.items()}
    FLOORS.write_text(json.dumps(pinned, indent=2) + "\n")
    for name, scores in pinned.items():
        for key, floor in scores.items():
            if floors.get(name, {}).get(key) != floor:
                print(f"{name} {key}: {floors.get(name, {}).get(key, '-')} -> {floor}")


def read_floors() -> Floors:
    """The floors by set and score; for scores that must not rise, the ceilings."""
    floors: Floors = json.loads(FLOORS.read_text()) if FLOORS.exists() else {}
    return floors


def measure(shared: Path, name: str) -> Scores:
    """What `broadsheet clean` reaches on the sample of a set, by the sets' own scorer."""
    scored_as, one_in = SETS[name]
    with tempfile.TemporaryDirectory() as scratch:
        pages, gold, out = (Path(scratch) / file for file in ("pages.jsonl", "gold.jsonl", "out.jsonl"))
        for kind, target in (("pages", pages), ("gold", gold)):
            target.write_text("".join(sample(shared / f"{name}.{kind}.jsonl.gz", one_in)))
        run("-m", "crawler", "clean", pages, "--out", out)
        scores: Scores = json.loads(run(shared / "score.py", scored_as, gold, out))
        return scores


def sample(path: Path, one_in: int) -> list[str]:
    """The lines of a set whose id's hash falls into the sample: the same on every machine."""
    with gzip.open(path, "rt") as lines:
        return [line for line in lines if _hash(json.loads(line)) % one_in == 0]


def find_breaches(name: str, scores: Scores, floors: Floors) -> list[str]:
    """One line for each score of a set that its floor forbids."""
    breaches = []
    for key, floor in floors.get(name, {}).items():
        score = scores.get(key, math.inf if is_ceiling(key) else 0.0)
        if score > floor if is_ceiling(key) else score < floor:
            word = "above its ceiling" if is_ceiling(key) else "below its floor"
            breaches.append(f"{name}: {key} is {score:.4f}, {word} {floor}")
    return breaches


def is_ceiling(key: str) -> bool:
    """Whether a score must not rise."""
    return key.partition(":")[0] in FROM_ABOVE


def pin(key: str, score: float) -> float:
    """The floor, or ceiling, for a score reached."""
    scale: int = 10**DIGITS
    return (math.ceil(score * scale - 1e-9) if is_ceiling(key) else math.floor(score * scale + 1e-9)) / scale


def keep_better(new: Scores, old: Scores) -> Scores:
    """The stricter of each two floors."""
    return {key: (min if is_ceiling(key) else max)(floor, old.get(key, floor)) for key, floor in new.items()}


def run(*arguments: object) -> str:
    """What a Python command prints; exits with its error where it fails."""
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")
    return done.stdout


def _hash(row: dict[str, Any]) -> int:
    # A planted page goes with the page that it was made of.
    return int(hashlib.sha256(row["id"].removeprefix("A-").encode()).hexdigest(), 16)


if __name__ == "__main__":
    main()
