"""`/openapi.json`: all endpoints, described from the values that they are made of."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec

from crawler.service.endpoints import JSON, Endpoint
from crawler.service.guards import READ_ONLY_POSTS, SAFE_METHODS
from crawler.service.problems import MEDIA_TYPE, Problem
from crawler.settings import read_version

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.service.endpoints import Call, Parameter

_REF = "#/components/schemas/{name}"
_ALWAYS = (400, 401, 403, 421, 429, 500, 503)
"""Statuses of problems that any endpoint may end with: a wrong parameter, the guards, a fault, a part that is gone."""


def endpoint(others: Sequence[Endpoint]) -> Endpoint:
    """Give the endpoint that describes the others and itself."""
    described: dict[str, Any] = {}

    async def answer(_call: Call) -> object:
        return described

    own = Endpoint(
        path="/openapi.json",
        summary="This description.",
        answer=answer,
        returns=dict[str, Any],
        is_open=False,
    )
    described |= describe([*others, own])
    return own


def describe(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """Give the OpenAPI document."""
    types = [Problem, *(endpoint.returns for endpoint in endpoints if endpoint.returns is not None)]
    types += [
        kind
        for endpoint in endpoints
        for body in (endpoint.body or {}).values()
        for kind in _list_types(body)
    ]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    by_type = {id(kind): schema for kind, schema in zip(types, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _to_operation(endpoint, by_type)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Broadsheet",
            "version": read_version(),
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _to_operation(endpoint: Endpoint, by_type: dict[int, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if endpoint.returns is not None:
        content[JSON] = {"schema": by_type[id(endpoint.returns)]}
    for media, what in (endpoint.media or {}).items():
        content[media] = {"schema": {"type": "string", "description": what}}
    problems = {
        str(status): {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": by_type[id(Problem)]}},
        }
        for status in sorted({*_ALWAYS, *endpoint.problems})
    }
    is_free = endpoint.method in SAFE_METHODS or endpoint.path in READ_ONLY_POSTS
    operation: dict[str, Any] = {
        "summary": endpoint.summary,
        "operationId": f"{endpoint.method.lower()}{endpoint.path.replace('/', '_').replace('{', '').replace('}', '')}",
        "parameters": [_to_parameter(parameter) for parameter in endpoint.parameters],
        "responses": {
            str(endpoint.status): {"description": endpoint.summary, "content": content},
            **{str(status): {"description": what} for status, what in (endpoint.also or {}).items()},
            **problems,
        },
        # Reading is free on loopback, and needs the token beyond it.
        "security": [{}, {"token": []}] if is_free else [{"token": []}],
    }
    if endpoint.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {
                media: {"schema": _to_schema(body, by_type)} for media, body in endpoint.body.items()
            },
        }
    return operation


def _list_types(body: Any) -> Sequence[type[Any]]:
    if isinstance(body, type):
        return (body,)
    return body if isinstance(body, tuple) else ()


def _to_schema(body: Any, by_type: dict[int, Any]) -> Any:
    types = _list_types(body)
    if not types:
        return body
    schemas = [by_type[id(kind)] for kind in types]
    return schemas[0] if len(schemas) == 1 else {"oneOf": schemas}


def _to_parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.is_required,
        "description": parameter.description,
        "schema": dict(parameter.schema),
    }
