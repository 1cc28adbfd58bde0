"""Who crawls, and whom: the user agent with its contact, and the addresses that may be talked to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.settings import Settings

from crawler.addresses import AddressGuard
from crawler.contact import check_contact
from crawler.errors import UserError
from crawler.settings import read_version

if TYPE_CHECKING:
    from collections.abc import Sequence


def make_guard(networks: Sequence[str], contact: str | None) -> AddressGuard:
    """The guard over all requests: without a contact, only the networks are let through.

    Raises UserError for what is no network, or no contact.
    """
    check_contact(contact)
    try:
        return AddressGuard.of(networks, only_allowed=contact is None)
    except ValueError as error:
        raise UserError(f"--allow-address: {error}; write it like 127.0.0.0/8") from None


def make_settings(contact: str | None, **changes: Any) -> Settings:
    """Scrapy's settings: those of crawler/settings.py, the user agent, and the changes."""
    settings = Settings()
    settings.setmodule("crawler.settings", priority="project")
    agent = f"Broadsheet/{read_version()}"
    settings.set("USER_AGENT", f"{agent} (+{contact})" if contact else agent, priority="cmdline")
    for name, value in changes.items():
        settings.set(name, value, priority="cmdline")
    return settings
