"""The file of settings: one TOML file, `--config FILE` or BROADSHEET_CONFIG.

Each of its keys stands for a variable of the environment, so that there is one way to read a value and one line that
says what is wrong with it. A variable that is set is stronger than the file, an option stronger than both.
"""

from __future__ import annotations

import difflib
import os
import shlex
import tomllib
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, get_type_hints

import msgspec

from crawler.settings import SettingError, parse_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


def _key(variable: str, *, joined: str = " ", is_path: bool = False) -> Any:
    """A key that is absent unless the file has it; `joined`: what stands between the items of a list in its variable."""
    return field(default=None, metadata={"variable": variable, "joined": joined, "is_path": is_path})


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeTable:
    """The table `[serve]`: see `crawler.service.settings.ServiceSettings`. Paths are meant from the file's folder."""

    data: str | None = _key("BROADSHEET_DATA", is_path=True)
    state: str | None = _key("BROADSHEET_STATE", is_path=True)
    seeds: tuple[str, ...] | None = _key("BROADSHEET_SEEDS", joined=os.pathsep, is_path=True)
    host: str | None = _key("BROADSHEET_HOST")
    port: int | None = _key("BROADSHEET_PORT")
    crawl: bool | None = _key("BROADSHEET_CRAWL")
    token: str | None = _key("BROADSHEET_TOKEN")
    token_file: str | None = _key("BROADSHEET_TOKEN_FILE", is_path=True)
    allowed_hosts: tuple[str, ...] | None = _key("BROADSHEET_ALLOWED_HOSTS")
    allow_addresses: tuple[str, ...] | None = _key("BROADSHEET_ALLOW_ADDRESSES")
    compact_hours: float | None = _key("BROADSHEET_COMPACT_HOURS")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsTable:
    """The table `[alerts]`: see `crawler.service.settings.AlertSettings`."""

    webhook: str | None = _key("BROADSHEET_ALERT_WEBHOOK")
    mail: tuple[str, ...] | None = _key("BROADSHEET_ALERT_MAIL")
    mail_from: str | None = _key("BROADSHEET_ALERT_MAIL_FROM")
    smtp: str | None = _key("BROADSHEET_ALERT_SMTP")
    command: tuple[str, ...] | None = _key("BROADSHEET_ALERT_COMMAND", joined="shell")


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """The whole file. What stands outside of its tables counts for every command: see `crawler.settings.Environment`."""

    redis_url: str | None = _key("REDIS_URL")
    contact: str | None = _key("BROADSHEET_CONTACT")
    batch_age_seconds: float | None = _key("BROADSHEET_BATCH_AGE_SECONDS")
    lease_seconds: float | None = _key("BROADSHEET_LEASE_SECONDS")
    clean_workers: int | None = _key("BROADSHEET_CLEAN_WORKERS")
    proxy: str | None = _key("BROADSHEET_PROXY")
    chromium: str | None = _key("BROADSHEET_CHROMIUM")
    opt_out: str | None = _key("BROADSHEET_OPT_OUT")
    revisit_hours: tuple[float, ...] | None = _key("BROADSHEET_REVISIT_HOURS")
    near_duplicates: str | None = _key("BROADSHEET_NEAR_DUPLICATES")
    near_duplicate_similarity: float | None = _key("BROADSHEET_NEAR_DUPLICATE_SIMILARITY")
    near_duplicate_days: int | None = _key("BROADSHEET_NEAR_DUPLICATE_DAYS")
    seen_bytes: int | None = _key("BROADSHEET_SEEN_BYTES")
    archive: bool | None = _key("BROADSHEET_ARCHIVE")
    archive_days: int | None = _key("BROADSHEET_ARCHIVE_DAYS")
    serve: ServeTable = field(default_factory=ServeTable)
    alerts: AlertsTable = field(default_factory=AlertsTable)


_TABLES: dict[str, type[Any]] = {"serve": ServeTable, "alerts": AlertsTable}


def read_variables(path: Path) -> dict[str, str]:
    """The file as variables of the environment. Raises SettingError with its first mistake: path, key, what is wrong."""
    variables, mistakes = check_file(path)
    if mistakes:
        raise SettingError(mistakes[0])
    return variables


def check_file(path: Path) -> tuple[dict[str, str], tuple[str, ...]]:
    """The file as variables, and one line for each mistake."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        return {}, (f"{path}: cannot be read: {error.strerror}",)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return {}, (f"{path}: not valid TOML: {error}",)
    mistakes: list[str] = []
    variables: dict[str, str] = {}
    for name, value, kind in _walk(raw, mistakes):
        try:
            wanted = msgspec.convert(value, kind.type)
        except msgspec.ValidationError as error:
            mistakes.append(f"{name}: {_shorten(error)}")
            continue
        text = _to_text(wanted, kind.metadata, path.parent)
        variable = kind.metadata["variable"]
        if problem := _find_problem(variable, text):
            # The parser knows the variable only.
            mistakes.append(problem.replace(variable, name))
        else:
            variables[variable] = text
    return variables, tuple(f"{path}: {mistake}" for mistake in mistakes)


def find_unknown(environ: Mapping[str, str]) -> list[str]:
    """One line for each variable that is called like ours and is read by nothing."""
    tables: list[type[Any]] = [File, *_TABLES.values()]
    known = {kind.metadata["variable"] for table in tables for kind in _kinds(table).values()}
    known.add("BROADSHEET_CONFIG")
    lines = []
    for name in sorted(environ):
        if name.startswith("BROADSHEET_") and name not in known:
            near = difflib.get_close_matches(name, sorted(known), n=1)
            hint = f"did you mean {near[0]}?" if near else "docs/operations.md lists those that are"
            lines.append(f"{name}: is set, and read by nothing; {hint}")
    return lines


@dataclass(frozen=True, slots=True)
class _Kind:
    type: Any
    metadata: Mapping[str, Any]


def _walk(raw: dict[str, Any], mistakes: list[str]) -> Iterator[tuple[str, Any, _Kind]]:
    """Each key that is known, as it stands in the file, and its value."""
    tables: list[tuple[str, Any, type[Any]]] = [("", raw, File)]
    tables += [(f"{name}.", raw[name], table) for name, table in _TABLES.items() if name in raw]
    for prefix, values, table in tables:
        if not isinstance(values, dict):
            mistakes.append(f"{prefix[:-1]}: must be a table: [{prefix[:-1]}]")
            continue
        kinds = _kinds(table)
        for key, value in values.items():
            if key in kinds:
                yield f"{prefix}{key}", value, kinds[key]
            elif prefix or key not in _TABLES:
                near = difflib.get_close_matches(key, [*kinds, *([] if prefix else _TABLES)], n=1)
                hint = f"did you mean {near[0]}?" if near else f"the keys here are {', '.join(kinds)}"
                mistakes.append(f"{prefix}{key}: unknown key; {hint}")


def _kinds(table: type[Any]) -> dict[str, _Kind]:
    hints = get_type_hints(table)
    return {one.name: _Kind(hints[one.name], one.metadata) for one in fields(table) if one.metadata}


def _shorten(error: msgspec.ValidationError) -> str:
    return str(error).replace(" | null", "").replace(" - at `$", " - at `")


def _to_text(value: Any, metadata: Mapping[str, Any], folder: Path) -> str:
    """A value as its variable holds it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if metadata["is_path"]:
        value = (
            tuple(_place(folder, one) for one in value) if isinstance(value, tuple) else _place(folder, value)
        )
    if isinstance(value, tuple):
        texts = [str(one) for one in value]
        if metadata["joined"] == "shell":
            return shlex.join(texts)
        return str(metadata["joined"]).join(texts) or "none"
    return str(value)


def _place(folder: Path, path: str) -> str:
    return path if "://" in path else str(folder / path)


def _find_problem(variable: str, text: str) -> str | None:
    """What is wrong with a variable, as if nothing else were set."""
    from crawler.service.settings import parse_service_settings  # noqa: PLC0415 - only where there is a file

    try:
        parse_environment({variable: text})
        parse_service_settings({variable: text})
    except SettingError as error:
        return str(error)
    return None
