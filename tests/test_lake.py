"""The readers of docs/lake.md, as they stand there, each on a folder with compaction and a takedown in its log."""

import asyncio
import re
from pathlib import Path

import pytest

from pipelines.compact import compact
from pipelines.rewrite import open_rewriter
from pipelines.takedown import carry_out, request_takedown
from pipelines.takedowns import to_match
from tests.pipelines.ledger_worker import SITE, joined, links, page

LAKE = Path(__file__).parent.parent / "docs/lake.md"
READERS = dict(re.findall(r"<!-- reader: (\w+) -->\n```python\n(.*?)```", LAKE.read_text(), flags=re.DOTALL))
# What a reader needs installed, where that is not the reader's own name.
NEEDS = {"files": "json", "python": "gzip", "spark": "pyspark"}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Six articles: one was taken down, three were moved, two came after."""
    folder = tmp_path_factory.mktemp("lake")

    async def publish():
        async with joined(folder) as (_, ledger):
            await ledger.save_listing(SITE, "https://news.example/feed", None, links(6))
            visits = await ledger.draw(SITE, 6)
            for number, visit in enumerate(sorted(visits, key=lambda visit: visit.url)):
                if number == 4:
                    async with open_rewriter(str(folder)) as rewriter:
                        await request_takedown(rewriter, to_match("https://news.example/0"), "asked for")
                        await carry_out(rewriter)
                        await compact(rewriter)
                await ledger.submit(page(visit))
                await ledger.drain()

    asyncio.run(publish())
    return folder


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_of_the_page_finds_the_articles_that_count(reader, data):
    pytest.importorskip(NEEDS.get(reader, reader), reason=f"{reader} is not installed here")
    scope = {"data": str(data)}
    exec(READERS["files"], scope)
    exec(READERS[reader], scope)
    expected = {f"https://news.example/{number}" for number in range(1, 6)}
    if reader == "files":
        assert (len(scope["published"](data)), len(scope["published"](data, "outcomes"))) == (3, 1)
        return
    assert urls(reader, scope["articles"]) == sorted(expected)


def urls(reader, articles):
    match reader:
        case "duckdb":
            return sorted(url for (url,) in articles.project("url").fetchall())
        case "spark":
            return sorted(row.url for row in articles.collect())
        case "pandas":
            return sorted(articles["url"])
        case "datasets":
            return sorted(articles["url"])
        case "python":
            return sorted(article["url"] for article in articles)
    raise AssertionError(reader)
