"""`/metrics`: what Prometheus reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from crawler.service.endpoints import Endpoint
from crawler.watch.metrics import CONTENT_TYPE
from crawler.watch.probes import Probe

if TYPE_CHECKING:
    from crawler.service.endpoints import Call
    from crawler.service.service import Service


def endpoints(service: Service) -> list[Endpoint]:
    """Give the endpoint."""
    probe = Probe(service.metrics)

    async def show(_call: Call) -> Response:
        body = await probe.render(
            objects=service.objects,
            redis=service.redis,
            names=service.names,
            pool=service.pool.running,
            sequence=service.tail.position,
        )
        return Response(body, media_type=CONTENT_TYPE)

    return [
        Endpoint(
            path="/metrics",
            summary="Metrics of this process and of its parts, for Prometheus.",
            answer=show,
            returns=None,
            media={CONTENT_TYPE.partition(";")[0]: "Prometheus' text format."},
        )
    ]
