"""A rig that crawls many growing sites with workers that are killed, and counts by the log and by what the sites were asked."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from crawler.crawl import CrawlOptions, run_crawl
from crawler.settings import read_environment
from pipelines.verify import verify
from tests.faults.figures import Figures, read_rows
from tests.faults.kills import _files
from tests.faults.news_sites import SLOW_SECONDS, Plan, kind_of, path_of, shown

ROOT = Path(__file__).parents[2]
NETWORK = "127.0.1.0/24"
POLL_SECONDS = 60
"""The shortest interval that a seed may ask for."""
LEASE_SECONDS = 3
PAUSE_SECONDS = 3.0
"""From a crawl's end to the next one's start; where nothing is due, a crawl is over at once."""
BUSY_SECONDS = 1.0
"""What a worker is left at most, once it is seen to be at a site, before it is killed."""
GRACE_SECONDS = 15.0
"""How long a kill waits for something to be published since the last one: where starts are slow, nothing ever would be."""
STRICT = 0.95
"""How much of a delay must lie between two requests: arrivals are measured, and stray from their sending."""


def soak_news(folder, *, sites, pages, seconds, workers, kill_every):
    """Crawl while the pages appear and a worker is killed every few seconds; then let one crawl finish.

    Every other crawl keeps to the agenda, the others visit what no other has, so that there is always something to kill.
    """
    found = Figures(test="growing sites, workers killed")
    with _Sites(folder, sites=sites, pages=pages, seconds=0.9 * seconds) as server:
        crew = _Crew(server, workers)
        killed = crew.work(seconds, kill_every=kill_every)
        last = crew.finish()
        rolled = sum(len(report["listings_rolled_over"]) for report in crew.reports())
        requests = server.requests()
        plan, base = server.plan, server.base
    found.problems += crew.problems + last
    unseen = _find_unseen(requests, plan)
    urls = _count_rows(found, server.data, plan, base, unseen=unseen)
    told = judge_requests(requests, plan.delays())
    found.problems += told.pop("breaches")
    asked = Counter(f"http://{one['host']}:{base}{one['path']}" for one in requests)
    repeated = sum(asked[url] - 1 for url in urls if asked[url])
    found.told = {
        "kills": killed,
        "sites": sites,
        "articles": len(urls),
        **told,
        "fetched again a kill": round(repeated / max(killed, 1), 1),
        "median seconds from announced to asked": _find_lag(requests, plan),
        "feeds seen to roll over": rolled,
        "articles never announced to anybody": len(unseen),
    }
    return found


def rest_sites(folder, *, sites, pages, polls, seconds=0, workers=4):
    """Crawl all there is; then, with nothing new, let workers follow the agenda for so long, and poll all so often."""
    found = Figures(test="quiet sites")
    with _Sites(folder, sites=sites, pages=pages, seconds=0.0) as server:
        _poll_all(server)
        urls = _count_rows(found, server.data, server.plan, server.base)
        hashes = {(one["host"], one["path"]): one["hash"] for one in server.requests()}
        before = len(server.requests())
        if seconds:
            crew = _Crew(server, workers)
            crew.now = lambda _: False
            crew.work(seconds, kill_every=None)
            found.problems += crew.problems
        by_agenda = server.requests()[before:]
        most, most_by_agenda = 0, max(_count_sources(by_agenda).values(), default=0)
        for _ in range(polls):
            since = len(server.requests())
            _poll_all(server)
            most = max(most, *_count_sources(server.requests()[since:]).values())
        requests, delays = server.requests(), server.plan.delays()
    quiet = requests[before:]
    others = [one["path"] for one in quiet if not _is_listing(one)]
    found.problems += [f"{path} was asked for" for path in others]
    found.problems += [
        f"{one['path']} was answered anew"
        for one in quiet
        if one["status"] != 304 and one["hash"] != hashes[one["host"], one["path"]]
    ]
    if most > 1 or most_by_agenda > seconds // POLL_SECONDS + 1:
        found.problems.append(f"a source was asked {most} times in a poll, {most_by_agenda} by the agenda")
    told = judge_requests(requests, delays)
    found.problems += told.pop("breaches")
    found.told = {
        "articles before": len(urls),
        "polls": polls,
        "sources": len(_count_sources(quiet)),
        "requests": len(quiet),
        "answered 304": sum(one["status"] == 304 for one in quiet),
        "the same by hash": sum(one["status"] == 200 for one in quiet),
        "most of a source in a poll": most,
        f"most of a source in {seconds} s of the agenda, {workers} workers": most_by_agenda,
        "article requests": len(others),
    }
    return found


def _poll_all(server):
    environment = replace(read_environment({}), clean_workers=1, lease_seconds=LEASE_SECONDS)
    run_crawl(
        CrawlOptions(
            seeds=(server.seeds,),
            data=str(server.data),
            allow_addresses=(NETWORK,),
            now=True,
            environment=environment,
        )
    )


def judge_requests(requests, delays):
    """Hold what the sites were asked to their delays: the smallest gap by its share of the delay, and what is under way at once."""
    breaches, shares, most = [], [], 0
    hosts = defaultdict(list)
    for one in requests:
        hosts[one["host"]].append((one["arrived"], one["ended"], one["path"]))
    for host, times in hosts.items():
        times.sort()
        if not (delay := delays[host]):
            continue
        for (at, ended, path), (after, _, next_path) in itertools.pairwise(times):
            shares.append((after - at) / delay)
            if shares[-1] < STRICT:
                breaches.append(f"{host}: {next_path} came {after - at:.3f} s after {path}, delay {delay} s")
            if after < ended:
                breaches.append(f"{host}: {next_path} came while {path} was under way")
        steps = sorted([(at, 1) for at, _, _ in times] + [(ended, -1) for _, ended, _ in times])
        most = max(most, *itertools.accumulate(step for _, step in steps))
    smallest = round(min(shares), 3) if shares else None
    return {
        "requests": len(requests),
        "smallest gap by its delay": smallest,
        "under way at once": most,
        "breaches": breaches,
    }


def _find_unseen(requests, plan):
    """Find the pages that no answer named: a site that keeps its newest only had dropped them before it was asked."""
    dropping = {site for site in range(plan.sites) if kind_of(site) in {"rss rolling", "section"}}
    unseen = {(site, number) for site in dropping for number in range(plan.pages_a_site)}
    for one in requests:
        if _is_listing(one) and one["status"] and (site := int(one["path"].split("/")[1])) in dropping:
            unseen -= {(site, number) for number in shown(plan, site, one["arrived"])}
    return unseen


def _count_rows(found, data, plan, base, unseen=frozenset()):
    """Count articles without a row, and rows too many; gives the articles' addresses."""
    urls = [
        f"http://{plan.host(site)}:{base}{path_of(site, number)}"
        for site in range(plan.sites)
        for number in range(plan.pages_a_site)
        if (site, number) not in unseen
    ]
    rows = list(read_rows(data))
    counts = Counter(row["url"] for row in rows if row["outcome"] == "article")
    found.lost += sum(not counts[url] for url in urls)
    found.double += sum(count - 1 for count in counts.values())
    found.problems += [
        f"{row['url']} ended as {row['outcome']}" for row in rows if row["outcome"] != "article"
    ]
    found.problems += [f"{url} is no article" for url in counts.keys() - set(urls)]
    proof = asyncio.run(verify(str(data)))
    found.problems += [*proof.problems, *proof.foreign]
    return urls


def _find_lag(requests, plan):
    listed = {
        (plan.host(site), path_of(site, number)): plan.listed_at(site, number)
        for site in range(plan.sites)
        for number in range(plan.pages_a_site)
    }
    first = {}
    for one in requests:
        first.setdefault((one["host"], one["path"]), one["arrived"])
    return round(statistics.median(first[page] - at for page, at in listed.items() if page in first), 1)


def _find_files(pid):
    """What a process has open; nothing once it has ended."""
    found = set()
    with suppress(FileNotFoundError):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                found.add(str(descriptor.readlink()))
    return found


def _is_listing(one):
    return "case-" not in one["path"] and one["path"][1].isdigit()


def _count_sources(requests):
    return Counter(f"{one['host']}{one['path']}" for one in requests)


class _Sites:
    """The sites' process, their seeds, and a folder to crawl into."""

    def __init__(self, folder, *, sites, pages, seconds):
        self.folder = Path(folder)
        self.seeds, self.data = self.folder / "seeds", self.folder / "data"
        self._settings = {"sites": sites, "pages": pages, "seconds": seconds}

    def __enter__(self):
        self.plan = Plan(**self._settings)
        plan, self._log = self.folder / "plan.json", self.folder / "requests.jsonl"
        plan.write_text(json.dumps(self._settings))
        command = [sys.executable, "-m", "tests.faults.news_sites", str(plan), str(self._log)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        port, begin = self._process.stdout.readline().split()
        self.base, self.plan.begin = int(port), float(begin)
        self.seeds.mkdir()
        for site in range(self.plan.sites):
            self._write_seed(site)
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.communicate()

    def requests(self):
        """All that the sites were asked until now, and have answered."""
        # What is asked right now is answered by then.
        time.sleep(SLOW_SECONDS + 0.1)
        return [json.loads(line) for line in self._log.read_text().splitlines()]

    def _write_seed(self, site):
        home = f"http://{self.plan.host(site)}:{self.base}"
        keys = {
            "id": f"paper-{site:02}",
            "name": f"Paper {site}, {kind_of(site)}",
            "language": "en",
            "home": f"{home}/",
            "delay_seconds": self.plan.seed_delay(site),
            "min_interval_minutes": POLL_SECONDS / 60,
            "max_interval_minutes": POLL_SECONDS / 60,
            **{key: [home + path for path in paths] for key, paths in self.plan.sources(site).items()},
        }
        lines = [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
        (self.seeds / f"{keys['id']}.toml").write_text("\n".join([*lines, ""]))


class _Crew:
    """Workers that crawl again and again on one folder."""

    def __init__(self, sites, workers):
        self.now = lambda number: number % 2
        self.problems = []
        self._sites, self._workers = sites, workers
        self._numbers = itertools.count()
        self._folder = sites.folder / "crawls"
        self._folder.mkdir()

    def work(self, seconds, *, kill_every):
        """Keep the workers at it for so long, and kill a busy one every so many seconds; None: none. Gives the kills."""
        chance, killed = random.Random(1), 0
        end = time.monotonic() + seconds
        next_kill = time.monotonic() + kill_every if kill_every else end
        files, crawls, starts = 0, {}, dict.fromkeys(range(self._workers), 0.0)
        try:
            # Where starts are slow, until one was killed at least.
            while (moment := time.monotonic()) < (end if killed or not kill_every else end + 60):
                for place in [place for place, at in starts.items() if at <= moment]:
                    crawls[place] = self._start()
                    del starts[place]
                is_time = moment >= next_kill and (
                    _files(self._sites.data) > files or moment >= next_kill + GRACE_SECONDS
                )
                busy = self._find_busy(crawls) if is_time else []
                if busy:
                    victim = chance.choice(busy)
                    time.sleep(chance.uniform(0, BUSY_SECONDS))
                    files = _files(self._sites.data)
                    crawls[victim].kill()
                    killed += crawls.pop(victim).wait() < 0
                    starts[victim] = moment
                    next_kill = moment + kill_every * chance.uniform(0.7, 1.3)
                for place in [place for place, crawl in crawls.items() if crawl.poll() is not None]:
                    self._note_end(crawls.pop(place))
                    starts[place] = moment + PAUSE_SECONDS
                time.sleep(0.05)
            for crawl in crawls.values():
                crawl.terminate()
            for crawl in crawls.values():
                crawl.wait(120)
                # Interrupted, while it crawled or before.
                self._note_end(crawl, may_be={0, 130, -signal.SIGINT, -signal.SIGTERM})
        finally:
            for crawl in crawls.values():
                crawl.kill()
                crawl.wait()
        return killed

    def _find_busy(self, crawls):
        """Find the places of the workers that talk to a site: to kill others, which only start or look, shows little."""
        lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        port = f":{self._sites.base:04X}"
        sockets = {f"socket:[{line[9]}]" for line in lines if line[2].endswith(port) and line[3] == "01"}
        return [place for place in sorted(crawls) if sockets & _find_files(crawls[place].pid)]

    def finish(self):
        """Crawl all sites once, unharmed; gives what was wrong with that."""
        was_now, self.now = self.now, lambda _: True
        crawl, self.now = self._start(), was_now
        crawl.wait(600)
        problems, self.problems = self.problems, []
        self._note_end(crawl)
        own, self.problems = self.problems, problems
        return own

    def reports(self):
        """What the crawls said that came to their end."""
        return [json.loads(file.read_text()) for file in self._folder.glob("*.json")]

    def _start(self):
        number = next(self._numbers)
        name = self._folder / f"{number:04}"
        command = [sys.executable, "-m", "crawler", "crawl", "--seeds", str(self._sites.seeds)]
        command += ["--data", str(self._sites.data), "--report", f"{name}.json"]
        command += ["--allow-address", NETWORK, *(["--now"] if self.now(number) else [])]
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "BROADSHEET_LEASE_SECONDS": str(LEASE_SECONDS),
            "BROADSHEET_BATCH_AGE_SECONDS": "0.5",
            "BROADSHEET_CLEAN_WORKERS": "1",
        }

        with Path(f"{name}.log").open("w") as log:
            crawl = subprocess.Popen(
                command,
                env=environment,
                cwd=self._sites.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        crawl.log_file = Path(f"{name}.log")
        return crawl

    def _note_end(self, crawl, *, may_be=frozenset({0})):
        if crawl.returncode not in may_be:
            said = crawl.log_file.read_text()[-500:]
            self.problems.append(f"a crawl ended with {crawl.returncode}: {said}")
