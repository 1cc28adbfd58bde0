import asyncio
import os
import re
import time

import pytest
from werkzeug import Response

from pipelines.ledger import open_ledger
from pipelines.objects import MistakeError, StoreError, open_objects
from pipelines.parts import PartLine, Staging
from pipelines.store import open_redis
from pipelines.verify import verify
from tests.pipelines.ledger_worker import SITE, finish, links
from tests.s3_server import environ


def point_at(address, monkeypatch):
    for name, value in environ(address).items():
        monkeypatch.setenv(name, value)


@pytest.fixture(params=["folder", "s3"])
def objects(request, tmp_path):
    data = (
        str(tmp_path / "data")
        if request.param == "folder"
        else f"{request.getfixturevalue('bucket').url}/under/here"
    )
    opened = open_objects(data, tmp_path / "state", "worker")
    staging = Staging(opened.staging)
    yield opened
    staging.close()


async def test_reads_the_start_of_a_file_or_all_of_a_shorter_one(objects):
    await objects.create("articles/part", b"0123456789")
    assert await objects.read_start("articles/part", 4) == b"0123"
    assert await objects.read_start("articles/part", 99) == b"0123456789"
    assert await objects.read_start("articles/none", 4) is None


async def test_creates_a_file_only_if_it_is_absent(objects):
    await objects.probe()
    assert await objects.create("log/1.json", b"first")
    assert not await objects.create("log/1.json", b"second")
    assert await objects.read("log/1.json") == b"first"
    assert await objects.read("log/2.json") is None
    assert await objects.names("log") == [("log/1.json", 5)]


async def test_of_many_that_create_the_same_file_one_wins(objects):
    bodies = [b"%d" % number for number in range(10)]
    created = await asyncio.gather(*(objects.create("log/1.json", body) for body in bodies))
    assert sum(created) == 1
    assert await objects.read("log/1.json") == bodies[created.index(True)]


async def test_publishes_a_staged_file_again_but_never_another_over_it(objects):
    for name in ("one", "other"):
        (objects.staging / name).write_text(name)
    await objects.publish(objects.staging / "one", "articles/part")
    await objects.publish(objects.staging / "one", "articles/part")
    with pytest.raises(StoreError, match="articles/part exists already"):
        await objects.publish(objects.staging / "other", "articles/part")
    assert await objects.read("articles/part") == b"one"


async def test_a_store_that_overwrites_is_refused(httpserver, monkeypatch, tmp_path):
    httpserver.expect_request("/bucket/", method="GET").respond_with_response(Response(status=200))
    httpserver.expect_request("/", method="GET").respond_with_response(Response(status=200))
    httpserver.expect_request(re.compile("/bucket/.*")).respond_with_response(
        Response(status=200, headers={"ETag": '"1"'})
    )
    point_at(httpserver.url_for("").rstrip("/"), monkeypatch)
    with pytest.raises(StoreError, match="overwrites a file"):
        await open_objects("s3://bucket/data", tmp_path, "worker").probe()


async def test_a_store_that_is_not_there_is_one_line_without_credentials(monkeypatch, tmp_path):
    point_at("http://127.0.0.1:1", monkeypatch)
    monkeypatch.setattr("pipelines.objects._MAX_RETRIES", 0)
    with pytest.raises(StoreError) as raised:
        await open_objects("s3://bucket/data", tmp_path, "worker").probe()
    assert "s3://bucket/data" in str(raised.value)
    assert "\n" not in str(raised.value)
    assert "secret" not in str(raised.value)


async def test_a_bucket_that_is_not_there_is_named_in_one_line(bucket, tmp_path):
    opened = open_objects("s3://buck/x", tmp_path, "worker")
    for step in (opened.probe(), opened.files("log")):
        with pytest.raises(MistakeError, match=r"^s3://buck/x: there is no such bucket$"):
            await step


async def test_missing_credentials_are_named_by_what_to_set(bucket, monkeypatch, tmp_path):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setattr("pipelines.objects._MAX_RETRIES", 0)
    with pytest.raises(StoreError, match=r"^s3://buck/x: no credentials: set AWS_ACCESS_KEY_ID and"):
        await open_objects("s3://buck/x", tmp_path, "worker").probe()


async def test_what_a_store_refuses_is_told_in_its_own_words(httpserver, monkeypatch, tmp_path):
    said = "<?xml version='1.0'?>\n<Error><Code>AccessDenied</Code><Message>Not for you</Message></Error>"
    httpserver.expect_request(re.compile(".*")).respond_with_data(said, status=403)
    point_at(httpserver.url_for("").rstrip("/"), monkeypatch)
    with pytest.raises(StoreError, match=r"^s3://buck/x: AccessDenied: Not for you$"):
        await open_objects("s3://buck/x", tmp_path, "worker").probe()


async def test_two_workers_publish_into_one_bucket(bucket, tmp_path):
    data = f"{bucket.url}/news"
    async with (
        open_redis(None, tmp_path) as redis,
        open_ledger(redis=redis, data=data, state=tmp_path, batch_age_seconds=0.2) as one,
        open_ledger(redis=redis, data=data, state=tmp_path, batch_age_seconds=0.2) as other,
    ):
        await one.save_listing(SITE, "https://news.example/feed", None, links(60))
        visited = await asyncio.gather(finish(one, pause_seconds=0.01), finish(other, pause_seconds=0.01))
    proof = await verify(data)
    assert (sum(visited), proof.rows, proof.problems, proof.orphans) == (60, 60, (), ())


@pytest.mark.parametrize("objects", ["s3"], indirect=True)
async def test_a_large_part_goes_up_in_pieces_and_never_over_another(objects, bucket):
    large = objects.staging / "large"
    large.write_bytes(os.urandom(20 << 20))
    await objects.publish(large, "articles/large")
    await objects.publish(large, "articles/large")
    stored = bucket.client.head_object(Bucket=bucket.name, Key="under/here/articles/large")
    # The tag of what came in pieces ends in their number.
    assert stored["ETag"].endswith('-3"')
    assert await objects.read("articles/large") == large.read_bytes()
    large.write_bytes(os.urandom(20 << 20))
    with pytest.raises(StoreError, match="articles/large exists already"):
        await objects.publish(large, "articles/large")


async def test_lists_what_comes_after_a_path_and_deletes_what_may_be_gone(objects):
    for name in ("1", "2", "checkpoint"):
        await objects.create(f"log/{name}", name.encode())
    listed = await objects.files("log", after="log/1")
    assert [(file.path, file.bytes) for file in listed] == [("log/2", 1), ("log/checkpoint", 10)]
    assert abs(listed[0].written_at - time.time()) < 3600
    for _ in range(2):
        await objects.delete("log/2")
    assert await objects.names("log") == [("log/1", 1), ("log/checkpoint", 10)]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("gs://bucket/news?key=a-secret", "gs://bucket/news"),
        ("az://container/news", "az://container/news"),
        ("s3://a-key:a-secret@bucket/news", "s3://bucket/news"),
    ],
)
def test_a_store_is_named_by_its_url_without_credentials(data, name, monkeypatch, tmp_path):
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "account")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "YS1zZWNyZXQ=")
    assert open_objects(data, tmp_path, "worker").name == name


def test_an_unknown_kind_of_store_is_refused_in_one_line(tmp_path):
    with pytest.raises(StoreError, match=r"^ftp://host/news: .*") as raised:
        open_objects("ftp://user:a-secret@host/news", tmp_path, "worker")
    assert "secret" not in str(raised.value)
    assert "\n" not in str(raised.value)


async def test_what_was_staged_before_the_folder_was_emptied_is_published_in_none_that_stands_in_its_place(
    tmp_path,
):
    data, away = tmp_path / "data", tmp_path / "away"
    objects = open_objects(str(data), tmp_path, "worker")
    staging = Staging(objects.staging)
    path = "articles/date=2026-04-01/0123456789ab-0123456789abcdef.jsonl.gz"
    lines = [PartLine(b"{}\n", "2026-04-01T08:00:00+00:00", "gazette", "en")]
    staging.write_part(path, lines)
    # As where the disk is no longer mounted.
    data.rename(away)
    data.mkdir()
    with pytest.raises(StoreError):
        staging.write_part(path, lines)
    with pytest.raises(StoreError):
        await staging.publish(objects, [path])
    with pytest.raises(StoreError):
        await objects.create("log/00000000000000000002.json", b"{}")
    assert list(data.iterdir()) == []
    data.rmdir()
    away.rename(data)
    await staging.publish(objects, [path])
    assert (data / path).is_file()
    staging.close()
