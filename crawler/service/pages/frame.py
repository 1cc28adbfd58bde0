"""A page as one value: its path, what it takes, what it shows by which template; and the routes of all pages."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from crawler.service.endpoints import Call, read_parameters
from crawler.service.pages import static, wording
from pipelines.wording import counted, to_span

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from crawler.service.endpoints import Endpoint, Parameter
    from crawler.service.service import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page."""

    path: str
    template: str
    show: Callable[[Call], Awaitable[Mapping[str, Any]]]
    """Gives what the template is filled with. Raises what endpoints raise."""
    parameters: tuple[Parameter, ...] = ()


def to_route(service: Service, page: Page) -> Route:
    """Give the route that serves a page."""

    async def answer(request: Request) -> Response:
        given = without_empty(request)
        values = await page.show(Call(given, read_parameters(given, page.parameters)))
        context = {
            **values,
            "path": request.url.path,
            "query": dict(given.query_params),
            "position": service.tail.position,
        }
        body = await asyncio.to_thread(render, page.template, context)
        return Response(body, media_type="text/html")

    return Route(page.path, answer, methods=["GET"])


def without_empty(request: Request) -> Request:
    """The request without the parameters that hold nothing: a form sends all its fields, filled in or not."""
    pairs = parse_qsl(request.scope["query_string"].decode("latin-1"))
    return Request({**request.scope, "query_string": urlencode(pairs).encode()})


def find_endpoint(endpoints: list[Endpoint], path: str) -> Endpoint:
    """Find the endpoint that a page is the human face of."""
    return next(one for one in endpoints if one.path == path and one.method == "GET")


def render(template: str, context: Mapping[str, Any]) -> bytes:
    """Fill a template."""
    return _environment().get_template(template).render(context).encode("utf-8", "replace")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("crawler.service", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=wording.finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {
        "number": wording.to_number,
        "percent": wording.to_percent,
        "size": wording.to_size,
        "moment": wording.to_time,
        "age": wording.to_age,
        "span": to_span,
        "json": wording.to_json,
        "without": wording.without_address,
    }
    environment.tests["web"] = wording.is_web
    environment.globals |= {"counted": counted, "static": static.address, "query_of": query_of}
    return environment


def query_of(query: Mapping[str, str], **changes: object) -> str:
    """Give a query with some of its values changed; None leaves one out."""
    values = {**query, **changes}
    return urlencode({name: value for name, value in values.items() if value is not None})
