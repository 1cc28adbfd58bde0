"""What a disk or an object store raises, as one line for people that names it."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from obstore.exceptions import BaseError

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_CHARS = 300
# User and password of an address, and its query, where signatures stand.
_SECRETS = re.compile(r"(?<=://)[^/@\s]*@|\?[^\s\"]*")
# What the service itself says, in XML, whatever stands around it.
_SAID = re.compile(r"<Code>([^<]*)</Code>(?:\s*<Message>([^<]*)</Message>)?")
_NO_BUCKET = re.compile(r"NoSuchBucket|ContainerNotFound")
# Asked for credentials as the last resort; `/latest/` is Amazon's, whose address may be set otherwise.
_METADATA_SERVICE = re.compile(
    r"169\.254\.\d+\.\d+|metadata\.google\.internal|/latest/(?:api/token|meta-data)"
)
_TIMES = re.compile(r" in [\d.]+\S*s(?:, after .*?)? +- ")
_CREDENTIALS = {
    "s3": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run it where the machine has a role",
    "gs": "set GOOGLE_APPLICATION_CREDENTIALS to the key's file, or run it where the machine has a service account",
    "az": "set AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY, or run it where the machine has an identity",
}


class StoreError(Exception):
    """A store that cannot be used, in one line for people; the command exits 1."""

    is_mistake = False
    """Whether it is the user's mistake: the command exits 2."""


class MistakeError(StoreError):
    """What the user has named is not there, or is no store."""

    is_mistake = True


@contextmanager
def explained(name: str) -> Iterator[None]:
    """Turn what a disk or a store raises into one line that begins with `name`."""
    try:
        yield
    except (OSError, BaseError, ValueError) as error:
        if isinstance(error, OSError) and error.strerror:
            raise StoreError(f"{name}: {error.strerror}") from error
        wrong = MistakeError if _NO_BUCKET.search(str(error)) else StoreError
        raise wrong(f"{name}: {find_cause(error, name)}") from error


def find_cause(error: Exception, name: str) -> str:
    """Give the first cause, without the request's answer and whatever it took, which a store's own message repeats."""
    said = (str(error).strip() or type(error).__name__).partition("\n\nDebug source:")[0]
    if _NO_BUCKET.search(said):
        return "there is no such bucket"
    if _METADATA_SERVICE.search(said):
        kind = name.partition("://")[0]
        return f"no credentials: {_CREDENTIALS.get(kind[:2], _CREDENTIALS['az'])}"
    if found := _SAID.search(said):
        return ": ".join(part.strip() for part in found.groups() if part)[:_MOST_CHARS]
    first = _SECRETS.sub("", said.splitlines()[0])
    return _TIMES.sub(": ", first)[:_MOST_CHARS]
