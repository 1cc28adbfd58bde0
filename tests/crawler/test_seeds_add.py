"""`broadsheet seeds add`, through the real command, at sites on loopback."""

from __future__ import annotations

import subprocess
import sys
import tomllib

import pytest

from crawler.discovery.countries import find_country

ALLOW = ("--allow-address", "127.0.0.0/8")


def run(*arguments, cwd):
    command = [sys.executable, "-m", "crawler", "seeds", "add", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=110, check=False)


def read(file):
    return tomllib.loads(file.read_text())


def test_existing_file_and_taken_id_are_left_alone(helpers, tmp_path):
    helpers.seed(
        tmp_path / "seeds" / "xx", "gazette", "https://gazette.example", urls=["https://gazette.example/a"]
    )
    file = tmp_path / "seeds" / "xx" / "gazette.toml"
    before = file.read_bytes()
    for more in ((), ("--country", "de")):
        done = run("https://gazette.example/", "--id", "gazette", *more, cwd=tmp_path)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1
        assert "gazette" in done.stderr
    assert file.read_bytes() == before
    assert not (tmp_path / "seeds" / "de").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ftp://gazette.example/",), "is not an http"),
        (("gazette",), "is not an http"),
        (("https://gazette.example/", "--id", "No Way"), "--id"),
        (("https://gazette.example/", "--country", "germany"), "--country"),
        (("http://127.0.0.1:9/",), "--contact"),
        (("http://127.0.0.1:9/", "--allow-address", "everywhere"), "--allow-address"),
    ],
)
def test_users_mistake_is_one_line(tmp_path, arguments, said):
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_site_that_names_nothing_is_asked_in_the_usual_places(serve, helpers, tmp_path):
    site = serve()
    html = {"Content-Type": "text/html"}
    items = "".join(f"<item><title>Story {n}</title><link>{site.base}/a/{n}</link></item>" for n in range(3))
    site.answers["/"] = helpers.answer(
        b"<html lang='pt-br'><title>News | Gazeta</title></html>", headers=html
    )
    site.answers["/feed.xml"] = helpers.answer(
        f"<rss version='2.0'><channel>{items}</channel></rss>".encode()
    )
    site.answers["/rss"] = helpers.answer(b"<html><body>Not here</body></html>", headers=html)
    done = run(f"{site.base}/", "--country", "br", *ALLOW, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (file,) = (tmp_path / "seeds" / "br").iterdir()
    keys = read(file)
    assert (keys["feeds"], keys["language"]) == ([f"{site.base}/feed.xml"], "pt-BR")
    assert f"{site.base}/rss: it is an HTML page, and no feed" in done.stdout
    assert f"{site.base}/atom.xml: answers 404" in done.stdout


def test_robots_txt_is_kept_to(serve, helpers, tmp_path):
    site = serve()
    site.answers["/robots.txt"] = helpers.answer(b"User-agent: *\nDisallow: /\n")
    done = run(f"{site.base}/", *ALLOW, cwd=tmp_path)
    assert done.returncode == 1
    assert "robots" in done.stderr
    assert set(site.paths()) == {"/robots.txt"}
    assert list(tmp_path.iterdir()) == []


def test_site_without_any_listing_writes_no_file(serve, helpers, tmp_path):
    site = serve()
    site.answers["/"] = helpers.answer(b"<html><title>Gazette</title></html>")
    done = run(f"{site.base}/", *ALLOW, cwd=tmp_path)
    assert done.returncode == 1
    assert "no file is written" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_country_is_said_by_the_address_or_by_nobody():
    assert [
        find_country(host) for host in ("a.co.uk", "a.de", "a.com.br", "a.com", "a.io", "127.0.0.1", "a.eu")
    ] == [
        "gb",
        "de",
        "br",
        None,
        None,
        None,
        None,
    ]


def test_home_that_leads_to_another_host_is_read_with_that_hosts_robots_txt_and_each_is_asked_once(
    serve, helpers, tmp_path
):
    old, new = serve(), serve("127.0.0.2")
    old.answers["/"] = helpers.answer(b"", status=301, headers={"Location": f"{new.base}/"})
    new.answers["/robots.txt"] = helpers.answer(f"User-agent: *\nSitemap: {new.base}/own.xml\n".encode())
    new.answers["/"] = helpers.answer(b"<html lang='en'><title>News</title></html>")
    new.answers["/own.xml"] = helpers.answer(
        f"<urlset><url><loc>{new.base}/news/1</loc></url></urlset>".encode()
    )
    done = run(f"{old.base}/", "--id", "news", *ALLOW, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"robots   {new.base}/robots.txt: names 1 sitemap\n" in done.stdout
    assert read(tmp_path / "seeds" / "xx" / "news.toml")["sitemaps"] == [f"{new.base}/own.xml"]
    assert old.paths().count("/robots.txt") == 1
    # Once before the redirect is followed, once for the sitemaps that it names.
    assert new.paths().count("/robots.txt") == 2


def test_site_of_which_nothing_is_found_is_named_with_what_helps_where_scripts_make_its_pages(
    serve, helpers, tmp_path
):
    site = serve()
    site.answers["/"] = helpers.answer(b"<html><title>News</title><div id='root'></div></html>")
    done = run(f"{site.base}/", *ALLOW, cwd=tmp_path)
    assert done.returncode == 1
    assert "browser = true" in done.stderr
    assert site.paths().count("/robots.txt") == 1
