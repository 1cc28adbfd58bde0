"""Sites as they are watched, made by chance: healthy ones with their nights, Sundays and bad hours, and ones that break.

    python tests/crawler/watch/simulated.py [SITES]

prints how many alerts so many healthy sites give in 200 passes, and how soon each way to break is noticed.
"""

from __future__ import annotations

import math
import random
import sys
from collections import Counter
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[3]))

from crawler.verdicts import add_signs, judge
from crawler.watch.alerts import SiteMemory, note_visit, read_memory
from crawler.watch.visits import FIELDS, Sample, Visit

HOUR = 3600
SAMPLES = {
    name: [Sample(f"https://site.example/{name.replace(' ', '-')}", "ab" * 16)]
    for name in (
        "short",
        "long",
        "any",
        "leftovers",
        "removals",
        "listings",
        *(f"no {one}" for one in FIELDS),
    )
}
BREAKS = {
    "template": {"text", "fields", "errors"},
    "paywall": {"verdict", "errors", "text"},
    "empty_feed": {"yield"},
    "block_page": {"verdict", "errors"},
    "block_page_200": {"errors"},
    "doubled": {"artifacts"},
    "leftovers": {"artifacts"},
    "dead": {"verdict", "errors"},
    "robots": {"verdict", "errors"},
}


class SimulatedSite:
    """One site: how much it publishes, in what form, and what goes wrong on a usual day."""

    def __init__(self, seed, *, busy=False):
        self.chance = random.Random(seed)
        pick = self.chance
        self.step = pick.choice([0.5, 1, 2, 4, 8]) * HOUR
        self.per_day = math.exp(pick.uniform(math.log(4), math.log(200)))
        if busy:
            # At least five articles a pass, by day and night.
            self.per_day = max(self.per_day, 12 * 24 * HOUR / self.step)
        self.night, self.sunday = pick.uniform(0.02, 0.3), pick.uniform(0.15, 0.9)
        if busy:
            self.night = self.sunday = 0.8
        self.coverage = [
            pick.uniform(0.97, 1),
            pick.choice([0, 0.4, 0.8, 0.97]),
            pick.choice([0.9, 1.0]),
            1.0,
            pick.uniform(0.5, 1),
        ]
        self.agency = pick.choice([0, 0, 0.1, 0.3])
        self.chars, self.spread = pick.uniform(900, 6000), pick.uniform(0.3, 0.9)
        self.removals, self.gallery = pick.uniform(0, 12), pick.uniform(0, 0.1)
        self.removed_share = pick.uniform(0.02, 0.4)
        self.bad = {
            "too_short": pick.uniform(0, 0.15),
            "hub": pick.uniform(0, 0.1),
            "http_404": pick.uniform(0, 0.02),
        }
        self.bad["paywall_teaser"] = pick.choice([0, 0, 0.1, 0.4, 0.7])
        self.outage = pick.uniform(0, 0.004)
        self.doubled = pick.choice([0, 0.01, 0.05])
        self.listed = pick.randint(10, 200)
        self.at = 1_770_000_000 + pick.randint(0, 7 * 86_400)
        self.last_news = self.at
        self.memory, self.signs, self.verdict = SiteMemory(), {}, ""
        self.passes = 0
        self.was_out = False
        self.size = 0
        """The largest that its memory was, in bytes."""

    def visit(self, broken=None):
        """One pass; gives what it would be remembered as, and the messages."""
        pick = self.chance
        self.at += round(self.step * pick.uniform(0.7, 1.5))
        hour, weekday = self.at % 86_400 / HOUR, self.at // 86_400 % 7
        rate = (
            self.per_day
            * self.step
            / 86_400
            * (self.night if hour < 6 else 1.2)
            * (self.sunday if weekday in (2, 3) else 1)
        )
        new = _poisson(pick, rate * math.exp(pick.gauss(0, 0.4)))
        visit = Visit(
            at=self.at,
            answered=1,
            new=0 if not self.passes else new,
            links=round(self.listed * pick.uniform(0.8, 1)),
        )
        if not self.passes:
            new = self.listed
        # One pass long; an outage of two is what people want to know of.
        self.was_out = is_out = broken is None and not self.was_out and pick.random() < self.outage
        if broken == "dead" or is_out:
            visit.answered, visit.failed, visit.new, new = 0, 1, 0, 0
            self._look({"connect": 1})
        elif broken == "empty_feed":
            visit.links, visit.new, new = 0, 0, 0
        if visit.new:
            visit.gap, self.last_news = self.at - self.last_news, self.at
        self._read(visit, new, broken)
        if new and not is_out:
            self._look({"article": visit.articles, **visit.bad})
        visit.verdict = self.verdict
        messages = note_visit(self.memory, "site", visit, SAMPLES, self.taken)
        packed = self.memory.packed()
        self.size = max(self.size, len(packed))
        self.memory = read_memory(packed)
        self.passes += 1
        return messages

    def _look(self, signs):
        self.signs = add_signs(self.signs, {name: count for name, count in signs.items() if count})
        if (verdict := judge(self.signs, lives="connect" not in signs)) is not None:
            self.verdict = verdict.kind

    def _read(self, visit, new, broken):  # noqa: C901 -- one line a way to break
        pick = self.chance
        bad, lengths = Counter(), []
        self.taken = taken = []
        fields = [0] * len(FIELDS)
        coverage = self.coverage
        is_agency = pick.random() < self.agency
        if is_agency:
            coverage = [coverage[0], coverage[1] * 0.1, *coverage[2:]]
        tone = pick.gauss(0, 0.15)
        for _ in range(new):
            reason = next((name for name, share in self.bad.items() if pick.random() < share), None)
            if broken == "block_page":
                reason = "http_403"
            elif broken == "block_page_200":
                reason = "same_text"
            elif broken == "paywall":
                reason = "paywall_teaser"
            elif broken == "robots":
                reason = "robots"
            if reason is not None:
                bad[reason] += 1
                continue
            visit.articles += 1
            chars = self.chars * math.exp(pick.gauss(0, self.spread) + tone)
            removals = _poisson(pick, self.removals) + (
                pick.randint(5, 20) if pick.random() < self.gallery else 0
            )
            share = min(self.removed_share * math.exp(pick.gauss(0, 0.4)), 0.8)
            kept = list(coverage)
            if broken == "template":
                chars, kept[1], kept[2] = chars * 0.1, 0, 0
            if broken == "doubled":
                removals, share = 2 * removals + 3, min(2 * share, 0.9)
            lengths.append(chars)
            taken.append(removals)
            visit.chars_kept += round(chars)
            visit.chars_removed += round(chars * share / (1 - share))
            visit.leftovers += broken == "leftovers" or pick.random() < self.doubled
            for place, likely in enumerate(kept):
                fields[place] += pick.random() < likely
        visit.fields, visit.bad = fields, dict(bad)
        if lengths:
            visit.chars = round(sorted(lengths)[len(lengths) // 2])
            visit.removals = sorted(taken)[len(taken) // 2]
        visit.lags = sum(pick.random() < 0.9 for _ in range(min(visit.new, visit.articles)))
        visit.lag = round(self.step * math.exp(pick.gauss(-0.7, 0.6))) if visit.lags else 0


def _poisson(pick, mean):
    if mean > 50:
        return max(round(pick.gauss(mean, math.sqrt(mean))), 0)
    count, left = 0, math.exp(-mean)
    product = pick.random()
    while product > left:
        count += 1
        product *= pick.random()
    return count


def run_healthy(seed, passes=200):
    """The messages of a healthy site's passes, and the largest size of its memory."""
    site = SimulatedSite(seed)
    messages = []
    for _ in range(passes):
        messages += site.visit()
    return messages, site.size


def run_broken(seed, how, *, before=40, after=2, busy=True):
    """The alerts opened within so many passes after a site broke that was healthy before."""
    site = SimulatedSite(seed, busy=busy)
    # A site that was as bad before has not broken.
    site.bad["paywall_teaser"] = min(site.bad["paywall_teaser"], 0.1)
    site.removals = max(site.removals, 3)
    for _ in range(before):
        site.visit()
    return [message for _ in range(after) for message in site.visit(how)]


def main(sites):
    sizes, opened = [], Counter()
    for seed in range(sites):
        messages, size = run_healthy(seed)
        sizes.append(size)
        for message in messages:
            if message.event == "opened":
                opened[message.monitor] += 1
                print(seed, message.opened_at, message.monitor, message.evidence)  # noqa: T201 -- what it is for
    print(  # noqa: T201
        f"{sites} healthy sites, {200 * sites} passes: {opened.total()} alerts {dict(opened)}; {max(sizes)} bytes at most"
    )
    for how, right in BREAKS.items():
        for after in (2, 8):
            seen = Counter()
            for seed in range(100):
                messages = run_broken(seed, how, after=after)
                seen["right"] += any(message.monitor in right for message in messages)
                seen["other"] += any(message.monitor not in right for message in messages)
            print(  # noqa: T201
                f"{how}: of 100 sites, in {after} passes {seen['right']} with the right alert, {seen['other']} with another"
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
