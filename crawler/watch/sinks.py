"""Where alerts go: a webhook, mail, a command. What fails is logged, and sent again later; a crawl never ends by it.

The addresses are the operator's own, and may well lie in a private network: the guard that keeps a crawl out of there does
not hold here. No redirect is followed, which would lead where the operator did not say.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

import aiohttp
import msgspec

from crawler.exits import printable
from crawler.settings import read_version

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from crawler.service.settings import AlertSettings
    from crawler.watch.alerts import Message

ANSWER_SECONDS = 10.0
"""For one answer of a webhook, or each of a mail server's."""
COMMAND_SECONDS = 30.0
TRIES = 3
"""Of a webhook, one after the other; then it waits for the next time that alerts are sent."""
PAUSE_SECONDS = (1.0, 4.0)

_PASSING = frozenset({408, 425, 429})
_MAIL_ANSWERS = 8
_log = logging.getLogger(__name__)


class SinkError(Exception):
    """A message could not be sent: one line, without secrets."""


class Sent(NamedTuple):
    """What became of a message."""

    done: tuple[str, ...]
    """The ways that it has gone by now."""
    is_complete: bool
    """Whether those are all that is set; with nothing set, it is."""


async def send(message: Message, settings: AlertSettings, done: Sequence[str] = ()) -> Sent:
    """Send a message to all that is set, but for the ways that it has gone before: `done` of the last time."""
    ways: dict[str, Coroutine[Any, Any, None]] = {}
    if settings.webhook is not None and "webhook" not in done:
        ways["webhook"] = _post(message, settings.webhook)
    if settings.mail and "mail" not in done:
        ways["mail"] = asyncio.to_thread(_mail, message, settings)
    if settings.command and "command" not in done:
        ways["command"] = _run(message, settings.command)
    results = await asyncio.gather(*ways.values(), return_exceptions=True)
    failed = set()
    for name, result in zip(ways, results, strict=True):
        if isinstance(result, SinkError):
            failed.add(name)
            _log.warning(
                "alert %s of %s: %s: %s; it is sent again later", message.id, message.site, name, result
            )
        elif isinstance(result, BaseException):
            raise result
    return Sent((*done, *(name for name in ways if name not in failed)), not failed)


def to_json(message: Message) -> bytes:
    """The message as sinks get it."""
    return msgspec.json.encode(message)


def describe(message: Message) -> str:
    """The message in one line, without control characters."""
    return printable(f"{message.site}: alert {message.monitor} {message.event}: {message.evidence}")


async def _post(message: Message, url: str) -> None:
    # Who knows the whole address can post to it: only its host is told.
    name = urlsplit(url).hostname
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    headers = {"Content-Type": "application/json", "User-Agent": f"broadsheet/{read_version()}"}
    why = ""
    async with aiohttp.ClientSession(timeout=timeout, trust_env=False) as session:
        for attempt in range(TRIES):
            if attempt:
                await asyncio.sleep(PAUSE_SECONDS[attempt - 1])
            try:
                async with session.post(
                    url, data=to_json(message), headers=headers, allow_redirects=False
                ) as answer:
                    status = answer.status
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
                why = f"{name}: {type(error).__name__}"
                continue
            if 200 <= status < 300:
                return
            why = f"{name} answers {status}"
            if status < 500 and status not in _PASSING:
                break
    raise SinkError(why)


def _mail(message: Message, settings: AlertSettings) -> None:
    parts = urlsplit(settings.smtp)
    host = parts.hostname or "localhost"
    mail = to_mail(message, settings)
    try:
        if parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                host, parts.port or 465, timeout=ANSWER_SECONDS, context=ssl.create_default_context()
            )
        else:
            server = smtplib.SMTP(host, parts.port or 25, timeout=ANSWER_SECONDS)
        with server:
            if parts.scheme == "smtp" and _offers_tls(server):
                server.starttls(context=ssl.create_default_context())
            if parts.username:
                _log_in(server, parts.username, parts.password or "", is_safe=_is_safe(server))
            server.send_message(mail)
    except (smtplib.SMTPException, OSError, ValueError) as error:
        # Of the server's words only the number: some repeat what they were sent.
        number = f" {error.smtp_code}" if isinstance(error, smtplib.SMTPResponseException) else ""
        raise SinkError(f"{host}: {type(error).__name__}{number}") from None


def _offers_tls(server: smtplib.SMTP) -> bool:
    server.ehlo()
    return server.has_extn("starttls")


def _is_safe(server: smtplib.SMTP) -> bool:
    return isinstance(server.sock, ssl.SSLSocket)


def _log_in(server: smtplib.SMTP, user: str, password: str, *, is_safe: bool) -> None:
    if not is_safe:
        raise SinkError("the mail server offers no TLS, and the password is not sent without")
    server.login(unquote(user), unquote(password))


def to_mail(message: Message, settings: AlertSettings) -> EmailMessage:
    """The message as a mail: plain text, whatever stands in the addresses of pages."""
    mail = EmailMessage()
    mail["Subject"] = f"[broadsheet] {describe(message)}"[:200]
    mail["From"] = settings.mail_from or settings.mail[0]
    mail["To"] = ", ".join(settings.mail)
    # One thread in a mail program for opening and closing.
    mail["References"] = f"<{message.id}@broadsheet.invalid>"
    lines = [describe(message), "", f"opened at {message.opened_at}"]
    if message.closed_at is not None:
        lines.append(f"closed at {message.closed_at}")
    if message.samples:
        lines += ["", "see for example"]
        lines += [
            printable(f"  {one['url']}" + (f" (visit {one['visit']})" if one["visit"] else ""))
            for one in message.samples
        ]
    mail.set_content("\n".join(lines) + "\n")
    return mail


async def _run(message: Message, command: tuple[str, ...]) -> None:
    name = os.path.basename(command[0])  # noqa: PTH119 -- what the operator wrote, perhaps found by PATH
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise SinkError(f"{name}: {error.strerror or error}") from None
    try:
        async with asyncio.timeout(COMMAND_SECONDS):
            # One that reads nothing has done what it wanted by its exit code.
            await process.communicate(to_json(message))
    except TimeoutError:
        raise SinkError(f"{name}: took longer than {COMMAND_SECONDS:.0f} s") from None
    finally:
        if process.returncode is None:
            # With all that it has started.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    if process.returncode:
        raise SinkError(f"{name}: ended with {process.returncode}")
