"""Digests as records name them: `sha1:` or another algorithm, and the value in base 32 or hex."""

from __future__ import annotations

import base64
import hashlib

_ALGORITHMS = {
    "sha1": "sha1",
    "sha-1": "sha1",
    "sha256": "sha256",
    "sha-256": "sha256",
    "md5": "md5",
    "sha512": "sha512",
}


def make_digest(body: bytes) -> str:
    """Give the digest as we write it: sha1 in base 32, which every tool checks and CDX files look pages up by."""
    return f"sha1:{base64.b32encode(hashlib.sha1(body, usedforsecurity=False).digest()).decode()}"


def is_digest_of(digest: str, body: bytes) -> bool | None:
    """Say whether the digest is that of the body; None: it is of no kind that is known."""
    name, _, value = digest.strip().partition(":")
    algorithm = _ALGORITHMS.get(name.strip().lower())
    if algorithm is None or not value:
        return None
    made = hashlib.new(algorithm, body, usedforsecurity=False).digest()
    return value.strip().upper().rstrip("=") in {
        base64.b32encode(made).decode().rstrip("="),
        made.hex().upper(),
    }
