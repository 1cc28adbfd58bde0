"""A process of the pool: takes pages from a pipe, cleans them, sends back what came of them."""

from __future__ import annotations

import gc
import logging
import resource
import signal
import sys
import traceback
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from cleaners.models import Article, Document, Listed, Rejection

if TYPE_CHECKING:
    from collections.abc import Callable

READY = "ready"
"""The first message of a worker: its imports are done."""

_GC_OBJECTS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DirtyText:
    """A text that somebody else took from a page; it is cleaned without the page."""

    text: str
    url: str
    """Empty: nobody knows."""
    given: Listed | None = None
    """What is said beside it. None, or no title: that stands in the text, if there is one."""


Page = Document | DirtyText
Result = Article | Rejection


@dataclass(frozen=True, slots=True)
class Failure:
    """Cleaning raised: a bug of ours, which costs this page only."""

    summary: str
    trace: str


R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Reply(Generic[R]):
    """What came of a job, and how large the worker has become."""

    result: R | Failure
    peak_bytes: int
    pages: int = 1
    """That the job was about."""


def page_urls(page: Page) -> tuple[str, str]:
    """The page's final address and the one that was asked for."""
    if isinstance(page, DirtyText):
        return page.url, page.url
    return page.url, page.requested_url


def main() -> None:
    """Serve the pipe whose file descriptor, page limit and cleaner stand in the arguments, until it is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What cleaning has to say stands in its result; the libraries' complaints about strangers' pages would only
    # run into the command's output.
    logging.getLogger().addHandler(logging.NullHandler())
    warnings.simplefilter("ignore")
    descriptor, page_seconds, cleaner = sys.argv[1:]
    clean = resolve_name(cleaner)
    # What libraries load at their first use (language model, date patterns) is not charged to the first page.
    _tried(clean, _WARM_UP)
    # What is loaded by now stays, and a page leaves few cycles behind: looking for them after each 700 objects took
    # 1 % of a page's time; 86 pages cleaned 16 times each end at the same memory without.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GC_OBJECTS)
    with Connection(int(descriptor)) as pipe:
        try:
            pipe.send(READY)
            while True:
                page = pipe.recv()
                # The kernel ends the process when the time is over, even inside C code, and even if the parent is
                # gone: SIGPROF has no handler.
                signal.setitimer(signal.ITIMER_PROF, float(page_seconds))
                result = _tried(clean, page)
                signal.setitimer(signal.ITIMER_PROF, 0)
                pipe.send(Reply(result, _peak_bytes(), getattr(result, "pages", 1)))
        except (EOFError, OSError):
            return


def _tried(clean: Callable[[Any], R], page: Any) -> R | Failure:
    try:
        return clean(page)
    except Exception as error:  # noqa: BLE001 -- reported by the parent, with its traceback
        return Failure(f"{type(error).__name__}: {error}"[:300], traceback.format_exc())


def _peak_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


_WARM_UP = Document(
    url="https://example.org/2026/04/14/bridge",
    requested_url="https://example.org/2026/04/14/bridge",
    fetched_at=datetime(2026, 4, 14, tzinfo=UTC),
    body=b"<html><head><title>The bridge opens</title></head><body><article><h1>The bridge opens</h1>"
    b"<p>By Jane Doe, 14 April 2026</p>"
    + b"<p>The new bridge over the river was opened on Tuesday, two years later than planned.</p>" * 8
    + b"</article></body></html>",
)
