"""`/health` and `/ready`: whether the service lives, and whether all its parts work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from crawler.service.endpoints import Endpoint, to_json
from crawler.service.health import Component  # noqa: TC001 - the schema is made from it
from crawler.service.problems import ProblemError
from crawler.settings import read_version

if TYPE_CHECKING:
    from starlette.responses import Response

    from crawler.service.endpoints import Call
    from crawler.service.service import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthAnswer:
    """How the service is."""

    status: Literal["ok", "degraded"]
    """`degraded`: a part is down, or waits for something."""
    version: str
    components: dict[str, Component]
    """By name; empty for a client that would need a token and has shown none."""


def endpoints(service: Service) -> list[Endpoint]:
    """Give the endpoints."""

    def describe(call: Call) -> HealthAnswer:
        health = service.health
        return HealthAnswer(
            status="ok" if health.is_well else "degraded",
            version=read_version(),
            components=dict(sorted(health.components.items())) if call.request.state.is_trusted else {},
        )

    async def answer_health(call: Call) -> Response:
        return to_json(describe(call))

    async def answer_ready(call: Call) -> Response:
        wrong = service.health.down()
        if wrong or service.stopping.is_set():
            detail = (
                "; ".join(f"{name} is {component.status}" for name, component in wrong.items())
                or "the service ends"
            )
            raise ProblemError(503, detail, headers={"Retry-After": "5"})
        return to_json(describe(call))

    return [
        Endpoint(
            path="/health",
            summary="Whether the service lives, and how each of its parts is. 200 as long as it answers.",
            answer=answer_health,
            returns=HealthAnswer,
            is_open=True,
        ),
        Endpoint(
            path="/ready",
            summary="Whether no part is down: 200, or 503 with those that are.",
            answer=answer_ready,
            returns=HealthAnswer,
            problems=(503,),
            is_open=True,
        ),
    ]
