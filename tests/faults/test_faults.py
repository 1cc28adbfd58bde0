"""What CI can afford of each rig; `make soak` runs them in full and prints the table of docs/reliability.md."""

import os
import shutil
from functools import partial

import pytest

from tests.faults.crawls import kill_crawls
from tests.faults.full_disk import fill_disk
from tests.faults.kills import kill_at_syscalls, kill_workers, stop_workers
from tests.faults.listing_kills import VALIDATORS_FIRST, kill_after_listings
from tests.faults.lost_answers import lose_each_write, lose_script_answers, write_to_failing_store
from tests.faults.news_soak import judge_requests, rest_sites, soak_news
from tests.faults.proxy import fail_some
from tests.faults.redis_losses import lose_redis
from tests.faults.serving_faults import lose_bucket

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


def assert_clean(found):
    assert (found.lost, found.double, found.problems) == (0, 0, [])
    assert found.told.get("read errors", []) == []


def test_thirty_kills_half_of_them_right_after_a_new_file_lose_and_double_nothing(tmp_path):
    found = kill_workers(tmp_path, rounds=1, kills=30)
    assert_clean(found)
    assert found.told["kills"] > 20


def test_a_crawl_command_killed_right_after_new_files_loses_and_doubles_nothing(tmp_path):
    assert_clean(kill_crawls(tmp_path, kills=2, pages=60))


@pytest.mark.timeout(300)  # four whole crawls one after another, on a machine that does other things too
def test_a_crawl_killed_between_a_feeds_answer_and_its_articles_misses_none_in_the_next_pass(tmp_path):
    found = kill_after_listings(tmp_path, kills=2)
    assert_clean(found)
    assert found.told["kills"] == 2


def test_the_rig_finds_what_is_lost_where_validators_are_kept_before_their_links(tmp_path):
    found = kill_after_listings(tmp_path, kills=1, program=VALIDATORS_FIRST)
    assert (found.lost, found.told["answers of 304"]) == (5, 1)


@pytest.mark.timeout(300)  # workers start six times or so, which takes long beside others
def test_growing_sites_are_captured_once_and_at_their_delays_though_workers_are_killed(tmp_path):
    found = soak_news(tmp_path, sites=5, pages=20, seconds=6, workers=2, kill_every=2)
    assert_clean(found)
    assert found.told["kills"] > 0
    assert found.told["smallest gap by its delay"] >= 0.95
    assert found.told["under way at once"] == 1


def test_quiet_sites_are_asked_once_a_poll_and_source_and_for_no_article(tmp_path):
    found = rest_sites(tmp_path, sites=10, pages=20, polls=2)
    assert_clean(found)
    # Ten sites; the one whose feed rolls over has a sitemap too, and the index names one.
    assert found.told["sources"] == 12
    assert found.told["requests"] == 24
    assert found.told["answered 304"] == 18


def test_the_rig_sees_a_request_that_is_early_and_one_that_overlaps():
    times = [(0.0, 0.1), (0.8, 1.9), (1.8, 1.85), (3.0, 3.1)]
    asked = [
        {"host": "a", "path": f"/{number}", "arrived": arrived, "ended": ended}
        for number, (arrived, ended) in enumerate(times)
    ]
    told = judge_requests(asked, {"a": 1.0})
    assert (told["smallest gap by its delay"], told["under way at once"]) == (0.8, 2)
    assert told["breaches"] == [
        "a: /1 came 0.800 s after /0, delay 1.0 s",
        "a: /2 came while /1 was under way",
    ]


def test_a_worker_stopped_beyond_its_lease_in_any_state_doubles_nothing(tmp_path):
    found = stop_workers(tmp_path, times=1)
    assert_clean(found)
    assert found.told["stops"] == found.told["states"]


@needs_strace
def test_a_kill_at_any_sync_and_any_link_of_the_commit_loses_and_doubles_nothing(tmp_path):
    found = kill_at_syscalls(tmp_path, syscalls=("fsync", "link"))
    assert_clean(found)
    assert found.told["points"] > 5


def test_redis_restarted_put_back_emptied_or_hung_loses_and_doubles_nothing(tmp_path):
    found = lose_redis(tmp_path, restarts=2, back_seconds=(1,), empties=1, hang_seconds=1)
    assert_clean(found)
    assert found.told["published pages fetched again"] == 0


def test_answers_lost_after_each_script_lead_to_the_same_end(tmp_path):
    found = lose_script_answers(tmp_path, times=2)
    assert_clean(found)
    assert found.told["fewest of one script"] == 2


def test_a_service_whose_s3_store_is_gone_says_so_and_loses_and_doubles_nothing(tmp_path):
    found = lose_bucket(tmp_path, times=1)
    assert_clean(found)
    assert found.told["longest until told, s"] <= 10


@needs_root
def test_a_full_disk_tears_no_file_and_the_run_goes_on_by_itself(tmp_path):
    try:
        found = fill_disk(tmp_path, times=1, full_seconds=2, pages=100)
    except PermissionError as error:
        pytest.skip(str(error))
    assert_clean(found)


@pytest.mark.parametrize("judge", [lose_each_write(10), fail_some(0.3)], ids=["answers lost", "30 % fail"])
def test_a_failing_object_store_loses_and_doubles_nothing(tmp_path, bucket, judge, monkeypatch):
    found = write_to_failing_store(
        tmp_path,
        f"{bucket.url}/data",
        bucket.endpoint,
        judge,
        batches=10,
        test="",
        set_environment=partial(monkeypatch.setenv, "AWS_ENDPOINT_URL"),
    )
    assert_clean(found)
    assert (found.told["parts"], found.told["requests a part"] <= 6) == (20, True)
