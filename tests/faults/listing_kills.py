"""A rig that kills crawls between a feed's answer and its articles, and looks what the next pass makes of it."""

from __future__ import annotations

import hashlib
import json
import random
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from tests.faults.crawls import _page, _Server, _start, _wait
from tests.faults.figures import Figures, read_rows

NEW_A_ROUND, IN_THE_FEED = 5, 8

VALIDATORS_FIRST = """
import asyncio, pathlib
from pipelines.pending import Pending
save = Pending.save_listing
async def save_in_turns(self, site, listing, validators, links):
    await save(self, site, listing, validators, [])
    pathlib.Path("saved").touch()
    await asyncio.sleep(60)
    return await save(self, site, listing, validators, links)
Pending.save_listing = save_in_turns
from crawler.cli import main
main()
"""
"""A crawl without the guard: a listing's validators stand in Redis before its links do."""


class _Site(BaseHTTPRequestHandler):
    """A feed of the newest pages, which says 304 to whom knows its ETag."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        server = self.server
        base = f"http://127.0.0.1:{server.server_address[1]}"
        status, headers, body = 200, {"Content-Type": "text/html; charset=utf-8"}, b""
        if self.path == "/feed.xml":
            newest = range(max(server.pages - IN_THE_FEED, 0), server.pages)
            items = "".join(f"<item><link>{base}/news/{number}</link></item>" for number in newest)
            body = f"<rss version='2.0'><channel>{items}</channel></rss>".encode()
            etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            headers = {"Content-Type": "application/rss+xml", "ETag": etag}
            if self.headers.get("If-None-Match") == etag:
                status, body = 304, b""
                server.unchanged += 1
        elif self.path.startswith("/news/"):
            time.sleep(0.05)
            body = _page(int(self.path.rsplit("/", 1)[1]))
        else:
            status, body = 404, b"none"
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        if self.path == "/feed.xml":
            server.answered.set()

    def log_message(self, *_):
        pass


def kill_after_listings(folder, *, kills, program=None):
    """Kill a crawl up to half a second after its feed was answered, so often, and let the next pass finish each time.

    `program`: Python that crawls in place of the command, and is killed once it has made the file `saved`. Lost is what a feed has named and that pass has not brought.
    """
    data, seeds = Path(folder) / "crawl", Path(folder) / "seeds"
    seeds.mkdir()
    server = _Server(("127.0.0.1", 0), _Site)
    server.pages, server.unchanged, server.answered = 0, 0, threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_address[1]}"
    keys = {
        "id": "paper",
        "name": "Paper",
        "language": "en",
        "home": f"{base}/",
        "feeds": [f"{base}/feed.xml"],
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
    (seeds / "paper.toml").write_text("\n".join([*lines, "delay_seconds = 0.0", ""]))
    found = Figures(test="kill -9 between a feed's answer and its articles")
    chance, owed, killed = random.Random(1), 0, 0
    try:
        for _ in range(kills):
            server.pages += NEW_A_ROUND
            server.answered.clear()
            crawl = _start(seeds, data, program=program)
            server.answered.wait(60)
            if program is None:
                time.sleep(chance.uniform(0, 0.5))
            else:
                _wait((seeds / "saved").exists)
            crawl.kill()
            crawl.communicate()
            killed += crawl.returncode == -9
            owed += len(_missing(data, base, server.pages))
            last = _start(seeds, data)
            output, _ = last.communicate(timeout=120)
            if last.returncode != 0:
                found.problems.append(f"a crawl ended with {last.returncode}: {output[-300:]}")
        urls = [row["url"] for row in read_rows(data)]
        found.lost = len(_missing(data, base, server.pages))
        found.double = len(urls) - len(set(urls))
    finally:
        server.shutdown()
        server.server_close()
    found.told = {
        "kills": killed,
        "articles owed at a kill": round(owed / kills, 1),
        "answers of 304": server.unchanged,
    }
    return found


def _missing(data, base, pages):
    known = {row["url"] for row in read_rows(data)} if (data / "log").is_dir() else set()
    return [number for number in range(pages) if f"{base}/news/{number}" not in known]
