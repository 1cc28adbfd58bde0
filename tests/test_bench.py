"""What the benchmarks say where the shared sets are not."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("script", ["quality", "speed", "near_duplicates"])
def test_benchmark_without_the_shared_sets_says_in_one_line_what_to_name(script, tmp_path):
    command = [sys.executable, str(ROOT / f"bench/{script}.py"), "--shared", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"--shared {tmp_path}: no ")
    assert "CONTRIBUTING.md" in line


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_bench_without_the_shared_sets_says_in_one_line_what_to_name(tmp_path):
    command = ["make", "--dry-run", "bench", f"SHARED={tmp_path}"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert f"SHARED={tmp_path}: the shared sets are not there" in line
