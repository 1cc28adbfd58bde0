from __future__ import annotations

import gzip
import random
import sys
import zlib

import brotli
import pytest

from crawler.fetching.decompress import decompress
from crawler.fetching.failures import BadEncodingError, TooLargeError, TruncatedError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TEXT = b"".join(b"line %d of a page that is worth its bytes\n" % number for number in range(4_000))


def raw_deflate(data):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACKERS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "raw": raw_deflate,
    "br": brotli.compress,
    "zstd": zstd.compress,
}


def name(kind):
    return "deflate" if kind == "raw" else kind


@pytest.mark.parametrize("kind", PACKERS)
def test_whole_body_is_decoded(kind):
    assert decompress(PACKERS[kind](TEXT), name(kind), 1 << 20) == TEXT


@pytest.mark.parametrize("kind", PACKERS)
@pytest.mark.parametrize("share", [0.5, 0.9, 0.999])
def test_cut_body_is_never_a_page(kind, share):
    body = PACKERS[kind](TEXT)
    with pytest.raises(TruncatedError):
        decompress(body[: int(len(body) * share)], name(kind), 1 << 20)


@pytest.mark.parametrize("kind", PACKERS)
def test_bomb_is_stopped_at_the_limit(kind):
    with pytest.raises(TooLargeError):
        decompress(PACKERS[kind](bytes(20 << 20)), name(kind), 1 << 20)


@pytest.mark.parametrize("kind", PACKERS)
def test_body_of_exactly_the_limit_is_whole(kind):
    assert len(decompress(PACKERS[kind](TEXT), name(kind), len(TEXT))) == len(TEXT)


def test_damaged_checksum_is_noticed():
    body = bytearray(gzip.compress(TEXT))
    body[-6] ^= 1
    with pytest.raises(BadEncodingError):
        decompress(bytes(body), "gzip", 1 << 20)


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd"])
def test_body_that_is_not_what_its_header_says_is_refused(encoding):
    with pytest.raises((BadEncodingError, TruncatedError)):
        decompress(b"<html><body>plain</body></html>", encoding, 1 << 20)


def test_members_follow_one_another_and_padding_is_ignored():
    assert decompress(gzip.compress(b"one ") + gzip.compress(b"two") + bytes(8), "gzip", 100) == b"one two"


def test_two_encodings_are_taken_off_last_first_and_three_are_refused():
    assert decompress(gzip.compress(brotli.compress(TEXT)), "br, gzip", 1 << 20) == TEXT
    with pytest.raises(BadEncodingError, match="3 content encodings"):
        decompress(TEXT, "gzip, gzip, gzip", 1 << 20)


def test_identity_and_empty_bodies_pass_and_unknown_encodings_do_not():
    assert decompress(b"x", "identity", 10) == b"x"
    assert decompress(b"", "gzip", 10) == b""
    with pytest.raises(BadEncodingError, match="unknown"):
        decompress(b"x", "compress", 10)


@pytest.mark.parametrize("kind", PACKERS)
def test_body_that_we_have_cut_gives_what_it_holds(kind):
    # Each format decodes in blocks: what a part of it gives is a part of the text, if not always a large one.
    chance = random.Random(1)
    text = b"".join(b"%d " % chance.randrange(10**9) for _ in range(100_000))
    body = PACKERS[kind](text)
    part = decompress(body[: len(body) // 2], name(kind), 1 << 22, cut=True, is_whole=False)
    assert text.startswith(part)
    assert len(part) > len(text) // 10


@pytest.mark.parametrize("kind", PACKERS)
def test_body_that_may_be_cut_ends_at_the_limit(kind):
    assert decompress(PACKERS[kind](bytes(20 << 20)), name(kind), 1 << 20, cut=True) == bytes(1 << 20)


@pytest.mark.parametrize("kind", PACKERS)
def test_body_that_may_be_cut_must_still_come_whole(kind):
    with pytest.raises(TruncatedError):
        decompress(PACKERS[kind](TEXT)[:-20], name(kind), 1 << 20, cut=True)
