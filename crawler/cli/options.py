"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Networks = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-address",
        metavar="CIDR",
        help="Network that is not public and may be fetched from all the same.",
    ),
]
Contact = Annotated[
    str | None,
    typer.Option(metavar="MAIL|URL", help="Where site owners can reach you; default: BROADSHEET_CONTACT."),
]
State = Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of the embedded Redis, as in crawl.")]
Data = Annotated[str, typer.Option(metavar="DIR|URL", help="Folder or s3:// address of what is published.")]
Hosts = Annotated[
    list[str] | None,
    typer.Option("--host", metavar="HOST", help="Of WARC pages: only this host, or below it."),
]
Languages = Annotated[
    list[str] | None,
    typer.Option("--language", metavar="TAG", help="Of WARC pages: not those that declare another language."),
]
FirstDay = Annotated[
    str | None,
    typer.Option("--from", metavar="DAY", help="Of WARC pages: fetched on this day (UTC) or later."),
]
LastDay = Annotated[
    str | None,
    typer.Option("--to", metavar="DAY", help="Of WARC pages: fetched on this day (UTC) or before."),
]
Mimes = Annotated[
    list[str] | None,
    typer.Option("--mime", metavar="TYPE", help="Of WARC pages: of this type; default: HTML and XHTML."),
]
