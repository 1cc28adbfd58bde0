"""Data folders with something in them, and how it is taken down again."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipelines.log import Commit, encode_entry, entry_path
from pipelines.objects import open_objects
from pipelines.parts import PartLine, Staging, new_name
from pipelines.record import encode_line
from pipelines.rewrite import open_rewriter
from pipelines.takedown import carry_out, request_takedown
from pipelines.takedowns import to_match
from tests.pipelines.ledger_worker import SITE, joined, links, page

MARKER = "Zyx-marker-7f3a"
"""A word that stands in no other page."""


async def publish(data, texts, batches=1):
    """Publish pages with these texts; gives their visits."""
    async with joined(data) as (_, ledger):
        await ledger.save_listing(SITE, "https://news.example/feed", None, links(len(texts)))
        visits = sorted(await ledger.draw(SITE, len(texts)), key=lambda visit: visit.url)
        for number, (visit, text) in enumerate(zip(visits, texts, strict=True), 1):
            await ledger.submit(page(visit, text=text))
            if number % -(-len(texts) // batches) == 0:
                await ledger.drain()
    return visits


def add_rows(data, *changes, day=0, folder="articles"):
    """Publish one more batch with a copy of the first article for each change."""
    first = next(row for path in sorted(data.glob("articles/*/*.gz")) for row in read_part_rows(path))
    objects = open_objects(str(data), Path(), new_name())
    staging = Staging(objects.staging)
    moment = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=day)
    lines = []
    for change in changes:
        row = {
            **first,
            "fetched_at": moment.isoformat(),
            "log_entry": None,
            "visit": os.urandom(16).hex(),
            **change,
        }
        lines.append(PartLine(encode_line(row), row["fetched_at"], row["site"], row["language"]))
    batch = new_name()
    part = staging.write_part(f"{folder}/date={moment:%Y-%m-%d}/{batch}.jsonl.gz", lines)
    sequence = len(list(data.glob("log/[0-9]*.json"))) + 1
    entry = Commit(batch=batch, epoch=1, adds=[part], created_at=moment.isoformat())

    async def commit():
        await objects.publish(objects.staging / part.path, part.path)
        await objects.create(entry_path(sequence), encode_entry(entry))

    asyncio.run(commit())
    staging.close()
    return sequence


def read_part_rows(path):
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


async def take_down(data, target):
    async with open_rewriter(str(data)) as rewriter:
        await request_takedown(rewriter, to_match(target), "asked for")
        return await carry_out(rewriter)


def files_with_marker(data):
    """Every file under the folder whose content, unpacked, has the marker; logs and the server's own included."""
    found = []
    for path in data.rglob("*"):
        if path.is_file():
            body = path.read_bytes()
            if path.suffix == ".gz":
                body = gzip.decompress(body)
            if MARKER.encode() in body:
                found.append(str(path.relative_to(data)))
    return found
