"""The bill of materials: what a running Kemai is made of, as CycloneDX 1.5.

    ./run sbom [FILE]      (kemai.cdx.json)

uv and npm each write their part out of their lock files; here the two become one, with the licences that the installed
Python packages name for themselves. What only developers need is not in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.license import DisjunctiveLicense, LicenseExpression

from tools.frontend import FRONTEND, ROOT, node

Bom = dict[str, Any]
DEFAULT = "kemai.cdx.json"


def python_part() -> Bom:
    uv = shutil.which("uv") or str(Path(sys.executable).parent / "uv")
    return told([uv, "export", "--quiet", "--frozen", "--no-dev", "--format", "cyclonedx1.5"], ROOT)


def npm_part() -> Bom:
    binary, npm = node()
    path = f"{binary.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    order = ["sbom", "--package-lock-only", "--omit", "dev", "--sbom-format", "cyclonedx"]
    return told([str(binary), str(npm), *order], FRONTEND, PATH=path)


def told(command: list[str], folder: Path, **more: str) -> Bom:
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **more}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr.strip() or f"{command[0]} failed")
    found: Bom = json.loads(done.stdout)
    return found


def licences(name: str) -> list[dict[str, Any]]:
    """As the installed package names it; nothing for what is not installed here (packages of other systems)."""
    try:
        told_of = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return []
    named = {key: told_of[key] for key in ("License-Expression", "License") if key in told_of}
    text = named.get("License-Expression") or short(named.get("License", "")) or classified(told_of)
    if not text:
        return []
    made = LicenseFactory().make_from_string(text)
    if isinstance(made, LicenseExpression):
        return [{"expression": made.value}]
    assert isinstance(made, DisjunctiveLicense)
    return [{"license": {"id": made.id} if made.id else {"name": made.name}}]


def short(text: str) -> str:
    """Some packages put the whole text of their licence there."""
    return "" if "\n" in text or len(text) > 80 else text.strip()


def classified(of: metadata.PackageMetadata) -> str:
    names = [
        line.rpartition(" :: ")[2] for line in of.get_all("Classifier") or [] if line.startswith("License ::")
    ]
    return names[0] if len(names) == 1 else ""


def whole() -> Bom:
    """uv's part with npm's in it: the front end is a component that the product depends on."""
    bom, front = python_part(), npm_part()
    root, page = bom["metadata"]["component"], front["metadata"]["component"]
    for component in bom["components"]:
        if found := licences(component["name"]):
            component["licenses"] = found
    root |= {"type": "application", "licenses": [{"license": {"id": "Apache-2.0"}}]}
    bom["metadata"]["tools"] += front["metadata"]["tools"]
    bom["components"] += [page, *front["components"]]
    needs = {one["ref"]: one for one in [*bom["dependencies"], *front["dependencies"]]}
    own = needs.setdefault(root["bom-ref"], {"ref": root["bom-ref"]})
    own["dependsOn"] = [*own.get("dependsOn", []), page["bom-ref"]]
    bom["dependencies"] = list(needs.values())
    return bom


def main() -> int:
    path = Path(sys.argv[1] if len(sys.argv) > 1 else DEFAULT)
    bom = whole()
    path.write_text(json.dumps(bom, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"{path}: {len(bom['components'])} components")
    return 0


if __name__ == "__main__":
    sys.exit(main())
