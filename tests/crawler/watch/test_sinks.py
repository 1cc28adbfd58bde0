"""Where alerts go: real servers on loopback, and a real command."""

from __future__ import annotations

import asyncio
import email
import json
import logging
import socketserver
import sys
import threading
import time
from email import policy

import msgspec
import pytest

from crawler.service.settings import AlertSettings
from crawler.watch import sinks
from crawler.watch.alerts import Alert, to_message
from crawler.watch.book import Book, Waiting
from crawler.watch.sinks import Sent, send
from crawler.watch.visits import Sample
from pipelines.ledger import open_ledger
from pipelines.store import open_redis

SAMPLES = [Sample("https://a.example/1?x=\x1b[2J", "ab" * 16), Sample("https://a.example/feed")]
MESSAGE = to_message("a", Alert("yield", 1_770_000_000, "its listings name 0 links, 40 before", SAMPLES))


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(sinks, "PAUSE_SECONDS", (0.01, 0.01))


@pytest.fixture
def hook(httpserver):
    """The address of a webhook, and what it was sent."""
    return httpserver.url_for("/hook/secret-path"), httpserver


async def test_a_webhook_gets_the_alert_as_json(hook):
    url, server = hook
    server.expect_request("/hook/secret-path", method="POST").respond_with_data("")
    assert (await send(MESSAGE, AlertSettings(webhook=url))).is_complete
    ((request, _),) = server.log
    assert request.headers["Content-Type"] == "application/json"
    said = json.loads(request.data)
    assert said == {
        "id": MESSAGE.id,
        "event": "opened",
        "site": "a",
        "monitor": "yield",
        "evidence": "its listings name 0 links, 40 before",
        "opened_at": "2026-02-02T02:40:00+00:00",
        "closed_at": None,
        "samples": [{"url": SAMPLES[0].url, "visit": "ab" * 16}, {"url": SAMPLES[1].url, "visit": None}],
    }


async def test_a_webhook_that_fails_for_now_is_tried_again_and_one_that_refuses_is_not(hook):
    url, server = hook
    server.expect_ordered_request("/hook/secret-path").respond_with_data("", status=503)
    server.expect_ordered_request("/hook/secret-path").respond_with_data("")
    assert (await send(MESSAGE, AlertSettings(webhook=url))).is_complete
    server.clear()
    server.expect_request("/hook/secret-path").respond_with_data("", status=403)
    assert not (await send(MESSAGE, AlertSettings(webhook=url))).is_complete
    assert len(server.log) == 1


async def test_no_redirect_is_followed_and_no_log_holds_the_address_of_a_webhook(hook, caplog):
    url, server = hook
    other = server.url_for("/elsewhere")
    server.expect_request("/hook/secret-path").respond_with_data("", status=307, headers={"Location": other})
    assert not (await send(MESSAGE, AlertSettings(webhook=url))).is_complete
    assert [request.path for request, _ in server.log] == ["/hook/secret-path"]
    assert "answers 307; it is sent again later" in caplog.text
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("crawler.")]
    assert len(ours) == 1
    assert "secret-path" not in ours[0]


class MailServer(socketserver.ThreadingTCPServer):
    """Takes any mail without TLS, and keeps it."""

    daemon_threads = allow_reuse_address = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Talk)
        self.mails, self.recipients = [], []
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()


class Talk(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"220 ready\r\n")
        while line := self.rfile.readline():
            word = line.split()[0].upper() if line.split() else b""
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                mail = b""
                while (line := self.rfile.readline()) != b".\r\n":
                    mail += line
                self.server.mails.append(mail)
            elif word == b"RCPT":
                self.server.recipients.append(line.decode().split("<")[1].split(">")[0])
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
            if word == b"QUIT":
                return


async def test_mail_says_what_is_wrong_in_plain_text_to_all_who_are_named():
    with MailServer() as server:
        settings = AlertSettings(
            mail=("ops@a.example", "desk@a.example"),
            mail_from="broadsheet@a.example",
            smtp=f"smtp://127.0.0.1:{server.server_address[1]}",
        )
        assert (await send(MESSAGE, settings)).is_complete
        server.shutdown()
    assert server.recipients == ["ops@a.example", "desk@a.example"]
    mail = email.message_from_bytes(server.mails[0], policy=policy.default)
    assert (
        mail["Subject"].strip() == "[broadsheet] a: alert yield opened: its listings name 0 links, 40 before"
    )
    assert mail["From"] == "broadsheet@a.example"
    assert mail.get_content_type() == "text/plain"
    text = mail.get_content()
    assert f"(visit {'ab' * 16})" in text
    assert "https://a.example/feed" in text
    assert "\x1b" not in text


async def test_a_password_is_not_sent_without_tls(caplog):
    with MailServer() as server:
        address = f"smtp://me:hidden-word@127.0.0.1:{server.server_address[1]}"
        assert not (await send(MESSAGE, AlertSettings(mail=("ops@a.example",), smtp=address))).is_complete
        server.shutdown()
    assert server.mails == []
    assert "offers no TLS" in caplog.text
    assert "hidden-word" not in caplog.text


async def test_a_command_gets_the_alert_on_its_standard_input(tmp_path):
    file = tmp_path / "said"
    code = f"import sys; open({str(file)!r}, 'w').write(sys.stdin.read())"
    assert (await send(MESSAGE, AlertSettings(command=(sys.executable, "-c", code)))).is_complete
    assert json.loads(file.read_text())["monitor"] == "yield"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ((sys.executable, "-c", "raise SystemExit(3)"), "ended with 3"),
        (("/no/such/program",), "No such file or directory"),
        ((sys.executable, "-c", "import time; time.sleep(60)"), "took longer than"),
    ],
)
async def test_a_command_that_fails_or_hangs_is_told_of_and_ended(monkeypatch, caplog, command, said):
    monkeypatch.setattr(sinks, "COMMAND_SECONDS", 0.5)
    since = time.monotonic()
    assert not (await send(MESSAGE, AlertSettings(command=command))).is_complete
    assert time.monotonic() - since < 10
    assert said in caplog.text


async def test_with_nothing_set_a_message_counts_as_sent():
    assert (await send(MESSAGE, AlertSettings())).is_complete


@pytest.fixture
async def joined(tmp_path):
    """Redis and a ledger of a log of their own."""
    async with (
        open_redis(None, tmp_path / "state") as redis,
        open_ledger(redis=redis, data=str(tmp_path / "data"), state=tmp_path / "state") as ledger,
    ):
        yield redis, ledger


async def wait_in(redis, ledger, *messages):
    for message in messages:
        await redis.hset(
            ledger.key("watch-waiting"),
            f"{message.id}:{message.event}",
            msgspec.json.encode(Waiting(message)),
        )


async def test_what_could_not_be_sent_waits_and_is_sent_the_next_time(joined):
    redis, ledger = joined
    others = [to_message("b", Alert("text", 1_770_000_000 + place, "shorter")) for place in (-5, 5)]
    await wait_in(redis, ledger, MESSAGE, *others)
    book, sent = Book(redis, ledger), []

    async def send_some(message, done):
        sent.append((message.site, message.opened_at))
        return Sent((), message.site == "b")

    assert await book.send_waiting(send_some, now=1_770_000_100) == 2
    # The oldest first, and one that fails holds up none.
    assert sent == sorted(sent, key=lambda pair: pair[1])
    assert await book.count_waiting() == 1
    sent.clear()
    assert await book.send_waiting(send_some, now=1_770_000_200) == 0
    assert [site for site, _ in sent] == ["a"]
    # After a week it is given up.
    assert await book.send_waiting(send_some, now=1_770_000_000 + 8 * 86_400) == 0
    assert await book.count_waiting() == 0


async def test_who_has_a_message_does_not_get_it_again_with_those_who_failed(joined, hook, tmp_path):
    redis, ledger = joined
    await wait_in(redis, ledger, MESSAGE)
    url, server = hook
    server.expect_request("/hook/secret-path").respond_with_data("", status=500)
    file = tmp_path / "said"
    keep = f"import sys; open({str(file)!r}, 'a').write(sys.stdin.read() + '\\n')"
    settings = AlertSettings(webhook=url, command=(sys.executable, "-c", keep))
    book = Book(redis, ledger)
    for _ in range(2):
        assert (
            await book.send_waiting(lambda *given: send(given[0], settings, given[1]), now=1_770_000_100) == 0
        )
    server.clear()
    server.expect_request("/hook/secret-path").respond_with_data("")
    assert await book.send_waiting(lambda *given: send(given[0], settings, given[1]), now=1_770_000_200) == 1
    assert len(file.read_text().splitlines()) == 1
    assert len(server.log) == 1


async def test_one_worker_sends_at_a_time(joined):
    redis, ledger = joined
    await wait_in(redis, ledger, MESSAGE)
    book, sent = Book(redis, ledger), []

    async def send_slowly(message, done):
        sent.append(message.id)
        await asyncio.sleep(0.2)
        return Sent((), True)

    counts = await asyncio.gather(*(book.send_waiting(send_slowly, now=1_770_000_100) for _ in range(3)))
    assert sorted(counts) == [0, 0, 1]
    assert sent == [MESSAGE.id]


async def test_what_is_taken_down_is_named_by_no_alert_any_more(joined):
    redis, ledger = joined
    await wait_in(redis, ledger, MESSAGE)
    memory = book_memory()
    await redis.hset(ledger.key("watch"), "a", memory.packed())
    hidden = Book(redis, ledger, lambda url, site: url.startswith("https://a.example/1") and site == "a")
    (alert,) = (await hidden.read("a")).alerts
    assert alert.samples == SAMPLES[1:]
    await hidden.forget_hidden()
    raw = await redis.hget(ledger.key("watch"), "a") + b"".join(
        await redis.hvals(ledger.key("watch-waiting"))
    )
    assert b"a.example/1" not in raw
    assert raw.count(b"a.example/feed") == 2


def book_memory():
    from crawler.watch.alerts import SiteMemory

    return SiteMemory(alerts=[Alert("yield", 1_770_000_000, "fewer", list(SAMPLES))])


async def test_a_sink_that_fails_is_a_line_in_the_log(caplog, hook):
    url, server = hook
    server.expect_request("/hook/secret-path").respond_with_data("", status=500)
    with caplog.at_level(logging.WARNING):
        assert not (await send(MESSAGE, AlertSettings(webhook=url))).is_complete
    (record,) = [record for record in caplog.records if record.name.startswith("crawler.")]
    assert record.getMessage() == (
        f"alert {MESSAGE.id} of a: webhook: {server.host} answers 500; it is sent again later"
    )
