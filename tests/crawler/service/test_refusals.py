"""What `serve` and `config check` refuse, each in one line that says what to do."""

from __future__ import annotations

import os
import re
import socket
from dataclasses import fields
from pathlib import Path

import pytest

from crawler.config import AlertsTable, File, ServeTable
from crawler.config_command import check
from crawler.serve_command import serve


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch):
    for name in os.environ:
        if name.startswith("BROADSHEET_") or name == "REDIS_URL":
            monkeypatch.delenv(name)


def refused(capsys, call, *arguments, **options):
    with pytest.raises(SystemExit) as ended:
        call(*arguments, **options)
    *_, line = capsys.readouterr().err.strip().splitlines()
    return ended.value.code, line


def test_a_port_in_use_a_strange_host_and_what_can_be_reached_from_elsewhere_without_a_token(
    capsys, tmp_path, helpers
):
    helpers.seed(tmp_path / "seeds", "paper", "http://127.0.0.1:9", urls=["http://127.0.0.1:9/a"])
    given = {
        "data": str(tmp_path / "data"),
        "seeds": (tmp_path / "seeds",),
        "allow_addresses": ("127.0.0.1/32",),
    }
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, line = refused(capsys, serve, None, None, **given, port=port)
        assert (code, line) == (
            1,
            f"broadsheet: --port {port}: is taken on 127.0.0.1; choose another with --port N",
        )
    code, line = refused(capsys, serve, None, None, **given, host="no such host")
    assert (code, line.partition(" must")[0]) == (2, "broadsheet: --host='no such host'")
    code, line = refused(capsys, serve, None, None, **given, host="192.0.2.7")
    assert (code, "BROADSHEET_TOKEN" in line) == (2, True)
    code, line = refused(capsys, serve, None, None, **(given | {"allow_addresses": ()}))
    assert (code, "--contact" in line) == (2, True)
    code, line = refused(capsys, serve, None, None, data=str(tmp_path / "none"), crawl=False)
    assert (code, line) == (2, f"broadsheet: --data {tmp_path}/none: there is no such folder")


def test_a_host_that_is_not_ours_is_named_once_there_is_a_token(capsys, tmp_path, helpers, monkeypatch):
    monkeypatch.setenv("BROADSHEET_TOKEN", "a-token-of-this-test")
    (tmp_path / "data").mkdir()
    code, line = refused(
        capsys, serve, None, None, data=str(tmp_path / "data"), crawl=False, host="192.0.2.7"
    )
    assert (code, line) == (2, "broadsheet: --host 192.0.2.7: is no address of this machine")


def test_each_mistake_in_the_file_of_settings_is_named_with_its_key(capsys, tmp_path):
    file = tmp_path / "broadsheet.toml"
    file.write_text(
        'lese_seconds = 3\nlease_seconds = 0.1\nclean_workers = "two"\nredis_url = "redis://:secret@"\n'
        '[serve]\nport = 99999\ntoken = "short"\n[alerts]\nwebhook = "ftp://hooks.example/secret"\n'
    )
    with pytest.raises(SystemExit) as ended:
        check(file)
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert ":secret@" not in said
    assert "/secret" not in said
    lines = [line.removeprefix(f"broadsheet: {file}: ") for line in said.splitlines()]
    assert [line.partition(":")[0].partition("=")[0] for line in lines] == [
        "lese_seconds",
        "lease_seconds",
        "clean_workers",
        "redis_url",
        "serve.port",
        "serve.token",
        "alerts.webhook",
    ]
    assert lines[0] == "lese_seconds: unknown key; did you mean lease_seconds?"
    code, line = refused(capsys, serve, file, None)
    assert (code, line) == (2, f"broadsheet: {file}: {lines[0]}")


def test_the_environment_is_stronger_than_the_file_and_secrets_are_not_shown(capsys, tmp_path, monkeypatch):
    file = tmp_path / "broadsheet.toml"
    file.write_text(
        'contact = "desk@example.org"\nlease_seconds = 30\nrevisit_hours = []\nproxy = "http://me:secret@proxy.example:1"\n'
        '[serve]\nseeds = ["seeds", "/etc/more"]\ntoken = "secret-secret-secret"\nallowed_hosts = ["news.example"]\n'
        '[alerts]\nwebhook = "https://hooks.example/secret"\ncommand = ["notify", "the desk"]\n'
    )
    monkeypatch.setenv("BROADSHEET_CONFIG", str(file))
    monkeypatch.setenv("BROADSHEET_LEASE_SECONDS", "45")
    monkeypatch.setenv("BROADSHEET_CONTACT", "")
    check(None)
    said = capsys.readouterr().out
    assert "secret" not in said
    for line in (
        'contact = "desk@example.org"',
        "lease_seconds = 45.0",
        "revisit_hours = []",
        'proxy = "http://***@proxy.example:1"',
        f'seeds = ["{tmp_path}/seeds","/etc/more"]',
        'token = "***"',
        'webhook = "https://hooks.example/***"',
        'command = ["notify","the desk"]',
    ):
        assert line in said.splitlines()


def test_a_variable_that_nothing_reads_is_named_with_the_one_that_was_meant(capsys, monkeypatch):
    monkeypatch.setenv("BROADSHEET_ALERT_WEBHOK", "https://hooks.example/x")
    check(None)
    assert capsys.readouterr().err == (
        "broadsheet: BROADSHEET_ALERT_WEBHOK: is set, and read by nothing; did you mean BROADSHEET_ALERT_WEBHOOK?\n"
    )


def test_what_config_check_prints_is_a_file_that_says_the_same(capsys, tmp_path):
    check(None)
    first = capsys.readouterr().out
    file = tmp_path / "again.toml"
    file.write_text(first)
    check(file)
    placed = first.replace('data = "data"', f'data = "{tmp_path}/data"')
    assert capsys.readouterr().out.splitlines()[1:] == placed.splitlines()[1:]


def test_the_example_file_has_every_key_and_no_mistake(capsys):
    file = Path(__file__).parents[3] / "deploy" / "broadsheet.toml"
    check(file)
    example = file.read_text()
    for line in capsys.readouterr().out.splitlines()[1:]:
        key = line.removeprefix("# ").split(" ", maxsplit=1)[0]
        assert key in example, key


def test_every_variable_that_is_read_has_its_key_in_the_file():
    root = Path(__file__).parents[3] / "crawler"
    source = (root / "settings.py").read_text() + (root / "service" / "settings.py").read_text()
    read = set(re.findall(r"\"((?:BROADSHEET|REDIS)_[A-Z_]+)\"", source)) - {"BROADSHEET_CONFIG"}
    keys = {
        key.metadata["variable"]
        for table in (File, ServeTable, AlertsTable)
        for key in fields(table)
        if key.metadata
    }
    assert keys == read
