"""`/articles/{id}`: one article, the page before and after cleaning, its revisions side by side, and where all came from."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from crawler.service import parameters
from crawler.service.endpoints import Parameter
from crawler.service.pages.differences import to_rows
from crawler.service.pages.explaining import Explainer
from crawler.service.pages.frame import Page
from crawler.service.problems import ProblemError
from crawler.service.revisions import compare
from pipelines.index.history import copies_of, revisions
from pipelines.index.lines import read_row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cleaners.explanation import Explanation, Part
    from crawler.service.endpoints import Call
    from crawler.service.service import Service
    from pipelines.index.found import FoundArticle

_VIEWS = ("page", "revisions", "record")
_MOST_REVISION = 2**31
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_STAGES = {
    "tree": "Elements of the page",
    "extract": "What the judge weighed and left out",
    "text": "Words and blocks of the text",
}
_FACTS = (
    "title",
    "description",
    "authors",
    "byline",
    "published_at",
    "published_precision",
    "published_zone",
    "modified_at",
    "language",
    "language_declared",
    "language_detected",
    "section",
    "tags",
    "publisher",
    "site_name",
    "paywalled",
    "is_live_blog",
    "licence",
    "copyright_holder",
    "syndicated_from",
    "corrections",
    "word_count",
)
_PLACES = (
    "id",
    "url",
    "final_url",
    "canonical_url",
    "amp_url",
    "print_url",
    "first_page_url",
    "further_pages",
    "next_page_url",
    "site",
    "fetched_at",
    "visit",
    "revision",
    "content_hash",
    "duplicate_of",
    "similarity",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A field of the record."""

    name: str
    values: tuple[str, ...]
    """Empty: the page does not say."""
    source: str | None
    others: tuple[tuple[str, str], ...] = ()
    """What other sources said: source and value."""

    @property
    def is_said(self) -> bool:
        """Whether there is anything to show of it."""
        return bool(self.values or self.others)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSum:
    """What one rule took from the page."""

    rule: str
    times: int
    chars: int
    refused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What was taken from a page, in all."""

    times: int
    chars: int
    share: float | None
    """Of all characters of text that the page had, 0 to 1."""
    rules: tuple[RuleSum, ...]


def page(service: Service) -> Page:
    """Give the page."""
    explainer = Explainer()

    async def show(call: Call) -> Mapping[str, Any]:
        found = await _find(service, call["id"])
        last = found[-1].revision
        number = call["revision"] or last
        view = call["view"]
        record = await _read(service, call["id"], number)
        shown: dict[str, Any] = {
            "found": found,
            "record": record,
            "number": number,
            "last": last,
            "view": view,
            "language": to_language(record["language"]),
            "direction": record["direction"] if record["direction"] in {"ltr", "rtl"} else "auto",
        }
        if view == "revisions":
            after = call["revision"] or last
            before = call["before"] or max((one.revision for one in found if one.revision < after), default=0)
            shown |= {"before": before, "rows": None}
            if before:
                old = await _read(service, call["id"], before)
                change = await asyncio.to_thread(compare, old, record)
                shown |= {"change": change, "rows": await asyncio.to_thread(to_rows, change)}
            return shown
        if view == "record":
            copies = await asyncio.to_thread(copies_of, service.index, call["id"])
            return shown | {
                "facts": to_facts(record, _FACTS),
                "places": to_facts(record, _PLACES),
                "copies": copies,
                "place": next((one for one in found if one.revision == number), None),
            }
        explained = await explainer.explain(service.objects, record)
        explanation = explained.explanation
        return shown | {
            "account": to_account(record),
            "stages": group_removals(record["removals"]),
            "explanation": explanation,
            "why": explained.why,
            "parts": list(shown_parts(explanation)) if explanation else (),
            "is_as_published": explanation is None or _text_of(explanation) == record["text"],
        }

    return Page(
        path="/articles/{id}",
        template="article.html",
        show=show,
        parameters=(
            parameters.article_id(),
            _view(),
            parameters.count(
                "revision", "Which revision; without it the last.", least=1, most=_MOST_REVISION
            ),
            parameters.count("before", "The revision to compare it with.", least=1, most=_MOST_REVISION),
        ),
    )


async def _find(service: Service, article_id: str) -> tuple[FoundArticle, ...]:
    found = await asyncio.to_thread(revisions, service.index, article_id)
    if found:
        return found
    copies = await asyncio.to_thread(copies_of, service.index, article_id)
    if any(copy.outcome == "blocked" for copy in copies):
        raise ProblemError(410, "the article was taken down", parameter="id")
    raise ProblemError(404, "no article has this id", parameter="id")


async def _read(service: Service, article_id: str, number: int) -> dict[str, Any]:
    """Read one revision's row. Raises ProblemError."""
    for _ in range(2):
        found = await asyncio.to_thread(revisions, service.index, article_id)
        one = next((one for one in found if one.revision == number), None)
        if one is None:
            raise ProblemError(404, f"the article has no revision {number}", parameter="revision")
        row = await read_row(service.objects, one.path, one.line)
        if row is not None and row.get("id") == article_id and row.get("revision") == number:
            return row
        # It has moved, and stands elsewhere in the index by now.
    raise ProblemError(503, "the row is being moved or taken down", headers={"Retry-After": "5"})


def blocks_of(record: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """The blocks of a record, each with its text."""
    for block in record["blocks"]:
        yield block, record["text"][block["start"] : block["end"]]


def to_language(value: object) -> str | None:
    """Give a language as an attribute may say it; None: it is none."""
    return value if isinstance(value, str) and _LANGUAGE.fullmatch(value) else None


def shown_parts(explanation: Explanation) -> Iterator[Part]:
    """The parts that hold something to read: of an emptied button there is nothing to show."""
    return (part for part in explanation.parts if part.is_kept or part.text.strip())


def _text_of(explanation: Explanation) -> str | None:
    return getattr(explanation.result, "text", None)


def to_account(record: Mapping[str, Any]) -> Account:
    """Sum up what was taken."""
    times: Counter[str] = Counter()
    chars: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    for removal in record["removals"]:
        rule = removal["rule"]
        chars[rule] += 0 if removal["refused"] else removal["chars"]
        (refused if removal["refused"] else times)[rule] += 1
    taken = chars.total()
    return Account(
        times=times.total(),
        chars=taken,
        share=taken / (taken + len(record["text"])) if taken or record["text"] else None,
        rules=tuple(
            RuleSum(rule=rule, times=times[rule], chars=count, refused=refused[rule])
            for rule, count in chars.most_common()
        ),
    )


def group_removals(removals: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """The removals by stage, in their order, which is that of cleaning."""
    order = list(_STAGES)

    def rank(removal: Mapping[str, Any]) -> int:
        return order.index(removal["stage"]) if removal["stage"] in order else len(order)

    grouped = groupby(sorted(removals, key=rank), key=lambda one: one["stage"])
    return [(_STAGES.get(stage, stage), list(some)) for stage, some in grouped]


def to_facts(record: Mapping[str, Any], names: Sequence[str]) -> list[Fact]:
    """The fields with where they came from, and what other sources said of them."""
    others: dict[str, list[tuple[str, str]]] = {}
    for one in record["disagreements"]:
        others.setdefault(one["field"], []).append((str(one["source"]), str(one["value"])))
    sources = record["field_sources"] or {}
    return [
        Fact(
            name=name,
            values=_to_texts(record.get(name)),
            source=sources.get(name),
            others=tuple(others.get(name, ())),
        )
        for name in names
    ]


def _to_texts(value: Any) -> tuple[str, ...]:
    if value is None or value in ("", []):
        return ()
    if isinstance(value, bool):
        return ("yes" if value else "no",)
    return tuple(map(str, value)) if isinstance(value, list) else (str(value),)


def _view() -> Parameter:
    def read(given: str) -> str:
        if given not in _VIEWS:
            raise ValueError(f"must be one of {', '.join(_VIEWS)}")
        return given

    return Parameter(
        name="view",
        description="The page before and after, its revisions, or the whole record.",
        read=read,
        schema={"type": "string", "enum": list(_VIEWS)},
        default="page",
    )
