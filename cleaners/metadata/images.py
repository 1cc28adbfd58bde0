"""Collects an article's pictures: the lead from the head, the others from the figures in the text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cleaners.markup import name_words
from cleaners.metadata.elsewhere import is_elsewhere
from cleaners.metadata.shown import shown_text
from cleaners.models import Image
from cleaners.structured import plain_text, text_of

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

    from cleaners.metadata.facts import PageFacts

MAX_IMAGES = 30
_MAX_CAPTION_CHARS = 1_000
_CREDIT_WORDS = frozenset(
    {"credit", "credits", "copyright", "source", "photographer", "attribution", "quelle", "foto", "rights"}
)


def find_images(facts: PageFacts) -> tuple[Image, ...]:
    """Return the pictures, the lead first, each address once."""
    images: dict[str, Image] = {}
    for image in (*_lead(facts), *_figures(facts)):
        key = image.url.split("?", 1)[0].rsplit("/", 1)[-1] or image.url
        kept = images.get(key)
        images[key] = image if kept is None else _merged(kept, image)
        if len(images) == MAX_IMAGES:
            break
    return tuple(images.values())


def _lead(facts: PageFacts) -> list[Image]:
    found: list[Image] = []
    value = facts.article.get("image") or facts.article.get("thumbnailUrl")
    for item in (value if isinstance(value, list) else [value])[:5]:
        node = facts.resolve(item)
        fields: dict[str, Any] = node if isinstance(node, dict) else {"url": node}
        address = facts.absolute(_address_of(fields))
        if address:
            found.append(
                Image(
                    url=address,
                    alt=None,
                    caption=text_of(fields.get("caption"), limit=_MAX_CAPTION_CHARS),
                    credit=text_of(fields.get("creditText") or fields.get("copyrightNotice"), limit=200),
                    width=_pixels(fields.get("width")),
                    height=_pixels(fields.get("height")),
                    lead=True,
                )
            )
    address = facts.absolute(
        facts.meta("og:image", "og:image:url", "og:image:secure_url", "twitter:image", "twitter:image:src")
    )
    if address:
        found.append(
            Image(
                url=address,
                alt=facts.meta("og:image:alt", "twitter:image:alt"),
                width=_pixels(facts.meta("og:image:width")),
                height=_pixels(facts.meta("og:image:height")),
                lead=not found,
            )
        )
    # Several shapes of one picture stand in JSON-LD; the first is the lead.
    return [image if number == 0 else _not_lead(image) for number, image in enumerate(found[:1] or found)]


def _figures(facts: PageFacts) -> list[Image]:
    found: list[Image] = []
    for figure in facts.figures[: 4 * MAX_IMAGES]:
        if len(found) == MAX_IMAGES:
            break
        img = figure.css_first("img")
        if img is None or is_elsewhere(figure):
            continue
        attributes = img.attributes
        address = facts.absolute(_source_of(attributes))
        if not address:
            continue
        caption_node = figure.css_first("figcaption")
        caption = shown_text(caption_node, limit=_MAX_CAPTION_CHARS) if caption_node is not None else None
        found.append(
            Image(
                url=address,
                alt=plain_text(attributes.get("alt") or "", limit=_MAX_CAPTION_CHARS),
                caption=caption,
                credit=_credit_in(caption_node) if caption_node is not None else None,
                width=_pixels(attributes.get("width")),
                height=_pixels(attributes.get("height")),
            )
        )
    return found


def _source_of(attributes: dict[str, str | None]) -> str | None:
    for name in ("src", "data-src", "data-lazy-src", "data-original"):
        value = attributes.get(name)
        if value and not value.startswith("data:"):
            return value
    srcset = attributes.get("srcset") or attributes.get("data-srcset")
    return srcset.split(",")[-1].split()[0] if srcset and srcset.split(",")[-1].split() else None


def _credit_in(caption: LexborNode) -> str | None:
    for node in caption.css("[class]")[:10]:
        if not _CREDIT_WORDS.isdisjoint(name_words(node.attributes.get("class") or "")):
            return shown_text(node, limit=200)
    return None


def _address_of(fields: dict[str, Any]) -> str | None:
    for key in ("url", "contentUrl", "@id"):
        value = fields.get(key)
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, str):
            return value
    return None


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


def _not_lead(image: Image) -> Image:
    return Image(
        url=image.url,
        alt=image.alt,
        caption=image.caption,
        credit=image.credit,
        width=image.width,
        height=image.height,
    )
