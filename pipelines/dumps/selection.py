"""What a dump is asked to hold, and the name that the same wish always has."""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Literal, get_args

import msgspec

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from pipelines.dumps.rows import Row
    from pipelines.live import Live, LivePart
    from pipelines.log import Part

DumpFormat = Literal["jsonl.gz", "jsonl.zst", "parquet"]
FORMATS: tuple[str, ...] = get_args(DumpFormat)

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")


class DumpError(Exception):
    """The user's mistake in what was asked for, one line; the command exits 2."""

    def __init__(self, line: str, *, option: str | None = None) -> None:
        super().__init__(line)
        self.option = option
        """The field of `Selection` or `DumpOptions` that is wrong; None: it is none of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which rows: those that every field lets through. An empty field lets all of them."""

    first_day: str | None = None
    """The day of the fetch, UTC, such as `2026-04-14`; this one and later ones."""
    last_day: str | None = None
    """This one and earlier ones."""
    sites: tuple[str, ...] = ()
    """Ids of seeds."""
    languages: tuple[str, ...] = ()
    """BCP 47; `pt` means `pt-BR`, too."""
    sections: tuple[str, ...] = ()
    """In the site's own words, whatever their case."""
    countries: tuple[str, ...] = ()
    """What `country_sites` was made of."""
    country_sites: tuple[str, ...] = ()
    """Ids of the seeds that the countries have."""
    duplicates: bool = False
    """Whether articles are given that are nearly the same as an earlier one."""

    def has_place(self, site: str, day: str) -> bool:
        """Say whether rows of a site and day may be in it."""
        return (
            (not self.first_day or day >= self.first_day)
            and (not self.last_day or day <= self.last_day)
            and (not self.sites or site in self.sites)
            and (not self.countries or site in self.country_sites)
        )

    def has_language(self, language: str | None) -> bool:
        """Say whether rows of a language may be in it; a row that has none is in no language."""
        if not self.languages:
            return True
        tag = (language or "").lower()
        return any(tag == wanted or tag.startswith(f"{wanted}-") for wanted in self.languages)

    def has_row(self, row: Row) -> bool:
        """Say whether an article is in it, as far as `duplicates` does not decide."""
        return (
            self.has_place(row.site or "", (row.fetched_at or "")[:10])
            and self.has_language(row.language)
            and (not self.sections or (row.section or "").casefold() in self.sections)
        )

    def share_of(self, part: Part) -> float:
        """How much of a part may be in it, 0 to 1, as if its sites had as many rows each."""
        day = part.path.split("/")[1].removeprefix("date=")
        # Rows of no site are in parts that name none.
        sites = part.sites or [""]
        share = sum(self.has_place(site, day) for site in sites) / len(sites)
        if self.languages and part.path.startswith("articles/"):
            tags = part.languages or [""]
            share *= sum(map(self.has_language, tags)) / len(tags)
        return share


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpOptions:
    """All that decides what a dump's files hold."""

    selection: Selection = field(default_factory=Selection)
    snapshot: int | None = None
    """The log's entry whose state it is. None: the last one there is."""
    since: int | None = None
    """Only what came after this entry; None: everything."""
    format: DumpFormat = "jsonl.gz"
    removals: bool = True
    """Whether the rows say what cleaning took from each page."""
    contact: str | None = None
    """Whom to ask that something be taken down: a mail address or an http(s) address."""

    def covers(self, entry: int) -> bool:
        """Say whether a row that this entry published is in it."""
        assert self.snapshot is not None, "options are resolved before rows are read"
        return (self.since or 0) < entry <= self.snapshot

    def may_cover(self, place: LivePart) -> bool:
        """Say whether a part may have rows that are in it: those that moved were published by earlier entries."""
        return self.covers(place.entry) or (place.is_moved and place.entry > (self.since or 0))


def make_selection(  # noqa: PLR0913 - one keyword a filter
    *,
    first_day: str | None = None,
    last_day: str | None = None,
    sites: Collection[str] = (),
    languages: Collection[str] = (),
    sections: Collection[str] = (),
    countries: Collection[str] = (),
    country_sites: Collection[str] = (),
    duplicates: bool = False,
) -> Selection:
    """Read filters as people give them: the same filters make the same value, in whatever order they came.

    Raises DumpError for a day or language that is none.
    """
    for option, day in (("first_day", first_day), ("last_day", last_day)):
        if day is not None and not _is_day(day):
            raise DumpError(f"{day!r} is no day, such as 2026-04-14", option=option)
    if first_day and last_day and first_day > last_day:
        raise DumpError(f"{last_day} is before {first_day}, the first day", option="last_day")
    for option, texts in (("sites", sites), ("sections", sections), ("countries", countries)):
        if any("\0" in text or not _is_unicode(text) for text in texts):
            raise DumpError("holds what no name holds", option=option)
    tags = _sorted(tag.lower() for tag in languages)
    for tag in tags:
        if not _LANGUAGE.fullmatch(tag):
            raise DumpError(f"{tag!r} is no language, such as de or pt-BR", option="languages")
    return Selection(
        first_day=first_day,
        last_day=last_day,
        sites=_sorted(sites),
        languages=tags,
        sections=_sorted(section.strip().casefold() for section in sections),
        countries=_sorted(country.lower() for country in countries),
        country_sites=_sorted(country_sites),
        duplicates=duplicates,
    )


def resolve(options: DumpOptions, live: Live) -> DumpOptions:
    """Hold the options against the log, and fill in its last entry where no snapshot is asked for.

    Raises DumpError for an entry that is not there, and for a site that nothing was published of.
    """
    snapshot = live.sequence if options.snapshot is None else options.snapshot
    if not 1 <= snapshot <= live.sequence:
        raise DumpError(
            f"there is no entry {snapshot}; the log ends at entry {live.sequence}", option="snapshot"
        )
    if options.since is not None and not 0 <= options.since <= snapshot:
        raise DumpError(f"entry {options.since} is not before the snapshot, entry {snapshot}", option="since")
    if options.selection.sites:
        known = {site for part, _ in live.live_parts() for site in part.sites}
        unknown = [site for site in options.selection.sites if site not in known]
        if unknown:
            raise DumpError(f"nothing was published of a site {unknown[0]!r}", option="sites")
    return replace(options, snapshot=snapshot)


def dump_id(options: DumpOptions, log_id: str) -> str:
    """Name a dump by what decides its rows: the snapshot, and 12 hex digits for everything else."""
    fields = asdict(options)
    del fields["contact"]
    digest = hashlib.sha256(msgspec.json.encode([log_id, fields]))
    return f"{options.snapshot}-{digest.hexdigest()[:12]}"


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_unicode(text: str) -> bool:
    """Half a surrogate pair is none: it comes from arguments that are no UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _sorted(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))
