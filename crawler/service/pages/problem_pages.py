"""What went wrong with a request, as a page where a person's browser has asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response

from crawler.service.headers import SECURITY_HEADERS
from crawler.service.pages.frame import render
from crawler.service.problems import MEDIA_TYPE, Problem, answer_fault

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class ProblemPages:
    """Gives problems as pages to who takes pages: programs take anything, or name JSON."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http" or not takes_pages(Headers(scope=scope), scope["path"]):
            await self._app(scope, receive, send)
            return
        held: Message | None = None

        async def send_page(message: Message) -> None:
            nonlocal held
            if message["type"] == "http.response.start":
                if Headers(scope=message).get("content-type", "").startswith(MEDIA_TYPE):
                    held = message
                    return
            elif held is not None:
                # Problems are sent in one piece.
                body = to_page(message.get("body", b""))
                headers = MutableHeaders(scope=held)
                headers["content-type"] = "text/html; charset=utf-8"
                headers["content-length"] = str(len(body))
                headers["vary"] = "Accept"
                start, held = held, None
                await send(start)
                message = {"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body}
            await send(message)

        await self._app(scope, receive, send_page)


def takes_pages(headers: Headers, path: str) -> bool:
    """Say whether a browser asks for something that a person will look at."""
    return "text/html" in headers.get("accept", "") and not path.startswith("/api/")


def to_page(body: bytes) -> bytes:
    """Give the page for what problem+json says."""
    problem = msgspec.json.decode(body, type=Problem)
    return render("problem.html", {"problem": problem, "path": "", "query": {}, "position": 0})


def answer_fault_to_all(request: Request, error: Exception) -> Response:
    """Answer a request that met a bug of ours: starlette does so outside of all middlewares."""
    answer = answer_fault(request, error)
    if not takes_pages(request.headers, request.url.path):
        return answer
    return Response(
        to_page(bytes(answer.body)),
        status_code=answer.status_code,
        headers=SECURITY_HEADERS,
        media_type="text/html",
    )
