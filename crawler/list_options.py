"""Options that take several values in a row, which typer does not know."""

from __future__ import annotations

# `--site a b` means `--site a --site b` in the commands that take nothing but options.
_LIST_OPTIONS = {
    "crawl": ("--seeds", "--site", "--url", "--allow-address"),
    "agenda": ("--site",),
    "dump": ("--site", "--country", "--language", "--section", "--seeds"),
}


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
