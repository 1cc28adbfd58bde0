"""An index says what is published: visits, outcomes and figures, and where the rows lie."""

import asyncio
import random
from datetime import UTC, date, datetime, timedelta

import pytest

from pipelines.index.figures import day_figures, overview, site_figures
from pipelines.index.history import OutcomeQuery, copies_of, find_outcomes, rows_of
from pipelines.index.lines import read_row
from pipelines.index.search import ArticleQuery, search
from pipelines.objects import LocalObjects
from tests.pipelines.index_rows import (
    NOON,
    Folder,
    article,
    crawl,
    follow,
    index_of,
    outcome,
)


def test_an_address_has_all_its_visits_with_and_without_tracking_parameters(tmp_path):
    url = "https://news.example/a"
    first = article(1, url=f"{url}?utm_source=feed", canonical_url=url, id=article(1, url=url)["id"])
    folder = Folder(tmp_path)
    folder.publish(first, article(9))
    folder.publish(outcome(2, "unchanged", url=url, of=first["id"]), outcome(3, "dead", "tls", url=url))
    index = index_of(tmp_path)
    for typed in (url, f"{url}?utm_source=x#top"):
        assert [type(row).__name__ for row in rows_of(index, typed)] == [
            "FoundOutcome",
            "FoundOutcome",
            "FoundArticle",
        ]
    assert [(row.entry, getattr(row, "reason", None)) for row in rows_of(index, url)] == [
        (3, "tls"),
        (3, None),
        (2, None),
    ]
    assert [row.outcome for row in copies_of(index, first["id"])] == ["unchanged"]


KINDS = [("dead", "tls"), ("dead", "timeout"), ("rejected", "hub"), ("unchanged", None), ("gone", "http_404")]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"site": "a"},
        {"outcome": "dead"},
        {"reason": "tls"},
        {"site": "b", "outcome": "dead", "reason": "tls"},
        {"site": "x"},
        {"reason": "x"},
        {"outcome": "x"},
        {
            "since": NOON + timedelta(seconds=100),
            "until": NOON + timedelta(seconds=150),
            "outcome": "rejected",
        },
    ],
    ids=str,
)
def test_outcomes_are_listed_by_site_kind_and_reason(tmp_path, query):
    chance = random.Random(2)
    rows = [outcome(number, *chance.choice(KINDS), site=chance.choice("ab")) for number in range(200)]
    Folder(tmp_path).publish(*rows)
    index = index_of(tmp_path)
    seen, after = [], None
    while True:
        page = find_outcomes(index, OutcomeQuery(**query, after=after, limit=13))
        seen += page.outcomes
        if (after := page.after) is None:
            break
    times = (
        {name: query.pop(name) for name in ("since", "until") if name in query} if "since" in query else {}
    )
    expected = [
        row["visit"]
        for row in reversed(rows)
        if all(row[name] == value for name, value in query.items())
        and times.get("since", NOON)
        <= datetime.fromisoformat(row["fetched_at"])
        < times.get("until", datetime.max.replace(tzinfo=UTC))
    ]
    assert [row.visit for row in seen] == expected


async def test_each_row_is_read_back_from_where_it_lies_also_after_compaction(tmp_path):
    rows = {row["visit"]: row for row in await crawl(tmp_path, 60)}
    index = (
        index_of(tmp_path) if not asyncio.get_running_loop() else await asyncio.to_thread(index_of, tmp_path)
    )
    for compacts in (False, True):
        if compacts:
            rows = {row["visit"]: row for row in await crawl(tmp_path, 80, compacts=True)}
            assert (await asyncio.to_thread(follow, tmp_path)).moved >= 60
        objects = LocalObjects(tmp_path, "reader")
        listed = [
            *search(index, ArticleQuery(limit=1_000)).articles,
            *find_outcomes(index, OutcomeQuery(limit=1_000)).outcomes,
        ]
        assert len(listed) == len(rows)
        for row in listed:
            assert await read_row(objects, row.path, row.line) == rows[row.visit]
    assert await read_row(objects, row.path, 10_000) is None
    assert await read_row(objects, "articles/date=2026-01-01/none.jsonl.gz", 1) is None


def test_figures_are_those_of_the_rows(tmp_path):
    chance = random.Random(3)
    rows = []
    for number in range(300):
        fields = {
            "site": chance.choice("ab"),
            "fetched_at": (NOON + timedelta(hours=number // 4)).isoformat(),
        }
        if chance.random() < 0.5:
            removals = [
                {
                    "rule": chance.choice(("share", "nav")),
                    "chars": chance.randint(1, 50),
                    "refused": chance.random() < 0.1,
                }
                for _ in range(3)
            ]
            rows.append(
                article(
                    number,
                    **fields,
                    text="word " * chance.randint(1, 900),
                    authors=["A"] * chance.randint(0, 1),
                    removals=removals,
                    revision=chance.choice((1, 1, 2)),
                )
            )
        else:
            rows.append(outcome(number, *chance.choice(KINDS), **fields))
    Folder(tmp_path).publish(*rows)
    index = index_of(tmp_path)
    days = [(one.day, None, one.figures) for one in day_figures(index, days=4, until=date(2026, 4, 17))]
    days += [(one.day, "a", one.figures) for one in day_figures(index, "a", days=4, until=date(2026, 4, 17))]
    sites = [(None, one.site, site_figures(index, one.site)[0].figures) for one in site_figures(index)]
    checked = [*days, *sites, (None, None, overview(index).figures)]
    assert len(checked) == 11
    for day, site, figures in checked:
        chosen = [
            row
            for row in rows
            if day in {None, date.fromisoformat(row["fetched_at"][:10])} and site in {None, row["site"]}
        ]
        texts = [row for row in chosen if row["outcome"] == "article"]
        removals = [one for row in texts for one in row["removals"] if not one["refused"]]
        assert figures.visits == len(chosen) > 0
        assert (figures.articles, figures.revisions) == (
            sum(row["revision"] == 1 for row in texts),
            sum(row["revision"] == 2 for row in texts),
        )
        assert figures.characters == sum(len(row["text"]) for row in texts)
        assert figures.words == sum(len(row["text"].split()) for row in texts)
        assert (figures.removals, figures.removed_characters) == (
            len(removals),
            sum(one["chars"] for one in removals),
        )
        assert {one.rule: (one.removals, one.characters) for one in figures.rules} == {
            name: (
                sum(one["rule"] == name for one in removals),
                sum(one["chars"] for one in removals if one["rule"] == name),
            )
            for name in ("share", "nav")
        }
        assert figures.coverage == {
            "title": 1,
            "authors": sum(bool(row["authors"]) for row in texts) / len(texts),
            "published_at": 0,
            "language": 1,
            "section": 0,
            "images": 0,
        }
        for kind, reason in KINDS:
            assert figures.count(kind, reason) == sum(
                row["outcome"] == kind and (reason is None or row["reason"] == reason) for row in chosen
            )
        assert figures.error_rate == sum(row["outcome"] == "dead" for row in chosen) / len(chosen)
        lengths = sorted(len(row["text"]) for row in texts)
        assert lengths[len(lengths) // 4] <= figures.typical_characters <= lengths[len(lengths) * 3 // 4]
    assert all(not one.figures.rules for one in site_figures(index))


def test_days_and_sites_without_visits_have_figures_too(tmp_path):
    Folder(tmp_path)
    index = index_of(tmp_path)
    (empty,) = day_figures(index, "unknown", days=1)
    assert (empty.figures.visits, empty.figures.error_rate, empty.figures.typical_characters) == (
        0,
        None,
        None,
    )
    assert (site_figures(index), overview(index).first_fetched_at) == ((), None)
