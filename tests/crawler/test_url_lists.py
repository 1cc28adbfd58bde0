"""`broadsheet crawl --urls`: lists of addresses from a file and from standard input, through the real command."""

from __future__ import annotations

import subprocess
import sys

import pytest


def crawl(folder, *arguments, stdin=None):
    command = [sys.executable, "-m", "crawler", "crawl", "--allow-address", "127.0.0.0/8", "--data", "data"]
    return subprocess.run(
        [*command, *arguments], input=stdin, capture_output=True, cwd=folder, timeout=110, check=False
    )


def test_lists_are_visited_from_standard_input_and_from_a_file(serve, helpers, tmp_path):
    site, other = serve(), serve()
    for number in range(4):
        (site, other)[number % 2].answers[f"/story/{number}"] = helpers.answer(helpers.page(9_000 + number))
    urls = [f"{(site, other)[number % 2].base}/story/{number}" for number in range(4)]
    helpers.seed(tmp_path / "seeds", "gazette", site.base, urls=[f"{site.base}/never"])
    listed = "\ufeff" + "\r\n".join([urls[0], "# a remark", "", "no address", urls[1], urls[0]])
    done = crawl(tmp_path, "--seeds", "seeds", "--urls", "-", stdin=listed.encode())
    assert done.returncode == 0, done.stderr
    assert b"--urls -: line 4: " in done.stderr
    (tmp_path / "list.txt").write_text("\n".join(urls))
    assert crawl(tmp_path, "--seeds", "seeds", "--urls", "list.txt").returncode == 0
    articles = [row for row in helpers.rows(tmp_path / "data") if row["outcome"] == "article"]
    assert sorted(row["url"] for row in articles) == sorted(urls)
    assert {row["site"] for row in articles} == {
        "gazette",
        other.base.removeprefix("http://").replace(":", "-"),
    }
    assert "/never" not in site.paths()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, b"cannot be read"),
        (b"", b"holds no address"),
        (b"\xff\xfe\x00\n" * 30, b"10 more lines are no addresses"),
        (b"http://127.0.0.1/" + b"a" * 3_000_000, b"longer than 2048 characters"),
        (b"http://10.0.0.1/a\n", b"--contact"),
    ],
)
def test_list_that_is_none_is_the_users_mistake(tmp_path, content, said):
    if content is not None:
        (tmp_path / "list.txt").write_bytes(content)
    done = crawl(tmp_path, "--urls", "list.txt")
    assert done.returncode == 2
    assert said in done.stderr
    assert b"Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 22
