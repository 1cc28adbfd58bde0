from __future__ import annotations

from crawler.discovery.listings import find_links

URL = "https://gazette.example/politics/"


def find(body):
    return find_links("section", body, URL).links


PAGE = """<html><head><base href="https://gazette.example/"></head><body>
<header><nav><a href="/sport/">Sport</a><a href="/2026/01/02/promoted-story-in-the-menu">Promoted story in the menu</a>
</nav></header>
<main>
 <article class="teaser"><a href="/politics/council-votes-for-new-bridge"><img alt=""></a>
  <h2><a href="/politics/council-votes-for-new-bridge">Council votes for new bridge</a></h2></article>
 <div><a href="2026/03/04/river">River</a></div>
 <div><a href="/news/4711234">Harbour reopens after the storm</a></div>
 <div><a href="/a/1.html">Story 1</a><a href="/a/2.html">Story 2</a><a href="/a/3.html">Story 3</a></div>
 <div><a href="/haber/baskan-acikladi-yeni-kopru">Başkan açıkladı</a></div>
 <div><a href="/s/abc123">新しい橋が完成し市民に公開されました</a><h3><a href="/s/abc124">市議会が予算を可決、来年度から実施へ</a></h3></div>
 <a href="/tag/bridges-and-rivers-of-the-north">All about bridges and rivers</a>
 <a href="/author/ada-reed-of-the-gazette">More by Ada Reed of us</a>
 <a href="/newsletter">Our newsletter in your inbox daily</a>
 <a href="/politics/page/2">Older</a>
 <a href="/images/bridge-at-night-in-winter.jpg">Look at the bridge at night</a>
 <a href="javascript:void(0)">A script that opens the menu</a>
 <a href="/politics/#comments">Comments on all of this page</a>
</main>
<footer><a href="/legal/terms-of-use-and-more-terms">Terms of use and more terms</a></footer>
</body></html>"""


def test_takes_articles_and_leaves_navigation():
    found = [link.url.removeprefix("https://gazette.example") for link in find(PAGE.encode())]
    assert found == [
        "/politics/council-votes-for-new-bridge",
        "/2026/03/04/river",
        "/news/4711234",
        "/a/1.html",
        "/a/2.html",
        "/a/3.html",
        "/haber/baskan-acikladi-yeni-kopru",
        "/s/abc124",
    ]


def test_gives_the_longest_text_of_a_link_as_its_title():
    titles = {link.url: link.title for link in find(PAGE.encode())}
    assert (
        titles["https://gazette.example/politics/council-votes-for-new-bridge"]
        == "Council votes for new bridge"
    )


def test_empty_and_binary_bodies_give_nothing():
    assert list(find(b"")) == []
    assert list(find(bytes(range(256)) * 10)) == []


def test_title_of_a_link_that_says_read_more_is_the_heading_beside_it():
    items = "".join(
        f"<div><h3>The harbour story number {n}</h3><p>A teaser.</p><a href='/harbour-{n}'>Read more</a></div>"
        for n in range(5)
    )
    assert [(link.url, link.title) for link in find(f"<main>{items}</main>".encode())] == [
        (f"https://gazette.example/harbour-{n}", f"The harbour story number {n}") for n in range(5)
    ]


def test_short_headline_among_its_peers_is_an_article_and_a_menu_of_the_same_length_is_none():
    titles = ["Rain", *(f"A headline of five words {n}" for n in range(9))]
    items = "".join(f"<li><a href='/{n}-x.html'>{title}</a></li>" for n, title in enumerate(titles))
    menu = "".join(
        f"<div><a href='/{name}.html'>{name}</a></div>" for name in ("Rain", "Sun", "Wind", "Snow", "Fog")
    )
    found = [link.url for link in find(f"<div>{menu}</div><ul>{items}</ul>".encode())]
    assert found == [f"https://gazette.example/{n}-x.html" for n in range(10)]


def test_page_of_nested_links_is_read_in_bounds():
    deep = "<div>" * 3000 + "".join(f"<a href='/a-story-of-many-words-{n}'>" for n in range(300))
    assert len(find(deep.encode())) <= 300
