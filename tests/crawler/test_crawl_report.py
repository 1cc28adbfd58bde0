import json

from typer.testing import CliRunner

from crawler.cli import app

SHARE = b"<div class='newsletter-signup'>Get our letter every morning, free of charge.</div></article>"


def test_report_counts_what_each_rule_took_from_each_site(serve, helpers, tmp_path):
    for id_, count in (("boxed", 2), ("plain", 1)):
        site = serve()
        for number in range(count):
            page = helpers.page(number + 10 * count)
            if id_ == "boxed":
                page = page.replace(b"</article>", SHARE)
            site.answers[f"/story-{number}"] = helpers.answer(page)
        urls = [f"{site.base}/story-{number}" for number in range(count)]
        helpers.seed(tmp_path / "seeds", id_, site.base, urls=urls)
    report = tmp_path / "report.json"
    options = ["--seeds", str(tmp_path / "seeds"), "--data", str(tmp_path / "data"), "--report", str(report)]
    done = CliRunner().invoke(app, ["crawl", *options, "--allow-address", "127.0.0.0/8"])
    assert done.exit_code == 0, done.output
    account = json.loads(report.read_text())
    assert account["outcomes"] == {"article": 3}
    assert set(account["removals"]) == {"boxed", "plain"}
    assert account["removals"]["boxed"] == {"boxes/newsletter": 2, "titles/repeat": 2}
    assert account["removals"]["plain"] == {"titles/repeat": 1}


def test_report_into_a_missing_folder_is_refused_before_the_crawl(tmp_path):
    file = tmp_path / "none" / "report.json"
    done = CliRunner().invoke(app, ["crawl", "--data", str(tmp_path / "data"), "--report", str(file)])
    assert done.exit_code == 2
    assert f"--report {file}" in done.output
    assert not (tmp_path / "data").exists()
