"""`broadsheet serve`: crawls on schedule, and serves the API and pages, until it is stopped."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from crawler.errors import Fault, UserError
from crawler.exits import exit_codes
from crawler.seeds import SeedError
from crawler.service.serving import serve as serve_until_stopped
from crawler.service.settings import check_host
from crawler.settings import SettingError, find_config, read_environment, read_service_settings
from pipelines.store import StoreError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any


def serve(config: Path | None, contact: str | None, **options: Any) -> None:
    """Run the command with the fields of ServiceSettings, None where an option was not given.

    Ends the process where something is wrong.
    """
    with exit_codes(mistakes=(UserError, SeedError, SettingError), faults=(StoreError, Fault)):
        path = find_config(config)
        environment, settings = read_environment(config=path), read_service_settings(config=path)
        given = {name: value for name, value in options.items() if value is not None}
        if "host" in given:
            check_host(given["host"], "--host")
        settings = replace(settings, **given)
        if contact:
            environment = replace(environment, contact=contact)
        asyncio.run(serve_until_stopped(settings, environment, on_start=_tell))


def _tell(address: str) -> None:
    print(f"broadsheet: serving on {address}", flush=True)
