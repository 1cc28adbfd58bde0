"""Ports for the demo sites of a test, so that tests run beside each other and beside a demo."""

import os
import socket

import pytest

from crawler.demo.content import SITE_IDS


@pytest.fixture(scope="session")
def find_free_port():
    """Gives, at each call, the first of as many free neighbouring ports as there are sites."""
    # Each process of pytest-xdist looks in a range of its own: two that found the same ports free would both take them.
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    tried = iter(range(20_000 + 97 * 40 * worker, 60_000, 97))

    def find():
        return next(base for base in tried if all(is_free(base + offset) for offset in range(len(SITE_IDS))))

    return find


def is_free(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
