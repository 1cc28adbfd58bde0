"""The web application of a service: all routes, and the guards around them."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from redis.exceptions import RedisError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from crawler.service import dumps
from crawler.service.api import articles, clean, health, log, metrics, openapi, sites
from crawler.service.endpoints import to_routes
from crawler.service.guards import BodyLimit, Gatekeeper, RateLimit
from crawler.service.headers import SecurityHeaders
from crawler.service.pages.problem_pages import ProblemPages, answer_fault_to_all
from crawler.service.pages.routes import routes
from crawler.service.problems import (
    ProblemError,
    answer_http,
    answer_missing_part,
    answer_problem,
)
from pipelines.index.tables import IndexFileError
from pipelines.objects import StoreError
from pipelines.pool import PoolError

if TYPE_CHECKING:
    from crawler.service.endpoints import Endpoint
    from crawler.service.service import Service


def list_endpoints(service: Service) -> list[Endpoint]:
    """Give all endpoints, in the order of /openapi.json."""
    endpoints = [
        *health.endpoints(service),
        *metrics.endpoints(service),
        *sites.endpoints(service),
        *articles.endpoints(service),
        *log.endpoints(service),
        *clean.endpoints(service),
        *dumps.endpoints(service),
    ]
    return [*endpoints, openapi.endpoint(endpoints)]


def make_app(service: Service) -> Starlette:
    """Make the application."""
    settings = service.settings
    endpoints = list_endpoints(service)
    return Starlette(
        routes=[*to_routes(endpoints), *routes(service, endpoints)],
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(ProblemPages),
            Middleware(
                Gatekeeper,
                token=settings.token,
                hosts=settings.allowed_hosts,
                is_local=is_loopback(settings.host),
                open_paths=frozenset(endpoint.path for endpoint in endpoints if endpoint.is_open),
            ),
            Middleware(RateLimit),
            Middleware(BodyLimit),
        ],
        exception_handlers={
            ProblemError: answer_problem,
            HTTPException: answer_http,
            RedisError: answer_missing_part,
            StoreError: answer_missing_part,
            IndexFileError: answer_missing_part,
            PoolError: answer_missing_part,
            Exception: answer_fault_to_all,
        },
    )


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach an address that is listened on."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
