import asyncio
import multiprocessing
import os
import signal
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from pipelines.embedded import _find_binary
from pipelines.store import StoreError, open_redis

SPAWN = multiprocessing.get_context("forkserver")


def hold(state, found, stop):
    """Attach in a process of its own, tell which server it is, and stay until told to go."""

    async def work():
        async with open_redis(None, state) as redis:
            await redis.incr("attached")
            found.put((await redis.info("server"))["process_id"])
            await asyncio.to_thread(stop.wait)

    asyncio.run(work())


@asynccontextmanager
async def server(folder, *settings):
    """A Redis server as an operator would run one, on a socket."""
    socket = folder / "own.sock"
    arguments = ["--port", "0", "--unixsocket", str(socket), "--dir", str(folder), *settings]
    process = await asyncio.create_subprocess_exec(
        _find_binary(), *arguments, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(20):
            while not socket.exists():  # noqa: ASYNC110 - a file tells, not an event
                await asyncio.sleep(0.02)
        yield f"unix://{socket}"
    finally:
        process.kill()
        await process.wait()


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def attach_error(url, state):
    with pytest.raises(StoreError) as raised:
        await open_redis(url, state).__aenter__()
    line = str(raised.value)
    assert "\n" not in line
    return line


def test_three_processes_that_start_at_once_share_one_server(tmp_path):
    found, stop = SPAWN.Queue(), SPAWN.Event()
    starters = [SPAWN.Process(target=hold, args=(tmp_path, found, stop)) for _ in range(3)]
    for starter in starters:
        starter.start()
    servers = {found.get(timeout=60) for _ in starters}
    assert len(servers) == 1
    assert is_alive(*servers)
    stop.set()
    for starter in starters:
        starter.join(60)
    assert [starter.exitcode for starter in starters] == [0, 0, 0]
    assert not is_alive(*servers)


def test_the_server_outlives_a_killed_client_until_the_next_one_leaves(tmp_path):
    found, stop = SPAWN.Queue(), SPAWN.Event()
    killed = SPAWN.Process(target=hold, args=(tmp_path, found, stop))
    killed.start()
    pid = found.get(timeout=60)
    os.kill(killed.pid, signal.SIGKILL)
    killed.join(60)
    assert is_alive(pid)

    async def come_and_go():
        async with open_redis(None, tmp_path) as redis:
            assert (await redis.info("server"))["process_id"] == pid
            assert await redis.get("attached") == b"1"

    asyncio.run(come_and_go())
    assert not is_alive(pid)


async def test_a_client_starts_a_killed_server_again_and_finds_its_data(tmp_path):
    async with open_redis(None, tmp_path) as redis:
        await redis.set("kept", "yes")
        await asyncio.sleep(1.5)  # the append-only file is synced every second
        os.kill((await redis.info("server"))["process_id"], signal.SIGKILL)
        assert await asyncio.gather(*(redis.get("kept") for _ in range(20))) == [b"yes"] * 20


async def test_data_stay_when_the_last_client_leaves(tmp_path):
    async with open_redis(None, tmp_path) as redis:
        await redis.set("kept", "yes")
    async with open_redis(None, tmp_path) as redis:
        assert await redis.get("kept") == b"yes"


async def test_a_state_folder_too_deep_for_a_socket_gets_a_private_one_elsewhere(tmp_path, monkeypatch):
    deep = tmp_path / ("long" * 20) / ("name" * 20)
    async with open_redis(None, deep) as one:
        # Another process may have another TMPDIR.
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        async with open_redis(None, deep) as other:
            pids = [(await redis.info("server"))["process_id"] for redis in (one, other)]
            assert pids[0] == pids[1]
            socket = Path((deep / "redis" / "socket").read_text())
            assert len(str(socket)) < 100
            assert socket.parent.stat().st_mode & 0o077 == 0
    assert not socket.parent.exists()


async def test_the_embedded_server_has_a_session_of_its_own_and_no_port(tmp_path):
    async with open_redis(None, tmp_path) as redis:
        info = await redis.info()
        assert os.getsid(info["process_id"]) == info["process_id"]
        assert (info["tcp_port"], info["aof_enabled"], info["maxmemory_policy"]) == (0, 1, "noeviction")


async def test_a_redis_that_keeps_what_it_is_given_is_attached_to(tmp_path):
    async with server(tmp_path, "--appendonly", "yes") as url, open_redis(url, tmp_path / "state") as redis:
        assert await redis.ping()
        assert not (tmp_path / "state").exists()


async def test_a_redis_that_evicts_is_refused(tmp_path):
    async with server(tmp_path, "--appendonly", "yes", "--maxmemory-policy", "allkeys-lru") as url:
        assert "allkeys-lru" in await attach_error(url, tmp_path)


async def test_a_redis_without_persistence_is_refused(tmp_path):
    async with server(tmp_path, "--save", "") as url:
        assert "persistence is off" in await attach_error(url, tmp_path)


async def test_a_redis_that_forbids_config_is_judged_by_info(tmp_path):
    async with server(tmp_path, "--save", "", "--appendonly", "yes") as url:
        async with Redis.from_url(url) as admin:
            await admin.acl_setuser(
                "default", enabled=True, nopass=True, keys=["*"], commands=["+@all", "-config"]
            )
        async with open_redis(url, tmp_path) as redis:
            assert await redis.ping()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("redis://user:secret@127.0.0.1:1/0", "127.0.0.1:1"),
        ("http://127.0.0.1/", "redis://"),
        ("redis://127.0.0.1:port/", "port"),
        ("unix:///nowhere/redis.sock", "nowhere"),
    ],
)
async def test_an_address_without_a_redis_is_one_line_without_its_password(tmp_path, url, says):
    line = await attach_error(url, tmp_path)
    assert says in line
    assert "secret" not in line


async def test_a_state_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    assert "file" in await attach_error(None, tmp_path / "file" / "state")


async def test_an_embedded_server_that_cannot_read_its_data_is_one_line(tmp_path):
    async with open_redis(None, tmp_path) as redis:
        await redis.set("kept", "yes")
    (manifest,) = tmp_path.glob("redis/appendonlydir/*.manifest")
    manifest.write_text("no manifest\n")
    line = await attach_error(None, tmp_path)
    assert str(tmp_path / "redis") in line
    assert "manifest" in line
    assert manifest.read_text() == "no manifest\n"
