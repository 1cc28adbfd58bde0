"""How the keys of a log are called in Redis: for those who only look, without joining its ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Names(Protocol):
    """Who gives names of keys: a ledger, or `LogNames`."""

    @property
    def log_id(self) -> str:
        """The log that the keys belong to."""

    @property
    def worker_id(self) -> str:
        """The worker that asks; empty: it is none."""

    def key(self, kind: str, *parts: str) -> str:
        """Give the name of a key."""


@dataclass(frozen=True, slots=True)
class LogNames:
    """The names of one log's keys, for somebody who is no worker of it."""

    log_id: str
    worker_id: str = ""

    def key(self, kind: str, *parts: str) -> str:
        """Give the name of a key."""
        return key_prefix(self.log_id) + ":".join((kind, *parts))


def key_prefix(log_id: str) -> str:
    """Give what the names of all keys of a log begin with."""
    return f"bs:2:{log_id}:"
