"""`broadsheet crawl`: one pass over the sites that are due, and what came of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from crawler.account import describe_other_pages, describe_unfetched
from crawler.backfill import describe_backfill, read_since
from crawler.crawl import CrawlOptions, run_crawl
from crawler.errors import Fault, UserError
from crawler.exits import FAULT, INTERRUPTED, exit_codes, fail, stop_on_sigterm, warn
from crawler.seeds import SeedError
from crawler.settings import SettingError, read_service_settings
from pipelines.store import StoreError
from pipelines.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import Any

    from crawler.crawl import CrawlReport
    from crawler.watch.alerts import Message

# Beyond these a list of sites or addresses is no reading for people.
_NAMED_AT_MOST = 20
_READ = {"article", "duplicate", "rejected", "unchanged"}
"""Outcomes of pages that could be read."""


def crawl_sites(report_file: Path | None, *, since: str | None, **asked: Any) -> None:
    """Run the command with the fields of CrawlOptions; ends the process where something is wrong."""
    stop_on_sigterm()
    with exit_codes(mistakes=(UserError, SeedError, SettingError), faults=(StoreError, Fault)):
        if report_file is not None and not report_file.absolute().parent.is_dir():
            raise UserError(f"--report {report_file}: its folder does not exist; make it first")
        report = run_crawl(
            CrawlOptions(
                since=None if since is None else read_since(since),
                alerts=read_service_settings().alerts,
                **asked,
            )
        )
        if report_file is not None:
            write_report(report_file, report)
        for line in summary(report):
            print(line)
        for line in warnings(report):
            warn(line)
        if report.stopped:
            fail("stopped by a signal; what was fetched is published, the rest is still owed", INTERRUPTED)
        if report.listings_failed and not report.listings and not _READ & report.outcomes.keys():
            fail("nothing could be read: no listing, and so no page", FAULT)


def warnings(report: CrawlReport) -> Iterator[str]:
    """What people should look at, a line each."""
    unread = {
        f"{failed.site}: {failed.kind} {url}": failed.reason for url, failed in report.listings_failed.items()
    }
    yield from _named("not read", unread, rest=("more listing", " not read"))
    cut = {
        f"{one.site}: {one.kind} {url}": f"its first {one.read} were read ({counted(one.links, 'link')}), what follows was not"
        for url, one in report.listings_cut.items()
    }
    yield from _named("cut", cut, rest=("more listing", " cut"))
    yield from _named(
        "left for a later pass", report.sites_put_off, rest=("more site", " left for a later pass")
    )
    rolled = dict.fromkeys(report.listings_rolled_over, "none of its links were there at the last poll")
    yield from _named(
        "what stood in it since was missed", rolled, rest=("more listing", " of which something was missed")
    )
    bad = {
        site: f"{verdict.kind}: {verdict.evidence}"
        for site, verdict in report.verdicts.items()
        if verdict.kind != "ok"
    }
    yield from _named("verdict", bad, rest=("more verdict", ""))
    alerts = {
        f"{message.site}: {message.monitor}": f"{message.evidence}{_examples(message)}"
        for message in report.alerts
        if message.event == "opened"
    }
    yield from _named("alert", alerts, rest=("more alert", ""))
    closed = {f"{one.site}: {one.monitor}": one.evidence for one in report.alerts if one.event == "closed"}
    yield from _named("alert closed", closed, rest=("more alert", " closed"))
    retired = dict.fromkeys(report.listings_retired, "it has failed for too long; asked once a week now")
    yield from _named("retired", retired, rest=("more listing", " retired"))


def _examples(message: Message) -> str:
    urls = [one["url"] or "" for one in message.samples]
    return f"; see {' '.join(urls)}" if urls else ""


def write_report(file: Path, report: CrawlReport) -> None:
    """Write the whole account as one JSON object: the fields of CrawlReport. Raises Fault where that fails."""
    try:
        file.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    except OSError as error:
        raise Fault(f"--report {file}: {error.strerror}") from error


def summary(report: CrawlReport) -> list[str]:
    """The account of a crawl in a few lines."""
    sites = f"{counted(len(report.sites_visited), 'site')} visited"
    if report.sites_not_due:
        due_at = datetime.fromtimestamp(min(report.sites_not_due.values()), UTC)
        sites += f", {len(report.sites_not_due)} not due (the next at {due_at:%Y-%m-%d %H:%M} UTC)"
    if report.sites_held:
        sites += f", {len(report.sites_held)} held by other workers"
    links = (
        f"{counted(report.new_links, 'new link')}, {report.due_links} due again, {report.known_links} known"
    )
    unread = f", {len(report.listings_failed)} not read" if report.listings_failed else ""
    unread += f", {report.listings_left} left for a later pass" if report.listings_left else ""
    listings = (
        f"{counted(report.listings, 'listing')} read ({report.listings_unchanged} unchanged){unread}: {links}"
    )
    rate = f" ({report.pages_per_second:.1f} a second)" if report.pages else ""
    pages = f"{counted(report.pages, 'page')} fetched in {report.seconds:.1f} s{rate}"
    visits = (
        f"{counted(report.visits, 'visit')} ended{describe_unfetched(report)}: {_counts(report)}"
        if report.visits
        else "no page was due"
    )
    lines = [sites, listings]
    if report.owed_before:
        lines.append(f"{counted(report.owed_before, 'page')} owed from earlier runs")
    lines += [pages + describe_other_pages(report), visits]
    lines += [f"{site}: {describe_backfill(figures)}" for site, figures in report.backfills.items()]
    if report.known_urls:
        count = len(report.known_urls)
        were = "was" if count == 1 else "were"
        lines.append(
            f"{count} of the addresses asked for {were} known before: visited and not due, or still owed"
        )
    lines.append(f"published in {report.data}" if report.visits else "nothing was published")
    return lines


def _counts(report: CrawlReport) -> str:
    parts = []
    for outcome, count in report.outcomes.items():
        reasons = report.reasons.get(outcome, {})
        why = ", ".join(f"{reason} {number}" for reason, number in reasons.items())
        parts.append(f"{outcome} {count}" + (f" ({why})" if why else ""))
    return ", ".join(parts)


def _named(what: str, reasons: Mapping[str, str], *, rest: tuple[str, str]) -> list[str]:
    """A line for each, up to a number; `rest` is the noun of the others, and what is said of them."""
    lines = [f"{name}: {what}: {reason}" for name, reason in list(reasons.items())[:_NAMED_AT_MOST]]
    if len(reasons) > _NAMED_AT_MOST:
        noun, said = rest
        lines.append(f"and {counted(len(reasons) - _NAMED_AT_MOST, noun)}{said}")
    return lines
