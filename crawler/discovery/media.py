"""Addresses that are no pages by their names: left out before anything is asked for them."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_MEDIA = re.compile(
    r"\.(?:jpe?g|png|gif|webp|avif|svgz?|ico|bmp|tiff?|heic|mp[234]|m4[abv]|mpe?g|mov|avi|wmv|flv|mkv|webm|og[agv]|opus"
    r"|wav|flac|aac|m3u8?|mpd|ts|srt|vtt)$",
    re.IGNORECASE,
)
_DOCUMENT = re.compile(
    r"\.(?:pdf|epub|mobi|docx?|xlsx?|pptx?|od[stp]|rtf|csv|tsv|zip|gz|tgz|bz2|xz|7z|rar|tar|exe|dmg|apk|iso|bin"
    r"|xml|rss|atom|rdf|json|jsonl|js|mjs|css|map|woff2?|ttf|eot|ics|vcf|kml|swf)$",
    re.IGNORECASE,
)


def find_no_page(url: str) -> str | None:
    """`media` or `document` for an address whose path ends as files of that kind do; None: it may be a page.

    >>> find_no_page("https://gazette.example/bridge.JPG?w=640"), find_no_page("https://gazette.example/a.html")
    ('media', None)
    """
    path = urlsplit(url).path
    name = path.rpartition("/")[2]
    if "." not in name:
        return None
    if _MEDIA.search(name):
        return "media"
    return "document" if _DOCUMENT.search(name) else None
