"""Who is let in: by the token, the Host header and the rate, asked of the middlewares themselves."""

from __future__ import annotations

import asyncio
import base64

import pytest
from starlette.responses import PlainTextResponse

from crawler.service.guards import READS, Gatekeeper, RateLimit

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
