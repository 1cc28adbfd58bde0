"""From what the user asked for to what is done at which site."""

from __future__ import annotations

import difflib
import socket
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawler.addresses import to_address
from crawler.discovery.scope import Scope
from crawler.errors import UserError
from crawler.seeds import UNKNOWN_LANGUAGE, Seed, find_url_problem
from crawler.site_pass import Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crawler.addresses import AddressGuard


def plan_tasks(seeds: Sequence[Seed], sites: Sequence[str], urls: Sequence[str]) -> tuple[Task, ...]:
    """One task a site: the sites named, the sites of single addresses, or all enabled ones if none is named.

    Raises UserError for a site that no seed has, and for what is no address.
    """
    by_id = {seed.id: seed for seed in seeds}
    for site in sites:
        if site not in by_id:
            near = difflib.get_close_matches(site, by_id, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; {len(by_id)} seeds were read"
            raise UserError(f"--site {site}: no seed has this id{hint}")
    wanted: dict[str, list[str]] = {site: [] for site in sites}
    if not sites and not urls:
        wanted = {seed.id: [] for seed in seeds if seed.enabled}
    finder = SiteFinder(seeds)
    for url in urls:
        if problem := find_url_problem(url):
            raise UserError(f"--url: {problem}")
        seed = finder.find(url)
        by_id.setdefault(seed.id, seed)
        wanted.setdefault(seed.id, [])
        if url not in wanted[seed.id]:
            wanted[seed.id].append(url)
    listed = set(sites) if sites or urls else set(wanted)
    return tuple(
        Task(seed=by_id[site], urls=tuple(of_site), read_listings=site in listed)
        for site, of_site in wanted.items()
    )


class SiteFinder:
    """Tells which site an address belongs to; one of no seed's becomes a site of its own, named by its host."""

    def __init__(self, seeds: Sequence[Seed]) -> None:
        self._by_id = {seed.id: seed for seed in seeds}
        self._scopes = {seed.id: Scope.of(seed) for seed in seeds}
        # By host and port: nothing else of an address decides it, and lists have a million addresses.
        self._found: dict[str, Seed] = {}

    def find(self, url: str) -> Seed:
        """The site of an address without problems: the one whose home has its host, else that which names it."""
        parts = urlsplit(url)
        seed = self._found.get(parts.netloc)
        if seed is None:
            seed = self._found[parts.netloc] = self._search(url)
        return seed

    def _search(self, url: str) -> Seed:
        parts = urlsplit(url)
        named = [site for site, scope in self._scopes.items() if scope.names(url)]
        exact = [site for site in named if urlsplit(self._by_id[site].home).netloc == parts.netloc]
        if exact or named:
            return self._by_id[(exact or named)[0]]
        id_ = parts.netloc.lower().replace("[", "").replace("]", "").replace(":", "-")[:63]
        home = f"{parts.scheme}://{parts.netloc}/"
        seed = Seed(id=id_, name=parts.hostname or "", language=UNKNOWN_LANGUAGE, home=home)
        return self._by_id.setdefault(id_, seed)


def check_contact_needed(tasks: Iterable[Task], guard: AddressGuard) -> None:
    """Without a contact, all that is crawled must lie in networks that the operator named.

    Raises UserError with the first host that does not. Names are resolved here; the guard that holds during the
    crawl refuses whatever links and redirects lead elsewhere.
    """
    for host in sorted({host for task in tasks for host in _hosts(task)}):
        if not _is_named(host, guard):
            raise UserError(
                "--contact MAIL|URL (or BROADSHEET_CONTACT) is needed: a site's owner must be able to reach you; "
                f"only networks named by --allow-address are crawled without, and {host} is in none"
            )


def _hosts(task: Task) -> Iterable[str]:
    seed = task.seed
    urls = [*task.urls]
    if task.read_listings:
        urls += [url for _, url in seed.listings] + [*seed.urls]
    return (urlsplit(url).hostname or "" for url in urls)


def _is_named(host: str, guard: AddressGuard) -> bool:
    if not guard.allowed:
        return False
    if (address := to_address(host)) is not None:
        return guard.names(address)
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return all(guard.names(ip_address(str(info[4][0]).partition("%")[0])) for info in found)
