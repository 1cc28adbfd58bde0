"""Drawn pictures for the bundled sites: a landscape whose shapes and colours follow from its name."""

from __future__ import annotations

import hashlib
import math

WIDTH, HEIGHT = 960, 540


def draw_picture(name: str) -> str:
    """An SVG of hills under a sky; the same name always gives the same picture."""
    seed = hashlib.sha256(name.encode()).digest()
    hue = seed[0] * 360 // 256
    hills = "".join(
        f'<path d="{_hill(seed[1 + layer], layer)}" fill="hsl({(hue + 25 * layer) % 360},{30 + 6 * layer}%,{58 - 13 * layer}%)"/>'
        for layer in range(4)
    )
    sun_x, sun_y, sun_radius = 120 + seed[9] * 3 % 700, 80 + seed[10] % 110, 32 + seed[11] % 30
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="hsl({(hue + 170) % 360},38%,84%)"/>'
        f'<circle cx="{sun_x}" cy="{sun_y}" r="{sun_radius}" fill="hsl({(hue + 40) % 360},70%,92%)"/>{hills}</svg>'
    )


def _hill(phase: int, layer: int) -> str:
    level = 230 + 78 * layer
    points = [
        f"{x} {level + round(46 * math.sin(phase / 9 + x / (95 + 37 * layer)) + 18 * math.sin(phase + x / 41))}"
        for x in range(0, WIDTH + 1, 48)
    ]
    return f"M0 {HEIGHT}L{'L'.join(points)}L{WIDTH} {HEIGHT}Z"
