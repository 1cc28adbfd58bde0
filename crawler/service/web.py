"""The web server of a service, on the service's own event loop."""

from __future__ import annotations

import errno
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

from crawler.errors import Fault, UserError
from crawler.service.connections import BoundedProtocol, most_connections, throttle_logs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.applications import Starlette

_BACKLOG = 128
"""Of connections that wait to be taken. So many are taken at once, before any is counted, so it is far below the files."""
_END_SECONDS = 3
"""For answers that are on their way when the service ends."""


def bind(host: str, port: int) -> socket.socket:
    """Take the port. Raises UserError for what is no address of this machine, Fault where the port is taken."""
    try:
        found = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_ADDRCONFIG
        )
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no name of a host"
        raise UserError(f"--host {host}: {reason}") from error
    family, kind, protocol, _, address = found[0]
    taken = socket.socket(family, kind, protocol)
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(address)
        # Before the server begins: who connects early waits, and is not refused.
        taken.listen(_BACKLOG)
    except OSError as error:
        taken.close()
        if error.errno == errno.EADDRNOTAVAIL:
            raise UserError(f"--host {host}: is no address of this machine") from error
        if error.errno == errno.EADDRINUSE:
            raise Fault(f"--port {port}: is taken on {host}; choose another with --port N") from error
        raise Fault(f"--port {port} on {host}: {error.strerror or error}") from error
    return taken


class WebServer(uvicorn.Server):
    """Leaves the signals to the service."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Hear none."""
        yield


def make_server(app: Starlette) -> WebServer:
    """Make the server of an application."""
    throttle_logs()
    BoundedProtocol.most = most_connections()
    return WebServer(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            # Whoever can reach us could say that he is somebody else.
            proxy_headers=False,
            lifespan="off",
            ws="none",
            backlog=_BACKLOG,
            http=BoundedProtocol,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=_END_SECONDS,
            h11_max_incomplete_event_size=32 * 1024,
        )
    )


def describe(host: str, taken: socket.socket) -> str:
    """Give the address that people may type."""
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{taken.getsockname()[1]}"
