"""Why a page could not be had: each failure with the word that its outcome row says."""

from __future__ import annotations

from typing import ClassVar, Literal


class FetchError(Exception):
    """A request that gave no page; the message is one line for people."""

    reason: str = "failed"
    outcome: ClassVar[Literal["dead", "blocked"]] = "dead"
    may_pass: ClassVar[bool] = False
    """Whether the same request may succeed a little later."""
    is_host: ClassVar[bool] = False
    """Whether the host failed, not the page."""


class BadUrlError(FetchError):
    """The address cannot be asked for."""

    reason = "bad_url"


class AddressBlockedError(FetchError):
    """The host stands for an address that the crawler does not talk to."""

    reason = "address"
    outcome = "blocked"


class RobotsBlockedError(FetchError):
    """The site's robots.txt disallows the page."""

    reason = "robots"
    outcome = "blocked"


class OptOutError(FetchError):
    """The site reserves what the operator leaves alone."""

    reason = "opt_out"
    outcome = "blocked"


class OutOfScopeError(FetchError):
    """The page redirects to where the seed lets no link lead."""

    reason = "scope"
    outcome = "blocked"


class DnsError(FetchError):
    """The host's name stands for no address."""

    reason = "dns"
    may_pass = True
    is_host = True


class ConnectError(FetchError):
    """No connection, or one that broke before the answer's headers."""

    reason = "connect"
    may_pass = True
    is_host = True


class TlsError(FetchError):
    """The host's certificate or handshake is not valid."""

    reason = "tls"
    may_pass = True
    is_host = True


class ProxyError(FetchError):
    """The operator's proxy cannot be reached, or refuses."""

    reason = "proxy"
    may_pass = True


class TimedOutError(FetchError):
    """No complete answer in time."""

    reason = "timeout"
    may_pass = True
    is_host = True


class ProtocolError(FetchError):
    """The answer is no valid HTTP, or its headers exceed the limits."""

    reason = "protocol"
    may_pass = True


class BrowserError(FetchError):
    """The browser that is to run the page fails over it."""

    reason = "browser"
    may_pass = True


class TruncatedError(FetchError):
    """The body ended before its own end mark, or before its announced length."""

    reason = "truncated"
    may_pass = True


class BadEncodingError(FetchError):
    """The body is not what its Content-Encoding says."""

    reason = "bad_encoding"
    may_pass = True


class TooLargeError(FetchError):
    """The body exceeds the limit, as sent or once decompressed."""

    reason = "too_large"


class RedirectError(FetchError):
    """Redirects that lead in a circle, too far, or to no page."""

    reason = "redirects"


class NotHtmlError(FetchError):
    """The answer says that it is no HTML."""

    reason = "not_html"


class PutOffError(FetchError):
    """The host's robots.txt cannot be had now: its pages are left for a later pass."""

    reason = "robots_unavailable"


class RobotsBusyError(PutOffError):
    """The host's robots.txt answers 429, or 503 with a Retry-After: it lives, and wants to be left alone."""

    reason = "robots_busy"


class BrowserAwayError(PutOffError):
    """The browser that is to run the page does not start: the operator's matter, and no fault of the page."""

    reason = "browser_away"


class HostClosedError(FetchError):
    """The host is left alone for now: it asked for it, does not answer, or the operator wants it so. Nothing was sent."""

    reason = "host_closed"

    def __init__(self, message: str, seconds: float, *, is_busy: bool = False) -> None:
        super().__init__(message)
        self.seconds = seconds
        """Until it may be asked again."""
        self.is_busy = is_busy
        """Whether it was its answers (429, 503) that closed it."""


class StoppedError(FetchError):
    """The crawl is ending: the request was not made."""

    reason = "stopped"
