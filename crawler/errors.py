"""The ways in which a command does not get done, each as one line for people."""

from __future__ import annotations


class UserError(ValueError):
    """The user's mistake: the line names file, key, option or address, and says what to do. Exit code 2."""


class Fault(Exception):  # noqa: N818 -- the word of the documentation, beside "the user's mistake"
    """What is not the user's mistake: a lost server, a full disk, a bug. Exit code 1."""


class Interrupted(Exception):  # noqa: N818 -- as KeyboardInterrupt, which it is in better order
    """A signal ended it before it was done. Exit code 130."""
