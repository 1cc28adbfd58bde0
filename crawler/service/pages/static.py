"""The style sheet, the script and the icon: read once, and named by what they hold, so that browsers may keep them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

from crawler.service.problems import ProblemError

if TYPE_CHECKING:
    from starlette.requests import Request

_MEDIA = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    version: str


@cache
def _read(name: str) -> _File | None:
    if name not in {"pages.css", "pages.js", "icon.svg"}:
        return None
    body = resources.files("crawler.service").joinpath("static", name).read_bytes()
    return _File(body, hashlib.sha256(body).hexdigest()[:12])


def address(name: str) -> str:
    """Where a file is served."""
    file = _read(name)
    assert file is not None, name
    return f"/static/{file.version}/{name}"


def route() -> Route:
    """Give the route of all files."""

    async def answer(request: Request) -> Response:
        file = _read(request.path_params["name"])
        if file is None or file.version != request.path_params["version"]:
            raise ProblemError(404, "there is no such file by now; load the page again")
        kind = _MEDIA[request.path_params["name"].rpartition(".")[2]]
        headers = {"Cache-Control": "public, max-age=31536000, immutable"}
        return Response(file.body, media_type=kind, headers=headers)

    return Route("/static/{version}/{name}", answer, methods=["GET"])
