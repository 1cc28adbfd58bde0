"""Who is let in: by the token, the Host header and the rate, asked of the middlewares themselves."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import time

import pytest
from starlette.responses import PlainTextResponse

from crawler.service import connections
from crawler.service.connections import BoundedProtocol, throttle_logs
from crawler.service.guards import READS, Gatekeeper, RateLimit
from crawler.service.web import bind, make_server

TOKEN = "a-token-of-this-test"


async def ask(app, method, path, client="192.0.2.1", **headers):
    sent = []
    named = {"host": "news.example", **headers}
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "client": (client, 1),
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
    }

    async def send(message):
        sent.append(message)

    await app(scope, None, send)
    start = sent[0]
    return start["status"], {name.decode(): value.decode() for name, value in start["headers"]}


async def inside(scope, receive, send):
    await PlainTextResponse("trusted" if scope["state"]["is_trusted"] else "stranger")(scope, receive, send)


def gate(*, is_local, token=TOKEN):
    return Gatekeeper(
        inside, token=token, hosts=["news.example"], is_local=is_local, open_paths=frozenset({"/health"})
    )


BEARER = {"authorization": f"Bearer {TOKEN}"}
BASIC = {"authorization": f"Basic {base64.b64encode(f'me:{TOKEN}'.encode()).decode()}"}


@pytest.mark.parametrize(
    ("is_local", "method", "path", "headers", "status"),
    [
        (True, "GET", "/api/sites", {}, 200),
        (True, "POST", "/api/sites/a/visit", {}, 401),
        (True, "POST", "/api/clean", {}, 200),
        (True, "POST", "/api/sites/a/visit", BEARER, 200),
        (True, "POST", "/api/sites/a/visit", {"authorization": "Bearer " + TOKEN[:-1]}, 401),
        (True, "POST", "/api/sites/a/visit", BEARER | {"origin": "http://evil.example"}, 403),
        (True, "POST", "/api/sites/a/visit", BEARER | {"origin": "https://news.example"}, 200),
        (False, "GET", "/api/sites", {}, 401),
        (False, "GET", "/api/sites", BEARER, 200),
        (False, "GET", "/api/sites", BASIC, 200),
        (False, "POST", "/api/sites/a/visit", BASIC, 401),
        (False, "POST", "/api/clean", {}, 401),
        (False, "GET", "/health", {}, 200),
        (True, "GET", "/health", {"host": "evil.example"}, 421),
        (True, "GET", "/health", {"host": "127.0.0.1:8460"}, 200),
        (True, "GET", "/health", {"host": "[::1]:8460"}, 200),
        (True, "GET", "/health", {"host": "localhost"}, 200),
        (True, "GET", "/health", {"host": "localhost/x"}, 400),
        (True, "GET", "/health", {"host": ""}, 400),
        (True, "POST", "/api/clean", {"content-length": "3", "transfer-encoding": "chunked"}, 400),
        (True, "POST", "/api/clean", {"content-encoding": "gzip"}, 415),
        (True, "POST", "/api/clean", {"content-encoding": "identity"}, 200),
        (True, "POST", "/api/clean", {"sec-fetch-site": "cross-site"}, 403),
        (True, "POST", "/api/clean", {"sec-fetch-site": "same-origin"}, 200),
    ],
)
async def test_who_is_let_in(is_local, method, path, headers, status):
    assert (await ask(gate(is_local=is_local), method, path, **headers))[0] == status


async def test_without_a_token_nothing_can_be_changed_by_any():
    assert (await ask(gate(is_local=True, token=None), "POST", "/api/sites/a/visit", **BEARER))[0] == 403


async def test_a_browser_is_asked_for_the_token_where_it_only_reads():
    _, headers = await ask(gate(is_local=False), "GET", "/")
    assert headers["www-authenticate"].startswith("Basic ")
    _, headers = await ask(gate(is_local=False), "POST", "/api/sites/a/visit")
    assert headers["www-authenticate"] == "Bearer"


async def test_whoever_asks_too_often_is_told_when_to_ask_again_and_the_others_are_not():
    async def answer(scope, receive, send):
        await PlainTextResponse("")(scope, receive, send)

    app = RateLimit(answer)
    first = [(await ask(app, "GET", "/"))[0] for _ in range(int(READS.at_once))]
    assert set(first) == {200}
    asked = [await ask(app, "GET", "/") for _ in range(50)]
    refused = [headers for status, headers in asked if status == 429]
    assert len(refused) > 40
    assert refused[0]["retry-after"] == "1"
    assert (await ask(app, "GET", "/", client="192.0.2.2"))[0] == 200
    await asyncio.sleep(0.1)
    assert (await ask(app, "GET", "/"))[0] == 200


@pytest.fixture
async def server(monkeypatch):
    """The web server over `inside`, quick to lose patience, with room for eight connections."""
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.3)
    monkeypatch.setattr(connections, "BODY_SECONDS", 0.6)
    app = Gatekeeper(inside, token=TOKEN, hosts=[], is_local=True, open_paths=frozenset())
    taken = bind("127.0.0.1", 0)
    web = make_server(app)
    monkeypatch.setattr(BoundedProtocol, "most", 8)
    serving = asyncio.create_task(web.serve(sockets=[taken]))
    yield taken.getsockname()[1]
    web.should_exit = True
    await serving
    taken.close()


async def say(port, text):
    """Send a text; gives all that comes back until the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(text)
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    return answer


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: local", b"408"),
        (b"", b""),
        (b"POST /api/clean HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc", b"200"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\nGET /b HT", b"200"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", b"400"),
        (b"POST /api/clean HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n", b"400"),
        (
            b"POST /api/clean HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"400",
        ),
        (b"nonsense\r\n\r\n", b"400"),
    ],
)
async def test_a_request_that_does_not_come_in_or_cannot_be_read_ends_its_connection(server, text, status):
    answer = await say(server, text)
    assert answer[9:12] == status
    if status not in {b"", b"200"}:
        head, _, body = answer.partition(b"\r\n\r\n")
        assert b"content-type: application/problem+json" in head.lower()
        assert json.loads(body)["status"] == int(status)


async def test_bytes_that_trickle_in_win_no_time(server):
    reader, writer = await asyncio.open_connection("127.0.0.1", server)
    answer = asyncio.create_task(reader.read(12))
    began = time.monotonic()
    while not answer.done() and time.monotonic() - began < 3:
        writer.write(b"x")
        await asyncio.wait({answer}, timeout=0.05)
    assert (await answer)[9:] == b"408"
    assert time.monotonic() - began < 1.5
    writer.close()


async def test_a_client_has_half_of_the_connections_and_the_others_find_room(server, monkeypatch):
    monkeypatch.setattr(connections, "HEAD_SECONDS", 30.0)
    held = [await asyncio.open_connection("127.0.0.1", server) for _ in range(4)]
    refused = await say(server, b"")
    assert (refused[9:12], b"problem+json" in refused) == (b"503", True)
    reader, writer = await asyncio.open_connection("127.0.0.1", server, local_addr=("127.0.0.9", 0))
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert (await reader.read(12))[9:] == b"200"
    for _, one in [*held, (reader, writer)]:
        one.close()


def test_no_files_left_is_one_line_a_minute_without_a_traceback(caplog):
    throttle_logs()
    log = logging.getLogger("asyncio")
    for _ in range(3):
        log.error(
            "socket.accept() out of system resource\nsocket: 7", exc_info=OSError(24, "Too many open files")
        )
    (record,) = caplog.records
    assert (record.exc_info, "LimitNOFILE" in record.getMessage()) == (None, True)
