"""The demo as a user runs it: three runs over one data folder, and one that is interrupted."""

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from crawler.demo.content import load_sites
from crawler.demo.editions import find_edited_story
from crawler.demo.published import read_published


def run_demo(data, port):
    command = [sys.executable, "-m", "crawler", "demo", "--data", str(data), "--port", str(port)]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)


@pytest.fixture(scope="module")
def runs(tmp_path_factory, find_free_port):
    """Three runs: what each printed, and what each added to the data folder."""
    data = tmp_path_factory.mktemp("demo") / "data"
    port = find_free_port()
    done, before = [], read_published(data)
    for _ in range(3):
        result = run_demo(data, port)
        published = read_published(data)
        done.append((result, published.since(before)))
        before = published
    return load_sites(port), done


def test_first_run_publishes_every_story_once_and_nothing_else(runs):
    sites, [(result, added), *_] = runs
    assert result.returncode == 0, result.stderr
    texts = {story.text_of(None) for site in sites for story in site.stories}
    assert sorted(article["text"] for article in added.articles) == sorted(texts)
    assert {article["revision"] for article in added.articles} == {1}


def test_the_story_of_two_sites_is_one_article_and_one_duplicate(runs):
    _, [(_, added), *_] = runs
    ids = {article["id"]: article for article in added.articles}
    [duplicate] = [row for row in added.rows if row["outcome"] == "duplicate" and row["alike"] == "text"]
    original = ids[duplicate["of"]]
    assert original["site"] != duplicate["site"]
    assert urlsplit(original["url"]).path.strip("/").endswith("night-bus-trial")


def test_every_page_that_is_no_story_is_counted_with_its_reason(runs):
    _, [(result, added), *_] = runs
    others = Counter(
        (row["outcome"], row["reason"])
        for row in added.rows
        if row["outcome"] not in {"article", "duplicate"}
    )
    assert others == {
        ("rejected", "hub"): 1,
        ("rejected", "soft_404"): 1,
        ("rejected", "not_html"): 1,
        ("blocked", "robots"): 1,
        ("gone", "http_404"): 1,
    }
    for line in ("Rejected", "hub 1", "soft_404 1", "Removed by rule", "icons/markup", "pages a second"):
        assert line in result.stdout


def test_printed_outcomes_add_up_to_the_visits(runs):
    _, done = runs
    for result, added in done:
        visits, *outcomes = re.findall(
            r"^(?:Visits|  (?:Articles|Duplicates|Unchanged|Rejected|Blocked|Gone|Dead)) +(\d+)",
            result.stdout,
            re.MULTILINE,
        )
        assert int(visits) == len(added.rows) == sum(map(int, outcomes))


def test_pages_fetched_add_up_to_the_visits(runs):
    _, done = runs
    for result, _ in done:
        [fetched] = re.findall(r"^Fetched +(\d+) page", result.stdout, re.MULTILINE)
        others = re.findall(
            r"^Fetched.*?(?:, (\d+) of them further.*)?(?:, (\d+) of them tried.*)?$",
            result.stdout,
            re.MULTILINE,
        )
        [(visits, unfetched)] = re.findall(
            r"^Visits +(\d+)(?:, (\d+) of them with nothing fetched)?", result.stdout, re.MULTILINE
        )
        assert int(fetched) - sum(int(count or 0) for count in others[0]) == int(visits) - int(unfetched or 0)


def test_no_artifact_of_a_site_is_in_what_it_published(runs):
    sites, done = runs
    artifacts = {site.id: site.artifacts for site in sites}
    leaks = [
        (article["url"], artifact)
        for _, added in done
        for article in added.articles
        for artifact in artifacts[article["site"]]
        if artifact in article["text"] or artifact in (article["title"] or "")
    ]
    assert leaks == []


def test_no_link_ends_in_two_rows(runs):
    _, [(_, added), *_] = runs
    urls = Counter(row["url"] for row in added.rows)
    assert urls.most_common(1)[0][1] == 1


def test_second_run_publishes_only_the_edited_story_as_revision_2(runs):
    sites, [_, (result, added), _] = runs
    assert result.returncode == 0, result.stderr
    [row] = added.rows
    site, story = find_edited_story(sites)
    assert (row["outcome"], row["url"], row["revision"]) == ("article", site.base + story.path, 2)
    assert row["text"] == "\n\n".join(block.text for block in story.edited_blocks)
    assert f"Only the edited story was published, as revision 2: {row['url']}" in result.stdout


def test_third_run_publishes_nothing(runs):
    _, [*_, (result, added)] = runs
    assert result.returncode == 0, result.stderr
    assert added.rows == ()
    assert "nothing was published" in result.stdout


@pytest.mark.parametrize("content", [b"{", b"[]"], ids=["cut short", "no entry"])
def test_a_damaged_data_folder_is_one_line_that_names_the_file(tmp_path, find_free_port, content):
    entry = tmp_path / "log" / "00000000000000000001.json"
    entry.parent.mkdir()
    entry.write_bytes(content)
    result = run_demo(tmp_path, find_free_port())
    assert result.returncode == 1
    assert str(entry) in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="reads the process table of Linux")
def test_ctrl_c_leaves_nothing_running(tmp_path, find_free_port):
    port = find_free_port()
    command = [sys.executable, "-m", "crawler", "demo", "--data", str(tmp_path / "data"), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as demo:
        assert "first edition" in demo.stdout.readline()
        os.killpg(demo.pid, signal.SIGINT)
        demo.stdout.read()
        # Python ends itself by the signal where this came while `exec` made a class: 130 to a shell, too.
        assert demo.wait(60) in {128 + signal.SIGINT, -signal.SIGINT}
    assert processes_of(tmp_path) == []


def processes_of(folder):
    """Command lines of the running processes that name the folder."""
    lines = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if str(folder) in line:
            lines.append(line)
    return lines
