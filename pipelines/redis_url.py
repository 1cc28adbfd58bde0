"""The address of a Redis: what is wrong with one, and how it is shown without its password."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

_WANTED = "give redis://HOST:PORT/NUMBER, rediss://… for TLS, or unix:///PATH"
_SCHEMES = ("redis", "rediss", "unix")
# Whatever stands before the last @ may be a password, however the address is broken.
_SECRET = re.compile(r"((?:^|//)[^:/@]*:)(?!//).*(?=@)|(password=)[^&]*", re.IGNORECASE)


def mask(url: str) -> str:
    """The address with *** for what is or may be its password.

    >>> mask("redis://reader:secret@cache:6379/0"), mask("unix:///run/redis?password=a")
    ('redis://reader:***@cache:6379/0', 'unix:///run/redis?password=***')
    """
    return _SECRET.sub(lambda found: f"{found[1] or found[2]}***", url)


def find_problem(url: str) -> str | None:
    """What is wrong with an address, and what is wanted, in one line; None: it can be asked."""
    try:
        parts = urlsplit(url)
        port, path = parts.port, unquote(parts.path)
    except ValueError:
        return f"its host or port is none; {_WANTED}"
    if parts.scheme not in _SCHEMES:
        return f"it begins with none of redis://, rediss:// and unix://; {_WANTED}"
    if parts.scheme == "unix":
        return None if path.strip("/") else f"it names no socket; {_WANTED}"
    if not parts.hostname or port == 0:
        return f"it names no {'port' if parts.hostname else 'host'}; {_WANTED}"
    if not re.fullmatch(r"/?\d{0,5}", path):
        return f"what follows the host is no number of a database; {_WANTED}"
    return _find_option_problem(url)


def _find_option_problem(url: str) -> str | None:
    # Late: few commands are given an address, and all of them are to start at once.
    from redis import ConnectionPool  # noqa: PLC0415

    try:
        ConnectionPool.from_url(url).make_connection()
    except ValueError as error:
        return f"{str(error).rstrip('.')}; {_WANTED}"
    except TypeError:
        return f"what follows the ? is no option of a connection; {_WANTED}"
    return None
