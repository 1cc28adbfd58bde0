"""What Prometheus reads, and the dashboard that shows it."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from cleaners.models import Article, Block, Listed, Metadata, Removal
from crawler.captured import Listed as ListedCount
from crawler.watch.metrics import Metrics
from crawler.watch.probes import Probe
from pipelines.freshness import Lags
from pipelines.ledger import open_ledger
from pipelines.names import LogNames
from pipelines.objects import open_objects
from pipelines.pool import CleanPool
from pipelines.store import open_redis
from pipelines.visits import Cleaned, Visit

DASHBOARD = Path(__file__).parents[3] / "deploy/grafana/broadsheet.json"
PARTS = {"_total", "_bucket", "_sum", "_count", "_created"}


def read(text):
    """Each sample by its name, with the labels that it has, and each family's name."""
    families = list(text_string_to_metric_families(text.decode()))
    samples = {}
    for family in families:
        for sample in family.samples:
            samples[sample.name, tuple(sorted(sample.labels.items()))] = sample.value
    return samples, families


def make_article(rules):
    url = "https://a.example/1"
    visit = Visit(url=url, token="ab" * 16, site="a", attempt=1, listed=Listed(url=url))
    removals = [Removal(rule=rule, stage="text", where="block 1", sample="x", chars=10) for rule in rules]
    article = Article(
        url=url,
        requested_url=url,
        site="a",
        fetched_at=datetime.now(UTC),
        metadata=Metadata(canonical_url=url),
        blocks=(Block(kind="paragraph", text="x" * 90),),
        removals=tuple(removals),
    )
    return Cleaned(visit=visit, fetched_at=datetime.now(UTC), status=200, result=article)


def test_what_happens_is_counted_under_names_of_their_conventions():
    metrics = Metrics()
    metrics.note_answer("page", 200, 5_000, 0.2)
    metrics.note_answer("listing", 304, 0, 0.1)
    metrics.note_failure("page", "timeout")
    metrics.note_item(make_article(["phrases/de:mehr zum thema", "phrases/de:anzeige", "boxes/share"]))
    lags = Lags()
    lags.note(100)
    lags.note(90_000)
    metrics.note_pass(lags, {"a": ListedCount(links=10, owed=1)})
    samples, families = read(metrics.encode())
    assert samples["broadsheet_pages_total", (("status", "2xx"),)] == 1
    assert samples["broadsheet_requests_total", (("kind", "page"), ("status", "none"))] == 1
    assert samples["broadsheet_request_failures_total", (("reason", "timeout"),)] == 1
    assert samples["broadsheet_received_bytes_total", ()] == 5_000
    assert samples["broadsheet_removals_total", (("rule", "phrases/de"),)] == 2
    assert samples["broadsheet_removed_chars_total", (("rule", "boxes/share"),)] == 10
    assert samples["broadsheet_kept_chars_total", ()] == 90
    assert samples["broadsheet_lag_seconds_bucket", (("le", "300.0"),)] == 1
    assert samples["broadsheet_lag_seconds_count", ()] == 2
    assert samples["broadsheet_links_captured", ()] / samples["broadsheet_links_listed", ()] == 0.9
    assert all(
        re.fullmatch(r"broadsheet_[a-z_]+", family.name) and family.documentation for family in families
    )


def test_rows_that_are_cut_again_never_make_a_counter_fall():
    metrics, counts = Metrics(), Counter({("article", None): 5, ("rejected", "hub"): 2})
    metrics.note_outcomes(counts)
    counts["article", None] -= 2
    metrics.note_outcomes(counts)
    counts["article", None] += 3
    metrics.note_outcomes(counts)
    # Another crawl of the same process counts on.
    metrics.note_outcomes(Counter({("article", None): 4}))
    samples, _ = read(metrics.encode())
    assert samples["broadsheet_outcomes_total", (("outcome", "article"), ("reason", ""))] == 10
    assert samples["broadsheet_outcomes_total", (("outcome", "rejected"), ("reason", "hub"))] == 2


async def test_a_scrape_tells_of_queue_pool_log_redis_and_store(tmp_path):
    metrics = Metrics()
    objects = open_objects(str(tmp_path / "data"), tmp_path / "state", worker_id="a" * 16)
    pool = CleanPool(1)
    try:
        async with (
            open_redis(None, tmp_path / "state") as redis,
            open_ledger(redis=redis, data=str(tmp_path / "data"), state=tmp_path / "state") as ledger,
        ):
            links = [Listed(url=f"https://a.example/{number}") for number in range(5)]
            await ledger.save_listing("a", "https://a.example/feed", None, links)
            await redis.hset(ledger.key("agenda"), "a", b"")
            await redis.hset(ledger.key("watch-open"), mapping={"a": "yield fields", "b": "yield"})
            held = await ledger.draw("a", 2)
            text = await Probe(metrics).render(
                objects=objects, redis=redis, names=ledger, pool=pool, sequence=7
            )
            for visit in held:
                await ledger.release(visit)
    finally:
        pool.close()
    samples, _ = read(text)
    assert samples["broadsheet_up", (("part", "redis"),)] == 1
    assert samples["broadsheet_up", (("part", "store"),)] == 1
    assert 0 < samples["broadsheet_answer_seconds", (("part", "redis"),)] < 2
    assert samples["broadsheet_links_pending", ()] == 3
    assert samples["broadsheet_links_claimed", ()] == 2
    assert samples["broadsheet_alerts_open", (("monitor", "yield"),)] == 2
    assert samples["broadsheet_alerts_open", (("monitor", "text"),)] == 0
    assert samples["broadsheet_clean_workers", ()] == 1
    assert samples["broadsheet_log_sequence", ()] == 7


async def test_a_scrape_answers_soon_though_redis_is_gone_and_says_so(tmp_path):
    metrics = Metrics()
    objects = open_objects(str(tmp_path / "data"), tmp_path / "state", worker_id="a" * 16)
    redis = Redis(unix_socket_path=str(tmp_path / "nobody"), retry=Retry(NoBackoff(), 0))
    since = time.monotonic()
    text = await Probe(metrics).render(objects=objects, redis=redis)
    assert time.monotonic() - since < 5
    samples, _ = read(text)
    assert samples["broadsheet_up", (("part", "redis"),)] == 0
    assert samples["broadsheet_errors_total", (("part", "redis"),)] == 1
    await redis.aclose()


async def test_a_store_that_answers_and_has_lost_its_log_is_down(tmp_path):
    metrics = Metrics()
    objects = open_objects(str(tmp_path / "data"), tmp_path / "state", worker_id="a" * 16)
    text = await Probe(metrics).render(objects=objects, names=LogNames("0" * 32))
    samples, _ = read(text)
    assert samples["broadsheet_up", (("part", "store"),)] == 0
    assert samples["broadsheet_errors_total", (("part", "store"),)] == 1


def queries():
    dashboard = json.loads(DASHBOARD.read_text())
    return [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]


def test_the_dashboard_asks_for_nothing_that_is_not_measured():
    metrics = Metrics()
    known = {}
    for family in metrics.registry.collect():
        labels = next(
            (
                collector._labelnames
                for collector in metrics.registry._collector_to_names
                if collector._name == family.name
            ),
            (),
        )
        for ending in ("", *PARTS):
            known[family.name + ending] = {*labels, "le"}
    asked = set()
    for query in queries():
        names = re.findall(r"broadsheet_[a-z_]+", query)
        assert names, query
        for name in names:
            assert name in known, query
            asked.add(name)
        for by in re.findall(r"by \(([a-z_, ]+)\)", query):
            assert set(by.split(", ")) <= known[names[0]], query
    # And shows whatever is measured.
    shown = {re.sub("|".join(f"{part}$" for part in PARTS), "", name) for name in asked}
    assert {family.name for family in metrics.registry.collect()} <= shown


def test_the_dashboard_has_panels_that_do_not_overlap():
    panels = json.loads(DASHBOARD.read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = Counter(
        (panel["gridPos"]["x"] + x, panel["gridPos"]["y"] + y)
        for panel in panels
        for x in range(panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["h"])
    )
    assert max(cells.values()) == 1
    assert max(x for x, _ in cells) < 24


@pytest.mark.parametrize("query", queries())
def test_each_query_of_the_dashboard_closes_what_it_opens(query):
    for left, right in ("()", "[]", "{}"):
        assert query.count(left) == query.count(right)
