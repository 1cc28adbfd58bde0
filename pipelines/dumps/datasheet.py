"""What a dump says of itself: datasheet.json, the same for people in datasheet.md, and CITATION.cff.

All of it follows from the log, the options and the version of Broadsheet; nothing says when it was written. So a dump
that is made again is the same in every file, as long as nothing is taken down.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pipelines.record import SCHEMA_VERSION, cleaner_version
from pipelines.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipelines.dumps.files import DataFile
    from pipelines.dumps.selection import DumpOptions
    from pipelines.dumps.tally import Outcomes, Tally
    from pipelines.live import Live

FORMAT = 1
NOT_STORED = {
    "rejected": "fetched, and no article",
    "blocked": "not asked for, or not stored",
    "dead": "could not be fetched",
    "gone": "not there any more",
}
"""The outcomes that are gaps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a datasheet is made of."""

    id: str
    options: DumpOptions
    live: Live
    snapshot_at: str
    """When the snapshot's entry was written, ISO 8601."""
    files: Sequence[DataFile]
    tally: Tally
    outcomes: Outcomes


def make_datasheet(facts: Facts) -> dict[str, Any]:
    """Give the datasheet as what its JSON holds."""
    options, live, tally, outcomes = facts.options, facts.live, facts.tally, facts.outcomes
    selection = options.selection
    snapshot = options.snapshot or 0
    days = sorted({*tally.days, *outcomes.days} - {""})
    removed = len(outcomes.removed)
    return {
        "format": FORMAT,
        "dump": facts.id,
        "log": live.log_id,
        "snapshot": snapshot,
        "snapshot_at": facts.snapshot_at,
        "since_snapshot": options.since,
        "takedowns_known": max(live.takedowns, default=0),
        "file_format": options.format,
        "has_removals": options.removals,
        "filters": {
            "from": selection.first_day,
            "to": selection.last_day,
            "sites": list(selection.sites),
            "languages": list(selection.languages),
            "sections": list(selection.sections),
            "countries": list(selection.countries),
            "country_sites": list(selection.country_sites),
            "near_duplicates": selection.duplicates,
        },
        "rows": tally.rows,
        "revisions": tally.revisions,
        "near_duplicates": tally.near_duplicates,
        "near_duplicates_left_out": tally.near_duplicates_left_out,
        "plain_bytes": tally.plain_bytes,
        "files": [asdict(file) for file in facts.files],
        "counts": {
            "sites": _sorted(tally.sites),
            "languages": _sorted(tally.languages),
            "days": _sorted(tally.days),
            "cleaners": _sorted(tally.cleaners),
        },
        "outcomes": {name: _sorted(reasons) for name, reasons in sorted(outcomes.by_reason.items())},
        "unsealed_days": [day for day in days if live.sealed.get(day, snapshot + 1) > snapshot],
        "opt_out": {
            "rows": tally.reserved,
            "sources": _sorted(tally.opt_out),
            "not_stored": outcomes.by_reason.get("blocked", {}).get("opt_out", 0),
        },
        "taken_down": {
            "rows_before_snapshot": outcomes.taken_down_before,
            "rows_since_snapshot": sum(outcomes.taken_down_since.values()),
            "entries_since_snapshot": [
                {"entry": entry, "rows": rows, "reason": live.takedowns[entry].reason}
                for entry, rows in sorted(outcomes.taken_down_since.items())
            ],
            "rows_to_delete": removed if options.since is not None else None,
        },
        "contact": options.contact,
        "software": {"broadsheet": cleaner_version()["version"], "schema_version": SCHEMA_VERSION},
    }


def to_json(sheet: Mapping[str, Any]) -> bytes:
    """Give datasheet.json."""
    return json.dumps(sheet, indent=1, ensure_ascii=False).encode() + b"\n"


def to_citation(sheet: Mapping[str, Any]) -> bytes:
    """Give CITATION.cff, of the Citation File Format 1.2.0; its strings are JSON's, which YAML reads."""
    contact = sheet["contact"]
    place = None if contact is None else "website" if "://" in contact else "email"
    who = {"name": f"Operators of the Broadsheet log {sheet['log']}", **({place: contact} if place else {})}
    entity = "\n".join(
        f"{'  - ' if number == 0 else '    '}{name}: {json.dumps(value, ensure_ascii=False)}"
        for number, (name, value) in enumerate(who.items())
    )
    identifier = f"broadsheet:{sheet['log']}:{sheet['dump']}"
    abstract = (
        f"{sheet['rows']} article rows of {len(sheet['counts']['sites'])} news sites, cleaned by Broadsheet. "
        "The texts belong to their publishers."
    )
    lines = [
        "cff-version: 1.2.0",
        "type: dataset",
        'message: "If you use these articles, please cite this snapshot, so that others can make it again."',
        f"title: {json.dumps(_title(sheet))}",
        "authors:",
        entity,
        f'version: "{sheet["snapshot"]}"',
        f'date-released: "{sheet["snapshot_at"][:10]}"',
        "identifiers:",
        "  - type: other",
        f"    value: {json.dumps(identifier)}",
        '    description: "The log, the entry that the snapshot ends with, and the filters."',
        f"abstract: {json.dumps(abstract)}",
        "keywords:",
        '  - "news"',
        '  - "web crawl"',
    ]
    return ("\n".join(lines) + "\n").encode()


def to_markdown(sheet: Mapping[str, Any]) -> bytes:
    """Give datasheet.md."""
    return ("\n".join(_markdown(sheet)) + "\n").encode()


def _title(sheet: Mapping[str, Any]) -> str:
    delta = (
        f", what came since entry {sheet['since_snapshot']}" if sheet["since_snapshot"] is not None else ""
    )
    return f"News articles, snapshot {sheet['snapshot']}{delta}"


def _markdown(sheet: Mapping[str, Any]) -> Iterator[str]:
    counts, taken = sheet["counts"], sheet["taken_down"]
    yield f"# {_title(sheet)}"
    yield ""
    yield (
        f"{counted(sheet['rows'], 'row')}, one article or revision of an article each, as published up to entry {sheet['snapshot']} "
        f"({sheet['snapshot_at']}) of the log `{sheet['log']}`. Dump `{sheet['dump']}`."
    )
    yield ""
    yield from _section("What is in it", _composition(sheet))
    yield from _section("Filters", _filters(sheet))
    yield from _section(
        "Where it is from",
        [
            "Pages of news sites, found by their feeds, sitemaps and section pages, fetched as any reader can, with "
            "robots.txt obeyed, and cleaned by Broadsheet. `removals` of each row names what was taken from its page, and "
            "by which rule."
            if sheet["has_removals"]
            else "Pages of news sites, fetched with robots.txt obeyed, and cleaned by Broadsheet. What cleaning took from "
            "each page (`removals`) was left out of this dump.",
            f"Broadsheet {sheet['software']['broadsheet']}, rows of schema version {sheet['software']['schema_version']}.",
        ],
    )
    yield from _section("Known gaps", _gaps(sheet))
    yield from _section("Taken down", _taken_down(taken))
    yield from _section(
        "Reservations and contact",
        [
            f"{counted(sheet['opt_out']['rows'], 'row')} with evidence that the publisher reserves uses (`opt_out`); heed it.",
            *(f"{counted(rows, 'row')}: `{source}`" for source, rows in sheet["opt_out"]["sources"].items()),
            f"{counted(sheet['opt_out']['not_stored'], 'visit')} gave no row since the publisher does not want the page stored.",
            f"To have something taken down: {_code(sheet['contact'])}"
            if sheet["contact"]
            else "No contact for takedowns was given by whoever made this dump.",
            "The texts belong to their publishers. This dump grants no licence to them.",
        ],
    )
    for title, name in (
        ("Sites", "sites"),
        ("Languages", "languages"),
        ("Days", "days"),
        ("Cleaned by", "cleaners"),
    ):
        yield f"## {title}"
        yield ""
        yield f"| {name} | rows |"
        yield "|---|---|"
        yield from (f"| {_cell(key)} | {rows} |" for key, rows in counts[name].items())
        yield ""
    yield "## Files"
    yield ""
    yield "| file | rows | bytes | sha256 |"
    yield "|---|---|---|---|"
    yield from (
        f"| {file['name']} | {file['rows']} | {file['bytes']} | `{file['sha256']}` |"
        for file in sheet["files"]
    )


def _composition(sheet: Mapping[str, Any]) -> Iterator[str]:
    yield f"{counted(sheet['rows'], 'row')} in {counted(len(sheet['files']), 'file')} ({sheet['file_format']}), {sheet['plain_bytes']} bytes as JSON Lines."
    yield f"Later revisions of an article among them, as `id` and `revision` tell: {sheet['revisions']}."
    if sheet["filters"]["near_duplicates"]:
        yield f"Nearly the same as an earlier article, which `duplicate_of` names: {sheet['near_duplicates']}."
    else:
        yield f"Left out, since nearly the same as an earlier article: {sheet['near_duplicates_left_out']}."
    yield "The order of the rows is fixed: by the entry that published them, then by their place in it."


def _filters(sheet: Mapping[str, Any]) -> Iterator[str]:
    filters = sheet["filters"]
    if sheet["since_snapshot"] is not None:
        yield f"Only what was published after entry {sheet['since_snapshot']}."
    if filters["from"] or filters["to"]:
        yield f"Fetched from {filters['from'] or 'the beginning'} to {filters['to'] or 'the end'}, days in UTC."
    for name in ("sites", "languages", "sections", "countries"):
        if filters[name]:
            yield f"{name.capitalize()}: {', '.join(map(_code, filters[name]))}."
    if filters["countries"]:
        yield f"The sites of these countries, by the seeds: {', '.join(map(_code, filters['country_sites'])) or 'none'}."
    if not any(filters[name] for name in ("from", "to", "sites", "languages", "sections", "countries")):
        yield "None: all sites, days, languages and sections."


def _gaps(sheet: Mapping[str, Any]) -> Iterator[str]:
    yield "Counted are all visits of these sites and days; what language or section a page without a row has nobody knows."
    for outcome, meaning in NOT_STORED.items():
        for reason, rows in sheet["outcomes"].get(outcome, {}).items():
            yield f"{counted(rows, 'visit')}: {outcome} ({meaning}), `{reason or 'no reason'}`."
    for outcome in ("duplicate", "unchanged"):
        if found := sheet["outcomes"].get(outcome):
            yield f"{counted(sum(found.values()), 'visit')}: {outcome}; the article stands elsewhere, or as it was."
    if sheet["unsealed_days"]:
        days = sheet["unsealed_days"]
        shown = ", ".join(days[:10]) + (f" and {len(days) - 10} more" if len(days) > 10 else "")
        yield f"Days that were not complete at this entry: {shown}."
    else:
        yield "All days were complete at this entry."


def _taken_down(taken: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"Published up to the snapshot and taken down since, of these sites and days: {counted(taken['rows_since_snapshot'], 'row')}. "
        "They are not in this dump, and a dump of the same snapshot that was made before had them."
    )
    for one in taken["entries_since_snapshot"]:
        yield f"{counted(one['rows'], 'row')} by entry {one['entry']}: {_code(one['reason'])}"
    yield f"Taken down before the snapshot: {counted(taken['rows_before_snapshot'], 'row')}."
    if taken["rows_to_delete"] is not None:
        yield (
            f"`taken-down.jsonl` names what came before this delta and has gone since ({counted(taken['rows_to_delete'], 'row')}): "
            "delete the rows with these `visit`s."
        )


def _section(title: str, lines: Sequence[str] | Iterator[str]) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    yield from (f"- {line}" for line in lines)
    yield ""


def _code(text: str) -> str:
    """A stranger's text as code, in which nothing is markup."""
    return f"`{' '.join(text.replace('`', chr(39)).split())}`"


def _cell(text: str) -> str:
    return _code(text).replace("|", "\\|") if text else "(none)"


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items()))
