from __future__ import annotations

import random

import pytest

from pipelines.freshness import Freshness, Lags


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_quantile_of_many_lags_is_right_within_five_percent(share):
    chance, lags = random.Random(1), Lags()
    seconds = [chance.lognormvariate(6, 2) + 1 for _ in range(5000)]
    for each in seconds:
        lags.note(each)
    exact = sorted(seconds)[int(share * len(seconds))]
    assert lags.count == 5000
    assert lags.quantile(share) == pytest.approx(exact, rel=0.06)


def test_any_number_of_lags_takes_few_classes():
    lags = Lags()
    for seconds in range(0, 10 * 365 * 86_400, 9_999):
        lags.note(seconds)
    assert len(lags.counts()) < 250


def test_no_lags_have_no_quantile_and_one_from_the_future_is_no_error():
    lags = Lags()
    assert lags.quantile(0.5) is None
    lags.note(-3600)
    assert lags.quantile(0.5) == 1


def test_only_what_is_published_while_a_site_is_watched_counts():
    freshness = Freshness()
    freshness.watch("paper", 1_000)
    freshness.note("paper", 999, 2_000)
    freshness.note("other", 1_500, 2_000)
    assert freshness.lags == {}
    freshness.note("paper", 1_500, 2_000)
    assert freshness.lags["paper"].quantile(0.5) == pytest.approx(500, rel=0.05)
