"""What of a request and its answer goes into an archive: everything but what is nobody's business."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.captures import Exchange

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from crawler.fetching.received import Received

_SECRET = frozenset({"authorization", "cookie", "proxy-authorization"})
_SECRET_OF_ANSWERS = frozenset({b"set-cookie", b"set-cookie2"})


def to_exchange(received: Received, site_headers: AbstractSet[str]) -> Exchange:
    """Make what is archived of an answer whose body was read.

    `site_headers`: the names of those that the seed adds. They may be a key to what others do not see, so they are left
    out, and with them the cookies that were given to whoever had it.
    """
    assert received.wire is not None, "both clients say what was on the wire"
    wire = received.wire
    secret = _SECRET | {name.lower() for name in site_headers}
    return Exchange(
        target=wire.target,
        request_headers=tuple(
            (name, value) for name, value in wire.request_headers if name.lower() not in secret
        ),
        protocol=wire.protocol,
        status=received.status,
        reason=wire.reason,
        headers=tuple(
            (name, value)
            for name, value in wire.headers
            if not (site_headers and name.lower() in _SECRET_OF_ANSWERS)
        ),
        body=received.body,
    )
