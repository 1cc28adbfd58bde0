"""Lists of addresses, one a line, from a file or standard input: read in pieces, however long they are."""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit

from cleaners.models import Listed
from crawler.discovery.links import MAX_URL_CHARS
from crawler.errors import UserError
from crawler.exits import warn
from crawler.seeds import find_url_problem
from crawler.site_pass import Task
from crawler.tasks import check_contact_needed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crawler.addresses import AddressGuard
    from crawler.seeds import Seed
    from crawler.tally import Tally
    from crawler.tasks import SiteFinder
    from pipelines.ledger import Ledger

STANDARD_INPUT = "-"
LINES_AT_ONCE = 1_000
"""What is in memory of a list at any moment, and what one script call makes pending."""
NAMED_AT_MOST = 20
"""Lines that are no address are named one by one up to here; then they are only counted."""

_LONGEST_LINE = 8 * MAX_URL_CHARS


async def save_url_list(  # noqa: PLR0913 -- one keyword a part that it works with
    path: Path,
    *,
    finder: SiteFinder,
    ledger: Ledger,
    tally: Tally,
    guard: AddressGuard,
    needs_contact: bool,
) -> tuple[Task, ...]:
    """Make the addresses of a list pending, and give one task for each of their sites.

    Empty lines and those that begin with `#` are left out; a line that is no address is named and left out, too.
    Without a contact, each host must be allowed by name. Raises UserError for that, and for a file that cannot be
    read.
    """
    sites: dict[str, Seed] = {}
    checked: set[str] = set()
    with _open(path) as source:
        lines = _read_lines(source, path)
        while batch := await asyncio.to_thread(lambda: list(islice(lines, LINES_AT_ONCE))):
            by_site: dict[str, list[Listed]] = defaultdict(list)
            for url in dict.fromkeys(batch):
                seed = finder.find(url)
                sites.setdefault(seed.id, seed)
                if needs_contact and (host := urlsplit(url).netloc) not in checked:
                    task = Task(seed=seed, urls=(url,), read_listings=False)
                    await asyncio.to_thread(check_contact_needed, [task], guard)
                    checked.add(host)
                by_site[seed.id].append(Listed(url=url))
            for site, links in by_site.items():
                saved = await ledger.save_listing(site, "urls", None, links)
                tally.count_links(saved)
                tally.listed[site].add_list(saved.new)
    if not sites:
        raise UserError(f"--urls {path}: holds no address")
    return tuple(Task(seed=seed, read_listings=False) for seed in sites.values())


def check_url_list(path: Path) -> None:
    """Raise UserError for a list that cannot be read, before anything else is begun."""
    with _open(path):
        pass


@contextmanager
def _open(path: Path) -> Iterator[BinaryIO]:
    if str(path) == STANDARD_INPUT:
        yield sys.stdin.buffer
        return
    try:
        source = path.open("rb")
    except OSError as error:
        raise UserError(f"--urls {path}: cannot be read: {error.strerror}") from None
    with source:
        yield source


def _read_lines(source: BinaryIO, path: Path) -> Iterator[str]:
    """The addresses of the list; each line that is none is named on standard error, up to a number."""
    refused = 0
    number = 0
    while line := source.readline(_LONGEST_LINE):
        number += 1
        is_whole = line.endswith(b"\n") or len(line) < _LONGEST_LINE
        while not is_whole and (rest := source.readline(_LONGEST_LINE)):
            is_whole = rest.endswith(b"\n")
        text = line.decode("utf-8-sig" if number == 1 else "utf-8", "replace").strip()
        if not text or text.startswith("#"):
            continue
        problem = (
            find_url_problem(text)
            if len(text) <= MAX_URL_CHARS
            else f"longer than {MAX_URL_CHARS} characters"
        )
        if problem is None:
            yield text
            continue
        refused += 1
        if refused <= NAMED_AT_MOST:
            warn(f"--urls {path}: line {number}: {problem[:200]}; left out")
    if refused > NAMED_AT_MOST:
        warn(f"--urls {path}: {refused - NAMED_AT_MOST} more lines are no addresses; left out")
