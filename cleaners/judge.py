"""The judge: weighs a piece's features and says how likely it belongs to the article.

Gradient-boosted trees, learned from pages with reference bodies by `tools/train_judge.py` and stored as data in
`rules/`. Named rules take what has a name; the judge decides about the rest.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

ALL_LEAVES = 0xFFFFFFFF
ROWS_AT_ONCE = 128
"""What a page's rows are judged in, so that the tables between stay within the processor's cache."""

# Untyped: read as for Python 3.11, the stubs of NumPy 2.5 know no call of it with an axis.
_left_by_all: Any = np.bitwise_and.reduce


class Tree(msgspec.Struct, array_like=True, frozen=True):
    """One tree: node 0 is the root, children have higher numbers; a child below zero is the leaf `~child`."""

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
    """A model laid out for judging all pieces of a page at once.

    No tree is walked: each condition is asked once, and each node strikes the leaves on the side not taken from the
    set of its tree's leaves. One leaf is left of each tree. This takes 0.6 of the time of walking all trees in step.
    """

    def __init__(self, model: Model) -> None:
        count = len(model.trees)
        nodes = max(len(tree.feature) for tree in model.trees)
        leaves = max(len(tree.value) for tree in model.trees)
        conditions: dict[tuple[int, float], int] = {}
        # The nodes with the same number in all trees stand together; those that a tree has not strike nothing.
        condition = np.zeros((nodes, count), dtype=np.intp)
        right = np.full((nodes, count), ALL_LEAVES, dtype=np.uint32)
        left = right.copy()
        value = np.zeros((count, leaves))
        for number, tree in enumerate(model.trees):
            value[number, : len(tree.value)] = tree.value
            for node, (ours, lefts, rights) in enumerate(_leaf_sets(tree)):
                asked = (tree.feature[node], tree.threshold[node])
                condition[node, number] = conditions.setdefault(asked, len(conditions))
                left[node, number] = ours & ~rights | lefts
                right[node, number] = ours & ~lefts | rights
        self._feature = np.array([feature for feature, _ in conditions], dtype=np.intp)
        self._threshold = np.array([threshold for _, threshold in conditions])[:, None]
        self._shape = (nodes, count, -1)
        self._condition = condition.ravel()
        self._right = right.reshape(-1, 1)
        self._changes = (left ^ right).reshape(-1, 1)
        self._value = value.ravel()
        self._first_leaf = (np.arange(count) * leaves)[:, None]

    def likelihoods(self, rows: ArrayLike) -> list[float]:
        """How likely the piece behind each row of features belongs to the article, 0 to 1."""
        table: NDArray[np.float64] = np.asarray(rows, dtype=np.float64)
        odds: list[float] = []
        for start in range(0, len(table), ROWS_AT_ONCE):
            total = self._totals(table[start : start + ROWS_AT_ONCE])
            odds += (1 / (1 + np.exp(-total))).tolist()
        return odds

    def _totals(self, table: NDArray[np.float64]) -> NDArray[np.float64]:
        """Per row, the sum of what all trees say."""
        columns = np.ascontiguousarray(table.T)
        holds = columns.take(self._feature, axis=0) <= self._threshold
        struck: NDArray[np.uint32] = holds.take(self._condition, axis=0) * self._changes
        struck ^= self._right
        last: NDArray[np.uint32] = _left_by_all(struck.reshape(self._shape), axis=0)
        leaf = np.bitwise_count(last - np.uint32(1))
        total: NDArray[np.float64] = self._value.take(self._first_leaf + leaf).sum(axis=0)
        return total


def _leaf_sets(tree: Tree) -> list[tuple[int, int, int]]:
    """Per node, sets of leaves, one bit each: all of the tree's, those below its left side, those below its right."""
    ours = (1 << len(tree.value)) - 1
    if ours > ALL_LEAVES:
        raise ValueError(f"a tree of {len(tree.value)} leaves, more than 32: train with a smaller num_leaves")
    below = [0] * len(tree.feature)
    sides = [(0, 0)] * len(tree.feature)
    # A node's children have higher numbers than it has.
    for node in reversed(range(len(tree.feature))):
        lefts, rights = (
            below[child] if child >= 0 else 1 << ~child for child in (tree.left[node], tree.right[node])
        )
        sides[node] = (lefts, rights)
        below[node] = lefts | rights
    return [(ours, lefts, rights) for lefts, rights in sides]


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
