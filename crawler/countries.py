"""Which sites a country has: those whose seeds lie in its folder, since rows do not say where a site is at home."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.errors import UserError
from crawler.seeds import default_seeds_folder, load_seeds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def find_sites(countries: Sequence[str], seeds: Sequence[Path] | None) -> tuple[str, ...]:
    """The ids of the sites of some countries, in their order; no country: none.

    A seed's country is the name of the folder that its file lies in, such as `de`. `seeds`: files, or folders of them;
    None: the default seeds. Raises UserError for a country that no seed lies in, and SeedError.
    """
    if not countries:
        return ()
    by_country: dict[str, list[str]] = {}
    for place in seeds or (default_seeds_folder(),):
        for path in sorted(place.rglob("*.toml")) if place.is_dir() else [place]:
            by_country.setdefault(path.resolve().parent.name.lower(), []).extend(
                seed.id for seed in load_seeds([path])
            )
    for country in countries:
        if country.lower() not in by_country:
            raise UserError(
                f"--country {country}: no seed lies in a folder of this name; there are {_shown(by_country)}"
            )
    return tuple(sorted({site for country in countries for site in by_country[country.lower()]}))


def _shown(names: dict[str, list[str]]) -> str:
    return ", ".join(sorted(names)) or "none"
