"""Write the bundled sites' seeds: the addresses hold the ports, which are the user's choice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from crawler.demo.content import Site


def write_seeds(sites: Iterable[Site], folder: Path) -> None:
    """One file a site, as an operator would write it."""
    for site in sites:
        (folder / f"{site.id}.toml").write_text(_to_toml(site), encoding="utf-8")


def _to_toml(site: Site) -> str:
    keys = {
        "id": site.id,
        "name": site.name,
        "language": site.language,
        "home": f"{site.base}/",
        "feeds": [site.base + site.feed_path],
        "sitemaps": [site.base + site.sitemap_path],
        "sections": [site.base + site.section_url(slug) for slug in site.sections],
        "delay_seconds": 0,
    }
    # Strings, numbers and lists of strings are written alike in JSON and TOML.
    return "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in keys.items())
