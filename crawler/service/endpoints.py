"""An endpoint as one value: what it takes, what it gives, and who may call it.

The route, the check of its parameters and its part of /openapi.json are made from this one value, so that none of
them can say what the others do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from starlette.responses import Response
from starlette.routing import Route

from crawler.service.problems import ProblemError
from pipelines.record import encode_line

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from starlette.requests import Request

JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of an endpoint."""

    name: str
    description: str
    read: Callable[[str], Any]
    """Gives the value that a text stands for. Raises ValueError, one line that says what is wanted."""
    schema: Mapping[str, Any]
    """JSON Schema of what `read` takes."""
    place: Literal["query", "path"] = "query"
    is_required: bool = False
    default: Any = None
    """The value where a query has none."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose parameters were read."""

    request: Request
    values: Mapping[str, Any]
    """By the parameter's name: what it says, or its default."""

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One path and method."""

    path: str
    """As starlette writes it: `/api/sites/{id}`."""
    summary: str
    answer: Callable[[Call], Awaitable[object]]
    """Gives what is written as JSON, or a Response. Raises ProblemError."""
    returns: Any
    """The type of what is written as JSON, for its schema; None: it answers in `media` only."""
    method: Literal["GET", "POST", "DELETE"] = "GET"
    parameters: tuple[Parameter, ...] = ()
    problems: tuple[int, ...] = ()
    """The statuses of problems that it may end with, beyond those of every endpoint."""
    status: int = 200
    body: Mapping[str, Any] | None = None
    """By media type: the type or types of what it takes, or its schema; None: it takes none."""
    media: Mapping[str, str] | None = None
    """Further media types that it may answer in, each with what it is."""
    also: Mapping[int, str] | None = None
    """Further statuses below 400 that it may answer with, each with what it means."""
    is_open: bool = False
    """Whether it is answered without a token even beyond loopback."""


def to_routes(endpoints: Sequence[Endpoint]) -> list[Route]:
    """Give the routes that serve endpoints, one a path, so that a wrong method is told of all that there are."""
    by_path: dict[str, list[Endpoint]] = {}
    for endpoint in endpoints:
        by_path.setdefault(endpoint.path, []).append(endpoint)
    return [_to_route(path, of_path) for path, of_path in by_path.items()]


def _to_route(path: str, endpoints: Sequence[Endpoint]) -> Route:
    by_method = {endpoint.method: endpoint for endpoint in endpoints}

    async def answer(request: Request) -> Response:
        method: Any = "GET" if request.method == "HEAD" else request.method
        endpoint = by_method[method]
        found = await endpoint.answer(Call(request, read_parameters(request, endpoint.parameters)))
        return found if isinstance(found, Response) else to_json(found, status=endpoint.status)

    return Route(path, answer, methods=list(by_method))


def to_json(value: object, *, status: int = 200) -> Response:
    """Give a value as an answer in JSON, and a line feed, for terminals."""
    try:
        body = msgspec.json.encode(value) + b"\n"
    except UnicodeEncodeError:
        # Of half a surrogate pair, as some pages have it: published rows hold none.
        body = encode_line(msgspec.to_builtins(value))
    return Response(body, status_code=status, media_type=JSON)


def read_parameters(request: Request, parameters: tuple[Parameter, ...]) -> dict[str, Any]:
    """Read a request's parameters. Raises ProblemError for one that is unknown, wrong, given twice or missing."""
    known = {parameter.name: parameter for parameter in parameters if parameter.place == "query"}
    given: dict[str, str] = {}
    for name, text in request.query_params.multi_items():
        if name not in known:
            wanted = ", ".join(known) or "none"
            raise ProblemError(400, f"unknown parameter; known here: {wanted}", parameter=name)
        if name in given:
            raise ProblemError(400, "is given more than once", parameter=name)
        given[name] = text
    values: dict[str, Any] = {}
    for parameter in parameters:
        texts: Mapping[str, Any] = request.path_params if parameter.place == "path" else given
        if parameter.name in texts:
            try:
                values[parameter.name] = parameter.read(str(texts[parameter.name]))
            except ValueError as error:
                raise ProblemError(400, str(error), parameter=parameter.name) from error
        elif parameter.is_required:
            raise ProblemError(400, "is missing", parameter=parameter.name)
        else:
            values[parameter.name] = parameter.default
    return values
