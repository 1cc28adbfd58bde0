"""The WARC files that count, each judged by its entry and its index, and all of them by the rows that name their pages."""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipelines.archive.files import index_path
from pipelines.archive.removing import is_forbidden
from pipelines.warc.cdxj import decode_index
from pipelines.warc.digests import is_digest_of
from pipelines.warc.http import NoHttpError, read_message
from pipelines.warc.records import read_records

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipelines.given import ArchivePlace
    from pipelines.log import Archive
    from pipelines.takedowns import Takedowns
    from pipelines.warc.cdxj import IndexLine
    from pipelines.warc.records import Record


@dataclass(slots=True, kw_only=True)
class ArchiveChecks:
    """What was read so far; `judge` judges it by the rows."""

    takedowns: Takedowns
    problems: list[str] = field(default_factory=list)
    pages: int = 0
    _records: dict[str, tuple[str, int, str]] = field(default_factory=dict)
    """File as rows name it, offset and visit of each page, by its record."""
    _revisits: list[tuple[str, str]] = field(default_factory=list)
    """Where a revisit stands, and the record that it refers to."""
    _unmoved: set[str] = field(default_factory=set)
    """Files that were never written anew."""

    def take(self, archive: Archive, body: bytes | None, index: bytes | None) -> None:
        """Judge a file by its entry and its index."""
        self.problems += [f"{archive.path}: {fault}" for fault in self._faults(archive, body, index)]

    def judge(self, places: Mapping[str, tuple[str, ArchivePlace]], visits: set[str]) -> None:
        """Judge the pages by the rows: `places` has where a row stands and its page, by visit; `visits` those of all rows."""
        for record_id, (file, offset, visit) in self._records.items():
            if visit not in visits:
                self.problems.append(f"{file} at {offset}: {record_id} is of visit {visit}, which has no row")
        for where, refers_to in self._revisits:
            if refers_to not in self._records:
                self.problems.append(f"{where}: refers to {refers_to}, which is not kept")
        for where, place in places.values():
            found = self._records.get(place.record_id)
            is_there = found is not None and found[:2] == (place.file, place.offset)
            if place.file in self._unmoved and not is_there:
                self.problems.append(f"{where}: its page is not in {place.file} at {place.offset}")

    def _faults(self, archive: Archive, body: bytes | None, index: bytes | None) -> Iterator[str]:
        if body is None:
            yield "is missing"
            return
        if index is None:
            yield "its index is missing"
            return
        if (len(body), hashlib.sha256(body).hexdigest()) != (archive.bytes, archive.sha256):
            yield "is not the file that was published: size or sha256 differ"
            return
        if (len(index), hashlib.sha256(index).hexdigest()) != (archive.index_bytes, archive.index_sha256):
            yield f"{index_path(archive.path)} is not the index that was published: size or sha256 differ"
            return
        try:
            lines = sorted(decode_index(index), key=lambda line: line.offset)
        except ValueError as error:
            yield f"its index: {error}"
            return
        if len(lines) != archive.pages:
            yield f"its entry says pages {archive.pages}, its index has {len(lines)}"
        if archive.path == archive.known_as:
            self._unmoved.add(archive.path)
        yield from self._faults_of_records(archive, body, lines)

    def _faults_of_records(self, archive: Archive, body: bytes, lines: list[IndexLine]) -> Iterator[str]:
        counts: Counter[str] = Counter()
        answers: dict[int, Record] = {}
        ends = Counter[str]()
        for record in read_records(io.BytesIO(body), counts):
            ends[record.type] += 1
            if record.type in ("response", "revisit"):
                answers[record.offset] = record
                if fault := _fault_of_payload(record):
                    yield f"{record.id}: {fault}"
        for reason, count in (+counts).items():
            yield f"{count} records are {reason}"
        if ends["warcinfo"] != 1 or ends["request"] != len(answers):
            yield "has not one warcinfo, and a request with each answer"
        if {line.offset for line in lines} != set(answers):
            yield "its index does not name each page that it holds, once"
        expected = lines[0].offset if lines else len(body)
        for line in lines:
            if line.offset != expected:
                yield f"its index leaves a gap before {line.offset}"
            expected = line.offset + line.group
            yield from self._faults_of_line(archive, line, answers.get(line.offset))
        if expected != len(body):
            yield f"holds something behind its last page, at {expected}"

    def _faults_of_line(self, archive: Archive, line: IndexLine, record: Record | None) -> Iterator[str]:
        self.pages += 1
        if record is None or record.id != line.record_id or record.url != line.url:
            yield f"its index says of {line.offset} what does not stand there"
            return
        if line.filename != archive.path:
            yield f"its index names {line.filename}"
        if line.record_id in self._records:
            yield f"{line.record_id} stands in {self._records[line.record_id][0]}, too"
        if is_forbidden(line, self.takedowns):
            yield f"{line.record_id} stands there though its address or site is taken down"
        self._records[line.record_id] = (archive.known_as, line.offset, line.visit)
        if line.refers_to is not None:
            self._revisits.append((f"{archive.path} at {line.offset}", line.refers_to))


def _fault_of_payload(record: Record) -> str | None:
    """Say what is wrong with an answer's payload; None: nothing. A revisit has none."""
    try:
        message = read_message(record.block)
    except NoHttpError:
        return "holds no answer of a server"
    if record.type == "response" and not is_digest_of(
        record.headers.get("warc-payload-digest", ""), message.body
    ):
        return "its payload is not the one of its digest"
    return None
