"""The files in deploy/, by the validators of those who read them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

DEPLOY = Path(__file__).parents[1] / "deploy"
UNITS = sorted(path for path in DEPLOY.rglob("*") if path.suffix in {".service", ".timer"})
MANIFESTS = [
    document
    for path in sorted(DEPLOY.glob("kubernetes/*.yaml"))
    for document in yaml.safe_load_all(path.read_text())
]


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_systemd_takes_each_unit(unit, tmp_path):
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("needs systemd-analyze")
    for path in UNITS:
        # The program is not installed here.
        (tmp_path / path.name).write_text(
            path.read_text().replace("/opt/broadsheet/bin/broadsheet", "/bin/true")
        )
    done = subprocess.run(
        [tool, "verify", str(tmp_path / unit.name)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, [line for line in done.stderr.splitlines() if unit.name in line]) == (0, [])


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda manifest: manifest["metadata"]["name"])
def test_kubernetes_takes_each_manifest(manifest):
    validate = pytest.importorskip("kubernetes_validate", reason="needs kubernetes-validate")
    validate.validate(manifest, "1.31", strict=True)


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda manifest: manifest["metadata"]["name"])
def test_each_container_runs_a_command_that_there_is(manifest):
    from typer.main import get_command

    from crawler.cli import app

    commands = get_command(app).commands
    template = manifest.get("spec", {})
    template = (
        template.get("jobTemplate", template).get("spec", template) if "jobTemplate" in template else template
    )
    for container in template.get("template", {}).get("spec", {}).get("containers", ()):
        program, name, *arguments = container["command"]
        options = {option for parameter in commands[name].params for option in parameter.opts}
        assert program == "broadsheet"
        assert {argument for argument in arguments if argument.startswith("--")} <= options
