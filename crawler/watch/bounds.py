"""How far something may stray from its own past before that says something: bounds that small numbers do not break."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ALPHA = 1e-5
"""The chance that a share as far off as the one judged comes by itself, at which it is no longer believed to.

Each pass is judged by about ten shares and sizes: 20 sites over 200 passes are 40,000 questions. That most of them have no
false answer comes from the effect that is asked for besides, and from what `pool` allows for; at 1e-6, sites of five articles a
pass were noticed a pass later, and no false alert was spared.
"""

_WILSON_Z = 2.0
# Of one visit. An evening of agency news is all alike: a hundred articles of it are not a hundred opinions.
_MOST_COUNTED = 8
# Few records know their own spread badly: that of six is taken for a third larger, that of sizes for half as large again.
_FEW_SHARES, _FEW_RECORDS = 2.0, 8.0
# A site with authors on 80 % of its articles has them on all of some kinds and on none of others: without these, two passes
# of agency news in a row were an alert at 4 of 1,000 healthy sites. 0.05: a field on 95 % or more is on all kinds.
_CLUSTERED, _ONE_KIND = 20.0, 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many of how many, over some records."""

    hits: int
    of: int
    dispersion: float
    """How much more the records' shares differ than chance would have them; at least 1."""

    @property
    def value(self) -> float:
        """From 0 to 1; 0 of nothing."""
        return self.hits / self.of if self.of else 0.0


def pool(pairs: Sequence[tuple[int, int]], *, by_kind: bool = False) -> Share:
    """The share over all records, each a number of hits and of all.

    `by_kind`: whether a page hits depends on the kind of text that it is, and those come in clusters.
    """
    pairs = [(hits, of) for hits, of in pairs if of > 0]
    hits, of = sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)
    least = 1.0
    if by_kind and of:
        least += _CLUSTERED * max(hits / of * (1 - hits / of) - _ONE_KIND, 0.0)
    dispersion = least
    if len(pairs) > 2:
        # Not as near to 0 and 1 as to make one stray article a wonder.
        share = min(max(hits / of, 0.03), 0.97)
        pearson = sum((hit - all_ * share) ** 2 / (all_ * share * (1 - share)) for hit, all_ in pairs)
        dispersion = max(pearson / (len(pairs) - 1), least) * (1 + _FEW_SHARES / len(pairs))
    return Share(hits=hits, of=of, dispersion=dispersion)


def has_fallen(past: Share, recent: Share) -> bool:
    """Whether the recent share is so low that the past's, at its least likely, does not explain it."""
    low, _ = wilson(past.hits, past.of)
    weight = min(past.dispersion, recent.of)
    # A share that is pulled about by whole batches of pages has fewer independent ones.
    return binomial_tail(round(recent.hits / weight), max(round(recent.of / weight), 1), low) < ALPHA


def has_risen(past: Share, recent: Share) -> bool:
    """Whether the recent share is so high that the past's does not explain it."""
    turned = [
        Share(hits=share.of - share.hits, of=share.of, dispersion=share.dispersion)
        for share in (past, recent)
    ]
    return has_fallen(turned[0], turned[1])


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The bounds within which the true share lies, 19 times of 20."""
    if not of:
        return 0.0, 1.0
    share, z2 = hits / of, _WILSON_Z**2
    middle = share + z2 / (2 * of)
    width = _WILSON_Z * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    scale = 1 + z2 / of
    return max((middle - width) / scale, 0.0), min((middle + width) / scale, 1.0)


def binomial_tail(hits: int, of: int, share: float) -> float:
    """The chance of at most so many hits.

    >>> round(binomial_tail(0, 6, 0.9), 7), binomial_tail(6, 6, 0.9)
    (1e-06, 1.0)
    """
    if share <= 0.0 or hits >= of:
        return 1.0
    if share >= 1.0:
        return 0.0
    logs = (
        math.lgamma(of + 1)
        - math.lgamma(count + 1)
        - math.lgamma(of - count + 1)
        + count * math.log(share)
        + (of - count) * math.log1p(-share)
        for count in range(hits + 1)
    )
    return min(sum(math.exp(log) for log in logs), 1.0)


def find_shift(
    past: Sequence[tuple[float, int]], recent: Sequence[tuple[float, int]], *, least_spread: float
) -> tuple[float, float, float]:
    """How many usual deviations the recent value lies from the past's, with its sign; then the past's and the recent value.

    Each record is a value and the number of articles that it is the middle of; `least_spread` is what one article's
    value strays by at least. Both sides are not empty.
    """
    usual = median(value for value, _ in past)
    now = sum(value * count for value, count in recent) / sum(count for _, count in recent)
    strays = [abs(value - usual) * math.sqrt(min(count, _MOST_COUNTED)) for value, count in past]
    # 1.4826: of the normal distribution, from the median deviation to the standard one. The larger of the two: the median
    # of few is too small now and then, which was half of all false alarms.
    spread = max(1.4826 * median(strays), math.sqrt(sum(stray * stray for stray in strays) / len(strays)))
    spread = max(spread * math.sqrt(1 + _FEW_RECORDS / len(past)), least_spread)
    weight = math.sqrt(min(sum(count for _, count in recent), _MOST_COUNTED))
    return (now - usual) * weight / spread, usual, now
