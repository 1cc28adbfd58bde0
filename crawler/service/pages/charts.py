"""The geometry of charts: templates draw them as SVG, without styles or scripts in the page."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_GAP = 0.22
"""Of a bar's room that stays free."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar, in the units of the chart's view box."""

    x: float
    y: float
    width: float
    height: float
    label: str
    value: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the grid."""

    y: float
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BarChart:
    """Bars beside each other, their lowest value 0."""

    width: int
    height: int
    """Of the room for bars, without the labels below it."""
    bars: tuple[Bar, ...]
    grid: tuple[Line, ...]


def to_bars(
    values: Sequence[float], labels: Sequence[str], *, width: int = 900, height: int = 180
) -> BarChart:
    """Lay out bars; a value of 0 has no height, any other at least that of a hairline."""
    top = nice_top(max(values, default=0))
    room = width / max(len(values), 1)
    bars = []
    for place, (value, label) in enumerate(zip(values, labels, strict=True)):
        tall = max(value / top * height, 1.5) if value else 0.0
        bars.append(
            Bar(
                x=round(room * (place + _GAP / 2), 2),
                y=round(height - tall, 2),
                width=round(room * (1 - _GAP), 2),
                height=round(tall, 2),
                label=label,
                value=value,
            )
        )
    steps = 2 if top < 4 else 4
    grid = tuple(
        Line(y=round(height - height * step / steps, 2), value=round(top * step / steps))
        for step in range(steps + 1)
    )
    return BarChart(width=width, height=height, bars=tuple(bars), grid=grid)


def nice_top(value: float) -> int:
    """The end of an axis: the least of 4, 8, 12, 20, 40, 60, 80, 100, 200 … that is not below the value.

    >>> [nice_top(value) for value in (0, 3, 9, 61, 1234)]
    [4, 4, 12, 80, 2000]
    """
    if value <= 4:
        return 4
    scale = 10.0 ** math.floor(math.log10(value))
    return next(
        round(scale * step)
        for step in (1, 1.2, 2, 4, 6, 8, 10, 12)
        if scale * step >= value and (scale * step) % 4 == 0
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Spark:
    """A small line without axes."""

    width: int
    height: int
    points: str
    """Of the line, as `<polyline>` wants them."""
    usual: float | None
    """The height of what is usual; None: nothing is yet."""
    end_x: float
    end_y: float


def to_spark(
    values: Sequence[float], usual: float | None = None, *, width: int = 120, height: int = 28
) -> Spark:
    """Lay out a line; `usual` is drawn as a level."""
    top = max([*values, usual or 0, 1])
    room = height - 4

    def place(value: float) -> float:
        return round(height - 2 - value / top * room, 2)

    step = (width - 6) / max(len(values) - 1, 1)
    points = [(round(3 + step * number, 2), place(value)) for number, value in enumerate(values)]
    end_x, end_y = points[-1] if points else (0.0, float(height))
    return Spark(
        width=width,
        height=height,
        points=" ".join(f"{x},{y}" for x, y in points),
        usual=None if usual is None else place(usual),
        end_x=end_x,
        end_y=end_y,
    )
