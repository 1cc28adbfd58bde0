"""`broadsheet explain`: one page, and why each part of it is or is not in the article."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from cleaners.models import Document
from cleaners.stages import explain
from crawler.errors import Fault, UserError
from crawler.exits import FAULT, exit_codes, fail
from crawler.explain_view import to_html, to_terminal
from crawler.settings import SettingError
from pipelines.inputs import InputError, find_inputs, read_inputs
from pipelines.outputs import OutputError, WriteError, open_output

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# What goes to a file or a pager is no narrower than it need be.
_PIPE_COLUMNS = 120


def explain_page(place: str, out: Path | None, allow_addresses: Sequence[str], contact: str | None) -> None:
    """Run the command; ends the process where something is wrong."""
    with exit_codes(mistakes=(UserError, SettingError, InputError, OutputError), faults=(Fault, WriteError)):
        if place.startswith(("http://", "https://")):
            document = _fetched(place, allow_addresses, contact)
        else:
            document = _saved(place)
        explanation = explain(document)
        console = Console(highlight=False, markup=False)
        if not console.is_terminal:
            console.width = _PIPE_COLUMNS
        console.print(to_terminal(explanation))
        if out is not None:
            with open_output(out) as write:
                write(to_html(explanation).encode("utf-8", "replace"))


def _saved(name: str) -> Document:
    for given in read_inputs(find_inputs([name])):
        if isinstance(given.page, Document):
            return given.page
        raise UserError(
            f"{given.where}: {given.evidence or 'a page is explained, not a text: name an .html file'}"
        )
    raise UserError(f"{name}: nothing in it")


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
