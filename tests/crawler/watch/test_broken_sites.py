"""Sites on loopback that are well for six passes and then break, each in its way; some are mended after two more."""

from __future__ import annotations

import asyncio
import json
import logging
import shlex
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crawler.cli import app
from crawler.identity import make_guard
from crawler.seeds import load_seeds
from crawler.service.settings import AlertSettings
from crawler.settings import read_environment
from crawler.site_pass import Budget
from crawler.spider_run import make_plan, make_scrapy_settings, run_spider
from crawler.tally import Tally
from crawler.tasks import plan_tasks
from crawler.watch import sinks
from pipelines.ledger import open_ledger
from pipelines.pool import CleanPool
from pipelines.store import open_redis

WELL, EACH = 6, 5
"""Passes before the break, and articles that each pass brings."""
RIGHT = {
    "template": {"fields"},
    "paywall": {"verdict", "errors"},
    "empty-feed": {"yield"},
    "block-page": {"errors"},
    "forbidden": {"verdict", "errors"},
    "doubled": {"artifacts"},
    "more-taken": {"artifacts"},
    "healthy": set(),
}
MENDED = ("doubled", "empty-feed", "template")
TEASER = '<script type="application/ld+json">{"@type":"NewsArticle","isAccessibleForFree":false,"wordCount":900}</script>'
SHARE = '<div class="share-buttons"><a href="https://social.example/share">Share</a></div>'


@dataclass(frozen=True, kw_only=True)
class Watched:
    passes: list
    """Of each pass, the alerts that it opened or closed."""
    mended: list
    """What `crawl` prints of two passes over sites that are well again."""
    status: dict
    """What the command says after the break."""
    text: str
    text_at_last: str
    sent: list
    rows: dict
    """By visit."""
    events: list
    """What the watch logs of the passes until the break."""


class Events(logging.Handler):
    """Keeps what the watch logs."""

    def __init__(self):
        super().__init__()
        self.records = []

    def emit(self, record):
        self.records.append(record)

    @contextmanager
    def heard(self):
        log = logging.getLogger("crawler.watch.watcher")
        level = log.level
        log.addHandler(self)
        log.setLevel(logging.INFO)
        yield
        log.removeHandler(self)
        log.setLevel(level)


class Publisher:
    """A site that publishes some articles before each pass, and then shows them as it does by then."""

    def __init__(self, name, site, helpers):
        self.name, self.site, self.helpers = name, site, helpers
        self.published = []
        self.is_broken = False

    def publish(self, turn):
        for number in range(turn * EACH, turn * EACH + EACH):
            path = f"/{self.name}/{number}"
            self.published.append(path)
            self.site.answers[path] = self._make(10_000 * (list(RIGHT).index(self.name) + 1) + number)
        paths = [] if self.is_broken and self.name == "empty-feed" else self.published[-20:]
        items = "".join(f"<item><link>{self.site.base}{path}</link></item>" for path in paths)
        feed = f'<rss version="2.0"><channel><title>News</title>{items}</channel></rss>'
        self.site.answers["/feed"] = self.helpers.answer(
            feed.encode(), 200, {"Content-Type": "application/rss+xml"}
        )

    def _make(self, number):
        answer = self.helpers.answer
        page = self.helpers.page(number).decode()
        facts = (
            f'<meta name="author" content="Ada Mole"><meta property="article:published_time" '
            f'content="2026-03-{number % 28 + 1:02}T08:00:00+00:00">'
        )
        if self.is_broken:
            if self.name == "template":
                facts = ""
            elif self.name == "paywall":
                page = (
                    page[: page.index("<p>")]
                    + "<p>"
                    + "The beginning of it. " * 15
                    + "</p></article></body></html>"
                )
                facts += TEASER
            elif self.name == "block-page":
                page = self.helpers.page(7).decode()
            elif self.name == "forbidden":
                return answer(b"no", 403)
            elif self.name == "doubled":
                start, end = page.index("<p>"), page.index("</article>")
                page = page[:end] + page[start:end] + page[end:]
            elif self.name == "more-taken":
                page = page.replace("</p>", f"</p>{SHARE}")
        return answer(page.replace("<head>", f"<head>{facts}").replace("</h1>", f"</h1>{SHARE}").encode())


@pytest.fixture(scope="module")
def watched(serve, helpers, tmp_path_factory):
    """Six passes while all are well, two after they broke, and two over some that were mended."""
    folder = tmp_path_factory.mktemp("watched")
    publishers = [Publisher(name, serve(), helpers) for name in RIGHT]
    for publisher in publishers:
        helpers.seed(
            folder / "seeds", publisher.name, publisher.site.base, feeds=[f"{publisher.site.base}/feed"]
        )
    sent = folder / "sent"
    keep = f"import sys; open({str(sent)!r}, 'a').write(sys.stdin.read() + '\\n')"
    command = (sys.executable, "-c", keep)
    data = str(folder / "data")

    def publish(turn, *, broken):
        for publisher in publishers:
            publisher.is_broken = broken and publisher.name != "healthy"
            publisher.publish(turn)

    async def go():
        environment, passes = read_environment({}), []
        pool = CleanPool(1, cleaner="pipelines.pages:clean_and_sketch")
        async with open_redis(None, Path(data) / ".state") as redis:
            for turn in range(WELL + 2):
                publish(turn, broken=turn >= WELL)
                async with open_ledger(redis=redis, data=data, state=Path(data) / ".state") as ledger:
                    tally = Tally()
                    plan = make_plan(
                        redis=redis,
                        ledger=ledger,
                        guard=make_guard(("127.0.0.1/32",), None),
                        tasks=plan_tasks(load_seeds((folder / "seeds",)), (), ()),
                        tally=tally,
                        budget=Budget(None),
                        anytime=True,
                        lease_seconds=60,
                        alerts=AlertSettings(command=command),
                        clean_pool=pool,
                    )
                    settings = make_scrapy_settings(environment, None, progress=False)
                    await run_spider(plan, settings, lambda stop: None)
                    passes.append(tuple(tally.alerts))
        pool.close()
        return passes

    events = Events()
    with events.heard():
        passes = asyncio.run(go())
    status = ["status", "--data", data]
    told = [CliRunner().invoke(app, [*status, *more]).output for more in ([], ["--json"])]
    mended = []
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setattr(sinks, "PAUSE_SECONDS", (0.01, 0.01))
    for turn in range(WELL + 2, WELL + 4):
        publish(turn, broken=False)
        done = CliRunner().invoke(
            app,
            ["crawl", "--seeds", str(folder / "seeds"), "--data", data, "--allow-address", "127.0.0.1/32"]
            + [part for site in MENDED for part in ("--site", site)],
            env={
                "BROADSHEET_ALERT_COMMAND": shlex.join(command),
                # Nobody listens there: what a sink fails at is no reason to end a crawl.
                "BROADSHEET_ALERT_WEBHOOK": "http://127.0.0.1:1/",
                "BROADSHEET_CLEAN_WORKERS": "1",
            },
        )
        assert done.exit_code == 0, done.output
        mended.append(done.output)
    monkeypatch.undo()
    told.append(CliRunner().invoke(app, status).output)
    return Watched(
        passes=passes,
        mended=mended,
        status=json.loads(told[1]),
        text=told[0],
        text_at_last=told[2],
        sent=[json.loads(line) for line in sent.read_text().splitlines()],
        rows={row["visit"]: row for row in helpers.rows(folder / "data")},
        events=events.records,
    )


def test_no_alert_opens_while_all_sites_are_well(watched):
    assert watched.passes[:WELL] == [()] * WELL


@pytest.mark.parametrize("name", list(RIGHT))
def test_the_right_alert_opens_within_two_passes_of_the_break_and_no_other(watched, name):
    opened = {one.monitor for alerts in watched.passes[WELL : WELL + 2] for one in alerts if one.site == name}
    assert opened <= RIGHT[name]
    assert bool(opened) == bool(RIGHT[name])


def test_an_alert_names_pages_that_show_it_by_address_and_visit(watched):
    for alert in (one for alerts in watched.passes for one in alerts if one.event == "opened"):
        assert alert.samples
        for sample in alert.samples:
            if alert.monitor == "yield":
                assert sample["url"].endswith("/feed")
            else:
                assert watched.rows[sample["visit"]]["url"] == sample["url"]
    (lost,) = [one for one in watched.passes[WELL + 1] if one.site == "template"]
    assert all(not watched.rows[sample["visit"]]["authors"] for sample in lost.samples)


def test_each_pass_and_each_alert_is_one_event_of_the_log(watched):
    said = [record.getMessage() for record in watched.events]
    assert said.count("pass over a site ended") == len(RIGHT) * (WELL + 2)
    alerts = {(one.site, one.monitor, one.id) for alerts in watched.passes for one in alerts}
    opened = [one for one in watched.events if one.getMessage() == "alert opened"]
    assert {(one.site, one.monitor, one.alert) for one in opened} == alerts
    assert len(opened) == len(alerts)


def test_a_message_is_sent_once_when_an_alert_opens_and_once_when_it_closes_by_itself(watched):
    opened = {(one.site, one.monitor): one.id for alerts in watched.passes for one in alerts}
    sent = {event: [one for one in watched.sent if one["event"] == event] for event in ("opened", "closed")}
    assert {(one["site"], one["monitor"]): one["id"] for one in sent["opened"]} == opened
    assert len(sent["opened"]) == len(opened)
    assert sorted(one["site"] for one in sent["closed"]) == sorted(MENDED)
    for one in sent["closed"]:
        assert one["id"] == opened[one["site"], one["monitor"]]
        assert one["closed_at"] >= one["opened_at"]


def test_a_crawl_says_which_alerts_it_closed(watched):
    said = "".join(watched.mended)
    assert said.count("alert closed: is as before; it was: ") == len(MENDED)
    assert "broadsheet: empty-feed: yield: alert closed: is as before; it was: its listings name 0" in said


def test_a_sink_that_fails_ends_no_crawl_and_what_it_did_not_get_waits(watched):
    assert f"{len(MENDED)} messages of alerts could not be sent yet" in watched.text_at_last
    assert "could not be sent" not in watched.text


def test_status_shows_what_is_wrong_now_before_what_is_well(watched):
    sites = {site["site"]: site for site in watched.status["sites"]}
    assert set(sites) == set(RIGHT)
    assert watched.status["sites"][-1]["site"] == "healthy"
    assert sites["healthy"]["alerts"] == []
    assert sites["healthy"]["captured_share"] == 1.0
    assert sites["healthy"]["verdict"] == "ok"
    assert sites["empty-feed"]["alerts"][0]["evidence"] == "its listings name 0 links, 18 before"
    lines = watched.text.splitlines()
    assert lines[1].startswith(f"{len(RIGHT) - 1} open alerts; something is wrong at {len(RIGHT) - 1} sites")
    (line,) = [line for line in lines if line.startswith("  alert yield since")]
    assert line.endswith("its listings name 0 links, 18 before")
