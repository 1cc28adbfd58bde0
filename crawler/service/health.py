"""What the service's parts are doing, as far as each has said so."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from pipelines.record import to_timestamp

State = Literal["ok", "waiting", "down", "off"]
"""`ok` works; `waiting` goes on with what it has, until something comes right; `down` does not work; `off` was not asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One part of the service."""

    status: State
    detail: str | None
    """One line for people; None: there is nothing to say."""
    since: str
    """When it came into this status, ISO 8601."""


@dataclass(slots=True)
class Health:
    """All parts, by name: `store`, `redis`, `crawl`, `browser`, `seeds`, `index`, `compaction`."""

    components: dict[str, Component] = field(default_factory=dict)

    def note(self, name: str, status: State, detail: str | None = None) -> bool:
        """Note how a part is; True: its status has changed."""
        before = self.components.get(name)
        is_new = before is None or before.status != status
        since = to_timestamp(datetime.now(UTC)) if before is None or is_new else before.since
        self.components[name] = Component(status=status, detail=detail, since=since)
        return is_new

    @property
    def is_well(self) -> bool:
        """Whether no part is down or waits for something."""
        return all(component.status in {"ok", "off"} for component in self.components.values())

    def down(self) -> dict[str, Component]:
        """Find the parts that are down."""
        return {name: one for name, one in sorted(self.components.items()) if one.status == "down"}
