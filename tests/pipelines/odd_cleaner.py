"""A cleaner for the pool's tests, run in its workers: does to itself what the page says."""

import os
import signal
import time
from pathlib import Path

from cleaners.models import Rejection


def clean(page):
    word, _, rest = page.body.decode().partition(" ")
    if word == "spin":
        while True:
            pass
    if word == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "die-once" and not Path(rest).exists():
        Path(rest).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "raise":
        raise ValueError(rest)
    if word == "sleep":
        Path(rest).touch()
        time.sleep(600)
    if word == "stay":
        Path(rest).write_text(str(os.getpid()))
        while True:
            pass
    return Rejection(reason=str(os.getpid()), evidence=rest, url=page.url, requested_url=page.requested_url)
