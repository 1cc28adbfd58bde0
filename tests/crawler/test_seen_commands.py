"""`broadsheet seen`, on the data of a worker, and the settings that go with it."""

import json

import pytest
from typer.testing import CliRunner

from crawler.cli import app
from crawler.settings import SettingError, read_environment
from tests.pipelines.ledger_worker import links, run

URL = links(1)[0].url


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seen")
    run(folder, 20, 60, 60, 0)
    return folder


def seen(*arguments, data, code=0):
    done = CliRunner().invoke(app, ["seen", *map(str, arguments), "--data", str(data)])
    assert done.exit_code == code, (done.output, done.exception)
    return done.stdout if code == 0 else done.stderr


def test_tells_how_much_is_remembered_and_what_of_an_address(data):
    assert seen("show", data=data).startswith("20 addresses and 16 texts in ")
    told = seen("show", URL, "https://news.example/never", data=data).splitlines()
    assert f"{URL}: article, fetched at " in told[0]
    assert "revision 1 is published; to be visited from " in told[0]
    assert told[1] == "https://news.example/never: not known"


def test_moves_what_is_remembered_by_a_file(data, tmp_path):
    file = tmp_path / "seen.jsonl"
    assert seen("export", file, data=data) == f"36 entries written to {file}\n"
    assert len(seen("export", data=data).splitlines()) == 37
    assert seen("import", file, data=data) == "36 entries imported\n"
    lines = file.read_text().splitlines()
    assert not any("news.example" in line for line in lines)
    assert json.loads(lines[0])["format"] == 2


def test_forgets_and_rebuilds(data):
    assert seen("forget", URL, data=data) == f"{URL}: forgotten\n"
    assert seen("forget", URL, data=data) == f"{URL}: was not known\n"
    assert seen("rebuild", data=data).startswith("20 addresses and 16 texts in ")
    assert "article, fetched at " in seen("show", URL, data=data)


def test_mistakes_are_one_line(data, tmp_path):
    bad = tmp_path / "bad.jsonl"
    bad.write_text("no json\n")
    assert "bad.jsonl: line 1: " in seen("import", bad, data=data, code=2)
    assert "No such file" in seen("import", tmp_path / "none", data=data, code=2)
    assert "there is no such folder" in seen("export", tmp_path / "none/file", data=data, code=2)
    assert "there is no log here" in seen("show", data=tmp_path / "none", code=2)
    assert "ftp://" in seen("forget", "ftp://news.example/", data=data, code=2)
    assert "name a --state folder" in seen("show", data="s3://bucket/data", code=2)
    assert not (tmp_path / "none").exists()


def test_reads_the_settings_of_further_visits_and_near_duplicates():
    policy = read_environment(
        {
            "BROADSHEET_REVISIT_HOURS": "0.5 2",
            "BROADSHEET_NEAR_DUPLICATES": "publish",
            "BROADSHEET_NEAR_DUPLICATE_SIMILARITY": "0.9",
            "BROADSHEET_SEEN_BYTES": "1000000",
        }
    ).policy
    assert (policy.revisit_seconds, policy.memory_bytes) == ((1800, 7200), 1_000_000)
    assert (policy.near.publish, policy.near.similarity, policy.near.named_similarity) == (True, 0.9, 0.5)
    assert read_environment({"BROADSHEET_REVISIT_HOURS": "none"}).policy.revisit_seconds == ()
    assert read_environment({"BROADSHEET_NEAR_DUPLICATES": "off"}).policy.near.days == 0
    assert read_environment({}).policy.revisit_seconds == (3600, 21600, 86400, 604800)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BROADSHEET_REVISIT_HOURS", "1 x"),
        ("BROADSHEET_REVISIT_HOURS", "6 1"),
        ("BROADSHEET_REVISIT_HOURS", "0"),
        ("BROADSHEET_REVISIT_HOURS", "inf"),
        ("BROADSHEET_NEAR_DUPLICATES", "yes"),
        ("BROADSHEET_NEAR_DUPLICATE_SIMILARITY", "1.5"),
        ("BROADSHEET_NEAR_DUPLICATE_SIMILARITY", "0.1"),
        ("BROADSHEET_NEAR_DUPLICATE_DAYS", "0"),
        ("BROADSHEET_SEEN_BYTES", "-1"),
    ],
)
def test_a_setting_that_says_nothing_usable_is_refused_by_its_name(name, value):
    with pytest.raises(SettingError, match=name):
        read_environment({name: value})
