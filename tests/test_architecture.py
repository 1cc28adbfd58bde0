"""Habits that a linter does not know."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = sorted(
    path for package in ("crawler", "pipelines", "cleaners") for path in (ROOT / package).rglob("*.py")
)
IDS = [str(path.relative_to(ROOT)) for path in MODULES]
TRACKED = subprocess.run(
    ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False
).stdout.decode()


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_no_module_is_longer_than_400_lines(path):
    assert len(path.read_text().splitlines()) <= 400


def test_no_module_is_a_drawer_for_anything():
    assert not [name for name in IDS if re.search(r"\b(utils?|helpers?|common|misc)\.py$", name)]


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_every_module_says_what_it_is_for(path):
    tree = ast.parse(path.read_text())
    assert not tree.body or ast.get_docstring(tree)


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_no_module_has_unfinished_work(path):
    assert not re.search(r"\b(TODO|FIXME|XXX|NotImplementedError)\b", path.read_text())


def test_only_the_settings_read_the_environment():
    # The pool hands the environment on to its workers as it is.
    readers = [
        name
        for name, path in zip(IDS, MODULES, strict=True)
        if re.search(r"\bos\.(environ|getenv)\b", path.read_text())
    ]
    assert readers == ["crawler/settings.py", "pipelines/pool.py"]


def test_only_one_module_imports_trafilatura():
    importers = [
        name
        for name, path in zip(IDS, MODULES, strict=True)
        if re.search(r"^\s*(?:from|import) trafilatura", path.read_text(), flags=re.MULTILINE)
    ]
    assert len(importers) <= 1


def test_no_file_names_a_machine():
    # A home folder or the address of a package index tells where something was written, and works nowhere else.
    pattern = re.compile(r"(/home/|/root/|/Users/)\w|--(extra-)?index-url|https?://[\w.:-]+/simple\b")
    named = TRACKED.split("\0") if TRACKED else pytest.skip("not a git repository")
    texts = [
        ROOT / name
        for name in named
        if name.endswith((".py", ".md", ".toml", ".lock", ".cfg", "Makefile", "run"))
    ]
    assert texts
    assert [
        path for path in texts if path.is_file() and pattern.search(path.read_text("utf-8", "replace"))
    ] == []
