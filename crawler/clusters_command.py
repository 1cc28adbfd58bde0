"""`broadsheet clusters`: near-duplicates of whole corpora, on Ray Data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.errors import UserError
from crawler.exits import exit_codes, stop_on_sigterm, warn
from crawler.settings import SettingError, read_environment
from pipelines.clusters import find_clusters, find_parts, to_line
from pipelines.near import NearRule
from pipelines.objects import StoreError
from pipelines.outputs import OutputError, WriteError, open_output
from pipelines.ray_cluster import RayError, connected
from pipelines.record import encode_line
from pipelines.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def write_clusters(folders: Sequence[str], out: Path | None, ray: str) -> None:
    """Run the command; ends the process where something is wrong."""
    stop_on_sigterm()
    mistakes = (UserError, SettingError, OutputError)
    with exit_codes(mistakes=mistakes, faults=(StoreError, RayError, WriteError)):
        if not folders:
            raise UserError("--data: name the data folders")
        rule = read_environment().policy.near
        # `off` is what the runs were told; here it is what is asked for.
        rule = rule if rule.days else NearRule()
        parts = find_parts(folders)
        count = 0
        with connected(ray) as module, open_output(out) as write:
            for pair in find_clusters(module, parts, rule):
                write(encode_line(to_line(pair)))
                count += 1
        warn(f"{counted(count, 'near-duplicate')} in {counted(len(parts), 'part')}")
