"""The JSON Schemas (draft 2020-12) of the published rows, made from the very types that the rows are written by."""

from __future__ import annotations

from typing import Any, Literal, get_args, get_type_hints, is_typeddict

import msgspec

from pipelines.outcomes import OutcomeRow
from pipelines.record import SCHEMA_VERSION, Record

RowKind = Literal["article", "outcome"]

_ROWS: dict[RowKind, type] = {"article": Record, "outcome": OutcomeRow}


def make_schema(kind: RowKind) -> dict[str, Any]:
    """Return the schema of one kind of row. Rows with fields that a later version adds are valid under it."""
    made = msgspec.json.schema(_ROWS[kind])
    objects = {row.__name__: _in_order(made["$defs"][row.__name__], row) for row in _objects(_ROWS[kind])}
    row = objects.pop(_ROWS[kind].__name__)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:broadsheet:{kind}:{SCHEMA_VERSION}",
        **row,
        "title": f"Broadsheet {kind}",
        "$comment": "docs/output.md describes every field.",
        "$defs": objects,
    }


def _objects(row: type) -> list[type]:
    """The row's type, and those of the objects in it."""
    found = [row]
    for hint in get_type_hints(row).values():
        for inner in (hint, *get_args(hint)):
            if is_typeddict(inner):
                found += _objects(inner)
    return found


def _in_order(schema: dict[str, Any], row: type) -> dict[str, Any]:
    """The schema with its fields in the order of the lines: msgspec sorts them by name."""
    names = list(get_type_hints(row))
    return {**schema, "properties": {name: schema["properties"][name] for name in names}, "required": names}


def encode_schema(kind: RowKind) -> bytes:
    """Return the schema as its file `schemas/<kind>.json` holds it."""
    return msgspec.json.format(msgspec.json.encode(make_schema(kind)), indent=2) + b"\n"
