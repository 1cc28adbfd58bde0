"""Markup: a page's tree, read once, with an index of what its elements are called.

Each look at a node of selectolax makes a Python object, and each CSS query walks the whole tree: both cost more than
the plain records and lists that are kept here for all finders and for the layout.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from selectolax.lexbor import LexborHTMLParser, LexborNode

# What stands inside these is not text.
UNREAD_TAGS = frozenset(
    ("script", "style", "noscript", "template", "svg", "math", "iframe", "object", "embed", "canvas", "audio", "video",
     "head", "title", "input", "select", "option", "textarea", "datalist", "progress", "meter", "map",
     # How the characters beside them are read: in a line of text, the same word twice.
     "rt", "rtc")
)  # fmt: skip
# Some templates set the article by script and keep it in a `noscript` for readers without, which we are: 3 of 1,439
# pages. The others hold notices, pictures, styles or menus there.
MIN_NOSCRIPT_PARAGRAPHS = 3
MIN_NOSCRIPT_CHARS = 600
NAMING_ATTRIBUTES = ("class", "id", "data-testid", "data-component")
INDEXED_ATTRIBUTES = frozenset(
    (*NAMING_ATTRIBUTES, "role", "hidden", "aria-hidden", "style", "itemprop", "property")
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W_]+")
# Names longer than this are generated state, not names (one real page carries 20,000 characters of JSON in an id).
_MAX_NAME_CHARS = 400
_PLAIN_ID = re.compile("[A-Za-z][A-Za-z0-9_-]{0,60}")
MAX_PATH_STEPS = 40
"""Elements in a path at most; blocks on 1,439 real pages stand 54 deep at most, and hostile ones 500."""


# Two of five elements have none: one record for all is less to make, and less for the garbage collector to look at.
_NO_ATTRIBUTES: dict[str, str | None] = {}


class Element:
    """One element of a page's tree."""

    __slots__ = ("attributes", "end", "node", "parent", "place", "tag")

    def __init__(self, node: LexborNode, tag: str, parent: Element | None, place: int) -> None:
        self.node = node
        self.tag = tag
        self.attributes = node.attributes or _NO_ATTRIBUTES
        self.parent = parent
        """None for the root."""
        self.place = place
        """Where it opens in `Markup.content`: a number of its own, larger than those of the elements around it."""
        self.end = place
        """Where it ends there."""

    def self_and_ancestors(self) -> Iterator[Element]:
        """It and the elements around it, from the inside out."""
        element: Element | None = self
        while element is not None:
            yield element
            element = element.parent


def _holds_article(noscript: LexborNode) -> bool:
    """Whether it holds paragraphs enough to be the page's text."""
    paragraphs = noscript.css("p")
    return (
        len(paragraphs) >= MIN_NOSCRIPT_PARAGRAPHS
        and sum(len(node.text()) for node in paragraphs) >= MIN_NOSCRIPT_CHARS
    )


def _stands_in_brackets(reading: LexborNode) -> bool:
    """Whether the page itself sets a reading in brackets for whoever cannot show it above the line."""
    before = reading.prev
    while before is not None and before.tag == "-text" and not (before.text_content or "").strip():
        before = before.prev
    return before is not None and before.tag == "rp" and bool(before.text().strip())


def in_order(elements: Iterable[Element]) -> list[Element]:
    """Elements in document order, each once."""
    return sorted(set(elements), key=attrgetter("place"))


def name_words(name: str) -> frozenset[str]:
    """The words of a class attribute, and each two neighbours within one class joined by a hyphen or glued.

    >>> sorted(name_words("articleShareBar"))
    ['article', 'article-share', 'articlesharebar', 'bar', 'share', 'share-bar']
    """
    return frozenset().union(*map(_token_words, name[:_MAX_NAME_CHARS].split()))


@lru_cache(maxsize=50_000)
def _token_words(token: str) -> frozenset[str]:
    parts = [part.lower() for part in _WORD.findall(token)]
    if len(parts) < 2:
        return frozenset(parts)
    pairs = [f"{a}-{b}" for a, b in itertools.pairwise(parts)]
    return frozenset((*parts, *pairs, "".join(parts)))


class Markup:
    """The elements of a tree in document order, and by tag, by attribute and by the words of their names.

    Finders read it and never change it: what they find is left out of the layout, so no one meets a freed node.
    """

    def __init__(self, tree: LexborHTMLParser, vocabulary: frozenset[str]) -> None:
        self.elements: list[Element] = []
        self.content: list[Element | str | None] = []
        """The page in its order: an element opens, text, None: the innermost open element ends.

        An empty text is a comment. What stands directly inside an element of `UNREAD_TAGS` is no text.
        """
        self._read(tree)
        self._by_tag: dict[str, list[Element]] = {}
        self._by_attribute: dict[str, list[Element]] = {name: [] for name in INDEXED_ATTRIBUTES}
        for element in self.elements:
            self._by_tag.setdefault(element.tag, []).append(element)
            for attribute in element.attributes:
                if attribute in INDEXED_ATTRIBUTES:
                    self._by_attribute[attribute].append(element)
        self._by_word = self._index_words(vocabulary)

    def _read(self, tree: LexborHTMLParser) -> None:
        """Fill `elements` and `content`."""
        elements, content = self.elements, self.content
        node: LexborNode | None = tree.root
        parent: Element | None = None
        # A number costs less than a name to read, and few tags make up a page.
        tags: dict[int, str] = {}
        while node is not None:
            number = node.tag_id
            tag = tags.get(number)
            if tag is None:
                tag = tags[number] = node.tag or "-other"
            child = None
            if tag == "-text":
                if parent is not None and parent.tag not in UNREAD_TAGS:
                    content.append(node.text_content or "")
            elif tag[0] == "-":
                content.append("")
            else:
                if tag == "noscript" and _holds_article(node):
                    tag = "div"
                elif tag == "rt" and _stands_in_brackets(node):
                    tag = "span"
                element = Element(node, tag, parent, len(content))
                elements.append(element)
                content.append(element)
                child = node.first_child
                if child is not None:
                    parent = element
                else:
                    element.end = len(content)
                    content.append(None)
            node = child if child is not None else node.next
            while node is None and parent is not None:
                parent.end = len(content)
                content.append(None)
                node = parent.node.next
                parent = parent.parent

    def _index_words(self, vocabulary: frozenset[str]) -> dict[str, list[Element]]:
        """The elements whose names hold a word of a vocabulary, by that word."""
        by_word: dict[str, list[Element]] = {}
        known: dict[str, set[str]] = {}
        for attribute in NAMING_ATTRIBUTES:
            for element in self._by_attribute[attribute]:
                name = element.attributes[attribute]
                if not name:
                    continue
                words = known.get(name)
                if words is None:
                    tokens = name[:_MAX_NAME_CHARS].split()
                    words = known[name] = {
                        word for token in tokens for word in _token_words(token) if word in vocabulary
                    }
                for word in words:
                    by_word.setdefault(word, []).append(element)
        return by_word

    @cached_property
    def _unique_ids(self) -> frozenset[str]:
        """The ids that one element bears and that need no escaping."""
        ids = Counter(element.attributes["id"] for element in self._by_attribute["id"])
        return frozenset(
            name for name, times in ids.items() if name and times == 1 and _PLAIN_ID.fullmatch(name)
        )

    @cached_property
    def _ordinals(self) -> dict[int, int]:
        """By `place`, which of its tag an element is among its parent's children, from 1."""
        counts: dict[tuple[int, str], int] = {}
        ordinals = {}
        for element in self.elements:
            key = (element.parent.place if element.parent is not None else -1, element.node.tag or "")
            ordinals[element.place] = counts[key] = counts.get(key, 0) + 1
        return ordinals

    def path_of(self, element: Element) -> str:
        """A CSS selector that finds this element and no other on the page as it was parsed.

        It begins at the nearest unique id or at `body`; from `MAX_PATH_STEPS` on, it is cut at its start.
        """
        steps: list[str] = []
        for step in itertools.islice(element.self_and_ancestors(), MAX_PATH_STEPS):
            tag = (step.node.tag or step.tag).replace(":", "\\:")
            if step.tag in ("html", "body"):
                steps.append(tag)
                break
            name = step.attributes.get("id")
            if name in self._unique_ids:
                steps.append(f"#{name}")
                break
            steps.append(f"{tag}:nth-of-type({self._ordinals[step.place]})")
        return " > ".join(reversed(steps))

    @property
    def body(self) -> Element:
        """The element that holds the page's text; KeyError where there is none."""
        return self._by_tag["body"][0]

    def tagged(self, *tags: str) -> list[Element]:
        """The elements of these tags, in document order."""
        return in_order(element for tag in tags for element in self._by_tag.get(tag, ()))

    def having(self, *attributes: str) -> list[Element]:
        """The elements with any of these `INDEXED_ATTRIBUTES`, in document order."""
        return in_order(element for name in attributes for element in self._by_attribute[name])

    def below(self, element: Element) -> Iterator[Element]:
        """All elements inside one, in document order."""
        for place in range(element.place + 1, element.end):
            item = self.content[place]
            if isinstance(item, Element):
                yield item

    def named(self, words: Iterable[str]) -> Iterator[Element]:
        """The elements whose names hold one of these words, in one order whatever the process."""
        for word in sorted(words):
            yield from self._by_word.get(word, ())
