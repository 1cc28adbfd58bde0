"""Collects an article's pictures: the lead from the head, the others from the figures and between the paragraphs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from cleaners.markup import name_words
from cleaners.metadata.elsewhere import is_elsewhere
from cleaners.metadata.picture_addresses import address_of, is_picture, picture_key
from cleaners.metadata.shown import shown_text
from cleaners.metadata.words import load_picture_words
from cleaners.models import Image
from cleaners.structured import plain_text, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode

    from cleaners.metadata.facts import PageFacts

MAX_IMAGES = 30
_MIN_PIXELS = 100
_MIN_PARAGRAPHS = 3
_OTHER_PLACES = frozenset({"body", "figure", "li", "td", "nav", "header", "footer", "aside"})
_MAX_CAPTION_CHARS = 1_000
_CREDIT_WORDS = frozenset(
    {"credit", "credits", "copyright", "source", "photographer", "attribution", "quelle", "foto", "rights"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """An article's pictures, the lead first, and who says that it is the lead."""

    images: tuple[Image, ...]
    source: str | None
    others: dict[str, str]
    """The addresses of other pictures that are called the lead, by source."""


def find_images(facts: PageFacts) -> Pictures:
    """Return the pictures, each once however often it is cut and scaled."""
    images: dict[str, Image] = {}
    leads = _leads(facts)
    found = [*islice(((source, image) for source, image in leads), 1), *_shown(facts)]
    source = found[0][0] if found else None
    others = {}
    for _, image in found:
        key = picture_key(image.url)
        kept = images.get(key)
        images[key] = image if kept is None else _merged(kept, image)
        if len(images) == MAX_IMAGES:
            break
    for other, image in leads[1:]:
        key = picture_key(image.url)
        if key in images:
            images[key] = _merged(images[key], image)
        else:
            others[other] = image.url
    return Pictures(images=tuple(images.values()), source=source, others=others)


def _leads(facts: PageFacts) -> list[tuple[str, Image]]:
    """Return the picture that each source in the head calls the article's, with its source."""
    found: list[tuple[str, Image]] = []
    value = facts.article.get("image") or facts.article.get("thumbnailUrl")
    for item in (value if isinstance(value, list) else [value])[:5]:
        node = facts.resolve(item)
        fields: dict[str, Any] = node if isinstance(node, dict) else {"url": node}
        if address := _picture(facts, _address_in(fields)):
            image = Image(
                url=address,
                alt=None,
                caption=text_of(fields.get("caption"), limit=_MAX_CAPTION_CHARS),
                credit=text_of(fields.get("creditText") or fields.get("copyrightNotice"), limit=200),
                width=_pixels(fields.get("width")),
                height=_pixels(fields.get("height")),
                lead=True,
            )
            found.append(("json-ld", image))
            # Several shapes of one picture stand there.
            break
    for source, names, alt, size in (
        ("og", ("og:image", "og:image:url", "og:image:secure_url"), "og:image:alt", "og:image"),
        ("twitter", ("twitter:image", "twitter:image:src"), "twitter:image:alt", "twitter:image"),
    ):
        if address := _picture(facts, facts.meta(*names)):
            image = Image(
                url=address,
                alt=facts.meta(alt),
                width=_pixels(facts.meta(f"{size}:width")),
                height=_pixels(facts.meta(f"{size}:height")),
                lead=True,
            )
            found.append((source, image))
    return found


def _picture(facts: PageFacts, address: str | None) -> str | None:
    """Return a picture's absolute address; None for what is no picture."""
    if address is None or not address.strip():
        return None
    absolute = facts.absolute(address)
    return absolute if absolute is not None and is_picture(absolute, facts.document.url) else None


def _shown(facts: PageFacts) -> Iterator[tuple[str, Image]]:
    """Yield the pictures of the figures and those between the paragraphs, in page order of each."""
    for figure in facts.figures[: 4 * MAX_IMAGES]:
        img = figure.css_first("img")
        if img is None or _is_others(figure) or _is_others(img) or is_elsewhere(figure):
            continue
        sources = [source.attributes for source in figure.css("source")[:10]]
        address = _picture(facts, address_of(img.attributes, sources))
        if address:
            caption_node = figure.css_first("figcaption")
            caption = shown_text(caption_node, limit=_MAX_CAPTION_CHARS) if caption_node is not None else None
            credit = _credit_in(caption_node) if caption_node is not None else None
            yield "figure", _image(img, address, caption, credit or _labelled_credit(caption))
    for img in facts.images[: 4 * MAX_IMAGES]:
        if _stands_in_text(img) and not is_elsewhere(img):
            picture = img.parent
            sources = (
                [source.attributes for source in picture.css("source")[:10]]
                if picture is not None and picture.tag == "picture"
                else []
            )
            address = _picture(facts, address_of(img.attributes, sources))
            if address:
                yield "img", _image(img, address, None, None)


def _image(img: LexborNode, address: str, caption: str | None, credit: str | None) -> Image:
    attributes = img.attributes
    return Image(
        url=address,
        alt=plain_text(attributes.get("alt") or "", limit=_MAX_CAPTION_CHARS),
        caption=caption,
        credit=credit,
        width=_pixels(attributes.get("width")),
        height=_pixels(attributes.get("height")),
    )


def _is_others(node: LexborNode) -> bool:
    """Tell whether a picture is called a portrait, a sign or an advertisement."""
    name = f"{node.attributes.get('class') or ''} {node.attributes.get('id') or ''}"
    return name != " " and not load_picture_words().others.isdisjoint(name_words(name))


def _stands_in_text(img: LexborNode) -> bool:
    """Tell whether a picture outside of any figure stands in a paragraph, or among paragraphs, and is no sign in a line."""
    width, height = _pixels(img.attributes.get("width")), _pixels(img.attributes.get("height"))
    if (width is not None and width < _MIN_PIXELS) or (height is not None and height < _MIN_PIXELS):
        return False
    passed = [img]
    current = img.parent
    for _ in range(4):
        if current is None or current.tag in _OTHER_PLACES:
            return False
        if current.tag == "a" and not _leads_to_picture(current.attributes.get("href") or ""):
            return False
        passed.append(current)
        if current.tag == "p" or _holds_paragraphs(current):
            return not any(map(_is_others, passed))
        current = current.parent
    return False


def _holds_paragraphs(node: LexborNode) -> bool:
    found = 0
    for child in node.iter():
        found += child.tag == "p"
        if found == _MIN_PARAGRAPHS:
            return True
    return False


def _leads_to_picture(address: str) -> bool:
    return address.split("?", 1)[0].lower().endswith((".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif"))


def _labelled_credit(caption: str | None) -> str | None:
    """Return what a caption names behind "Photo:" or "©" at its end."""
    if caption is None:
        return None
    match = load_picture_words().credits.search(caption)
    return match[1].strip(" .)]") or None if match else None


def _credit_in(caption: LexborNode) -> str | None:
    for node in caption.css("[class]")[:10]:
        if not _CREDIT_WORDS.isdisjoint(name_words(node.attributes.get("class") or "")):
            return shown_text(node, limit=200)
    return None


def _address_in(fields: dict[str, Any]) -> str | None:
    for key in ("url", "contentUrl"):
        value = fields.get(key)
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, str) and value.strip():
            return value
    name = fields.get("@id")
    # Mostly a name for other nodes; a picture's address only where it looks like one.
    return name if isinstance(name, str) and _leads_to_picture(name) else None


def _pixels(value: Any) -> int | None:
    if isinstance(value, dict):
        value = value.get("value") or value.get("@value")
    if isinstance(value, str):
        digits = value.strip().lower().removesuffix("px").strip()
        if not digits.isascii() or not digits.isdigit() or len(digits) > 6:
            return None
        value = int(digits)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 1 < value < 100_000 else None


def _merged(kept: Image, other: Image) -> Image:
    return Image(
        url=kept.url,
        alt=kept.alt or other.alt,
        caption=kept.caption or other.caption,
        credit=kept.credit or other.credit,
        width=kept.width or other.width,
        height=kept.height or other.height,
        lead=kept.lead,
    )
