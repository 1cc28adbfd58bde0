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
