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
