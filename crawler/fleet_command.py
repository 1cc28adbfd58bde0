"""`broadsheet fleet`: crawl workers here or on a Ray cluster, as many as what is due asks for, until it is stopped."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.agenda import Agenda
from crawler.errors import Fault, UserError
from crawler.exits import exit_codes
from crawler.fleet.fleet import Fleet
from crawler.fleet.on_ray import RayPlacer
from crawler.fleet.workers import LocalPlacer, Order
from crawler.identity import make_guard
from crawler.interruption import hear_interruption
from crawler.seeds import SeedError, load_seeds, read_seed_files
from crawler.settings import SettingError, read_environment, read_passed_on
from crawler.spider_run import check_extras
from crawler.tasks import check_contact_needed, plan_tasks
from crawler.timing import Timing
from crawler.watch.logs import set_up as set_up_logs
from pipelines.ledger import open_ledger
from pipelines.ray_cluster import LOCAL, RayError
from pipelines.store import StoreError, open_redis

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetOptions:
    """What a fleet is asked to do; see `broadsheet fleet --help`."""

    workers: int
    seeds: Sequence[Path] | None
    """None: the default seeds."""
    data: str
    state: Path | None
    allow_addresses: tuple[str, ...]
    contact: str | None
    ray: str | None
    """The address of a Ray cluster, or LOCAL; None: workers are processes of this machine."""


def run_fleet(options: FleetOptions) -> None:
    """Run the command; ends the process where something is wrong."""
    with exit_codes(mistakes=(UserError, SeedError, SettingError), faults=(StoreError, RayError, Fault)):
        asyncio.run(_run(options))


async def _run(options: FleetOptions) -> None:
    data, state, ray = options.data, options.state, options.ray
    environment = read_environment()
    is_local = "://" not in data
    if ray not in {None, LOCAL} and environment.redis_url is None:
        raise UserError(f"--ray {ray}: workers on other machines need one Redis; name it by REDIS_URL")
    if ray not in {None, LOCAL} and is_local and not Path(data).is_absolute():
        raise UserError(
            f"--data {data}: workers on other machines need an s3:// address, or a shared folder from its root"
        )
    if state is None and not is_local and environment.redis_url is None:
        raise UserError(f"--data {data}: name a --state folder, or a Redis by REDIS_URL")
    tasks = plan_tasks(load_seeds(options.seeds), (), ())
    contact = options.contact or environment.contact
    if contact is None:
        check_contact_needed(tasks, make_guard(options.allow_addresses, contact))
    check_extras(tasks)
    order = Order(
        arguments=_to_arguments(data, state, options.allow_addresses, contact),
        seeds=read_seed_files(options.seeds),
        environment=read_passed_on(everything=ray is None),
    )
    folder = state or (Path(data) / ".state" if is_local else Path(tempfile.gettempdir()))
    async with AsyncExitStack() as stack:
        placer: LocalPlacer | RayPlacer
        if ray is None:
            own = stack.enter_context(tempfile.TemporaryDirectory(prefix="broadsheet-seeds-"))
            placer = LocalPlacer(Path(own), order)
        else:
            placer = RayPlacer(ray)
            stack.callback(placer.close)
        # After Ray, which puts handlers of its own in their place.
        interruption = stack.enter_context(hear_interruption())
        redis = await stack.enter_async_context(open_redis(environment.redis_url, folder))
        ledger = await stack.enter_async_context(
            open_ledger(
                redis=redis,
                data=data,
                state=folder,
                lease_seconds=environment.lease_seconds,
                policy=environment.policy,
            )
        )
        agenda = Agenda(redis, ledger)
        timings = {task.seed.id: Timing.of(task.seed) for task in tasks}

        async def count_due() -> int:
            dues = await agenda.survey(timings)
            return sum(due <= agenda.now() for due in dues.values())

        set_up_logs()
        fleet = Fleet(placer, order, most=options.workers, count_due=count_due)
        interruption.stop = fleet.stop
        await fleet.run()


def _to_arguments(
    data: str, state: Path | None, allow_addresses: tuple[str, ...], contact: str | None
) -> tuple[str, ...]:
    arguments = ["--data", data if "://" in data else str(Path(data).absolute())]
    if state is not None:
        arguments += ["--state", str(state.absolute())]
    for network in allow_addresses:
        arguments += ["--allow-address", network]
    if contact is not None:
        arguments += ["--contact", contact]
    return tuple(arguments)
