"""Commands that clean what somebody already has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crawler.cli.options import (
    CleaningProcesses,
    Contact,
    Data,
    FirstDay,
    Hosts,
    Languages,
    LastDay,
    ListBase,
    Mimes,
    Networks,
    OutFile,
    PathList,
    State,
)

Map = Annotated[
    str | None,
    typer.Option(
        "--map",
        metavar="NAME=KEY,…",
        help="Keys of the lines, such as text=body,url=link; default: told by the keys that they have.",
    ),
]


def clean(
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="INPUT...",
            help="Files (.html, .txt, .jsonl, .warc; also .gz, .zst), folders of them, addresses of WARC files "
            "or prefixes (s3://…), or - for standard input.",
        ),
    ] = None,
    out: OutFile = None,
    workers: CleaningProcesses = None,
    list_: PathList = None,
    base: ListBase = None,
    host: Hosts = None,
    language: Languages = None,
    from_: FirstDay = None,
    to: LastDay = None,
    mime: Mimes = None,
    map_: Map = None,
) -> None:
    """Clean pages and texts, one output line for each. Five of the options are for pages of WARC files."""
    from crawler.archive_options import ArchiveOptions
    from crawler.clean_command import clean_files

    options = ArchiveOptions(
        list=list_, base=base, hosts=host, languages=language, first=from_, last=to, mimes=mime
    )
    clean_files(inputs or (), out, workers, options, map_)


def bulk(
    data: Data,
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="INPUT...",
            help="Files (.html, .txt, .jsonl, .warc; also .gz, .zst), folders of them, addresses of WARC files "
            "or prefixes (s3://…).",
        ),
    ] = None,
    state: State = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=4096, metavar="N", help="Tasks at once; default: one a core."),
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Clean on Ray: the cluster at this address, or `local`."),
    ] = None,
    map_: Map = None,
    list_: PathList = None,
    base: ListBase = None,
    host: Hosts = None,
    language: Languages = None,
    from_: FirstDay = None,
    to: LastDay = None,
    mime: Mimes = None,
) -> None:
    """Clean many files into a data folder. Killed and called again, it goes on where it was."""
    from crawler.archive_options import ArchiveOptions
    from crawler.bulk_command import clean_in_bulk

    options = ArchiveOptions(
        list=list_, base=base, hosts=host, languages=language, first=from_, last=to, mimes=mime
    )
    clean_in_bulk(inputs or (), data, state, workers, ray, map_, options)


def reclean(
    data: Data = "data",
    state: State = None,
    since: Annotated[
        str | None, typer.Option(metavar="DAY", help="Only pages fetched on this day (UTC) or later.")
    ] = None,
    apply: Annotated[
        bool,
        typer.Option("--apply", help="Publish what differs as new revisions; nothing may crawl meanwhile."),
    ] = False,
    workers: CleaningProcesses = None,
) -> None:
    """Clean the archived pages again, and say what today's cleaners change; nothing is written without --apply."""
    from crawler.reclean_command import clean_again

    clean_again(data, state, since, workers, apply=apply)


def clusters(
    data: Annotated[
        list[str] | None, typer.Option(metavar="DIR|URL", help="A data folder; may be given several times.")
    ] = None,
    out: OutFile = None,
    ray: Annotated[
        str, typer.Option(metavar="ADDRESS", help="The cluster at this address, or `local`.")
    ] = "local",
) -> None:
    """Find near-duplicates in whole data folders, on Ray: one line for each, with what it is a duplicate of."""
    from crawler.clusters_command import write_clusters

    write_clusters(data or (), out, ray)


def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="JSON Lines (.gz, .zst), or a data folder.")],
    second: Annotated[str, typer.Argument(metavar="B", help="The same, of the same articles.")],
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    map_: Map = None,
) -> None:
    """Compare two dumps: common articles, how their texts differ, and what is left in each that rules would take."""
    from crawler.compare_command import compare_dumps

    compare_dumps(first, second, map_, as_json=json)


def explain(
    page: Annotated[str, typer.Argument(metavar="FILE|URL", help="A saved page, or one to fetch.")],
    html: Annotated[
        Path | None, typer.Option(metavar="OUT", help="Write it as one HTML file instead.")
    ] = None,
    allow_address: Networks = None,
    contact: Contact = None,
) -> None:
    """Show what is taken from a page, and by which rule."""
    from crawler.explain_command import explain_page

    explain_page(page, html, tuple(allow_address or ()), contact or None)
