"""The folder that `--data` names, before anything is made in it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from crawler.errors import UserError
from pipelines.objects import StoreError

if TYPE_CHECKING:
    from pathlib import Path


def nearest_folder(data: Path) -> Path:
    """Find the folder itself, or the nearest above it that is there. Raises UserError where that is a file."""
    place = next(path for path in (data, *data.absolute().parents) if path.exists())
    if not place.is_dir():
        raise UserError(f"--data {data}: {place} is a file; name a folder")
    return place


def make_data_folder(data: Path) -> None:
    """Make it where it is not there. Raises UserError where that cannot be, StoreError where it fails."""
    nearest_folder(data)
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"--data {data}: the folder cannot be made: {error.strerror}") from error
    if not os.access(data, os.W_OK | os.X_OK):
        raise StoreError(f"--data {data}: the folder cannot be written to")
