"""How an operator can be reached: by site owners, and by whom a dump is about."""

from __future__ import annotations

import re

from crawler.errors import UserError
from crawler.seeds import find_url_problem

_MAIL = re.compile(r"[^\s@()<>,;\"]+@[^\s@()<>,;\"]+\.[^\s@()<>,;\"]+")


def check_contact(contact: str | None) -> None:
    """Raise UserError for what is neither a mail address nor an http(s) address."""
    if contact is not None and not _MAIL.fullmatch(contact) and find_url_problem(contact):
        raise UserError(f"--contact {contact!r}: must be a mail address or an http(s) address")
