"""The commands that read and keep the data, as people run them."""

import gzip
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crawler.cli import app
from tests.pipelines.published import MARKER, files_with_marker, publish

ROOT = Path(__file__).parent.parent.parent


def run(*arguments):
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done


@pytest.fixture
async def data(tmp_path):
    """Three batches: an article and its copy on another page, and two others."""
    await publish(tmp_path / "data", [MARKER, MARKER, "Two.", "Three."], batches=2)
    return tmp_path / "data"


def test_log_prints_what_came_since(data):
    entries = [json.loads(line) for line in run("log", "--data", data).stdout.splitlines()]
    assert [(entry["entry"], entry["kind"]) for entry in entries] == [
        (1, "genesis"),
        (2, "epoch"),
        (3, "commit"),
        (4, "commit"),
    ]
    since = run("log", "--data", data, "--after", 3).stdout
    assert json.loads(since) == entries[3]
    assert run("log", "--data", data, "--after", 4).stdout == ""


def test_log_follows_until_it_is_stopped(data):
    with subprocess.Popen(
        [sys.executable, "-m", "crawler", "log", "--data", str(data), "--after", "4", "--follow"],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    ) as following:
        assert run("takedown", "nothing.example", "--reason", "a wish", "--data", data).exit_code == 0
        assert json.loads(following.stdout.readline())["kind"] == "takedown"
        following.terminate()


def test_takedown_takes_everything_and_verify_agrees(data):
    assert files_with_marker(data)
    done = run("takedown", "https://news.example/1", "--reason", "a wish", "--data", data)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "1 article rows and 1 other rows are gone" in done.stdout
    assert MARKER not in done.stdout
    assert files_with_marker(data) == []
    compacted = run("compact", "--data", data)
    assert (compacted.exit_code, compacted.stdout.split(",")[0]) == (0, "2 parts moved into 1")
    proof = run("verify", "--data", data)
    assert (proof.exit_code, proof.stderr) == (0, "")
    assert "every promise holds" in proof.stdout


def test_verify_names_each_broken_promise_and_mends_nothing(data):
    part, other = sorted(data.glob("articles/*/*.gz"))
    body = bytearray(part.read_bytes())
    body[len(body) // 2] ^= 1
    part.write_bytes(body)
    other.unlink()
    (data / "log" / f"{3:020}.json").read_bytes()
    (data / "log" / f"{5:020}.json").write_text("no entry")
    (data / "articles/notes.txt").write_text("mine")
    before = {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}
    proof = run("verify", "--data", data)
    assert proof.exit_code == 1
    for said in (
        f"{part.name}: is not the file that was published",
        f"{other.name}: is missing",
        "0005.json: JSON is malformed",
        "broken promises",
    ):
        assert said in proof.stderr
    assert "not ours: articles/notes.txt" in proof.stdout
    assert {path: path.read_bytes() for path in data.rglob("*") if path.is_file()} == before


def test_verify_counts_one_of_each_in_the_singular(data):
    for path in sorted((data / "log").glob("*.json"))[1:]:
        path.unlink()
    for path in sorted(data.glob("*/*/*.gz"))[1:]:
        path.unlink()
    (data / "notes.txt").write_text("mine")
    said = run("verify", "--data", data).stdout
    assert (
        "1 entry, 0 parts, 0 rows, 0 articles; 1 part that does not count, 1 file that is not ours\n" in said
    )


def test_verify_finds_a_part_of_a_newer_schema(data):
    path = data / "log" / f"{3:020}.json"
    entry = json.loads(path.read_bytes())
    entry["adds"][0]["schema_version"] = 99
    path.write_text(json.dumps(entry))
    proof = run("verify", "--data", data)
    assert proof.exit_code == 1
    assert "has schema 99, newer than this Broadsheet's" in proof.stderr


def test_a_log_of_a_newer_kind_is_refused_in_one_line(data):
    (data / "log" / f"{5:020}.json").write_text('{"kind": "merge"}')
    for command in (["log"], ["compact"], ["takedown", "a.example", "--reason", "a wish"]):
        done = run(*command, "--data", data)
        assert done.exit_code == 1
        assert done.stderr.count("\n") == 1
        assert "has the unknown kind 'merge': made by a newer Broadsheet" in done.stderr


def is_left_alone(folder, before):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("missing", [1, 3])
@pytest.mark.parametrize("command", ["log", "compact", "takedown", "dump", "export", "crawl", "serve"])
def test_a_log_with_a_gap_is_refused_and_left_alone(command, missing, data, tmp_path):
    if command == "export":
        pytest.importorskip("duckdb", reason="DuckDB is not installed here")
    shutil.rmtree(data / ".state")
    entry = data / "log" / f"{missing:020}.json"
    entry.unlink()
    before = {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}
    state = ("--state", tmp_path / "state")
    more = {
        "takedown": ["a.example", "--reason", "a wish"],
        "export": ["--parquet", tmp_path / "out"],
        "dump": ["--out", tmp_path / "out"],
        "crawl": ["--url", "http://127.0.0.1:1/a", "--allow-address", "127.0.0.0/8", *state],
        "serve": ["--no-crawl", "--port", "0", *state],
    }
    done = run(command, *more.get(command, ()), "--data", data)
    assert (done.exit_code, done.stderr.count("\n"), done.stdout) == (1, 1, "")
    assert f"log/{entry.name} is missing, and entries above it, {missing + 1} to 4, are there" in done.stderr
    assert "put it back from a backup" in done.stderr
    assert is_left_alone(data, before)


def test_a_log_cut_off_below_a_checkpoint_is_refused(data):
    (data / "log" / f"checkpoint-{1000:020}.json.gz").write_bytes(b"")
    done = run("log", "--data", data)
    assert (done.exit_code, f"{5:020}.json is missing, and checkpoint 1000" in done.stderr) == (1, True)


def test_an_entry_that_repeats_another_is_refused(data, tmp_path):
    shutil.copy(data / "log" / f"{4:020}.json", data / "log" / f"{5:020}.json")
    before = {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}
    state = ("--state", tmp_path / "state", "--allow-address", "127.0.0.0/8")
    for command in (["compact"], ["crawl", "--url", "http://127.0.0.1:1/a", *state]):
        done = run(*command, "--data", data)
        assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
        assert f"log/{5:020}.json adds articles/" in done.stderr
        assert is_left_alone(data, before)


@pytest.mark.parametrize("number", [3, 5])
def test_a_folder_in_the_place_of_an_entry_is_named(number, data, tmp_path):
    entry = data / "log" / f"{number:020}.json"
    entry.unlink(missing_ok=True)
    entry.mkdir()
    state = ("--state", tmp_path / "state", "--allow-address", "127.0.0.0/8")
    for command in (["verify"], ["log"], ["crawl", "--url", "http://127.0.0.1:1/a", *state]):
        done = run(*command, "--data", data)
        assert done.exit_code == 1
        assert f"log/{entry.name}: Is a directory" in done.stderr


@pytest.mark.parametrize("command", ["log", "verify", "compact", "takedown", "export"])
def test_a_folder_without_a_log_is_named_in_one_line_and_left_alone(command, tmp_path):
    more = {"takedown": ["a.example", "--reason", "a wish"], "export": ["--parquet", tmp_path / "out"]}
    done = run(command, *more.get(command, ()), "--data", tmp_path / "data")
    if command == "export" and "needs DuckDB" in done.stderr:
        pytest.skip("DuckDB is not installed here")
    assert done.exit_code == 2
    assert done.stderr == f"broadsheet: {tmp_path / 'data'}: there is no log here\n"
    assert not (tmp_path / "data").exists()


def test_log_follows_no_folder_that_is_not_there(tmp_path):
    done = run("log", "--follow", "--data", tmp_path / "data")
    assert (done.exit_code, done.stderr) == (2, f"broadsheet: {tmp_path / 'data'}: there is no log here\n")


@pytest.mark.parametrize("command", ["log", "verify", "compact", "crawl"])
def test_an_unknown_kind_of_store_is_the_users_mistake(command, tmp_path):
    more = ["--url", "https://news.example/a", "--contact", "a@b.example", "--state", tmp_path / "state"]
    done = run(command, *(more if command == "crawl" else ()), "--data", "s4://bucket/x")
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "s4://bucket/x: s4:// is no kind of store; s3://, gs:// and az:// are" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["two words", "--reason", "a wish"], "is no address"),
        (["https://", "--reason", "a wish"], "not a web address"),
        (["news.example", "--reason", " "], "--reason: say why"),
        (["abcdef", "--reason", "a wish"], "abcdef: has 6 hex digits; an article's id has 32"),
        (["f" * 63, "--reason", "a wish"], "has 63 hex digits"),
        (["exampel", "--reason", "a wish"], "exampel: no published row is of such a site"),
    ],
)
def test_takedown_of_nothing_is_the_users_mistake(arguments, says, data):
    before = {path: path.read_bytes() for path in (data / "log").iterdir()}
    done = run("takedown", *arguments, "--data", data)
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert says in done.stderr
    assert is_left_alone(data / "log", before)


@pytest.mark.parametrize(
    ("site", "rows"), [("example", "3 article"), ("never.published", "nothing published")]
)
def test_takedown_takes_a_site_that_is_known_or_a_host(site, rows, data):
    for _ in range(2):
        done = run("takedown", site, "--reason", "a wish", "--data", data)
        assert (done.exit_code, rows in done.stdout) == (0, True)
        rows = "nothing published matched"


def test_takedown_of_what_was_never_published_says_that_copies_are_not_known(data):
    done = run("takedown", "https://news.example/never", "--reason", "a wish", "--data", data)
    assert "at other addresses they can still come out" in done.stdout


def test_takedown_tells_of_articles_that_stay_elsewhere(data):
    done = run("takedown", "https://news.example/1*", "--reason", "a wish", "--data", data)
    kept = [
        json.loads(gzip.decompress(path.read_bytes()).splitlines()[0])["id"]
        for path in data.glob("articles/*/*.gz")
    ]
    (named,) = [name for name in kept if name in done.stdout]
    assert f"article {named} stays" in done.stdout


def test_export_needs_duckdb_and_says_so(data, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    done = run("export", "--data", data, "--parquet", tmp_path / "out.parquet")
    assert (done.exit_code, done.stderr) == (
        2,
        "broadsheet: --parquet needs DuckDB: pip install '.[parquet]' in the checkout\n",
    )


def test_export_writes_typed_tables_and_older_states(data, tmp_path):
    duckdb = pytest.importorskip("duckdb", reason="DuckDB is not installed here")
    run("compact", "--data", data)
    done = run("export", "--data", data, "--parquet", tmp_path / "all")
    assert (done.exit_code, done.stdout) == (0, f"3 articles, 1 outcomes in {tmp_path / 'all'}\n")
    rows = duckdb.sql(
        f"SELECT text, blocks[1].kind, typeof(revision), typeof(paywalled) "
        f"FROM read_parquet('{tmp_path}/all/articles/*/*.parquet') ORDER BY url"
    ).fetchall()
    assert [row[0] for row in rows] == [MARKER, "Two.", "Three."]
    assert {row[1:] for row in rows} == {("paragraph", "BIGINT", "BOOLEAN")}
    run("export", "--data", data, "--parquet", tmp_path / "old.parquet", "--as-of", 3)
    assert duckdb.sql(f"SELECT text FROM '{tmp_path}/old.parquet'").fetchall() == [(MARKER,)]
    assert run("export", "--data", data, "--parquet", tmp_path / "old.parquet").exit_code == 2
    late = run("export", "--data", data, "--parquet", tmp_path / "late", "--as-of", 99)
    assert (late.exit_code, "ends at entry" in late.stderr) == (2, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all", "data", "old.parquet"]
