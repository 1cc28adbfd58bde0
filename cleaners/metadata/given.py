"""Authors and dates that somebody gives beside a text, such as another tool's dump; read as those that a page states."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cleaners.metadata.authors import choose_credit, read_listed
from cleaners.metadata.moments import read_moment
from cleaners.metadata.published import to_reading

if TYPE_CHECKING:
    from datetime import datetime

    from cleaners.models import Listed, Metadata

GIVEN = "given"
"""The source of what does not stand in the text itself."""


def with_given(metadata: Metadata, given: Listed, now: datetime) -> Metadata:
    """Return the metadata with these authors and dates. `now`: aware, UTC.

    Left out are names of nobody, days before 1990 or after `now`, and a change before the publication.
    """
    reading = to_reading(given.url, metadata.language, now)
    published, modified = (read_moment(said, reading) for said in (given.published_at, given.modified_at))
    if published is not None and modified is not None and modified.at < published.at:
        modified = None
    credit = choose_credit(list(read_listed(GIVEN, given)))
    sources = {"authors": credit, "published_at": published, "modified_at": modified}
    return replace(
        metadata,
        authors=credit.names if credit is not None else (),
        byline=credit.raw if credit is not None else None,
        published_at=published.iso() if published is not None else None,
        published_precision=published.precision if published is not None else None,
        published_zone=published.zone if published is not None else None,
        modified_at=modified.iso() if modified is not None else None,
        sources={**metadata.sources, **{name: GIVEN for name, found in sources.items() if found is not None}},
    )
