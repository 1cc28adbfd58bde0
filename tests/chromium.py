"""Where the tests find Chromium, and how they say that there is none."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

HAS_PLAYWRIGHT = find_spec("playwright") is not None


def find_chromium():
    """The program to run; None: there is none, or no playwright to drive it."""
    if not HAS_PLAYWRIGHT:
        return None
    named = os.environ.get("BROADSHEET_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if named:
        return named
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


CHROMIUM = find_chromium()
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None,
    reason="needs Chromium and the extra `browser`: pip install -e '.[browser]', and playwright install chromium "
    "or BROADSHEET_CHROMIUM=PROGRAM",
)
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
