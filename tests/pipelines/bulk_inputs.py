"""Inputs of bulk runs for tests: small pages of their own words, with copies, revisions and near-duplicates among them."""

import gzip
import io
import json
import random
from pathlib import Path

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

_WORDS = [
    start + middle + end
    for start in ("bri", "har", "mar", "tol", "ven", "sul", "cor", "den")
    for middle in ("da", "ke", "lo", "mi", "nu", "pa", "re")
    for end in ("ge", "st", "rn", "ck", "lt", "nd", "s")
]


def paragraphs(seed: int) -> list[str]:
    """Three paragraphs that no other seed has."""
    words = random.Random(seed)
    return [
        " ".join(words.choice(_WORDS) for _ in range(35)).capitalize() + f", said the mayor of ward {seed}."
        for _ in range(3)
    ]


def html(seed: int, *, changed: str = "") -> str:
    """A page; `changed` stands at the end of its text."""
    body = "".join(f"<p>{text}</p>" for text in [*paragraphs(seed), *([changed] if changed else [])])
    title = f"Ward {seed} opens its new bridge"
    return f"<html lang='en'><head><title>{title}</title></head><body><article><h1>{title}</h1>{body}</article></body></html>"


def url(number: int) -> str:
    return f"https://news.example/2026/story-{number}"


def pages(count: int, first: int = 0) -> list[tuple[str, str]]:
    """Address and page: of ten, one comes again, one has changed, one stands under another address, one nearly so."""
    made = []
    for number in range(first, first + count):
        kind = number % 10
        if kind == 6:
            made.append((url(number - 1), html(number - 1)))
        elif kind == 7:
            made.append(
                (url(number - 2), html(number - 2, changed="One more was hurt, the council said later."))
            )
        elif kind == 8:
            made.append((url(number), html(number - 4)))
        elif kind == 9:
            made.append((url(number), html(number - 6, changed="This is what our partner wrote.")))
        else:
            made.append((url(number), html(number)))
    return made


def write_warc(path: Path, given: list[tuple[str, str]], *, day: int = 1, packed: bool = True) -> None:
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=packed)
        for address, page in given:
            head = StatusAndHeaders(
                "200 OK", [("Content-Type", "text/html; charset=utf-8")], protocol="HTTP/1.1"
            )
            writer.write_record(
                writer.create_warc_record(
                    address,
                    "response",
                    payload=io.BytesIO(page.encode()),
                    http_headers=head,
                    warc_headers_dict={"WARC-Date": f"2026-04-{day:02}T08:00:00Z"},
                )
            )


def write_lines(path: Path, given: list[tuple[str, str]], *, day: int = 1) -> None:
    lines = "".join(
        json.dumps({"url": address, "html": page, "fetched_at": f"2026-04-{day:02}T08:00:00+00:00"}) + "\n"
        for address, page in given
    )
    path.write_bytes(gzip.compress(lines.encode()) if path.suffix == ".gz" else lines.encode())
