"""The country that a host's name says."""

from __future__ import annotations

# Country codes that the whole world uses for what they spell; and `eu`, which is no country.
_SAYS_NOTHING = frozenset(
    "ac ai am as bz cc cd cx dj eu fm gg im io la li ly me ms mu nu sc sh st su tk to tv vc vg ws".split()  # noqa: SIM905 -- fifty quoted pairs of letters read worse
)
_OTHER_CODES = {"uk": "gb"}


def find_country(host: str) -> str | None:
    """ISO 3166-1 alpha-2 in lower case, by the host's last label; None: it says none.

    >>> find_country("www.gazette.co.uk"), find_country("gazette.com"), find_country("gazette.tv")
    ('gb', None, None)
    """
    suffix = host.rstrip(".").rpartition(".")[2].lower()
    if len(suffix) != 2 or not suffix.isalpha() or not suffix.isascii() or suffix in _SAYS_NOTHING:
        return None
    return _OTHER_CODES.get(suffix, suffix)
