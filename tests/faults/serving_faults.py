"""A rig that ends a running service, or takes its Redis or its store away, again and again while it crawls."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import random
import signal
import threading
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from pipelines.verify import verify
from tests.crawler.service.conftest import TOKEN, Running
from tests.faults.crawls import _Server, _Site
from tests.faults.figures import Figures, read_rows
from tests.faults.proxy import Proxy, is_http_request
from tests.faults.redis_losses import _alive_server
from tests.s3_server import environ, serve_bucket

PAGES_A_ROUND = 12
TOLD_SECONDS = 10.0
"""Health tells the truth within them."""
END_SECONDS = 30.0
BACK_SECONDS = 90


def break_services(folder, *, times):
    """SIGTERM, SIGKILL, Redis stopped and killed, and the folder of the data gone, each so often."""
    breaks = {
        "SIGTERM": _terminate,
        "SIGKILL": _kill,
        "Redis gone": _lose_redis,
        "store gone": _lose_folder,
    }
    with _Rig(Path(folder), Path(folder) / "data") as rig:
        return rig.run("serve broken", breaks, times)


def lose_bucket(folder, *, times):
    """The S3 server of the data cuts every connection, so often."""
    with serve_bucket() as bucket, _gate(bucket.endpoint) as gate:
        keys = environ(f"http://127.0.0.1:{gate.port}")
        with _Rig(Path(folder), f"{bucket.url}/data", bucket=bucket, environ=keys) as rig:
            rig.gate = gate
            return rig.run("serve without its S3 store", {"S3 gone": _lose_bucket}, times)


class _Rig:
    """A site that grows, and a service that crawls it."""

    def __init__(self, folder, data, *, bucket=None, environ=None):
        self.data, self.bucket, self.environ = data, bucket, environ or {}
        self.folder = folder
        self.state = folder / "state" if bucket else Path(data) / ".state"
        self.seeds = folder / "seeds"
        self.problems, self.told_seconds, self.end_seconds, self.back_seconds = [], [], [], []
        self.chance = random.Random(1)

    def __enter__(self):
        self.server = _Server(("127.0.0.1", 0), _Site)
        self.server.pages, self.server.asked = 0, Counter()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}"
        keys = {"id": "paper", "name": "Paper", "language": "en", "home": f"{self.base}/"}
        keys |= {
            "sitemaps": [f"{self.base}/sitemap.xml"],
            "min_interval_minutes": 1,
            "max_interval_minutes": 1,
        }
        lines = [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
        self.seeds.mkdir()
        (self.seeds / "paper.toml").write_text("\n".join([*lines, "delay_seconds = 0.0", ""]))
        self.start()
        return self

    def __exit__(self, *_):
        self.service.end(signal.SIGKILL)
        self.server.shutdown()
        self.server.server_close()

    def start(self):
        options = ["--seeds", str(self.seeds), "--allow-address", "127.0.0.1/32"]
        if self.bucket:
            options += ["--state", str(self.state)]
        self.service = Running(self.data, *options, **self.environ)

    def run(self, test, breaks, times):
        for _ in range(times):
            for break_it in breaks.values():
                self.grow()
                break_it(self)
                since = time.monotonic()
                self.await_all()
                self.back_seconds.append(time.monotonic() - since)
        code, seconds, said = self.service.end()
        self.note_end(code, seconds, said)
        found = Figures(test=test, problems=self.problems)
        self.count(found)
        found.told = {
            **dict.fromkeys(breaks, times),
            "pages": self.server.pages,
            "longest until told, s": _most(self.told_seconds),
            "longest end, s": _most(self.end_seconds),
            "longest until all was published, s": _most(self.back_seconds),
        }
        return found

    def grow(self):
        """More pages, and a visit; back when some of them were asked for."""
        self.server.pages += PAGES_A_ROUND
        self.visit()
        asked, some = len(self.server.asked), self.chance.randint(1, PAGES_A_ROUND - 1)
        self.service.await_that(lambda: len(self.server.asked) >= asked + some, seconds=BACK_SECONDS)

    def visit(self):
        """Ask for a visit until the service takes it."""
        self.service.await_that(
            lambda: self.service.ask("POST", "/api/sites/paper/visit", token=TOKEN).status == 202,
            seconds=BACK_SECONDS,
        )

    def await_all(self):
        """Wait until each page has its row."""
        self.visit()
        wanted = {f"{self.base}/news/{number}" for number in range(self.server.pages)}
        self.service.await_that(
            lambda: wanted <= {row["url"] for row in self.rows()}, seconds=BACK_SECONDS, every=0.5
        )

    def await_health(self, name, status, seconds):
        since = time.monotonic()
        self.service.await_that(lambda: self.service.component(name) == status, seconds=seconds)
        return time.monotonic() - since

    def note_end(self, code, seconds, said):
        self.end_seconds.append(seconds)
        if code != 0 or seconds > END_SECONDS or "Traceback" in said:
            self.problems.append(f"SIGTERM: exit code {code} after {seconds:.1f} s: {said[-300:]}")

    def rows(self):
        """All rows by the log, read by other means than the service's."""
        return list(read_rows(self.data) if self.bucket is None else _read_bucket(self.bucket))

    def count(self, found):
        counts = Counter(row["url"] for row in self.rows() if row["outcome"] == "article")
        urls = [f"{self.base}/news/{number}" for number in range(self.server.pages)]
        found.lost = sum(not counts[url] for url in urls)
        found.double = counts.total() - len(counts)
        os.environ |= self.environ
        proof = asyncio.run(verify(str(self.data)))
        found.problems += [*proof.problems, *proof.foreign]


def _most(seconds):
    return round(max(seconds, default=0.0), 1)


def _terminate(rig):
    rig.note_end(*rig.service.end())
    rig.start()


def _kill(rig):
    rig.service.end(signal.SIGKILL)
    rig.start()


def _lose_redis(rig):
    """Stopped first: the embedded one would be alive again before anybody could look."""
    server = _alive_server(rig.data)
    os.kill(server, signal.SIGSTOP)
    rig.told_seconds.append(rig.await_health("redis", "down", TOLD_SECONDS))
    os.kill(server, signal.SIGKILL)
    rig.await_health("redis", "ok", BACK_SECONDS)


def _lose_folder(rig):
    """The folder is moved away, and an empty one stands in its place, as where a disk is no longer mounted."""
    away, empty = (rig.folder / f"{name}-{len(rig.told_seconds)}" for name in ("away", "empty"))
    rig.data.rename(away)
    rig.data.mkdir()
    rig.state.symlink_to(away / ".state")
    rig.told_seconds.append(rig.await_health("store", "down", TOLD_SECONDS))
    rig.data.rename(empty)
    away.rename(rig.data)
    begun = [str(path) for path in empty.iterdir() if path.name != ".state"]
    if begun:
        rig.problems.append(f"store gone: {begun} were begun in the empty folder")
    rig.await_health("store", "ok", BACK_SECONDS)


def _lose_bucket(rig):
    rig.gate.is_open = False
    rig.told_seconds.append(rig.await_health("store", "down", TOLD_SECONDS))
    time.sleep(rig.chance.uniform(0, 3))
    rig.gate.is_open = True
    rig.await_health("store", "ok", BACK_SECONDS)


def _read_bucket(bucket):
    def read(key):
        return bucket.client.get_object(Bucket=bucket.name, Key=key)["Body"].read()

    pages = bucket.client.get_paginator("list_objects_v2").paginate(Bucket=bucket.name, Prefix="data/log/")
    for name in sorted(one["Key"] for page in pages for one in page.get("Contents", ())):
        entry = json.loads(read(name))
        for part in entry["adds"] if entry["kind"] == "commit" else ():
            yield from map(json.loads, gzip.decompress(read(f"data/{part['path']}")).splitlines())


class _Gate:
    """Before the S3 server: cuts what comes while it is closed."""

    is_open = True
    port = 0


@contextmanager
def _gate(endpoint):
    server = urlsplit(endpoint)
    gate, loop, stop = _Gate(), asyncio.new_event_loop(), asyncio.Event()
    ready = threading.Event()

    def judge(data):
        if gate.is_open:
            return "pass" if is_http_request(data) else None
        return "cut"

    async def serve():
        async with Proxy(judge).serve(lambda: asyncio.open_connection(server.hostname, server.port)) as proxy:
            gate.port = proxy.port
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    ready.wait()
    try:
        yield gate
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
