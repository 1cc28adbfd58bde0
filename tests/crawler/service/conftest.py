"""A service as an operator runs it: a process of its own over a folder, asked on loopback."""

from __future__ import annotations

import http.client
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

TOKEN = "a-token-of-these-tests"
REPOSITORY = Path(__file__).parents[3]


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)


class Running:
    """One process of `broadsheet serve`."""

    def __init__(self, data, *options, **environ):
        self.data = data
        self.process = subprocess.Popen(
            [sys.executable, "-m", "crawler", "serve", "--data", str(data), "--port", "0", *options],
            cwd=REPOSITORY,
            env={
                **{name: value for name, value in os.environ.items() if "BROADSHEET" not in name},
                "BROADSHEET_TOKEN": TOKEN,
                "BROADSHEET_BATCH_AGE_SECONDS": "0.2",
                "BROADSHEET_LEASE_SECONDS": "5",
                "BROADSHEET_CLEAN_WORKERS": "1",
                **environ,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert select.select([self.process.stdout], [], [], 60)[0], "nothing was said"
        line = self.process.stdout.readline()
        assert "serving on http://127.0.0.1:" in line, line + self.process.stderr.read()
        self.port = int(line.rpartition(":")[2])
        self.base = f"http://127.0.0.1:{self.port}"

    def ask(self, method, path, body=None, *, token=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            named["Authorization"] = f"Bearer {token}"
        connection.request(method, path, body, named)
        answer = connection.getresponse()
        found = Answer(answer.status, answer.headers, answer.read())
        connection.close()
        return found

    def get(self, path, **headers):
        return self.ask("GET", path, **headers)

    def await_that(self, is_so, *, seconds=30, every=0.1):
        until = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < until, self.get("/health").json
            assert self.process.poll() is None, self.process.stderr.read()
            time.sleep(every)

    def component(self, name):
        return self.get("/health").json["components"].get(name, {"status": None})["status"]

    def articles(self, query=""):
        found = self.get(f"/api/articles?{query}")
        return found.json["articles"] if found.status == 200 else []

    def end(self, number=signal.SIGTERM):
        """Gives the exit code, the seconds it took, and what was said on standard error."""
        if self.process.poll() is not None:
            return self.process.returncode, 0.0, ""
        began = time.monotonic()
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=60)
        return self.process.returncode, time.monotonic() - began, said


@pytest.fixture(scope="module")
def start():
    """Start a service; whatever runs when the module's tests are over is ended."""
    running = []

    def begin(data, *options, **environ):
        running.append(Running(data, *options, **environ))
        return running[-1]

    yield begin
    for one in running:
        one.end()


@pytest.fixture(scope="session")
def token():
    return TOKEN


FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>Gazette</title>{items}</channel></rss>"""


def make_feed(base, paths):
    items = "".join(f"<item><link>{base}{path}</link><title>t</title></item>" for path in paths)
    return FEED.format(items=items).encode()


@pytest.fixture(scope="module")
def gazette(serve, helpers):
    """A site on loopback with a feed of three articles; `gazette.list(paths)` changes the feed."""
    site = serve()
    rss = {"Content-Type": "application/rss+xml"}

    def list_paths(paths):
        for number, path in enumerate(paths):
            site.answers.setdefault(path, helpers.answer(helpers.page(len(site.answers) * 100 + number)))
        site.answers["/feed"] = helpers.answer(make_feed(site.base, paths), headers=rss)

    site.list = list_paths
    list_paths(["/a", "/b", "/c"])
    return site
