"""Writes what is published as Parquet, by DuckDB (extra `parquet`)."""

from __future__ import annotations

import asyncio
import types
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

from pipelines.live import read_live
from pipelines.log import Log, refuse_gap
from pipelines.objects import open_objects
from pipelines.outcomes import OutcomeRow
from pipelines.record import Record, encode_line
from pipelines.rewrite import read_counted, stamp

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipelines.live import Live, LivePart
    from pipelines.log import Part
    from pipelines.objects import Objects

_TYPES = {str: "VARCHAR", int: "BIGINT", bool: "BOOLEAN", float: "DOUBLE"}
_TABLES: dict[str, type] = {"articles": Record, "outcomes": OutcomeRow}


class ExportError(Exception):
    """Nothing can be exported, in one line for people."""


def export_parquet(data: str, out: Path, *, as_of: int | None = None) -> dict[str, int]:
    """Write the published rows; gives how many there are of each kind.

    `out` ends in `.parquet`: one file of all articles. Otherwise a folder `articles/date=…/` and `outcomes/date=…/`, one
    file a day. Either appears when it is complete. `as_of`: only what was published up to that entry of the log; what
    was taken down since is gone all the same. Raises ExportError, and StoreError where the data cannot be read.
    """
    duckdb = import_duckdb()
    if out.exists():
        raise ExportError(f"{out}: exists already; name another place")
    objects = open_objects(data, Path(), worker_id="export")
    asyncio.run(refuse_gap(objects))
    live = asyncio.run(read_live(objects))
    if as_of is not None and as_of > live.sequence:
        raise ExportError(f"--as-of {as_of}: the log of {objects.name} ends at entry {live.sequence}")
    is_single = out.suffix == ".parquet"
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as folder:
        counts = {}
        Path(folder, "out").mkdir()
        for table in ("articles",) if is_single else tuple(_TABLES):
            counts[table] = _export_table(duckdb, objects, live, table, Path(folder), as_of, is_single)
        Path(folder, "articles.parquet" if is_single else "out").rename(out)
    return counts


def import_duckdb() -> Any:
    """Give DuckDB's module. Raises ExportError where it is not installed."""
    try:
        import duckdb  # noqa: PLC0415 - an extra, and nothing else needs it
    except ImportError as error:
        raise ExportError("--parquet needs DuckDB: pip install '.[parquet]' in the checkout") from error
    return duckdb


def _export_table(  # noqa: PLR0913, PLR0917 - what a table is made of
    duckdb: Any,
    objects: Objects,
    live: Live,
    table: str,
    folder: Path,
    as_of: int | None,
    is_single: bool,
) -> int:
    days: dict[str, list[tuple[Part, LivePart]]] = {}
    for part, place in live.live_parts():
        top, day, _ = part.path.split("/")
        if top == table:
            days.setdefault("" if is_single else day, []).append((part, place))
    count = 0
    if is_single:
        # One file even where there is no article.
        days.setdefault("", [])
    for day, parts in sorted(days.items()):
        lines = folder / "rows.jsonl"
        rows = asyncio.run(_write_lines(objects, live, parts, lines, as_of))
        count += rows
        if rows or is_single:
            target = folder / ("articles.parquet" if is_single else f"out/{table}/{day}/rows.parquet")
            target.parent.mkdir(parents=True, exist_ok=True)
            write_parquet(duckdb, lines, target, to_columns(_TABLES[table]))
    return count


async def _write_lines(
    objects: Objects,
    live: Live,
    parts: Iterable[tuple[Part, LivePart]],
    lines: Path,
    as_of: int | None,
) -> int:
    log = Log(objects=objects, position=live.sequence, epoch=live.epoch)
    count = 0
    with lines.open("wb") as file:
        for part, place in parts:
            rows = await read_counted(log, part.path)
            if rows is None:
                raise ExportError(f"{objects.name}: was rewritten while it was read; export again")
            stamp(rows, place)
            for row in rows:
                if as_of is None or row["log_entry"] <= as_of:
                    file.write(encode_line(row))
                    count += 1
    return count


def write_parquet(
    duckdb: Any, lines: Path, target: Path, columns: dict[str, str], *, is_reproducible: bool = False
) -> None:
    """Write a file of rows as Parquet, with a type by column; other fields are left out.

    `is_reproducible`: on one core and in small groups, so that the same rows give the same bytes in little memory.
    """
    with duckdb.connect() as connection:
        connection.execute("SET preserve_insertion_order = true")
        if is_reproducible:
            connection.execute("SET threads = 1")
        rows = connection.read_json(
            str(lines),
            columns=columns,
            format="newline_delimited",
            compression="uncompressed",
            maximum_object_size=1 << 28,
        )
        rows.write_parquet(
            str(target), compression="zstd", row_group_size=10_000 if is_reproducible else None
        )


def to_columns(row: type) -> dict[str, str]:
    """Give the column type of each field of a row."""
    return {name: to_column_type(kind) for name, kind in get_type_hints(row).items()}


def to_column_type(kind: Any) -> str:
    """Give the column type of a field of a row.

    >>> to_column_type(list[str])
    'VARCHAR[]'
    """
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        (kept,) = [one for one in get_args(kind) if one is not type(None)]
        return to_column_type(kept)
    if origin is Literal:
        return "VARCHAR"
    if origin is list:
        return f"{to_column_type(get_args(kind)[0])}[]"
    if is_typeddict(kind):
        fields = (f'"{name}" {to_column_type(one)}' for name, one in get_type_hints(kind).items())
        return f"STRUCT({', '.join(fields)})"
    return _TYPES[kind]
