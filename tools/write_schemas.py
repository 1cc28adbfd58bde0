"""Rewrite pipelines/schemas/ from the types of the published rows.

    python tools/write_schemas.py

A test fails where a file is not what the types give.
"""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from pipelines.schema import RowKind, encode_schema

FOLDER = Path(__file__).parent.parent / "pipelines" / "schemas"


def main() -> None:
    for kind in get_args(RowKind):
        (FOLDER / f"{kind}.json").write_bytes(encode_schema(kind))
        print(f"pipelines/schemas/{kind}.json")


if __name__ == "__main__":
    main()
