"""`broadsheet agenda` after crawls of a site on loopback."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from crawler.cli import app, spread


@pytest.fixture(scope="module")
def crawled(serve, helpers, tmp_path_factory):
    folder = tmp_path_factory.mktemp("agenda")
    for id_ in ("gazette", "mirror"):
        site = serve()
        feed = b"<rss version='2.0'><channel><item><link>/news/1</link></item></channel></rss>"
        site.answers |= {
            "/feed.xml": helpers.answer(feed, headers={"Content-Type": "application/rss+xml"}),
            "/news/1": helpers.answer(helpers.page(len(id_))),
        }
        feeds = [f"{site.base}/feed.xml", f"{site.base}/lost.xml"]
        helpers.seed(folder / "seeds", id_, site.base, feeds=feeds)
    options = [
        "--seeds",
        str(folder / "seeds"),
        "--data",
        str(folder / "data"),
        "--allow-address",
        "127.0.0.0/8",
    ]
    done = CliRunner().invoke(app, ["crawl", *options])
    assert done.exit_code == 0, done.output
    return folder / "data"


def agenda(*arguments, data, code=0):
    done = CliRunner().invoke(app, spread(["agenda", *arguments, "--data", str(data)]))
    assert done.exit_code == code, (done.output, done.exception)
    return done.stdout if code == 0 else done.stderr


def test_tells_when_each_site_and_listing_is_due_and_what_it_brought(crawled):
    lines = agenda("--site", "gazette", data=crawled).splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("gazette: due in ")
    assert "/feed.xml: due in " in lines[1]
    assert lines[1].endswith("1 new, 0 known")
    assert "every 15 min" in lines[1]
    assert "/lost.xml: due in " in lines[2]
    assert "failed 1 time, last " in lines[2]
    assert lines[2].endswith("http_404")


def test_gives_the_same_as_json_lines(crawled):
    sites = [json.loads(line) for line in agenda("--json", data=crawled).splitlines()]
    assert sorted(site["site"] for site in sites) == ["gazette", "mirror"]
    feed, lost = sites[0]["listings"]
    assert (feed["new"], feed["failures"], feed["interval_seconds"]) == (1, 0, 900)
    assert (lost["failures"], lost["error"], lost["is_retired"]) == (1, "http_404", False)
    assert lost["due_at"] > feed["due_at"] >= sites[0]["due_at"]
    assert sites[0]["held_by"] is None


def test_shows_only_what_is_due(crawled):
    assert agenda("--due", data=crawled) == ""


def test_site_that_was_never_visited_is_named(crawled):
    said = agenda("--site", "gazette", "gazzette", data=crawled, code=2)
    assert "--site gazzette: was never visited" in said


def test_folder_without_a_log_is_the_users_mistake(tmp_path):
    assert "there is no log here" in agenda(data=tmp_path, code=2)


def test_site_that_no_seed_has_any_more_is_marked_and_never_due(crawled, tmp_path, helpers):
    helpers.seed(tmp_path, "mirror", "http://127.0.0.1:9", feeds=["http://127.0.0.1:9/feed"])
    lines = agenda("--seeds", str(tmp_path), data=crawled).splitlines()
    assert [line.partition(":")[0] for line in lines if line[0] != " "] == ["mirror", "gazette"]
    (gone,) = (line for line in lines if line.startswith("gazette"))
    assert gone.startswith("gazette: no seed has it, so it is not visited, visited ")
    assert not any(" due " in line for line in lines[lines.index(gone) :])
    sites = [
        json.loads(line) for line in agenda("--seeds", str(tmp_path), "--json", data=crawled).splitlines()
    ]
    assert [(site["site"], site["has_seed"]) for site in sites] == [("mirror", True), ("gazette", False)]
    assert "gazette" not in agenda("--due", "--seeds", str(tmp_path), data=crawled)


def stop(*arguments, data):
    return CliRunner().invoke(app, spread(["stop", *arguments, "--data", str(data)]))


def test_only_known_sites_and_hosts_are_stopped_and_a_strange_host_is_doubted(crawled):
    done = stop("gazete", data=crawled)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "gazete: is neither a host nor the id of a known site; did you mean gazette?" in done.stderr
    for known in ("gazette", "127.0.0.1"):
        assert (stop(known, data=crawled).exit_code, stop(known, data=crawled).stderr) == (0, "")
    done = stop("nobody.example", data=crawled)
    assert (done.exit_code, done.stdout.startswith("nobody.example: stopped until")) == (0, True)
    assert "nobody.example: no seed and no site of the agenda has this host" in done.stderr
    assert stop("list", data=crawled).stdout.count("stopped until") == 3
