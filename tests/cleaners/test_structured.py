from __future__ import annotations

import json
import time

import pytest
from selectolax.lexbor import LexborHTMLParser

from cleaners.structured import find_article, parse_json_ld, plain_text, read_json_ld, text_of


def test_flattens_graphs_and_arrays_in_page_order() -> None:
    graph = {"@graph": [{"@type": "WebSite", "name": "a"}, {"@type": "NewsArticle", "name": "b"}]}
    nodes = parse_json_ld([json.dumps(graph), json.dumps([[{"name": "c"}], {"name": "d"}])])
    assert [node.get("name") for node in nodes] == [None, "a", "b", "c", "d"]


@pytest.mark.parametrize(
    "script",
    [
        '{"headline": "x",}',
        "{'headline': 'x'}",
        '{"headline": "x" /* comment */}',
        '<![CDATA[{"headline": "x"}]]>',
        '<!-- {"headline": "x"} -->',
        '{"headline": "x"};',
        '{"headline": "x"} trailing',
        '{"headline": "x", "text": "two\nlines\tand a tab"}',
        '{"headline": "x", "wordCount": NaN, "other": ' + "9" * 5_000 + "}",
    ],
)
def test_reads_broken_json(script: str) -> None:
    assert [node["headline"] for node in parse_json_ld([script])] == ["x"]


@pytest.mark.parametrize(
    "script",
    [
        "",
        "not json",
        '{"headline": "x',
        "[" * 200_000 + "]" * 200_000,
        '{"@graph":' * 100_000,
        '{"a":' * 3_000 + "1" + "}" * 3_000,
        '"' + "a" * 15_000_000,
        '{"headline":"' + "a" * 15_000_000 + '"}',
        "null",
        "12",
    ],
)
def test_what_cannot_be_read_is_left_out(script: str) -> None:
    assert not [node for node in parse_json_ld([script]) if node.get("headline")]


def test_ten_thousand_scripts_are_cut_short() -> None:
    assert len(parse_json_ld(['{"@type":"Thing"}'] * 10_000)) == 200


def test_one_script_with_ten_thousand_objects_is_cut_short() -> None:
    assert len(parse_json_ld([json.dumps([{"n": n} for n in range(10_000)])])) <= 2_000


def test_reads_scripts_whatever_the_case_of_their_type() -> None:
    tree = LexborHTMLParser(
        '<script type="Application/LD+JSON; charset=utf-8">{"a": 1}</script><script>{"b": 2}</script>'
    )
    assert read_json_ld(tree) == ({"a": 1},)


def test_the_article_goes_before_the_page_that_holds_it() -> None:
    nodes = parse_json_ld(
        [
            '[{"@type":"WebPage","name":"w"},{"@type":["Thing","https://schema.org/NewsArticle"],"headline":"h"}]'
        ]
    )
    assert find_article(nodes, ["https://news.example/a"])["headline"] == "h"


def test_of_several_articles_the_one_that_names_the_page_is_its_own() -> None:
    nodes = parse_json_ld(
        [
            '[{"@type":"NewsArticle","headline":"other","url":"https://news.example/b"},{"@type":"NewsArticle","headline":"own","mainEntityOfPage":{"@id":"https://news.example/a/"}}]'
        ]
    )
    assert find_article(nodes, ["https://news.example/a?utm=1"])["headline"] == "own"


@pytest.mark.parametrize(
    "script",
    [
        '{"@type":"ItemList","itemListElement":[{"@type":"ListItem","item":{"@type":"NewsArticle","headline":"Cranes breed in the marsh"}}]}',
        '{"@type":"NewsArticle","headline":"Cranes breed in the marsh","url":"https://news.example/cranes"}',
        '{"@type":"NewsArticle","headline":"Cranes breed in the marsh","mainEntityOfPage":"/cranes"}',
    ],
)
def test_another_pages_article_is_not_this_ones(script: str) -> None:
    own = '{"@type":"NewsArticle","headline":"Council votes to rebuild the pier","author":"Jane Doe"}'
    addresses, titles = ["https://news.example/pier"], ["Council votes to rebuild the pier - News"]
    assert find_article(parse_json_ld([script]), addresses, titles) == {}
    assert find_article(parse_json_ld([script, own]), addresses, titles)["author"] == "Jane Doe"


@pytest.mark.parametrize(
    "script",
    [
        '{"@type":"NewsArticle","headline":"The pier","author":{"name":"Jane Doe"} "dateModified":"2024"}',
        '{"@type":"NewsArticle","headline":"The "old" pier","author":{"name":"Jane Doe"}}',
        '{"@type":"NewsArticle","headline":"The pier",,"author":{"name":"Jane Doe"},}',
        '{"@type":"NewsArticle","headline":"The pier","author":{"name":"Jane Doe"',
        "{&quot;@type&quot;:&quot;NewsArticle&quot;,&quot;author&quot;:{&quot;name&quot;:&quot;Jane Doe&quot;}}",
    ],
)
def test_repairs_what_was_put_together_by_hand(script: str) -> None:
    assert [text_of(node["author"]) for node in parse_json_ld([script])] == ["Jane Doe"]


@pytest.mark.parametrize(
    "script", ['"' * 50_000, '{"a":"' + '" ' * 25_000, "[{" * 20_000, '{"a":' * 10_000, "{]"]
)
def test_what_nothing_repairs_is_left_out_in_bounded_work(script: str) -> None:
    started = time.process_time()
    parse_json_ld([script] * 20)
    assert time.process_time() - started < 3


def test_an_article_under_an_old_address_is_known_by_its_title() -> None:
    nodes = parse_json_ld(
        [
            '{"@type":"NewsArticle","headline":"Council votes for the pier","url":"https://www.news.example/2024/7"}'
        ]
    )
    assert find_article(nodes, ["https://news.example/pier"], ["Council votes for the pier"])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a &amp; b", "a & b"),
        ("a <b>c</b>", "a c"),
        (["", "first", "second"], "first"),
        ({"@value": "x"}, "x"),
        ({"name": {"@value": "deep"}}, "deep"),
        ({"name": {"name": {"name": {"name": {"name": "too deep"}}}}}, None),
        (12, None),
        (None, None),
        ({}, None),
        ([], None),
        ("\u200b \ud800\ufffe\x00", None),
    ],
)
def test_takes_one_line_of_text_from_any_value(value: object, text: str | None) -> None:
    assert text_of(value) == text


def test_text_of_a_million_angle_brackets_is_cut() -> None:
    assert len(plain_text("<" * 1_000_000) or "") <= 2_000
