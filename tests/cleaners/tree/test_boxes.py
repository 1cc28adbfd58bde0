"""Boxes go by their element's tag, role or name; what only sounds like one stays."""

import pytest

from tests.cleaners.story import PARAGRAPHS, clean_lines, page, rules_of

LETTER = "Every morning the best of the harbour, free of charge and easy to leave again at any time you like."

BOXES = {
    "<nav><a href=/>Home</a> <a href=/w>World</a></nav>": "boxes/tag:nav",
    "<footer>© 2026 The Harbour Times, Quay Street 4</footer>": "boxes/tag:footer",
    "<aside><a href=/1>Ten things to do on the islands</a> <a href=/2>More about ships</a></aside>": "boxes/tag:aside",
    "<menu><li><a href=/1>Sections of the paper</a></li></menu>": "boxes/tag:menu",
    "<dialog><p>Sign in to go on with what you began</p></dialog>": "boxes/tag:dialog",
    "<div role=navigation><a href=/1>Older stories</a></div>": "boxes/role:navigation",
    "<figure><img src=a.jpg><figcaption>The ferry in 2021. Photo: A. Lind</figcaption></figure>": "boxes/caption",
    f"<div class='newsletter-signup'><h3>Our letter</h3><p>{LETTER}</p></div>": "boxes/newsletter",
    f"<div id='comments'><p>{LETTER}</p></div>": "boxes/comments",
    "<div class='cookieBanner'>We use cookies to count our readers</div>": "boxes/consent",
    "<p class='byline'>By Ada Lind, on the islands</p>": "boxes/author",
    "<div class='breadcrumb'><a href=/>Home</a> / <a href=/i>Islands</a></div>": "boxes/breadcrumb",
    "<ul class='tag-list'><li><a href=/t/1>ferries</a></li><li><a href=/t/2>islands</a></li></ul>": "boxes/tags",
    "<div class='no-print'>Shown on screens alone</div>": "boxes/unprinted",
    "<amp-consent>We and our partners</amp-consent>": "boxes/consent",
    "<div class='share-bar'><a href=#>Facebook</a> <a href=#>Mail</a></div>": "boxes/share",
}  # fmt: skip


@pytest.mark.parametrize(("box", "rule"), BOXES.items(), ids=BOXES.values())
def test_takes_box_between_paragraphs(box, rule):
    html = page(box)
    assert clean_lines(html) == PARAGRAPHS
    assert rule in rules_of(html)


@pytest.mark.parametrize(
    "name", ["shadow", "shared-history", "commentary", "newsletterless", "recommended-dose", "download", "ads2u"]
)  # fmt: skip
def test_keeps_element_whose_name_only_holds_a_word(name):
    text = (
        "The word in its class is a part of another word, and parts of words say nothing about a paragraph."
    )
    assert text in clean_lines(page(f"<div class='{name}'><p>{text}</p></div>"))


def test_keeps_article_whose_wrapper_is_called_like_a_box():
    html = page().replace("<article>", "<article class='newsletter comments'>")
    assert clean_lines(html) == PARAGRAPHS


def test_keeps_header_with_the_first_paragraph():
    first = f"<p>{PARAGRAPHS[0]}</p>"
    assert clean_lines(page().replace(first, f"<header>{first}</header>")) == PARAGRAPHS
