"""Many news sites in one process on loopback, whose pages appear second by second, and a log of all that they are asked.

`python -m tests.faults.news_sites PLAN LOG` serves the plan in the JSON file, and says on standard output its port and when it began.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import socket
import struct
import sys
import time
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache
from pathlib import Path

from tests.faults.crawls import _page

ANSWER_SECONDS, SLOW_SECONDS = 0.05, 0.7
"""A site takes to answer; every sixth one longer than its delay is."""
KINDS = (
    "rss",
    "rss plain",
    "atom",
    "rss rolling",
    "json",
    "news",
    "news plain",
    "index",
    "section",
    "rss lossy",
)
"""What a site announces its pages by. Plain: without validators. Rolling: the newest of them only. Lossy: so few of
them that some were never seen in it, but there is a sitemap of all."""
SO_TIMESTAMPNS, TIMESPEC = 35, struct.Struct("qq")
"""Linux: with what is received comes the time at which it reached the machine."""
DELAYS = (0.5, 1.0, 0.0)
ASKED_DELAY = 1.5
"""By the robots.txt of two sites in ten."""
IN_A_CHILD = 25
ROLLING, LOSSY, HUB = 60, 10, 50

_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
_NEWS = "http://www.google.com/schemas/sitemap-news/0.9"
_LEAST_SHARED = 6


class Plan:
    """So many sites with so many pages in all, which appear one by one, site by site, from `begin` (monotonic) on."""

    def __init__(self, *, sites, pages, seconds):
        self.sites, self.pages, self.seconds = sites, pages, seconds
        self.begin = time.monotonic()
        self.pages_a_site = pages // sites
        self.wall = time.time() - time.monotonic()

    def listed_at(self, site, number):
        """When a page of a site is first announced, monotonic."""
        return self.begin + self.seconds * (number * self.sites + site) / self.pages

    def count(self, site, moment):
        """How many pages of a site are announced by then."""
        return sum(self.listed_at(site, number) <= moment for number in range(self.pages_a_site))

    def host(self, site):
        """The address of a site; of six sites and more the last two share one."""
        return f"127.0.1.{self._place(site) + 1}"

    def seed_delay(self, site):
        """What the seed says, in seconds."""
        return DELAYS[self._place(site) % len(DELAYS)]

    def asked_delay(self, site):
        """What robots.txt asks for, in seconds."""
        return ASKED_DELAY if self._place(site) % 10 in {3, 6} else 0.0

    def answer_seconds(self):
        """How long each host takes to answer."""
        return {
            self.host(site): ANSWER_SECONDS if self._place(site) % 6 else SLOW_SECONDS
            for site in range(self.sites)
        }

    def delays(self):
        """Between two requests, in seconds, by host."""
        return {
            self.host(site): max(self.seed_delay(site), self.asked_delay(site)) for site in range(self.sites)
        }

    def sources(self, site):
        """The listings that the seed names: key and paths."""
        match kind_of(site).split()[0]:
            case "news" | "index":
                return {"sitemaps": [f"/{site}/sitemap.xml"]}
            case "section":
                return {"sections": [f"/{site}/"]}
        beside = {"sitemaps": [f"/{site}/all.xml"]} if kind_of(site).endswith("lossy") else {}
        return {"feeds": [f"/{site}/feed"], **beside}

    def stamp(self, site, number):
        """When a page is announced, by the clock on the wall."""
        return datetime.fromtimestamp(int(self.listed_at(site, number) + self.wall), UTC)

    def _place(self, site):
        return site - 1 if self.sites >= _LEAST_SHARED and site == self.sites - 1 else site


def kind_of(site):
    """One of KINDS."""
    return KINDS[site % len(KINDS)]


@cache
def page_of(site, number):
    """A page, and its title."""
    body = _page(site * 1000 + number)
    return body, body.decode().split("<title>")[1].split("<")[0]


def path_of(site, number):
    """The address of a page, below its host."""
    return f"/{site}/{page_of(site, number)[1].lower().replace(' ', '-')}"


def shown(plan, site, moment):
    """Which pages a site's feed or hub names at a moment, the newest first."""
    limits = {"rss rolling": ROLLING, "rss lossy": LOSSY, "section": HUB}
    return range(plan.count(site, moment))[::-1][: limits.get(kind_of(site))]


def make_listing(plan, site, path, base, moment):
    """What a listing says at a moment: its type, its body, and when its newest page appeared; None: there is no such."""
    kind, numbers = kind_of(site), range(plan.count(site, moment))[::-1]
    newest = plan.stamp(site, numbers[0]) if numbers else None
    if path.endswith("feed"):
        return *_make_feed(plan, site, kind, base, shown(plan, site, moment)), newest
    if path == f"/{site}/" and kind == "section":
        return "text/html; charset=utf-8", _make_hub(site, shown(plan, site, moment)), newest
    if path.endswith("all.xml"):
        return "application/xml", _make_sitemap(plan, site, base, numbers, is_news=False), newest
    if child := re.search(r"/part-(\d+)\.xml$", path):
        first = int(child[1]) * IN_A_CHILD
        part = [number for number in numbers if first <= number < first + IN_A_CHILD]
        return "application/xml", _make_sitemap(plan, site, base, part, is_news=False), newest
    if path.endswith("sitemap.xml") and kind == "index":
        parts = range(len(numbers[::IN_A_CHILD]))
        lasts = (min((part + 1) * IN_A_CHILD, len(numbers)) - 1 for part in parts)
        entries = "".join(
            f"<sitemap><loc>{base}/{site}/part-{part}.xml</loc><lastmod>{plan.stamp(site, last).isoformat()}</lastmod></sitemap>"
            for part, last in zip(parts, lasts, strict=True)
        )
        return "application/xml", f'<sitemapindex xmlns="{_SITEMAP}">{entries}</sitemapindex>', newest
    if path.endswith("sitemap.xml"):
        return "application/xml", _make_sitemap(plan, site, base, numbers, is_news=True), newest
    return None


def _make_feed(plan, site, kind, base, numbers):
    pages = [
        (f"{base}{path_of(site, number)}", page_of(site, number)[1], plan.stamp(site, number))
        for number in numbers
    ]
    if kind == "json":
        items = [
            {"id": url, "url": url, "title": title, "date_published": at.isoformat()}
            for url, title, at in pages
        ]
        told = {"version": "https://jsonfeed.org/version/1.1", "title": "Paper", "items": items}
        return "application/feed+json", json.dumps(told)
    if kind == "atom":
        entries = "".join(
            f'<entry><id>{url}</id><title>{title}</title><link href="{url}"/><published>{at.isoformat()}</published></entry>'
            for url, title, at in pages
        )
        return (
            "application/atom+xml",
            f'<feed xmlns="http://www.w3.org/2005/Atom"><title>Paper</title>{entries}</feed>',
        )
    items = "".join(
        f"<item><title>{title}</title><link>{url}</link><guid>{url}</guid><pubDate>{format_datetime(at)}</pubDate></item>"
        for url, title, at in pages
    )
    return (
        "application/rss+xml",
        f'<rss version="2.0"><channel><title>Paper</title>{items}</channel></rss>',
    )


def _make_sitemap(plan, site, base, numbers, *, is_news):
    entries = []
    for number in numbers:
        at, title = plan.stamp(site, number).isoformat(), page_of(site, number)[1]
        said = (
            f"<n:news><n:publication_date>{at}</n:publication_date><n:title>{title}</n:title></n:news>"
            if is_news
            else f"<lastmod>{at}</lastmod>"
        )
        entries.append(f"<url><loc>{base}{path_of(site, number)}</loc>{said}</url>")
    return f'<urlset xmlns="{_SITEMAP}" xmlns:n="{_NEWS}">{"".join(entries)}</urlset>'


def _make_hub(site, numbers):
    teasers = "".join(
        f'<article><h2><a href="{path_of(site, number)}">{page_of(site, number)[1]}</a></h2>'
        f"<p>What was told of case {number} at the town hall, and what its neighbours say of it.</p></article>"
        for number in numbers
    )
    menu = '<nav><a href="/">Home</a> <a href="/about">About</a></nav>'
    return (
        f"<html lang='en'><head><title>Paper</title></head><body>{menu}<main>{teasers}</main></body></html>"
    )


class _Connection:
    """One client; each request stands in the log with when it came and when it ended: answered, or given up.

    The kernel says when it came, so that a busy machine, where this process waits for a core, does not blur a delay.
    """

    def __init__(self, plan, log, client):
        self.plan, self.log, self.client, self.received = plan, log, client, b""
        self.loop = asyncio.get_running_loop()
        self.host, port = client.getsockname()
        self.base = f"http://{self.host}:{port}"
        self.under_way = {}
        client.setblocking(False)
        self.loop.add_reader(client, self._read)

    def _read(self):
        try:
            data, notes, _, _ = self.client.recvmsg(65536, 256)
        except BlockingIOError:
            return
        except OSError:
            data, notes = b"", []
        if not data:
            self._close()
            return
        arrived = time.monotonic()
        for level, kind, packed in notes:
            if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
                seconds, nanoseconds = TIMESPEC.unpack(packed)
                arrived = seconds + nanoseconds / 1e9 - self.plan.wall
        self.received += data
        while b"\r\n\r\n" in self.received:
            head, _, self.received = self.received.partition(b"\r\n\r\n")
            wait = self.plan.answer_seconds()[self.host]
            timer = self.loop.call_later(wait, self._answer, head.decode(), arrived)
            self.under_way[arrived] = timer, head.decode().split(" ", 2)[1]

    def _close(self):
        self.loop.remove_reader(self.client)
        self.client.close()
        # Who is killed takes its connections along.
        for arrived, (timer, path) in self.under_way.items():
            timer.cancel()
            self._note(path, arrived, None, b"")
        self.under_way.clear()

    def _answer(self, head, arrived):
        path = head.split(" ", 2)[1]
        said = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:])
        status, headers, body = self._find(path, said, arrived)
        if status != 304:
            headers["Content-Length"] = len(body)
        lines = [f"HTTP/1.1 {status} -", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        del self.under_way[arrived]
        self._note(path, arrived, status, body)
        self._send("\r\n".join(lines).encode() + body)

    def _send(self, body):
        self.loop.remove_writer(self.client)
        try:
            sent = self.client.send(body)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._close()
            return
        if body[sent:]:
            self.loop.add_writer(self.client, self._send, body[sent:])

    def _note(self, path, arrived, status, body):
        entry = {"host": self.host, "path": path, "status": status, "arrived": arrived}
        entry |= {"ended": time.monotonic(), "hash": hashlib.sha256(body).hexdigest()[:16]}
        self.log.write(json.dumps(entry) + "\n")

    def _find(self, path, said, arrived):
        if not (found := re.match(r"/(\d+)/", path)):
            if path == "/robots.txt":
                delays = {self.plan.host(s): self.plan.asked_delay(s) for s in range(self.plan.sites)}
                text = f"User-agent: *\nCrawl-delay: {delays[self.host]}\nDisallow: /private\n"
                return 200, {"Content-Type": "text/plain"}, text.encode()
            return 404, {"Content-Type": "text/plain"}, b"none"
        site = int(found[1])
        if (number := re.search(r"/case-(\d+)-", path)) and (n := int(number[1]) - site * 1000) >= 0:
            return 200, {"Content-Type": "text/html; charset=utf-8"}, page_of(site, n)[0]
        listing = make_listing(self.plan, site, path, self.base, arrived)
        if listing is None:
            return 404, {"Content-Type": "text/plain"}, b"none"
        kind, text, newest = listing
        body = text.encode()
        headers = {"Content-Type": kind}
        is_same = False
        if kind_of(site) == "atom" and newest is not None:
            headers["Last-Modified"] = format_datetime(newest, usegmt=True)
            is_same = said.get("if-modified-since") == headers["Last-Modified"].lower()
        elif not kind_of(site).endswith("plain"):
            headers["ETag"] = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            is_same = said.get("if-none-match") == headers["ETag"]
        return (304, headers, b"") if is_same else (200, headers, body)


async def serve(plan, log):
    """Serve for ever, all hosts on one port."""
    for site in range(plan.sites):
        for number in range(plan.pages_a_site):
            page_of(site, number)
    loop, port = asyncio.get_running_loop(), 0
    for host in sorted({plan.host(site) for site in range(plan.sites)}):
        door = socket.create_server((host, port), backlog=256)
        door.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        port = door.getsockname()[1]
        loop.add_reader(door, lambda door=door: _Connection(plan, log, door.accept()[0]))
    plan.begin = time.monotonic()
    sys.stdout.write(f"{port} {plan.begin}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    settings = json.loads(Path(sys.argv[1]).read_text())
    with Path(sys.argv[2]).open("a", buffering=1) as lines:
        asyncio.run(serve(Plan(**settings), lines))
