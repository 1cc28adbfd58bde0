"""Whether a site's articles are what they used to be."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from crawler.watch.bounds import find_shift, has_fallen, has_risen, pool
from crawler.watch.past import (
    LEAST_PAGES,
    LEAST_RECENT,
    SIGMAS,
    UNCLEAR,
    Judged,
    Past,
    percent,
    say_share,
)
from crawler.watch.visits import FIELDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.watch.visits import Visit

LOST_SHARE = 0.5
"""A field is lost where its share fell by this factor."""
LEAST_COVERAGE = 0.3
"""Below it nobody relies on a field."""
BY_KIND = {"authors", "images"}
"""Fields that some kinds of text have and others have not, as agency news has no author; all kinds have the rest."""
SHORTER, LONGER = 0.5, 4.0
"""Of the usual text length. Readers notice a half; what is thrice as long may be a day of long stories."""
MORE_REMOVALS, LEAST_MORE_REMOVALS = 1.5, 2.0
"""So many times as many of an article's page, and so many more."""
MORE_REMOVED = 0.3
"""Of a page's text, more than usual."""
LIKE_SHARE = 0.1
"""A pass that lies so near to the recent ones was as they are."""
MORE_SHARE = 0.4
"""By so much the share of articles with leftovers, or with far more taken from them, must have risen."""

# What one article's value strays by at least: of a text in logarithms, of the share removed as it is.
_TEXT_SPREAD, _REMOVED_SPREAD = 0.5, 0.06


def look_at_fields(past: Past) -> Judged:
    parts = past.part(lambda visit: visit.articles)
    if parts is None or sum(visit.articles for visit in parts[0]) < LEAST_PAGES:
        return UNCLEAR
    lost, is_fine = [], True
    for place, name in enumerate(FIELDS):
        before, now = (
            pool(
                [(visit.fields[place], visit.articles) for visit in part if visit.fields],
                by_kind=name in BY_KIND,
            )
            for part in parts
        )
        if before.value < LEAST_COVERAGE:
            continue
        is_fine &= now.value >= before.value * (1 + LOST_SHARE) / 2
        most = now.value + LIKE_SHARE
        is_spell = name in BY_KIND and past.is_spell(
            lambda visit: visit.articles,
            lambda visit, place=place, most=most: visit.fields[place] <= most * visit.articles,  # type: ignore[misc]
        )
        if now.value <= before.value * LOST_SHARE and has_fallen(before, now) and not is_spell:
            lost.append((name, f"{name} on {say_share(now)} of articles, {percent(before.value)} before"))
    if lost:
        evidence = "; ".join(said for _, said in lost)
        return Judged(state="broken", evidence=evidence, shows=tuple(f"no {name}" for name, _ in lost))
    return Judged(state="fine") if is_fine else UNCLEAR


def look_at_text(past: Past) -> Judged:
    parts = past.part(lambda visit: visit.articles)
    if parts is None:
        return UNCLEAR
    sigmas, usual, now = find_shift(
        *([(math.log(max(visit.chars, 1)), visit.articles) for visit in part] for part in parts),
        least_spread=_TEXT_SPREAD,
    )
    ratio = math.exp(now - usual)
    each = [math.log(max(visit.chars, 1)) - usual for visit in parts[1][-2:]]
    is_off = all(math.exp(one) <= SHORTER for one in each) or all(math.exp(one) >= LONGER for one in each)
    if abs(sigmas) > SIGMAS and is_off:
        evidence = f"{math.exp(now):.0f} characters of text in an article, {math.exp(usual):.0f} before"
        return Judged(state="broken", evidence=evidence, shows=("short" if ratio < 1 else "long",))
    return Judged(state="fine") if SHORTER**0.5 < ratio < LONGER**0.5 else UNCLEAR


def look_at_artifacts(past: Past) -> Judged:
    parts = past.part(lambda visit: visit.articles)
    if parts is None:
        return UNCLEAR
    before, now = (pool([(visit.leftovers, visit.articles) for visit in part]) for part in parts)
    is_known = before.of >= LEAST_PAGES
    if is_known and now.value - before.value >= MORE_SHARE and has_risen(before, now):
        evidence = f"{say_share(now)} of articles say something twice, {percent(before.value)} before"
        return Judged(state="broken", evidence=evidence, shows=("leftovers",))
    many, now_many = (pool([(visit.many, visit.compared) for visit in part]) for part in parts)
    is_known = many.of >= LEAST_PAGES and now_many.of >= LEAST_RECENT
    if is_known and now_many.value - many.value >= MORE_SHARE and has_risen(many, now_many):
        usual, removals = (usual_removals(part) for part in parts)
        evidence = f"{removals} things taken from an article's page, {usual} before"
        return Judged(state="broken", evidence=evidence, shows=("removals",))
    share_sigmas, usual_share, share = find_shift(
        *([(_removed_share(visit), visit.articles) for visit in part] for part in parts),
        least_spread=_REMOVED_SPREAD,
    )
    each = min(_removed_share(visit) for visit in parts[1][-2:])
    if share_sigmas > SIGMAS and share - usual_share > MORE_REMOVED < each - usual_share:
        evidence = f"{percent(share)} of pages' text is taken, {percent(usual_share)} before"
        return Judged(state="broken", evidence=evidence, shows=("removals",))
    is_fine = (
        now.value - before.value < MORE_SHARE / 2
        and now_many.value - many.value < MORE_SHARE / 2
        and share - usual_share < MORE_REMOVED / 2
    )
    return Judged(state="fine") if is_fine else UNCLEAR


def usual_removals(visits: Sequence[Visit]) -> int:
    """How often something was taken from the page of an article: of half of all articles no more were taken."""
    left = sum(visit.articles for visit in visits) / 2
    for visit in sorted(visits, key=lambda visit: visit.removals):
        left -= visit.articles
        if left <= 0:
            break
    return visit.removals


def _removed_share(visit: Visit) -> float:
    return visit.chars_removed / max(visit.chars_removed + visit.chars_kept, 1)
