"""Commands that clean what somebody already has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crawler.cli.options import Contact, Networks


def clean(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Files (.html, .txt, .jsonl; also .gz, .zst), folders of them, or - for standard input.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write here, all or nothing; .gz and .zst are compressed."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=1024, metavar="N", help="Processes that clean; default: one a core."),
    ] = None,
) -> None:
    """Clean pages and texts, one output line for each."""
    from crawler.clean_command import clean_files

    clean_files(inputs, out, workers)


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
