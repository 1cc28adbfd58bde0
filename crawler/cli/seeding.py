"""Commands for the sites to crawl: `broadsheet seeds`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crawler.cli.options import Contact, Networks


def check_seeds(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PATH...]", help="Seed files or folders of them; default: those that came along."
        ),
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="Ask every listing once, too.")] = False,
    allow_address: Networks = None,
    contact: Contact = None,
) -> None:
    """Read the seeds and name every mistake in them."""
    from crawler.seeds_command import check

    check(paths or None, live=live, allow_addresses=tuple(allow_address or ()), contact=contact or None)


def add_seed(
    url: Annotated[str, typer.Argument(metavar="URL", help="The site's home page.")],
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder of seeds; the file goes to COUNTRY/ID.toml in it.")
    ] = Path("seeds"),
    id_: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="The site's id; default: by its address.")
    ] = None,
    country: Annotated[
        str | None, typer.Option(metavar="CC", help="Two letters; default: by the address, else xx.")
    ] = None,
    allow_address: Networks = None,
    contact: Contact = None,
) -> None:
    """Look around at a site for feeds, sitemaps and sections, and write its seed file."""
    from crawler.seeds_add_command import add

    add(
        url,
        out,
        id_=id_,
        country=country,
        allow_addresses=tuple(allow_address or ()),
        contact=contact or None,
    )
