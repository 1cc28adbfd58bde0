"""Two dumps side by side: which articles both have, how their texts differ, and what rules would still take from each."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import xxhash

from cleaners.models import Listed, content_hash
from cleaners.words import words
from pipelines.foreign import LineFormat, tell_format
from pipelines.given import InputError
from pipelines.inputs import decompress, naming
from pipelines.live import read_live
from pipelines.objects import open_objects
from pipelines.rewrite import read_part
from pipelines.seen import url_digest
from pipelines.worker import DirtyText

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from pipelines.pool import CleanPool
    from pipelines.worker import Result

_RUN_WORDS = 3
_WAITING_PER_WORKER = 8
LIKENESS_STEPS = (0.5, 0.8, 0.95)
"""Texts are counted that are less alike than each of these."""


class Entry(NamedTuple):
    """One article of a dump."""

    keys: tuple[bytes, ...]
    """What it is known by: its id, its addresses."""
    url: str
    title: str | None
    text: str


@dataclass(slots=True, kw_only=True)
class Side:
    """What one dump holds."""

    name: str
    articles: int = 0
    """With a text; of an article that stands there several times, each."""
    without_text: int = 0
    """Lines that have none, or are none."""
    artifacts: Counter[str] = field(default_factory=Counter)
    """By rule: what the text rules would take from the texts."""
    artifact_chars: Counter[str] = field(default_factory=Counter)
    articles_with_artifacts: int = 0


@dataclass(slots=True, kw_only=True)
class Comparison:
    """What two dumps say of each other."""

    first: Side
    second: Side
    common: int = 0
    """Articles of the second that the first has, too, by id or address."""
    same_text: int = 0
    """Of these, after folding of white space."""
    f1_sum: float = 0.0
    less_alike: dict[str, int] = field(default_factory=lambda: dict.fromkeys(map(str, LIKENESS_STEPS), 0))
    chars_first: int = 0
    """Of the common articles' texts."""
    chars_second: int = 0

    @property
    def f1(self) -> float | None:
        """How alike the common articles are: the mean of F1 of their runs of three words. None: there are none."""
        return self.f1_sum / self.common if self.common else None

    @property
    def changed_share(self) -> float | None:
        """The share of the common articles whose texts are not the same. None: there are none."""
        return 1 - self.same_text / self.common if self.common else None


def compare(first: str, second: str, pool: CleanPool, known: LineFormat | None = None) -> Comparison:
    """Compare two files or data folders. Raises InputError, StoreError, PoolError.

    Memory holds some 200 bytes an article of the first; its texts go through a temporary file.
    """
    found = Comparison(first=Side(name=first), second=Side(name=second))
    with tempfile.TemporaryFile() as spool:
        places: dict[bytes, tuple[int, int]] = {}
        for entry in _judged(_read(first, found.first, known), found.first, pool):
            text = entry.text.encode("utf-8", "ignore")
            place = (spool.seek(0, 2), len(text))
            spool.write(text)
            for key in entry.keys:
                places.setdefault(key, place)
        for entry in _judged(_read(second, found.second, known), found.second, pool):
            known_at = next((places[key] for key in entry.keys if key in places), None)
            if known_at is not None:
                spool.seek(known_at[0])
                _compare_texts(found, spool.read(known_at[1]).decode(), entry.text)
    for side in (found.first, found.second):
        if side.without_text and not side.articles:
            raise InputError(f"{side.name}: none of its {side.without_text} lines has a text: is it a dump?")
    return found


def to_plain(found: Comparison) -> dict[str, Any]:
    """Give the comparison as it is printed as JSON."""
    plain: dict[str, Any] = msgspec.to_builtins(found)
    plain.pop("f1_sum")
    return plain | {"f1": _rounded(found.f1), "changed_share": _rounded(found.changed_share)}


def find_f1(one: str, other: str) -> float:
    """Give F1 of two texts' runs of three words; of shorter ones, of their words."""
    ours, theirs = _runs(one), _runs(other)
    if not ours or not theirs:
        return float(ours == theirs)
    both = len(ours & theirs)
    return 2 * both / (len(ours) + len(theirs))


def _compare_texts(found: Comparison, one: str, other: str) -> None:
    found.common += 1
    found.chars_first += len(one)
    found.chars_second += len(other)
    is_same = content_hash(one) == content_hash(other)
    found.same_text += is_same
    likeness = 1.0 if is_same else find_f1(one, other)
    found.f1_sum += likeness
    for step in LIKENESS_STEPS:
        found.less_alike[str(step)] += likeness < step


def _runs(text: str) -> set[int]:
    found = words(text)
    run = _RUN_WORDS if len(found) >= _RUN_WORDS else 1
    return {
        xxhash.xxh3_64_intdigest(" ".join(found[place : place + run]).encode())
        for place in range(len(found) - run + 1)
    }


def _judged(entries: Iterator[Entry], side: Side, pool: CleanPool) -> Iterator[Entry]:
    """Have the text rules run over each text; memory holds a few texts a worker."""
    waiting: deque[tuple[Entry, Future[Result]]] = deque()

    def end() -> Entry:
        entry, future = waiting.popleft()
        taken = [removal for removal in future.result().removals if not removal.refused]
        side.artifacts.update(removal.rule for removal in taken)
        for removal in taken:
            side.artifact_chars[removal.rule] += removal.chars
        side.articles_with_artifacts += bool(taken)
        return entry

    for entry in entries:
        given = Listed(url=entry.url, title=entry.title)
        page = DirtyText(text=entry.text, url=entry.url, given=given)
        waiting.append((entry, pool.submit(page)))
        if len(waiting) >= _WAITING_PER_WORKER * pool.size:
            yield end()
    while waiting:
        yield end()


def _read(name: str, side: Side, known: LineFormat | None) -> Iterator[Entry]:
    rows = _read_folder(name) if "://" in name or Path(name).is_dir() else _read_lines(name)
    for row in rows:
        entry = _to_entry(row, known) if isinstance(row, dict) else None
        if entry is None:
            side.without_text += 1
        else:
            side.articles += 1
            yield entry


def _to_entry(row: dict[str, Any], known: LineFormat | None) -> Entry | None:
    lines = known or tell_format(row)
    url, title, text = (lines.find(row, name) for name in ("url", "title", "text"))
    if not isinstance(text, str) or not text.strip():
        return None
    urls = (url, row.get("canonical_url"), row.get("final_url"))
    name = lines.find(row, "id")
    keys = [url_digest(one) for one in urls if isinstance(one, str) and one]
    return Entry(
        keys=tuple(dict.fromkeys([*keys, *([b"id " + str(name).encode("utf-8", "ignore")] if name else [])])),
        url=url if isinstance(url, str) else "",
        title=title if isinstance(title, str) else None,
        text=text,
    )


def _read_lines(name: str) -> Iterator[Any]:
    """The lines of a file; None for one that is no JSON."""
    path = Path(name)
    if not path.exists():
        raise InputError(f"{name}: no such file")
    with naming(name), path.open("rb") as raw:
        for line in decompress(raw):
            if line.strip():
                try:
                    yield msgspec.json.decode(line)
                except (msgspec.DecodeError, UnicodeDecodeError):
                    yield None


def _read_folder(data: str) -> Iterator[Any]:
    """The last revision of each article of a data folder."""

    async def read_parts() -> list[str]:
        live = await read_live(objects)
        return [part.path for part, _ in live.live_parts() if part.path.startswith("articles/")]

    objects = open_objects(data, Path(), worker_id="compare")
    paths = asyncio.run(read_parts())
    latest: dict[str, int] = {}
    for path in paths:
        for row in asyncio.run(read_part(objects, path)) or ():
            latest[row["id"]] = max(latest.get(row["id"], 0), row["revision"])
    for path in paths:
        for row in asyncio.run(read_part(objects, path)) or ():
            if latest[row["id"]] == row["revision"]:
                yield row


def _rounded(share: float | None) -> float | None:
    return round(share, 4) if share is not None else None
