"""What comes in as JSON, and what is wrong with it, by the key."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_type_hints

import msgspec

from crawler.service.problems import ProblemError

if TYPE_CHECKING:
    from collections.abc import Sequence

_T = TypeVar("_T", bound=msgspec.Struct)

_AT = re.compile(r" - at `\$\.?([^`\[.]*)[^`]*`$")
_FIELD = re.compile(r"Object (contains unknown|missing required) field `(.*)`", re.DOTALL)
_KEY_CHARS = 100


def read_object(body: bytes) -> dict[str, Any]:
    """Read a body that is one object. Raises ProblemError for anything else, and for a key that is given twice."""
    try:
        found = json.loads(body, object_pairs_hook=_to_dict)
    except RecursionError:
        raise ProblemError(400, "the body is nested too deeply") from None
    except ValueError as error:
        raise ProblemError(400, f"the body is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise ProblemError(400, "the body must be a JSON object")
    return found


def convert(found: dict[str, Any], kind: type[_T]) -> _T:
    """Make a body's value of what was read. Raises ProblemError with the key that is wrong."""
    try:
        return msgspec.convert(found, kind)
    except msgspec.ValidationError as error:
        text = str(error)
    at = _AT.search(text)
    field = _FIELD.match(text)
    if field is not None and field[1] == "missing required":
        raise ProblemError(400, "is missing", parameter=field[2])
    if field is not None:
        known: Sequence[str] = [one.encode_name for one in msgspec.structs.fields(kind)]
        raise ProblemError(
            400, f"unknown key; known here: {', '.join(known)}", parameter=field[2][:_KEY_CHARS]
        )
    key = at[1] or None if at else None
    if text.startswith("Invalid enum value"):
        choices = get_args(get_type_hints(kind)[key or ""])
        raise ProblemError(400, f"must be one of {', '.join(choices)}", parameter=key)
    raise ProblemError(400, text[: at.start()] if at else text, parameter=key)


def _to_dict(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        # Bodies of a million keys are no reason to count each of them in all.
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ProblemError(400, "is given more than once", parameter=twice[:_KEY_CHARS])
    return found
