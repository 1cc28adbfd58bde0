"""All pages of the service, with the files that they need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.service.pages import article, lists, overview, sites, static
from crawler.service.pages.frame import to_route

if TYPE_CHECKING:
    from starlette.routing import Route

    from crawler.service.endpoints import Endpoint
    from crawler.service.service import Service


def routes(service: Service, endpoints: list[Endpoint]) -> list[Route]:
    """Give the routes. `endpoints`: those of the API, whose answers most pages show."""
    pages = [
        overview.page(service),
        *sites.pages(service, endpoints),
        *lists.pages(service, endpoints),
        article.page(service),
    ]
    return [static.route(), *(to_route(service, page) for page in pages)]
