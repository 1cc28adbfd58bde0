"""`broadsheet seeds add` at the bundled sites, through the real command."""

import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor

from crawler.demo.server import serve_sites
from crawler.seeds import load_seeds


def add(site, folder):
    """The command's output; it has ended well."""
    command = [sys.executable, "-m", "crawler", "seeds", "add", f"{site.base}/", "--id", site.id]
    done = subprocess.run(
        [*command, "--allow-address", "127.0.0.0/8"],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=110,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_bundled_sites_are_found_with_name_language_and_listings(find_free_port, tmp_path):
    with serve_sites(find_free_port(), None) as sites, ThreadPoolExecutor(len(sites)) as pool:
        printed = list(pool.map(lambda site: add(site, tmp_path), sites))
    assert {seed.id for seed in load_seeds([tmp_path / "seeds"])} == {site.id for site in sites}
    for site, report in zip(sites, printed, strict=True):
        keys = tomllib.loads((tmp_path / "seeds" / "xx" / f"{site.id}.toml").read_text())
        assert (keys["name"], keys["home"]) == (site.name, f"{site.base}/")
        assert keys["language"].partition("-")[0] == site.language
        assert keys["feeds"] == [site.base + site.feed_path]
        news = [site.base + site.sitemap_path] if site.sitemap_kind == "news" else None
        assert keys.get("sitemaps") == news
        assert f"robots   {site.base}/robots.txt: names 1 sitemap" in report
        for kind, path in (("feed    ", site.feed_path), ("sitemap ", site.sitemap_path)):
            assert f"{kind} {site.base}{path}: " in report
        assert "section  " in report
        assert "--country CC" in report
