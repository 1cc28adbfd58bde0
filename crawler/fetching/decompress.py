"""Content decoding of what was fetched: `pipelines.decompress`, with the failures of fetching."""

from __future__ import annotations

from crawler.fetching.failures import BadEncodingError, FetchError, TooLargeError, TruncatedError
from pipelines import decompress as decoding

ACCEPT_ENCODING = "gzip, deflate, br, zstd"

_FAILURES: dict[decoding.Fault, type[FetchError]] = {
    "truncated": TruncatedError,
    "bad_encoding": BadEncodingError,
    "too_large": TooLargeError,
}


def decompress(
    body: bytes, content_encoding: str, max_bytes: int, *, cut: bool = False, is_whole: bool = True
) -> bytes:
    """The body with its content encodings taken off. Raises TooLargeError, TruncatedError and BadEncodingError."""
    try:
        return decoding.decompress(body, content_encoding, max_bytes, cut=cut, is_whole=is_whole)
    except decoding.DecodingError as error:
        raise _FAILURES[error.reason](str(error)) from None
