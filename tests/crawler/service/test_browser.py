"""A service with sites that need Chromium, where there is none."""

import pytest

pytest.importorskip("playwright", reason="needs the extra `browser`")


def test_a_chromium_that_does_not_start_is_told_and_the_other_sites_are_crawled(
    start, gazette, serve, helpers, tmp_path
):
    helpers.seed(tmp_path / "seeds", "gazette", gazette.base, feeds=[f"{gazette.base}/feed"])
    scripted = serve().base
    helpers.seed(tmp_path / "seeds", "scripted", scripted, urls=[f"{scripted}/a"], browser=True)
    options = ["--seeds", str(tmp_path / "seeds"), "--allow-address", "127.0.0.1/32"]
    running = start(tmp_path / "data", *options, BROADSHEET_CHROMIUM=str(tmp_path / "no-chromium"))
    running.await_that(lambda: len(running.articles()) == 3)
    browser = running.get("/health").json["components"]["browser"]
    assert browser["status"] == "waiting"
    assert browser["detail"].startswith("scripted: browser = true, but Chromium does not start")
    assert "BROADSHEET_CHROMIUM" in browser["detail"]
    assert running.end()[0] == 0
