"""One pass's polls of a site: which listings are due, what they brought, and when they are due again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crawler.sources import MAX_CHILDREN, Child, Source
from pipelines.ledger import listing_digest
from pipelines.seen import to_since

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.discovery.found import SubSitemap
    from crawler.discovery.listings import ListingKind
    from crawler.sources import SiteState
    from crawler.timing import Bounds, Timing

FEW_KNOWN, MANY_KNOWN = 1 / 3, 2 / 3
"""Below the one share of known links a listing is polled faster, above the other more slowly; Media Cloud has polled by
these thirds for years."""
FASTER, SLOWER, ROLLED = 0.5, 1.5, 0.25
"""What the interval is multiplied with: it falls quickly when news breaks, and rises slowly after; most quickly where
links were missed."""
UNTRUSTED_POLLS = 8
UNTRUSTED_SECONDS = 86_400
"""A listing that has only been heard to be unchanged (304) so often, or for so long, is asked for its content: some
feeds keep their validators while they change, and would be silent for good."""
LONGEST_BACK_OFF_SECONDS = 86_400
PROBE_SECONDS = 7 * 86_400
"""From one question to a retired listing to the next."""
PUT_OFF_SECONDS = 5 * 60
"""A site whose pages had to be left is visited again after this, then twice, four times as long, up to a day."""
CHILD_CHECK_SECONDS = 7 * 86_400
"""A sitemap that its index says is unchanged is read after so long all the same."""

_CLOCK_SKEW_SECONDS = 300
_DAY_SECONDS = 86_400
_DATE_CHARS = len("2026-03-02")
_ERROR_CHARS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a listing's answer brought."""

    new: int = 0
    """Links never heard of."""
    known: int = 0
    """The others, those due again among them."""
    is_unchanged: bool = False
    by_validators: bool = False
    """It is unchanged by a 304: its content was not seen."""
    is_index: bool = False
    is_news: bool = False
    hint_seconds: float = 0
    """How long it asks to be left alone, by its content."""
    fresh_seconds: float = 0
    """And by the headers of this answer."""
    is_lying: bool = False
    """It has new links under the validators of its last answer."""


@dataclass(slots=True)
class _Poll:
    """What came of one source in this pass, with the sitemaps that it names."""

    answer: Answer | None = None
    failure: str | None = None
    new: int = 0
    known: int = 0
    changed: bool = False


class Polls:
    """The book of one pass. Times are the Redis server's."""

    def __init__(self, timing: Timing, state: SiteState, *, now: float, anytime: bool) -> None:
        self.state = state
        self.rolled_over: list[str] = []
        """Listings that kept none of the links they had at the last poll: some may never have been seen."""
        self.distrusted: list[str] = []
        self.retired: list[str] = []
        self.revived: list[str] = []
        self._timing = timing
        self._now = now
        self._anytime = anytime
        self._polls: dict[str, _Poll] = {}
        self._children = state.children()
        self._named: set[bytes] = set()
        self.has_dropped_children = False
        state.take_listings(timing.listings)
        if state.plan != timing.digest:
            for source in state.sources:
                source.due = int(self._next(source, source.polled)) if source.polled else 0

    @property
    def watched_since(self) -> float:
        """When the site was visited first: now, if this is the first time."""
        return self.state.since or self._now

    @property
    def is_answered(self) -> bool:
        """Whether one of the seed's listings was read in this pass, or is unchanged."""
        return any(poll.answer is not None for poll in self._polls.values())

    def count(self) -> tuple[int, int, int]:
        """Give how many of the seed's listings were answered in this pass, how many failed, and how many links were new."""
        answered = sum(poll.answer is not None for poll in self._polls.values())
        failed = sum(poll.answer is None and poll.failure is not None for poll in self._polls.values())
        return answered, failed, sum(poll.new for poll in self._polls.values())

    def due(self) -> list[tuple[ListingKind, str]]:
        """Find the seed's listings that are to be polled."""
        return [
            (source.kind, source.url)
            for source in self.state.sources
            if self._anytime or source.due <= self._now
        ]

    def due_sitemaps(self, sitemaps: Sequence[SubSitemap]) -> list[SubSitemap]:
        """Find which of the sitemaps that an index names are to be read: of the newest, those that may have changed.

        Each is looked at once in a pass, and no more of them than the agenda can remember.
        """
        room = MAX_CHILDREN - len(self._named)
        found = {listing_digest(sitemap.url): sitemap for sitemap in sitemaps}
        unseen = [sitemap for digest, sitemap in found.items() if digest not in self._named]
        newest = sorted(unseen, key=lambda entry: entry.modified_at or "", reverse=True)[: max(room, 0)]
        self._named.update(listing_digest(sitemap.url) for sitemap in newest)
        return [sitemap for sitemap in newest if self._anytime or self._is_due(sitemap)]

    def wants_content(self, url: str) -> bool:
        """Whether a listing is asked for its content, whatever its validators say."""
        entry = self._find(url)
        if entry is None or entry.is_distrusted:
            return True
        return bool(entry.same) and (
            entry.same >= UNTRUSTED_POLLS or self._now - entry.full_at >= UNTRUSTED_SECONDS
        )

    def note_answer(self, root: str, url: str, answer: Answer) -> None:
        """Note that a listing answered; `root` is the seed's listing that led to it, perhaps itself."""
        self.state.since = self.state.since or int(self._now)
        poll = self._polls.setdefault(root, _Poll())
        poll.new += answer.new
        poll.known += answer.known
        poll.changed |= not answer.is_unchanged
        if url == root:
            poll.answer = answer
            source = self.state.source(url)
        else:
            source = None
        entry = source or self._children.setdefault(listing_digest(url), Child(listing_digest(url)))
        if answer.by_validators:
            entry.same += 1
        else:
            entry.same, entry.full_at = 0, int(self._now)
        if answer.is_lying and not entry.is_distrusted:
            entry.is_distrusted = True
            self.distrusted.append(url)
        if isinstance(entry, Child):
            self._note_child(entry, answer)

    def note_failure(self, root: str, url: str, reason: str) -> None:
        """Note that a listing could not be read. An index whose sitemaps fail is read itself, and asks them again."""
        if url == root:
            self._polls.setdefault(root, _Poll()).failure = reason

    def postpone(self) -> None:
        """Leave the listings of a site that may not be visited any more for as long as its interval may be."""
        for source in self.state.sources:
            source.due = int(self._timing.next_visit(self._now + self._timing.max_seconds))

    def begin_anew(self) -> None:
        """Make all listings due: Redis was lost meanwhile, and what was found in this pass with it."""
        for source in self.state.sources:
            source.due = 0

    def is_remembered(self, digest: bytes) -> bool:
        """Whether the listing, by its digest, is one of the seed's, or a sitemap that is kept."""
        return digest in self.state.children() or any(
            listing_digest(source.url) == digest for source in self.state.sources
        )

    def close(self) -> None:
        """Find when each listing is due again."""
        for source in self.state.sources:
            poll = self._polls.get(source.url)
            if poll is None:
                continue
            if poll.answer is not None:
                self._adapt(source, poll, poll.answer)
            elif poll.failure is not None:
                self._back_off(source, poll.failure)
        if self.revived:
            for source in self.state.sources:
                if source.is_retired:
                    source.due = int(self._timing.after_quiet(self._now))
        if self._named:
            ranked = sorted(self._children.values(), key=self._rank, reverse=True)
            self.state.keep_children(ranked)
            self.has_dropped_children = len(self.state.children()) < len(ranked)
        self.state.plan = self._timing.digest
        self.state.visited = int(self._now)

    def next_visit(self, now: float, *, put_off: bool, next_link_at: float | None) -> float:
        """Give when the site is due: with its earliest listing, or when a link of it may be visited.

        `next_link_at`: when the first one may; None: none will.
        """
        self.state.put_offs = self.state.put_offs + 1 if put_off else 0
        wait = self._timing.min_seconds
        dues = [float(source.due) for source in self.state.sources]
        if put_off:
            wait = min(PUT_OFF_SECONDS * 2.0 ** min(self.state.put_offs - 1, 20), LONGEST_BACK_OFF_SECONDS)
            # A listing that was due and could not be asked for waits as its pages do.
            again = self._timing.next_visit(now + wait)
            dues = [again if due <= now else due for due in dues]
        if next_link_at is not None:
            dues.append(self._timing.next_visit(max(next_link_at, now + wait)))
        return min(dues) if dues else self._timing.next_visit(now + self._timing.max_seconds)

    def _find(self, url: str) -> Source | Child | None:
        return self.state.source(url) or self._children.get(listing_digest(url))

    def _rank(self, child: Child) -> tuple[bool, int]:
        return child.digest in self._named, child.polled

    def _is_due(self, sitemap: SubSitemap) -> bool:
        child = self._children.get(listing_digest(sitemap.url))
        if child is None or not child.polled:
            return True
        modified = to_since(sitemap.modified_at, datetime.fromtimestamp(self._now, UTC))
        if not modified or self._is_open_day(sitemap, modified, child):
            return self._now >= child.polled + child.interval
        is_later = modified > child.polled - _CLOCK_SKEW_SECONDS
        return is_later or self._now >= child.polled + CHILD_CHECK_SECONDS

    @staticmethod
    def _is_open_day(sitemap: SubSitemap, modified: int, child: Child) -> bool:
        """Whether only the day of the change is known, and was not over when the sitemap was read."""
        is_day = len((sitemap.modified_at or "").strip()) <= _DATE_CHARS
        return is_day and modified + _DAY_SECONDS > child.polled

    def _note_child(self, child: Child, answer: Answer) -> None:
        child.is_news = answer.is_news or (child.is_news and answer.is_unchanged)
        bounds = self._timing.bounds(is_archive=not child.is_news)
        share = None if not child.polled else _share(answer.new, answer.known)
        child.interval = _adapt(child.interval, share, bounds)
        child.polled = int(self._now)

    def _adapt(self, source: Source, poll: _Poll, answer: Answer) -> None:
        if source.is_retired:
            self.revived.append(source.url)
        source.failures, source.failed_since, source.error = 0, 0, ""
        if answer.is_index:
            named = (self._children.get(digest) for digest in self._named)
            source.is_news = any(child is not None and child.is_news for child in named)
        else:
            source.is_news = answer.is_news or (source.is_news and answer.is_unchanged)
        is_first, had_links = not source.interval, source.links > 0
        source.new, source.known = min(poll.new, 2**31), min(poll.known, 2**31)
        source.is_unchanged = not poll.changed
        share = _share(poll.new, poll.known)
        rolled = had_links and poll.new > 0 and not poll.known and not answer.is_index
        if not answer.is_unchanged:
            source.links = answer.new + answer.known
            source.hint = int(answer.hint_seconds)
        bounds = self._timing.bounds(is_archive=self._is_archive(source))
        if is_first:
            # All its links are new the first time: that tells nothing of how often new ones come.
            source.interval = int(bounds.start)
        elif rolled:
            self.rolled_over.append(source.url)
            source.share = 0
            source.interval = int(_clamp(source.interval * ROLLED, bounds))
        else:
            before = share if source.share is None else source.share / 100
            source.share = round(50 * (before + share))
            source.interval = _adapt(source.interval, source.share / 100, bounds)
        source.polled = int(self._now)
        asked_for = min(max(source.hint, answer.fresh_seconds), bounds.most)
        source.due = int(self._next(source, self._now, least=asked_for))

    def _back_off(self, source: Source, reason: str) -> None:
        was_retired = source.is_retired
        source.failures += 1
        source.failed_since = source.failed_since or int(self._now)
        source.error = reason[:_ERROR_CHARS]
        source.polled = int(self._now)
        if source.is_retired and not was_retired:
            self.retired.append(source.url)
        source.due = int(self._next(source, self._now))

    def _next(self, source: Source, polled: float, *, least: float = 0) -> float:
        """When a source is polled again that was polled at this time."""
        bounds = self._timing.bounds(is_archive=self._is_archive(source))
        wait = max(_clamp(source.interval or bounds.start, bounds), least)
        if source.is_retired:
            wait = PROBE_SECONDS
        elif source.failures:
            # No float is 2 to the power of a thousand failures.
            wait = min(wait * 2.0 ** min(source.failures, 30), max(LONGEST_BACK_OFF_SECONDS, wait))
        elif self._timing.schedule is not None:
            wait = 0
        return self._timing.next_visit(polled + wait)

    def _is_archive(self, source: Source) -> bool:
        """Whether it names the whole site, and something else names what is new."""
        if source.kind != "sitemap" or source.is_news:
            return False
        return any(
            other is not source and not other.failures and (other.kind != "sitemap" or other.is_news)
            for other in self.state.sources
        )


def _share(new: int, known: int) -> float:
    """Of the links, those that were known; all, where nothing changed."""
    return known / (new + known) if new else 1.0


def _adapt(interval: int, share: float | None, bounds: Bounds) -> int:
    if not interval or share is None:
        return int(bounds.start)
    factor = FASTER if share < FEW_KNOWN else SLOWER if share > MANY_KNOWN else 1.0
    return int(_clamp(interval * factor, bounds))


def _clamp(seconds: float, bounds: Bounds) -> float:
    return min(max(seconds, bounds.least), bounds.most)
