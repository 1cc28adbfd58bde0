"""What an operator may set of the service."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT_PORT = 8460


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
