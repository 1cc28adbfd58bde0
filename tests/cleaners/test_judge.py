"""The judge: trees as data, walked as they are written."""

import random

import msgspec
import pytest

import cleaners.judge
from cleaners.features import FEATURES
from cleaners.judge import Judge, Model, Tree, load_judge
from cleaners.stages import judge_groups
from cleaners.witness import WITNESS_FEATURES
from tests.cleaners.story import lay

HEAD = {"generated_by": "a test", "source": "-", "licence": "-", "retrieved": "2026-05-04"}


def model(*trees):
    return Model(**HEAD, features=("a", "b"), trees=trees)


def walk(tree, row):
    node = 0
    while node >= 0:
        side = tree.left if row[tree.feature[node]] <= tree.threshold[node] else tree.right
        node = side[node]
    return tree.value[~node]


def test_goes_left_up_to_the_threshold_and_right_above():
    judge = Judge(model(Tree((0,), (2.0,), (~0,), (~1,), (-40.0, 40.0))))
    assert judge.likelihoods([[1, 0], [2, 0], [2.1, 0]]) == pytest.approx([0, 0, 1])


def test_adds_trees_of_any_depth():
    deep = Tree((0, 1), (2.0, 0.5), (~0, ~1), (1, ~2), (-1.0, 0.5, 3.0))
    lone = Tree((0,), (1e30,), (~0,), (~0,), (0.25,))
    odds = Judge(model(deep, lone)).likelihoods([[1, 9], [3, 0], [3, 1]])
    assert odds == pytest.approx([1 / (1 + 2.718281828 ** -(total + 0.25)) for total in (-1.0, 0.5, 3.0)])


@pytest.mark.parametrize(
    ("name", "features"), [("judge", FEATURES), ("judge_with_witness", FEATURES + WITNESS_FEATURES)]
)
def test_walks_the_stored_trees_as_they_are_written(name, features):
    path = cleaners.judge.Path(cleaners.judge.__file__).parent / "rules" / f"{name}.json"
    stored = msgspec.json.decode(path.read_bytes(), type=Model)
    chance = random.Random(3)
    rows = [[chance.choice((0, 1, chance.uniform(-5, 60))) for _ in features] for _ in range(20)]
    totals = [sum(walk(tree, row) for tree in stored.trees) for row in rows]
    odds = load_judge(name, features).likelihoods(rows)
    assert odds == pytest.approx([1 / (1 + 2.718281828459045**-total) for total in totals])


def test_refuses_a_judge_of_other_features():
    with pytest.raises(ValueError, match=r"run tools/train_judge\.py"):
        load_judge("judge", FEATURES[1:])


def test_judges_no_piece_of_a_page_without_any():
    assert load_judge("judge", FEATURES).likelihoods([]) == []


def test_draws_the_rows_of_a_table_together():
    pieces = lay("<table><tr><td>2021</td></tr><tr><td>2022</td></tr></table><p>2023</p>")
    assert judge_groups(pieces, [1.0, 0.0, 0.2]) == [0.75, 0.25, 0.2]
