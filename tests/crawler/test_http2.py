"""Sites that are asked by HTTP/2, on a server that speaks nothing else: the same limits, and the same guard."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import subprocess
import threading
from dataclasses import replace

import pytest

from crawler.crawl import CrawlOptions, run_crawl
from crawler.errors import UserError
from crawler.settings import read_environment

try:
    import h2.config
    import h2.connection
    import h2.events
    import httpcore  # noqa: F401
except ImportError:
    h2 = None
needs_http2 = pytest.mark.skipif(h2 is None, reason="needs the extra `http2`: pip install -e '.[http2]'")


def options(folder, **changes):
    environment = replace(read_environment({}), clean_workers=1)
    defaults = {
        "seeds": (folder / "seeds",),
        "data": str(folder / "data"),
        "allow_addresses": ("127.0.0.1/32",),
        "now": True,
    }
    return CrawlOptions(**{"environment": environment} | defaults | changes)


class Server:
    """Answers `answers[path]`: headers, body, and whether the stream is reset after it."""

    def __init__(self, context):
        self.answers, self.requests, self.connections = {}, [], 0
        self._context = context
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        threading.Thread(target=self._run, args=(ready,), daemon=True).start()
        ready.wait(10)

    def _run(self, ready):
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context)
        )
        self.base = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ready.set()
        self._loop.run_forever()

    def stop(self):
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _serve(self, reader, writer):
        self.connections += 1
        talk = h2.connection.H2Connection(config=h2.config.H2Configuration(client_side=False))
        talk.initiate_connection()
        writer.write(talk.data_to_send())
        while data := await reader.read(65_536):
            for event in talk.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    self._answer(talk, event)
            writer.write(talk.data_to_send())
            await writer.drain()
        writer.close()

    def _answer(self, talk, event):
        headers = {name.decode(): value.decode() for name, value in event.headers}
        self.requests.append(headers)
        status, extra, body, is_cut = self.answers.get(headers[":path"], ("404", {}, b"", False))
        talk.send_headers(
            event.stream_id, [(":status", status), ("content-type", "text/html"), *extra.items()]
        )
        # No window is waited for: longer bodies than one window come cut, which is what they are for.
        while body and (room := min(talk.local_flow_control_window(event.stream_id), 16_384)):
            talk.send_data(event.stream_id, body[:room])
            body = body[room:]
        if is_cut:
            talk.reset_stream(event.stream_id, error_code=2)
        else:
            talk.end_stream(event.stream_id)


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A server with a certificate that this test's crawls trust."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-keyout",
            str(key),
            "-out",
            str(certificate),
        ],
        check=True,
        capture_output=True,
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["h2"])
    server = Server(context)
    yield server
    server.stop()


@needs_http2
def test_site_is_read_by_http2_within_the_limits(server, helpers, tmp_path):
    page = helpers.page
    server.answers = {
        "/robots.txt": ("200", {}, b"User-agent: *\nDisallow: /private/\n", False),
        "/a/1": ("200", {}, page(1), False),
        "/a/2": ("200", {"content-encoding": "gzip"}, gzip.compress(page(2)), False),
        "/a/moved": ("302", {"location": "/a/3"}, b"", False),
        "/a/3": ("200", {}, page(3), False),
        "/a/cut": ("200", {}, page(4)[:500], True),
        "/a/short": ("200", {"content-encoding": "gzip"}, gzip.compress(page(5))[:200], False),
        "/a/large": ("200", {"content-length": "99999999"}, b"x", True),
        "/a/bomb": ("200", {"content-encoding": "gzip"}, gzip.compress(bytes(9 << 20)), False),
        "/a/headers": ("200", {f"x-{number}": "y" * 1_000 for number in range(200)}, page(6), False),
        "/private/a": ("200", {}, page(7), False),
    }
    names = [
        "a/1",
        "a/2",
        "a/moved",
        "a/cut",
        "a/short",
        "a/large",
        "a/bomb",
        "a/headers",
        "a/gone",
        "private/a",
    ]
    port = server.base.rpartition(":")[2]
    urls = [f"{server.base}/{name}" for name in names] + [f"https://127.0.0.2:{port}/a/1"]
    # One request at a time: those that share a connection with one that breaks it would end with it.
    helpers.seed(tmp_path / "seeds", "paper", server.base, urls=urls, http2=True, delay_seconds=0.01)
    run_crawl(options(tmp_path, contact="me@news.example"))
    ended = {
        row["url"].removeprefix(server.base): (row.get("outcome", "article"), row.get("reason"))
        for row in helpers.rows(tmp_path / "data")
    }
    assert ended == {
        "/a/1": ("article", None),
        "/a/2": ("article", None),
        "/a/moved": ("article", None),
        "/a/cut": ("dead", "truncated"),
        "/a/short": ("dead", "truncated"),
        "/a/large": ("dead", "too_large"),
        "/a/bomb": ("dead", "too_large"),
        "/a/headers": ("dead", "protocol"),
        "/a/gone": ("gone", "http_404"),
        "/private/a": ("blocked", "robots"),
        f"https://127.0.0.2:{port}/a/1": ("blocked", "address"),
    }
    assert all(headers["user-agent"].startswith("Broadsheet/") for headers in server.requests)
    assert "/private/a" not in {headers[":path"] for headers in server.requests}


@needs_http2
def test_certificate_of_a_server_that_nobody_vouches_for_is_refused(server, helpers, tmp_path, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    server.answers = {"/a/1": ("200", {}, helpers.page(1), False)}
    helpers.seed(tmp_path / "seeds", "paper", server.base, urls=[f"{server.base}/a/1"], http2=True)
    report = run_crawl(options(tmp_path))
    assert report.reasons == {"dead": {"tls": 1}}
    assert server.requests == []


@pytest.mark.skipif(h2 is not None, reason="HTTP/2 is installed")
def test_missing_http2_is_said_in_one_line(helpers, tmp_path):
    helpers.seed(tmp_path / "seeds", "paper", "https://127.0.0.1", urls=["https://127.0.0.1/a"], http2=True)
    with pytest.raises(UserError, match=r"^paper: http2 = true needs pip install"):
        run_crawl(options(tmp_path))


@needs_http2
def test_a_page_that_came_by_http2_is_archived_as_http_1(server, helpers, tmp_path):
    server.answers = {
        "/robots.txt": ("200", {}, b"User-agent: *\nDisallow:\n", False),
        "/a/1": ("200", {"content-encoding": "gzip", "x-told": "yes"}, gzip.compress(helpers.page(1)), False),
    }
    urls = [f"{server.base}/a/1"]
    helpers.seed(tmp_path / "seeds", "paper", server.base, urls=urls, http2=True, archive=True)
    run_crawl(options(tmp_path, contact="me@news.example"))
    (path,) = (tmp_path / "data").glob("archive/*/*.warc.gz")
    body = gzip.decompress(path.read_bytes())
    assert b"WARC-Protocol: h2\r\n" in body
    assert b"HTTP/1.1 200" in body
    assert b"x-told: yes\r\n" in body
    assert f"GET /a/1 HTTP/1.1\r\nHost: {server.base.removeprefix('https://')}\r\n".encode() in body
