"""`/api/dumps` and `/dumps/{id}/{file}`: dumps are ordered, looked at, downloaded and deleted."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from starlette.responses import FileResponse, MalformedRangeHeader, RangeNotSatisfiable, Response

from crawler.contact import check_contact
from crawler.countries import find_sites
from crawler.errors import UserError
from crawler.service.bodies import convert, read_object
from crawler.service.dump_shelf import BusyError, Status, Withdrawal
from crawler.service.endpoints import JSON, Endpoint, Parameter
from crawler.service.problems import ProblemError
from pipelines.dumps.files import check_format
from pipelines.dumps.selection import DumpError, DumpOptions, make_selection

if TYPE_CHECKING:
    from starlette.requests import Request

    from crawler.service.dump_shelf import DumpShelf, StoredDump
    from crawler.service.endpoints import Call
    from crawler.service.service import Service

_ID = re.compile(r"[0-9]{1,19}-[0-9a-f]{12}")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_MOST_TEXTS = 1_000
_MEDIA = {".gz": "application/gzip", ".zst": "application/zstd", ".md": "text/markdown", ".json": JSON}
_BYTES = "application/octet-stream"
_TEXT = "text/plain"
# What a field of the options is called in the body.
_FIELDS = {"first_day": "from", "last_day": "to", "since": "since_snapshot"}


class DumpInput(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"from_": "from"}
):
    """What a dump is to hold: the options of `broadsheet dump`. Nothing at all means everything, as of now."""

    from_: str | None = None
    """Fetched on this day or later, UTC, such as 2026-04-14."""
    to: str | None = None
    """Fetched on this day or earlier."""
    sites: list[str] = []
    countries: list[str] = []
    """Sites whose seeds lie in folders of these names."""
    languages: list[str] = []
    sections: list[str] = []
    snapshot: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """As of this entry of the log; null: its end."""
    since_snapshot: int | None = None
    """A delta: only what changed after this entry."""
    format: Literal["jsonl.gz", "jsonl.zst", "parquet"] = "jsonl.gz"
    duplicates: bool = False
    removals: bool = True
    contact: str | None = None
    """Whom to ask for takedowns; null: the contact of the service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpFile:
    """A file of a dump that can be downloaded."""

    name: str
    url: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dump:
    """One dump."""

    id: str
    status: Status
    """`held`: something was taken down, and whether it concerns this dump is looked at; `withdrawn`: it did, and the
    dump is not given any more."""
    detail: str | None
    """One line for people: why it failed, is held or withdrawn."""
    snapshot: int
    since_snapshot: int | None
    format: str
    filters: dict[str, Any]
    ordered_at: str
    progress: float
    """0 to 1."""
    rows: int
    withdrawn: Withdrawal | None
    files: tuple[DumpFile, ...]
    """Empty unless it is ready."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """What was deleted."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dumps:
    """All dumps, the last ordered first."""

    dumps: tuple[Dump, ...]


def endpoints(service: Service) -> list[Endpoint]:
    """Give the endpoints."""
    shelf = service.dumps

    async def list_all(_call: Call) -> Dumps:
        return Dumps(dumps=tuple(map(to_dump, await shelf.list_dumps())))

    async def show(call: Call) -> Dump:
        return to_dump(await _find(shelf, call["id"]))

    async def order(call: Call) -> Dump:
        options = await _read_options(call.request, service)
        try:
            dump = await shelf.order(options)
        except DumpError as error:
            raise _to_problem(error) from error
        except BusyError as error:
            raise ProblemError(409, str(error), headers={"Retry-After": "30"}) from error
        return to_dump(dump)

    async def remove(call: Call) -> Removed:
        if not await shelf.remove(call["id"]):
            raise ProblemError(404, f"there is no dump {call['id']}", parameter="id")
        return Removed(id=call["id"])

    async def download(call: Call) -> Response:
        return await _download(shelf, call)

    return [
        Endpoint(path="/api/dumps", summary="All dumps that were ordered.", answer=list_all, returns=Dumps),
        Endpoint(
            method="POST",
            path="/api/dumps",
            summary="Have a dump made, unless it is there already: `status` tells. One is made at a time.",
            answer=order,
            returns=Dump,
            status=202,
            problems=(409, 413, 415),
            body={JSON: DumpInput},
        ),
        Endpoint(
            path="/api/dumps/{id}",
            summary="One dump: how far it is, and its files.",
            answer=show,
            returns=Dump,
            parameters=(_id(),),
            problems=(404,),
        ),
        Endpoint(
            method="DELETE",
            path="/api/dumps/{id}",
            summary="Delete a dump, or stop making it.",
            answer=remove,
            returns=Removed,
            parameters=(_id(),),
            problems=(404,),
        ),
        Endpoint(
            path="/dumps/{id}/{file}",
            summary="A file of a dump; with ranges, so that a download goes on where it broke off.",
            answer=download,
            returns=None,
            parameters=(_id(), _file()),
            media=dict.fromkeys([*_MEDIA.values(), _BYTES, _TEXT], "The file."),
            also={
                206: "The range of the file that `Range` asks for.",
                304: "`If-None-Match` has its ETag.",
            },
            problems=(404, 410, 416),
        ),
    ]


async def _download(shelf: DumpShelf, call: Call) -> Response:
    dump = await _find(shelf, call["id"])
    if dump.status == "withdrawn":
        raise ProblemError(410, _detail(dump) or "")
    if dump.status == "held":
        raise ProblemError(503, _detail(dump) or "", headers={"Retry-After": "5"})
    known = {file.name: file for file in to_dump(dump).files}
    file = known.get(call["file"])
    if file is None:
        raise ProblemError(404, f"the dump {dump.ticket.id} has no such file by now", parameter="file")
    etag = f'"{file.sha256}"'
    # Caches must ask: a dump may be withdrawn.
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    none_match = call.request.headers.get("if-none-match", "")
    if {one.strip().removeprefix("W/") for one in none_match.split(",")} & {etag, "*"}:
        return Response(status_code=304, headers=headers)
    kind = _MEDIA.get(Path(file.name).suffix, _BYTES if "." in file.name else _TEXT)
    place = shelf.file(dump.ticket.id, file.name)
    return _DumpFileResponse(place, headers=headers, media_type=kind, filename=file.name)


class _DumpFileResponse(FileResponse):
    """With ranges as RFC 9110 has them: one that cannot be read counts for nothing."""

    @classmethod
    def _parse_range_header(cls, http_range: str, file_size: int) -> list[tuple[int, int]]:
        try:
            return super()._parse_range_header(http_range, file_size)
        except MalformedRangeHeader:
            return []
        except RangeNotSatisfiable:
            raise ProblemError(
                416, f"the file has {file_size} bytes", headers={"Content-Range": f"bytes */{file_size}"}
            ) from None


def to_dump(dump: StoredDump) -> Dump:
    """Give a dump as the API has it."""
    ticket, sheet = dump.ticket, dump.sheet
    options, selection = ticket.options, ticket.options.selection
    return Dump(
        id=ticket.id,
        status=dump.status,
        detail=_detail(dump),
        snapshot=options.snapshot or 0,
        since_snapshot=options.since,
        format=options.format,
        filters={
            "from": selection.first_day,
            "to": selection.last_day,
            "sites": selection.sites,
            "countries": selection.countries,
            "languages": selection.languages,
            "sections": selection.sections,
            "duplicates": selection.duplicates,
            "removals": options.removals,
        },
        ordered_at=ticket.ordered_at,
        progress=dump.progress,
        rows=dump.rows,
        withdrawn=ticket.withdrawn,
        files=tuple(
            DumpFile(name=name, url=f"/dumps/{ticket.id}/{name}", bytes=size, sha256=digest)
            for name, (size, digest) in (dump.files if dump.status == "ready" else {}).items()
        )
        if sheet is not None
        else (),
    )


async def _find(shelf: DumpShelf, name: str) -> StoredDump:
    dump = await shelf.find(name)
    if dump is None:
        raise ProblemError(404, f"there is no dump {name}", parameter="id")
    return dump


def _detail(dump: StoredDump) -> str | None:
    match dump.status:
        case "failed":
            return dump.ticket.error
        case "held":
            return "something was taken down; whether it concerns this dump is being looked at"
        case "withdrawn":
            rows = dump.ticket.withdrawn.rows if dump.ticket.withdrawn is not None else 0
            was = "was" if rows == 1 else "were"
            return f"withdrawn: {rows} of its rows {was} taken down; order it again to have it without them"
        case _:
            return None


async def _read_options(request: Request, service: Service) -> DumpOptions:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        raise ProblemError(415, f"send what the dump is to hold as {JSON}; {{}} is everything")
    given = convert(read_object(await request.body()), DumpInput)
    for name in ("sites", "countries", "languages", "sections"):
        if len(getattr(given, name)) > _MOST_TEXTS:
            raise ProblemError(400, f"names more than {_MOST_TEXTS}", parameter=name)
    contact = given.contact or service.environment.contact
    try:
        check_contact(contact)
    except UserError as error:
        raise ProblemError(400, _plain(error), parameter="contact") from error
    try:
        country_sites = await asyncio.to_thread(find_sites, given.countries, service.settings.seeds)
    except UserError as error:
        raise ProblemError(400, _plain(error), parameter="countries") from error
    try:
        check_format(given.format)
        return DumpOptions(
            selection=make_selection(
                first_day=given.from_,
                last_day=given.to,
                sites=given.sites,
                languages=given.languages,
                sections=given.sections,
                countries=given.countries,
                country_sites=country_sites,
                duplicates=given.duplicates,
            ),
            snapshot=given.snapshot,
            since=given.since_snapshot,
            format=given.format,
            removals=given.removals,
            contact=contact,
        )
    except DumpError as error:
        raise _to_problem(error) from error


def _to_problem(error: DumpError) -> ProblemError:
    return ProblemError(400, str(error), parameter=_FIELDS.get(error.option or "", error.option))


def _plain(error: UserError) -> str:
    """The message without the option that it begins with on the command line."""
    return str(error).partition(": ")[2] or str(error)


def _id() -> Parameter:
    def read(given: str) -> str:
        if not _ID.fullmatch(given):
            raise ValueError("must be a dump's id, such as 120-3f2a9c01b7de")
        return given

    return Parameter(
        name="id",
        description="A dump's id.",
        read=read,
        schema={"type": "string", "pattern": f"^{_ID.pattern}$"},
        place="path",
        is_required=True,
    )


def _file() -> Parameter:
    def read(given: str) -> str:
        if not _FILE.fullmatch(given):
            raise ValueError("must be the name of one of the dump's files")
        return given

    return Parameter(
        name="file",
        description="The name of one of its files.",
        read=read,
        schema={"type": "string", "pattern": f"^{_FILE.pattern}$"},
        place="path",
        is_required=True,
    )
