"""Rewrite cleaners/rules/icons.toml from the npm packages that list the ligatures of Google's icon fonts.

    python tools/refresh_icons.py

Needs `npm` on the path; prints what was added and removed. Names are never dropped by a new release of a
package alone: a page keeps the icon names of the font it was built with.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from datetime import UTC, datetime
from pathlib import Path

PACKAGES = {
    "@material-symbols/metadata": "package/versions.json",
    "material-icons": "package/_data/versions.json",
}
TARGET = Path(__file__).parent.parent / "cleaners" / "rules" / "icons.toml"


def fetch(package: str, member: str, folder: Path) -> tuple[str, set[str]]:
    """The package's version and its icon names, from the archive that `npm pack` downloads."""
    command = ["npm", "pack", "--json", "--pack-destination", str(folder), package]
    packed = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    # npm lists the packages it packed, or maps them by name from version 11 on.
    (entry,) = packed.values() if isinstance(packed, dict) else packed
    archives = [path for path in folder.glob("*.tgz") if entry["version"] in path.name]
    with tarfile.open(archives[0]) as archive:
        file = archive.extractfile(member)
        if file is None:
            raise SystemExit(f"{package} {entry['version']} holds no {member}; see its new layout")
        return entry["version"], set(json.load(file))


def main() -> None:
    known = set(tomllib.loads(TARGET.read_text())["names"].split()) if TARGET.exists() else set()
    names, sources = set[str](), []
    for package, member in PACKAGES.items():
        with tempfile.TemporaryDirectory() as folder:
            version, found = fetch(package, member, Path(folder))
        sources.append(f"{package} {version}")
        names |= found
    odd = sorted(name for name in names if not name.replace("_", "a").isalnum() or name != name.lower())
    if odd:
        sys.exit(f"not ligature names: {', '.join(odd)}")
    lines = "\n".join(sorted(names | known))
    TARGET.write_text(
        f'source = "npm {" and ".join(sources)}"\n'
        'licence = "Apache-2.0"\n'
        f"retrieved = {datetime.now(UTC).date()}\n"
        'generated_by = "tools/refresh_icons.py"\n'
        f"names = '''\n{lines}\n'''\n"
    )
    print(
        f"added {sorted(names - known) if known else len(names)}; no longer listed, kept {sorted(known - names)}"
    )


if __name__ == "__main__":
    main()
