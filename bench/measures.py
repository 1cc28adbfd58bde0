"""What both benches need: a command's cost with all its children, and a table."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What a command cost, with every process that it started and waited for."""

    seconds: float
    cpu_seconds: float


def run_measured(command: Sequence[str], *, environment: Mapping[str, str] | None = None) -> Spent:
    """Run the command to its end; exits with its error where it fails."""
    before, started = os.times(), time.perf_counter()
    done = subprocess.run(
        command,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    after, ended = os.times(), time.perf_counter()
    if done.returncode:
        sys.exit(f"{' '.join(command)}\nexit code {done.returncode}\n{done.stderr}")
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return Spent(seconds=ended - started, cpu_seconds=used)


def print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows under the union of their columns; floats with three digits."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    cells = [columns] + [[_shown(row.get(name)) for name in columns] for row in rows]
    widths = [max(len(line[k]) for line in cells) for k in range(len(columns))]
    for line in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _shown(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
