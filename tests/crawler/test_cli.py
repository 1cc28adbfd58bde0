import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from crawler.cli import app, spread

PARAGRAPHS = (
    "The new bridge over the river was opened on Tuesday, two years later than planned, by the mayor and the minister.",
    "Trains will use it from Friday on, said the railway, which had waited for it since the old one was closed in 2019.",
    "The work cost eleven million crowns more than the council had set aside, mostly for the piers in the eastern arm.",
)
TITLE = "Bridge over the eastern river opened at last"
PAGE = (
    f"<html lang='en'><head><title>{TITLE}</title></head><body><nav><a href='/'>Home</a></nav><article><h1>{TITLE}</h1>"
    + "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
    + "</article></body></html>"
)


def lines(count):
    return "".join(
        json.dumps({"id": n, "url": f"https://example.org/{n}", "html": PAGE}) + "\n" for n in range(count)
    )


def broadsheet(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "crawler", *map(str, arguments)],
        capture_output=True,
        timeout=60,
        check=False,
        **options,
    )


def refused(*arguments, cwd=None):
    """The one line of stderr that a mistake of the user gives."""
    done = broadsheet(*arguments, cwd=cwd)
    assert done.returncode == 2, done.stderr
    assert not done.stdout
    (line,) = done.stderr.decode().splitlines()
    return line


def test_help_loads_neither_scrapy_nor_trafilatura():
    code = "import sys; sys.argv[1:] = ['--help']\nfrom crawler.cli import main\ntry: main()\nfinally: print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    heavy = {"scrapy", "twisted", "trafilatura", "lxml", "redis", "asyncio", "rich", "msgspec"}
    assert "Usage: broadsheet" in done.stdout
    assert heavy & set(done.stdout.split()) == set()


@pytest.mark.parametrize("command", ["demo", "crawl", "clean", "explain", "seeds check"])
def test_every_command_has_help(command):
    done = CliRunner().invoke(app, [*command.split(), "--help"])
    assert done.exit_code == 0
    assert "Usage:" in done.stdout


def test_a_list_option_takes_several_values():
    given = ["crawl", "--site", "a", "b", "--now", "--url", "u", "--seeds", "s", "t"]
    assert spread(given) == [
        "crawl",
        "--site",
        "a",
        "--site",
        "b",
        "--now",
        "--url",
        "u",
        "--seeds",
        "s",
        "--seeds",
        "t",
    ]
    assert spread(["clean", "--site", "a", "b"]) == ["clean", "--site", "a", "b"]


def test_clean_writes_to_standard_output_and_its_account_to_standard_error(tmp_path):
    source = tmp_path / "pages.jsonl"
    source.write_text(lines(2) + "no json\n")
    done = broadsheet("clean", source)
    rows = [json.loads(row) for row in done.stdout.splitlines()]
    assert done.returncode == 0
    assert [row.get("title", row.get("rejected")) for row in rows] == [TITLE, TITLE, "not_json"]
    errors = done.stderr.decode()
    assert f"{source}, line 3: the line is no JSON" in errors
    assert "2 articles, 1 rejected (not_json 1)" in errors


def test_clean_reads_standard_input_whatever_it_is():
    for given in (
        lines(1).encode(),
        gzip.compress(lines(1).encode()),
        PAGE.encode(),
        "\n\n".join([TITLE, *PARAGRAPHS]).encode(),
    ):
        done = broadsheet("clean", "-", input=given)
        (row,) = (json.loads(row) for row in done.stdout.splitlines())
        assert row["title"] == TITLE
        assert row["text"] == "\n\n".join(PARAGRAPHS)


def test_clean_writes_each_line_as_soon_as_it_is_done():
    command = [sys.executable, "-m", "crawler", "clean", "-"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        for n in range(3):
            process.stdin.write(
                json.dumps({"id": n, "url": "https://example.org/", "html": PAGE}).encode() + b"\n"
            )
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == n
        process.stdin.close()
        assert process.wait(timeout=30) == 0


@pytest.mark.parametrize("command", ["clean", "explain"])
def test_a_page_that_would_stall_the_parser_is_rejected_under_the_address_that_it_states(tmp_path, command):
    page = tmp_path / "deep.html"
    page.write_text('<link rel="canonical" href="https://example.org/deep">' + "<div>" * 200_000)
    shown = broadsheet(command, page).stdout.decode()
    assert "https://example.org/deep" in shown
    assert "overrun" in shown


def test_clean_does_not_write_over_its_input(tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<p>The bridge is open.</p>")
    assert "page.html is an input, too" in refused("clean", page, "--out", page)
    assert page.read_text() == "<p>The bridge is open.</p>"


def test_clean_names_what_it_cannot_read_or_write(tmp_path):
    source = tmp_path / "pages.jsonl"
    source.write_text(lines(1))
    (tmp_path / "notes.md").write_text("x")
    assert refused("clean", tmp_path / "none.html") == f"broadsheet: {tmp_path}/none.html: no such file"
    assert "notes.md: not a .html, .txt or .jsonl file" in refused("clean", tmp_path / "notes.md")
    assert "missing/out.jsonl: cannot be written" in refused(
        "clean", source, "--out", tmp_path / "missing/out.jsonl"
    )


def test_clean_on_a_full_disk_is_a_fault_of_one_line(tmp_path):
    source = tmp_path / "pages.jsonl"
    source.write_text(lines(1))
    done = broadsheet("clean", source, "--out", "/dev/full")
    assert done.returncode == 1
    assert done.stderr == b"broadsheet: /dev/full: cannot be written: No space left on device\n"


def test_clean_leaves_nothing_behind_when_it_is_interrupted(tmp_path):
    out = tmp_path / "out.jsonl"
    for number in (signal.SIGINT, signal.SIGTERM):
        command = [sys.executable, "-m", "crawler", "clean", "-", "--out", str(out)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            process.stdin.write(lines(3).encode())
            process.stdin.flush()
            for _ in range(500):
                if any(tmp_path.iterdir()):
                    break
                time.sleep(0.02)
            assert not out.exists()
            process.send_signal(number)
            assert process.wait(timeout=30) == 130
            assert process.stderr.read() == b"broadsheet: interrupted\n"
        assert list(tmp_path.iterdir()) == []


def test_clean_says_nothing_when_its_reader_has_gone(tmp_path):
    source = tmp_path / "pages.jsonl"
    source.write_text(lines(30))
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "crawler", "clean", str(source)],
        stdout=writer,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


def test_explain_shows_what_went_and_writes_it_as_one_file(tmp_path):
    page, out = tmp_path / "page.html", tmp_path / "explained.html"
    page.write_text(PAGE.replace("Home", "Home & <b>away</b>\x1b[2J"))
    done = broadsheet("explain", page, "--html", out)
    assert done.returncode == 0, done.stderr
    shown = " ".join(done.stdout.decode().split())
    assert PARAGRAPHS[0] in shown
    assert "Home & away" in shown
    assert "\x1b" not in shown
    html = out.read_text()
    assert re.search(r"<del>[^<]*Home &amp; away", html)
    assert f"<p>{PARAGRAPHS[0]}</p>" in html
    assert not re.search(r"<script|<link|<img|src=|href=", html)


def test_explain_fetches_a_page_under_the_rules_of_the_crawl(httpserver):
    httpserver.expect_request("/robots.txt").respond_with_data(
        "User-agent: *\nDisallow: /private", content_type="text/plain"
    )
    httpserver.expect_request("/a").respond_with_data(PAGE, content_type="text/html")
    allowed = ("--allow-address", "127.0.0.0/8")
    assert "--contact MAIL|URL" in refused("explain", httpserver.url_for("/a"))
    assert PARAGRAPHS[0][:40] in " ".join(
        broadsheet("explain", httpserver.url_for("/a"), *allowed).stdout.decode().split()
    )
    assert b"robots: " in broadsheet("explain", httpserver.url_for("/private/a"), *allowed).stderr
    done = broadsheet("explain", httpserver.url_for("/a"), "--contact", "a@example.org")
    assert done.returncode == 1
    assert b"address: " in done.stderr


def test_seeds_check_names_every_mistake(tmp_path):
    good = 'id = "{0}"\nname = "N"\nlanguage = "en"\nhome = "https://example.org/"\nfeeds = ["https://example.org/f"]\n'
    (tmp_path / "a.toml").write_text(good.format("a"))
    (tmp_path / "b.toml").write_text(good.format("a"))
    (tmp_path / "c.toml").write_text(good.format("c") + "colour = 1\n")
    done = broadsheet("seeds", "check", tmp_path)
    assert done.returncode == 2
    errors = done.stderr.decode()
    assert "b.toml: id: 'a' is taken" in errors
    assert "c.toml: colour" in errors
    assert "2 mistakes in the seeds" in errors


def test_seeds_check_live_tells_what_each_listing_gives(tmp_path, httpserver):
    feed = "<rss version='2.0'><channel><item><title>A</title><link>/a</link></item></channel></rss>"
    httpserver.expect_request("/robots.txt").respond_with_data("", status=404)
    httpserver.expect_request("/feed").respond_with_data(feed, content_type="application/rss+xml")
    home = httpserver.url_for("/")
    (tmp_path / "a.toml").write_text(
        f'id = "a"\nname = "N"\nlanguage = "en"\nhome = "{home}"\nfeeds = ["{home}feed", "{home}gone"]\ndelay_seconds = 0\n'
    )
    done = broadsheet("seeds", "check", "--live", "--allow-address", "127.0.0.0/8", tmp_path)
    assert done.returncode == 1
    shown = done.stdout.decode()
    assert f"ok   a feed {home}feed: 1 links" in shown
    assert f"FAIL a feed {home}gone: answers" in shown
    assert b"1 of 2 listings give no links" in done.stderr


def test_crawl_names_the_mistakes_of_its_user(tmp_path):
    assert "--site nowhere: no seed has this id" in refused("crawl", "--site", "nowhere", cwd=tmp_path)
    assert "BROADSHEET_CONTACT" in refused("crawl", cwd=tmp_path)
    assert f"{tmp_path}/none: no such file or folder" in refused(
        "crawl", "--seeds", tmp_path / "none", cwd=tmp_path
    )
    assert "--allow-address" in refused("crawl", "--allow-address", "home", cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_crawl_in_a_folder_that_is_read_only_is_a_fault_of_one_line(tmp_path, httpserver):
    (tmp_path / "data").write_text("a file, where a folder should be")
    done = broadsheet(
        "crawl", "--url", httpserver.url_for("/a"), "--allow-address", "127.0.0.0/8", cwd=tmp_path
    )
    assert done.returncode == 1
    assert len(done.stderr.decode().splitlines()) == 1
    assert not httpserver.log
