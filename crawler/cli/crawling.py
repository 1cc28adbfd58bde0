"""Commands that visit sites."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crawler.cli.options import Contact, Data, Networks, State


def demo(
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder to publish in; default data/demo.")
    ] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65000, help="First of the sites' ports.")] = None,
    serve: Annotated[bool, typer.Option("--serve", help="Only serve the sites, for a browser.")] = False,
) -> None:
    """Crawl bundled news sites, and show what came of it.

    A second run publishes only what was edited in between.
    """
    from crawler.demo_command import show

    show(data, port, serve=serve)


def crawl(
    seeds: Annotated[
        list[Path] | None,
        typer.Option(metavar="PATH", help="Seed file, or folder of them; default: those that came along."),
    ] = None,
    site: Annotated[list[str] | None, typer.Option(metavar="ID", help="Visit this site, due or not.")] = None,
    url: Annotated[
        list[str] | None, typer.Option(metavar="URL", help="Visit this page, and no listing.")
    ] = None,
    urls: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE|-", help="Visit the pages that this list names, one a line, and no listing."
        ),
    ] = None,
    data: Data = "data",
    state: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder of the embedded Redis; default: .state in a local data folder."
        ),
    ] = None,
    allow_address: Networks = None,
    contact: Contact = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Visit so many pages at most.")
    ] = None,
    now: Annotated[bool, typer.Option("--now", help="Visit every site, due or not.")] = False,
    since: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Read the whole archive of the --site back to this day."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the account of the crawl here, as JSON.")
    ] = None,
) -> None:
    """Visit the sites that are due: fetch, clean, publish."""
    from crawler.crawl_command import crawl_sites

    crawl_sites(
        report,
        seeds=tuple(seeds) if seeds else None,
        sites=tuple(site or ()),
        urls=tuple(url or ()),
        url_list=urls,
        data=data,
        state=state,
        allow_addresses=tuple(allow_address or ()),
        contact=contact or None,
        limit=limit,
        since=since,
        now=now,
        progress=True,
    )


def agenda(
    site: Annotated[list[str] | None, typer.Option(metavar="ID", help="Only this site.")] = None,
    due: Annotated[bool, typer.Option("--due", help="Only the sites that are due.")] = False,
    seeds: Annotated[
        list[Path] | None,
        typer.Option(metavar="PATH", help="Mark sites that none of these seeds, as in crawl, has."),
    ] = None,
    data: Data = "data",
    state: State = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a site.")] = False,
) -> None:
    """Show when each site and listing is due, and what its last poll brought."""
    from crawler.agenda_command import show_agenda

    show_agenda(site or [], seeds or None, data, state, only_due=due, as_json=as_json)


def stop(
    target: Annotated[
        str,
        typer.Argument(metavar="HOST|SITE|list", help="A host with its subdomains, a site's id, or list."),
    ],
    for_: Annotated[
        str | None, typer.Option("--for", metavar="SPAN", help="Such as 12h or 2d; default: for good.")
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Crawl it again.")] = False,
    seeds: Annotated[
        list[Path] | None,
        typer.Option(metavar="PATH", help="Seeds that say which sites there are, as in crawl."),
    ] = None,
    data: Data = "data",
    state: State = None,
) -> None:
    """Leave a host or site alone at once, in running crawls too."""
    from crawler.stop_command import stop as stop_target

    stop_target(target, for_, seeds or None, data, state, remove=remove)
