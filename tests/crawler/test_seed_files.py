"""The seed files of the repository: each can be loaded, and together they cover the world."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from crawler.seeds import Seed, load_seeds

FOLDER = Path(__file__).parents[2] / "seeds"
FILES = sorted(FOLDER.rglob("*.toml"))
COUNTRIES = frozenset(
    re.findall(
        r"\w\w",
        "ar at au bd be bo br ca ch cn co cz de dk es fi fr gb gr hk hu id ie il in ir is it jp kr kz lt lu lv ma mx"
        " my na ng nl no pk pl pt ro ru se tr tw tz ua us vn za",
    )
)
"""ISO 3166-1 alpha-2 codes in use here; add the new one with a country's first site."""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
class TestSeedFile:
    def test_loads(self, path: Path) -> None:
        (seed,) = load_seeds([path])
        assert seed.id == path.stem

    def test_stands_in_country_folder(self, path: Path) -> None:
        assert path.parent.parent == FOLDER
        assert path.parent.name in COUNTRIES

    def test_keeps_polite_delay(self, path: Path) -> None:
        (seed,) = load_seeds([path])
        assert seed.delay_seconds >= 5

    def test_names_source_of_its_addresses(self, path: Path) -> None:
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert re.fullmatch(r"# Addresses from .+; retrieved \d{4}-\d\d-\d\d, not checked live\.", first)

    def test_lists_no_address_twice(self, path: Path) -> None:
        (seed,) = load_seeds([path])
        addresses = [url for _, url in seed.listings]
        assert len(addresses) == len(set(addresses))


def test_ids_are_unique_over_all_files() -> None:
    assert [seed.id for seed in load_seeds([FOLDER])] == sorted(path.stem for path in FILES)


def test_no_two_sites_share_a_listing() -> None:
    addresses = [url for seed in load_seeds([FOLDER]) for _, url in seed.listings]
    assert len(addresses) == len(set(addresses))


def test_files_cover_many_countries_and_languages() -> None:
    seeds = load_seeds([FOLDER])
    assert len(seeds) >= 60
    assert len({path.parent.name for path in FILES}) >= 20
    assert len({seed.language.partition("-")[0] for seed in seeds}) >= 15


def test_every_home_is_a_front_page_without_query() -> None:
    for seed in load_seeds([FOLDER]):
        assert not urlsplit(seed.home).query, seed.id


def test_readme_describes_every_key() -> None:
    table = (FOLDER / "README.md").read_text(encoding="utf-8")
    keys = set(re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE))
    assert keys == {field.name for field in fields(Seed)}
