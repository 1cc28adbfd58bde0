"""The judge: weighs a piece's features and says how likely it belongs to the article.

Gradient-boosted trees, learned from pages with reference bodies by `tools/train_judge.py` and stored as data in
`rules/`. Named rules take what has a name; the judge decides about the rest.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class Tree(msgspec.Struct, array_like=True, frozen=True):
    """One tree: node 0 is the root; a child below zero is the leaf `~child`."""

    feature: tuple[int, ...]
    threshold: tuple[float, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    value: tuple[float, ...]


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A stored judge with its provenance."""

    generated_by: str
    source: str
    licence: str
    retrieved: str
    features: tuple[str, ...]
    trees: tuple[Tree, ...]


class Judge:
    """A model laid out for judging all pieces of a page at once."""

    def __init__(self, model: Model) -> None:
        size = max(len(tree.feature) + len(tree.value) for tree in model.trees)
        count = len(model.trees)
        # All trees in one row, `size` places each. A leaf leads to itself, so that each step moves all trees alike.
        self._roots = (np.arange(count, dtype=np.int32) * size)[:, None]
        self._feature = np.zeros(count * size, dtype=np.int32)
        self._threshold = np.full(count * size, np.inf)
        self._child = np.repeat(np.arange(count * size, dtype=np.int32), 2)
        self._value = np.zeros(count * size)
        for root, tree in zip(self._roots[:, 0], model.trees, strict=True):
            inner = len(tree.feature)
            self._feature[root : root + inner] = tree.feature
            self._threshold[root : root + inner] = tree.threshold
            for side, children in enumerate((tree.right, tree.left)):
                places = [child if child >= 0 else inner + ~child for child in children]
                self._child[2 * root + side : 2 * (root + inner) : 2] = root + np.asarray(places)
            self._value[root + inner : root + inner + len(tree.value)] = tree.value
        self._depth = max(_depth(tree) for tree in model.trees)

    def likelihoods(self, rows: Sequence[Sequence[float]]) -> list[float]:
        """How likely the piece behind each row of features belongs to the article, 0 to 1."""
        if not rows:
            return []
        table: NDArray[np.float64] = np.asarray(rows, dtype=np.float64)
        starts = np.arange(len(table), dtype=np.int32)[None, :] * table.shape[1]
        cells = table.ravel()
        node = np.repeat(self._roots, len(table), axis=1)
        for _ in range(self._depth):
            goes_left = cells.take(starts + self._feature.take(node)) <= self._threshold.take(node)
            node = self._child.take(2 * node + goes_left)
        total = self._value.take(node).sum(axis=0)
        return [float(odd) for odd in 1 / (1 + np.exp(-total))]


def _depth(tree: Tree) -> int:
    depths = {0: 1}
    for node in range(len(tree.feature)):
        for child in (tree.left[node], tree.right[node]):
            if child > 0:
                depths[child] = depths[node] + 1
    return max(depths.values())


@functools.cache
def load_judge(name: str, features: tuple[str, ...]) -> Judge:
    """The judge stored as `rules/<name>.json`, read once a process.

    Raises ValueError where it was trained on other features than `features`.
    """
    path = Path(__file__).parent / "rules" / f"{name}.json"
    model = msgspec.json.decode(path.read_bytes(), type=Model)
    if model.features != features:
        raise ValueError(
            f"{path.name} was trained on other features than the code has: run tools/train_judge.py"
        )
    return Judge(model)
