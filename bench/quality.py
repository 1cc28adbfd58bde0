"""Quality on every shared set: Broadsheet beside trafilatura with its defaults, by the sets' own score.py.

    python bench/quality.py [--shared FOLDER] [--set NAME ...] [--keep FOLDER]

CPU seconds are those of the whole command, start included, with one cleaning process; in the same run.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import shared_folder
from measures import print_table, run_measured

SCORED_AS = {
    "zyte": "articles",
    "publishers": "articles",
    "wcxb": "articles",
    "segments": "segments",
    "artifacts": "artifacts",
    "dirty": "artifacts",
}
COLUMNS = ("f1", "precision", "recall", "exact", "title", "date", "authors", "leak")
BASELINE = Path(__file__).with_name("baseline.py")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    shared_folder.add_option(parser)
    parser.add_argument("--set", dest="sets", nargs="+", choices=SCORED_AS, default=list(SCORED_AS))
    parser.add_argument("--keep", type=Path, help="leave the predictions in this folder")
    options = parser.parse_args()
    pairs = [f"{name}.{part}.jsonl.gz" for name in options.sets for part in ("pages", "gold")]
    shared_folder.check(options.shared, "score.py", *pairs)
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        print_table([row for name in options.sets for row in compare(options.shared, name, folder)])


def compare(shared: Path, name: str, folder: Path) -> list[dict[str, Any]]:
    """One row for us and one for trafilatura; on `dirty`, which is text, one for the text as it is."""
    pages = str(shared / f"{name}.pages.jsonl.gz")
    rows: list[dict[str, Any]] = []
    for who in ("broadsheet", "trafilatura"):
        out = str(folder / f"{name}.{who}.jsonl")
        if who == "broadsheet":
            command = ["-m", "crawler", "clean", pages, "--workers", "1", "--out", out]
        else:
            command = [str(BASELINE), pages, out]
        spent = run_measured([sys.executable, *command])
        scores = score(shared, name, out)
        by = "as it is" if (who, name) == ("trafilatura", "dirty") else who
        shown = {column: scores[column] for column in COLUMNS if column in scores}
        rows.append({"set": name, "by": by, **shown, "cpu_seconds": spent.cpu_seconds})
    if name != "dirty":
        rows[0]["cpu_ratio"] = rows[0]["cpu_seconds"] / rows[1]["cpu_seconds"]
    return rows


def score(shared: Path, name: str, predictions: str) -> dict[str, float]:
    """What the sets' own scorer says."""
    command = [
        sys.executable,
        str(shared / "score.py"),
        SCORED_AS[name],
        str(shared / f"{name}.gold.jsonl.gz"),
        predictions,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    scores: dict[str, float] = json.loads(done.stdout)
    return scores


if __name__ == "__main__":
    main()
