"""`broadsheet explain`: one page, and why each part of it is or is not in the article."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from cleaners.explanation import Explanation, Part
from cleaners.models import Article, Document
from cleaners.stages import clean_text, explain
from crawler.errors import Fault, UserError
from crawler.exits import FAULT, exit_codes, fail, warn
from crawler.explain_view import to_html, to_terminal
from crawler.settings import SettingError
from pipelines.inputs import InputError, find_inputs, holds_lines, read_inputs
from pipelines.outputs import OutputError, WriteError, open_output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines.worker import DirtyText

# What goes to a file or a pager is no narrower than it need be.
_PIPE_COLUMNS = 120


def explain_page(place: str, out: Path | None, allow_addresses: Sequence[str], contact: str | None) -> None:
    """Run the command; ends the process where something is wrong."""
    with exit_codes(mistakes=(UserError, SettingError, InputError, OutputError), faults=(Fault, WriteError)):
        if place.startswith(("http://", "https://")):
            explanation = explain(_fetched(place, allow_addresses, contact))
        else:
            explanation = _saved(place)
        if out is None:
            console = Console(highlight=False, markup=False)
            if not console.is_terminal:
                console.width = _PIPE_COLUMNS
            console.print(to_terminal(explanation))
        else:
            with open_output(out) as write:
                write(to_html(explanation).encode("utf-8", "replace"))
            warn(f"written to {out}")


def _saved(name: str) -> Explanation:
    if name.startswith("file://"):
        raise UserError(f"{name}: name the file itself, as a path without file://")
    if "://" in name:
        raise UserError(f"{name}: neither a file nor an http:// or https:// address")
    if Path(name).is_dir():
        raise UserError(f"{name}: a folder; name the page in it")
    for path in find_inputs([name]):
        if path is not None and holds_lines(path):
            raise UserError(
                f"{name}: holds a page a line, or a page a record; save the one to explain as .html or .txt and name that"
            )
        for given in read_inputs([path]):
            if isinstance(given.page, Document):
                return explain(given.page)
            if given.page is not None:
                return _explain_text(given.page)
            raise UserError(f"{given.where}: {given.evidence}")
    raise UserError(f"{name}: nothing in it")


def _explain_text(dirty: DirtyText) -> Explanation:
    """What stays of a text, in its order, then what went: a text has no places to show it at."""
    result = clean_text(dirty.text, url=dirty.url, given=dirty.given)
    kept = result.blocks if isinstance(result, Article) else ()
    stayed = [Part(kind=block.kind, text=block.text, level=block.level, is_kept=True) for block in kept]
    went = [
        Part(kind="paragraph", text=removal.sample, is_kept=False, removals=(removal,))
        for removal in result.removals
    ]
    return Explanation(result=result, parts=(*stayed, *went))


def _fetched(url: str, allow_addresses: Sequence[str], contact: str | None) -> Document:
    from cleaners.models import Listed
    from crawler.documents import to_document
    from crawler.fetching.failures import FetchError
    from crawler.probe import fetch_all
    from crawler.tasks import plan_tasks
    from pipelines.visits import Visit

    (task,) = plan_tasks((), (), (url,))
    meta = {"site": task.seed.id, "delay_seconds": task.seed.delay_seconds, "html_only": True}
    (answer,) = fetch_all([(url, meta)], tasks=(task,), allow_addresses=allow_addresses, contact=contact)
    if isinstance(answer, FetchError):
        fail(f"{url}: {answer.reason}: {answer}", FAULT)
    if not 200 <= answer.status < 300:
        fail(f"{url}: answers {answer.status}", FAULT)
    visit = Visit(url=url, token="", site=task.seed.id, attempt=1, listed=Listed(url=url))
    return to_document(answer, visit, task.seed)
