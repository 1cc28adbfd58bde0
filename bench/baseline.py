"""trafilatura with its defaults and metadata over a pages file: baseline.py PAGES.jsonl.gz OUT.jsonl."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

from trafilatura import bare_extraction
from trafilatura.settings import Document


def main() -> None:
    pages, out = sys.argv[1:]
    with (
        gzip.open(pages, "rt", encoding="utf-8") as lines,
        Path(out).open("w", encoding="utf-8") as predictions,
    ):
        predictions.writelines(json.dumps(predict(json.loads(line))) + "\n" for line in lines)


def predict(page: dict[str, Any]) -> dict[str, Any]:
    if "html" not in page:
        # trafilatura has no mode for text: what a naive scraper took, as it is.
        return {"id": page["id"], "title": page["title"], "text": page["text"]}
    found = bare_extraction(page["html"], url=page["url"], with_metadata=True, include_comments=False)
    if not isinstance(found, Document):
        return {"id": page["id"]}
    authors = found.author.split("; ") if found.author else []
    return {
        "id": page["id"],
        "title": found.title,
        "text": found.text,
        "authors": authors,
        "published_at": found.date,
    }


if __name__ == "__main__":
    main()
