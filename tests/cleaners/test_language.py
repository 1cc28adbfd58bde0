from __future__ import annotations

import pytest

from cleaners.language import detect_language, to_language_tag, with_detected_language
from tests.cleaners.metadata_pages import read

ENGLISH = "The harbour opened again this morning after the longest winter that anybody in town remembers. "
GERMAN = "Der Hafen ist heute Morgen nach dem längsten Winter seit Menschengedenken wieder geöffnet worden. "
ARABIC = "فتح الميناء أبوابه من جديد هذا الصباح بعد أطول شتاء يتذكره سكان المدينة منذ سنوات طويلة. "


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (ENGLISH, "en"),
        (GERMAN, "de"),
        (ARABIC, "ar"),
        (ENGLISH * 500, "en"),
        ("THE HARBOUR OPENED AGAIN THIS MORNING AFTER A LONG WINTER", "en"),
    ],
)
def test_detects_the_language_of_running_text(text: str, language: str) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "1234 5678 90",
        "ok",
        "12:30 / 45,7 % / 99 – 100 / 3.14 / 2025",
        "\ud800\ud800",
        "🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉",
    ],
)
def test_says_nothing_of_what_is_no_running_text(text: str) -> None:
    assert detect_language(text) is None


def test_the_declared_language_stands_where_the_text_agrees() -> None:
    metadata = with_detected_language(read(lang="en-GB"), ENGLISH)
    assert (metadata.language, metadata.language_detected, metadata.language_declared) == (
        "en-GB",
        "en",
        "en-GB",
    )


def test_the_text_overrules_the_declaration() -> None:
    metadata = with_detected_language(read(lang="en"), ARABIC)
    assert (metadata.language, metadata.direction, metadata.sources["language"]) == ("ar", "rtl", "detected")
    assert metadata.disagreements["language"] == {"declared": "en"}


def test_no_text_leaves_the_declaration() -> None:
    assert with_detected_language(read(lang="de"), "").language == "de"


@pytest.mark.parametrize(
    ("value", "tag"),
    [
        ("de_DE", "de-DE"),
        ("EN", "en"),
        ("zh-hans-cn", "zh-Hans-CN"),
        ("es-419", "es-419"),
        ("en, de", "en"),
        ("en_US.UTF-8", "en-US"),
        ("und", None),
        ("english", None),
        ("", None),
        (None, None),
        ("x", None),
        ("日本", None),
    ],
)
def test_turns_declarations_into_tags(value: str | None, tag: str | None) -> None:
    assert to_language_tag(value) == tag
