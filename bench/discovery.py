"""Discovery in figures: feedparser's feeds, a sitemap of 50,000 addresses, hubs of real articles, a list of a million lines."""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import io
import json
import resource
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import tracemalloc
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path
from typing import Self

from crawler.discovery.listings import find_in_chunks, find_links
from crawler.url_lists import _read_lines

HERE = Path(__file__).resolve().parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=HERE.parent.parent / "shared" / "bench")
    parser.add_argument("figures", nargs="*", choices=[*FIGURES, []], help="default: all")
    options = parser.parse_args()
    for name in options.figures or FIGURES:
        FIGURES[name](options)


def feeds(_options: argparse.Namespace) -> None:
    """Each of feedparser's test feeds: the slowest, in CPU seconds."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = f"feedparser=={version('feedparser')}"
        pip = [sys.executable, "-m", "pip", "--quiet", "download", "--no-deps", "--no-binary", ":all:"]
        subprocess.run([*pip, "--dest", folder, wanted], check=True)
        seconds = {}
        with tarfile.open(next(Path(folder).glob("*.tar.gz"))) as archive:
            for member in archive:
                if "/tests/" in member.name and member.name.endswith(".xml"):
                    body = archive.extractfile(member).read()  # type: ignore[union-attr]
                    started = time.thread_time()
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        find_links("feed", body, "https://feeds.example/feed")
                    seconds[member.name] = time.thread_time() - started
    slowest = max(seconds, key=lambda name: seconds[name])
    print(
        f"feeds: {len(seconds)} read, the slowest in {seconds[slowest]:.3f} s ({slowest.rpartition('/')[2]})"
    )


def large_feed(_options: argparse.Namespace) -> None:
    """Feeds of 100,000 items, whole and damaged."""
    item = "<item><title>Story {0}</title><link>https://g.example/a?n={0}{1}b=2</link></item>"
    for name, joint in (("whole", "&amp;"), ("damaged", "&")):
        items = "".join(item.format(number, joint) for number in range(100_000))
        body = f"<rss version='2.0'><channel>{items}</channel></rss>".encode()
        started = time.thread_time()
        count = len(find_links("feed", body, "https://g.example/feed").links)
        print(f"large feed, {name}: {count} links of 100,000 items in {time.thread_time() - started:.1f} s")


def sitemap(_options: argparse.Namespace) -> None:
    """A sitemap of 50,000 addresses: memory above idle, and the time to its first links and to its last."""
    entry = "<url><loc>https://gazette.example/2025/03/04/story-of-the-day-number-{0}</loc><lastmod>2025-03-04</lastmod></url>"
    entries = "".join(entry.format(number) for number in range(50_000))
    body = f"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>{entries}</urlset>".encode()
    for name, sent in (("plain", body), ("gzip", gzip.compress(body))):
        idle = _resident()
        most, count = idle, 0
        started = time.thread_time()
        first = 0.0
        for chunk in find_in_chunks("sitemap", sent, "https://gazette.example/sitemap.xml"):
            first = first or time.thread_time() - started
            count += len(chunk.links)
            most = max(most, _resident())
        took = time.thread_time() - started
        above = (most - idle) / 2**20
        print(
            f"sitemap, {name}: {count} links, first in {first:.2f} s, all in {took:.2f} s, {above:.0f} MB above idle"
        )


def sitemap_crawl(_options: argparse.Namespace) -> None:
    """A crawl of such a sitemap: from its answer to the first article's request, and the most memory above a small one's."""
    most = {}
    for count in (10, 50_000):
        lines = "".join(f"<url><loc>{{0}}/2025/03/04/story-{number}</loc></url>" for number in range(count))
        with _Site(f"<urlset>{lines}</urlset>") as site, tempfile.TemporaryDirectory() as folder:
            keys = {
                "id": "x",
                "name": "X",
                "language": "en",
                "home": f"{site.base}/",
                "sitemaps": [f"{site.base}/sitemap.xml"],
            }
            seed = Path(folder, "x.toml")
            seed.write_text(
                "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
                + "delay_seconds = 0\n"
            )
            command = [
                sys.executable,
                "-m",
                "crawler",
                "crawl",
                "--seeds",
                str(seed),
                "--data",
                f"{folder}/data",
            ]
            crawl = subprocess.Popen(
                [*command, "--allow-address", "127.0.0.0/8", "--limit", "20"], stdout=subprocess.DEVNULL
            )
            most[count] = 0
            while crawl.poll() is None:
                status = Path(f"/proc/{crawl.pid}/status").read_text()
                most[count] = max(
                    [most[count], *(int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line)]
                )
                time.sleep(0.05)
            waited = site.first_article - site.answered
    print(
        f"crawl of a 50,000-URL sitemap: first article asked for after {waited:.2f} s, {(most[50_000] - most[10]) / 1024:.0f} MB above a sitemap of 10"
    )


class _Site:
    """A site on loopback that has one sitemap, and notes when it was answered and when the first article was asked for."""

    def __init__(self, sitemap: str) -> None:
        site = self
        self.answered = self.first_article = 0.0

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                is_sitemap = self.path == "/sitemap.xml"
                if not is_sitemap and self.path.startswith("/2025"):
                    site.first_article = site.first_article or time.monotonic()
                body = sitemap.replace("{0}", site.base).encode() if is_sitemap else b"<html></html>"
                self.send_response(200 if is_sitemap or self.path.startswith("/2025") else 404)
                self.send_header("Content-Type", "application/xml" if is_sitemap else "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                if is_sitemap:
                    site.answered = time.monotonic()

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_args: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def hubs(options: argparse.Namespace) -> None:
    """Hubs of real addresses and titles: articles found, and what else was taken for one."""
    spec = importlib.util.spec_from_file_location("hubs", HERE.parent / "tests/crawler/discovery/hubs.py")
    made = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    spec.loader.exec_module(made)  # type: ignore[union-attr]
    for sets in (("zyte", "publishers"), ("segments", "wcxb")):
        articles = right = others = count = 0
        for hub in made.build_hubs(made.read_pages(options.shared, *sets)):
            found = {link.url for link in find_links("section", hub.html, f"{made.HOME}politics/").links}
            count += 1
            articles += len(hub.articles)
            right += len(hub.articles & found)
            others += len(found - hub.articles)
        share = others / (others + right)
        print(
            f"hubs of {' and '.join(sets)}: {count}, {right / articles:.1%} of articles, {share:.1%} others"
        )


def url_list(_options: argparse.Namespace) -> None:
    """A list of a million lines, read: the most that Python holds of it."""
    text = b"".join(b"https://gazette.example/2025/03/04/story-%d\n" % number for number in range(1_000_000))
    source = io.BytesIO(text)
    tracemalloc.start()
    count = sum(1 for _ in _read_lines(source, Path("-")))
    most = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    print(f"list: {count} lines, at most {most:.1f} MB")


def _resident() -> int:
    with Path("/proc/self/statm").open() as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


FIGURES = {
    "feeds": feeds,
    "large-feed": large_feed,
    "sitemap": sitemap,
    "sitemap-crawl": sitemap_crawl,
    "hubs": hubs,
    "list": url_list,
}

if __name__ == "__main__":
    main()
