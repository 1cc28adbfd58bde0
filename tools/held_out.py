"""Cleaning pages by judges that were not trained on their sites."""

from __future__ import annotations

import hashlib
from pathlib import Path  # noqa: TC003 -- workers unpickle it
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import msgspec
import tldextract
from shared_sets import clean_page

import cleaners.stages
from cleaners.judge import Judge, Model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cleaners.models import Article, Rejection

FOLDS = 5
NAMES = ("judge", "judge_with_witness")

Models = dict[str, Model]
"""Both judges by their names."""

_split = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
_held: list[dict[str, Judge]] = []


def fold_of(url: str) -> int:
    """The part of the pages that a page is held out with: the same for all pages of a site, whatever its suffix."""
    return int(hashlib.md5(_split(url).domain.encode()).hexdigest(), 16) % FOLDS


def write_models(folder: Path, models: Models, suffix: str = "") -> None:
    """Store both judges; `suffix` parts those of one fold from those of another."""
    for name, model in models.items():
        (folder / f"{name}{suffix}.json").write_bytes(msgspec.json.encode(model))


def read_parts(folder: Path) -> list[Models]:
    """The judges of all folds, as `train_judge.py --parts` stored them. Raises FileNotFoundError where one is missing."""
    return [
        {
            name: msgspec.json.decode((folder / f"{name}.{fold}.json").read_bytes(), type=Model)
            for name in NAMES
        }
        for fold in range(FOLDS)
    ]


def hold_judges(parts: Sequence[Models]) -> None:
    """Start a worker with the judges of all folds."""
    _held[:] = [{name: Judge(model) for name, model in models.items()} for models in parts]


def clean_held_out(page: dict[str, Any]) -> Article | Rejection:
    """Clean a page by the judges that have not seen its site."""
    judges = _held[fold_of(page["url"])]
    with patch.object(cleaners.stages, "load_judge", lambda name, _features: judges[name]):
        return clean_page(page)
