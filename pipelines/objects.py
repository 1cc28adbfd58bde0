"""Where published files live: a local folder or an object store, both with create-only-if-absent."""

from __future__ import annotations

import asyncio
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote, urlsplit

import obstore
import obstore.store
from obstore.exceptions import AlreadyExistsError, PreconditionError

from pipelines.store_errors import MistakeError, StoreError, explained

if TYPE_CHECKING:
    from obstore.store import ObjectStore

__all__ = [
    "LocalObjects",
    "MistakeError",
    "Objects",
    "RemoteObjects",
    "StoreError",
    "Stored",
    "make_parents",
    "open_objects",
    "write_synced",
]

# On these, link(2) may succeed twice or a listing lag behind: the log could fork without anyone noticing.
_NETWORK_FILESYSTEMS = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse.sshfs"})
_MAX_RETRIES = 5
# Those that obstore knows; the last two by the host's name.
_SCHEMES = frozenset({"s3", "s3a", "gs", "az", "adl", "azure", "abfs", "abfss", "https", "http"})
# Sent in pieces from here on: a lost piece is sent again, not the whole file, and memory holds a few pieces.
_MULTIPART_BYTES = 8 << 20
_PIECE_BYTES = 8 << 20
_PIECES_AT_ONCE = 4


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Stored:
    """A file in a store."""

    path: str
    bytes: int
    written_at: float
    """Unix seconds by the store's clock: when its content was written."""


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

    async def read_start(self, path: str, count: int) -> bytes | None:
        """Read at most the first `count` bytes of a file that is not empty; None: there is none."""

    async def read_range(self, path: str, offset: int, count: int) -> bytes | None:
        """Read at most `count` bytes from `offset` on; fewer at the end. None: there is no such file, or place in it."""

    async def names(self, prefix: str) -> list[tuple[str, int]]:
        """List path and size of all files below the folder `prefix`, sorted."""

    async def files(self, prefix: str, *, after: str = "") -> list[Stored]:
        """List all files below the folder `prefix` (empty: all) whose path sorts after `after`, sorted."""

    async def delete(self, path: str) -> None:
        """Delete the file; none there is as good."""

    async def probe(self) -> None:
        """Raise StoreError unless a second create of the same file is refused."""


def open_objects(data: str, state: Path, worker_id: str) -> Objects:
    """Open the folder or the object store that `data` names; nothing is written yet.

    Raises MistakeError where it names no kind of store.
    """
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

    async def read_start(self, path: str, count: int) -> bytes | None:
        return await asyncio.to_thread(self._read, path, count)

    async def read_range(self, path: str, offset: int, count: int) -> bytes | None:
        return await asyncio.to_thread(self._read, path, count, offset) or None

    async def names(self, prefix: str) -> list[tuple[str, int]]:
        return [(file.path, file.bytes) for file in await self.files(prefix)]

    async def files(self, prefix: str, *, after: str = "") -> list[Stored]:
        return await asyncio.to_thread(self._files, prefix, after)

    async def delete(self, path: str) -> None:
        await asyncio.to_thread(self._delete, path)

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
        with explained(self.name):
            written = self.staging / f"new-{secrets.token_hex(8)}"
            try:
                write_synced(written, body)
                return self._link(written, path)
            finally:
                written.unlink(missing_ok=True)

    def _publish(self, staged: Path, path: str) -> None:
        with explained(self.name):
            if not self._link(staged, path) and not staged.samefile(self.root / path):
                raise StoreError(f"{self.name}: {path} exists already and is another file")

    def _link(self, source: Path, path: str) -> bool:
        target = self.root / path
        # Where the staging folder has gone with the data, nothing is to be begun in what stands in their place.
        source.lstat()
        _make_folder(target.parent, self.root)
        try:
            os.link(source, target)
        except FileExistsError:
            return False
        _sync_folder(target.parent)
        return True

    def _read(self, path: str, count: int = -1, offset: int = 0) -> bytes | None:
        with explained(f"{self.name}: {path}"):
            try:
                with (self.root / path).open("rb") as file:
                    file.seek(offset)
                    return file.read(count)
            except FileNotFoundError:
                return None

    def _files(self, prefix: str, after: str) -> list[Stored]:
        with explained(self.name):
            found = []
            for folder, _, files in os.walk(self.root / prefix):
                for file in files:
                    entry = Path(folder, file)
                    path = entry.relative_to(self.root).as_posix()
                    if path > after:
                        # What was staged may be gone by the time it is looked at.
                        with suppress(FileNotFoundError):
                            state = entry.lstat()
                            found.append(Stored(path=path, bytes=state.st_size, written_at=state.st_mtime))
            return sorted(found)

    def _delete(self, path: str) -> None:
        with explained(self.name):
            target = self.root / path
            target.unlink(missing_ok=True)
            if target.parent.is_dir():
                _sync_folder(target.parent)


class RemoteObjects:
    """S3 or what speaks it, Google Cloud Storage or Azure; credentials come from the usual environment."""

    def __init__(self, url: str, state: Path, worker_id: str) -> None:
        parts = urlsplit(url)
        self.name = f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
        self.staging = state / "staging" / worker_id
        if parts.scheme not in _SCHEMES:
            raise MistakeError(
                f"{self.name}: {parts.scheme}:// is no kind of store; s3://, gs:// and az:// are, each with a bucket, "
                "file:// and folders"
            )
        with explained(self.name):
            self._store: ObjectStore = obstore.store.from_url(
                url,
                retry_config={"max_retries": _MAX_RETRIES, "retry_timeout": timedelta(seconds=60)},
            )

    async def create(self, path: str, body: bytes) -> bool:
        with explained(self.name):
            try:
                await obstore.put_async(self._store, path, body, mode="create", use_multipart=False)
            except (AlreadyExistsError, PreconditionError):
                return False
        return True

    async def publish(self, staged: Path, path: str) -> None:
        with explained(self.name):
            size = (await asyncio.to_thread(staged.stat)).st_size
        if size >= _MULTIPART_BYTES:
            await self._publish_in_pieces(staged, size, path)
            return
        with explained(self.name):
            body = await asyncio.to_thread(staged.read_bytes)
        # A lost answer makes the store's own retry meet the file that it has just written.
        if not await self.create(path, body) and await self.read(path) != body:
            raise StoreError(f"{self.name}: {path} exists already and is another file")

    async def read(self, path: str) -> bytes | None:
        with explained(self.name):
            try:
                found = await obstore.get_async(self._store, path)
                return bytes(await found.bytes_async())
            except FileNotFoundError:
                return None

    async def read_start(self, path: str, count: int) -> bytes | None:
        with explained(self.name):
            try:
                return bytes(await obstore.get_range_async(self._store, path, start=0, end=count))
            except FileNotFoundError:
                return None

    async def read_range(self, path: str, offset: int, count: int) -> bytes | None:
        size = await self._size(path)
        if size is None or offset >= size:
            return None
        with explained(self.name):
            end = min(offset + count, size)
            return bytes(await obstore.get_range_async(self._store, path, start=offset, end=end))

    async def names(self, prefix: str) -> list[tuple[str, int]]:
        return [(file.path, file.bytes) for file in await self.files(prefix)]

    async def files(self, prefix: str, *, after: str = "") -> list[Stored]:
        with explained(self.name):
            return sorted(
                [
                    Stored(
                        path=entry["path"],
                        bytes=entry["size"],
                        written_at=entry["last_modified"].timestamp(),
                    )
                    async for chunk in obstore.list(self._store, prefix or None, offset=after or None)
                    for entry in chunk
                ]
            )

    async def delete(self, path: str) -> None:
        with explained(self.name), suppress(FileNotFoundError):
            await obstore.delete_async(self._store, path)

    async def probe(self) -> None:
        path = f"staging/probe-{secrets.token_hex(8)}"
        await self.create(path, b"1")
        # Not by the first answer: where it was lost, the store's own retry has met the file already.
        if await self.create(path, b"2") or await self.read(path) != b"1":
            raise StoreError(
                f"{self.name}: overwrites a file that is there already (no If-None-Match); the log needs a store that refuses it"
            )
        with explained(self.name):
            await obstore.delete_async(self._store, path)

    async def _publish_in_pieces(self, staged: Path, size: int, path: str) -> None:
        """Upload a large part; it appears whole or not at all.

        Not every store can be told to create a file of pieces only if it is absent. It need not be: a part's name holds
        64 random bits and is used by one worker only, so what is there already is this file, from before a lost answer.
        """
        if await self._size(path) is None:
            with explained(self.name):
                await obstore.put_async(
                    self._store,
                    path,
                    staged,
                    use_multipart=True,
                    chunk_size=_PIECE_BYTES,
                    max_concurrency=_PIECES_AT_ONCE,
                )
            if await self._size(path) != size:
                raise StoreError(f"{self.name}: {path} has not the size that was sent")
        elif await self.read(path) != await asyncio.to_thread(staged.read_bytes):
            raise StoreError(f"{self.name}: {path} exists already and is another file")

    async def _size(self, path: str) -> int | None:
        with explained(self.name):
            try:
                return int((await obstore.head_async(self._store, path))["size"])
            except FileNotFoundError:
                return None


def write_synced(path: Path, body: bytes) -> None:
    """Write a new file and bring it to the disk."""
    with path.open("xb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())


def make_parents(folder: Path, path: str) -> None:
    """Make the folders between `folder` and the file `path` below it; never `folder` itself.

    A staging folder that is gone has gone with the data: what was made anew in its place, on a disk that is no longer
    mounted or in an emptied folder, would be published in a log that nobody reads once the data are back.
    Raises FileNotFoundError then.
    """
    for step in path.split("/")[:-1]:
        folder = folder / step
        folder.mkdir(exist_ok=True)


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
