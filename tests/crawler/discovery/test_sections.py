from __future__ import annotations

from crawler.discovery.sections import find_section_links

URL = "https://gazette.example/politics/"

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
    found = [
        link.url.removeprefix("https://gazette.example") for link in find_section_links(PAGE.encode(), URL)
    ]
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
    titles = {link.url: link.title for link in find_section_links(PAGE.encode(), URL)}
    assert (
        titles["https://gazette.example/politics/council-votes-for-new-bridge"]
        == "Council votes for new bridge"
    )


def test_empty_and_binary_bodies_give_nothing():
    assert list(find_section_links(b"", URL)) == []
    assert list(find_section_links(bytes(range(256)) * 10, URL)) == []
