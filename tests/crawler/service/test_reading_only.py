"""`serve --no-crawl`: shows what is there and changes nothing of it, also without a Redis."""

from __future__ import annotations

import json

from pipelines.log import Genesis, encode_entry, entry_path
from tests.pipelines.index_rows import Folder, article


def test_a_folder_is_served_without_a_redis_and_stays_as_it_was(start, tmp_path):
    data = tmp_path / "data"
    (data / "log").mkdir(parents=True)
    genesis = Genesis(log_id="0123456789abcdef", format=1, created_at="2026-04-14T08:00:00+00:00")
    (data / entry_path(1)).write_bytes(encode_entry(genesis))
    before = {path: path.stat().st_mtime_ns for path in (data, *data.rglob("*"))}
    service = start(data, "--no-crawl", "--state", str(tmp_path / "state"))
    service.await_that(lambda: service.component("index") == "ok")
    health = service.get("/health").json
    assert (health["status"], health["components"]["redis"]["status"]) == ("ok", "off")
    assert service.get("/api/log").json["entries"][0]["kind"] == "genesis"
    stream = service.get("/api/log?limit=5", Accept="application/x-ndjson").body
    assert json.loads(stream)["log_id"] == "0123456789abcdef"
    assert service.get("/api/articles").json == {"articles": [], "after": None}
    assert service.get("/api/sites").json["sites"] == []
    assert service.get("/api/runs").json["status"] == 503
    assert "broadsheet_" in service.get("/metrics").body.decode()
    assert service.end()[0] == 0
    assert {path: path.stat().st_mtime_ns for path in (data, *data.rglob("*"))} == before


def test_sites_of_which_nothing_but_their_rows_is_known_are_listed(start, tmp_path):
    data = tmp_path / "data"
    Folder(data).publish(article(1, site="harbour"))
    service = start(data, "--no-crawl", "--state", str(tmp_path / "state"))
    service.await_that(service.articles)
    (site,) = service.get("/api/sites").json["sites"]
    assert (site["id"], site["texts"], site["is_crawled"]) == ("harbour", 1, False)
    assert [site[name] for name in ("name", "owed", "verdict", "is_paused", "due_at")] == [None] * 5
    assert b"/sites/harbour" in service.get("/sites").body
    assert service.get("/sites/harbour").status == 200


def test_a_redis_elsewhere_that_does_not_answer_is_told_and_what_is_there_is_shown(start, tmp_path):
    data = tmp_path / "data"
    Folder(data).publish(article(1, site="harbour"))
    service = start(data, "--no-crawl", "--state", str(tmp_path / "state"), REDIS_URL="redis://127.0.0.1:9/0")
    assert service.component("redis") == "down"
    service.await_that(lambda: service.articles("site=harbour"))
    assert service.get("/api/log").status == 200
    assert (service.get("/api/runs").status, service.get("/ready").status) == (503, 503)
    assert service.end()[0] == 0
