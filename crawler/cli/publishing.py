"""Commands for what is published."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crawler.cli.options import Data


def log(
    data: Data = "data",
    after: Annotated[int, typer.Option(min=0, metavar="N", help="Only the entries after this one.")] = 0,
    follow: Annotated[bool, typer.Option("--follow", help="Go on as entries come.")] = False,
) -> None:
    """Show what was published, entry by entry, as JSON Lines."""
    from crawler.log_command import show_log

    show_log(data, after, follow=follow)


def verify(data: Data = "data") -> None:
    """Prove that what is published keeps every promise, or name what breaks one."""
    from crawler.verify_command import verify_data

    verify_data(data)


def compact(data: Data = "data") -> None:
    """Make few large parts of many small ones; mark complete days; delete what no longer counts."""
    from crawler.compact_command import compact_data

    compact_data(data)


def export(
    parquet: Annotated[
        Path, typer.Option(metavar="OUT", help="A folder to make, or one file of articles (*.parquet).")
    ],
    data: Data = "data",
    as_of: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Only what entry N and those before it published.")
    ] = None,
) -> None:
    """Write what is published as Parquet."""
    from crawler.export_command import export_data

    export_data(data, parquet, as_of)


def dump(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write into, new or empty.")],
    data: Data = "data",
    from_: Annotated[
        str | None, typer.Option("--from", metavar="DAY", help="Fetched on this day or later, UTC.")
    ] = None,
    to: Annotated[str | None, typer.Option(metavar="DAY", help="Fetched on this day or earlier.")] = None,
    site: Annotated[list[str] | None, typer.Option(metavar="ID", help="Only this site.")] = None,
    country: Annotated[
        list[str] | None, typer.Option(metavar="CC", help="Only sites whose seeds lie in this folder.")
    ] = None,
    language: Annotated[
        list[str] | None, typer.Option(metavar="TAG", help="Only this language; pt means pt-BR, too.")
    ] = None,
    section: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this section, in the site's own words.")
    ] = None,
    snapshot: Annotated[
        int | None, typer.Option(metavar="N", help="As of this entry of the log; default: its end.")
    ] = None,
    since_snapshot: Annotated[
        int | None, typer.Option(metavar="M", help="A delta: only what changed after this entry.")
    ] = None,
    format_: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="jsonl.gz, jsonl.zst or parquet.")
    ] = "jsonl.gz",
    duplicates: Annotated[
        bool, typer.Option("--duplicates", help="Near-duplicates that were published, too.")
    ] = False,
    removals: Annotated[
        bool, typer.Option("--removals/--no-removals", help="With or without what cleaning took from pages.")
    ] = True,
    seeds: Annotated[
        list[Path] | None,
        typer.Option(metavar="PATH", help="Seeds that tell countries; default: those that came along."),
    ] = None,
    contact: Annotated[
        str | None,
        typer.Option(metavar="MAIL|URL", help="Whom to ask for takedowns; default: BROADSHEET_CONTACT."),
    ] = None,
) -> None:
    """Write a snapshot of the articles as files, with a datasheet; goes on where it was interrupted."""
    from crawler.dump_command import write_dump

    write_dump(
        data,
        out,
        first_day=from_,
        last_day=to,
        sites=site or (),
        countries=country or (),
        languages=language or (),
        sections=section or (),
        seeds=seeds or None,
        snapshot=snapshot,
        since=since_snapshot,
        packing=format_,
        duplicates=duplicates,
        removals=removals,
        contact=contact or None,
    )


def takedown(
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET",
            help="An address; a prefix, ending in / or *; a site's id or host; an article's id; a text's hash.",
        ),
    ],
    reason: Annotated[str, typer.Option(metavar="WHY", help="Stands in the log, for good.")],
    data: Data = "data",
    state: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the embedded Redis, as in crawl.")
    ] = None,
) -> None:
    """Take something down: it goes from all that is published, and is not fetched any more."""
    from crawler.takedown_command import take_down

    take_down(target, reason, data, state)
