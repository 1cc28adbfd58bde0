import pytest

from pipelines.stated_url import find_stated_url


@pytest.mark.parametrize(
    ("page", "url"),
    [
        ('<link rel="canonical" href="https://a.example/1?a=1&amp;b=2">', "https://a.example/1?a=1&b=2"),
        ("<LINK href=https://a.example/1 REL='shortlink Canonical'>", "https://a.example/1"),
        ('<meta content=" https://a.example/2 " property="og:url"/>', "https://a.example/2"),
        (
            '<meta property="og:url" content="https://a.example/2"><p><link rel=canonical href=https://a.example/1>',
            "https://a.example/1",
        ),
        (
            '<link rel=canonical href="/1"><meta property="og:url" content="https://a.example/2">',
            "https://a.example/2",
        ),
        ('<meta title="a > b" property="og:url" content="https://a.example/2">', "https://a.example/2"),
        ('<!-- <link rel=canonical href="https://a.example/1"> -->', None),
        ("<script>'<link rel=canonical href=https://a.example/1>'</script>", None),
        ("<linked rel=canonical href=https://a.example/1>", None),
        ('<link rel=canonical href="javascript:alert(1)">', None),
        ("<p>A canonical text.</p>", None),
    ],
)
def test_finds_the_address_that_a_page_gives_itself(page, url):
    assert find_stated_url(page.encode()) == url


@pytest.mark.parametrize(
    "piece",
    [
        b"<div>",
        b"<!--",
        b"<script>",
        b"<script></script",
        b"<meta ",
        b'<meta a="',
        b"<link '\"'",
        b"<link a=",
    ],
)
def test_reads_hostile_pages_once(piece):
    assert find_stated_url(b"canonical" + piece * 300_000) is None


@pytest.mark.parametrize("attribute", [b"a", b"a ", b"a=b ", b"= ", b'="'])
def test_reads_a_hostile_tag_once(attribute):
    assert find_stated_url(b"canonical<meta " + attribute * 300_000) is None
