"""Seeds: the news sites to crawl, one TOML file a site."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from crawler.errors import UserError
from crawler.proxies import find_proxy_problem
from crawler.site_headers import find_header_problems
from crawler.timing import MAX_INTERVAL_MINUTES, MIN_INTERVAL_MINUTES, Timing, TimingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from crawler.discovery.listings import ListingKind

DEFAULT_DELAY_SECONDS = 1.0
"""One request a second: what a site's own readers cause without being noticed."""
MAX_DELAY_SECONDS = 3600.0
UNKNOWN_LANGUAGE = "und"
"""The tag for a site whose language nobody said."""

_ID = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_URL_KEYS = ("feeds", "sitemaps", "sections", "urls")
_PATTERN = re.compile(r"[^\s#]+")


class SeedError(UserError):
    """The user's mistake in a seeds file: one line that names file and key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """One news site: where its articles are listed, and how politely it is read."""

    id: str
    """Lower case letters, digits, dots and hyphens; names the site in every record."""
    name: str
    language: str
    """BCP 47, such as `en` or `pt-BR`: the hint for pages that do not say."""
    home: str
    feeds: tuple[str, ...] = ()
    """Addresses of RSS and Atom feeds."""
    sitemaps: tuple[str, ...] = ()
    """Addresses of sitemaps, sitemap indexes and lists of addresses, plain or gzipped."""
    sections: tuple[str, ...] = ()
    """Addresses of pages that link to articles."""
    urls: tuple[str, ...] = ()
    """Addresses of single articles."""
    allow: tuple[str, ...] = ()
    """Only links that match one of these are followed; none: those of the home's registrable domain.

    Written as in robots.txt: a prefix, where `*` is any run of characters and a final `$` is the end; a
    leading `/` means the path on the home's own domain, else the pattern starts with a host.
    """
    deny: tuple[str, ...] = ()
    """Links that match one of these are not followed; written as `allow`, and stronger."""
    delay_seconds: float = DEFAULT_DELAY_SECONDS
    """Between two requests to the site; 0 allows several at once."""
    max_delay_seconds: float | None = None
    """Where the site answers slowly, the delay is five times as long as its answers take, up to this. None: it does not."""
    headers: dict[str, str] = field(default_factory=dict)
    """Sent with each request to the site's own hosts, beyond those of every request."""
    proxy: str | None = None
    """An `http://` proxy that the site is asked through. None: that of BROADSHEET_PROXY, if it names one."""
    min_interval_minutes: float = MIN_INTERVAL_MINUTES
    """Between two polls of a listing, at least."""
    max_interval_minutes: float = MAX_INTERVAL_MINUTES
    """Between two polls of a listing that does not fail, at most."""
    schedule: str | None = None
    """A cron line of five fields: the site is visited then, and its interval counts for nothing. None: none."""
    timezone: str = "UTC"
    """By whose clock `schedule` and `quiet_hours` are meant: an IANA name such as `Europe/Berlin`."""
    quiet_hours: tuple[str, ...] = ()
    """Spans such as `23:00-05:00` in which the site is not visited."""
    http2: bool = False
    """Whether it is asked by HTTP/2, where it speaks that."""
    browser: bool = False
    """Whether its pages and sections are run in Chromium: for sites that send scripts in the place of text."""
    archive: bool = False
    """Whether its pages are kept as they were sent, beside what is made of them. BROADSHEET_ARCHIVE has all sites' kept."""
    enabled: bool = True

    @property
    def listings(self) -> Iterator[tuple[ListingKind, str]]:
        """Each listing as (kind, address); the kind is `feed`, `sitemap` or `section`."""
        yield from (("feed", url) for url in self.feeds)
        yield from (("sitemap", url) for url in self.sitemaps)
        yield from (("section", url) for url in self.sections)


_KEYS = tuple(field.name for field in fields(Seed))


def load_seeds(paths: Sequence[Path] | None = None) -> tuple[Seed, ...]:
    """All seeds under the paths (files, or folders read with their subfolders), in order of their ids.

    None: the default seeds. Raises SeedError on the first mistake.
    """
    seeds, errors = read_seeds(paths)
    if errors:
        raise SeedError(errors[0])
    return seeds


def read_seeds(paths: Sequence[Path] | None = None) -> tuple[tuple[Seed, ...], tuple[str, ...]]:
    """The seeds that can be read, in order of their ids, and one line for each mistake."""
    seeds: dict[str, Seed] = {}
    places: dict[str, Path] = {}
    errors: list[str] = []
    for path in _find_files(paths, errors):
        seed, mistakes = _read_seed(path)
        errors += [f"{path}: {mistake}" for mistake in mistakes]
        if seed is None:
            continue
        if seed.id in seeds:
            errors.append(f"{path}: id: {seed.id!r} is taken by {places[seed.id]}; give each site its own")
            continue
        seeds[seed.id] = seed
        places[seed.id] = path
    return tuple(seeds[id_] for id_ in sorted(seeds)), tuple(errors)


def default_seeds_folder() -> Path:
    """The repository's seeds, or in an installed package the copy that came with it."""
    package = Path(__file__).parent
    repository = package.parent / "seeds"
    return repository if repository.is_dir() else package / "seeds_data"


def read_seed_files(paths: Sequence[Path] | None = None) -> dict[str, bytes]:
    """The files that `load_seeds` reads, as they are, each under a name of its own below one folder."""
    files = list(_find_files(paths, []))
    return {f"{number:05}-{file.name}": file.read_bytes() for number, file in enumerate(files)}


def _find_files(paths: Sequence[Path] | None, errors: list[str]) -> Iterator[Path]:
    for path in (default_seeds_folder(),) if paths is None else paths:
        if path.is_dir():
            found = sorted(path.rglob("*.toml"))
            if not found:
                errors.append(f"{path}: no .toml file in it")
            yield from found
        elif path.exists():
            yield path
        else:
            errors.append(f"{path}: no such file or folder")


def _read_seed(path: Path) -> tuple[Seed | None, list[str]]:
    """The seed, None where there is a mistake in it, and each mistake."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        return None, [f"cannot be read: {error.strerror}"]
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return None, [f"not valid TOML: {error}"]
    known = ", ".join(_KEYS)
    mistakes = [f"{key}: unknown key; the keys are {known}" for key in raw if key not in _KEYS]
    try:
        seed = msgspec.convert({key: value for key, value in raw.items() if key in _KEYS}, Seed)
    except msgspec.ValidationError as error:
        # msgspec ends its message with the place: "Expected `str`, got `int` - at `$.feeds[0]`".
        problem, _, place = str(error).partition(" - at `$.")
        mistakes.append(f"{place.rstrip('`')}: {problem}" if place else problem)
        return None, mistakes
    mistakes += [f"{key}: {problem}" for key, problem in _find_problems(seed)]
    return (None if mistakes else seed), mistakes


def _find_problems(seed: Seed) -> Iterator[tuple[str, str]]:
    if not _ID.fullmatch(seed.id):
        yield "id", f"{seed.id!r} must be lower case letters, digits, dots and hyphens, at most 63"
    if not seed.name.strip():
        yield "name", "must not be empty"
    if not _LANGUAGE.fullmatch(seed.language):
        yield "language", f"{seed.language!r} is not a language tag such as en or pt-BR"
    for key, url in _addresses(seed):
        if problem := find_url_problem(url):
            yield key, problem
    yield from _find_pattern_problems(seed)
    yield from _find_access_problems(seed)
    try:
        Timing.of(seed).check()
    except TimingError as error:
        yield error.key, str(error)
    if not any(getattr(seed, key) for key in _URL_KEYS):
        yield "feeds", f"nothing to fetch: give at least one of {', '.join(_URL_KEYS)}"


def _find_access_problems(seed: Seed) -> Iterator[tuple[str, str]]:
    if not 0 <= seed.delay_seconds <= MAX_DELAY_SECONDS:
        yield "delay_seconds", f"{seed.delay_seconds} is not between 0 and {MAX_DELAY_SECONDS:.0f}"
    yield from find_header_problems(seed.headers)
    if seed.proxy is not None and (problem := find_proxy_problem(seed.proxy)):
        yield "proxy", problem
    most = seed.max_delay_seconds
    if most is not None and not max(seed.delay_seconds, 0.001) <= most <= MAX_DELAY_SECONDS:
        yield "max_delay_seconds", f"{most} is not between delay_seconds and {MAX_DELAY_SECONDS:.0f}"


def _find_pattern_problems(seed: Seed) -> Iterator[tuple[str, str]]:
    for key, patterns in (("allow", seed.allow), ("deny", seed.deny)):
        for number, pattern in enumerate(patterns):
            if not _PATTERN.fullmatch(pattern) or "://" in pattern:
                yield (
                    f"{key}[{number}]",
                    f"{pattern!r} must be /path* or host/path*, without scheme or spaces",
                )


def _addresses(seed: Seed) -> Iterable[tuple[str, str]]:
    yield "home", seed.home
    for key in _URL_KEYS:
        yield from ((f"{key}[{number}]", url) for number, url in enumerate(getattr(seed, key)))


def find_url_problem(url: str) -> str | None:
    """What is wrong with an address that a user gave, one line; None: nothing."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return f"{url!r} is not an address: {error}"
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return f"{url!r} is not an http:// or https:// address"
    if re.search(r"[\s\x00-\x1f\x7f]", url):
        return f"{url!r} must not hold spaces or control characters"
    if "@" in parts.netloc:
        return f"an address on {parts.hostname} must not hold a user name or password"
    if port == 0:
        return f"{url!r} has no usable port"
    return None
