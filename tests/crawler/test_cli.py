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


def test_clean_refuses_numbers_that_json_has_not(tmp_path):
    source = tmp_path / "pages.jsonl"
    source.write_text('{"id": NaN, "text": "a"}\n{"id": -Infinity, "text": "a"}\n')
    done = broadsheet("clean", source)
    assert [json.loads(row)["rejected"] for row in done.stdout.splitlines()] == ["not_json", "not_json"]
    errors = done.stderr.decode()
    assert f"{source}, line 1: the line is no JSON: JSON has no NaN" in errors
    assert f"{source}, line 2: the line is no JSON: JSON has no -Infinity" in errors


def test_clean_says_that_its_input_is_empty(tmp_path):
    done = broadsheet("clean", "-", input=b"")
    assert (done.returncode, done.stdout) == (0, b"")
    assert b"nothing to clean: standard input is empty" in done.stderr
    page = tmp_path / "page.html"
    page.write_bytes(b"")
    done = broadsheet("clean", page)
    (row,) = map(json.loads, done.stdout.splitlines())
    assert (row["rejected"], row["evidence"]) == ("no_content", "the file is empty")
    assert f"{page}: the file is empty" in done.stderr.decode()


def test_clean_counts_one_article_as_one():
    assert b"broadsheet: 1 article, 0 rejected" in broadsheet("clean", "-", input=PAGE.encode()).stderr


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
    assert "notes.md: not a .html, .txt, .jsonl or .warc file" in refused("clean", tmp_path / "notes.md")
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
    done = broadsheet("explain", page)
    assert done.returncode == 0, done.stderr
    shown = " ".join(done.stdout.decode().split())
    assert PARAGRAPHS[0] in shown
    assert "Home & away" in shown
    assert "\x1b" not in shown
    done = broadsheet("explain", page, "--html", out)
    assert (done.returncode, done.stdout, done.stderr.decode()) == (0, b"", f"broadsheet: written to {out}\n")
    html = out.read_text()
    assert re.search(r"<del>[^<]*Home &amp; away", html)
    assert f"<p>{PARAGRAPHS[0]}</p>" in html
    assert not re.search(r"<script|<link|<img|src=|href=", html)


def test_explain_shows_no_empty_line_for_what_held_no_text(tmp_path):
    page = tmp_path / "page.html"
    page.write_text(PAGE.replace("<nav>", "<button><img src='a.png' alt='x'></button><nav>"))
    lines = broadsheet("explain", page).stdout.decode().splitlines()
    assert not [line for line in lines if re.match(r"✗ +(\[|$)", line)]


def test_explain_shows_what_stays_of_a_text(tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("\n\n".join(["share", TITLE, *PARAGRAPHS]))
    shown = " ".join(broadsheet("explain", text).stdout.decode().split())
    assert all(paragraph in shown for paragraph in PARAGRAPHS)
    assert "✗ share" in shown
    (record,) = map(json.loads, broadsheet("clean", text).stdout.splitlines())
    assert f"id {record['id']}" in shown


def test_explain_names_what_it_cannot_explain(tmp_path):
    source, empty = tmp_path / "pages.jsonl", tmp_path / "empty.html"
    source.write_text(lines(2))
    empty.write_bytes(b"")
    assert "pages.jsonl: holds a page a line" in refused("explain", source)
    assert "as a path without file://" in refused("explain", f"file://{source}")
    assert "neither a file nor an http:// or https:// address" in refused("explain", "ftp://example.org/a")
    assert "empty.html: the file is empty" in refused("explain", empty)
    assert "a folder; name the page in it" in refused("explain", tmp_path)


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
    (tmp_path / "c.toml").write_text(good.format("c") + 'colour = 1\nsitemaps = ["x", "y"]\n')
    done = broadsheet("seeds", "check", tmp_path)
    assert done.returncode == 2
    errors = done.stderr.decode()
    assert "b.toml: id: 'a' is taken" in errors
    assert "c.toml: colour" in errors
    assert "c.toml: sitemaps[0]" in errors
    assert "c.toml: sitemaps[1]" in errors
    assert "4 mistakes in the seeds" in errors


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
    assert f"ok   a feed {home}feed: 1 link\n" in shown
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


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["crawl", "--sites"], "crawl: No such option: --sites (Possible options: --since, --site, --state)"),
        (["clean"], "nothing to clean: name files, folders or addresses"),
        (["crawl", "--limit", "0"], "crawl: Invalid value for '--limit'"),
        (["seeds", "chek"], "seeds: No such command 'chek'"),
        (["craw"], "No such command 'craw'"),
    ],
)
def test_a_mistake_in_the_use_of_a_command_is_one_line(arguments, line):
    assert refused(*arguments).startswith(f"broadsheet: {line}")


@pytest.mark.parametrize(
    ("url", "shown", "problem"),
    [
        ("cache:6379", "cache:6379", "it begins with none of redis://, rediss:// and unix://"),
        ("redis://:secret@cache:six", "redis://:***@cache:six", "its host or port is none"),
        ("redis://u:sec:r@t@cache/news", "redis://u:***@cache/news", "what follows the host is no number"),
        ("redis://cache/0?colour=1", "redis://cache/0?colour=1", "what follows the ? is no option"),
        ("unix://?password=secret", "unix://?password=***", "it names no socket"),
    ],
)
def test_redis_url_that_is_none_is_a_mistake_of_one_line_without_its_password(
    tmp_path, monkeypatch, url, shown, problem
):
    monkeypatch.setenv("REDIS_URL", url)
    line = refused(
        "crawl", "--url", "http://127.0.0.1:9/a", "--allow-address", "127.0.0.0/8", "--data", tmp_path
    )
    assert line.startswith(f"broadsheet: REDIS_URL={shown}: {problem}")
    assert "redis://HOST:PORT/NUMBER" in line


def test_redis_that_cannot_be_reached_is_a_fault_of_one_line_without_its_password(tmp_path, monkeypatch):
    monkeypatch.setenv("REDIS_URL", "redis://:secret@127.0.0.1:9/0")
    done = broadsheet(
        "crawl", "--url", "http://127.0.0.1:9/a", "--allow-address", "127.0.0.0/8", "--data", tmp_path
    )
    assert done.returncode == 1
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith("broadsheet: Redis at redis://:***@127.0.0.1:9/0 cannot be used: ")


def test_crawl_into_what_is_no_folder_names_the_option(tmp_path, httpserver):
    (tmp_path / "data").write_text("a file, where a folder should be")
    arguments = ("crawl", "--url", httpserver.url_for("/a"), "--allow-address", "127.0.0.0/8")
    assert refused(*arguments, cwd=tmp_path).startswith("broadsheet: --data data: ")
    assert refused(*arguments, "--data", tmp_path / "data/news").startswith(
        f"broadsheet: --data {tmp_path}/data/news: {tmp_path}/data is a file; name a folder"
    )
    assert not httpserver.log


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a disk")
def test_crawl_into_a_read_only_folder_is_a_fault_that_names_the_option(tmp_path, httpserver):
    mount = ["mount", "-t", "tmpfs", "-o", "ro,size=1m", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        for folder in (tmp_path, tmp_path / "data"):
            done = broadsheet(
                "crawl", "--url", httpserver.url_for("/a"), "--allow-address", "127.0.0.0/8", "--data", folder
            )
            assert done.returncode == 1
            (line,) = done.stderr.decode().splitlines()
            assert line.startswith(f"broadsheet: --data {folder}: the folder cannot be ")
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
    assert not httpserver.log
