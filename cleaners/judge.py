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
        nodes = max(len(tree.feature) for tree in model.trees)
        leaves = max(len(tree.value) for tree in model.trees)
        shape = (len(model.trees), nodes + leaves)
        self.features = model.features
        # Leaves stand behind the inner nodes and lead to themselves, so that each step moves all trees alike.
        self._feature = np.zeros(shape, dtype=np.int32)
        self._threshold = np.full(shape, np.inf)
        self._left = np.tile(np.arange(shape[1], dtype=np.int32), (shape[0], 1))
        self._right = self._left.copy()
        self._value = np.zeros(shape)
        for row, tree in enumerate(model.trees):
            inner = len(tree.feature)
            self._feature[row, :inner] = tree.feature
            self._threshold[row, :inner] = tree.threshold
            self._left[row, :inner] = [child if child >= 0 else nodes + ~child for child in tree.left]
            self._right[row, :inner] = [child if child >= 0 else nodes + ~child for child in tree.right]
            self._value[row, nodes : nodes + len(tree.value)] = tree.value
        self._depth = max(_depth(tree) for tree in model.trees)
        self._rows = np.arange(shape[0])[:, None]

    def likelihoods(self, rows: Sequence[Sequence[float]]) -> list[float]:
        """How likely the piece behind each row of features belongs to the article, 0 to 1."""
        if not rows:
            return []
        table: NDArray[np.float64] = np.asarray(rows, dtype=np.float64)
        columns = np.arange(len(table))[None, :]
        node = np.zeros((len(self._rows), len(table)), dtype=np.int32)
        for _ in range(self._depth):
            goes_left = table[columns, self._feature[self._rows, node]] <= self._threshold[self._rows, node]
            node = np.where(goes_left, self._left[self._rows, node], self._right[self._rows, node])
        total = self._value[self._rows, node].sum(axis=0)
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
        raise ValueError(f"{path.name} was trained on other features than the code has: run tools/train_judge.py")
    return Judge(model)
