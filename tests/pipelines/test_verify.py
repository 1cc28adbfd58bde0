import asyncio
import gzip
import hashlib
import json
import shutil

import pytest

from pipelines.objects import StoreError
from pipelines.verify import verify
from tests.pipelines.ledger_worker import SITE, joined, links, page

FEED = "https://news.example/feed"


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Two batches: an article and its duplicate, then another article."""
    data = tmp_path_factory.mktemp("published")

    async def publish():
        async with joined(data) as (_, ledger):
            await ledger.save_listing(SITE, FEED, None, links(3))
            first, second, third = await ledger.draw(SITE, 3)
            await ledger.submit(page(first, text="The story."))
            await ledger.submit(page(second, text="The story."))
            await ledger.drain()
            await ledger.submit(page(third))

    asyncio.run(publish())
    return data


@pytest.fixture
def folder(published, tmp_path):
    return shutil.copytree(published, tmp_path / "data", ignore=shutil.ignore_patterns(".state"))


async def problems(folder):
    return (await verify(str(folder))).problems


def rewrite(folder, kind, change):
    """Change the rows of the first part of a kind, and its entry with them, as a faulty writer would."""
    for path in sorted(folder.glob("log/*.json")):
        entry = json.loads(path.read_bytes())
        for part in entry.get("adds", ()):
            if part["path"].startswith(kind):
                file = folder / part["path"]
                rows = [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
                change(rows)
                file.write_bytes(gzip.compress(b"".join(json.dumps(row).encode() + b"\n" for row in rows)))
                part |= {
                    "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
                    "bytes": file.stat().st_size,
                }
                path.write_text(json.dumps(entry))
                return
    raise AssertionError(kind)


async def test_a_sound_folder_has_no_problem(folder):
    proof = await verify(f"file://{folder}")
    assert (proof.entries, proof.parts, proof.rows, proof.articles) == (4, 3, 3, 2)
    assert (proof.problems, proof.orphans, proof.foreign) == ((), (), ())


async def test_a_folder_without_a_log_is_refused(tmp_path):
    with pytest.raises(StoreError, match="no log here"):
        await verify(str(tmp_path))


async def test_finds_a_flipped_bit(folder):
    part = next(folder.glob("articles/*/*"))
    body = bytearray(part.read_bytes())
    body[len(body) // 2] ^= 1
    part.write_bytes(body)
    (problem,) = [line for line in await problems(folder) if "sha256" in line]
    assert part.name in problem


async def test_finds_a_missing_part(folder):
    next(folder.glob("outcomes/*/*")).unlink()
    (problem,) = await problems(folder)
    assert "is missing" in problem


async def test_finds_a_gap_in_the_log(folder):
    (folder / "log" / f"{3:020}.json").unlink()
    assert any("0003.json: is missing" in line for line in await problems(folder))


@pytest.mark.parametrize(
    ("body", "says"),
    [(b"{torn", "malformed"), (b'{"kind": "merge"}', "newer Broadsheet"), (b"[]", "no JSON object")],
)
async def test_finds_an_entry_that_is_none(folder, body, says):
    (folder / "log" / f"{3:020}.json").write_bytes(body)
    assert any(says in line for line in await problems(folder))


async def test_finds_a_torn_part_even_if_its_entry_agrees(folder):
    part = next(folder.glob("outcomes/*/*"))
    torn = part.read_bytes()[:-6]
    part.write_bytes(torn)
    for path in folder.glob("log/*.json"):
        entry = json.loads(path.read_bytes())
        for added in entry.get("adds", ()):
            if added["path"].endswith(part.name) and added["path"].startswith("outcomes"):
                added |= {"sha256": hashlib.sha256(torn).hexdigest(), "bytes": len(torn)}
                path.write_text(json.dumps(entry))
    assert any("is torn" in line for line in await problems(folder))


async def test_finds_a_visit_with_two_rows(folder):
    visit = json.loads(gzip.decompress(next(folder.glob("outcomes/*/*")).read_bytes()))["visit"]
    rewrite(folder, "articles", lambda rows: rows[0].update(visit=visit))
    assert any("has a row already" in line for line in await problems(folder))


async def test_finds_a_revision_out_of_turn(folder):
    rewrite(folder, "articles", lambda rows: rows[0].update(revision=2))
    assert any("revision 2 of" in line for line in await problems(folder))


async def test_finds_a_text_under_two_ids(folder):
    digests = []
    for part in sorted(folder.glob("articles/*/*")):
        digests += [json.loads(gzip.decompress(part.read_bytes()))["content_hash"]]
    rewrite(folder, "articles", lambda rows: rows[0].update(content_hash=digests[1]))
    assert any("text was published under id" in line for line in await problems(folder))


async def test_finds_a_duplicate_of_what_was_never_published(folder):
    rewrite(folder, "outcomes", lambda rows: rows[0].update(of="00" * 16))
    assert any("never published" in line for line in await problems(folder))


async def test_finds_rows_that_their_entry_does_not_count(folder):
    rewrite(folder, "outcomes", lambda rows: rows.append(rows[0] | {"visit": "f" * 32}))
    assert any("rows 1, it has 2" in line for line in await problems(folder))


async def test_finds_a_commit_of_an_epoch_that_is_over(folder):
    path = folder / "log" / f"{5:020}.json"
    commit = json.loads((folder / "log" / f"{4:020}.json").read_bytes())
    path.write_text(json.dumps({"kind": "epoch", "epoch": 2, "redis": "other"}))
    late = commit | {"batch": "late", "adds": []}
    (folder / "log" / f"{6:020}.json").write_text(json.dumps(late))
    assert any("a commit of epoch 1 in epoch 2" in line for line in await problems(folder))


async def test_counts_parts_that_no_entry_names_and_foreign_files_without_blame(folder):
    part = next(folder.glob("articles/*/*"))
    orphan = part.with_name(f"{0:012x}-{0:016x}.jsonl.gz")
    orphan.write_bytes(b"left behind")
    (folder / "articles" / "notes.txt").write_text("mine")
    proof = await verify(str(folder))
    assert proof.orphans == (orphan.relative_to(folder).as_posix(),)
    assert (proof.foreign, proof.problems) == (("articles/notes.txt",), ())
