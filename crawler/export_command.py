"""`broadsheet export`: what is published, as Parquet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.exits import exit_codes, stop_on_sigterm
from pipelines.export import ExportError, export_parquet
from pipelines.objects import StoreError

if TYPE_CHECKING:
    from pathlib import Path


def export_data(data: str, parquet: Path, as_of: int | None) -> None:
    """Run the command; ends the process where something is wrong."""
    stop_on_sigterm()
    with exit_codes(mistakes=(ExportError,), faults=(StoreError,)):
        counts = export_parquet(data, parquet, as_of=as_of)
        print(f"{', '.join(f'{count} {table}' for table, count in counts.items())} in {parquet}")
