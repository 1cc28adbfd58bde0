"""Commands of the service."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crawler.cli.options import Contact, Data, Networks, State

Config = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="File of settings; default: the one that BROADSHEET_CONFIG names."),
]


def serve(
    data: Annotated[
        str | None,
        typer.Option(metavar="DIR|URL", help="Folder or s3:// address of what is published; default: data."),
    ] = None,
    seeds: Annotated[
        list[Path] | None,
        typer.Option(metavar="PATH", help="Seed file, or folder of them; default: those that came along."),
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, metavar="N", help="Port to listen on; default: 8460.")
    ] = None,
    host: Annotated[
        str | None, typer.Option(metavar="H", help="Address to listen on; default: 127.0.0.1.")
    ] = None,
    no_crawl: Annotated[bool, typer.Option("--no-crawl", help="Only show what is there.")] = False,
    state: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder of the index and the embedded Redis; default: .state in a local data folder.",
        ),
    ] = None,
    config: Config = None,
    allow_address: Networks = None,
    contact: Contact = None,
) -> None:
    """Crawl on schedule, and serve the API and pages, until stopped."""
    from crawler.serve_command import serve as serve_until_stopped

    serve_until_stopped(
        config,
        contact,
        data=data,
        seeds=tuple(seeds) if seeds else None,
        port=port,
        host=host,
        crawl=False if no_crawl else None,
        state=state,
        allow_addresses=tuple(allow_address) if allow_address else None,
    )


def fleet(
    workers: Annotated[
        int, typer.Option(min=1, max=1000, metavar="N", help="Crawl with so many workers at most.")
    ],
    seeds: Annotated[
        list[Path] | None,
        typer.Option(metavar="PATH", help="Seed file, or folder of them; default: those that came along."),
    ] = None,
    data: Data = "data",
    state: State = None,
    allow_address: Networks = None,
    contact: Contact = None,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS|local", help="Place them on this Ray cluster, or on one of this machine."
        ),
    ] = None,
) -> None:
    """Keep crawl workers running, as many as what is due asks for, until stopped."""
    from crawler.fleet_command import FleetOptions, run_fleet

    options = FleetOptions(
        workers=workers,
        seeds=tuple(seeds) if seeds else None,
        data=data,
        state=state,
        allow_addresses=tuple(allow_address or ()),
        contact=contact or None,
        ray=ray,
    )
    run_fleet(options)


def status(
    data: Data = "data",
    state: State = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show how each site is, and what is wrong now."""
    from crawler.status_command import show_status

    show_status(data, state, as_json=as_json)


def check_config(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Default: the one that BROADSHEET_CONFIG names.")
    ] = None,
) -> None:
    """Show all settings as they count, or name each mistake in the file."""
    from crawler.config_command import check

    check(file)
