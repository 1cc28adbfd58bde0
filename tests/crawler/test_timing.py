"""Cron lines, quiet hours and bounds, by the keys of a seed."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from crawler.seeds import Seed
from crawler.timing import Timing

BERLIN = ZoneInfo("Europe/Berlin")


def timing(**keys):
    home = "https://gazette.example/"
    seed = Seed(id="gazette", name="G", language="en", home=home, feeds=(f"{home}feed",), **keys)
    return Timing.of(seed)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


def told(moment):
    return datetime.fromtimestamp(moment, BERLIN).strftime("%m-%d %H:%M")


@pytest.mark.parametrize(
    ("now", "next_"),
    [
        ("2026-03-02T05:00:00", "03-02 06:00"),
        ("2026-03-02T06:00:00", "03-02 06:10"),  # the run of 06:00 is not made twice
        ("2026-03-02T06:00:00.300", "03-02 06:10"),
        ("2026-03-02T22:59:59", "03-03 06:00"),
        ("2026-03-28T23:30:00", "03-29 06:00"),  # over the change to summer time
    ],
)
def test_cron_line_is_kept_by_the_clock_of_the_sites_zone(now, next_):
    by_clock = timing(schedule="*/10 6-22 * * *", timezone="Europe/Berlin")
    assert told(by_clock.next_visit(at(now))) == next_


@pytest.mark.parametrize(
    ("now", "next_"),
    [
        ("2026-03-02T22:59", "03-02 22:59"),
        ("2026-03-02T23:00", "03-03 05:00"),
        ("2026-03-03T04:59", "03-03 05:00"),
        ("2026-03-03T05:00", "03-03 05:00"),
        ("2026-03-03T12:10", "03-03 14:00"),  # two spans that touch are one
    ],
)
def test_quiet_hours_are_left_at_their_end(now, next_):
    quiet = timing(quiet_hours=("23:00-05:00", "12:00-13:00", "13:00-14:00"), timezone="Europe/Berlin")
    assert told(quiet.next_visit(at(now))) == next_


def test_run_of_a_cron_line_in_the_quiet_hours_is_made_up_once_at_their_end():
    both = timing(schedule="0 * * * *", quiet_hours=("23:00-05:00",), timezone="Europe/Berlin")
    assert told(both.next_visit(at("2026-03-02T22:30"))) == "03-03 05:00"
    assert told(both.next_visit(at("2026-03-03T05:00"))) == "03-03 06:00"


def test_next_quiet_hours_begin_today_or_tomorrow_or_have_begun():
    quiet = timing(quiet_hours=("23:00-05:00",), timezone="Europe/Berlin")
    assert told(quiet.next_quiet(at("2026-03-02T12:00"))) == "03-02 23:00"
    assert told(quiet.next_quiet(at("2026-03-02T23:30"))) == "03-02 23:30"
    assert timing().next_quiet(at("2026-03-02T12:00")) is None


def test_archives_are_read_more_rarely_than_news():
    news, archive = timing().bounds(is_archive=False), timing().bounds(is_archive=True)
    assert all(slow > 5 * fast for fast, slow in zip(news, archive, strict=True))


def test_digest_changes_with_what_decides_the_next_visit_and_with_nothing_else():
    same = timing().digest
    assert timing(delay_seconds=9.0).digest == same
    for keys in (
        {"schedule": "0 6 * * *"},
        {"quiet_hours": ("23:00-05:00",)},
        {"sections": ("https://a.example/",)},
    ):
        assert timing(**keys).digest != same
