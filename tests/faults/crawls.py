"""A rig that kills whole crawls: `python -m crawler crawl` against a site on loopback."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.faults.figures import Figures, read_rows
from tests.faults.kills import _files

ROOT = Path(__file__).parents[2]


class _Site(BaseHTTPRequestHandler):
    """Numbered pages, no two of which share a sentence, and a sitemap of them."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        base = f"http://127.0.0.1:{self.server.server_address[1]}"
        status, kind, body = 200, "text/html; charset=utf-8", b""
        if self.path == "/sitemap.xml":
            kind = "application/xml"
            locs = "".join(f"<url><loc>{base}/news/{n}</loc></url>" for n in range(self.server.pages))
            body = f"<urlset>{locs}</urlset>".encode()
        elif self.path.startswith("/news/"):
            time.sleep(0.02)
            self.server.asked[self.path] += 1
            body = _page(int(self.path.rsplit("/", 1)[1]))
        else:
            status, body = 404, b"none"
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Crawls that are killed leave broken connections behind."""


def _page(number):
    chance = random.Random(number)
    words = [
        f"{chance.choice('bcdfglmnprst')}{chance.choice('aeiou')}{chance.choice('bdklmnrst')}er"
        for _ in range(60)
    ]
    sentences = [
        f"The {' '.join(chance.choices(words, k=9))} of case {number} was told in part {n}."
        for n in range(16)
    ]
    text = "".join(f"<p>{' '.join(sentences[n : n + 4])}</p>" for n in range(0, 16, 4))
    title = f"Case {number} of the {words[0]} and the {words[1]}"
    page = f"<html lang='en'><head><title>{title}</title></head><body><article><h1>{title}</h1>{text}</article></body></html>"
    return page.encode()


def kill_crawls(folder, *, kills, pages=600):
    """Kill the command so often, every other time within 50 ms of a new file; then let it finish."""
    data, seeds = Path(folder) / "crawl", Path(folder) / "seeds"
    seeds.mkdir()
    server = _Server(("127.0.0.1", 0), _Site)
    server.pages, server.asked = pages, Counter()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_address[1]}"
    keys = {
        "id": "paper",
        "name": "Paper",
        "language": "en",
        "home": f"{base}/",
        "sitemaps": [f"{base}/sitemap.xml"],
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
    (seeds / "paper.toml").write_text("\n".join([*lines, "delay_seconds = 0.0", ""]))
    chance, killed = random.Random(1), 0
    while killed < kills:
        before = _files(data)
        process = _start(seeds, data)
        _wait(lambda count=before: _files(data) > count or process.poll() is not None)  # noqa: B023 - used at once
        if process.poll() is not None:
            break
        time.sleep(chance.uniform(0, 0.05) if killed % 2 else chance.uniform(0.05, 1.0))
        process.kill()
        process.wait()
        killed += 1
    last = _start(seeds, data)
    output, _ = last.communicate(timeout=300)
    server.shutdown()
    server.server_close()
    counts = Counter(row["url"] for row in read_rows(data))
    found = Figures(test="kill -9 of the command itself")
    found.lost = sum(not counts[f"{base}/news/{number}"] for number in range(pages))
    found.double = counts.total() - len(counts)
    if last.returncode != 0:
        found.problems.append(f"the last crawl ended with {last.returncode}: {output[-300:]}")
    repeated = sum(server.asked.values()) - pages
    found.told = {"kills": killed, "fetched again a kill": round(repeated / max(killed, 1), 1)}
    return found


def _start(seeds, data, *, program=None):
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "BROADSHEET_LEASE_SECONDS": "1",
        "BROADSHEET_BATCH_AGE_SECONDS": "0.2",
        "BROADSHEET_CLEAN_WORKERS": "1",
    }
    run = ["-c", program] if program else ["-m", "crawler"]
    command = [sys.executable, *run, "crawl", "--seeds", str(seeds), "--data", str(data), "--now"]
    return subprocess.Popen(
        [*command, "--allow-address", "127.0.0.1/32"],
        env=environment,
        cwd=seeds,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _wait(condition):
    deadline = time.monotonic() + 120
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the crawl publishes nothing")
        time.sleep(0.002)
