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
