"""`broadsheet serve` as one asyncio program: its parts, how they begin, and how they end."""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.data_folder import nearest_folder
from crawler.errors import Fault, UserError
from crawler.identity import make_guard
from crawler.interruption import hear_interruption
from crawler.service.app import is_loopback, make_app
from crawler.service.clean_pool import SharedPool
from crawler.service.compacting import Compaction
from crawler.service.crawling import CrawlLoop
from crawler.service.dump_shelf import DumpShelf
from crawler.service.following import IndexFollower
from crawler.service.seed_watch import SeedWatch
from crawler.service.service import Service
from crawler.service.tail import Tail
from crawler.service.watching import ANSWER_SECONDS, Watch
from crawler.service.web import bind, describe, make_server
from crawler.watch.logs import set_up as set_up_logs
from pipelines.index.reading import Index
from pipelines.log import GapError, refuse_gap
from pipelines.objects import StoreError, open_objects
from pipelines.patience import Patience
from pipelines.store import make_quick_client, make_quick_client_of, open_redis

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Coroutine
    from typing import Any

    from redis.asyncio import Redis

    from crawler.service.settings import ServiceSettings
    from crawler.service.web import WebServer
    from crawler.settings import Environment

END_SECONDS = 15.0
"""For requests that are under way when the service is told to end; after that, their claims are given back."""
LAST_SECONDS = 27.0
"""From the signal until the process ends, whatever still waits: half a minute is what container engines give."""

_log = logging.getLogger(__name__)


async def serve(
    settings: ServiceSettings, environment: Environment, *, on_start: Callable[[str], object]
) -> None:
    """Crawl and serve until SIGINT or SIGTERM comes. `on_start` is told the address once it is answered on.

    Raises UserError for the user's mistakes, `pipelines.objects.StoreError` and Fault for what is not.
    """
    seeds = SeedWatch(
        settings.seeds,
        make_guard(settings.allow_addresses, environment.contact),
        needs_contact=environment.contact is None,
    )
    check_settings(settings)
    if settings.crawl or settings.seeds is not None:
        seeds.load()
    state = find_state(settings)
    # Before anything is begun that would have to be ended again.
    taken = bind(settings.host, settings.port)
    # Not before: what is wrong with a command is one line for whoever has typed it.
    set_up_logs()
    async with AsyncExitStack() as stack:
        stack.callback(taken.close)
        interruption = stack.enter_context(hear_interruption())
        patience = Patience()
        held = await _open_redis(settings, environment, state, patience, stack)
        quick = None
        if held is not None:
            quick = make_quick_client(held, answer_seconds=ANSWER_SECONDS)
        elif environment.redis_url:
            quick = make_quick_client_of(environment.redis_url, answer_seconds=ANSWER_SECONDS)
        if quick is not None:
            stack.push_async_callback(quick.aclose)
        service = _make_service(settings, environment, state, quick, seeds)
        stack.callback(service.index.close)
        await _refuse_gap(service)
        stack.push_async_callback(service.pool.close)
        interruption.stop = service.stopping.set
        watch = Watch(service, held)
        await watch.look()
        if held is not None and settings.crawl:
            service.crawl = CrawlLoop(service, held, seeds.guard, seeds)
        await _run(service, watch, taken, patience, on_start)


async def _refuse_gap(service: Service) -> None:
    """Raise GapError where an entry of the log is missing; a store that does not answer now is waited for later."""
    try:
        await refuse_gap(service.objects)
    except GapError:
        raise
    except StoreError as error:
        _log.warning("%s", error)


def check_settings(settings: ServiceSettings) -> None:
    """Raise UserError for settings that do not fit together."""
    if not is_loopback(settings.host) and settings.token is None:
        raise UserError(
            f"--host {settings.host}: can be reached from elsewhere, so clients must show a token; "
            "set BROADSHEET_TOKEN or token in the file of settings"
        )
    if "://" not in settings.data:
        folder = Path(settings.data)
        place = nearest_folder(folder)
        if not settings.crawl and not folder.is_dir():
            raise UserError(f"--data {settings.data}: there is no such folder")
        if settings.crawl and not os.access(place, os.W_OK | os.X_OK):
            raise Fault(f"--data {settings.data}: the folder cannot be written to; --no-crawl only reads it")


def find_state(settings: ServiceSettings) -> Path:
    """The state folder. Raises UserError where none is named for data that lie elsewhere, or it cannot be written."""
    if settings.state is None and "://" in settings.data:
        raise UserError(f"--data {settings.data}: name a --state folder for the index")
    state = settings.state or Path(settings.data) / ".state"
    try:
        state.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{state}: {error.strerror}; name another folder by --state DIR") from error
    if not os.access(state, os.W_OK | os.X_OK):
        raise UserError(f"{state}: cannot be written to; name another folder by --state DIR")
    return state


async def _open_redis(
    settings: ServiceSettings,
    environment: Environment,
    state: Path,
    patience: Patience,
    stack: AsyncExitStack,
) -> Redis | None:
    """The Redis of the process; None: nothing is crawled, and there is none here that would have to be started.

    One that stands elsewhere need not answer for what is there to be shown.
    """
    has_embedded = environment.redis_url is None and (state / "redis").is_dir()
    if not (settings.crawl or has_embedded):
        return None
    return await stack.enter_async_context(open_redis(environment.redis_url, state, patience=patience))


def _make_service(
    settings: ServiceSettings,
    environment: Environment,
    state: Path,
    quick: Redis | None,
    seeds: SeedWatch,
) -> Service:
    objects = open_objects(settings.data, state, "")
    service = Service(
        settings=settings,
        environment=environment,
        state=state,
        objects=objects,
        index=Index(state),
        redis=quick,
        pool=SharedPool(environment.clean_workers),
        tail=Tail(objects),
        seed_watch=seeds,
        dumps=DumpShelf(state / "dumps", data=settings.data, objects=objects),
    )
    service.health.note("crawl", "waiting" if settings.crawl else "off", "begins" if settings.crawl else None)
    service.health.note("index", "waiting", "begins")
    return service


async def _run(
    service: Service,
    watch: Watch,
    taken: socket.socket,
    patience: Patience,
    on_start: Callable[[str], object],
) -> None:
    """Run all parts until the service is to stop, or one of them ends by a bug."""
    server = make_server(make_app(service))
    parts: list[Coroutine[Any, Any, None]] = [
        watch.watch(),
        service.tail.watch(),
        service.dumps.run(),
        IndexFollower(service, open_objects(service.data, service.state, "")).run(),
    ]
    if service.crawl is not None and service.settings.compact_hours:
        parts.append(Compaction(service, service.settings.compact_hours).run())
    tasks = [asyncio.create_task(part) for part in parts]
    web = asyncio.create_task(server.serve(sockets=[taken]))
    crawl = asyncio.create_task(service.crawl.run() if service.crawl else service.stopping.wait())
    stopping = asyncio.create_task(service.stopping.wait())
    on_start(describe(service.settings.host, taken))
    await asyncio.wait({*tasks, web, crawl, stopping}, return_when=asyncio.FIRST_COMPLETED)
    service.stopping.set()
    # Counts on while Redis and the pool are left, and goes with the loop.
    asyncio.get_running_loop().call_later(LAST_SECONDS, _give_up)
    patience.end()
    service.tail.close()
    # All at once: each has its own bound, and together they must not have more than half a minute.
    for task in tasks:
        task.cancel()
    await _end_crawl(service, crawl)
    await _end_web(server, web)
    for end in await asyncio.gather(*tasks, crawl, return_exceptions=True):
        if isinstance(end, BaseException) and not isinstance(end, asyncio.CancelledError):
            raise end


async def _end_crawl(service: Service, crawl: asyncio.Task[Any]) -> None:
    """Give what is under way its time; then take the claims back from it."""
    if service.crawl is None:
        return
    service.crawl.stop()
    done, _ = await asyncio.wait({crawl}, timeout=END_SECONDS)
    if not done:
        _log.warning("requests are still under way; what they were for is given back")
        crawl.cancel()
        await asyncio.wait({crawl})


async def _end_web(server: WebServer, web: asyncio.Task[None]) -> None:
    server.should_exit = True
    with suppress(asyncio.CancelledError):
        await web


def _give_up() -> None:
    """End the process at once: what it holds comes back when its lease ends, as after a power cut."""
    _log.error("the end has taken %.0f s; what is still held comes back when its lease ends", LAST_SECONDS)
    os._exit(1)
