"""`broadsheet dump` as people run it, and docs/researchers.md as it stands there."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crawler.cli import app
from tests.pipelines.published import publish, take_down

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/researchers.md").read_text()
READERS = dict(re.findall(r"<!-- reader: (\w+) -->\n```python\n(.*?)```", PAGE, flags=re.DOTALL))
COMMANDS = dict(re.findall(r"<!-- run: (\w+) -->\n```sh\n(.*?)```", PAGE, flags=re.DOTALL))


def run(*arguments):
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with `data` of 20 articles in the log's entries 3 to 12."""
    folder = tmp_path_factory.mktemp("dump")
    asyncio.run(
        publish(folder / "data", [f"The story of number {number}." for number in range(20)], batches=10)
    )
    return folder


def shell(place, name):
    """Run commands of the page where `data` lies."""
    command = f'broadsheet() {{ "{sys.executable}" -m crawler "$@"; }}\nset -e\n{COMMANDS[name]}'
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-c", command], cwd=place, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def news(place):
    assert "snapshot 12\n" in shell(place, "make")
    return place / "news"


def test_the_commands_of_the_page_do_what_it_says(place, news):
    said = shell(place, "filter")
    assert "0 rows in 0 files in spring" in said
    assert "20 rows in 1 file in one-site" in said
    assert "20 rows" in shell(place, "check")


@pytest.mark.parametrize("reader", ["python", "pandas", "duckdb", "datasets"])
def test_a_reader_of_the_page_finds_the_articles(reader, news, monkeypatch, tmp_path):
    pytest.importorskip("json" if reader == "python" else reader, reason=f"{reader} is not installed here")
    monkeypatch.chdir(news.parent)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    scope = {}
    exec(READERS[reader], scope)
    found = scope["articles"]
    match reader:
        case "duckdb":
            titles = [title for (title,) in found.project("title").fetchall()]
            assert scope["by_site"] == [("example", 20)]
        case _:
            titles = list(found["title"]) if reader != "python" else [row["title"] for row in found]
    assert titles == ["A title"] * 20


def test_the_programs_of_the_page_find_latest_revisions_and_what_was_removed():
    articles = [
        {
            "id": name,
            "revision": revision,
            "removals": [
                {"rule": "a", "chars": 5, "refused": False},
                {"rule": "a", "chars": 9, "refused": True},
            ],
        }
        for name, revision in (("x", 1), ("y", 1), ("x", 2))
    ]
    scope = {"articles": articles}
    exec(READERS["latest"], scope)
    assert scope["latest"] == {"x": articles[2], "y": articles[1]}
    exec(READERS["removals"], scope)
    assert scope["chars_by_rule"] == Counter(a=15)


def test_the_delta_of_the_page_makes_the_new_snapshot_of_the_old_one(place, news, monkeypatch):
    monkeypatch.chdir(place)
    scope = {}
    exec(READERS["python"], scope)
    gone = scope["articles"][4]
    asyncio.run(take_down(place / "data", gone["url"]))
    shell(place, "delta")
    exec(READERS["delta"], scope)
    assert scope["kept"] == [article for article in scope["articles"] if article != gone]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--from", "spring"], "--from: 'spring' is no day, such as 2026-04-14"),
        (["--site", "nobody"], "--site: nothing was published of a site 'nobody'"),
        (["--country", "zz"], "--country zz: no seed lies in a folder of this name; there are "),
        (["--snapshot", "999"], "--snapshot: there is no entry 999; the log ends at entry "),
        (["--since-snapshot", "999"], "--since-snapshot: entry 999 is not before the snapshot, entry "),
        (["--format", "csv"], "--format 'csv': must be jsonl.gz, jsonl.zst or parquet"),
        (["--contact", "nobody"], "--contact 'nobody': must be a mail address or an http(s) address"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_option(place, tmp_path, options, line):
    done = run("dump", "--data", place / "data", "--out", tmp_path / "out", *options)
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith(f"broadsheet: {line}")
    assert not (tmp_path / "out").exists()


def test_no_dump_is_put_among_the_published_files(place):
    inside = place / "data" / "dump"
    done = run("dump", "--data", place / "data", "--out", inside)
    wanted = (
        f"broadsheet: --out {inside}: lies in the data folder {place}/data; name a folder outside of it\n"
    )
    assert (done.exit_code, done.stderr) == (2, wanted)
    assert not inside.exists()


def test_a_folder_without_a_log_is_a_mistake_named_in_one_line(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    done = run("dump", "--data", data, "--out", tmp_path / "out")
    assert (done.exit_code, done.stderr) == (2, f"broadsheet: {data}: there is no log here\n")


def test_a_country_is_the_folder_that_the_seeds_of_its_sites_lie_in(place, tmp_path):
    for country, site in (("de", "example"), ("fr", "autre")):
        path = tmp_path / f"seeds/{country}/{site}.toml"
        path.parent.mkdir(parents=True)
        path.write_text(
            f'id = "{site}"\nname = "A paper"\nlanguage = "en"\nhome = "https://{site}.example/"\n'
            f'feeds = ["https://{site}.example/feed"]\n'
        )
    for country, rows in (("DE", 20), ("fr", 0)):
        options = [
            "--country",
            country,
            "--seeds",
            tmp_path / "seeds",
            "--out",
            tmp_path / country,
            "--snapshot",
            12,
        ]
        assert run("dump", "--data", place / "data", *options).exit_code == 0
        sheet = json.loads((tmp_path / country / "datasheet.json").read_text())
        # The test before may have taken one down.
        assert sheet["rows"] in {rows, max(rows - 1, 0)}
        assert sheet["filters"]["country_sites"] == [{"DE": "example", "fr": "autre"}[country]]
