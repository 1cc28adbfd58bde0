"""When a listing is due again, by what its polls brought."""

from __future__ import annotations

import itertools

import pytest

from crawler.discovery.found import SubSitemap
from crawler.polls import Answer, Polls
from crawler.seeds import Seed
from crawler.sources import SiteState, read_state
from crawler.timing import Timing
from pipelines.ledger import listing_digest

HOME = "https://gazette.example/"
FEED, SECTION, SITEMAP = f"{HOME}feed", f"{HOME}politics", f"{HOME}sitemap.xml"
MONDAY = 1_772_409_600.0  # 2026-03-02T00:00:00Z
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0


def timing(**keys):
    listings = keys.pop("listings", {"feeds": (FEED,)})
    return Timing.of(Seed(id="gazette", name="G", language="en", home=HOME, **listings, **keys))


class Site:
    """A site's agenda, polled by a clock that this test turns."""

    def __init__(self, **keys):
        self.timing, self.state, self.now = timing(**keys), SiteState(), MONDAY

    def poll(self, answers, *, anytime=False):
        """One pass in which the listings that are due answer so; text: it failed. Gives its book and what was asked."""
        polls = Polls(self.timing, read_state(self.state.packed()), now=self.now, anytime=anytime)
        asked = [url for _, url in polls.due()]
        for url in asked:
            answer = answers[url] if isinstance(answers, dict) else answers
            if isinstance(answer, str):
                polls.note_failure(url, url, answer)
            else:
                polls.note_answer(url, url, answer)
        polls.close()
        self.state = polls.state
        return polls, asked

    def go_on(self, answers, polls=1):
        """So many polls, each when it is due. Gives the intervals in minutes."""
        found = []
        for _ in range(polls):
            self.now = max(self.now, float(self.state.sources[0].due)) if self.state.sources else self.now
            book, _ = self.poll(answers)
            found.append((self.state.sources[0].due - self.now) / MINUTE)
        self.book = book
        return found


NEW, HALF, OLD = Answer(new=10), Answer(new=5, known=5), Answer(known=10)
SAME = Answer(is_unchanged=True, by_validators=True)


def test_first_poll_says_nothing_of_how_often_new_links_come():
    assert Site().go_on(NEW) == [15.0]


def test_listing_of_few_known_links_is_polled_faster_down_to_its_bound():
    site = Site(min_interval_minutes=4)
    site.go_on(NEW)
    assert site.go_on(Answer(new=9, known=1), polls=3) == [7.5, 4.0, 4.0]


def test_listing_of_many_known_links_is_polled_more_slowly_up_to_its_bound():
    site = Site(max_interval_minutes=40)
    site.go_on(NEW)
    assert site.go_on(OLD, polls=4) == [22.5, 33.75, 40.0, 40.0]


def test_unchanged_listing_is_polled_more_slowly():
    site = Site()
    site.go_on(NEW)
    assert site.go_on(SAME, polls=4) == [22.5, 33.75, pytest.approx(50.6, abs=0.1), 60.0]


def test_listing_between_the_thirds_keeps_its_interval():
    site = Site()
    site.go_on(NEW)
    assert site.go_on(HALF, polls=3) == [15.0, 15.0, 15.0]


def test_one_odd_poll_turns_no_interval_round():
    site = Site()
    site.go_on(NEW)
    before = site.go_on(OLD, polls=3)[-1]
    assert site.go_on(Answer(new=6, known=4))[-1] > before / 2


def test_listing_whose_links_are_all_new_has_rolled_over_and_is_polled_much_sooner():
    site = Site()
    site.go_on(NEW)
    before = site.go_on(OLD, polls=4)[-1]
    assert site.go_on(NEW)[-1] == before / 4
    assert site.book.rolled_over == [FEED]


@pytest.mark.parametrize("first", [Answer(), SAME])
def test_listing_that_had_no_links_before_has_not_rolled_over(first):
    site = Site()
    site.go_on(first)
    site.go_on(NEW)
    assert site.book.rolled_over == []


def test_what_a_listing_asks_for_is_heard_up_to_the_bound():
    for hint, waits in ((50 * MINUTE, 50.0), (1 * MINUTE, 15.0), (30 * DAY, 60.0)):
        assert Site().go_on(Answer(new=10, hint_seconds=hint)) == [waits]
        assert Site().go_on(Answer(new=10, fresh_seconds=hint)) == [waits]


def test_hint_of_the_content_outlives_answers_that_only_say_unchanged():
    site = Site()
    site.go_on(Answer(new=10, hint_seconds=50 * MINUTE))
    assert site.go_on(SAME) == [50.0]


def test_failing_listing_is_left_alone_for_longer_and_longer_and_comes_back_at_once():
    site = Site()
    site.go_on(NEW)
    waits = site.go_on("http_500", polls=9)
    assert waits[:3] == [30.0, 60.0, 120.0]
    assert max(waits) == DAY / MINUTE
    assert all(later >= earlier for earlier, later in itertools.pairwise(waits))
    assert site.go_on(OLD)[0] < 60


def test_dead_listing_is_retired_after_days_and_revived_by_an_answer():
    site = Site()
    site.go_on(NEW)
    began = site.now
    while not site.state.sources[0].is_retired:
        site.go_on("dns: no such host")
    assert site.book.retired == [FEED]
    assert site.now - began >= 10 * DAY
    assert site.state.sources[0].failures >= 12
    assert site.go_on("dns: no such host", polls=2) == [7 * DAY / MINUTE] * 2
    assert site.book.retired == []
    assert site.go_on(OLD)[0] <= 60
    assert (site.book.revived, site.state.sources[0].failures) == ([FEED], 0)


def test_many_failures_within_an_hour_retire_nothing():
    site = Site()
    for _ in range(50):
        site.poll("http_500", anytime=True)
        site.now += MINUTE
    assert not site.state.sources[0].is_retired


def test_one_revived_listing_makes_the_retired_ones_of_its_site_due():
    site = Site(listings={"feeds": (FEED,), "sections": (SECTION,)})
    while not all(source.is_retired for source in site.state.sources) or not site.state.sources:
        site.poll("dns: no such host", anytime=True)
        site.now += DAY
    site.state.sources[0].due = 0
    site.poll({FEED: NEW, SECTION: "never asked"})
    assert site.state.sources[1].due == site.now


def test_only_listings_that_are_due_are_asked():
    site = Site(listings={"feeds": (FEED,), "sections": (SECTION,)})
    site.poll({FEED: NEW, SECTION: "http_500"})
    site.now += 15 * MINUTE
    assert site.poll(OLD)[1] == [FEED]
    site.now += 15 * MINUTE
    assert site.poll(OLD)[1] == [SECTION]


def test_archive_is_read_more_rarely_than_news_unless_it_is_all_there_is():
    both = Site(listings={"feeds": (FEED,), "sitemaps": (SITEMAP,)})
    both.poll(NEW)
    feed, sitemap = both.state.sources
    assert sitemap.due - both.now > 5 * (feed.due - both.now)
    alone = Site(listings={"sitemaps": (SITEMAP,)})
    alone.poll(NEW)
    assert alone.state.sources[0].due == feed.due
    both.state = SiteState()
    both.poll({FEED: NEW, SITEMAP: Answer(new=10, is_news=True)})
    assert both.state.sources[1].due == feed.due


def test_schedule_decides_and_a_missed_run_is_made_up_once():
    site = Site(schedule="0 6 * * *", timezone="Europe/Berlin")
    site.now += 12 * HOUR
    site.go_on(NEW)
    assert site.state.sources[0].due == MONDAY + DAY + 5 * HOUR
    site.now = MONDAY + 5 * DAY + 9 * HOUR  # four runs missed
    assert site.poll(OLD)[1] == [FEED]
    assert site.poll(OLD)[1] == []
    assert site.state.sources[0].due == MONDAY + 6 * DAY + 5 * HOUR


def test_changed_seed_is_heard_at_the_next_look():
    site = Site(schedule="0 6 1 * *")
    site.poll(NEW)
    site.timing = timing(listings={"feeds": (FEED,), "sections": (SECTION,)})
    site.now += HOUR
    assert site.poll(OLD)[1] == [FEED, SECTION]


def test_unchanged_answers_are_checked_after_so_many_polls_or_a_day():
    site = Site()
    site.go_on(NEW)
    wanted = []
    for _ in range(9):
        wanted.append(Polls(site.timing, site.state, now=site.now, anytime=False).wants_content(FEED))
        site.go_on(SAME)
    assert wanted == [False] * 8 + [True]
    slow = Site(schedule="0 6 * * *")
    slow.go_on(NEW)
    slow.go_on(SAME)
    assert Polls(slow.timing, slow.state, now=slow.now + DAY, anytime=False).wants_content(FEED)


def test_content_that_was_read_begins_the_count_anew():
    site = Site()
    site.go_on(NEW)
    site.go_on(SAME, polls=8)
    site.go_on(Answer(is_unchanged=True))
    assert not Polls(site.timing, site.state, now=site.now, anytime=False).wants_content(FEED)


def test_listing_that_changed_under_its_validators_is_always_asked_for_its_content():
    site = Site()
    site.go_on(NEW)
    site.go_on(Answer(new=1, known=9, is_lying=True))
    assert site.book.distrusted == [FEED]
    site.go_on(OLD)
    assert Polls(site.timing, site.state, now=site.now, anytime=False).wants_content(FEED)


class Index(Site):
    """A site with one sitemap index."""

    def __init__(self):
        super().__init__(listings={"feeds": (FEED,), "sitemaps": (SITEMAP,)})

    def read(self, sitemaps, answer=OLD):
        """Read the index, and what it leads to; gives which of the sitemaps were asked."""
        polls = Polls(self.timing, read_state(self.state.packed()), now=self.now, anytime=False)
        polls.note_answer(SITEMAP, SITEMAP, Answer(is_index=True, is_unchanged=True))
        found = [SubSitemap(url=f"{HOME}{name}.xml", modified_at=at) for name, at in sitemaps.items()]
        asked = [sitemap.url for sitemap in polls.due_sitemaps(found)]
        for url in asked:
            polls.note_answer(SITEMAP, url, answer)
        polls.close()
        self.state = polls.state
        self.book = polls
        return [url.removeprefix(HOME).removesuffix(".xml") for url in asked]


def test_sitemap_of_an_index_is_read_again_when_the_index_says_it_changed():
    site = Index()
    sitemaps = {"old": "2024-01-01T00:00:00Z", "now": "2026-03-01T10:00:00Z"}
    assert site.read(sitemaps, NEW) == ["now", "old"]
    site.now += 2 * HOUR
    assert site.read(sitemaps) == []
    assert site.read(sitemaps | {"now": "2026-03-02T01:00:00Z"}) == ["now"]
    site.now += 8 * DAY
    assert site.read(sitemaps) == ["now", "old"]


def test_sitemap_whose_change_has_no_time_of_day_is_read_at_its_interval_while_that_day_lasts():
    site = Index()
    site.read({"today": "2026-03-02"}, NEW)
    site.now += HOUR
    assert site.read({"today": "2026-03-02"}) == []
    site.now += 12 * HOUR
    assert site.read({"today": "2026-03-02"}) == ["today"]


def test_index_that_names_a_news_sitemap_is_read_as_often_as_a_feed():
    site = Index()
    site.read({"archive": None})
    rare = site.state.source(SITEMAP).due - site.now
    site.state = SiteState()
    site.read({"news": None}, Answer(new=10, is_news=True))
    assert site.state.source(SITEMAP).due - site.now < rare / 5


def test_of_an_archive_the_newest_sitemaps_are_read_and_no_more_is_remembered():
    site = Index()
    days = {
        f"d{day:03}": f"{2020 + day // 300}-{day % 300 // 28 + 1:02}-{day % 28 + 1:02}T00:00:00Z"
        for day in range(900)
    }
    newest = sorted(days, key=days.get)[-50:]
    assert sorted(site.read(days, NEW)) == sorted(newest)
    assert site.read(days) == []
    later = {f"e{number:02}": f"2026-03-01T{number:02}:00:00Z" for number in range(20)}
    assert sorted(site.read(days | later)) == sorted(later)
    assert site.book.has_dropped_children
    assert site.book.is_remembered(listing_digest(f"{HOME}e03.xml"))
    assert not site.book.is_remembered(listing_digest(f"{HOME}{newest[0]}.xml"))
    assert len(site.state.packed()) < 1_500


def test_state_that_no_version_of_ours_wrote_begins_anew():
    for packed in (b"\xff\xff", b"\x93\x01\x02\xa1x", b"[]"):
        assert read_state(packed) == SiteState()


def closed(site, **keys):
    """When the site is due after a pass at its clock's time, in seconds from then."""
    polls = Polls(site.timing, read_state(site.state.packed()), now=site.now, anytime=False)
    polls.close()
    due = polls.next_visit(site.now, **{"put_off": False, "next_link_at": None} | keys) - site.now
    site.state = polls.state
    return due


def test_site_is_due_with_its_earliest_listing_or_when_a_page_of_it_is():
    site = Site(listings={"feeds": (FEED,), "sections": (SECTION,)})
    site.poll({FEED: NEW, SECTION: "http_500"})
    assert closed(site) == 15 * MINUTE
    assert closed(site, next_link_at=site.now + 10 * MINUTE) == 10 * MINUTE
    assert closed(site, next_link_at=site.now + 1) == 5 * MINUTE  # not sooner than its bound
    assert closed(site, next_link_at=site.now + HOUR) == 15 * MINUTE


def test_site_whose_pages_had_to_be_left_is_tried_again_after_longer_and_longer():
    site = Site(listings={"urls": (f"{HOME}story",)})
    waits = [closed(site, put_off=True, next_link_at=site.now) / MINUTE for _ in range(8)]
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640]
    closed(site)
    assert closed(site, put_off=True, next_link_at=site.now) == 5 * MINUTE


def test_listing_that_could_not_be_asked_for_waits_as_its_pages_do():
    site = Site(listings={"feeds": (FEED,)})
    assert [closed(site, put_off=True) / MINUTE for _ in range(2)] == [5, 10]
    assert site.state.sources[0].failures == 0


def test_pages_of_a_site_wait_for_its_schedule_and_for_the_end_of_its_quiet_hours():
    by_clock = Site(schedule="0 6 * * *")
    by_clock.poll(NEW)
    assert closed(by_clock, next_link_at=by_clock.now) == 6 * HOUR
    quiet = Site(quiet_hours=("00:00-05:00",))
    quiet.poll(NEW, anytime=True)
    assert closed(quiet, next_link_at=quiet.now) == 5 * HOUR


def test_site_without_listings_is_visited_again_all_the_same():
    assert closed(Site(listings={"urls": (f"{HOME}story",)})) == HOUR


def test_what_was_found_while_redis_was_lost_is_looked_for_again_at_once():
    site = Site()
    polls, _ = site.poll(NEW)
    polls.begin_anew()
    assert polls.next_visit(site.now, put_off=False, next_link_at=None) == 0
