"""Serve the bundled news sites on loopback, one port a site, from a thread of this process."""

from __future__ import annotations

import hashlib
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from crawler.demo.content import SITE_IDS, load_sites
from crawler.demo.listings import render_feed, render_robots, sitemaps
from crawler.demo.pages import render_draft, render_front, render_notice, render_story
from crawler.demo.pictures import draw_picture
from crawler.errors import Fault, UserError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from crawler.demo.content import Site, Special, Story

DEFAULT_BASE_PORT = 8470
"""The addresses stay the same from run to run: the second run has to know the URLs of the first."""
_LAST_PORT = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a site says to a request."""

    status: int
    content_type: str
    body: bytes
    location: str | None = None


def answer(site: Site, path: str, edited_at: datetime | None) -> Answer:
    """What `site` has at `path`; `edited_at` is when the second edition came out, None while the first stands."""
    fixed = _fixed_page(site, path, edited_at)
    if fixed:
        return fixed
    for story in site.stories:
        if path == story.path:
            return _story_page(site, story, edited_at)
        if path == story.listed_path:
            return Answer(
                status=301, content_type="text/plain", body=b"Moved.\n", location=site.base + story.path
            )
        if path == f"/media/{story.slug}.svg":
            return _text("image/svg+xml", draw_picture(story.slug))
    for slug in site.sections:
        if path == site.section_url(slug):
            return _html(render_front(site, slug))
    for special in site.specials:
        if path == special.path:
            return _special_page(site, special)
    return _html(render_notice(site, site.words["missing_title"], site.words["missing_text"]), status=404)


def _fixed_page(site: Site, path: str, edited_at: datetime | None) -> Answer | None:
    if path == "/":
        return _html(render_front(site, None))
    if path == "/robots.txt":
        return _text("text/plain; charset=utf-8", render_robots(site))
    if path == "/style.css":
        return _text("text/css; charset=utf-8", site.templates["style.css"])
    if path == site.feed_path:
        return _text(f"application/{site.feed_kind}+xml; charset=utf-8", render_feed(site, edited_at))
    sitemap = sitemaps(site, edited_at).get(path)
    if sitemap is not None:
        content_type = "application/gzip" if path.endswith(".gz") else "application/xml"
        return Answer(status=200, content_type=content_type, body=sitemap)
    return None


def _story_page(site: Site, story: Story, edited_at: datetime | None) -> Answer:
    html = render_story(site, story, edited_at)
    if story.charset:
        # The page names UTF-8 in its <meta>, and so does its header, and both are wrong.
        return Answer(
            status=200,
            content_type="text/html; charset=utf-8",
            body=html.encode(story.charset, "xmlcharrefreplace"),
        )
    return _html(html)


def _special_page(site: Site, special: Special) -> Answer:
    if special.kind == "pdf":
        return Answer(
            status=200, content_type="application/pdf", body=b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
        )
    if special.kind == "forbidden":
        return _html(render_draft(site, special))
    status = 404 if special.kind == "missing" else 200
    return _html(render_notice(site, site.words["missing_title"], site.words["missing_text"]), status=status)


def _html(html: str, *, status: int = 200) -> Answer:
    return Answer(status=status, content_type="text/html; charset=utf-8", body=html.encode())


def _text(content_type: str, text: str) -> Answer:
    return Answer(status=200, content_type=content_type, body=text.encode())


@contextmanager
def serve_sites(base_port: int, edited_at: datetime | None) -> Iterator[tuple[Site, ...]]:
    """Serve every bundled site until the block ends.

    Raises Fault where a port is taken, UserError where there is no such port.
    """
    last = _LAST_PORT - len(SITE_IDS) + 1
    if not 1 <= base_port <= last:
        raise UserError(f"--port {base_port}: must be between 1 and {last}")
    sites = load_sites(base_port)
    servers: list[_SiteServer] = []
    try:
        for site in sites:
            servers.append(_open_server(site, edited_at))
            threading.Thread(target=servers[-1].serve_forever, args=(0.1,), daemon=True).start()
        yield sites
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


def _open_server(site: Site, edited_at: datetime | None) -> _SiteServer:
    port = int(site.base.rpartition(":")[2])
    try:
        return _SiteServer(site, edited_at, port)
    except OSError as error:
        raise Fault(
            f"port {port} on 127.0.0.1: {error.strerror or error}; "
            f"choose others for the {len(SITE_IDS)} demo sites with --port N"
        ) from error


class _SiteServer(ThreadingTCPServer):
    # Not http.server's own class: that one looks its host name up on start, seconds where DNS is slow.
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, site: Site, edited_at: datetime | None, port: int) -> None:
        self.site = site
        self.edited_at = edited_at
        super().__init__(("127.0.0.1", port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "BroadsheetDemo"
    sys_version = ""
    timeout: ClassVar[float] = 30.0  # An idle kept-alive connection must not hold its thread for ever.
    server: _SiteServer

    def do_GET(self) -> None:
        found = answer(self.server.site, urlsplit(self.path).path, self.server.edited_at)
        tag = f'"{hashlib.sha256(found.body).hexdigest()[:20]}"'
        if found.status == 200 and self.headers.get("If-None-Match") == tag:
            self.send_response(304)
            self.send_header("ETag", tag)
            self.end_headers()
            return
        self.send_response(found.status)
        self.send_header("Content-Type", found.content_type)
        self.send_header("Content-Length", str(len(found.body)))
        if found.location:
            self.send_header("Location", found.location)
        if found.status == 200:
            self.send_header("ETag", tag)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(found.body)

    do_HEAD = do_GET  # noqa: N815 -- the base class calls it so

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- named by the base class
        """Say nothing: the crawler reports what was fetched."""
