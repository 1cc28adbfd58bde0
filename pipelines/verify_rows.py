"""The rows of the parts that count, each judged by its part and by all other rows."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from cleaners.models import article_id
from pipelines.given import ArchivePlace
from pipelines.parts import read_rows
from pipelines.record import SCHEMA_VERSION
from pipelines.seen import begins_life, to_mark
from pipelines.takedowns import to_subject

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipelines.live import LivePart
    from pipelines.log import Part
    from pipelines.takedowns import Takedowns


class _Article(NamedTuple):
    """What of an article row is judged by the others, in the order in which they were published."""

    entry: int
    path: str
    line: int
    id: bytes
    text: bytes
    revision: int


class _Copy(NamedTuple):
    """A row that says which article it is a copy of."""

    entry: int
    path: str
    line: int
    of: bytes


@dataclass(slots=True, kw_only=True)
class RowChecks:
    """What was read so far; `judge` judges it as a whole."""

    takedowns: Takedowns
    problems: list[str] = field(default_factory=list)
    count: int = 0
    published: dict[bytes, int] = field(default_factory=dict)
    """The first entry by article id; known after `judge`."""
    visits: set[str] = field(default_factory=set)
    """Those of rows that are not gone."""
    places: dict[str, tuple[str, ArchivePlace]] = field(default_factory=dict)
    """By visit, where a row stands, and its page in the archive."""
    _visits: set[str] = field(default_factory=set)
    _articles: list[_Article] = field(default_factory=list)
    _copies: list[_Copy] = field(default_factory=list)
    _gone: set[bytes] = field(default_factory=set)
    """Ids that takedowns have left."""

    def take_part(self, part: Part, place: LivePart, body: bytes | None) -> None:
        """Judge a part by its entry, and each row by itself."""
        if body is None:
            self.problems.append(f"{part.path}: is missing")
            return
        if (len(body), hashlib.sha256(body).hexdigest()) != (part.bytes, part.sha256):
            self.problems.append(f"{part.path}: is not the file that was published: size or sha256 differ")
            return
        if part.schema_version > SCHEMA_VERSION:
            self.problems.append(
                f"{part.path}: has schema {part.schema_version}, newer than this Broadsheet's"
            )
            return
        try:
            rows = list(read_rows(body))
        except ValueError as error:
            self.problems.append(f"{part.path}: {error}")
            return
        self._compare(part, rows)
        for number, row in enumerate(rows, 1):
            self._take_row(part, place, number, row)

    def judge(self) -> None:
        """Judge the rows by each other."""
        revisions: dict[bytes, int] = {}
        texts: dict[bytes, bytes] = {}
        is_forgetful = False
        # One entry may have several revisions of an article, of several days: they count at the same moment.
        for row in sorted(self._articles, key=lambda row: (row.entry, row.revision, row.path, row.line)):
            where = f"{row.path} line {row.line}"
            before = revisions.get(row.id, 0)
            # Of a text that is taken down a revision is gone, and the others stay.
            begins_anew = row.revision > before and begins_life(row.revision)
            is_next = row.revision > before if row.id in self._gone else row.revision == before + 1
            if not is_next and not begins_anew:
                self.problems.append(
                    f"{where}: revision {row.revision} of {row.id.hex()} follows revision {before}"
                )
            revisions[row.id] = max(row.revision, before)
            self.published.setdefault(row.id, row.entry)
            # A memory within a budget has forgotten ids by then, and texts with them.
            is_forgetful |= begins_anew and row.revision > before + 1
            if texts.setdefault(row.text, row.id) != row.id and not is_forgetful:
                self.problems.append(f"{where}: its text was published under id {texts[row.text].hex()}")
        for copy in self._copies:
            if copy.of not in self._gone and self.published.get(copy.of, copy.entry + 1) > copy.entry:
                self.problems.append(
                    f"{copy.path} line {copy.line}: is a duplicate of {copy.of.hex()}, which was never published"
                )

    def _compare(self, part: Part, rows: list[dict[str, Any]]) -> None:
        times = [str(row.get("fetched_at")) for row in rows]
        said = (part.rows, part.min_fetched_at, part.max_fetched_at, part.sites, part.languages)
        held = (len(rows), min(times), max(times), _known(rows, "site"), _known(rows, "language"))
        for name, was_said, is_held in zip(
            ("rows", "first", "last", "sites", "languages"), said, held, strict=True
        ):
            if was_said != is_held:
                self.problems.append(f"{part.path}: its entry says {name} {was_said}, it has {is_held}")

    def _take_row(self, part: Part, place: LivePart, number: int, row: dict[str, Any]) -> None:
        self.count += 1
        where = f"{part.path} line {number}"
        try:
            mark = to_mark(row)
            of = bytes.fromhex(row.get("of") or "")
            entry = int(row.get("log_entry") or place.entry)
        except (KeyError, ValueError, TypeError) as error:
            self.problems.append(f"{where}: is no row of ours: {error!r}")
            return
        if (row.get("log_entry") is not None) != place.is_moved or entry > place.entry:
            self.problems.append(
                f"{where}: says log entry {row.get('log_entry')}, its part has {place.entry}"
            )
        top = "articles" if mark.outcome == "article" else "outcomes"
        if not part.path.startswith(f"{top}/date={row['fetched_at'][:10]}/"):
            self.problems.append(f"{where}: {mark.outcome} of {row['fetched_at']} does not belong here")
        if mark.token in self._visits:
            self.problems.append(f"{where}: visit {mark.token} has a row already")
        self._visits.add(mark.token)
        subject = to_subject(row)
        self._note_page(row, mark.token, where, is_gone=subject is None)
        if hit := self.takedowns.find(subject):
            self.problems.append(f"{where}: stands here though entry {hit.entry} takes it down")
        if subject is None:
            self._gone |= {of} if of else set()
        elif mark.outcome == "article":
            if article_id(str(row.get("canonical_url"))) != row["id"]:
                self.problems.append(f"{where}: id {row['id']} is not that of {row.get('canonical_url')}")
            self._articles.append(_Article(entry, part.path, number, mark.id, mark.text, mark.revision))
        elif of:
            self._copies.append(_Copy(entry, part.path, number, of))

    def _note_page(self, row: dict[str, Any], visit: str, where: str, *, is_gone: bool) -> None:
        if not is_gone:
            self.visits.add(visit)
        if row.get("archive"):
            try:
                self.places[visit] = (where, msgspec.convert(row["archive"], ArchivePlace))
            except msgspec.ValidationError as error:
                self.problems.append(f"{where}: archive: {error}")


def _known(rows: Iterable[dict[str, Any]], name: str) -> list[str]:
    return sorted({str(row[name]) for row in rows if row.get(name)})
