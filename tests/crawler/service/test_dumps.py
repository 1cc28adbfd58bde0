"""Dumps of a running service: ordered, followed, downloaded in pieces, withdrawn."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import shutil
import signal
import subprocess

import pytest

from tests.pipelines.published import publish, take_down

pytestmark = pytest.mark.xdist_group("service")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dumps") / "data"
    asyncio.run(publish(folder, [f"The story of number {number}." for number in range(12)], batches=4))
    return folder


@pytest.fixture(scope="module")
def service(start, data):
    return start(data, "--no-crawl")


@pytest.fixture
def order(service, token):
    def ask(**options):
        body = json.dumps(options)
        return service.ask("POST", "/api/dumps", body, token=token, Content_Type="application/json")

    return ask


@pytest.fixture
def made(service, order):
    """Have a dump made, and wait for it."""

    def make(**options):
        answer = order(**options)
        assert answer.status == 202, answer.body
        path = f"/api/dumps/{answer.json['id']}"
        service.await_that(lambda: service.get(path).json["status"] != "building")
        dump = service.get(path).json
        assert dump["status"] == "ready", dump
        return dump

    return make


def file_of(dump, name="articles-00001.jsonl.gz"):
    return next(file for file in dump["files"] if file["name"] == name)


def test_a_dump_is_made_listed_and_downloaded_whole(service, made):
    dump = made(contact="takedown@example.org")
    assert (dump["rows"], dump["progress"], dump["snapshot"]) == (12, 1.0, 6)
    for file in dump["files"]:
        answer = service.get(file["url"])
        assert (answer.status, len(answer.body)) == (200, file["bytes"])
        assert hashlib.sha256(answer.body).hexdigest() == file["sha256"]
        assert answer.headers["ETag"] == f'"{file["sha256"]}"'
        assert answer.headers["Content-Encoding"] is None
    assert len(gzip.decompress(service.get(file_of(dump)["url"]).body).splitlines()) == 12
    sheet = service.get(file_of(dump, "datasheet.json")["url"]).json
    assert (sheet["dump"], sheet["contact"]) == (dump["id"], "takedown@example.org")
    assert dump["id"] in {one["id"] for one in service.get("/api/dumps").json["dumps"]}
    # The same wish is the same dump.
    assert made(contact="takedown@example.org")["ordered_at"] == dump["ordered_at"]


def test_a_download_is_resumed_by_ranges_as_long_as_the_file_is_the_same(service, made):
    dump = made()
    file = file_of(dump)
    whole, etag = service.get(file["url"]), f'"{file["sha256"]}"'
    first = service.get(file["url"], Range="bytes=0-99")
    assert (first.status, first.headers["Content-Range"]) == (206, f"bytes 0-99/{file['bytes']}")
    rest = service.get(file["url"], Range="bytes=100-", If_Range=etag)
    assert (rest.status, first.body + rest.body) == (206, whole.body)
    assert service.get(file["url"], Range="bytes=-10").body == whole.body[-10:]
    other = service.get(file["url"], Range="bytes=100-", If_Range='"another"')
    assert (other.status, other.body) == (200, whole.body)
    beyond = service.get(file["url"], Range=f"bytes={file['bytes']}-")
    assert (beyond.status, beyond.headers["Content-Range"]) == (416, f"bytes */{file['bytes']}")
    assert beyond.json["status"] == 416
    for wrong in ("nonsense", "lines=1-2", "bytes=", "bytes=9-2"):
        ignored = service.get(file["url"], Range=wrong)
        assert (ignored.status, ignored.body) == (200, whole.body), wrong
    head = service.ask("HEAD", file["url"])
    assert (head.status, head.body, head.headers["Accept-Ranges"]) == (200, b"", "bytes")
    assert head.headers["Content-Length"] == str(file["bytes"])
    assert service.get(file["url"], If_None_Match=etag).status == 304


@pytest.mark.parametrize(
    "command",
    [["curl", "-sS", "-f", "-C", "-", "-o", "part"], ["wget", "-q", "-c", "-O", "part"]],
    ids=["curl", "wget"],
)
def test_tools_resume_a_download_that_broke_off(service, made, tmp_path, command):
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed here")
    file = file_of(made())
    whole = service.get(file["url"]).body
    (tmp_path / "part").write_bytes(whole[:200])
    subprocess.run([*command, service.base + file["url"]], cwd=tmp_path, check=True)
    assert (tmp_path / "part").read_bytes() == whole


@pytest.mark.parametrize(
    ("wrong", "parameter"),
    [
        ({"from": "yesterday"}, "from"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, "to"),
        ({"sites": ["nobody"]}, "sites"),
        ({"sites": "example"}, "sites"),
        ({"countries": ["zz"]}, "countries"),
        ({"languages": ["no language"]}, "languages"),
        ({"sections": ["\ud800"]}, "sections"),
        ({"snapshot": 10**30}, "snapshot"),
        ({"snapshot": 99}, "snapshot"),
        ({"since_snapshot": 99}, "since_snapshot"),
        ({"format": "csv"}, "format"),
        ({"contact": "nobody"}, "contact"),
        ({"fromm": "2026-03-02"}, "fromm"),
        ({"snapshot": 0}, "snapshot"),
    ],
)
def test_a_wrong_filter_is_named_in_the_problem(order, wrong, parameter):
    answer = order(**wrong)
    assert (answer.status, answer.headers["Content-Type"]) == (400, "application/problem+json")
    assert answer.json["parameter"] == parameter
    assert answer.json["detail"]
    if parameter == "format":
        assert answer.json["detail"] == "must be one of jsonl.gz, jsonl.zst, parquet"


def test_nothing_is_ordered_or_deleted_without_the_token_and_nothing_outside_is_given(service, made):
    dump = made()
    json_body = {"Content_Type": "application/json"}
    assert service.ask("POST", "/api/dumps", "{}", **json_body).status == 401
    assert service.ask("DELETE", f"/api/dumps/{dump['id']}").status == 401
    for path in (
        f"/dumps/{dump['id']}/ticket.json",
        f"/dumps/{dump['id']}/..%2fticket.json",
        f"/dumps/{dump['id']}/visits",
        "/dumps/..%2f..%2flog/x",
        "/dumps/9-000000000000/datasheet.json",
        "/api/dumps/9-000000000000",
    ):
        assert service.get(path).status == 404, path
    assert service.get("/api/dumps/none").status == 400


def test_one_dump_is_made_at_a_time_and_one_that_is_deleted_is_gone(service, order, token, data):
    # A dump that waits for a takedown which nobody carries out.
    entries = sorted((data / "log").glob("[0-9]*.json"))
    held = data / "log" / f"{len(entries) + 1:020}.json"
    takedown = {
        "kind": "takedown",
        "match": {"by": "id", "values": ["0" * 32], "chars": 0},
        "reason": "asked for",
        "of": None,
        "created_at": "2026-03-01T00:00:00+00:00",
    }
    held.write_text(json.dumps(takedown))
    first = order(format="jsonl.zst")
    assert (first.status, first.json["status"]) == (202, "building")
    second = order(removals=False)
    assert second.status == 409
    assert first.json["id"] in second.json["detail"]
    assert order(format="jsonl.zst").json["id"] == first.json["id"]
    gone = service.ask("DELETE", f"/api/dumps/{first.json['id']}", token=token)
    assert (gone.status, gone.json) == (200, {"id": first.json["id"]})
    assert service.get(f"/api/dumps/{first.json['id']}").status == 404
    # What is there is not given while nobody knows whether the takedown concerns it.
    service.await_that(lambda: with_status(service, "held"))
    one = with_status(service, "held")[0]
    answer = service.get(f"/dumps/{one['id']}/datasheet.json")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    asyncio.run(carry_out_all(data))
    service.await_that(lambda: not with_status(service, "held"))
    assert service.get(f"/dumps/{one['id']}/datasheet.json").status == 200


def with_status(service, status):
    return [one for one in service.get("/api/dumps").json["dumps"] if one["status"] == status]


async def carry_out_all(data):
    from pipelines.rewrite import open_rewriter
    from pipelines.takedown import carry_out

    async with open_rewriter(str(data)) as rewriter:
        await carry_out(rewriter)


def test_a_takedown_withdraws_the_dumps_that_hold_its_rows_and_no_other(service, made):
    dump, other = made(), made(snapshot=3)
    rows = [json.loads(line) for line in gzip.decompress(service.get(file_of(dump)["url"]).body).splitlines()]
    kept = {
        json.loads(line)["visit"]
        for line in gzip.decompress(service.get(file_of(other)["url"]).body).splitlines()
    }
    gone = next(row for row in reversed(rows) if row["visit"] not in kept)
    asyncio.run(take_down(service.data, gone["url"]))
    path = f"/api/dumps/{dump['id']}"
    service.await_that(lambda: service.get(path).json["status"] == "withdrawn")
    found = service.get(path).json
    assert (found["withdrawn"]["rows"], found["files"]) == (1, [])
    assert "withdrawn: 1 of its rows was taken down" in found["detail"]
    answer = service.get(file_of(dump)["url"])
    assert (answer.status, answer.json["detail"]) == (410, found["detail"])
    assert not list((service.data / ".state/dumps" / dump["id"]).glob("**/articles*"))
    service.await_that(lambda: service.get(f"/api/dumps/{other['id']}").json["status"] == "ready")
    assert service.get(file_of(other)["url"]).status == 200
    again = made(snapshot=dump["snapshot"])
    assert (again["id"], again["rows"]) == (dump["id"], dump["rows"] - 1)


def test_a_service_that_was_killed_goes_on_with_its_dump_and_sees_takedowns_of_meanwhile(
    start, service, made, order
):
    dump = made()
    service.end(signal.SIGKILL)
    # As if it had been killed on the way: the ticket says so, and nothing is there.
    folder = service.data / ".state/dumps"
    ticket = json.loads((folder / dump["id"] / "ticket.json").read_text())
    whole = hashlib.sha256((folder / dump["id"] / "files/articles-00001.jsonl.gz").read_bytes()).hexdigest()
    shutil.rmtree(folder / dump["id"] / "files")
    (folder / dump["id"] / "ticket.json").write_text(json.dumps(ticket | {"status": "building"}))
    again = start(service.data, "--no-crawl")
    again.await_that(lambda: again.get(f"/api/dumps/{dump['id']}").json["status"] == "ready")
    assert file_of(again.get(f"/api/dumps/{dump['id']}").json)["sha256"] == whole
    row = json.loads(gzip.decompress(again.get(file_of(dump)["url"]).body).splitlines()[0])
    assert again.end()[0] == 0
    asyncio.run(take_down(service.data, row["url"]))
    last = start(service.data, "--no-crawl")
    assert last.get(file_of(dump)["url"]).status in {503, 410}
    last.await_that(lambda: last.get(file_of(dump)["url"]).status == 410)
