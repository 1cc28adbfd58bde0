"""Scrapy's download handler for http and https, on aiohttp; on httpcore for sites that ask for HTTP/2.

Not Scrapy's own: that one verifies no certificate by default, has no limit on headers (30 MB of them were
accepted), takes half a gzip for a page, and resolves names where no guard can stand before the connection. It
also needs a Twisted reactor, which a process can run only once.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from scrapy.http import Headers, Response
from yarl import URL

from cleaners.headers import CLEANED_HEADERS
from crawler.addresses import AddressRefusedError
from crawler.fetching.archived import to_exchange
from crawler.fetching.decompress import ACCEPT_ENCODING, decompress
from crawler.fetching.failures import (
    AddressBlockedError,
    BadUrlError,
    ConnectError,
    DnsError,
    FetchError,
    ProtocolError,
    ProxyError,
    TimedOutError,
    TlsError,
    TruncatedError,
)
from crawler.fetching.http2 import Http2Client
from crawler.fetching.received import Received, Wanted, Wire
from crawler.fetching.site_meta import host_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import SimpleNamespace

    from scrapy import Request
    from scrapy.crawler import Crawler

    from crawler.addresses import AddressGuard
    from crawler.fetching.pace import Turn
    from crawler.watch.metrics import Metrics, RequestKind


MAX_HEADER_BYTES = 16 * 1024
"""For one header; Content-Security-Policy of real sites reaches 8 kB. At most 128 headers."""
CONNECT_SECONDS = 10.0
DNS_CACHE_SECONDS = 300
"""Scrapy's own cache never forgets: a process that runs for months would keep addresses long moved."""

_KEPT_HEADERS = CLEANED_HEADERS | {
    "cache-control",
    "etag",
    "last-modified",
    "location",
    "retry-after",
}


class HttpHandler:
    """Answers one request: a whole response within the limits, or a FetchError.

    Reads from `request.meta`: `site`, `delay_seconds`, `pace_seconds` and `max_delay_seconds` (for the pace),
    `site_headers`, `proxy` and `http2`, `max_bytes` (a larger body is refused, or cut there if `cut` is set) and `html_only`.
    """

    lazy = True

    def __init__(self, crawler: Crawler) -> None:
        spider = crawler.spider
        self._guard: AddressGuard = spider.guard  # type: ignore[union-attr]
        self._pacer = spider.pacer  # type: ignore[union-attr]
        self._closures = spider.closures  # type: ignore[union-attr]
        self._metrics: Metrics = spider.metrics  # type: ignore[union-attr]
        self._max_bytes = crawler.settings.getint("DOWNLOAD_MAXSIZE")
        self._timeout = aiohttp.ClientTimeout(
            total=crawler.settings.getfloat("DOWNLOAD_TIMEOUT"), sock_connect=CONNECT_SECONDS
        )
        self._agent: str = crawler.settings["USER_AGENT"]
        self._proxy: str | None = crawler.settings["BROADSHEET_PROXY"]
        self._resolver = _GuardedResolver(self._guard)
        self._proxied: aiohttp.ClientSession | None = None
        self._http2: Http2Client | None = None
        self._session = self._make_session(resolver=self._resolver, socket_factory=self._make_socket)

    def _make_session(self, **connection: Any) -> aiohttp.ClientSession:
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, ttl_dns_cache=DNS_CACHE_SECONDS, ssl=ssl.create_default_context(), **connection
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            timeout=self._timeout,
            headers={"User-Agent": self._agent, "Accept-Encoding": ACCEPT_ENCODING},
            max_field_size=MAX_HEADER_BYTES,
            trace_configs=[_note_sending()],
        )
        # Or else what a server closes without an answer is asked again at once, within the site's delay (0.04 s after).
        session._retry_connection = False  # noqa: SLF001 - aiohttp 3.14 has no public name for it
        return session

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> HttpHandler:
        """The handler of one crawl; its spider brings the guard and the pacer."""
        return cls(crawler)

    async def download_request(self, request: Request) -> Response:
        """Wait for the site's turn, then fetch. Raises FetchError."""
        try:
            url = URL(request.url, encoded=True)
            self._guard.check_host(url.raw_host or "")
        except ValueError as error:
            raise BadUrlError(f"{request.url} cannot be asked for: {error}") from None
        except AddressRefusedError as error:
            raise AddressBlockedError(str(error)) from None
        try:
            return await self._take_turn(request, url)
        except _KeptConnectionError:
            # Nobody can tell a server that had closed it, as it may, from one that read the request and closed. The
            # request goes out once more, but as any other: when it is the site's turn.
            return await self._take_turn(request, url, is_repeated=True)

    async def _take_turn(self, request: Request, url: URL, *, is_repeated: bool = False) -> Response:
        host = host_of(request.url)
        # A robots.txt is asked before anybody knows what delay it wants.
        meta = request.meta
        kind = _find_kind(meta)
        delay: float = meta.get("pace_seconds", meta["delay_seconds"])
        await self._closures.check(meta["site"], host)
        async with self._pacer.turn(meta["site"], host, delay, meta.get("max_delay_seconds")) as turn:
            # Much may have happened while the request waited for its turn.
            await self._closures.check(meta["site"], host)
            since = time.monotonic()
            try:
                response = await self._fetch(request, url, turn)
            except FetchError as failure:
                if is_repeated or not isinstance(failure, _KeptConnectionError):
                    self._metrics.note_failure(kind, failure.reason)
                    await self._closures.note_failure(host, failure)
                raise
            except (aiohttp.ClientError, AddressRefusedError, OSError, TimeoutError, ValueError) as error:
                named = _to_failure(error, url)
                self._metrics.note_failure(kind, named.reason)
                await self._closures.note_failure(host, named)
                raise named from error
            self._metrics.note_answer(kind, response.status, len(response.body), time.monotonic() - since)
            return response

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()
        if self._proxied is not None:
            await self._proxied.close()
        if self._http2 is not None:
            await self._http2.close()

    async def _fetch(self, request: Request, url: URL, turn: Turn) -> Response:
        meta = request.meta
        wanted = Wanted(
            html_only=meta.get("html_only", False),
            max_bytes=meta.get("max_bytes", self._max_bytes),
            cut=meta.get("cut", False),
        )
        proxy: str | None = meta.get("proxy") or self._proxy
        ask = self._ask_http2 if meta.get("http2") and url.scheme == "https" and not proxy else self._ask
        received = await ask(request, url, turn, wanted)
        said, body = received.headers, received.body
        if received.was_read and (encoding := ",".join(said.getall("Content-Encoding", ()))):
            limit = max(wanted.max_bytes, self._max_bytes)
            body = decompress(body, encoding, limit, cut=wanted.cut, is_whole=received.is_whole)
        kept = Headers()
        for name, value in said.items():
            if name.lower() in _KEPT_HEADERS:
                kept.appendlist(name, value.encode("utf-8", "surrogateescape"))
        if meta.get("archive") and received.was_read:
            meta["exchange"] = to_exchange(received, set(_find_site_headers(request)))
        await self._closures.note_answer(
            host_of(request.url), received.status, said.get("Retry-After"), said.get("Date")
        )
        return Response(request.url, status=received.status, headers=kept, body=body, request=request)

    async def _ask(self, request: Request, url: URL, turn: Turn, wanted: Wanted) -> Received:
        proxy: str | None = request.meta.get("proxy") or self._proxy
        if proxy is not None:
            # The proxy resolves the name itself: none of its addresses may be one that is not to be talked to.
            await self._resolver.check_all(url.raw_host or "", url.port or 0)
        session = self._session if proxy is None else self._through_proxies()
        try:
            answer = await session.get(
                url,
                headers=_find_headers(request),
                allow_redirects=False,
                trace_request_ctx=turn,
                proxy=proxy,
            )
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            if turn.is_reused:
                raise _KeptConnectionError(str(_to_failure(error, url))) from error
            raise
        async with answer:
            received = Received.of(answer.status, answer.headers.items())
            received.wire = Wire(
                target=url.raw_path_qs,
                request_headers=tuple(answer.request_info.headers.items()),
                protocol=f"HTTP/{answer.version.major}.{answer.version.minor}"
                if answer.version
                else "HTTP/1.1",
                reason=answer.reason or "",
                headers=answer.raw_headers,
            )
            await received.read(answer.content.iter_any(), wanted)
            return received

    async def _ask_http2(self, request: Request, url: URL, turn: Turn, wanted: Wanted) -> Received:
        if self._http2 is None:
            self._http2 = Http2Client(
                self._resolver.resolve_any,
                connect_seconds=CONNECT_SECONDS,
                total_seconds=self._timeout.total or CONNECT_SECONDS,
            )
        headers = {**self._session.headers, **_find_headers(request)}
        return await self._http2.get(url, headers, turn, wanted)

    def _through_proxies(self) -> aiohttp.ClientSession:
        # Its connections go to proxies, which the operator named; where those go was judged by name before.
        if self._proxied is None:
            self._proxied = self._make_session()
        return self._proxied

    def _make_socket(self, info: aiohttp.AddrInfoType) -> socket.socket:
        # The last gate: whatever resolved it, this is the very address that the connection goes to.
        family, kind, protocol, _, address = info
        self._guard.check(ip_address(address[0]), str(address[0]))
        return socket.socket(family=family, type=kind, proto=protocol)


class _KeptConnectionError(ConnectError):
    """A connection that was kept from an earlier request broke before the answer's headers."""


def _find_kind(meta: dict[str, Any]) -> RequestKind:
    return "listing" if "listing" in meta else "page" if "site_pass" in meta else "other"


def _note_sending() -> aiohttp.TraceConfig:
    """Have each request's turn note when the request went out, so that the delay lies between what the site sees."""

    async def note(_session: Any, context: SimpleNamespace, _params: Any) -> None:
        context.trace_request_ctx.note_sent()

    async def note_reuse(_session: Any, context: SimpleNamespace, _params: Any) -> None:
        context.trace_request_ctx.is_reused = True

    trace = aiohttp.TraceConfig()
    trace.on_connection_reuseconn.append(note_reuse)
    trace.on_request_headers_sent.append(note)
    return trace


class _GuardedResolver(AbstractResolver):
    """Resolves names to the addresses among theirs that the guard permits."""

    def __init__(self, guard: AddressGuard) -> None:
        self._guard = guard
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        permitted = [result for result in found if self._guard.permits(ip_address(result["host"]))]
        if found and not permitted:
            self._guard.check(ip_address(found[0]["host"]), host)
        return permitted

    async def resolve_any(self, host: str, port: int) -> list[ResolveResult]:
        """The addresses that may be talked to, of either kind."""
        return await self.resolve(host, port, socket.AF_UNSPEC)

    async def check_all(self, host: str, port: int) -> None:
        """Raise AddressRefusedError where one of the host's addresses may not be talked to, OSError for no host."""
        for result in await self._resolver.resolve(host, port, socket.AF_UNSPEC):
            self._guard.check(ip_address(result["host"].partition("%")[0]), host)

    async def close(self) -> None:
        await self._resolver.close()


def _find_headers(request: Request) -> dict[str, str]:
    headers = {
        name.decode("latin-1"): b",".join(values).decode("latin-1")
        for name, values in request.headers.items()
    }
    return {**_find_site_headers(request), **headers}


def _find_site_headers(request: Request) -> Mapping[str, str]:
    site_headers = request.meta.get("site_headers")
    return site_headers.for_url(request.url) if site_headers else {}


def _to_failure(error: Exception, url: URL) -> FetchError:
    host = url.raw_host or ""
    if isinstance(error, AddressRefusedError):
        return AddressBlockedError(str(error))
    if isinstance(error, UnicodeError | aiohttp.InvalidURL):
        return BadUrlError(f"{url} cannot be asked for: {error}")
    if isinstance(error, TimeoutError | asyncio.TimeoutError):
        return TimedOutError(f"{host} gave no complete answer in time")
    if isinstance(error, aiohttp.ClientProxyConnectionError | aiohttp.ClientHttpProxyError):
        status = f" with {error.status}" if isinstance(error, aiohttp.ClientHttpProxyError) else ""
        return ProxyError(f"the proxy does not answer, or refuses{status}")
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return DnsError(f"{host}: {error.os_error}")
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return TlsError(f"{host}: {error}")
    if isinstance(error, aiohttp.ClientConnectorError):
        return ConnectError(f"{host}: {error.os_error}")
    if isinstance(error, aiohttp.ClientPayloadError):
        return TruncatedError(f"{host}: the body ended early: {error}")
    if isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError | OSError):
        return ConnectError(f"{host}: {error or 'the connection was closed'}")
    return ProtocolError(f"{host}: {error}")
