"""What an operator may set of the service."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawler.settings import SettingError, read_number

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_PORT = 8460
LEAST_TOKEN_CHARS = 16
"""Of a token: what is shorter can be tried out."""

_HOST = re.compile(r"[A-Za-z0-9._:%-]{1,255}")
_MAIL = re.compile(r"[^\s@()<>,;\"]+@[^\s@()<>,;\"]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSettings:
    """Where alerts go; nothing set: nowhere but the log and the pages."""

    webhook: str | None = None
    """An http(s) address that each alert is posted to as JSON."""
    mail: tuple[str, ...] = ()
    """Addresses that each alert is mailed to."""
    mail_from: str | None = None
    """The sender. None: the first of `mail`."""
    smtp: str = "smtp://localhost:25"
    """The mail server: `smtp://` or `smtps://`, user and password may stand in it."""
    command: tuple[str, ...] = ()
    """A program with its arguments that gets each alert as JSON on its standard input."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """The settings of `broadsheet serve`, beyond those of every command."""

    data: str = "data"
    """The folder or URL that is published to."""
    state: Path | None = None
    """The state folder. None: `.state` in a local data folder."""
    seeds: tuple[Path, ...] | None = None
    """Seed files or folders of them. None: the default seeds."""
    host: str = "127.0.0.1"
    """The address that is listened on."""
    port: int = DEFAULT_PORT
    """0: any that is free."""
    crawl: bool = True
    """Whether sites are visited; else what is there is only shown."""
    token: str | None = field(default=None, repr=False)
    """What a client must show for anything that changes something, and beyond loopback for everything."""
    allowed_hosts: tuple[str, ...] = ()
    """Names that clients may call the service by, beyond `localhost` and addresses in figures."""
    allow_addresses: tuple[str, ...] = ()
    """Networks (CIDR) that are not public and may be fetched from all the same."""
    compact_hours: float = 24.0
    """Hours between two compactions; 0: none."""
    alerts: AlertSettings = field(default_factory=AlertSettings)


def parse_service_settings(environ: Mapping[str, str]) -> ServiceSettings:
    """What the variables say, and nothing else does but the file of a token. Raises SettingError."""
    default = ServiceSettings()
    state, seeds = environ.get("BROADSHEET_STATE"), environ.get("BROADSHEET_SEEDS")
    return ServiceSettings(
        data=environ.get("BROADSHEET_DATA") or default.data,
        state=Path(state) if state else None,
        seeds=tuple(Path(path) for path in seeds.split(os.pathsep) if path) if seeds else None,
        host=_read_host(environ),
        port=_read_port(environ, default.port),
        crawl=_read_flag(environ, "BROADSHEET_CRAWL", default=default.crawl),
        token=_read_token(environ),
        allowed_hosts=_read_hosts(environ),
        allow_addresses=_read_networks(environ),
        compact_hours=read_number(
            environ, "BROADSHEET_COMPACT_HOURS", default.compact_hours, least=0, most=8760
        ),
        alerts=_read_alerts(environ),
    )


def check_host(host: str, name: str) -> str:
    """The address or name to listen on. Raises SettingError."""
    if not _HOST.fullmatch(host):
        raise SettingError(f"{name}={host!r} must be an address such as 127.0.0.1, or a name")
    return host


def check_token(token: str, name: str) -> str:
    """The token. Raises SettingError, which does not repeat it."""
    if len(token) < LEAST_TOKEN_CHARS or not token.isascii() or not token.isprintable() or " " in token:
        raise SettingError(
            f"{name}: must be at least {LEAST_TOKEN_CHARS} letters, digits and signs without spaces; "
            "python -c 'import secrets; print(secrets.token_urlsafe())' makes one"
        )
    return token


def _read_host(environ: Mapping[str, str]) -> str:
    return check_host(environ.get("BROADSHEET_HOST") or ServiceSettings().host, "BROADSHEET_HOST")


def _read_port(environ: Mapping[str, str], default: int) -> int:
    port = read_number(environ, "BROADSHEET_PORT", default, least=0, most=65_535)
    if port != int(port):
        raise SettingError(f"BROADSHEET_PORT={port} is no whole number")
    return int(port)


def _read_flag(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = environ.get(name)
    if not text:
        return default
    if text not in {"yes", "no"}:
        raise SettingError(f"{name}={text!r} must be yes or no")
    return text == "yes"


def _read_token(environ: Mapping[str, str]) -> str | None:
    token, file = environ.get("BROADSHEET_TOKEN"), environ.get("BROADSHEET_TOKEN_FILE")
    if token:
        return check_token(token, "BROADSHEET_TOKEN")
    if not file:
        return None
    try:
        return check_token(Path(file).read_text("utf-8").strip(), "BROADSHEET_TOKEN_FILE")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is no text"
        raise SettingError(f"BROADSHEET_TOKEN_FILE={file}: {reason}") from error


def _read_words(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    text = environ.get(name) or ""
    return () if text == "none" else tuple(text.split())


def _read_hosts(environ: Mapping[str, str]) -> tuple[str, ...]:
    name = "BROADSHEET_ALLOWED_HOSTS"
    hosts = _read_words(environ, name)
    for host in hosts:
        if not _HOST.fullmatch(host) or ":" in host:
            raise SettingError(f"{name}: {host!r} must be a name such as news.example, without a port")
    return hosts


def _read_networks(environ: Mapping[str, str]) -> tuple[str, ...]:
    name = "BROADSHEET_ALLOW_ADDRESSES"
    networks = _read_words(environ, name)
    for network in networks:
        try:
            ip_network(network)
        except ValueError as error:
            raise SettingError(f"{name}: {error}; write it like 127.0.0.0/8") from None
    return networks


def _read_alerts(environ: Mapping[str, str]) -> AlertSettings:
    mail = _read_words(environ, "BROADSHEET_ALERT_MAIL")
    sender = environ.get("BROADSHEET_ALERT_MAIL_FROM") or None
    for name, address in [
        *(("BROADSHEET_ALERT_MAIL", one) for one in mail),
        ("BROADSHEET_ALERT_MAIL_FROM", sender),
    ]:
        if address is not None and not _MAIL.fullmatch(address):
            raise SettingError(f"{name}={address!r} is no mail address")
    try:
        command = tuple(shlex.split(environ.get("BROADSHEET_ALERT_COMMAND") or ""))
    except ValueError as error:
        raise SettingError(f"BROADSHEET_ALERT_COMMAND: {error}") from None
    return AlertSettings(
        webhook=_read_url(environ, "BROADSHEET_ALERT_WEBHOOK", ("http", "https")),
        mail=mail,
        mail_from=sender,
        smtp=_read_url(environ, "BROADSHEET_ALERT_SMTP", ("smtp", "smtps")) or AlertSettings().smtp,
        command=() if command == ("none",) else command,
    )


def _read_url(environ: Mapping[str, str], name: str, schemes: tuple[str, ...]) -> str | None:
    """An address, whose password or secret path must not come into a message."""
    url = environ.get(name) or None
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_one = False
    if not is_one or any(sign.isspace() or not sign.isprintable() for sign in url):
        raise SettingError(
            f"{name}: must be an address that begins with {' or '.join(f'{one}://' for one in schemes)}"
        )
    return url
