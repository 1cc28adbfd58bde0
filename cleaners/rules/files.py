"""Reading rule files: each says where its rules come from, and no key is unknown."""

from __future__ import annotations

from datetime import date  # noqa: TC003 - msgspec reads the annotation
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

FOLDER = Path(__file__).parent


class RuleFile(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The head that every rule file has."""

    source: str
    licence: str
    retrieved: date
    maintained: Literal["by hand"] | None = None
    generated_by: str | None = None


F = TypeVar("F", bound=RuleFile)


def read_rules(name: str, file_type: type[F]) -> F:
    """A rule file by its path below this folder. Raises ValueError that names it where it is malformed."""
    try:
        return msgspec.toml.decode((FOLDER / name).read_bytes(), type=file_type)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"cleaners/rules/{name}: {error}") from error
