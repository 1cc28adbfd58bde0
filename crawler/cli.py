"""The `broadsheet` command. Commands import what they need when they run, so that `--help` answers at once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="broadsheet",
    help="Crawl news sites, clean their pages, publish the articles as JSON Lines.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

SeedPaths = Annotated[
    list[Path] | None,
    typer.Option(
        "--seeds", metavar="PATH", help="Seed files or folders of them; default: those that came along."
    ),
]
Networks = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-address",
        metavar="CIDR",
        help="Networks that are not public and may be fetched from all the same.",
    ),
]
Contact = Annotated[
    str | None,
    typer.Option(
        metavar="MAIL|URL",
        envvar="BROADSHEET_CONTACT",
        help="Where a site's owner can reach you; stands in the user agent.",
    ),
]
Data = Annotated[
    str, typer.Option(metavar="DIR|URL", help="The folder or s3:// address that holds what is published.")
]

seeds_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The sites to crawl.")
app.add_typer(seeds_app, name="seeds")

# `--site a b` means `--site a --site b` in the commands that take nothing but options.
_LIST_OPTIONS = {"crawl": ("--seeds", "--site", "--url", "--allow-address")}


@app.command()
def clean(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Files (.html, .txt, .jsonl; also .gz, .zst), folders, or - for standard input.",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write here (.gz, .zst: compressed), all or nothing.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Processes that clean; default: one a core.")
    ] = None,
) -> None:
    """Clean pages, texts and JSON Lines: one output line for each, in their order."""
    from crawler.clean_command import clean_files

    clean_files(inputs, out, workers)


@seeds_app.command("check")
def check_seeds(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PATH...]", help="Seed files or folders of them; default: those that came along."
        ),
    ] = None,
) -> None:
    """Read seeds and name every mistake."""
    from crawler.seeds_command import check

    check(paths)


def main() -> None:
    """Run the command line."""
    app(spread(sys.argv[1:]), prog_name="broadsheet")


def spread(arguments: list[str]) -> list[str]:
    """The arguments with the name of a list option before each of its values.

    >>> spread(["crawl", "--site", "a", "b", "--now"])
    ['crawl', '--site', 'a', '--site', 'b', '--now']
    """
    options = _LIST_OPTIONS.get(arguments[0], ()) if arguments else ()
    found: list[str] = []
    option = None
    for argument in arguments:
        if argument.startswith("-"):
            option = argument if argument in options else None
        elif option and found[-1] != option:
            found.append(option)
        found.append(argument)
    return found


if __name__ == "__main__":
    main()
