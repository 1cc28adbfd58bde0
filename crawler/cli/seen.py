"""Commands for what is remembered of visited pages: `broadsheet seen`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crawler.cli.options import Data, State


def show_seen(
    urls: Annotated[
        list[str] | None,
        typer.Argument(metavar="[URL...]", help="Addresses; default: how much is remembered."),
    ] = None,
    data: Data = "data",
    state: State = None,
) -> None:
    """Show what is remembered of addresses, or how much in all."""
    from crawler.seen_command import show

    show(urls or [], data, state)


def forget_seen(
    urls: Annotated[list[str], typer.Argument(metavar="URL...", help="Addresses that become due again.")],
    data: Data = "data",
    state: State = None,
) -> None:
    """Forget addresses: they are visited when they are next listed or asked for."""
    from crawler.seen_command import forget

    forget(urls, data, state)


def export_seen(
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="Default: standard output.")] = None,
    data: Data = "data",
    state: State = None,
) -> None:
    """Write all that is remembered as JSON Lines."""
    from crawler.seen_command import export

    export(file, data, state)


def import_seen(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What export has written.")],
    data: Data = "data",
    state: State = None,
) -> None:
    """Remember what an exported file says, too."""
    from crawler.seen_command import import_file

    import_file(file, data, state)


def rebuild_seen(data: Data = "data", state: State = None) -> None:
    """Forget everything, and remember what the log says."""
    from crawler.seen_command import rebuild

    rebuild(data, state)
