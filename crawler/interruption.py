"""SIGINT and SIGTERM while a crawl runs: the first ends it in good order, the second sooner, the third kills."""

from __future__ import annotations

import asyncio
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """What the first signal does, and whether it has come."""

    def __init__(self) -> None:
        self.is_heard = False
        self.stop: Callable[[], object] | None = None
        """Called by the first signal. None: there is nothing yet to end in good order, it acts as the second one."""


@contextmanager
def hear_interruption() -> Iterator[Interruption]:
    """Hear the signals in the running event loop until the block ends.

    The second one raises KeyboardInterrupt out of the loop, so that whoever runs it by `asyncio.run` still gives back
    what is held. A signal that this process was started to ignore (`nohup`, `&` in a script) stays ignored.
    """
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():
        # Nobody hears signals there.
        yield interruption
        return
    loop = asyncio.get_running_loop()
    previous = {
        number: handler for number in _SIGNALS if (handler := signal.getsignal(number)) is not signal.SIG_IGN
    }

    def interrupt(_number: int, _frame: object) -> NoReturn:
        for number in previous:
            signal.signal(number, signal.SIG_DFL)
        # Requests that are given up leave connections open, which is no news now.
        loop.set_exception_handler(lambda _loop, _context: None)
        raise KeyboardInterrupt

    def hear() -> None:
        for number in previous:
            loop.remove_signal_handler(number)
            signal.signal(number, interrupt)
        interruption.is_heard = True
        if interruption.stop is None:
            raise KeyboardInterrupt
        interruption.stop()

    for number in previous:
        loop.add_signal_handler(number, hear)
    try:
        yield interruption
    finally:
        for number, handler in previous.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)
