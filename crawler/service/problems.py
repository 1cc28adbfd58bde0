"""What went wrong with a request, as problem+json (RFC 9457): never a traceback, always the parameter's name."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec
from redis.exceptions import RedisError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from crawler.service.headers import SECURITY_HEADERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

MEDIA_TYPE = "application/problem+json"
_PATH_CHARS = 200
"""Of a path that a problem says again."""

_log = logging.getLogger(__name__)


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """The body of every answer from 400 on."""

    title: str
    """The status in words."""
    status: int
    detail: str
    """One line for people."""
    type: str = "about:blank"
    parameter: str | None = None
    """The query or path parameter, or the key of the body, that is wrong; None: it is none of them."""


class ProblemError(Exception):
    """Ends a request with a problem. `detail` is one line for people; `parameter` names what of the request is wrong."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        parameter: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.parameter = parameter
        self.headers = headers


def to_response(error: ProblemError) -> Response:
    """Give the answer that tells of the problem."""
    problem = Problem(
        title=HTTPStatus(error.status).phrase,
        status=error.status,
        detail=error.detail,
        parameter=error.parameter,
    )
    return Response(
        msgspec.json.encode(problem) + b"\n",
        status_code=error.status,
        headers=dict(error.headers or {}),
        media_type=MEDIA_TYPE,
    )


def answer_problem(_request: Request, error: Exception) -> Response:
    """Answer a request that a ProblemError has ended."""
    assert isinstance(error, ProblemError)
    return to_response(error)


def answer_http(request: Request, error: Exception) -> Response:
    """Answer a request that starlette has refused: no such page, or another method."""
    assert isinstance(error, HTTPException)
    detail = error.detail
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = f"{_shorten(request.url.path)}: there is nothing here; /openapi.json lists what is"
    elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = (error.headers or {}).get("Allow", "GET")
        detail = f"{_shorten(request.url.path)} takes {allowed}, not {request.method[:20]}"
    return to_response(ProblemError(error.status_code, detail, headers=error.headers))


def _shorten(path: str) -> str:
    return path if len(path) <= _PATH_CHARS else f"{path[:_PATH_CHARS]}…"


def answer_missing_part(_request: Request, error: Exception) -> Response:
    """Answer a request that needs a part of the service which is gone for now: Redis, the store, the index."""
    _log.warning("a request failed: %s", error)
    name = "Redis" if isinstance(error, RedisError) else "the store, the index or the cleaning pool"
    return to_response(
        ProblemError(503, f"{name} cannot be asked for now; /health has more", headers={"Retry-After": "5"})
    )


def answer_fault(_request: Request, _error: Exception) -> Response:
    """Answer a request that met a bug of ours: what it was stands in the service's own log."""
    # Starlette gives this answer outside of all middlewares.
    return to_response(
        ProblemError(500, "a fault of the service; its log has more", headers=SECURITY_HEADERS)
    )
