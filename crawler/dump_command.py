"""`broadsheet dump`: a snapshot of what is published as files for researchers, with its datasheet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from crawler.contact import check_contact
from crawler.countries import find_sites
from crawler.errors import UserError
from crawler.exits import exit_codes, stop_on_sigterm, warn
from crawler.settings import SettingError, read_environment
from pipelines.dumps.build import build_dump
from pipelines.dumps.selection import FORMATS, DumpError, DumpOptions, make_selection
from pipelines.objects import StoreError
from pipelines.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

# What a field of the options is called on the command line.
_OPTIONS = {
    "first_day": "--from",
    "last_day": "--to",
    "sites": "--site",
    "languages": "--language",
    "since": "--since-snapshot",
    "snapshot": "--snapshot",
    "format": "--format",
}


def write_dump(  # noqa: PLR0913 - one keyword an option
    data: str,
    out: Path,
    *,
    first_day: str | None,
    last_day: str | None,
    sites: Sequence[str],
    languages: Sequence[str],
    countries: Sequence[str],
    sections: Sequence[str],
    seeds: Sequence[Path] | None,
    snapshot: int | None,
    since: int | None,
    packing: str,
    duplicates: bool,
    removals: bool,
    contact: str | None,
) -> None:
    """Run the command; ends the process where something is wrong."""
    stop_on_sigterm()
    with exit_codes(mistakes=(UserError, SettingError), faults=(StoreError,)):
        contact = contact or read_environment().contact
        check_contact(contact)
        _check_place(data, out)
        if packing not in FORMATS:
            raise UserError(f"--format {packing!r}: must be {', '.join(FORMATS[:-1])} or {FORMATS[-1]}")
        try:
            built = build_dump(
                data,
                out,
                DumpOptions(
                    selection=make_selection(
                        first_day=first_day,
                        last_day=last_day,
                        sites=sites,
                        languages=languages,
                        sections=sections,
                        countries=countries,
                        country_sites=find_sites(countries, seeds),
                        duplicates=duplicates,
                    ),
                    snapshot=snapshot,
                    since=since,
                    format=packing,  # type: ignore[arg-type] # it is one of FORMATS
                    removals=removals,
                    contact=contact,
                ),
                tell=print,
            )
        except DumpError as error:
            option = _OPTIONS.get(error.option or "")
            raise UserError(f"{option}: {error}" if option else str(error)) from error
        sheet = built.sheet
        state = "" if built.is_new else ", complete already"
        print(
            f"{counted(sheet['rows'], 'row')} in {counted(len(sheet['files']), 'file')} in {out}, snapshot {sheet['snapshot']}, "
            f"dump {built.id}{state}"
        )
        if not sheet["rows"]:
            warn("no row is published that matches; the dump is empty")


def _check_place(data: str, out: Path) -> None:
    """Raise UserError for a dump among the published files: verify would take it for what nobody published."""
    if "://" in data:
        return
    inside, folder = out.resolve(), Path(data).resolve()
    if inside.is_relative_to(folder) and not inside.is_relative_to(folder / ".state"):
        raise UserError(f"--out {out}: lies in the data folder {data}; name a folder outside of it")
