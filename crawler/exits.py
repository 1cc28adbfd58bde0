"""How a command ends: 0 done, 1 a fault, 2 the user's mistake, 130 interrupted; each with one line that says why."""

from __future__ import annotations

import logging
import os
import re
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from crawler.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Iterator

FAULT = 1
MISTAKE = 2
INTERRUPTED = 128 + signal.SIGINT

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@contextmanager
def exit_codes(
    *, mistakes: tuple[type[Exception], ...] = (), faults: tuple[type[Exception], ...] = ()
) -> Iterator[None]:
    """Ends the process with one line where one of these comes out of the block; anything else is a bug of ours.

    What is logged as a warning meanwhile, such as a store that is waited for, looks like the command's other warnings.
    """
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(_WarningLines())
    try:
        yield
    except Interrupted as error:
        fail(str(error), INTERRUPTED)
    except mistakes as error:
        fail(str(error), MISTAKE)
    except faults as error:
        # A store tells of a folder that is not there as of one that is broken; the first is the user's mistake.
        fail(str(error), MISTAKE if getattr(error, "is_mistake", False) else FAULT)
    except BrokenPipeError:
        # Whoever read our output has gone, and need not be told; nor may Python try to flush at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAULT)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        fail(f"{place}{error.strerror or error}", FAULT)
    except KeyboardInterrupt:
        fail("interrupted", INTERRUPTED)


class _WarningLines(logging.Formatter):
    """Writes what Python's handler of last resort prints, which is all that is logged and not asked for."""

    def format(self, record: logging.LogRecord) -> str:
        return f"broadsheet: {printable(super().format(record))}"


def fail(line: str, code: int) -> NoReturn:
    """End the process with this line on stderr."""
    warn(line)
    sys.exit(code)


def warn(line: str) -> None:
    """One line on stderr, whatever it was made of."""
    # A file's name may hold bytes that are no UTF-8, which stderr refuses or garbles.
    clean = printable(" ".join(line.split())).encode("utf-8", "backslashreplace").decode()
    print(f"broadsheet: {clean}", file=sys.stderr)  # noqa: T201 -- this is where commands talk


def printable(text: str) -> str:
    r"""The text with U+FFFD for control characters: those of a stranger's page would steer the terminal.

    >>> printable("a\x1b[2Jb\n")
    'a�[2Jb\n'
    """
    return _CONTROLS.sub("\ufffd", text)


def stop_on_sigterm() -> None:
    """Make SIGTERM end a command as Ctrl-C does, so that what it had half made is taken away."""

    def stop(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
