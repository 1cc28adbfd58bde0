"""The judge: weighs a piece's features and says how likely it belongs to the article.

Gradient-boosted trees, learned from pages with reference bodies by `tools/train_judge.py` and stored as data in
`rules/judge.json`. Named rules take what has a name; the judge decides about the rest.
"""

from __future__ import annotations

import functools
import math
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from cleaners.features import FEATURES

if TYPE_CHECKING:
    from collections.abc import Sequence

KEEP_AT = 0.45
"""A piece at or above this is the article's. Between 0.40 and 0.50 F1 on held-out sites moves by less than 0.002."""


class Tree(msgspec.Struct, array_like=True, frozen=True):
    """One tree: node 0 is the root; a child below zero is the leaf `~child`."""

    feature: tuple[int, ...]
    threshold: tuple[float, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    value: tuple[float, ...]


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The stored judge with its provenance."""

    generated_by: str
    source: str
    licence: str
    retrieved: str
    features: tuple[str, ...]
    trees: tuple[Tree, ...]


@functools.cache
def load_model(name: str = "judge") -> Model:
    """The model, read once a process. Raises ValueError where it was trained on other features than the code has."""
    path = Path(__file__).parent / "rules" / f"{name}.json"
    model = msgspec.json.decode(path.read_bytes(), type=Model)
    if model.features != FEATURES:
        raise ValueError(f"{path.name} was trained on other features than cleaners/features.py has: train it again")
    return model


def likelihood(row: Sequence[float], model: Model) -> float:
    """How likely the piece with these features belongs to the article, 0 to 1."""
    total = 0.0
    for tree in model.trees:
        feature, threshold, left, right, value = tree.feature, tree.threshold, tree.left, tree.right, tree.value
        node = 0
        while node >= 0:
            node = left[node] if row[feature[node]] <= threshold[node] else right[node]
        total += value[~node]
    return 1 / (1 + math.exp(-total))
