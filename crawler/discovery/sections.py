"""Links out of section pages: articles told from navigation by their addresses, their place and their peers."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from selectolax.lexbor import LexborHTMLParser

from cleaners.decode import decode
from cleaners.models import Listed
from crawler.discovery.addresses import Address
from crawler.discovery.found import About
from crawler.discovery.link_places import find_places
from crawler.discovery.media import find_no_page

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crawler.discovery.found import Entry
    from crawler.discovery.link_places import Place

MAX_SECTION_LINKS = 2_000
"""Front pages of large papers hold about 400 article links; far more is an archive or a trap."""

# Weighed on 84 hubs made from 224 real article addresses and titles: tests/crawler/discovery/test_hubs.py.
_ARTICLE_SCORE = 2
_SHARED_SHAPE = 3
_PEERS, _MANY_PEERS = 4, 8
_MOST_HEADLINES, _FEW_HEADLINES, _NEARLY_ALL = 0.6, 0.25, 0.8


@dataclass(slots=True)
class _Candidate:
    """One address, with the best of all places that link to it."""

    address: Address
    places: list[Place]

    @property
    def has_headline(self) -> bool:
        return any(place.has_headline for place in self.places)


def read_section(body: bytes, url: str, content_type: str | None = None) -> Iterator[Entry]:
    """The links of a page that look like articles, in the page's order, each address once.

    A link is taken where address, place and peers together speak for an article: a date, a number or a long slug
    in the path; a heading or a teaser around it, a sentence as its text or beside it; links in the same place of
    the page that have sentences, too, and addresses of the same shape.
    """
    candidates: dict[str, _Candidate] = {}
    for place in find_places(LexborHTMLParser(decode(body, content_type)), url):
        if place.url != url and find_no_page(place.url) is None:
            candidate = candidates.get(place.url)
            if candidate is None:
                candidate = candidates[place.url] = _Candidate(Address.of(place.url), [])
            candidate.places.append(place)
    shapes = Counter(candidate.address.shape for candidate in candidates.values())
    verdicts = _judge_peers(candidates.values())
    taken = 0
    for link, candidate in candidates.items():
        shape = candidate.address.shape
        is_shared = shape != link and shapes[shape] >= _SHARED_SHAPE
        peers = max(verdicts[place.signature] for place in candidate.places)
        # Against numbered addresses of one shape, short texts ("Story 3") say nothing.
        peers = max(peers, 0) if is_shared and candidate.address.score > 0 else peers
        is_teaser = any(place.is_teaser for place in candidate.places)
        score = candidate.address.score + candidate.has_headline + is_teaser + is_shared + peers
        if score >= _ARTICLE_SCORE and taken < MAX_SECTION_LINKS:
            taken += 1
            titles = [place.title for place in candidate.places]
            yield Listed(url=link, title=max(titles, key=len) or None)
    yield About()


def _judge_peers(candidates: Iterable[_Candidate]) -> dict[str, int]:
    """For each place in the page's structure, what its links have in common.

    2 where nearly all of many have headlines, 1 where most have, -1 where few have, 0 where nothing can be said.
    """
    headlines: dict[str, list[bool]] = defaultdict(list)
    for candidate in candidates:
        for signature in {place.signature for place in candidate.places}:
            headlines[signature].append(candidate.has_headline)
    verdicts = {}
    for signature, found in headlines.items():
        share = sum(found) / len(found)
        verdicts[signature] = 0
        if len(found) >= _PEERS:
            verdicts[signature] = (share >= _MOST_HEADLINES) - (share <= _FEW_HEADLINES)
        if len(found) >= _MANY_PEERS and share >= _NEARLY_ALL:
            verdicts[signature] = 2
    return verdicts
