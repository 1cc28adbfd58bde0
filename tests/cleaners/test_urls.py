import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaners.urls import canonical_url, registrable_domain

CASES = {
    "HTTP://News.Example:80/a?utm_source=x&id=7#top": "https://news.example/a?id=7",
    "https://news.example./a": "https://news.example/a",
    "https://user:secret@news.example/a": "https://news.example/a",
    "https://news.example:443/": "https://news.example/",
    "https://news.example": "https://news.example/",
    "https://news.example/a/../b/./c": "https://news.example/b/c",
    "https://münchen.example/ä": "https://xn--mnchen-3ya.example/%C3%A4",
    "https://news.example/a%7eb/%c3%a9": "https://news.example/a~b/%C3%A9",
    "https://news.example/100%": "https://news.example/100%25",
    "https://news.example/a?b=2&a=1": "https://news.example/a?a=1&b=2",
    "https://news.example/a?x=2&x=1": "https://news.example/a?x=2&x=1",
    "https://news.example/a?&fbclid=q&GCLID=r": "https://news.example/a",
    "https://news.example/a?utm%5Fsource=x": "https://news.example/a",
    "https://news.example/a;jsessionid=1A2B?id=3": "https://news.example/a?id=3",
    "https://news.example/a?ref=rss": "https://news.example/a",
    "https://news.example/a?ref=4711": "https://news.example/a?ref=4711",
    "https://news.example/mayor-resigns/amp/": "https://news.example/mayor-resigns/",
    "https://news.example/mayor-resigns/amp": "https://news.example/mayor-resigns",
    "https://news.example/mayor-resigns.amp.html": "https://news.example/mayor-resigns.html",
    "https://news.example/mayor-resigns?amp=1": "https://news.example/mayor-resigns",
    "https://news.example/mayor-resigns?print=1": "https://news.example/mayor-resigns",
    "https://news.example/docs/amp": "https://news.example/docs/amp",
    "https://news-example.cdn.ampproject.org/c/s/news.example/a": "https://news.example/a",
    "https://www.google.com/amp/s/news.example/a?id=1": "https://news.example/a?id=1",
    "http://127.0.0.1:8080/a": "http://127.0.0.1:8080/a",
    "https://news.example/a?id=7&page=2&q=x": "https://news.example/a?id=7&page=2&q=x",
}


@pytest.mark.parametrize(("url", "expected"), CASES.items())
def test_gives_one_form_to_every_spelling_of_an_address(url, expected):
    assert canonical_url(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "//news.example/a",
        "/a",
        "ftp://news.example/",
        "javascript:alert(1)",
        "mailto:a@news.example",
        "http://a..example/",
        "http://news example/",
        "http://news.example/\ud800",
        "https://.example/",
    ],
)
def test_refuses_in_one_line_what_is_no_web_address(url):
    with pytest.raises(ValueError, match="address") as refusal:
        canonical_url(url)
    assert "\n" not in str(refusal.value)


# Pieces that meet in odd ways: half escapes, variants of variants, sessions within sessions.
PIECES = [
    "a",
    "-1",
    "/",
    "/amp",
    ".amp",
    "/print/",
    ".html",
    "%",
    "%2",
    "%41",
    "%25",
    "%2F",
    ";jsessionid=",
    ";",
]
QUERY = ["?", "&", "=", "a", "utm_x", "ref=rss", "%", "%3d", "+", "#", "é", "amp", "s=09"]


@given(st.lists(st.sampled_from(PIECES), max_size=9), st.lists(st.sampled_from(QUERY), max_size=9))
def test_leaves_a_canonical_address_as_it_is(path, query):
    once = canonical_url("http://news.example/" + "".join(path) + "?" + "".join(query))
    assert canonical_url(once) == once


@given(st.text(max_size=40))
def test_answers_any_text_with_an_address_or_a_refusal(text):
    try:
        once = canonical_url(text)
    except ValueError:
        return
    assert canonical_url(once) == once


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("www.bbc.co.uk", "bbc.co.uk"),
        ("News.Example.COM.", "example.com"),
        ("one.blogspot.com", "one.blogspot.com"),
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "localhost"),
        ("co.uk", "co.uk"),
        ("", ""),
    ],
)
def test_finds_the_domain_that_somebody_registered(host, domain):
    assert registrable_domain(host) == domain
