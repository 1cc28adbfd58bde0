"""A news site on loopback that tests fill with answers, and a reader of what a crawl published."""

from __future__ import annotations

import gzip
import json
import random
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

_WORDS = [
    "harbour",
    "council",
    "bridge",
    "river",
    "morning",
    "ferry",
    "market",
    "budget",
    "school",
    "garden",
    "station",
    "winter",
    "engineer",
    "library",
    "festival",
    "village",
    "teacher",
    "minister",
    "report",
    "valley",
    "concert",
    "museum",
    "tunnel",
    "forest",
    "weather",
    "island",
    "railway",
    "bakery",
    "stadium",
    "airport",
    "treaty",
    "orchard",
    "lighthouse",
    "painter",
    "archive",
    "meadow",
    "hospital",
    "canal",
    "theatre",
    "vineyard",
]


@dataclass
class Answer:
    body: bytes = b""
    status: int = 200
    headers: dict = field(default_factory=lambda: {"Content-Type": "text/html; charset=utf-8"})
    # Bytes that Content-Length promises and the body does not hold.
    missing: int = 0


@dataclass
class Site:
    base: str
    answers: dict
    requests: list
    server: ThreadingHTTPServer

    def paths(self):
        return [path for _, path, _ in self.requests]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Crawls that are killed leave broken connections behind."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        site = self.server.site
        site.requests.append((time.monotonic(), self.path, dict(self.headers)))
        answer = site.answers.get(self.path)
        answer = answer(self) if callable(answer) else answer
        if answer is None:
            answer = Answer(b"no such page", 404)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 304:
            self.send_header("Content-Length", str(len(answer.body) + answer.missing))
        self.end_headers()
        self.wfile.write(answer.body)
        if answer.missing:
            self.close_connection = True

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def serve():
    """Start a site: `serve()` gives its base address, its answers by path, and the requests it saw."""
    servers = []

    def start(host="127.0.0.1"):
        server = _Server((host, 0), _Handler)
        site = Site(f"http://{host}:{server.server_address[1]}", {}, [], server)
        server.site = site
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        servers.append(server)
        return site

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def make_page(number, title=None):
    """An article of its own: no two numbers share a sentence."""
    chance = random.Random(number)
    paragraphs = "".join(
        "<p>"
        + " ".join(
            f"The {' '.join(chance.choices(_WORDS, k=9))} of case {number} stood near the {chance.choice(_WORDS)}."
            for _ in range(4)
        )
        + "</p>"
        for _ in range(4)
    )
    title = title or f"Case {number} of the {chance.choice(_WORDS)} and the {chance.choice(_WORDS)}"
    return (
        f"<!DOCTYPE html><html lang='en'><head><title>{title}</title></head>"
        f"<body><article><h1>{title}</h1>{paragraphs}</article></body></html>"
    ).encode()


def make_seed(folder, id_, base, **keys):
    """Write one seed file; a key is a list, a string or a number."""
    lines = {
        "id": id_,
        "name": id_.title(),
        "language": "en",
        "home": f"{base}/",
        "delay_seconds": 0.0,
    } | keys
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(f"{key} = {json.dumps(value)}\n" for key, value in lines.items())
    (folder / f"{id_}.toml").write_text(text)


def read_rows(data):
    """Every published row, articles and other outcomes, by following the log."""
    rows = []
    for entry in sorted((data / "log").glob("[0-9]*.json")):
        for part in json.loads(entry.read_text()).get("adds", ()):
            with gzip.open(data / part["path"], "rt") as lines:
                rows += [json.loads(line) for line in lines]
    return rows


@pytest.fixture(scope="session")
def helpers():
    """The functions above, for test modules, which cannot import this file."""

    class Helpers:
        page = staticmethod(make_page)
        seed = staticmethod(make_seed)
        rows = staticmethod(read_rows)
        answer = Answer

    return Helpers
