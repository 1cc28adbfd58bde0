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
OutFile = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE", help="Write here, all or nothing; .gz and .zst are compressed."),
]
CleaningProcesses = Annotated[
    int | None,
    typer.Option(
        "--workers", min=1, max=1024, metavar="N", help="Processes that clean; default: one a core."
    ),
]
PathList = Annotated[
    Path | None, typer.Option("--list", metavar="FILE", help="Paths of WARC files, one a line.")
]
ListBase = Annotated[
    str | None,
    typer.Option(
        "--base", metavar="URL|DIR", help="What those paths are relative to; default: the list's folder."
    ),
]
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
