import gzip
import json
import os
import tomllib
import typing
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cleaners.rules
from cleaners.rules import Kind, load_rules, load_url_params
from cleaners.rules.fold import fold

FOLDER = Path(cleaners.rules.__file__).parent
PHRASES = sorted(
    path for name in ("headings", "openings", "phrases") for path in (FOLDER / name).glob("*.toml")
)
LISTS = [FOLDER / name for name in ("icons.toml", "icon_markup.toml", "url_params.toml")]
LANGUAGES = ["ar", "de", "en", "es", "fa", "fr", "he", "hi", "id", "it"]
LANGUAGES += ["ja", "ko", "nl", "pl", "pt", "ru", "sv", "tr", "uk", "zh"]
HEAD = {"source", "licence", "retrieved"}
# The references' folder, where it is there: pages of other people, in no repository.
BENCH = Path(os.environ.get("BROADSHEET_BENCH", "bench-data"))


def entries(path):
    for kind, lists in tomllib.loads(path.read_text())["kind"].items():
        for strength, block in lists.items():
            for entry in block.splitlines():
                yield kind, strength, entry


def named(path):
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", PHRASES + LISTS, ids=named)
def test_every_file_says_where_its_rules_come_from(path):
    file = tomllib.loads(path.read_text())
    assert set(file) >= HEAD
    assert ("maintained" in file) != ("generated_by" in file)


@pytest.mark.parametrize("path", PHRASES, ids=named)
def test_every_phrase_file_is_in_canonical_form(path):
    file = tomllib.loads(path.read_text())
    assert set(file) <= HEAD | {"maintained", "generated_by", "kind"}
    assert list(file["kind"]) == [kind for kind in typing.get_args(Kind) if kind in file["kind"]]
    for lists in file["kind"].values():
        assert set(lists) <= {"always", "strict", "weak", "weak_strict"}
        for block in lists.values():
            lines = block.splitlines()
            assert lines == sorted(lines)
            assert lines == [" ".join(unicodedata.normalize("NFC", line).split()) for line in lines]
            assert not any(character.isupper() and character != "İ" for character in block)


@pytest.mark.parametrize("path", PHRASES, ids=named)
def test_no_phrase_stands_twice_in_a_file(path):
    keys = [
        (fold(entry), entry.endswith(":") and path.parent.name == "openings") for _, _, entry in entries(path)
    ]
    assert len(keys) == len(set(keys))
    assert all(key for key, _ in keys)


@pytest.mark.parametrize("path", PHRASES, ids=named)
def test_every_number_in_a_phrase_stands_as_lines_are_folded(path):
    for _, _, entry in entries(path):
        assert fold(entry.replace("{n}", "12")) == fold(entry)


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.stem)
def test_every_list_is_sorted_and_unique(path):
    for block in tomllib.loads(path.read_text()).values():
        if isinstance(block, str) and "\n" in block:
            assert block.split() == sorted(set(block.split()))


@pytest.mark.parametrize("language", LANGUAGES)
def test_twenty_languages_have_headings_openings_and_phrases(language):
    held = {
        path.parent.name: {kind for kind, _, _ in entries(path)} for path in PHRASES if path.stem == language
    }
    assert held["phrases"] >= {
        "related",
        "share",
        "copy",
        "reading_time",
        "listen",
        "advertisement",
        "comments",
    }
    assert held["headings"] >= {"related", "most_read", "newsletter", "summary", "tags", "comments", "author"}
    assert held["openings"] >= {"related", "credit", "tags", "reading_time", "author"}


@pytest.mark.parametrize("path", PHRASES, ids=named)
def test_every_phrase_answers_on_a_page_of_its_language(path):
    rules = load_rules()
    look = {"headings": rules.heading, "phrases": rules.line, "openings": rules.opening}[path.parent.name]
    for kind, strength, entry in entries(path):
        rest = "Reuters" if path.parent.name == "openings" else "»"
        match = look(f"▸ {entry.replace('{n}', '12')} {rest}", path.stem)
        assert match is not None, entry
        assert match.rule == f"{named(path)}:{entry}"
        assert (match.kind, match.weak) == (kind, strength.startswith("weak"))


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("4 min read", "reading_time"),
        ("Lesezeit: 4 Min.", "reading_time"),
        ("OKUMA SÜRESİ: 3 DAKİKA", "reading_time"),
        ("٣ دقائق قراءة", "reading_time"),
        ("▶ Artikel anhören", "listen"),
        ("🔗 Copier le lien", "copy"),
        ("\ue80d Share this article", "share"),
        ("1.2K shares", "counter"),
        ("1 234 views", "counter"),
        ("HABERİN DEVAMI", "related"),
        ("A LIRE AUSSI", "related"),
        ("بیشتر بخوانيد", "related"),
        ("この記事をシェア", "share"),
        ("🇹🇷Türkçe versiyonu", "switch"),
    ],
)
def test_finds_a_phrase_however_it_is_printed(line, kind):
    match = load_rules().line(line)
    assert match is not None
    assert (match.kind, match.weak) == (kind, False)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("Lesen Sie auch: Der Rat vertagt sich", "related"),
        ("Читайте также: новый мост", "related"),
        ("Haberin devamı için tıklayın", "related"),
        ("Etiketler: köprü, belediye", "tags"),
        ("标签：桥梁 市政", "tags"),
        ("责任编辑：王小明", "author"),
        ("Follow us on Telegram and never miss a story", "follow"),
        ("사진=연합뉴스", "credit"),
        ("Photo:", "credit"),
    ],
)
def test_finds_a_phrase_that_a_line_opens_with(line, kind):
    match = load_rules().opening(line)
    assert match is not None
    assert match.kind == kind


@pytest.mark.parametrize(
    "line",
    [
        "The council postponed its decision on the new bridge until autumn.",
        "Related work on bridges was done in the 1990s.",
        "Share prices fell by 3 percent on Tuesday.",
        "Print is not dead.",
        "广告商撤回了投放。",
        "文化部门负责人表示，项目将于年底完成。",
        "Sie haben ihr Haus verloren.",
        "",
        "   ",
        "▶",
        "7",
        "x" * 100_000,
    ],
)
def test_leaves_the_lines_of_an_article(line):
    rules = load_rules()
    for match in (rules.line(line), rules.heading(line), rules.opening(line)):
        assert match is None or match.weak


def test_is_careful_with_words_that_articles_print_themselves():
    rules = load_rules()
    for text in ("Share", "Summary", "Home", "English", "Türkçe", "Deutsch", "日本語"):
        match = rules.line(text, "en")
        assert match is not None
        assert match.weak
    heading = rules.heading("Why it matters", "en")
    assert heading is not None
    assert (heading.kind, heading.weak) == ("why_it_matters", True)


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)


def test_icon_names_know_which_of_them_are_words():
    icons = load_rules().icons
    assert len(icons.names) > 4000
    assert {"calendar_today", "psychology_alt", "check_circle"} <= icons.names - icons.plain_words
    assert {"share", "home", "summarize"} <= icons.plain_words
    assert icons.is_class("material-symbols-outlined")
    assert icons.is_class("fa-share")
    assert not icons.is_class("fa-ul")
    assert not icons.is_class("bar")


def test_url_parameters_that_choose_a_page_stay():
    params = load_url_params()
    assert "fbclid" in params.names
    assert not {"id", "p", "page", "q", "lang", "ref", "source", "article"} & params.names


# Lines of reference bodies that are interface all the same: one page's reference holds them by mistake.
KNOWN_NOISE = {
    "headings/en:about the author",
    "headings/en:also read",
    "headings/en:more to read",
    "headings/en:suggested reading",
    "headings/en:table of contents",
    "headings/en:up next",
    "openings/en:already a subscriber",
    "openings/en:also read:",
    "openings/en:image source:",
    "openings/en:last updated:",
    "openings/en:listen to this",
    "openings/en:photo via",
    "openings/en:read more:",
    "openings/en:read next:",
    "openings/en:reading time:",
    "openings/en:related reading:",
    "openings/en:related:",
    "openings/en:up next:",
    "openings/en:{n} min read",
    "phrases/en:about the author",
    "phrases/en:all rights reserved",
    "phrases/en:also read",
    "phrases/en:buy on amazon",
    "phrases/en:photo credit",
    "phrases/en:reading time: {n} minutes",
    "phrases/en:table of contents",
    "phrases/en:up next",
    "phrases/en:updated on",
    "phrases/en:view at amazon",
    "phrases/en:{n} min read",
}


@pytest.mark.parametrize("name", ["zyte", "publishers", "wcxb"])
def test_no_strong_phrase_is_a_line_of_a_reference_body(name):
    path = BENCH / f"{name}.gold.jsonl.gz"
    if not path.exists():
        pytest.skip(f"no {path}; BROADSHEET_BENCH names the folder of the references")
    rules, found = load_rules(), {}
    with gzip.open(path, "rt") as lines:
        records = [json.loads(line) for line in lines]
    for record in records:
        for line in (record.get("text") or "").splitlines():
            for match in (rules.line(line), rules.heading(line), rules.opening(line)):
                if match and not match.weak and match.rule not in KNOWN_NOISE:
                    found[match.rule] = line[:100]
    assert found == {}
