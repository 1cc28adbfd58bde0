"""Every setting, and the only place where the environment is read.

Scrapy reads the upper-case names. What an operator may change comes from the environment (`read_environment`) or
from the command line; nothing else does.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.errors import UserError
from crawler.proxies import find_proxy_problem
from pipelines.near import NearRule
from pipelines.opt_out import OptOutPolicy
from pipelines.policy import Policy
from pipelines.redis_url import find_problem, mask

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.service.settings import ServiceSettings


_PASSED_ON = ("BROADSHEET_", "REDIS_URL", "AWS_", "GOOGLE_", "AZURE_")


class SettingError(UserError):
    """The user's mistake in the environment or the options: one line that says what to set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What the environment says, and the file that BROADSHEET_CONFIG names. Each field's variable stands beside it."""

    redis_url: str | None = None
    """`REDIS_URL`. None: the embedded server."""
    contact: str | None = None
    """`BROADSHEET_CONTACT`: a mail address or a page that tells site owners who crawls."""
    batch_age_seconds: float = 60.0
    """`BROADSHEET_BATCH_AGE_SECONDS`: how long a row may wait before its batch is published."""
    proxy: str | None = None
    """`BROADSHEET_PROXY`: the `http://` proxy for all sites whose seed names none; user and password may stand in it."""
    chromium: str | None = None
    """`BROADSHEET_CHROMIUM`: the program that runs the pages of sites with `browser = true`. None: Playwright's own."""
    lease_seconds: float = 60.0
    """`BROADSHEET_LEASE_SECONDS`: how long a silent worker keeps its sites and claims."""
    clean_workers: int = 0
    """`BROADSHEET_CLEAN_WORKERS`: processes that clean pages. 0: one a core."""
    opt_out: OptOutPolicy = OptOutPolicy.FLAG
    """`BROADSHEET_OPT_OUT`: `flag` or `skip` what reserves mining and uses by AI."""
    archive: bool = False
    """`BROADSHEET_ARCHIVE`: whether the pages of all sites are kept as they were sent."""
    policy: Policy = field(default_factory=Policy)
    """`BROADSHEET_REVISIT_HOURS`, `BROADSHEET_NEAR_DUPLICATES`, `BROADSHEET_NEAR_DUPLICATE_SIMILARITY`,
    `BROADSHEET_NEAR_DUPLICATE_DAYS`, `BROADSHEET_SEEN_BYTES` and `BROADSHEET_ARCHIVE_DAYS`."""


def read_environment(environ: Mapping[str, str] = os.environ, *, config: Path | None = None) -> Environment:
    """The settings of all commands; an unset or empty variable is what the file of settings says, or its default.

    `config`: that file; None: the one that BROADSHEET_CONFIG names, if it names one. Raises SettingError.
    """
    return parse_environment(_with_file(environ, config))


def read_service_settings(
    environ: Mapping[str, str] = os.environ, *, config: Path | None = None
) -> ServiceSettings:
    """The settings of `broadsheet serve`, from where `read_environment` has its own. Raises SettingError."""
    from crawler.service.settings import parse_service_settings  # noqa: PLC0415 - which needs this module

    return parse_service_settings(_with_file(environ, config))


def find_config(config: Path | None, environ: Mapping[str, str] = os.environ) -> Path | None:
    """The file of settings that counts: the one that is named, or that of BROADSHEET_CONFIG; None: there is none."""
    name = environ.get("BROADSHEET_CONFIG")
    return config or (Path(name) if name else None)


def read_unknown(environ: Mapping[str, str] = os.environ) -> list[str]:
    """One line for each variable that is called like ours and is read by nothing."""
    from crawler.config import find_unknown  # noqa: PLC0415 - which needs this module

    return find_unknown(environ)


def read_passed_on(environ: Mapping[str, str] = os.environ, *, everything: bool) -> dict[str, str]:
    """The variables for a command that is run in this one's place: all, or those that settings and credentials stand in.

    What the file of settings says is among them, so that another machine needs no copy of it.
    """
    counts = _with_file(environ, None)
    own = {
        name: text
        for name, text in counts.items()
        if name.startswith(_PASSED_ON) and name != "BROADSHEET_CONFIG"
    }
    return {**(environ if everything else {}), **own}


def _with_file(environ: Mapping[str, str], config: Path | None) -> Mapping[str, str]:
    """The variables as the environment has them, and those of the file where it does not."""
    from crawler.config import read_variables  # noqa: PLC0415 - which needs this module

    path = find_config(config, environ)
    if path is None:
        return environ
    return {**read_variables(path), **{name: text for name, text in environ.items() if text}}


def parse_environment(environ: Mapping[str, str]) -> Environment:
    """What the variables say, and nothing else does. Raises SettingError."""
    return Environment(
        redis_url=_read_redis_url(environ),
        contact=environ.get("BROADSHEET_CONTACT") or None,
        chromium=environ.get("BROADSHEET_CHROMIUM") or None,
        proxy=_read_proxy(environ, "BROADSHEET_PROXY"),
        batch_age_seconds=read_number(environ, "BROADSHEET_BATCH_AGE_SECONDS", 60.0, least=0.05),
        lease_seconds=read_number(environ, "BROADSHEET_LEASE_SECONDS", 60.0, least=1.0),
        clean_workers=int(read_number(environ, "BROADSHEET_CLEAN_WORKERS", 0, least=0)),
        opt_out=_read_policy(environ, "BROADSHEET_OPT_OUT"),
        archive=_read_archive(environ, "BROADSHEET_ARCHIVE"),
        policy=Policy(
            near=_read_near_rule(environ),
            revisit_seconds=_read_hours(environ, "BROADSHEET_REVISIT_HOURS"),
            memory_bytes=int(read_number(environ, "BROADSHEET_SEEN_BYTES", 0, least=0)) or None,
            archive_days=int(read_number(environ, "BROADSHEET_ARCHIVE_DAYS", 0, least=0)) or None,
        ),
    )


def _read_archive(environ: Mapping[str, str], name: str) -> bool:
    text = environ.get(name) or "no"
    if text not in {"1", "0", "yes", "no"}:
        raise SettingError(f"{name}={text!r} must be yes or no")
    return text in {"1", "yes"}


def _read_proxy(environ: Mapping[str, str], name: str) -> str | None:
    url = environ.get(name) or None
    if url is not None and (problem := find_proxy_problem(url, may_log_in=True)):
        # Not repeated: it may hold a password.
        raise SettingError(f"{name}: {problem}")
    return url


def _read_redis_url(environ: Mapping[str, str]) -> str | None:
    url = environ.get("REDIS_URL") or None
    if url is not None and (problem := find_problem(url)):
        raise SettingError(f"REDIS_URL={mask(url)}: {problem}")
    return url


def _read_near_rule(environ: Mapping[str, str]) -> NearRule:
    name = "BROADSHEET_NEAR_DUPLICATES"
    text = environ.get(name) or "drop"
    if text not in {"drop", "publish", "off"}:
        raise SettingError(f"{name}={text!r} must be drop, publish or off")
    default = NearRule()
    if text == "off":
        return replace(default, days=0)
    similarity = read_number(
        environ, "BROADSHEET_NEAR_DUPLICATE_SIMILARITY", default.similarity, least=0.5, most=1.0
    )
    days = read_number(environ, "BROADSHEET_NEAR_DUPLICATE_DAYS", default.days, least=1, most=60)
    return replace(
        default,
        similarity=similarity,
        named_similarity=min(similarity, default.named_similarity),
        days=int(days),
        publish=text == "publish",
    )


def _read_hours(environ: Mapping[str, str], name: str) -> tuple[int, ...]:
    text = environ.get(name)
    if not text:
        return Policy().revisit_seconds
    if text == "none":
        return ()
    try:
        seconds = [round(float(part) * 3600) for part in text.split()]
    except (ValueError, OverflowError):
        raise SettingError(f"{name}={text!r} must be none, or hours such as '1 6 24 168'") from None
    if not all(0 < before < after for before, after in pairwise([*seconds, 10**9])):
        raise SettingError(f"{name}={text!r} must rise, from a second to 30 years")
    return tuple(seconds)


def _read_policy(environ: Mapping[str, str], name: str) -> OptOutPolicy:
    text = environ.get(name) or OptOutPolicy.FLAG
    try:
        return OptOutPolicy(text)
    except ValueError:
        raise SettingError(f"{name}={text!r} must be {' or '.join(OptOutPolicy)}") from None


def read_number(
    environ: Mapping[str, str], name: str, default: float, *, least: float, most: float = 1e15
) -> float:
    """The number that a variable holds; unset or empty: the default. Raises SettingError."""
    text = environ.get(name)
    if not text:
        return default
    try:
        number = float(text)
    except ValueError:
        raise SettingError(f"{name}={text!r} is not a number") from None
    if not least <= number <= most:
        limit = f"at most {most:g}" if number > most else f"at least {least:g}"
        raise SettingError(f"{name}={text} must be {limit}")
    return number


def read_version() -> str:
    """The version of the installed package, or `0` in a checkout that was never installed."""
    try:
        return version("broadsheet")
    except PackageNotFoundError:
        return "0"


# ── identity ──────────────────────────────────────────────────────────────────────────────────────────────
BOT_NAME = "broadsheet"
ROBOTSTXT_USER_AGENT = "Broadsheet"
"""The name that robots.txt rules are looked up by; the whole user agent adds version and contact."""
SPIDER_MODULES = ["crawler.spiders"]

# ── the way of a request ──────────────────────────────────────────────────────────────────────────────────
TWISTED_REACTOR_ENABLED = False  # a reactor can run once a process; an event loop as often as one likes
SCHEDULER = "crawler.scheduler.LineScheduler"  # the spider decides the order; nothing to filter or to sort

# Scrapy's own middlewares are left out one and all, each for its reason: offsite (a seed's scope decides, before
# links are stored), robotstxt (fetches where robots.txt answers 503), httpauth and cookies (no sessions: every
# page is read as a stranger reads it), retry (sleeps in no case: 429 was asked again after 0.02 s; the ledger
# keeps retries), metarefresh (leads past the guards), httpcompression (takes half a gzip for a page), redirect
# (needs the referer middleware), httpproxy (an environment variable would lead round the address guard), stats
# (counts what no report says), httpcache (nothing is fetched twice).
DOWNLOADER_MIDDLEWARES_BASE: dict[str, int] = {}
DOWNLOADER_MIDDLEWARES = {
    "crawler.middlewares.browser.BrowserMiddleware": 50,  # sees answers last: what is run is the page after redirects
    "crawler.middlewares.robots.RobotsMiddleware": 100,  # first: no byte is sent to who does not want it
    "crawler.middlewares.reservations.ReservationsMiddleware": 150,  # after robots.txt, which it reads along with
    "crawler.middlewares.redirects.RedirectMiddleware": 200,  # makes a new request, which passes robots again
}
SPIDER_MIDDLEWARES_BASE: dict[
    str, int
] = {}  # referer, depth, length and status are the spider's own business
DOWNLOAD_HANDLERS_BASE: dict[str, str] = {}  # no file:, data:, ftp: or s3: address is ever opened
DOWNLOAD_HANDLERS = {
    "http": "crawler.fetching.handler.HttpHandler",
    "https": "crawler.fetching.handler.HttpHandler",
}
ITEM_PIPELINES = {
    "pipelines.clean.Clean": 100,  # Fetched -> Cleaned, in a process pool
    "pipelines.publish.Publish": 200,  # Cleaned | Ended -> one staged row
}
EXTENSIONS_BASE: dict[str, int] = {}  # no telnet console, no remote control: not one listening port
EXTENSIONS = {
    "crawler.extensions.progress.Progress": 100,  # rate and counts, for people
}
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False

# ── limits ────────────────────────────────────────────────────────────────────────────────────────────────
DOWNLOAD_MAXSIZE = 8 * 1024 * 1024
"""A page's body, as sent and once decompressed. Parsers take 70 times a page's size in memory."""
SITEMAP_MAX_BYTES = 50 * 1024 * 1024
"""A sitemap's, by the sitemap protocol."""
DOWNLOAD_TIMEOUT = 30
"""For a whole answer; Scrapy's 180 s let one silent host hold a site's crawl for minutes."""
REDIRECT_MAX_TIMES = 5
CONCURRENT_REQUESTS = (
    0  # no limit: each site has its window, and delayed sites must not take each other's place
)
CONCURRENT_REQUESTS_PER_DOMAIN = 64  # no limit in effect: the pacer and the window decide
CONCURRENT_ITEMS = (
    2  # a callback gives one item; Scrapy starts so many tasks for each answer (100: 1.5 ms a page)
)
DOWNLOAD_DELAY = 0  # the pacer keeps the delay, over pages, listings, robots.txt and redirects alike
SCRAPER_SLOT_MAX_ACTIVE_SIZE = 64 * 1024 * 1024
"""Bodies that wait to be cleaned; beyond it no request starts."""
BROADSHEET_CLEAN_WORKERS = 0
"""Processes that clean; 0: one a core."""
BROADSHEET_CHROMIUM = None
"""The program that runs pages; None: Playwright's own."""
BROADSHEET_PROXY = None
"""The proxy of sites whose seed names none."""
BROADSHEET_ARCHIVE = False
"""Whether the pages of sites are archived whose seed does not say so."""
BROADSHEET_OPT_OUT = OptOutPolicy.FLAG.value
"""What becomes of articles that reserve mining and uses by AI."""

# ── habits ────────────────────────────────────────────────────────────────────────────────────────────────
LOG_ENABLED = (
    False  # one line a fault and one a site come from the command; Scrapy's log is for its developers
)
LOG_FORMATTER = "crawler.log_lines.LogLines"  # what is worth a warning is printed even so, and holds no item
STATS_DUMP = False
WARN_ON_GENERATOR_RETURN_VALUE = False  # reads the source of each callback, for a mistake of beginners
