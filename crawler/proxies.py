"""Proxies: named by the operator, in a seed or for all sites, and by no environment variable of other programs."""

from __future__ import annotations

from urllib.parse import urlsplit


def find_proxy_problem(url: str, *, may_log_in: bool = False) -> str | None:
    """What is wrong with a proxy's address, one line that repeats no password; None: nothing."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return f"is no address: {error}"
    if parts.scheme != "http" or not parts.hostname or port == 0:
        return "must be an address such as http://proxy.example:3128"
    if "@" in parts.netloc and not may_log_in:
        return "must not hold a user name or password; BROADSHEET_PROXY may"
    if parts.path.strip("/") or parts.query or parts.fragment:
        return "must end with the host and port"
    return None
