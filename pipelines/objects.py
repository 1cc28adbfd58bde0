"""Where published files live: a local folder or an object store, both with create-only-if-absent."""

from __future__ import annotations

import asyncio
import os
import secrets
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote, urlsplit

import obstore
import obstore.store
from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from obstore.store import ObjectStore

# On these, link(2) may succeed twice or a listing lag behind: the log could fork without anyone noticing.
_NETWORK_FILESYSTEMS = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse.sshfs"})
_MAX_RETRIES = 5


class StoreError(Exception):
    """A store that cannot be used, in one line for people; the command exits 1."""


class Objects(Protocol):
    """A flat store of immutable files, by path relative to its root, with `/` between the steps."""

    name: str
    """For messages: the folder or the URL, without credentials."""
    staging: Path
    """The worker's own local folder for files on their way into this store; `pipelines.parts.Staging` makes it."""

    async def create(self, path: str, body: bytes) -> bool:
        """Write the file if it is absent; False: there is one already, and it may be our own."""

    async def publish(self, staged: Path, path: str) -> None:
        """Give a staged file its final name; the same file may be published again, another never."""

    async def read(self, path: str) -> bytes | None:
        """Read the whole file; None: there is none."""

    async def names(self, prefix: str) -> list[tuple[str, int]]:
        """List path and size of all files below the folder `prefix`, sorted."""

    async def probe(self) -> None:
        """Raise StoreError unless a second create of the same file is refused."""


def open_objects(data: str, state: Path, worker_id: str) -> Objects:
    """Open the folder or the object store that `data` names; nothing is written yet."""
    if "://" not in data:
        return LocalObjects(Path(data), worker_id)
    if urlsplit(data).scheme == "file":
        return LocalObjects(Path(unquote(urlsplit(data).path)), worker_id)
    return RemoteObjects(data, state, worker_id)


class LocalObjects:
    """A folder on a local disk. A file appears under its name by link(2): whole, or not at all."""

    def __init__(self, root: Path, worker_id: str) -> None:
        self.root = root.absolute()
        self.name = str(root)
        self.staging = self.root / "staging" / worker_id

    async def create(self, path: str, body: bytes) -> bool:
        return await asyncio.to_thread(self._create, path, body)

    async def publish(self, staged: Path, path: str) -> None:
        await asyncio.to_thread(self._publish, staged, path)

    async def read(self, path: str) -> bytes | None:
        return await asyncio.to_thread(self._read, path)

    async def names(self, prefix: str) -> list[tuple[str, int]]:
        return await asyncio.to_thread(self._names, prefix)

    async def probe(self) -> None:
        kind = await asyncio.to_thread(_filesystem_of, self.root)
        if kind in _NETWORK_FILESYSTEMS:
            raise StoreError(
                f"{self.name}: lies on {kind}, where a file cannot be created safely by many; use a local disk"
            )
        path = f"staging/probe-{secrets.token_hex(8)}"
        try:
            if not await self.create(path, b"1") or await self.create(path, b"2"):
                raise StoreError(
                    f"{self.name}: creates a file that is there already; the log needs a disk that refuses it"
                )
        finally:
            (self.root / path).unlink(missing_ok=True)

    def _create(self, path: str, body: bytes) -> bool:
        with _explained(self.name):
            written = self.staging / f"new-{secrets.token_hex(8)}"
            try:
                write_synced(written, body)
                return self._link(written, path)
            finally:
                written.unlink(missing_ok=True)

    def _publish(self, staged: Path, path: str) -> None:
        with _explained(self.name):
            if not self._link(staged, path) and not staged.samefile(self.root / path):
                raise StoreError(f"{self.name}: {path} exists already and is another file")

    def _link(self, source: Path, path: str) -> bool:
        target = self.root / path
        _make_folder(target.parent, self.root)
        try:
            os.link(source, target)
        except FileExistsError:
            return False
        _sync_folder(target.parent)
        return True

    def _read(self, path: str) -> bytes | None:
        with _explained(self.name):
            try:
                return (self.root / path).read_bytes()
            except FileNotFoundError:
                return None

    def _names(self, prefix: str) -> list[tuple[str, int]]:
        with _explained(self.name):
            found = []
            for folder, _, files in os.walk(self.root / prefix):
                for file in files:
                    path = Path(folder, file)
                    found.append((path.relative_to(self.root).as_posix(), path.lstat().st_size))
            return sorted(found)


class RemoteObjects:
    """S3 or what speaks it, Google Cloud Storage or Azure; credentials come from the usual environment."""

    def __init__(self, url: str, state: Path, worker_id: str) -> None:
        parts = urlsplit(url)
        self.name = f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
        self.staging = state / "staging" / worker_id
        with _explained(self.name):
            self._store: ObjectStore = obstore.store.from_url(
                url,
                retry_config={"max_retries": _MAX_RETRIES, "retry_timeout": timedelta(seconds=60)},
            )

    async def create(self, path: str, body: bytes) -> bool:
        with _explained(self.name):
            try:
                await obstore.put_async(self._store, path, body, mode="create", use_multipart=False)
            except (AlreadyExistsError, PreconditionError):
                return False
        return True

    async def publish(self, staged: Path, path: str) -> None:
        with _explained(self.name):
            body = await asyncio.to_thread(staged.read_bytes)
        # A lost answer makes the store's own retry meet the file that it has just written.
        if not await self.create(path, body) and await self.read(path) != body:
            raise StoreError(f"{self.name}: {path} exists already and is another file")

    async def read(self, path: str) -> bytes | None:
        with _explained(self.name):
            try:
                found = await obstore.get_async(self._store, path)
                return bytes(await found.bytes_async())
            except FileNotFoundError:
                return None

    async def names(self, prefix: str) -> list[tuple[str, int]]:
        with _explained(self.name):
            return sorted(
                [
                    (entry["path"], entry["size"])
                    async for chunk in obstore.list(self._store, prefix)
                    for entry in chunk
                ]
            )

    async def probe(self) -> None:
        path = f"staging/probe-{secrets.token_hex(8)}"
        if not await self.create(path, b"1") or await self.create(path, b"2"):
            raise StoreError(
                f"{self.name}: overwrites a file that is there already (no If-None-Match); the log needs a store that refuses it"
            )
        with _explained(self.name):
            await obstore.delete_async(self._store, path)


def write_synced(path: Path, body: bytes) -> None:
    """Write a new file and bring it to the disk."""
    with path.open("xb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())


def _make_folder(folder: Path, root: Path) -> None:
    """Make the folder and bring the names of all new folders on the way to the disk."""
    if folder.is_dir():
        return
    if folder != root:
        _make_folder(folder.parent, root)
    folder.mkdir(parents=True, exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _filesystem_of(folder: Path) -> str | None:
    """The kind of filesystem under the folder, by Linux's list of mounts; None where there is no such list."""
    try:
        lines = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return None
    resolved = folder.resolve()
    best, kind = -1, None
    for line in lines:
        before, _, after = line.partition(" - ")
        mount = Path(before.split()[4].encode().decode("unicode_escape"))
        if resolved.is_relative_to(mount) and len(mount.parts) >= best:
            best, kind = len(mount.parts), after.split()[0]
    return kind


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Turn what a disk or a store raises into one line that names it."""
    try:
        yield
    except OSError as error:
        raise StoreError(f"{name}: {error.strerror or error}") from error
    except (BaseError, ValueError) as error:
        # The store's own message runs over many lines and may repeat the request.
        first = str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
        raise StoreError(f"{name}: {first}") from error
