"""What is remembered of each pass over a site: one small record, by which its monitors judge it."""

from __future__ import annotations

import math
import zlib
from collections import Counter
from datetime import UTC, datetime
from itertools import islice
from statistics import median
from typing import TYPE_CHECKING, Any

import msgspec

from cleaners.models import Article
from pipelines.visits import Cleaned, Ended

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipelines.freshness import Lags

FIELDS = ("title", "authors", "published_at", "language", "images")
"""The fields whose coverage is watched, in the order of `Visit.fields`."""
MOST_PAGES = 2_000
"""Of one pass; what further ones say is not looked at."""
MOST_SAMPLES = 3
"""Pages that are kept of each kind, and that an alert names."""
MOST_REASONS = 6

_URL_CHARS = 200
_LEAST_CHARS = 20
"""A shorter block may well stand twice in a text."""


class Sample(msgspec.Struct, array_like=True, frozen=True):
    """A page that shows what an alert says."""

    url: str
    """At most 200 characters of it."""
    visit: str = ""
    """The `visit` of its row; empty: it is a listing, which has none."""


class Visit(msgspec.Struct, array_like=True):
    """One pass over a site; or several of them, added up. New fields go to the end, with a default."""

    at: int = 0
    """When the last of them ended, in Unix seconds."""
    passes: int = 1
    answered: int = 0
    """Polls of the seed's listings that were answered."""
    failed: int = 0
    """Those that failed."""
    links: int = 0
    """That stand in those of its listings that did not fail, as they were read last; added up: the mean."""
    new: int = 0
    """Links never heard of; not counted in the very first pass, where all are."""
    gap: int = 0
    """Seconds since the last pass that brought a new link; 0: this one brought none. Added up: the longest."""
    articles: int = 0
    """Pages that cleaning made an article of, whatever became of it."""
    bad: dict[str, int] = {}
    """Visits that ended without one, by a word of the outcome row or of `crawler.verdicts`."""
    fields: list[int] = []
    """Articles that have each of FIELDS."""
    chars: int = 0
    """Characters of text: the median article's."""
    removals: int = 0
    """Times that a rule took something from the page of the median article."""
    many: int = 0
    """Articles from whose page far more was taken than was usual at the site by then."""
    compared: int = 0
    """Articles of which that is known; 0: nothing was usual yet."""
    chars_removed: int = 0
    chars_kept: int = 0
    leftovers: int = 0
    """Articles that say something twice."""
    lags: int = 0
    """New articles whose time of publication is known."""
    lag: int = 0
    """Seconds from their publication until they stood in the log: the median."""
    captured: int | None = None
    """Percent of the links listed so far that have an outcome; None: none was listed."""
    verdict: str = ""
    """What was thought of the site after it; empty: nothing, or not the same in all of them."""
    marks: int = 0
    """The monitors whose alert was open, a bit each, by their place in `crawler.watch.monitors.MONITORS`."""
    last_text: int = 0
    """A check sum of the last article's text, and of its address."""
    last_url: int = 0

    @property
    def pages(self) -> int:
        """Visits of pages that ended."""
        return self.articles + sum(self.bad.values())

    @property
    def day(self) -> int:
        """The day that it ended on, in UTC, counted from 1970."""
        return self.at // 86_400

    @property
    def is_quiet(self) -> bool:
        """Whether it brought nothing but answered listings."""
        return not (self.pages or self.new or self.failed)


class PassFacts:
    """Gathers what the pages of one pass say, as their items end."""

    def __init__(self) -> None:
        self.articles = 0
        self.bad: Counter[str] = Counter()
        self.samples: dict[str, list[Sample]] = {}
        """By what they show: a reason, `no <field>`, `short`, `long`, `leftovers`, `removals`, `any`."""
        self._fields = [0] * len(FIELDS)
        self._chars: list[int] = []
        self.removals: list[int] = []
        """Of each article: how often a rule took something from its page."""
        self._chars_removed = self._leftovers = 0
        self._texts: dict[int, int] = {}
        self._again: Counter[int] = Counter()
        self._last = (0, 0)
        self._ranked: dict[str, list[tuple[int, Sample]]] = {"short": [], "long": [], "removals": []}

    def note(self, item: Any, signs: Sequence[str]) -> None:
        """Note how a visit ended; `signs` are what `crawler.verdicts.read_signs` reads of it."""
        if self.articles + self.bad.total() >= MOST_PAGES or not isinstance(item, Cleaned | Ended):
            return
        sample = Sample(item.visit.url[:_URL_CHARS], item.visit.token)
        if isinstance(item, Cleaned) and isinstance(item.result, Article):
            self._note_article(item.result, sample)
        elif not (isinstance(item, Ended) and item.outcome == "unchanged"):
            reason = signs[0] if signs else "unknown"
            self.bad[reason] += 1
            self._keep(reason, sample)

    def _note_article(self, article: Article, sample: Sample) -> None:
        text = article.text
        self._last = (_sum_of(text), _sum_of(sample.url))
        if self._texts.setdefault(*self._last) != self._last[1]:
            self.bad["same_text"] += 1
            self._again[self._last[0]] += 1
            self._keep("same_text", sample)
            return
        self.articles += 1
        self._keep("any", sample)
        for place, name in enumerate(FIELDS):
            if getattr(article.metadata, name):
                self._fields[place] += 1
            else:
                self._keep(f"no {name}", sample)
        if count_leftovers(article):
            self._leftovers += 1
            self._keep("leftovers", sample)
        removed = [removal.chars for removal in article.removals if not removal.refused]
        self._chars.append(len(text))
        self.removals.append(len(removed))
        self._chars_removed += sum(removed)
        for name, rank in (("short", -len(text)), ("long", len(text)), ("removals", len(removed))):
            self._ranked[name] = sorted([*self._ranked[name], (rank, sample)], key=lambda pair: -pair[0])[
                :MOST_SAMPLES
            ]

    def _keep(self, name: str, sample: Sample) -> None:
        kept = self.samples.setdefault(name, [])
        if len(kept) < MOST_SAMPLES:
            kept.append(sample)

    def to_visit(self, before: Visit | None) -> Visit:
        """What the pages said; `before` is the visit before this one. Listings are the caller's to add.

        An article that has the text of another page, of this pass or the last one of the pass before, counts as bad, by
        the reason `same_text`: a page that stands in for all others is often well-formed. Of three pages or more with
        one text, none is an article.
        """
        bad, articles = self.bad.copy(), self.articles
        same = {text for text, count in self._again.items() if count > 1}
        if before is not None and self._texts.get(before.last_text, before.last_url) != before.last_url:
            same.add(before.last_text)
        if same:
            bad["same_text"] += len(same)
            articles -= len(same)
            self.samples.setdefault("same_text", self.samples["any"])
        for name, ranked in self._ranked.items():
            self.samples[name] = [sample for _, sample in ranked]
        return Visit(
            articles=articles,
            bad=dict(bad.most_common(MOST_REASONS)),
            fields=[min(count, articles) for count in self._fields],
            chars=round(median(self._chars)) if self._chars else 0,
            removals=round(median(self.removals)) if self.removals else 0,
            chars_removed=self._chars_removed,
            chars_kept=sum(self._chars),
            leftovers=min(self._leftovers, articles),
            last_text=self._last[0] or (before.last_text if before else 0),
            last_url=self._last[1] or (before.last_url if before else 0),
        )


def count_leftovers(article: Article) -> int:
    """Count the blocks that say again what the title or an earlier block said."""
    said = {_fold(article.metadata.title or "")}
    count = 0
    for block in article.blocks:
        folded = _fold(block.text)
        if folded in said:
            count += 1
        elif len(folded) >= _LEAST_CHARS:
            said.add(folded)
    return count


def note_lags(visit: Visit, lags: Lags) -> None:
    """Add the lags of the articles that were settled in this pass."""
    visit.lags, visit.lag = lags.count, round(lags.quantile(0.5) or 0)


def add_up(visits: Iterable[Visit]) -> Visit:
    """One record of several, oldest first; sizes and lags by their geometric mean, each article counting once."""
    visits = list(visits)
    total = Visit(passes=0)
    for visit in visits:
        for name in _ADDED:
            setattr(total, name, getattr(total, name) + getattr(visit, name))
        total.gap = max(total.gap, visit.gap)
    bad: Counter[str] = Counter()
    for visit in visits:
        bad.update(visit.bad)
    last = visits[-1]
    total.at, total.marks, total.captured = last.at, last.marks, last.captured
    total.last_text, total.last_url = last.last_text, last.last_url
    total.bad = dict(islice(bad.most_common(), MOST_REASONS + 1))
    total.fields = [
        sum(of_one) for of_one in zip(*(visit.fields for visit in visits if visit.fields), strict=False)
    ]
    total.chars = _mean([(visit.chars, visit.articles) for visit in visits])
    total.removals = _mean([(visit.removals, visit.articles) for visit in visits])
    total.lag = _mean([(visit.lag, visit.lags) for visit in visits])
    total.verdict = last.verdict if len({visit.verdict for visit in visits}) == 1 else ""
    read = [visit for visit in visits if visit.answered]
    total.links = round(sum(visit.links for visit in read) / len(read)) if read else last.links
    return total


_ADDED = (
    "passes",
    "answered",
    "failed",
    "new",
    "articles",
    "many",
    "compared",
    "chars_removed",
    "chars_kept",
    "leftovers",
    "lags",
)


def _mean(pairs: Sequence[tuple[int, int]]) -> int:
    weight = sum(count for _, count in pairs)
    if not weight:
        return 0
    return round(math.expm1(sum(math.log1p(value) * count for value, count in pairs) / weight))


def _fold(text: str) -> str:
    return " ".join(text.casefold().split())


def _sum_of(text: str) -> int:
    # Never 0, which says that there is none.
    return zlib.crc32(text.encode("utf-8", "surrogatepass")) or 1


def to_moment(seconds: float) -> datetime:
    """The moment, aware, of Unix seconds."""
    return datetime.fromtimestamp(seconds, UTC)
