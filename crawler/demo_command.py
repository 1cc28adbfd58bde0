"""`broadsheet demo`: the bundled sites, crawled through the whole service."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from crawler.demo.run import DEFAULT_DATA, run_demo, serve_demo
from crawler.demo.server import DEFAULT_BASE_PORT
from crawler.errors import Fault, UserError
from crawler.exits import exit_codes, stop_on_sigterm
from crawler.settings import SettingError
from pipelines.store import StoreError

if TYPE_CHECKING:
    from pathlib import Path


def show(data: Path | None, port: int | None, *, serve: bool) -> None:
    """Run the command; ends the process with the demo's exit code."""
    run = serve_demo if serve else run_demo
    stop_on_sigterm()
    with exit_codes(mistakes=(UserError, SettingError), faults=(StoreError, Fault)):
        sys.exit(run(data or DEFAULT_DATA, port or DEFAULT_BASE_PORT))
