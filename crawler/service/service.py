"""The service as its routes see it: the data, the parts that run, and how they are."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crawler.service.health import Health

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.service.settings import ServiceSettings
    from crawler.settings import Environment
    from pipelines.objects import Objects


@dataclass(slots=True, kw_only=True)
class Service:
    """What all routes share. Made by `crawler.service.serving`; routes read it, and change nothing of it."""

    settings: ServiceSettings
    environment: Environment
    state: Path
    """The state folder: the index and the embedded Redis lie in it."""
    objects: Objects
    """The published files, to be read only."""
    health: Health = field(default_factory=Health)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the service is to end: whoever waits for something must not any more."""

    @property
    def data(self) -> str:
        """The folder or URL of what is published."""
        return self.settings.data
