"""Training the judge: which pages, how much each counts, what LightGBM is told, and how its trees are stored."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import lightgbm
import numpy as np
from shared_sets import SENTENCE_SET

from cleaners.judge import Model, Tree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from judge_pages import JudgedPage
    from numpy.typing import NDArray

TREES = 180
PARAMETERS = {
    "objective": "binary",
    "learning_rate": 0.08,
    "num_leaves": 20,
    "max_depth": 7,
    "min_data_in_leaf": 100,
    "feature_fraction": 0.3,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 15,
    "verbose": -1,
    "seed": 1,
    "deterministic": True,
}
# What a piece of a page with a reference body weighs: its share of the article's tokens, so that each page counts like
# each other as in the score; and equal shares for each kept and for each piece, so that short ones count at all.
TOKEN_WEIGHT = 0.65
KEPT_WEIGHT = 0.35
PIECE_WEIGHT = 0.2
SENTENCE_WEIGHT = 0.2
"""What a piece labelled by a sentence weighs, next to a mean of 1: few are labelled, and by hand-picked sentences."""
SOURCE = (
    "bodies of 935 pages: scrapinghub/article-extraction-benchmark, flairNLP/fundus test resources, WCXB by Murrough "
    "Foley (2026); sentences of 504 pages: adbar/trafilatura evaluation data"
)
LICENCE = "MIT, MIT, CC-BY-4.0, Apache-2.0; the model holds numbers, none of the pages"
NEVER_EXCEEDED = 1e30


def train(pages: Sequence[JudgedPage], features: tuple[str, ...], *, witnessed: bool) -> Model:
    """The model learned from pages; `features` names the columns of their rows."""
    tables, labels, weights = [], [], []
    for kind in (False, True):
        of_kind = [page for page in pages if (page.set_name == SENTENCE_SET) is kind and page.pieces]
        own = [np.array(_weights(page)) for page in of_kind]
        mean = np.concatenate(own).mean() if own and not kind else 1.0
        for page, weight in zip(of_kind, own, strict=True):
            known = [i for i, label in enumerate(page.labels) if label is not None]
            tables.append((page.witnessed_rows if witnessed else page.rows)[known])
            labels.append(np.array([page.labels[i] for i in known], dtype=np.float64))
            weights.append(weight[known] / mean)
    data = lightgbm.Dataset(np.concatenate(tables), np.concatenate(labels), weight=np.concatenate(weights))
    booster = lightgbm.train(PARAMETERS, data, TREES)
    return Model(
        generated_by="tools/train_judge.py",
        source=SOURCE,
        licence=LICENCE,
        retrieved=datetime.now(UTC).date().isoformat(),
        features=features,
        trees=tuple(_to_tree(tree["tree_structure"]) for tree in booster.dump_model()["tree_info"]),
    )


def table_of(page: JudgedPage, *, witnessed: bool) -> NDArray[np.float32]:
    """A page's rows with or without the witness."""
    return page.witnessed_rows if witnessed else page.rows


def _weights(page: JudgedPage) -> list[float]:
    """What each piece of a page counts in training."""
    if page.set_name == SENTENCE_SET:
        return [SENTENCE_WEIGHT] * len(page.pieces)
    kept = [bool(label) for label in page.labels]
    kept_tokens = sum(count for count, is_kept in zip(page.tokens, kept, strict=True) if is_kept) or 1
    each = KEPT_WEIGHT / (sum(kept) or 1) + PIECE_WEIGHT / len(kept)
    return [each + TOKEN_WEIGHT * min(count / kept_tokens, 1.0) for count in page.tokens]


def _to_tree(root: dict[str, Any]) -> Tree:
    """LightGBM's nested nodes as flat lists: nodes by number from the root, a leaf `n` as `~n`."""
    feature: list[int] = []
    threshold: list[float] = []
    left: list[int] = []
    right: list[int] = []
    value: list[float] = []

    def add(node: dict[str, Any]) -> int:
        if "leaf_value" in node:
            value.append(_rounded(node["leaf_value"], 4))
            return ~(len(value) - 1)
        assert node["decision_type"] == "<=", "a feature is a number, never a category"
        place = len(feature)
        feature.append(node["split_feature"])
        threshold.append(_rounded(node["threshold"], 5))
        left.append(0)
        right.append(0)
        left[place] = add(node["left_child"])
        right[place] = add(node["right_child"])
        return place

    only = add(root)
    if only < 0:  # a tree that found nothing to part is one leaf
        feature, threshold, left, right = [0], [NEVER_EXCEEDED], [only], [only]
    return Tree(tuple(feature), tuple(threshold), tuple(left), tuple(right), tuple(value))


def _rounded(number: float, digits: int) -> float:
    """A number with so many significant digits: the file is half as long, and no figure of the report moves."""
    return float(f"{number:.{digits}g}")
