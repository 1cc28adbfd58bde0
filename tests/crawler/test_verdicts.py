"""The verdict on each site, by what its answers were in a crawl on loopback."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from crawler.crawl import CrawlOptions, run_crawl
from crawler.settings import read_environment
from crawler.verdicts import add_signs, judge

ROOT = Path(__file__).parents[2]
SHELL = (
    b"<!DOCTYPE html><html><head><title>News</title><script src='/app.js'></script></head>"
    b"<body><noscript>Please switch scripts on to read the news.</noscript><div id='root'></div></body></html>"
)
SHORT = b"<!DOCTYPE html><html><head><title>News</title></head><body><p>Nothing here yet.</p></body></html>"


@pytest.fixture(scope="module")
def judged(serve, helpers, tmp_path_factory):
    """One crawl over sites of every kind."""
    folder = tmp_path_factory.mktemp("verdicts")
    answer, page = helpers.answer, helpers.page

    def teaser(number):
        said = b'<script type="application/ld+json">{"@type":"NewsArticle","isAccessibleForFree":false,"wordCount":900}</script>'
        text = page(number)
        return answer(
            text[: text.index(b"<p>")].replace(b"<head>", b"<head>" + said)
            + b"<p>"
            + b"The beginning of it. " * 15
        )

    def listed(site, path):
        return [f"{site.base}/{path}/{number}" for number in range(4)]

    kinds = {
        "ok": lambda number: answer(page(number)),
        "blocked": lambda _: answer(b"no", 403),
        "paywalled": teaser,
        "needs-script": lambda _: answer(SHELL),
        "short": lambda _: answer(SHORT),
        "robots": lambda number: answer(page(number)),
        "reserved": lambda number: answer(page(100 + number)),
        "dead": lambda _: answer(b"", 500),
        "gone": lambda _: answer(b"", 404),
    }  # fmt: skip
    for name, make in kinds.items():
        site = serve()
        site.answers |= {f"/a/{number}": make(number) for number in range(4)}
        if name == "robots":
            site.answers["/robots.txt"] = answer(b"User-agent: *\nDisallow: /\n")
        if name == "reserved":
            site.answers["/robots.txt"] = answer(b"User-agent: *\nContent-Signal: ai-train=no, ai-input=no\n")
        helpers.seed(folder / "seeds", name, site.base, urls=listed(site, "a"))
    report = run_crawl(
        CrawlOptions(
            seeds=(folder / "seeds",),
            data=str(folder / "data"),
            allow_addresses=("127.0.0.1/32",),
            now=True,
            environment=replace(read_environment({}), clean_workers=1),
        )
    )
    return folder, report


@pytest.mark.parametrize(
    ("site", "kind", "evidence"),
    [
        ("ok", "ok", "of 4 answers, 4 gave an article"),
        ("blocked", "blocked", "of 4 answers, 4 were 403"),
        ("paywalled", "paywalled", "of 4 answers, 4 showed a teaser before a paywall"),
        ("needs-script", "needs_script", "of 4 answers, 4 held scripts and no text"),
        ("robots", "robots", "of 4 answers, 4 are closed by robots.txt"),
        ("reserved", "terms_notice", "4 of 4 stand under a reservation of mining or of uses by AI"),
        ("dead", "dead", "of 4 answers, 4 were 500"),
    ],
)
def test_verdict_is_what_the_answers_show(judged, site, kind, evidence):
    verdict = judged[1].verdicts[site]
    assert (verdict.kind, verdict.evidence) == (kind, evidence)


@pytest.mark.parametrize("site", ["gone", "short"])
def test_pages_that_say_nothing_of_the_site_give_no_verdict(judged, site):
    assert site not in judged[1].verdicts


def test_agenda_shows_the_verdict_with_its_evidence(judged):
    done = subprocess.run(
        [sys.executable, "-m", "crawler", "agenda", "--data", str(judged[0] / "data")],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    lines = {line.partition(":")[0]: line for line in done.stdout.splitlines()}
    assert "blocked (of 4 answers, 4 were 403)" in lines["blocked"]
    assert lines["ok"].endswith(", ok")


def test_later_passes_count_more_than_earlier_ones():
    signs = add_signs({}, {"article": 8})
    assert judge(signs).kind == "ok"
    signs = add_signs(signs, {"http_403": 3})
    assert judge(signs).kind == "ok"
    signs = add_signs(signs, {"http_403": 3})
    assert judge(signs).kind == "blocked"
    for _ in range(4):
        signs = add_signs(signs, {"article": 1})
    assert judge(signs).kind == "ok"


@pytest.fixture(scope="module")
def named(serve, helpers, tmp_path_factory):
    """The command over three sites that fail in part, as `agenda` and stderr name them."""
    folder = tmp_path_factory.mktemp("failing")
    answer = helpers.answer
    failing = serve()
    failing.answers |= {
        "/half": answer(helpers.page(1), missing=500),
        "/500": answer(b"", 500),
        "/403": answer(b"no", 403),
        "/too": answer(b"no", 403),
        "/three": answer(b"no", 403),
    }
    paths = ("half", "500", "403", "too", "three")
    helpers.seed(folder / "seeds", "failing", failing.base, urls=[f"{failing.base}/{path}" for path in paths])
    for name, pages in (("alive", {"/1": answer(helpers.page(2))}), ("broken", {})):
        site = serve()
        site.answers |= {f"/{number}": answer(b"", 500) for number in range(1, 4)} | pages
        items = "".join(f"<item><link>{site.base}/{number}</link></item>" for number in range(1, 4))
        feed = f"<rss version='2.0'><channel>{items}</channel></rss>".encode()
        site.answers["/feed"] = answer(feed, headers={"Content-Type": "application/rss+xml"})
        helpers.seed(folder / "seeds", name, site.base, feeds=[f"{site.base}/feed"])
    closed = serve()
    closed.answers["/robots.txt"] = answer(b"", 503)
    helpers.seed(folder / "seeds", "closed", closed.base, urls=[f"{closed.base}/1"])
    common = ["--data", str(folder / "data")]
    done, agenda = (
        subprocess.run(
            [sys.executable, "-m", "crawler", *options, *common],
            capture_output=True,
            text=True,
            cwd=ROOT,
            check=True,
            timeout=90,
        )
        for options in (
            ["crawl", "--now", "--seeds", str(folder / "seeds"), "--allow-address", "127.0.0.1/32"],
            ["agenda"],
        )
    )
    verdicts = dict(
        line.removeprefix("broadsheet: ").split(": verdict: ")
        for line in done.stderr.splitlines()
        if ": verdict: " in line
    )
    return verdicts, {line.partition(":")[0]: line for line in agenda.stdout.splitlines()}


def test_evidence_names_all_answers_that_it_counts(named):
    head, first, *others = named[0]["failing"].split(", ")
    assert (head, first) == ("blocked: of 5 answers", "3 were 403")
    assert sorted(others) == ["1 failed (truncated)", "1 was 500"]


@pytest.mark.parametrize("site", ["alive", "broken"])
def test_site_that_gives_an_article_or_a_listing_is_not_dead(named, site):
    assert site not in named[0]
    assert "dead" not in named[1][site]


def test_article_among_failures_is_told_with_them(named):
    assert named[1]["alive"].endswith(", ok")


def test_site_of_single_addresses_without_robots_txt_has_a_verdict(named):
    assert named[0]["closed"] == ("dead: of 1 answer, 1 could not be asked for: robots.txt cannot be had")


def test_site_that_lives_again_loses_its_verdict_dead():
    assert judge({"http_500": 4}).kind == "dead"
    assert judge({"http_500": 4}, lives=True) is None
    verdict = judge({"http_500": 4, "article": 1}, lives=True)
    assert (verdict.kind, verdict.evidence) == ("ok", "of 5 answers, 1 gave an article, 4 were 500")


@pytest.mark.parametrize(
    ("signs", "lives", "kind"),
    [
        ({"robots_unavailable": 3}, False, "dead"),
        ({"robots_unavailable": 3, "connect": 1}, False, "dead"),
        ({"robots_unavailable": 3, "http_403": 1}, False, "robots"),
        ({"robots_unavailable": 3}, True, "robots"),
        ({"robots_unavailable": 1, "robots": 2}, False, "robots"),
        ({"robots_busy": 2}, False, "blocked"),
        ({"host_busy": 3, "http_503": 1}, True, "blocked"),
        ({"http_503": 4}, True, "blocked"),
        ({"http_503": 4, "article": 1}, True, "ok"),
        ({"http_503": 4}, False, "dead"),
    ],
)
def test_site_that_does_not_answer_is_told_from_one_that_does_not_want_to(signs, lives, kind):
    assert judge(signs, lives=lives).kind == kind
