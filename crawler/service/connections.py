"""Connections that hold a place without asking for anything: how many there may be, and how long each may take."""

from __future__ import annotations

import logging
import resource
import sys
import time
from typing import TYPE_CHECKING

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from crawler.service.headers import SECURITY_HEADERS
from crawler.service.problems import ProblemError, to_response

if TYPE_CHECKING:
    import asyncio

HEAD_SECONDS = 10.0
"""For the head of a request, from the connection or its first byte on."""
BODY_SECONDS = 60.0
"""For its body: 8 MiB at 140 kB a second."""
_MOST_CONNECTIONS = 800
_QUIET_SECONDS = 60.0
_HINT_CHARS = 200

_log = logging.getLogger(__name__)


def most_connections() -> int:
    """Say how many may be open at once: the crawl, the store and Redis need files, too."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST_CONNECTIONS if files < 0 else max(2, min(_MOST_CONNECTIONS, files // 2))


class BoundedProtocol(H11Protocol):
    """Refuses connections beyond a number, and ends those whose request does not come in.

    Uvicorn has neither: it counts connections when a head is there, and waits for heads and bodies for ever.
    """

    most = _MOST_CONNECTIONS
    """Half of them for one client: a reverse proxy is one, and others are to find room beside a stranger."""
    _timer: asyncio.TimerHandle | None = None
    _awaited: object = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn
        """Take a connection, if there is room."""
        super().connection_made(transport)
        host = self.client and self.client[0]
        clients = (getattr(other, "client", None) for other in self.connections)
        of_client = sum((client and client[0]) == host for client in clients)
        if len(self.connections) > self.most or of_client > self.most // 2:
            whose = "in all" if len(self.connections) > self.most else "of one client"
            _log.warning("too many connections %s: more are refused", whose)
            self._refuse(ProblemError(503, "too many connections are open", headers={"Retry-After": "5"}))
        else:
            self._mind()

    def data_received(self, data: bytes) -> None:
        """Take what has come in."""
        super().data_received(data)
        self._mind()

    def on_response_complete(self) -> None:
        """Go on with the next request."""
        super().on_response_complete()
        if self.conn.trailing_data[0]:
            self._mind()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        self._cancel()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP; called where the error is being handled."""
        error = sys.exception()
        hint = str(error)[:_HINT_CHARS] if isinstance(error, h11.RemoteProtocolError) else msg
        self._refuse(ProblemError(400, f"the request cannot be read: {hint}"))

    def _mind(self) -> None:
        """Begin to count where a head or body is begun to be waited for, and not again with each byte of it."""
        state = self.conn.their_state
        if state is self._awaited:
            return
        self._cancel()
        self._awaited = state
        seconds = HEAD_SECONDS if state is h11.IDLE else BODY_SECONDS if state is h11.SEND_BODY else None
        if seconds is not None and not self.transport.is_closing():
            self._timer = self.loop.call_later(seconds, self._end_waiting)

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end_waiting(self) -> None:
        if self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]:
            # Browsers connect before they know what to ask for.
            self.transport.close()
        else:
            self._refuse(ProblemError(408, "the request took too long to come in"))

    def _refuse(self, problem: ProblemError) -> None:
        """Answer, unless an answer has begun, and close."""
        self._cancel()
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            answer = to_response(problem)
            answer.headers.update(SECURITY_HEADERS | {"Connection": "close"})
            for event in (
                h11.Response(status_code=problem.status, headers=answer.raw_headers),
                h11.Data(data=bytes(answer.body)),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


class _OnceAMinute(logging.Filter):
    """Lets each message of strangers' doing through once a minute, and without a traceback."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether a line is to be written."""
        if record.name == "asyncio":
            # Python 3.11 says so 512 times a second, each time with its traceback.
            if "socket.accept() out of system resource" not in record.msg:
                return True
            record.msg = "no files are left for connections: raise LimitNOFILE, or ulimit -n"
            record.exc_info = None
        if record.exc_info:
            return True
        now = time.monotonic()
        if now - self._said.get(record.msg, -_QUIET_SECONDS) < _QUIET_SECONDS:
            return False
        self._said[record.msg] = now
        return True


_ONCE_A_MINUTE = _OnceAMinute()


def throttle_logs() -> None:
    """Keep what any client can make happen from filling the log."""
    for name in ("asyncio", "uvicorn.error", __name__):
        logging.getLogger(name).addFilter(_ONCE_A_MINUTE)
