"""Headers of a site's own, and proxies: what is sent where, and what the address guard still refuses."""

from __future__ import annotations

import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from crawler.crawl import CrawlOptions, run_crawl
from crawler.seeds import SeedError, load_seeds
from crawler.settings import SettingError, read_environment


def options(folder, **changes):
    environment = replace(read_environment({}), clean_workers=1, **changes.pop("environment", {}))
    defaults = {
        "seeds": (folder / "seeds",),
        "data": str(folder / "data"),
        "allow_addresses": ("127.0.0.1/32",),
        "now": True,
    }
    return CrawlOptions(**{"environment": environment} | defaults | changes)


@pytest.fixture
def proxy():
    """A proxy on an address that no crawl may fetch from."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked.append((self.path, self.headers.get("Proxy-Authorization")))
            try:
                answer = urlopen(self.path, timeout=10)
            except HTTPError as error:
                answer = error
            with answer:
                body, kind = answer.read(), answer.headers["Content-Type"]
            self.send_response(answer.status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.3", 0), Handler)
    server.asked = []
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_headers_go_to_the_sites_own_hosts_and_to_no_other(serve, helpers, tmp_path):
    site, other = serve(), serve()
    site.answers["/feed.xml"] = helpers.answer(b"", 302, {"Location": f"{other.base}/feed.xml"})
    site.answers["/a/1"] = helpers.answer(helpers.page(1))
    feed = f"<rss version='2.0'><channel><item><link>{site.base}/a/1</link></item></channel></rss>"
    other.answers["/feed.xml"] = helpers.answer(
        feed.encode(), headers={"Content-Type": "application/rss+xml"}
    )
    helpers.seed(tmp_path / "seeds", "paper", site.base, feeds=[f"{site.base}/feed.xml"])
    with (tmp_path / "seeds" / "paper.toml").open("a") as file:
        file.write('headers = { Accept-Language = "de", X-Key = "a b" }\n')
    assert run_crawl(options(tmp_path)).articles == 1
    for _, path, headers in site.requests:
        assert (headers.get("Accept-Language"), headers.get("X-Key")) == ("de", "a b"), path
        assert headers["User-Agent"].startswith("Broadsheet/")
    assert other.paths() == ["/robots.txt", "/feed.xml"]
    assert not any("X-Key" in headers for _, _, headers in other.requests)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('headers = { User-Agent = "Browser" }', "headers.User-Agent: must not be set"),
        ('headers = { cookie = "a=b" }', "headers.cookie: must not be set"),
        ('headers = { Authorization = "Basic eA==" }', "headers.Authorization: must not be set"),
        ('headers = { Host = "other.example" }', "headers.Host: must not be set"),
        ('headers = { "X-A" = "1\\r\\nX-B: 2" }', "headers.X-A: must be 1 to 2000 printable"),
        ('headers = { "X A" = "1" }', "headers.X A: is no name"),
        ("headers = { X-A = 1 }", "headers"),
        ('proxy = "socks5://127.0.0.1:1"', "proxy: must be an address such as"),
        ('proxy = "http://me:secret@proxy.example:3128"', "proxy: must not hold a user name"),
        ('proxy = "http://proxy.example:3128/path"', "proxy: must end with the host"),
        ("max_delay_seconds = 0.5", "max_delay_seconds: 0.5 is not between"),
    ],
)
def test_what_must_not_be_set_is_named_with_file_and_key(line, problem, helpers, tmp_path):
    helpers.seed(
        tmp_path, "paper", "https://news.example", urls=["https://news.example/1"], delay_seconds=1.0
    )
    with (tmp_path / "paper.toml").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(SeedError) as error:
        load_seeds([tmp_path])
    assert str(error.value).startswith(f"{tmp_path / 'paper.toml'}: {problem}")
    assert "secret" not in str(error.value)


def test_site_is_asked_through_its_proxy(serve, helpers, proxy, tmp_path):
    site = serve()
    site.answers["/a/1"] = helpers.answer(helpers.page(1))
    address = f"http://me:secret@127.0.0.3:{proxy.server_address[1]}"
    helpers.seed(tmp_path / "seeds", "paper", site.base, urls=[f"{site.base}/a/1"])
    assert run_crawl(options(tmp_path, environment={"proxy": address})).articles == 1
    assert f"{site.base}/a/1" in [path for path, _ in proxy.asked]
    assert len(proxy.asked) == len(site.requests)
    assert {login for _, login in proxy.asked} == {"Basic bWU6c2VjcmV0"}


def test_proxy_leads_to_no_address_that_may_not_be_asked(serve, helpers, proxy, tmp_path):
    inside = serve("127.0.0.2")
    inside.answers["/a/1"] = helpers.answer(helpers.page(1))
    address = f"http://127.0.0.3:{proxy.server_address[1]}"
    port = inside.base.rpartition(":")[2]
    urls = [f"{inside.base}/a/1", f"http://[::ffff:127.0.0.2]:{port}/a/1"]
    helpers.seed(tmp_path / "seeds", "paper", inside.base, urls=urls, proxy=address)
    report = run_crawl(options(tmp_path, contact="me@news.example"))
    assert report.reasons == {"blocked": {"address": 2}}
    assert (proxy.asked, inside.requests) == ([], [])


def test_name_behind_a_proxy_is_judged_by_what_it_resolves_to(serve, helpers, proxy, tmp_path):
    helpers.seed(
        tmp_path / "seeds",
        "paper",
        "http://localhost:81",
        urls=["http://localhost:81/a"],
        proxy=f"http://127.0.0.3:{proxy.server_address[1]}",
    )
    report = run_crawl(options(tmp_path, contact="me@news.example", allow_addresses=("127.0.0.9/32",)))
    assert report.reasons == {"blocked": {"address": 1}}
    assert proxy.asked == []


def test_proxy_of_the_environment_is_checked_and_its_password_not_repeated():
    with pytest.raises(SettingError) as error:
        read_environment({"BROADSHEET_PROXY": "ftp://me:secret@proxy.example"})
    assert str(error.value).startswith("BROADSHEET_PROXY: must be an address such as")
    assert "secret" not in str(error.value)
