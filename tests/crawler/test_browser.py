"""Pages that a browser fills, by a real Chromium: what is read of them, and that nothing goes round the guards."""

from __future__ import annotations

import itertools
import os
import socket
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from crawler.crawl import CrawlOptions, run_crawl
from crawler.errors import UserError
from crawler.settings import read_environment
from tests.chromium import CHROMIUM, HAS_PLAYWRIGHT, needs_chromium


def options(folder, **changes):
    environment = replace(read_environment({}), clean_workers=1, chromium=CHROMIUM)
    defaults = {
        "seeds": (folder / "seeds",),
        "data": str(folder / "data"),
        "allow_addresses": ("127.0.0.1/32",),
        "now": True,
    }
    return CrawlOptions(**{"environment": environment} | defaults | changes)


SHELL = b"""<!DOCTYPE html><html lang=en><head><title>News</title><link rel=stylesheet href=/style.css>
<script src=/app.js></script></head><body><img src=/picture.jpg><div id=root></div></body></html>"""
APP = """
const number = location.pathname.split('/').pop();
for (const address of ['%(inside)s/secret', '/private/data', 'file:///etc/hostname'])
  fetch(address).then(answer => answer.text()).then(text => document.body.append(text), () => 0);
try { new WebSocket('ws://127.0.0.1:%(port)s/socket') } catch (error) {}
try { const peer = new RTCPeerConnection({iceServers: [{urls: 'stun:127.0.0.1:%(port)s'}]});
      peer.createDataChannel('x'); peer.createOffer().then(offer => peer.setLocalDescription(offer)) } catch (error) {}
navigator.sendBeacon('/beacon', 'x');
window.open('/popup');
addEventListener('DOMContentLoaded', () => fetch('/api/' + number + '?agent=' + navigator.userAgent.split('/')[0])
  .then(answer => answer.text()).then(text => { document.title = 'Told'; document.getElementById('root').innerHTML = text }));
"""


@pytest.fixture
def papers(serve, helpers, tmp_path):
    """A site of shells that a script fills, one that the crawl may not ask, and a port that counts who connects."""
    site, inside = serve(), serve("127.0.0.2")
    counter = socket.create_server(("127.0.0.1", 0))
    connections = []

    def count():
        while True:
            try:
                connection, _ = counter.accept()
            except OSError:
                return
            connections.append(connection.recv(100))
            connection.close()

    threading.Thread(target=count, daemon=True).start()
    inside.answers["/secret"] = helpers.answer(b"a secret")
    app = APP % {"inside": inside.base, "port": counter.getsockname()[1]}
    site.answers |= {
        "/robots.txt": helpers.answer(b"User-agent: *\nDisallow: /private/\n"),
        "/app.js": helpers.answer(app.encode(), headers={"Content-Type": "text/javascript"}),
        "/private/data": helpers.answer(b"private"),
    }
    for number in range(3):
        text = helpers.page(number)
        text = text[text.index(b"<article>") : text.index(b"</body>")]
        site.answers[f"/news/{number}"] = helpers.answer(SHELL)
        site.answers[f"/api/{number}?agent=Broadsheet"] = helpers.answer(text)
    yield site, inside, connections
    counter.close()


def seed(papers, helpers, tmp_path, **keys):
    base = papers[0].base
    helpers.seed(
        tmp_path / "seeds", "paper", base, urls=[f"{base}/news/{number}" for number in range(3)], **keys
    )


@needs_chromium
def test_pages_are_read_once_their_scripts_have_run(papers, helpers, tmp_path):
    seed(papers, helpers, tmp_path, browser=True)
    report = run_crawl(options(tmp_path))
    assert report.outcomes == {"article": 3}
    rows = helpers.rows(tmp_path / "data")
    assert all("of case " in row["text"] for row in rows)
    assert report.verdicts["paper"].kind == "ok"


@needs_chromium
def test_nothing_of_a_page_goes_round_the_guards(papers, helpers, tmp_path):
    site, inside, connections = papers
    seed(papers, helpers, tmp_path, browser=True)
    run_crawl(options(tmp_path))
    assert inside.requests == []
    assert connections == []
    assert set(site.paths()) == {
        "/robots.txt",
        "/.well-known/tdmrep.json",
        "/app.js",
        *(f"/news/{number}" for number in range(3)),
        *(f"/api/{number}?agent=Broadsheet" for number in range(3)),
    }
    assert all(headers["User-Agent"].startswith("Broadsheet/") for _, _, headers in site.requests)


@needs_chromium
def test_delay_lies_between_all_requests_of_pages_that_are_run(papers, helpers, tmp_path):
    seed(papers, helpers, tmp_path, browser=True, delay_seconds=0.6)
    assert run_crawl(options(tmp_path)).articles == 3
    times = [at for at, _, _ in papers[0].requests]
    assert len(times) >= 9
    assert min(after - before for before, after in itertools.pairwise(times)) >= 0.95 * 0.6


@needs_chromium
def test_page_that_never_ends_is_given_up_and_the_next_one_is_read(papers, helpers, tmp_path, monkeypatch):
    monkeypatch.setattr("crawler.browser.MAX_SECONDS", 2.0)
    papers[0].answers["/news/1"] = helpers.answer(
        b"<!DOCTYPE html><title>x</title><body><script>for (;;) {}</script>"
    )
    seed(papers, helpers, tmp_path, browser=True)
    report = run_crawl(options(tmp_path))
    assert report.outcomes == {"article": 2, "dead": 1}
    assert report.reasons == {"dead": {"browser": 1}}


def driver_processes():
    """The processes that this one has started with Playwright."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and b"playwright" in (folder / "cmdline").read_bytes():
                found.append(folder.name)
    return found


@pytest.mark.skipif(not HAS_PLAYWRIGHT, reason="Playwright is not installed")
def test_browser_that_does_not_start_is_one_line_before_the_first_request(papers, helpers, tmp_path):
    seed(papers, helpers, tmp_path, browser=True)
    environment = replace(read_environment({}), clean_workers=1, chromium="/no/chromium")
    with pytest.raises(
        UserError, match=r"^paper: browser = true, but Chromium does not start: .*BROADSHEET_CHROMIUM"
    ):
        run_crawl(options(tmp_path, environment=environment))
    assert papers[0].requests == []
    assert driver_processes() == []


@pytest.mark.skipif(not HAS_PLAYWRIGHT, reason="Playwright is not installed")
def test_browser_lost_while_crawling_leaves_its_pages_owed_and_no_process(
    papers, helpers, tmp_path, monkeypatch
):
    async def find_nothing_wrong(*_):
        pass

    monkeypatch.setattr("crawler.crawl.try_browser", find_nothing_wrong)
    seed(papers, helpers, tmp_path, browser=True)
    environment = replace(read_environment({}), clean_workers=1, chromium="/no/chromium")
    report = run_crawl(options(tmp_path, environment=environment))
    assert "Chromium does not start" in report.sites_put_off["paper"]
    assert report.outcomes == {}
    assert "paper" not in report.verdicts
    assert driver_processes() == []
    papers[0].requests.clear()
    assert (
        run_crawl(options(tmp_path, environment=replace(environment, chromium=CHROMIUM))).articles == 3
        or not CHROMIUM
    )


def test_site_that_does_not_ask_for_it_is_read_without_a_browser(papers, helpers, tmp_path):
    seed(papers, helpers, tmp_path)
    report = run_crawl(options(tmp_path))
    assert report.verdicts["paper"].kind == "needs_script"
    assert "/app.js" not in papers[0].paths()


@pytest.mark.skipif(HAS_PLAYWRIGHT, reason="Playwright is installed")
def test_missing_playwright_is_said_in_one_line(papers, helpers, tmp_path):
    seed(papers, helpers, tmp_path, browser=True)
    with pytest.raises(UserError, match=r"^paper: browser = true needs Playwright: pip install"):
        run_crawl(options(tmp_path))
