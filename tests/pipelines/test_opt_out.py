"""Which pages are stored, by all the ways that a publisher can say no."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from selectolax.lexbor import LexborHTMLParser

from cleaners.metadata import read_metadata
from cleaners.models import Document
from pipelines.opt_out import OptOutPolicy, find_reservation

STORED, FLAGGED, REFUSED = "stored", "stored, or skipped if asked", "never stored"


def robots(content, name="robots"):
    return f'<meta name="{name}" content="{content}">'


def tdm(value):
    return f'<meta name="tdm-reservation" content="{value}">'


def x_robots(value):
    return {"x-robots-tag": value}


CASES = [
    # (in the head, headers, what the host says, what becomes of the page)
    ("", {}, {}, STORED),
    (robots("index, follow"), {}, {}, STORED),
    (robots("all"), {}, {}, STORED),
    (robots("max-image-preview:large, max-snippet:-1"), {}, {}, STORED),
    (robots("nofollow"), {}, {}, STORED),
    (robots("noindex"), {}, {}, REFUSED),
    (robots("NoIndex,NoFollow"), {}, {}, REFUSED),
    (robots("none"), {}, {}, REFUSED),
    (robots("noindex", "broadsheet"), {}, {}, REFUSED),
    (robots("noindex", "Broadsheet"), {}, {}, REFUSED),
    (robots("noindex", "googlebot"), {}, {}, STORED),
    (robots("none", "GPTBot"), {}, {}, STORED),
    (robots("index") + robots("noindex"), {}, {}, REFUSED),
    (robots("noindex;nofollow"), {}, {}, REFUSED),
    ('<meta http-equiv="X-Robots-Tag" content="noindex">', {}, {}, REFUSED),
    ('<meta name="msapplication-config" content="none">', {}, {}, STORED),
    (robots("noarchive"), {}, {}, STORED),
    (robots("nosnippet, notranslate"), {}, {}, STORED),
    (robots("noimageindex"), {}, {}, STORED),
    (robots("noimageai"), {}, {}, STORED),
    (robots("noai"), {}, {}, FLAGGED),
    (robots("noai, noimageai"), {}, {}, FLAGGED),
    (robots("noml"), {}, {}, FLAGGED),
    (robots("noai", "GPTBot"), {}, {}, STORED),
    ("", x_robots("noindex"), {}, REFUSED),
    ("", x_robots("none, nosnippet"), {}, REFUSED),
    ("", x_robots("broadsheet: noindex"), {}, REFUSED),
    ("", x_robots("otherbot: noindex"), {}, STORED),
    ("", x_robots("otherbot: noindex, nofollow"), {}, STORED),
    # Two lines of the header: a crawler's name holds for its own line.
    ("", x_robots("otherbot: noarchive\nnoindex"), {}, REFUSED),
    ("", x_robots("otherbot: noindex\nnoai"), {}, FLAGGED),
    ("", x_robots("noai"), {}, FLAGGED),
    ("", x_robots("unavailable_after: 25 Jun 2050 15:00:00 PST"), {}, STORED),
    (tdm("1"), {}, {}, FLAGGED),
    (tdm("0"), {}, {}, STORED),
    ("", {"tdm-reservation": "1"}, {}, FLAGGED),
    ("", {}, {"tdm_reservation_file": "1"}, FLAGGED),
    ("", {}, {"tdm_reservation_file": "0"}, STORED),
    ("", {}, {"tdm_policy_file": "https://paper.example/tdm"}, STORED),
    (tdm("0"), {"tdm-reservation": "1"}, {"tdm_reservation_file": "1"}, STORED),
    ("", {"tdm-reservation": "0"}, {"tdm_reservation_file": "1"}, STORED),
    ("", {"content-signal": "search=yes, ai-train=no"}, {}, FLAGGED),
    ("", {"content-signal": "search=no"}, {}, STORED),
    ("", {"content-usage": "train-ai=n"}, {}, FLAGGED),
    ("", {"content-usage": "train-ai=y"}, {"content_usage_robots": "train-ai=n"}, STORED),
    ("", {}, {"content_signal_robots": "ai-input=no"}, FLAGGED),
    ("", {}, {"content_usage_robots": "bots=y, train-ai=n"}, FLAGGED),
    ("", {}, {"content_usage_robots": "no such grammar"}, STORED),
]


@pytest.mark.parametrize(("head", "headers", "host", "end"), CASES)
def test_a_page_is_stored_as_its_publisher_and_the_operator_say(head, headers, host, end):
    html = f"<html lang=en><head>{head}</head><body><h1>The harbour opens</h1></body></html>"
    url = "https://paper.example/harbour"
    document = Document(
        url=url,
        requested_url=url,
        fetched_at=datetime(2026, 4, 14, tzinfo=UTC),
        headers=headers,
        site_signals=host,
        body=html.encode(),
    )
    evidence = read_metadata(LexborHTMLParser(html), document).opt_out
    kept = {policy: find_reservation(evidence, policy) is None for policy in OptOutPolicy}
    assert kept == {OptOutPolicy.FLAG: end != REFUSED, OptOutPolicy.SKIP: end == STORED}
