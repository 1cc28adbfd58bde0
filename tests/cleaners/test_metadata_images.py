from __future__ import annotations

import pytest

from cleaners.models import Image, Listed
from tests.cleaners.metadata_pages import json_ld, meta, read

SITE = "https://news.example"
PARAGRAPHS = "<p>One.</p><p>Two.</p><p>Three.</p>"


def figure(address: str, caption: str = "") -> str:
    return f'<figure><img src="{address}"><figcaption>{caption}</figcaption></figure>'


@pytest.mark.parametrize(
    ("lead", "shown"),
    [
        (f"{SITE}/img/aaa/master/5000.jpg", f"{SITE}/img/bbb/master/5000.jpg"),
        (f"{SITE}/2024/05/03/pier/image.jpg", f"{SITE}/2019/01/01/crane/image.jpg"),
        (f"{SITE}/image.php?id=1", f"{SITE}/image.php?id=2"),
    ],
)
def test_a_caption_stays_with_its_own_picture(lead: str, shown: str) -> None:
    images = read(meta("og:image", lead), figure(shown, "A crane")).images
    assert [(image.url, image.caption) for image in images] == [(lead, None), (shown, "A crane")]


@pytest.mark.parametrize(
    ("lead", "shown"),
    [
        (f"{SITE}/pics/pier.jpg?w=1200", "https://cdn.example/pics/pier.jpg?w=600"),
        (f"{SITE}/pics/pier-1200x630.jpg", f"{SITE}/pics/pier.webp"),
        (f"{SITE}/large/2024/pier.jpg", f"{SITE}/small/2024/pier.jpg"),
        (f"{SITE}/w_1200,h_600/pier.jpg", f"{SITE}/w_300,h_150/pier.jpg"),
        (f"{SITE}/pics/pier.jpg", f"{SITE}/_next/image?url=%2Fpics%2Fpier.jpg&w=640"),
        (f"{SITE}/x/6a5093db9cb09f.jpg", "https://cdn.example/mobile/6a5093db9cb09f.jpg"),
    ],
)
def test_a_picture_in_several_shapes_is_one(lead: str, shown: str) -> None:
    images = read(meta("og:image", lead), figure(shown, "The pier")).images
    assert images == (Image(url=lead, caption="The pier", lead=True),)


@pytest.mark.parametrize(
    "image",
    [" ", "/", {"@id": f"{SITE}/#primaryimage"}, f"{SITE}/2025/a-story", {"@type": "Person", "name": "x"}],
)
def test_no_page_is_its_own_picture(image: object) -> None:
    assert read(json_ld(image=image)).images == ()


@pytest.mark.parametrize(
    ("markup", "address"),
    [
        ('<img src="/placeholder.gif" data-src="/real.jpg">', "/real.jpg"),
        ('<img src="/blank.gif" srcset="/s.jpg 300w, /l.jpg 900w">', "/l.jpg"),
        ('<img srcset="/w_300,h_200/a.jpg 300w, /w_900,h_600/a.jpg 900w">', "/w_900,h_600/a.jpg"),
        ('<picture><source srcset="/l.webp 1200w"><img alt="x"></picture>', "/l.webp"),
    ],
)
def test_finds_where_a_script_or_a_set_keeps_the_picture(markup: str, address: str) -> None:
    assert [image.url for image in read(body=f"<figure>{markup}</figure>").images] == [SITE + address]


@pytest.mark.parametrize(
    ("body", "count"),
    [
        (f'<div>{PARAGRAPHS}<div><img src="/pier.jpg" alt="The pier"></div></div>', 1),
        ('<p><img src="/pier.jpg">Text.</p>', 1),
        ('<p><img src="/sign.png" width="16">Text.</p>', 0),
        (f'<div>{PARAGRAPHS}<a href="/other"><img src="/other.jpg"></a></div>', 0),
        (f'<div class="author-box">{PARAGRAPHS}<img src="/jane.jpg"></div>', 0),
        ('<figure class="author"><img src="/jane.jpg"></figure>', 0),
        ('<div><img src="/header.jpg"></div>', 0),
    ],
)
def test_takes_the_pictures_among_the_paragraphs(body: str, count: int) -> None:
    assert len(read(body=body).images) == count


@pytest.mark.parametrize(
    ("caption", "credit"),
    [
        ("The pier. Photograph: Kim Lee/Agency", "Kim Lee/Agency"),
        ("Der Kai. (Foto: Kim Lee)", "Kim Lee"),
        ("Le quai © Kim Lee", "Kim Lee"),
        ("码头 图源：李娜", "李娜"),
        ("The pier: a view from the photo shop", None),
    ],
)
def test_reads_the_credit_behind_its_label(caption: str, credit: str | None) -> None:
    assert read(body=figure("/a.jpg", caption)).images[0].credit == credit


def test_says_where_each_field_came_from_and_who_differs() -> None:
    head = (
        json_ld(
            image=f"{SITE}/one-picture.jpg", publisher={"name": "Example Times"}, isAccessibleForFree=True
        )
        + meta("og:image", f"{SITE}/two-pictures.jpg")
        + meta("og:site_name", "The Example")
        + meta("application-name", "Example App")
        + meta("article:content_tier", "locked")
        + f'<link rel="canonical" href="{SITE}/2025/story">'
        + meta("og:url", f"{SITE}/2025/another")
    )
    listed = Listed(url=f"{SITE}/a", title="What the feed says")
    read_back = read(head, "<h1>What the page says</h1>", listed=listed)
    sources = {"images": "json-ld", "publisher": "json-ld", "site_name": "og", "paywalled": "json-ld"}
    assert sources.items() <= read_back.sources.items()
    assert read_back.sources["canonical_url"] == "link"
    differing = read_back.disagreements
    assert differing["images"] == {"og": f"{SITE}/two-pictures.jpg"}
    assert differing["site_name"] == {"meta": "Example App"}
    assert differing["paywalled"] == {"meta": True}
    assert differing["canonical_url"] == {"og": f"{SITE}/2025/another"}
    assert differing["title"] == {"listing": "What the feed says"}


def test_the_feeds_author_may_stand_behind_an_address() -> None:
    listed = Listed(url=f"{SITE}/a", title="A story", authors=("jane@news.example (Jane Doe)",))
    read_back = read(listed=listed)
    assert (read_back.authors, read_back.title) == (("Jane Doe",), "A story")
