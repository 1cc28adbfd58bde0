"""robots.txt: the cases of Google's open tests in our words, and what each status of it lets the crawl do."""

from __future__ import annotations

import itertools
import time
from dataclasses import replace

import pytest

from crawler.crawl import CrawlOptions, run_crawl
from crawler.robots import MAX_ROBOTS_BYTES, Robots, reduce_robots
from crawler.settings import read_environment

GROUPS = (
    "allow: /nobody/\n\nuser-agent: Paper\ndisallow: /\nallow: /one/\nuser-agent: Other\ndisallow: /\nallow: /two/\n\n"
    "allow: /four/\nuser-agent: Third\n\nuser-agent: Paper\nallow: /three/\ndisallow: /\n"
)
ENCODED = "user-agent: Paper\ndisallow: /\nallow: /news/"

# robots.txt, agent, path, verdict
CASES = {
    "a group is kept to": ("user-agent: Paper\ndisallow: /\n", "Paper", "/a", False),
    "unknown keys say nothing": ("agent: Paper\nforbid: /\n", "Paper", "/a", True),
    "a blank may stand for the colon": ("user-agent Paper\ndisallow /\n", "Paper", "/a", False),
    "groups of one agent are joined, first": (GROUPS, "Paper", "/one/a", True),
    "groups of one agent are joined, second": (GROUPS, "Paper", "/three/a", True),
    "another's rules are not ours": (GROUPS, "Paper", "/two/a", False),
    "a group goes on after blank lines": (GROUPS, "Other", "/four/a", True),
    "the first group is not the other's": (GROUPS, "Other", "/one/a", False),
    "agents in a run share a group": (GROUPS, "Third", "/three/a", True),
    "a line above all groups is nobody's": (GROUPS, "Paper", "/nobody/", False),
    "rules without a group say nothing": ("disallow: /\n", "Paper", "/a", True),
    "a sitemap between agents ends no run": (
        "user-agent: Other\nsitemap: https://x.example/s\nuser-agent: *\ndisallow: /\n",
        "Other",
        "/a",
        False,
    ),
    "an unknown line between agents ends no run": (
        "user-agent: Paper\nunknown: 1\nuser-agent: *\ndisallow: /\n",
        "Paper",
        "/a",
        False,
    ),
    "keys are of any case, allowed": ("uSeR-aGeNt: Paper\nALLOW: /x/\ndIsAlLoW: /\n", "Paper", "/x/a", True),
    "keys are of any case, closed": ("uSeR-aGeNt: Paper\nALLOW: /x/\ndIsAlLoW: /\n", "Paper", "/a", False),
    "agents are of any case": ("user-agent: PAPER\ndisallow: /\n", "Paper", "/a", False),
    "values are of their case": ("user-agent: Paper\ndisallow: /X/\n", "Paper", "/x/a", True),
    "an agent ends at the first blank": ("user-agent: Paper Boy\ndisallow: /\n", "Paper", "/a", False),
    "an agent ends at a version": ("user-agent: Paper/2.0\ndisallow: /\n", "Paper", "/a", False),
    "our group wins over everybody's, however it is written": (
        "user-agent: *\ndisallow: /\nuser-agent: Paper Boy\nallow: /x/\ndisallow: /\n",
        "Paper",
        "/x/a",
        True,
    ),
    "our own group wins over everybody's": (
        "user-agent: Paper\nallow: /\nuser-agent: *\ndisallow: /\n",
        "Paper",
        "/a",
        True,
    ),
    "everybody's is for the others": (
        "user-agent: Paper\nallow: /\nuser-agent: *\ndisallow: /\n",
        "Other",
        "/a",
        False,
    ),
    "an empty group of ours opens all": ("user-agent: *\ndisallow: /\nuser-agent: Paper\n", "Paper", "/a", True),
    "a longer name is another's": ("user-agent: Paper-News\ndisallow: /\n", "Paper", "/a", True),
    "a shorter name is another's": ("user-agent: Pap\ndisallow: /\n", "Paper", "/a", True),
    "a star within a name is no wildcard": ("user-agent: *aper\ndisallow: /\n", "Paper", "/a", True),
    "a star with words after it is everybody": ("user-agent: * all\ndisallow: /\n", "Paper", "/a", False),
    "an empty name is nobody's": ("user-agent:\ndisallow: /\n", "Paper", "/a", True),
    "the longest rule wins, closed": ("user-agent: *\ndisallow: /x/p.html\nallow: /x/\n", "Paper", "/x/p.html", False),
    "the longest rule wins, open": ("user-agent: *\nallow: /x/p.html\ndisallow: /x/\n", "Paper", "/x/p.html", True),
    "what no longer rule opens is closed": ("user-agent: *\nallow: /x/p.html\ndisallow: /x/\n", "Paper", "/x/", False),
    "empty rules say nothing": ("user-agent: *\ndisallow:\nallow:\n", "Paper", "/a", True),
    "of equals the one that allows wins": ("user-agent: *\ndisallow: /x\nallow: /x\n", "Paper", "/x", True),
    "a slash at the end counts, closed": ("user-agent: *\ndisallow: /x\nallow: /x/\n", "Paper", "/x", False),
    "a slash at the end counts, open": ("user-agent: *\ndisallow: /x\nallow: /x/\n", "Paper", "/x/", True),
    "a wildcard's length counts, closed": ("user-agent: *\nallow: /page\ndisallow: /*.html\n", "Paper", "/page.html", False),
    "a wildcard's length counts, open": ("user-agent: *\nallow: /x/page.\ndisallow: /*.html\n", "Paper", "/x/page.html", True),
    "a wildcard matches in a middle": ("user-agent: *\ndisallow: /a/*/z\n", "Paper", "/a/m/n/z", False),
    "a dollar ends it, closed": ("user-agent: *\ndisallow: /x$\n", "Paper", "/x", False),
    "a dollar ends it, open": ("user-agent: *\ndisallow: /x$\n", "Paper", "/x/y", True),
    "a dollar in a middle is a dollar": ("user-agent: *\ndisallow: /a$b\n", "Paper", "/a$b", False),
    "a comment is cut": ("user-agent: *\n# disallow: /\ndisallow: /x#y\n", "Paper", "/x", False),
    "a comment is no rule": ("user-agent: *\n# disallow: /\ndisallow: /x#y\n", "Paper", "/z", True),
    "a path that begins with no slash matches nothing": ("user-agent: *\ndisallow: x\n", "Paper", "/x", True),
    "a star may begin a path": ("user-agent: *\ndisallow: */private\n", "Paper", "/z/private/1", False),
    "queries count": ("user-agent: *\ndisallow: /*?\n", "Paper", "/a?b", False),
    "fragments do not": ("user-agent: *\ndisallow: /a;b\n", "Paper", "/a;b#c", False),
    "an address in a query is text": (ENCODED + "a?u=http://x.example?q&r\n", "Paper", "/news/a?u=http://x.example?q&r", True),
    "letters beyond ASCII are percent-encoded": (ENCODED + "ツ\n", "Paper", "/news/%E3%83%84", True),
    "percent-encoded letters stay so": (ENCODED + "%E3%83%84\n", "Paper", "/news/%E3%83%84", True),
    "percent-encoded ASCII is itself": ("user-agent: *\ndisallow: /private/\n", "Paper", "/%70rivate/x", False),
    "an index page is its folder, open": ("user-agent: *\nallow: /x/index.html\ndisallow: /\n", "Paper", "/x/", True),
    "and its beginning is not": ("user-agent: *\nallow: /x/index.html\ndisallow: /\n", "Paper", "/x/index.htm", False),
    "a byte order mark is skipped": ("\ufeffuser-agent: Paper\nallow: /x\ndisallow: /\n", "Paper", "/x", True),
    "lines end by CR": ("user-agent: Paper\rallow: /x\rdisallow: /\r", "Paper", "/y", False),
    "lines end by CR LF": ("user-agent: A\r\nallow: /x\r\nuser-agent: Paper\n\n\r\n\ndisallow: /", "Paper", "/y", False),
    "blanks around a key are skipped": ("  user-agent : Paper\n\tdisallow\t:\t/\n", "Paper", "/a", False),
    "a crawl delay ends no group": ("user-agent: *\ndisallow: /x\ncrawl-delay: 5\nallow: /x/y\n", "Paper", "/x/y", True),
    "a line of 16 kB is a line": (f"user-agent: *\ndisallow: /x/{'a' * 16_664}/y\n", "Paper", "/z", True),
    "disallow is read as it is often misspelled": ("user-agent: *\ndissallow: /\n", "Paper", "/a", False),
    "user-agent is, too": ("useragent: Paper\ndisallow: /\n", "Paper", "/a", False),
    "a web page has no rules": ("<!DOCTYPE html>\n<p>disallow: /</p>\ndisallow: /\n", "Paper", "/a", True),
    "a line of markup above rules takes none of them away": (
        "<!-- generated -->\nuser-agent: *\ndisallow: /\n",
        "Paper",
        "/a",
        False,
    ),
    "nothing has no rules": ("", "Paper", "/a", True),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_verdict_is_that_of_googles_parser(case):
    text, agent, path, allowed = case
    robots = Robots.of(reduce_robots(text, agent), agent)
    assert robots.allows(f"http://news.example{path}", agent) is allowed


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        ("crawl-delay: 7", 7.0),
        ("crawl-delay: 2.5", 2.5),
        ("request-rate: 1/20s", 20.0),
        ("request-rate: 2/1m", 30.0),
        ("crawl-delay: 3\nrequest-rate: 1/5s", 5.0),
        ("crawl-delay: 900", 900.0),
        ("crawl-delay: 86400", 3600.0),
        ("crawl-delay: -4", 0.0),
        ("crawl-delay: soon", 0.0),
        ("request-rate: 0/5", 0.0),
        ("crawl-delay: nan", 0.0),
    ],
)
def test_delay_is_heard_within_an_hour(line, seconds):
    reduced = reduce_robots(f"user-agent: *\n{line}\ndisallow: /x\n", "Paper")
    assert Robots.of(reduced, "Paper").delay_seconds == seconds


def options(seeds, data, **changes):
    environment = replace(read_environment({}), clean_workers=1, lease_seconds=4.0)
    defaults = {"seeds": (seeds,), "data": str(data), "allow_addresses": ("127.0.0.1/32",), "now": True}
    return CrawlOptions(**{"environment": environment} | defaults | changes)


def publish(site, helpers, pages=2):
    links = "".join(f"<item><link>{site.base}/news/{number}</link></item>" for number in range(1, pages + 1))
    site.answers["/feed.xml"] = helpers.answer(
        f"<rss version='2.0'><channel>{links}</channel></rss>".encode(),
        headers={"Content-Type": "application/rss+xml"},
    )
    for number in range(1, pages + 1):
        site.answers[f"/news/{number}"] = helpers.answer(helpers.page(number))


def test_each_status_of_robots_txt_lets_the_crawl_do_what_the_rfc_says(serve, helpers, tmp_path):
    text = b"User-agent: *\nDisallow: /\n"
    html = b"<!DOCTYPE html><title>Home</title><p>User-agent: *\nDisallow: /\n"

    def moved(hops):
        return {
            "/robots.txt": helpers.answer(b"", 301, {"Location": "/r/1"}),
            **{
                f"/r/{hop}": helpers.answer(b"", 302, {"Location": f"/r/{hop + 1}"}) for hop in range(1, hops)
            },
            f"/r/{hops}": helpers.answer(text, headers={"Content-Type": "text/plain"}),
        }

    # What follows the first 500 KiB may be left unread; what stands in them may not.
    filler = b"# " + b"x" * 100 + b"\n"
    late = filler * (500 * 1024 // len(filler) - 1) + text
    closed = {
        "rules": {"/robots.txt": helpers.answer(text)},
        "429": {"/robots.txt": helpers.answer(b"", 429)},
        "500": {"/robots.txt": helpers.answer(b"", 500)},
        "503": {"/robots.txt": helpers.answer(b"", 503)},
        "599": {"/robots.txt": helpers.answer(b"", 599)},
        "cut": {"/robots.txt": helpers.answer(text, missing=500)},
        "five-hops": moved(5),
        "late": {"/robots.txt": helpers.answer(late)},
        "utf-16": {"/robots.txt": helpers.answer(text.decode().encode("utf-16"))},
        "markup": {"/robots.txt": helpers.answer(b"<!-- generated -->\n" + text)},
        "huge": {"/robots.txt": helpers.answer(text + filler * 50_000)},
    }
    opened = {
        "404": {},
        "401": {"/robots.txt": helpers.answer(b"", 401)},
        "403": {"/robots.txt": helpers.answer(b"", 403)},
        "410": {"/robots.txt": helpers.answer(b"", 410)},
        "empty": {"/robots.txt": helpers.answer(b"")},
        "html": {"/robots.txt": helpers.answer(html)},
        "six-hops": moved(6),
        "no-where": {"/robots.txt": helpers.answer(b"", 302, {"Location": "mailto:a@b.example"})},
    }
    sites = {}
    for name, answers in (closed | opened).items():
        site = sites[name] = serve()
        publish(site, helpers)
        site.answers |= answers
        helpers.seed(tmp_path / "seeds", name, site.base, feeds=[f"{site.base}/feed.xml"])
    run_crawl(options(tmp_path / "seeds", tmp_path / "data"))
    asked = {name: {p for p in site.paths() if "/news/" in p or "feed" in p} for name, site in sites.items()}
    assert {name for name, paths in asked.items() if not paths} == set(closed)
    assert all(asked[name] == {"/feed.xml", "/news/1", "/news/2"} for name in opened)
    assert len(late) <= MAX_ROBOTS_BYTES


def test_robots_txt_is_asked_once_a_day_by_all_crawls(serve, helpers, tmp_path):
    site = serve()
    publish(site, helpers)
    site.answers["/robots.txt"] = helpers.answer(b"User-agent: Broadsheet\nDisallow: /news/2\n")
    helpers.seed(tmp_path / "seeds", "paper", site.base, feeds=[f"{site.base}/feed.xml"])
    for _ in range(2):
        run_crawl(options(tmp_path / "seeds", tmp_path / "data"))
    assert site.paths().count("/robots.txt") == 1
    assert "/news/2" not in site.paths()
    assert site.paths().count("/feed.xml") == 2


def test_crawl_delay_longer_than_the_seeds_is_kept(serve, helpers, tmp_path):
    site = serve()
    publish(site, helpers, pages=3)
    site.answers["/robots.txt"] = helpers.answer(b"User-agent: *\nCrawl-delay: 0.4\n")
    helpers.seed(tmp_path / "seeds", "paper", site.base, feeds=[f"{site.base}/feed.xml"])
    started = time.monotonic()
    assert run_crawl(options(tmp_path / "seeds", tmp_path / "data")).articles == 3
    times = [at for at, path, _ in site.requests if path != "/robots.txt" and at > started]
    gaps = [after - before for before, after in itertools.pairwise(times)]
    assert len(gaps) >= 3
    assert min(gaps) >= 0.95 * 0.4


def test_pass_over_a_site_that_wants_long_delays_ends_and_says_so(
    serve, helpers, tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr("crawler.middlewares.robots.LONG_DELAY_SECONDS", 0.2)
    monkeypatch.setattr("crawler.site_pass.SLOW_PASS_SECONDS", 0.5)
    site = serve()
    publish(site, helpers, pages=12)
    site.answers["/robots.txt"] = helpers.answer(b"User-agent: *\nCrawl-delay: 0.4\n")
    helpers.seed(tmp_path / "seeds", "paper", site.base, feeds=[f"{site.base}/feed.xml"])
    first = run_crawl(options(tmp_path / "seeds", tmp_path / "data"))
    assert 1 <= first.articles <= 5
    assert caplog.text.count("asks for 0 s between two requests: which it gets") == 1
    # What is left is the next crawl's.
    assert 1 <= run_crawl(options(tmp_path / "seeds", tmp_path / "data")).articles <= 5


def test_robots_txt_that_asks_for_patience_makes_a_site_blocked_and_one_that_fails_dead(
    serve, helpers, tmp_path
):
    answers = {
        "busy": helpers.answer(b"", 503, {"Retry-After": "2"}),
        "limited": helpers.answer(b"", 429),
        "broken": helpers.answer(b"", 500),
    }
    for name, answer in answers.items():
        site = serve()
        site.answers["/robots.txt"] = answer
        helpers.seed(tmp_path / "seeds", name, site.base, feeds=[f"{site.base}/feed.xml"])
    for _ in range(2):
        # The second time, what the first found is recalled.
        verdicts = run_crawl(options(tmp_path / "seeds", tmp_path / "data")).verdicts
        kinds = {name: verdict.kind for name, verdict in verdicts.items()}
        assert kinds == {"busy": "blocked", "limited": "blocked", "broken": "dead"}
