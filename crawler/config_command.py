"""`broadsheet config check`: all settings as they count, or each mistake in the file."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import msgspec

from crawler.config import check_file
from crawler.exits import MISTAKE, exit_codes, fail, printable, warn
from crawler.settings import SettingError, find_config, read_environment, read_service_settings, read_unknown
from pipelines.redis_url import mask

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from crawler.service.settings import ServiceSettings
    from crawler.settings import Environment
    from pipelines.policy import Policy

_SHOWN = "***"
_LOG_IN = re.compile(r"(?<=://)[^/@]*@")


def check(file: Path | None) -> None:
    """Print the settings; ends the process with exit code 2 and a line for each mistake where there is one."""
    with exit_codes(mistakes=(SettingError,)):
        for line in read_unknown():
            warn(line)
        path = find_config(file)
        if path is not None:
            _, mistakes = check_file(path)
            for mistake in mistakes[:-1]:
                warn(mistake)
            if mistakes:
                fail(mistakes[-1], MISTAKE)
        environment, service = read_environment(config=path), read_service_settings(config=path)
        print(f"# {path or 'no file'}, and what the environment says otherwise")
        for line in describe(environment, service):
            print(printable(line))


def describe(environment: Environment, service: ServiceSettings) -> Iterator[str]:
    """The settings as a file that says the same, with *** for what is secret."""
    policy = environment.policy
    values = {one.name: getattr(environment, one.name) for one in fields(environment) if one.name != "policy"}
    values["redis_url"] = values["redis_url"] and mask(values["redis_url"])
    values["proxy"] = _hide_log_in(values["proxy"])
    yield from _to_lines(values | _describe_policy(policy))
    yield "[serve]"
    values = {one.name: getattr(service, one.name) for one in fields(service) if one.name != "alerts"}
    values["token"] = values["token"] and _SHOWN
    yield from _to_lines(values)
    yield "[alerts]"
    alerts = service.alerts
    values = {one.name: getattr(alerts, one.name) for one in fields(alerts)}
    # Who knows the address of a webhook can post to it.
    values["webhook"] = alerts.webhook and "/".join([*alerts.webhook.split("/")[:3], _SHOWN])
    yield from _to_lines(
        values | {"webhook": _hide_log_in(values["webhook"]), "smtp": _hide_log_in(alerts.smtp)}
    )


def _describe_policy(policy: Policy) -> dict[str, Any]:
    near = policy.near
    return {
        "revisit_hours": [seconds / 3600 for seconds in policy.revisit_seconds],
        "near_duplicates": "off" if not near.days else "publish" if near.publish else "drop",
        "near_duplicate_similarity": near.similarity,
        "near_duplicate_days": near.days or None,
        "seen_bytes": policy.memory_bytes,
        "archive_days": policy.archive_days,
    }


def _hide_log_in(url: str | None) -> str | None:
    return url and _LOG_IN.sub(f"{_SHOWN}@", url)


def _to_lines(values: Mapping[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        if value is None:
            yield f"# {name} is not set"
        else:
            # Text, numbers, lists and yes and no are written alike in JSON and TOML.
            yield f"{name} = {msgspec.json.encode(value, enc_hook=str).decode()}"
