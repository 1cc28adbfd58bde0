"""HTTP/2 for the sites that ask for it (`http2 = true`), behind the same guard and within the same limits.

A client of its own, on httpcore: aiohttp speaks no HTTP/2. A server that does not either is spoken to by HTTP/1.1.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any

from crawler.errors import UserError
from crawler.fetching.failures import ConnectError, ProtocolError, TimedOutError, TlsError, TruncatedError
from crawler.fetching.received import Received, Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from yarl import URL

    from crawler.fetching.failures import FetchError
    from crawler.fetching.pace import Turn
    from crawler.fetching.received import Wanted

    Resolve = Callable[[str, int], Any]

CONNECTIONS = 64
KEPT_SECONDS = 30.0


class Http2Client:
    """Asks by HTTP/2 where the server speaks it. Made with the first request; closed by `close`."""

    def __init__(self, resolve: Resolve, *, connect_seconds: float, total_seconds: float) -> None:
        """`resolve` gives the addresses of a host that may be talked to, or raises AddressRefusedError or OSError."""
        import httpcore  # noqa: PLC0415 - an extra

        self._core = httpcore
        self._connect_seconds = connect_seconds
        self._total_seconds = total_seconds
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(),
            http2=True,
            max_connections=CONNECTIONS,
            keepalive_expiry=KEPT_SECONDS,
            network_backend=_make_backend(httpcore, resolve),
        )

    async def get(self, url: URL, headers: Mapping[str, str], turn: Turn, wanted: Wanted) -> Received:
        """One answer, with as much of its body as is wanted. Raises FetchError, AddressRefusedError."""
        place = self._core.URL(
            scheme=url.scheme.encode(),
            host=(url.raw_host or "").encode("ascii"),
            port=url.port,
            target=url.raw_path_qs.encode("ascii"),
        )
        sent = [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers.items()]
        limits = {"connect": self._connect_seconds, "read": self._total_seconds, "write": self._total_seconds}
        extensions = {"timeout": limits, "trace": _note_sending(turn)}
        has_answered = False
        try:
            async with (
                asyncio.timeout(self._total_seconds),
                self._pool.stream("GET", place, headers=sent, extensions=extensions) as answer,
            ):
                has_answered = True
                received = Received.of(
                    answer.status, [(n.decode("latin-1"), v.decode("latin-1")) for n, v in answer.headers]
                )
                received.wire = Wire(
                    target=url.raw_path_qs,
                    request_headers=(("Host", url.authority), *headers.items()),
                    protocol=answer.extensions.get("http_version", b"HTTP/2").decode("ascii"),
                    reason=answer.extensions.get("reason_phrase", b"").decode("latin-1"),
                    headers=tuple(answer.headers),
                )
                await received.read(answer.aiter_stream(), wanted)
                return received
        except (self._core.TimeoutException, TimeoutError):
            raise TimedOutError(f"{url.raw_host} gave no complete answer in time") from None
        except (self._core.NetworkError, self._core.ProtocolError, OSError) as error:
            raise self._to_failure(error, url, has_answered=has_answered) from error

    async def close(self) -> None:
        """Close all connections."""
        await self._pool.aclose()

    def _to_failure(self, error: Exception, url: URL, *, has_answered: bool) -> FetchError:
        text = f"{url.raw_host}: {error or type(error).__name__}"
        if has_answered:
            return TruncatedError(f"{url.raw_host}: the body ended early: {error or type(error).__name__}")
        causes = (error, error.__cause__, error.__context__)
        if any(isinstance(cause, ssl.SSLError) for cause in causes):
            return TlsError(text)
        return ProtocolError(text) if isinstance(error, self._core.ProtocolError) else ConnectError(text)


def check_http2(sites: list[str]) -> None:
    """Raise UserError where sites ask for HTTP/2, and what speaks it is not installed."""
    try:
        import h2  # noqa: F401, PLC0415 - an extra
        import httpcore  # noqa: F401, PLC0415
    except ImportError:
        raise UserError(f"{sites[0]}: http2 = true needs pip install '.[http2]' in the checkout") from None


def _note_sending(turn: Turn) -> Any:
    async def note(event: str, _info: Any) -> None:
        if event.endswith("send_request_headers.complete"):
            turn.note_sent()

    return note


def _make_backend(httpcore: Any, resolve: Resolve) -> Any:
    class GuardedBackend(httpcore.AsyncNetworkBackend):  # type: ignore[misc]
        """Connects to the addresses that the guard lets through, by number: no name is resolved behind its back."""

        def __init__(self) -> None:
            self._plain = httpcore.AnyIOBackend()

        async def connect_tcp(
            self,
            host: str,
            port: int,
            timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own
            local_address: str | None = None,
            socket_options: Any = None,
        ) -> Any:
            failure: Exception = OSError(f"{host} stands for no address")
            for result in await resolve(host, port):
                try:
                    return await self._plain.connect_tcp(
                        result["host"], port, timeout, local_address, socket_options
                    )
                except httpcore.ConnectError as error:
                    failure = error
            raise failure

        async def connect_unix_socket(self, *_: Any, **__: Any) -> Any:
            raise OSError("no site stands at a socket")

        async def sleep(self, seconds: float) -> None:
            await asyncio.sleep(seconds)

    return GuardedBackend()
