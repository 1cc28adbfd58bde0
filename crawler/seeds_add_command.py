"""`broadsheet seeds add`: looks around at a site, and writes its seed file."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawler.discovery.countries import find_country
from crawler.errors import Fault, UserError
from crawler.exits import exit_codes, printable, warn
from crawler.seeds import DEFAULT_DELAY_SECONDS, UNKNOWN_LANGUAGE, find_url_problem, read_seeds
from crawler.settings import SettingError
from pipelines.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from crawler.seeds import Seed
    from crawler.seeds_add import Try

NO_COUNTRY = "xx"
"""The folder of sites whose country nobody said; no country has this code."""

_ID = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}")
_COUNTRY = re.compile(r"[a-z]{2}")


def add(  # noqa: PLR0913 -- one an option
    url: str,
    out: Path,
    *,
    id_: str | None,
    country: str | None,
    allow_addresses: Sequence[str],
    contact: str | None,
) -> None:
    """Run the command; ends the process where the user is wrong, or nothing is found."""
    with exit_codes(mistakes=(UserError, SettingError), faults=(Fault,)):
        from crawler.seeds_add import Bootstrap, make_id

        if problem := find_url_problem(url):
            raise UserError(problem)
        site = id_ or make_id(url)
        if not _ID.fullmatch(site):
            raise UserError(
                f"--id {site!r}: must be lower case letters, digits, dots and hyphens, at most 63"
            )
        folder = (country or find_country(urlsplit(url).hostname or "") or NO_COUNTRY).lower()
        if not _COUNTRY.fullmatch(folder):
            raise UserError(f"--country {country!r}: must be two letters, such as de (ISO 3166-1)")
        file = out / folder / f"{site}.toml"
        _check_new(file, out, site)
        seed = Bootstrap(url, site, allow_addresses, contact, _print).run()
        if not any((seed.feeds, seed.sitemaps, seed.sections)):
            raise Fault(
                f"{url}: neither feed, sitemap nor section with articles was found; no file is written;"
                " where scripts make its pages, write the seed by hand with sections and browser = true"
            )
        _write(file, seed)
        found = ", ".join(
            counted(len(urls), name)
            for name, urls in (
                ("feed", seed.feeds),
                ("sitemap", seed.sitemaps),
                ("section", seed.sections),
            )
            if urls
        )
        print(f"written: {file} with {found}")
        if folder == NO_COUNTRY and country is None:
            warn(
                f"the address says no country; --country CC puts the file into its folder instead of {NO_COUNTRY}"
            )
        if seed.language == UNKNOWN_LANGUAGE:
            warn(f"{file}: language: the home page does not say it; write it there")


def _check_new(file: Path, out: Path, site: str) -> None:
    if file.exists():
        raise UserError(f"{file}: exists already, and is left as it is; --id ID gives another name")
    if out.exists() and not out.is_dir():
        raise UserError(f"--out {out}: is no folder")
    for seed in read_seeds([out])[0] if out.is_dir() else ():
        if seed.id == site:
            raise UserError(f"--id {site}: another file in {out} has this id; give another one")


def _print(entry: Try) -> None:
    print(printable(f"{entry.kind:<8} {entry.url}: {entry.result}"), flush=True)


def _write(file: Path, seed: Seed) -> None:
    keys = {
        "id": seed.id,
        "name": seed.name,
        "language": seed.language,
        "home": seed.home,
        "feeds": seed.feeds,
        "sitemaps": seed.sitemaps,
        "sections": seed.sections,
        "delay_seconds": DEFAULT_DELAY_SECONDS,
    }
    # Strings, numbers and lists of strings are written alike in JSON and TOML.
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in keys.items() if value]
    text = "# Found by broadsheet seeds add; not read by a person yet.\n" + "".join(lines)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # "x": a file that came into being meanwhile is not written over, either.
        with file.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        raise UserError(f"{file}: exists already, and is left as it is") from None
    except OSError as error:
        raise UserError(f"--out {file}: cannot be written: {error.strerror}") from None
