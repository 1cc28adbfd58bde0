"""Nearly the same texts: told from a sketch, found while crawling, by one worker or several."""

import asyncio
import pickle
import random
from dataclasses import replace

import pytest

from cleaners.models import Block, Listed, Removal, content_hash
from pipelines.near import NearRule, to_bands, to_sketch
from pipelines.pages import clean_and_sketch
from pipelines.policy import Policy
from pipelines.sketched import SketchedArticle
from pipelines.verify import verify
from pipelines.worker import DirtyText
from tests.pipelines.ledger_worker import SITE, joined, page, published_rows
from tests.pipelines.test_recovery import Held

FEED = "https://news.example/feed"
WORDS = [f"word{number}" for number in range(2000)]


def story(seed, paragraphs=12, words=40):
    """Invented paragraphs, the same for the same seed."""
    chance = random.Random(seed)
    return [" ".join(chance.choices(WORDS, k=words)) for _ in range(paragraphs)]


def edited(paragraphs, seed=7):
    """A copy as an editor makes it: a sentence of the agency's in front, one paragraph gone, some words replaced."""
    chance = random.Random(seed)
    copy = [p for place, p in enumerate(paragraphs) if place != 5]
    for place in (2, 8):
        words = copy[place].split()
        words[chance.randrange(len(words))] = "changed"
        copy[place] = " ".join(words)
    return ["This story was first told by somebody else and stands here with their kind consent.", *copy]


def filled_in(paragraphs, mark):
    """The same template with something of its own in each paragraph."""
    return [f"{mark}{place} {mark}{place}a {mark}{place}b {p}" for place, p in enumerate(paragraphs)]


def links(*names):
    return [Listed(url=f"https://news.example/{name}") for name in names]


def told(visit, paragraphs, *, syndicated_from=None, canonical_url=None):
    item = page(visit, canonical_url=canonical_url)
    blocks = tuple(Block(kind="paragraph", text=text) for text in paragraphs)
    metadata = replace(item.result.metadata, syndicated_from=syndicated_from)
    return replace(item, result=replace(item.result, blocks=blocks, metadata=metadata))


def similarity(one, other, **rule):
    sketches = [to_sketch("\n\n".join(paragraphs)) for paragraphs in (one, other)]
    return NearRule(**rule).find_similarity(*sketches, named=False)


async def visits_of(ledger, *names):
    await ledger.save_listing(SITE, FEED, None, links(*names))
    visits = {visit.url.rsplit("/", 1)[1]: visit for visit in await ledger.draw(SITE, len(names))}
    return [visits[name] for name in names]


def by_name(data):
    return {row["url"].rsplit("/", 1)[1]: row for row in published_rows(data)}


def test_an_edited_copy_is_near_and_another_story_is_not():
    assert similarity(story(1), edited(story(1))) > 0.8
    assert similarity(story(1), story(2)) is None


def test_texts_of_one_template_are_not_near_though_they_share_most_runs():
    one, other = filled_in(story(1, words=80), "a"), filled_in(story(1, words=80), "b")
    assert similarity(one, other, openings=0.0) > 0.75
    assert similarity(one, other) is None


def test_a_copy_in_one_block_is_near_to_one_in_paragraphs():
    assert similarity(story(1), [" ".join(story(1))]) > 0.9


def test_scripts_without_spaces_are_compared_by_characters():
    chance = random.Random(3)
    text = "".join(chance.choices("日本語新聞記事橋開通式典市長住民期待道路工事終了年月", k=600))
    copy = text[:200] + "追加" + text[200:]
    other = "".join(chance.choices("日本語新聞記事橋開通式典市長住民期待道路工事終了年月", k=600))
    assert similarity([text], [copy]) > 0.9
    assert similarity([text], [other]) is None


@pytest.mark.parametrize("text", ["", "The bridge opens on Tuesday.", " ".join(WORDS[:23])])
def test_a_short_text_is_compared_with_none(text):
    assert (to_sketch(text), to_bands(b"", bytes(16))) == (b"", b"")


def test_a_sketch_is_the_same_in_every_version_of_python_and_on_every_machine():
    # It stands in Redis, where workers of several machines compare by it.
    assert to_sketch("\n\n".join(story(1)))[:8].hex() == "530c42fcf109ff2e"


def test_the_cleaning_process_makes_the_sketch():
    text = "\n\n".join(["The bridge opens", *story(1)])
    article = clean_and_sketch(DirtyText(text=text, url="https://news.example/a"))
    assert isinstance(article, SketchedArticle)
    assert article.sketch == to_sketch(article.text) != b""
    assert article.sketch_of == article.content_hash == content_hash(article.text)


def test_a_sketched_article_comes_through_a_pipe_as_it_was():
    article = clean_and_sketch(DirtyText(text="\n\n".join(story(1)), url="https://news.example/a"))
    article = replace(
        article, removals=(Removal(rule="a/b", stage="text", where="block 1", sample="Read", chars=9),)
    )
    again = pickle.loads(pickle.dumps(article))
    assert again == article
    assert again.content_hash == article.content_hash
    longer = replace(again, blocks=(*again.blocks, Block(kind="paragraph", text="And more.")))
    assert longer.content_hash == content_hash(longer.text) != article.content_hash
    assert pickle.loads(pickle.dumps(longer)).content_hash == longer.content_hash


@pytest.mark.parametrize("apart", [False, True], ids=["in one batch", "in two batches"])
async def test_a_near_duplicate_becomes_a_row_that_names_the_first(tmp_path, apart):
    async with joined(tmp_path) as (_, ledger):
        first, copy, other = await visits_of(ledger, "first", "copy", "other")
        await ledger.submit(told(first, story(1)))
        if apart:
            await ledger.drain()
        await ledger.submit(told(copy, edited(story(1))))
        await ledger.submit(told(other, story(2)))
    rows = by_name(tmp_path)
    assert [rows[name]["outcome"] for name in ("first", "copy", "other")] == [
        "article",
        "duplicate",
        "article",
    ]
    row = rows["copy"]
    assert (row["alike"], row["of"], row["cluster"]) == ("near", rows["first"]["id"], rows["first"]["id"])
    assert 0.8 < row["similarity"] < 1
    assert (rows["first"]["cluster"], rows["first"]["duplicate_of"]) == (rows["first"]["id"], None)
    assert (await verify(str(tmp_path))).problems == ()


async def test_by_setting_a_near_duplicate_is_published_and_says_so(tmp_path):
    policy = Policy(near=NearRule(publish=True))
    async with joined(tmp_path, policy=policy) as (_, ledger):
        first, copy, again = await visits_of(ledger, "first", "copy", "again")
        await ledger.submit(told(first, story(1)))
        await ledger.submit(told(copy, edited(story(1))))
        await ledger.drain()
        await ledger.submit(told(again, edited(story(1), seed=8)))
    rows = by_name(tmp_path)
    assert {row["outcome"] for row in rows.values()} == {"article"}
    assert {rows[name]["duplicate_of"] for name in ("copy", "again")} == {rows["first"]["id"]}
    assert {row["cluster"] for row in rows.values()} == {rows["first"]["id"]}
    assert (await verify(str(tmp_path))).problems == ()


async def test_turned_off_it_leaves_near_duplicates_alone(tmp_path):
    async with joined(tmp_path, policy=Policy(near=NearRule(days=0))) as (_, ledger):
        first, copy = await visits_of(ledger, "first", "copy")
        await ledger.submit(told(first, story(1)))
        await ledger.drain()
        await ledger.submit(told(copy, edited(story(1))))
    assert {row["outcome"] for row in published_rows(tmp_path)} == {"article"}


async def test_a_named_original_lowers_what_is_needed(tmp_path):
    half = [*story(1)[:9], *story(3)[:3]]
    async with joined(tmp_path) as (_, ledger):
        first, named, unnamed = await visits_of(ledger, "first", "named", "unnamed")
        await ledger.submit(told(first, story(1)))
        await ledger.drain()
        await ledger.submit(told(unnamed, [*story(1)[:9], *story(4)[:3]]))
        await ledger.submit(told(named, half, syndicated_from=first.url))
    rows = by_name(tmp_path)
    assert rows["unnamed"]["outcome"] == "article"
    assert (rows["named"]["of"], rows["named"]["alike"]) == (rows["first"]["id"], "near")
    assert 0.5 <= rows["named"]["similarity"] < 0.75
    assert first.url in rows["named"]["evidence"]


async def test_naming_an_original_is_not_enough(tmp_path):
    async with joined(tmp_path) as (_, ledger):
        first, named = await visits_of(ledger, "first", "named")
        await ledger.submit(told(first, story(1)))
        await ledger.drain()
        await ledger.submit(told(named, story(2), syndicated_from=first.url))
    assert {row["outcome"] for row in published_rows(tmp_path)} == {"article"}


async def test_two_copies_of_an_original_that_was_never_seen_point_to_the_first_of_them(tmp_path):
    original = "https://agency.example/story"
    async with joined(tmp_path) as (_, ledger):
        one, other = await visits_of(ledger, "one", "other")
        await ledger.submit(told(one, story(1), syndicated_from=original))
        await ledger.submit(told(other, [*story(1)[:9], *story(3)[:3]], syndicated_from=original))
    rows = by_name(tmp_path)
    assert (rows["other"]["outcome"], rows["other"]["of"]) == ("duplicate", rows["one"]["id"])


async def test_a_near_duplicate_waits_until_the_batch_of_its_original_is_settled(tmp_path):
    async with joined(tmp_path) as (_, one), joined(tmp_path) as (_, other):
        await one.save_listing(SITE, FEED, None, links("a", "b"))
        (first,), (second,) = await one.draw(SITE, 1), await other.draw(SITE, 1)
        held = Held(one)
        await one.submit(told(first, story(1)))
        committing = asyncio.create_task(one.drain())
        await held.reached.wait()
        assert await other.submit(told(second, edited(story(1)))) is None
        held.go.set()
        await asyncio.gather(committing, other.drain())
    rows = {row["url"]: row for row in published_rows(tmp_path)}
    assert rows[first.url]["outcome"] == "article"
    assert (rows[second.url]["alike"], rows[second.url]["of"]) == ("near", rows[first.url]["id"])


async def test_of_two_workers_with_near_texts_staged_the_second_to_prepare_makes_a_duplicate(tmp_path):
    async with joined(tmp_path) as (_, one), joined(tmp_path) as (_, other):
        await one.save_listing(SITE, FEED, None, links("a", "b", "c"))
        (first,), (second, third) = await one.draw(SITE, 1), await other.draw(SITE, 2)
        await one.submit(told(first, story(1)))
        await other.submit(told(second, edited(story(1))))
        await other.submit(told(third, edited(story(1), seed=8)))
        await one.drain()
        await other.drain()
    rows = {row["url"]: row for row in published_rows(tmp_path)}
    assert [rows[visit.url]["outcome"] for visit in (first, second, third)] == [
        "article",
        "duplicate",
        "duplicate",
    ]
    assert {rows[visit.url]["of"] for visit in (second, third)} == {rows[first.url]["id"]}
    assert (await verify(str(tmp_path))).problems == ()


async def test_an_emptied_redis_finds_near_duplicates_of_what_the_log_has(tmp_path):
    async with joined(tmp_path) as (redis, ledger):
        first, copy = await visits_of(ledger, "first", "copy")
        await ledger.submit(told(first, story(1)))
        await ledger.drain()
        await redis.flushall()
        await ledger.submit(told(copy, edited(story(1))))
    rows = by_name(tmp_path)
    assert (rows["copy"]["outcome"], rows["copy"]["of"]) == ("duplicate", rows["first"]["id"])


async def test_a_published_article_stays_one_when_a_revision_is_like_another(tmp_path):
    async with joined(tmp_path) as (_, ledger):
        first, second = await visits_of(ledger, "first", "second")
        await ledger.submit(told(first, story(1)))
        await ledger.submit(told(second, story(2)))
        await ledger.drain()
        assert await ledger.memory.forget(second.url)
        (again,) = await visits_of(ledger, "second")
        await ledger.submit(told(again, edited(story(1))))
    rows = [row for row in published_rows(tmp_path) if row["url"] == second.url]
    assert [(row["outcome"], row["revision"]) for row in rows] == [("article", 1), ("article", 2)]


async def test_what_is_kept_of_an_article_is_bounded(tmp_path):
    count = 60
    async with joined(tmp_path) as (redis, ledger):
        before = (await redis.info("memory"))["used_memory"]
        names = [str(number) for number in range(count)]
        for number, visit in enumerate(await visits_of(ledger, *names)):
            await ledger.submit(told(visit, story(100 + number)))
        await ledger.drain()
        near = 0
        for pattern in ("near:*", "print:*"):
            async for key in redis.scan_iter(match=ledger.key(pattern)):
                assert await redis.ttl(key) > 0 or key.endswith(b":days")
                near += sum(len(name) + len(value) for name, value in (await redis.hgetall(key)).items())
        assert 300 < near / count < 1200
        assert (await redis.info("memory"))["used_memory"] > before
