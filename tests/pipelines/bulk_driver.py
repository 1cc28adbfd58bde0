"""A bulk run in a process of its own, with spans and batches small enough for tests: bulk_driver.py DATA ENGINE INPUT…"""

import asyncio
import sys
from contextlib import closing
from pathlib import Path

from pipelines.held import open_held
from pipelines.near import NearRule
from pipelines.policy import Policy
from pipelines.spans.planning import Sizes
from pipelines.spans.processes import SpanPool
from pipelines.spans.run import Limits, run_spans
from pipelines.spans.span import How
from pipelines.store import open_redis

LIMITS = Limits(sizes=Sizes(archive_bytes=3_000, line_bytes=8_000), batch_rows=40)


async def run(data, sources, engine, limits=LIMITS, *, near=None, watch=lambda _held, _report: None):
    policy = Policy(revisit_seconds=(), keeps_old=True, near=near or NearRule())
    async with (
        open_redis(None, Path(data) / ".state") as redis,
        open_held(redis=redis, data=str(data), state=Path(data) / ".state", policy=policy) as held,
    ):
        return await run_spans(
            [str(source) for source in sources],
            held=held,
            engine=engine,
            how=How(),
            limits=limits,
            watch=lambda report: watch(held, report),
        )


def open_engine(name):
    if name.isdigit():
        return SpanPool(int(name))
    from pipelines.spans.on_ray import RayEngine

    return RayEngine("local" if name == "ray" else name, 2)


if __name__ == "__main__":
    with closing(open_engine(sys.argv[2])) as engine:
        report = asyncio.run(run(sys.argv[1], sys.argv[3:], engine))
    sys.stdout.write(f"{report.rows} {dict(report.outcomes)}\n")
