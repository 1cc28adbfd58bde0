"""Sites against their own past: no alert while they are well, the right one soon after they break."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from crawler.watch.alerts import MOST_BYTES, SiteMemory, note_visit, read_memory
from crawler.watch.monitors import MONITORS
from crawler.watch.visits import FIELDS, Sample, Visit, add_up

HOUR = 3600


def load(name):
    """A module beside this one: tests are no package."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


simulated = load("simulated")


def a_visit(at, **parts):
    """A pass of a site that is well: five articles, of which all is known."""
    return Visit(
        **{
            "at": at,
            "answered": 1,
            "links": 40,
            "new": 5,
            "gap": HOUR,
            "articles": 5,
            "fields": [5] * len(FIELDS),
            "chars": 3_000,
            "removals": 4,
            "chars_removed": 600,
            "chars_kept": 15_000,
            "lags": 5,
            "lag": 900,
            "verdict": "ok",
        }
        | parts
    )


class History:
    """A site's memory, filled pass by pass through Redis' form."""

    def __init__(self, step=HOUR):
        self.memory, self.at, self.step = SiteMemory(), 1_770_000_000, step

    def go(self, passes, **parts):
        """Gives what was told of them, as `event monitor`."""
        told = []
        for _ in range(passes):
            self.at += self.step
            samples = {"listings": [Sample("https://a.example/feed")]}
            removals = [parts.get("removals", 4)] * parts.get("articles", 5)
            messages = note_visit(self.memory, "a", a_visit(self.at, **parts), samples, removals)
            told += [f"{message.event} {message.monitor}" for message in messages]
            self.memory = read_memory(self.memory.packed())
        return told


def test_20_healthy_sites_give_no_alert_over_200_passes_and_are_remembered_in_4_kilobytes():
    for seed in range(20):
        messages, size = simulated.run_healthy(seed)
        assert messages == [], seed
        assert size <= MOST_BYTES


@pytest.mark.parametrize("how", simulated.BREAKS)
def test_a_break_is_noticed_within_two_passes_by_the_right_monitor(how):
    right = []
    for seed in range(5):
        opened = {message.monitor for message in simulated.run_broken(seed, how)}
        assert opened <= simulated.BREAKS[how], seed
        right.append(bool(opened))
    # Small sites have too few pages in two passes where their pages differ much anyway.
    assert sum(right) >= 4


@pytest.mark.parametrize(
    ("broken", "monitor"),
    [
        ({"links": 0, "new": 0, "gap": 0, "articles": 0, "fields": [], "lags": 0}, "yield"),
        ({"answered": 0, "failed": 1, "new": 0, "gap": 0, "articles": 0, "fields": [], "lags": 0}, "errors"),
        ({"articles": 0, "fields": [], "bad": {"http_404": 5}, "lags": 0}, "errors"),
        ({"articles": 0, "fields": [], "bad": {"http_403": 5}, "lags": 0, "verdict": "blocked"}, "verdict"),
        (
            {"articles": 0, "fields": [], "bad": {"paywall_teaser": 5}, "lags": 0, "verdict": "paywalled"},
            "verdict",
        ),
        ({"articles": 0, "fields": [], "bad": {"robots": 5}, "lags": 0, "verdict": "robots"}, "verdict"),
        ({"fields": [5, 5, 0, 5, 5]}, "fields"),
        ({"chars": 300, "chars_kept": 1_500, "chars_removed": 60}, "text"),
        ({"chars": 30_000, "chars_kept": 150_000, "chars_removed": 6_000}, "text"),
        ({"removals": 9}, "artifacts"),
        ({"leftovers": 5}, "artifacts"),
        ({"chars_removed": 30_000}, "artifacts"),
        ({"lag": 40 * HOUR}, "freshness"),
    ],
)
def test_each_monitor_opens_after_two_bad_passes_and_closes_after_good_ones(broken, monitor):
    history = History()
    assert history.go(12) == []
    assert history.go(1, **broken) == []
    assert history.go(1, **broken) == [f"opened {monitor}"]
    assert history.go(4, **broken) == []
    assert history.go(2) == [f"closed {monitor}"]
    assert history.go(20) == []


def test_one_bad_pass_between_good_ones_opens_nothing():
    history = History()
    history.go(12)
    for _ in range(10):
        assert history.go(1, articles=0, fields=[], bad={"http_503": 5}, lags=0) == []
        assert history.go(3) == []


def test_a_site_that_was_always_so_is_not_broken():
    history = History()
    paywalled = {
        "articles": 1,
        "fields": [1, 0, 1, 1, 0],
        "bad": {"paywall_teaser": 4},
        "verdict": "paywalled",
    }
    assert history.go(60, **paywalled) == []


def test_a_site_that_falls_silent_is_told_of_after_a_day_and_thrice_its_longest_pause():
    history = History()
    history.go(100)
    quiet = {"new": 0, "gap": 0, "articles": 0, "fields": [], "lags": 0}
    assert history.go(24, **quiet) == []
    assert history.go(2, **quiet) == ["opened freshness"]
    assert history.go(48, **quiet) == []
    (alert,) = history.memory.alerts
    assert alert.evidence == "nothing new for 3 d; its longest pause was 60 min"
    assert [sample.url for sample in alert.samples] == ["https://a.example/feed"]
    assert history.go(2) == ["closed freshness"]


def test_a_day_with_hardly_a_new_link_is_told_of_on_the_next():
    history = History()
    history.go(24 * 9)
    few = {"new": 0, "gap": 0, "articles": 0, "fields": [], "lags": 0}
    told = [
        line
        for turn in range(66)
        for line in history.go(1, **few)
        + (history.go(1, new=1, gap=2 * HOUR, articles=1, fields=[1] * 5, lags=1) if turn % 6 == 0 else [])
    ]
    assert told == ["opened yield"]


def test_what_holds_for_three_weeks_is_normal_from_then_on():
    history = History(step=6 * HOUR)
    history.go(40)
    lost = {"fields": [5, 0, 5, 5, 5]}
    told = history.go(4 * 25, **lost)
    assert told == ["opened fields", "closed fields"]
    assert history.go(40, **lost) == []
    # And what comes back is no loss.
    assert history.go(10) == []


def test_alerts_that_say_the_same_again_are_not_opened_beside_each_other():
    history = History()
    history.go(100)
    down = {"articles": 0, "fields": [], "lags": 0, "answered": 0, "failed": 1, "new": 0, "gap": 0}
    assert history.go(100, **down) == ["opened errors"]


def test_the_memory_of_a_site_stays_within_its_bytes_whatever_its_pages_say():
    history = History()
    for number in range(80):
        reasons = {f"reason_{number}_{place}": 1_000_000 for place in range(6)}
        history.go(1, bad=reasons, fields=[10**6] * 5, chars_kept=10**9, chars_removed=10**9, links=number)
        assert len(history.memory.packed()) <= MOST_BYTES


def test_a_memory_that_cannot_be_read_begins_anew():
    assert read_memory(b"\xff\x00nonsense") == SiteMemory()
    assert read_memory(None) == SiteMemory()


def test_passes_add_up_to_a_day_with_each_article_counting_once():
    total = add_up(
        [a_visit(100, articles=1, chars=100, links=10), a_visit(200, articles=3, chars=1_000, links=30)]
    )
    assert (total.passes, total.articles, total.at, total.links) == (2, 4, 200, 20)
    assert 560 < total.chars < 565
    assert total.fields == [10] * len(FIELDS)


def test_monitors_keep_their_places_which_stand_in_redis():
    assert MONITORS == ("verdict", "errors", "yield", "freshness", "fields", "text", "artifacts")
