"""Where the shared sets lie: other people's pages, which are no part of the project."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

DEFAULT = Path("../shared/bench")


def add_option(parser: argparse.ArgumentParser) -> None:
    """Let the folder be named by --shared."""
    parser.add_argument("--shared", type=Path, default=DEFAULT, metavar="FOLDER", help="the shared sets")


def check(folder: Path, *needed: str) -> None:
    """End the process with one line and exit code 2 where a file that is needed is not there."""
    for name in needed:
        if not (folder / name).is_file():
            print(
                f"--shared {folder}: no {name} there; name the folder of the shared sets (pages and references as "
                "JSON Lines, as CONTRIBUTING.md describes them) with --shared, or SHARED=FOLDER of make",
                file=sys.stderr,
            )
            sys.exit(2)
