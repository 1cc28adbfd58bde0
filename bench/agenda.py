"""The agenda at 10,000 sites: memory a site, and the time of a lease and of a return.

python bench/agenda.py [--sites N]
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from crawler.agenda import Agenda
from crawler.discovery.found import SubSitemap
from crawler.polls import Answer, Polls
from crawler.round import ASKED_AT_ONCE
from crawler.seeds import Seed
from crawler.sources import MAX_CHILDREN, SiteState
from crawler.timing import Timing
from pipelines.ledger import Validators, open_ledger
from pipelines.store import open_redis


def make_seed(number: int) -> Seed:
    home = f"https://www.newspaper-number-{number}.example"
    return Seed(
        id=f"newspaper-number-{number}",
        name=f"Newspaper {number}",
        language="en",
        home=f"{home}/",
        feeds=tuple(f"{home}/rss/section/{section}/latest.xml" for section in ("world", "politics", "sport")),
        sitemaps=(f"{home}/sitemap-news.xml", f"{home}/sitemap-index.xml"),
    )


def make_state(timing: Timing, number: int, now: float) -> SiteState:
    """As after some polls; the index of every other site names as many sitemaps as are remembered."""
    state = SiteState()
    for _ in range(3):
        polls = Polls(timing, state, now=now, anytime=True)
        for _, url in polls.due():
            is_index = url.endswith("index.xml")
            answer = Answer(new=3, known=47, hint_seconds=1800, is_index=is_index, is_unchanged=is_index)
            polls.note_answer(url, url, answer)
            if is_index and number % 2:
                base = url.removesuffix("-index.xml")
                named = [SubSitemap(url=f"{base}-2026-{page:03}.xml") for page in range(MAX_CHILDREN)]
                for sitemap in polls.due_sitemaps(named):
                    polls.note_answer(url, sitemap.url, Answer(known=5000))
        polls.close()
        state = polls.state
    return state


async def measure(sites: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        async with (
            open_redis(None, data / "state") as redis,
            open_ledger(redis=redis, data=str(data), state=data / "state") as ledger,
        ):
            agenda = Agenda(redis, ledger)
            seeds = [make_seed(number) for number in range(sites)]
            timings = {seed.id: Timing.of(seed) for seed in seeds}
            await agenda.survey(timings)
            states = {
                seed.id: make_state(timings[seed.id], number, agenda.now())
                for number, seed in enumerate(seeds)
            }
            before = (await redis.info("memory"))["used_memory"]
            leases, returns = [], []
            for seed in seeds:
                since = time.perf_counter()
                await agenda.lease([seed.id], 1, anytime=False)
                between = time.perf_counter()
                await agenda.give_back(seed.id, due_at=agenda.now() - 1, state=states[seed.id])
                leases.append(between - since)
                returns.append(time.perf_counter() - between)
            taken = ((await redis.info("memory"))["used_memory"] - before) / sites
            print(
                f"{sites} sites of 5 listings; {taken:.0f} bytes a site, {len(states[seeds[1].id].packed())} packed at most"
            )
            _tell("lease of one site", leases)
            _tell("return of one site", returns)
            listed = [
                ledger.save_listing(
                    seed.id,
                    url,
                    Validators(
                        etag='"5f2c-61b"', last_modified="Mon, 02 Mar 2026 09:00:00 GMT", body_hash="0" * 16
                    ),
                    [],
                )
                for seed in seeds[:1000]
                for _, url in seed.listings
            ]
            before = (await redis.info("memory"))["used_memory"]
            for saving in listed:
                await saving
            with_validators = ((await redis.info("memory"))["used_memory"] - before) / min(1000, sites)
            print(f"validators of 5 listings: {with_validators:.0f} bytes a site")
            since = time.perf_counter()
            dues = await agenda.survey(timings)
            print(f"survey of all sites: {(time.perf_counter() - since) * 1000:.0f} ms")
            await redis.config_resetstat()
            for start in range(0, sites, ASKED_AT_ONCE):
                await agenda.lease(list(dues)[start : start + ASKED_AT_ONCE], 64, anytime=False)
            stats = await redis.info("commandstats")
            script = stats["cmdstat_evalsha"]
            print(
                f"lease of 64 of {ASKED_AT_ONCE} sites: {script['usec_per_call'] / 1000:.2f} ms of the server's time"
            )


def _tell(name: str, seconds: list[float]) -> None:
    ordered = sorted(seconds)
    median, late = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
    print(f"{name}: median {median * 1000:.2f} ms, 99 of 100 within {late * 1000:.2f} ms, round trip")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sites", type=int, default=10_000)
    asyncio.run(measure(parser.parse_args().sites))
