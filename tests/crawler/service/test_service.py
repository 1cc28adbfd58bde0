"""One service over one site, from its first crawl to its end: what it serves, and what it promises."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from redis import Redis

pytestmark = pytest.mark.xdist_group("service")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("service")


@pytest.fixture(scope="module")
def service(start, gazette, helpers, folder):
    helpers.seed(folder / "seeds", "gazette", gazette.base, feeds=[f"{gazette.base}/feed"])
    running = start(folder / "data", "--seeds", str(folder / "seeds"), "--allow-address", "127.0.0.1/32")
    running.await_that(lambda: len(running.articles()) == 3)
    return running


def test_what_is_crawled_is_found_and_shown_with_its_row(service, gazette):
    found = service.articles("q=case&site=gazette&language=en&limit=2")
    assert len(found) == 2
    shown = service.get(f"/api/articles/{found[0]['id']}").json
    record = shown["revisions"][0]["record"]
    assert record["id"] == found[0]["id"]
    assert record["text"].startswith(found[0]["excerpt"][:100])
    assert shown["changes"] == []
    rest = service.get("/api/articles?limit=2")
    last = service.get(f"/api/articles?limit=2&after={rest.json['after']}").json
    assert len(last["articles"]) == 1
    assert last["after"] is None


def test_the_trace_of_an_address_says_where_its_row_lies_and_when_it_is_visited_again(service, gazette):
    trace = service.get(f"/api/urls?url={quote(gazette.base + '/a?utm_source=x', safe='')}").json
    (visit,) = trace["articles"]
    assert (service.data / visit["path"]).exists()
    assert f"{visit['entry']:020}" in {file.stem for file in (service.data / "log").iterdir()}
    assert [(owed["is_again"], owed["listed"]["title"]) for owed in trace["owed"]] == [(True, "t")]


def test_sites_and_runs_say_how_a_site_stands(service):
    (site,) = service.get("/api/sites").json["sites"]
    assert (site["id"], site["verdict"], site["texts"], site["is_crawled"]) == ("gazette", "ok", 3, True)
    (run,) = service.get("/api/runs?site=gazette").json["runs"]
    assert (run["new_links"], run["pages"]) == (3, {"article": 3})
    assert service.get("/api/sites/gazette").json["listings"][0]["new"] == 3


@pytest.mark.parametrize(
    ("path", "status", "parameter"),
    [
        ("/api/articles?langage=en", 400, "langage"),
        ("/api/articles?language=in%20English", 400, "language"),
        ("/api/articles?from=yesterday", 400, "from"),
        ("/api/articles?limit=0", 400, "limit"),
        ("/api/articles?limit=1&limit=2", 400, "limit"),
        ("/api/articles/xyz", 400, "id"),
        (f"/api/articles/{'0' * 32}", 404, "id"),
        ("/api/urls", 400, "url"),
        ("/api/urls?url=file:///etc/passwd", 400, "url"),
        ("/api/sites/nobody", 404, "id"),
        ("/api/log?after=-1", 400, "after"),
        ("/api/log?after=1000000", 404, "after"),
        ("/api/articles?site=nobody", 404, "site"),
        ("/api/articles?from=2026-04-02&to=2026-04-01", 400, "to"),
        ("/api/runs?site=nobody", 404, "site"),
        ("/api/nothing", 404, None),
    ],
)
def test_what_is_wrong_with_a_request_is_said_with_the_parameters_name(service, path, status, parameter):
    answer = service.get(path)
    assert (answer.status, answer.json["parameter"]) == (status, parameter)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json["detail"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_path_of_any_length_is_told_in_short(service):
    answer = service.get("/" + "x" * 20_000)
    assert (answer.status, len(answer.body) < 1_000) == (404, True)


def test_only_the_token_changes_something(service, token):
    path = "/api/sites/gazette/visit"
    assert service.ask("POST", path).status == 401
    assert service.ask("POST", path, token="another-token-altogether").status == 401
    assert service.ask("POST", path, token=token, Origin="http://evil.example").status == 403
    assert service.ask("GET", path, token=token).status == 405
    assert service.ask("POST", "/api/sites/nobody/visit", token=token).status == 404
    assert service.get("/health", Host="evil.example").status == 421


def test_a_body_that_is_too_large_is_refused_whether_its_size_is_said_or_not(service):
    head = b"POST /api/clean HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/html\r\n"
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as connection:
        connection.sendall(head + b"Content-Length: 8388609\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 413")
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as connection:
        connection.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(8):
            connection.sendall(b"100000\r\n" + b"x" * 2**20 + b"\r\n")
        connection.sendall(b"1\r\nx\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 413")


def test_a_page_that_is_posted_comes_back_as_an_article_or_with_the_reason_why_it_is_none(service, helpers):
    page = helpers.page(77, title="A page of somebody")
    answer = service.ask("POST", "/api/clean?url=https://news.example/a", page, Content_Type="text/html").json
    assert (answer["outcome"], answer["article"]["title"]) == ("article", "A page of somebody")
    as_json = json.dumps({"url": "https://news.example/a", "html": page.decode()})
    again = service.ask("POST", "/api/clean", as_json, Content_Type="application/json").json
    assert again["article"]["content_hash"] == answer["article"]["content_hash"]
    short = service.ask("POST", "/api/clean", b"<p>Hello</p>", Content_Type="text/html").json
    assert (short["outcome"], short["reason"]) == ("rejected", "too_short")
    assert service.ask("POST", "/api/clean", b"x", Content_Type="application/pdf").status == 415


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        (b'{"htlm": "x"}', "htlm"),
        (b'{"html": "x", "text": "x"}', "text"),
        (b'{"html": "x", "url": "x"}', "url"),
        (b'{"html": "x", "html": "y"}', "html"),
        (b'{"html": 1}', "html"),
        (b'{"url": "https://news.example/a"}', "html"),
        (b"[]", None),
        (b"{", None),
        (b'{"text": "\xff"}', None),
        (b"[" * 60_000, None),
    ],
)
def test_what_is_wrong_with_a_body_is_said_with_the_key(service, body, parameter):
    answer = service.ask("POST", "/api/clean", body, Content_Type="application/json")
    assert (answer.status, answer.json["parameter"]) == (400, parameter)
    assert "recursion" not in answer.json["detail"]


def test_whoever_waits_for_the_log_is_told_of_a_wanted_visit_at_once(service, gazette, token):
    last = service.get("/api/log?limit=10000").json["after"]
    told = {}

    def wait():
        told["page"] = service.get(f"/api/log?after={last}&wait=30").json
        told["stream"] = service.get(f"/api/log?after={last}", Accept="application/x-ndjson").body

    waiting = threading.Thread(target=wait)
    waiting.start()
    gazette.list(["/a", "/b", "/c", "/d"])
    assert service.ask("POST", "/api/sites/gazette/visit", token=token).status == 202
    waiting.join(40)
    assert told["page"]["entries"][0]["entry"] == last + 1
    assert json.loads(told["stream"].splitlines()[0]) == told["page"]["entries"][0]
    service.await_that(lambda: len(service.articles()) == 4)


def test_a_paused_site_is_asked_for_nothing(service, gazette, token):
    assert service.ask("POST", "/api/sites/gazette/pause?for=1h", token=token).json["paused_until"]
    time.sleep(2.5)
    asked = len(gazette.requests)
    service.ask("POST", "/api/sites/gazette/visit", token=token)
    service.await_that(lambda: service.get("/api/runs").json["runs"][0]["put_off"], seconds=20)
    assert len(gazette.requests) == asked
    assert service.ask("DELETE", "/api/sites/gazette/pause", token=token).json["is_paused"] is False


def test_schemathesis_finds_nothing_that_the_description_does_not_say(service, token, tmp_path):
    here = Path(__file__).parent
    found = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", f"--config-file={here / 'schemathesis.toml'}", "run"),
            *(f"{service.base}/openapi.json", f"--header=Authorization: Bearer {token}"),
            *("--phases=coverage,fuzzing", "--max-examples=3", "--max-time=20", "--generation-deterministic"),
        ],
        env={
            **os.environ,
            "SCHEMATHESIS_HOOKS": "schemathesis_hooks",
            "PYTHONPATH": str(here),
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout[-5000:] + found.stderr[-2000:]
    assert "Tested: 0" not in found.stdout
    for site in service.get("/api/sites").json["sites"]:
        service.ask("DELETE", f"/api/sites/{site['id']}/pause", token=token)


def test_every_endpoint_has_its_example_in_the_documentation(service):
    text = (Path(__file__).parents[3] / "docs" / "api.md").read_text()
    examples = re.findall(r"^curl .*$", text, flags=re.MULTILINE)
    paths = service.get("/openapi.json").json["paths"]
    assert len(paths) > 10
    for path, methods in paths.items():
        place = re.sub(r"\\\{\w+\\\}", r"[A-Za-z0-9.-]+", re.escape(path)) + r"([\s\"?]|$)"
        for method in methods:
            asked = [line for line in examples if re.search(rf"\$B{place}", line)]
            kind = "GET" if method == "get" else f"-X {method.upper()}"
            assert any(kind in line or (kind == "GET" and "-X" not in line) for line in asked), (method, path)


def test_seeds_are_read_again_and_a_broken_one_changes_nothing(service, gazette, helpers, folder):
    seed = folder / "seeds" / "herald.toml"
    seed.write_text("id = 'herald'\nlanguge = 'en'\n")
    service.await_that(lambda: service.component("seeds") == "waiting", seconds=15)
    health = service.get("/health").json
    assert "herald.toml: languge: unknown key" in health["components"]["seeds"]["detail"]
    assert health["status"] == "degraded"
    assert service.get("/ready").status == 200
    assert [site["id"] for site in service.get("/api/sites").json["sites"]] == ["gazette"]
    gazette.answers["/z"] = helpers.answer(helpers.page(4321))
    helpers.seed(folder / "seeds", "herald", gazette.base, urls=[f"{gazette.base}/z"])
    service.await_that(lambda: service.component("seeds") == "ok", seconds=15)
    service.await_that(lambda: len(service.articles()) == 5)


def test_a_redis_that_dies_is_told_within_ten_seconds_and_the_service_recovers(service, gazette, token):
    path = service.data / ".state" / "redis"
    note = path / "socket"
    with Redis(unix_socket_path=note.read_text() if note.exists() else str(path / "valkey.sock")) as redis:
        server = redis.info("server")["process_id"]
    # Stopped first: the embedded one would be alive again before anybody could look.
    os.kill(server, signal.SIGSTOP)
    service.await_that(lambda: service.component("redis") == "down", seconds=10)
    assert service.get("/ready").status == 503
    assert service.get("/api/runs").status == 503
    os.kill(server, signal.SIGKILL)
    service.await_that(lambda: service.component("redis") == "ok", seconds=30)
    gazette.list(["/a", "/b", "/c", "/d", "/e"])
    service.await_that(
        lambda: service.ask("POST", "/api/sites/gazette/visit", token=token).status == 202, seconds=30
    )
    service.await_that(lambda: len(service.articles()) == 6, seconds=60)


def test_a_store_that_is_gone_is_told_no_other_log_is_begun_and_the_service_recovers(service, gazette, token):
    away = service.data.with_name("away")
    state = service.data / ".state"
    last = service.get("/api/log?limit=10000").json["after"]
    stream = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
    stream.request("GET", f"/api/log?after={last - 1}&wait=4", headers={"Accept": "application/x-ndjson"})
    answer = stream.getresponse()
    assert json.loads(answer.readline())["entry"] == last
    service.data.rename(away)
    service.data.mkdir()
    state.symlink_to(away / ".state")
    service.await_that(lambda: service.component("store") == "down", seconds=10)
    assert service.get("/ready").status == 503
    for accept in ("application/json", "application/x-ndjson"):
        assert service.get(f"/api/log?after={last}", Accept=accept).status == 503
    # What ends as a stream should would say that there is nothing more.
    with pytest.raises(http.client.IncompleteRead):
        answer.read()
    stream.close()
    time.sleep(3)
    assert [file.name for file in service.data.iterdir()] == [".state"]
    state.unlink()
    service.data.rmdir()
    away.rename(service.data)
    service.await_that(lambda: service.get("/ready").status == 200, seconds=30)
    gazette.list(["/a", "/b", "/c", "/d", "/e", "/f"])
    service.ask("POST", "/api/sites/gazette/visit", token=token)
    service.await_that(lambda: len(service.articles()) == 7, seconds=60)


def test_after_kill_9_and_a_new_start_every_promise_holds_and_sigterm_ends_with_0(
    service, start, gazette, folder, token
):
    gazette.list([f"/{letter}" for letter in "abcdefghij"])
    service.ask("POST", "/api/sites/gazette/visit", token=token)
    asked = len(gazette.requests)
    service.await_that(lambda: len(gazette.requests) > asked + 2)
    service.end(signal.SIGKILL)
    again = start(folder / "data", "--seeds", str(folder / "seeds"), "--allow-address", "127.0.0.1/32")
    again.await_that(lambda: len(again.articles()) == 11, seconds=60)
    code, seconds, said = again.end()
    assert (code, "Traceback" in said) == (0, False), said
    assert seconds < 30
    verified = subprocess.run(
        [sys.executable, "-m", "crawler", "verify", "--data", str(folder / "data")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert verified.returncode == 0, verified.stderr
    assert "every promise holds" in verified.stdout
