"""What each host's robots.txt says, held in memory by a command that asks a site several times."""

from __future__ import annotations


class HeldRobots:
    """The rules by host, as `crawler.kept_robots` has them in Redis; a host that could not be asked is asked again."""

    def __init__(self) -> None:
        self._rules: dict[str, str] = {}

    async def recall(self, origin: str) -> tuple[str, int] | None:
        """Return a host's rules, and for how many seconds they hold: longer than any command; None: it was not asked."""
        reduced = self._rules.get(origin)
        return None if reduced is None else (reduced, 24 * 60 * 60)

    async def remember(self, origin: str, reduced: str) -> None:
        """Hold a host's rules."""
        self.hold(origin, reduced)

    async def close(self, origin: str, reason: str, *, is_busy: bool) -> None:
        """Note that a host's robots.txt cannot be had: nothing is held."""

    def hold(self, origin: str, reduced: str) -> None:
        """Hold rules that were read without a request to a page."""
        self._rules[origin] = reduced
