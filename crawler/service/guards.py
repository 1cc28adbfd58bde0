"""Who may ask, and how much: the token, the Host header, the size of bodies, the rate of requests.

All of them are ASGI middlewares around the whole application, so that no route can be reached past them.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import time
from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request

from crawler.service.problems import ProblemError, to_response

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
READ_ONLY_POSTS = frozenset({"/api/clean"})
"""They change nothing: a body is only how a page comes in."""
BODY_BYTES = 64 * 1024
"""Of a request's body, but for those below."""
BODY_BYTES_BY_PATH = {"/api/clean": 8 * 1024 * 1024}
"""As large as a page may be for the crawl (DOWNLOAD_MAXSIZE)."""
_MAX_CLIENTS = 10_000


class Gatekeeper:
    """Refuses what may not be asked, before anything of it is read; notes in `request.state.is_trusted` who may."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        token: str | None,
        hosts: Sequence[str],
        is_local: bool,
        open_paths: frozenset[str],
    ) -> None:
        """`hosts`: names beside `localhost`; `is_local`: bound to loopback, so that reading is free."""
        self._app = app
        self._token = token
        self._hosts = frozenset(host.lower() for host in hosts)
        self._is_local = is_local
        self._open_paths = open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            self._check(scope)
        except ProblemError as problem:
            await to_response(problem)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        self._check_host(headers)
        _check_body(headers)
        is_read = scope["method"] in SAFE_METHODS
        shown = read_token(headers, may_be_basic=is_read)
        is_known = shown is not None and self._token is not None and is_same(shown, self._token)
        scope.setdefault("state", {})["is_trusted"] = is_known or self._is_local
        is_harmless = is_read or scope["path"] in READ_ONLY_POSTS
        if not is_read:
            self._check_origin(headers)
        if is_known or (is_harmless and (self._is_local or scope["path"] in self._open_paths)):
            return
        if self._token is None:
            raise ProblemError(
                403, "the service was started without a token, so nothing can be changed by it"
            )
        what = "a wrong token" if shown is not None else "no token"
        raise ProblemError(
            401,
            f"{what} was shown: send the header Authorization: Bearer TOKEN",
            headers={"WWW-Authenticate": 'Basic realm="broadsheet"' if is_read else "Bearer"},
        )

    def _check_host(self, headers: Headers) -> None:
        """A page of a stranger whose name was pointed at us would be read by the stranger's scripts."""
        host = headers.get("host", "")
        name = _hostname(f"//{host}")
        if name is None or len(headers.getlist("host")) != 1:
            raise ProblemError(400, "the Host header is missing or is no host")
        if not (name == "localhost" or name in self._hosts or _is_address(name)):
            raise ProblemError(
                421, f"the service is not called {name}; allowed_hosts (BROADSHEET_ALLOWED_HOSTS) may name it"
            )

    def _check_origin(self, headers: Headers) -> None:
        """Forms of strangers' pages can post here, and browsers say whose they are."""
        origin = headers.get("origin")
        is_other = origin is not None and urlsplit(origin).netloc != headers.get("host")
        # Beside us on the machine, other services have other ports: the same site to browsers.
        if is_other or headers.get("sec-fetch-site") == "cross-site":
            raise ProblemError(403, "the request comes from a page of another site")


def _check_body(headers: Headers) -> None:
    """A proxy in front of us may go by the other length, and take what follows for another's request."""
    if "content-length" in headers and "transfer-encoding" in headers:
        raise ProblemError(
            400,
            "a body has a Content-Length or a Transfer-Encoding, not both",
            headers={"Connection": "close"},
        )
    encoding = headers.get("content-encoding", "identity")
    if encoding.strip().lower() not in {"", "identity"}:
        raise ProblemError(
            415, "send the body as it is, without a Content-Encoding", headers={"Accept-Encoding": "identity"}
        )


def read_token(headers: Headers, *, may_be_basic: bool) -> str | None:
    """Read the token that a request shows; None: it shows none.

    For people's browsers, which cannot send Bearer by themselves, reading takes the token as the password of Basic, too.
    """
    kind, _, value = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return value.strip()
    if kind.lower() == "basic" and may_be_basic:
        try:
            return base64.b64decode(value.strip(), validate=True).decode().partition(":")[2]
        except (binascii.Error, ValueError):
            return ""
    return None


def is_same(shown: str, token: str) -> bool:
    """Compare in a time that does not tell how much of it was right."""
    return hmac.compare_digest(shown.encode("utf-8", "surrogatepass"), token.encode())


def _hostname(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return None if parts.path or parts.query or "@" in parts.netloc else parts.hostname


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


class BodyLimit:
    """Ends a request whose body is too large, as soon as that is known; also one that is sent in chunks."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = BODY_BYTES_BY_PATH.get(scope["path"], BODY_BYTES)
        problem = ProblemError(413, f"a body may have {limit} bytes here", headers={"Connection": "close"})
        length = Headers(scope=scope).get("content-length", "")
        if length.isascii() and length.isdigit() and int(length[:20]) > limit:
            await to_response(problem)(scope, receive, send)
            return
        count = 0

        async def receive_limited() -> Message:
            nonlocal count
            message = await receive()
            count += len(message.get("body", b""))
            if count > limit:
                raise problem
            return message

        await self._app(scope, receive_limited, send)


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests a second, and so many at once after a rest."""

    a_second: float
    at_once: float


READS = Rate(100, 200)
"""Ten people with ten pages open, each with its parts: beyond that it is a program that should slow down."""
WRITES = Rate(10, 100)
CLEANS = Rate(10, 20)
"""Two cores clean some 60 pages a second, and the crawl is not to wait."""


class RateLimit:
    """Lets each client ask so often; whoever asks more often is told when to ask again."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        # What is left, and when it was so; the client that asked longest ago stands first.
        self._left: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] == "http" and (seconds := self._take(Request(scope))) > 0:
            problem = ProblemError(
                429,
                "too many requests; ask again after as many seconds as Retry-After says",
                headers={"Retry-After": str(int(seconds) + 1)},
            )
            await to_response(problem)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _take(self, request: Request) -> float:
        """Take one request's share; the seconds until there is one, 0.0: it was there."""
        kind, rate = "read", READS
        if request.method not in SAFE_METHODS:
            is_clean = request.scope["path"] in READ_ONLY_POSTS
            kind, rate = ("clean", CLEANS) if is_clean else ("write", WRITES)
        key = (request.client.host if request.client else "", kind)
        now = time.monotonic()
        left, at = self._left.pop(key, (rate.at_once, now))
        left = min(left + (now - at) * rate.a_second, rate.at_once)
        wait = max((1 - left) / rate.a_second, 0.0)
        self._left[key] = (left if wait else left - 1, now)
        if len(self._left) > _MAX_CLIENTS:
            self._left.popitem(last=False)
        return wait
