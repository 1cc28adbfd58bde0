from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.signals import find_signals, read_robots_signals, read_tdmrep

GROUPS = """
# Content-Signal: ai-train=yes
User-agent: GPTBot
Content-Usage: train-ai=y

User-agent: *
Allow: /
Content-Usage: train-ai=n   # see our terms
Content-Usage: /docs/ train-ai=y
Content-Signal: search=yes, ai-train=no
"""
OURS = GROUPS + "User-agent: Otherbot\nUser-agent: Broadsheet\nDisallow: /x\nContent-Usage: bots=n\n"


@pytest.mark.parametrize(
    ("text", "path", "said"),
    [
        (GROUPS, "/news/1", {"content_usage_robots": "train-ai=n", "content_signal_robots": "search=yes, ai-train=no"}),
        (GROUPS, "/docs/1", {"content_usage_robots": "train-ai=y", "content_signal_robots": "search=yes, ai-train=no"}),
        (OURS, "/docs/1", {"content_usage_robots": "bots=n"}),
        ("Content-Signal: ai-train=no\nUser-agent: *\nDisallow:", "/", {"content_signal_robots": "ai-train=no"}),
        ("User-agent: broadsheet\nDisallow: /x", "/", {}),
        ("", "/", {}),
    ],
)  # fmt: skip
def test_robots_txt_says_what_its_group_for_us_says(text, path, said):
    assert find_signals(read_robots_signals(text, "Broadsheet"), path) == said


@pytest.mark.parametrize(
    ("entries", "path", "reserved"),
    [
        ([{"location": "/", "tdm-reservation": 1}], "/news/1", "1"),
        ([{"location": "/news/*.html$", "tdm-reservation": 1}], "/news/1.html", "1"),
        ([{"location": "/news/*.html$", "tdm-reservation": 1}], "/news/1.html?x", None),
        ([{"location": "*", "tdm-reservation": True}], "/news/1", "1"),
        ([{"location": "/", "tdm-reservation": 1}, {"location": "/free/", "tdm-reservation": 0}], "/free/1", "0"),
        ([{"location": "/free/", "tdm-reservation": 0}, {"location": "/", "tdm-reservation": 1}], "/free/1", "0"),
        ([{"location": "/images/", "tdm-reservation": 1}], "/news/1", None),
        ([{"location": "news", "tdm-reservation": 1}], "/news/1", None),
        ([{"location": 5}, 7, None, {"tdm-reservation": 1}], "/news/1", None),
        ({"location": "/", "tdm-reservation": 1}, "/news/1", None),
    ],
)  # fmt: skip
def test_tdmrep_json_reserves_the_paths_that_it_names(entries, path, reserved):
    rules = read_tdmrep(json.dumps(entries).encode())
    assert find_signals(rules, path).get("tdm_reservation_file") == reserved


@pytest.mark.parametrize("body", [b"", b"<html>no such file</html>", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_tdmrep_json_reserves_nothing(body):
    assert read_tdmrep(body) == ()


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["location", "tdm-reservation", "tdm-policy"]), inner)))  # fmt: skip
def test_any_json_is_read_without_an_error(value):
    rules = read_tdmrep(json.dumps(value).encode())
    assert all(isinstance(said, str) for said in find_signals(rules, "/news/1").values())
