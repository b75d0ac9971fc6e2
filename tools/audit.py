"""Whether what we are built of keeps to the days of docs/inventories.md (“Mending what others wrote”).

    ./run audit [ADVISORIES]

Compares both lock files with the newest releases (uv and npm ask their registries) and, where ADVISORIES names a folder
of advisories in OSV's form (JSON or YAML, as osv.dev, GitHub and PyPA give them out), with these. Ends with 1 where a
component has a known weakness, mended elsewhere, for longer than promised, or lies behind a release for too long."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from tools.frontend import FRONTEND, ROOT, node

DAYS = {"CRITICAL": 3, "HIGH": 7, "MODERATE": 30, "MEDIUM": 30, "LOW": 90}
BEHIND = {"django": 30, "cryptography": 30}
BEHIND_OTHERS = 90


@dataclass(frozen=True)
class Part:
    ecosystem: str
    name: str
    version: str
    published: datetime | None = None


def moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def python_parts(lock: Path, wanted: frozenset[str] | None = None) -> dict[str, Part]:
    found = {}
    for package in tomllib.loads(lock.read_text("utf-8"))["package"]:
        files = [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
        times = [moment(str(one["upload-time"])) for one in files if "upload-time" in one]
        if "registry" in package["source"] and (wanted is None or package["name"] in wanted):
            name = package["name"]
            found[name] = Part("PyPI", name, package["version"], min(times, default=None))
    return found


def shipped() -> frozenset[str]:
    """The Python packages that run: not those that only developers use."""
    out = said([uv(), "export", "--quiet", "--frozen", "--no-dev", "--no-hashes", "--no-header"], ROOT)
    return frozenset(line.partition("==")[0].strip() for line in out.splitlines() if "==" in line)


def npm_parts(lock: Path) -> dict[str, Part]:
    packages = json.loads(lock.read_text("utf-8"))["packages"]
    return {
        path.rpartition("node_modules/")[2]: Part("npm", path.rpartition("node_modules/")[2], one["version"])
        for path, one in packages.items()
        if path and not one.get("dev")
    }


def uv() -> str:
    return shutil.which("uv") or str(Path(sys.executable).parent / "uv")


def said(command: list[str], folder: Path, **more: str) -> str:
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **more}, capture_output=True, text=True, check=False
    )
    return done.stdout


def newest_python() -> dict[str, Part]:
    with tempfile.TemporaryDirectory(prefix="kemai-audit-") as folder:
        for name in ("pyproject.toml", "uv.lock"):
            shutil.copy(ROOT / name, folder)
        said([uv(), "lock", "--quiet", "--upgrade"], Path(folder))
        return python_parts(Path(folder, "uv.lock"))


def newest_npm(parts: Iterable[Part]) -> dict[str, Part]:
    binary, npm = node()
    path = f"{binary.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    found = {}
    for part in parts:
        order = [str(binary), str(npm), "view", part.name, "version", "time", "--json"]
        told = json.loads(said(order, FRONTEND, PATH=path) or "{}")
        version = told.get("version", part.version)
        at = told.get("time", {}).get(version)
        found[part.name] = Part("npm", part.name, version, moment(at) if at else None)
    return found


def behind(
    parts: Mapping[str, Part], newest: Mapping[str, Part], now: datetime
) -> Iterator[tuple[str, bool]]:
    """A line for each part that has been replaced, and whether for too long."""
    for name, part in sorted(parts.items()):
        new = newest.get(name)
        if new is None or new.version == part.version:
            continue
        days = (now - new.published).days if new.published else 0
        late = days > BEHIND.get(name, BEHIND_OTHERS)
        yield f"{part.ecosystem} {name} {part.version}: {new.version} is out for {days} days", late


def advisories(folder: Path) -> Iterator[dict[str, Any]]:
    import yaml

    for path in sorted(folder.rglob("*")):
        if path.suffix == ".json":
            yield json.loads(path.read_text("utf-8"))
        elif path.suffix in {".yaml", ".yml"}:
            yield yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)


def touches(part: Part, affected: Mapping[str, Any]) -> bool:
    package = affected.get("package", {})
    if package.get("ecosystem") != part.ecosystem or package.get("name", "").lower() != part.name.lower():
        return False
    if part.version in affected.get("versions", ()):
        return True
    ranges = [one.get("events", []) for one in affected.get("ranges", ()) if one.get("type") != "GIT"]
    return any(inside(part.version, events) for events in ranges)


def inside(version: str, events: Iterable[Mapping[str, str]]) -> bool:
    """Events come in order: introduced, fixed, introduced …"""
    touched = False
    try:
        ours = Version(version)
        for event in events:
            kind, value = next(iter(event.items()))
            bound = Version("0" if value == "0" else value)
            if kind == "introduced" and ours >= bound:
                touched = True
            elif (kind == "fixed" and ours >= bound) or (kind == "last_affected" and ours > bound):
                touched = False
    except InvalidVersion:
        return False
    return touched


def weak(
    parts: Iterable[Part], found: Iterable[Mapping[str, Any]], now: datetime
) -> Iterator[tuple[str, bool]]:
    """A line for each weakness of ours, and whether it is open for longer than promised."""
    known = list(parts)
    for one in found:
        if one.get("withdrawn"):
            continue
        hit = [part for part in known if any(touches(part, each) for each in one.get("affected", ()))]
        severity = str(one.get("database_specific", {}).get("severity", "HIGH")).upper()
        days = (now - since(one)).days
        for part in hit:
            yield (
                f"{part.ecosystem} {part.name} {part.version}: {one['id']} ({severity}) known for {days} days",
                (days > DAYS.get(severity, DAYS["HIGH"])),
            )


def since(advisory: Mapping[str, Any]) -> datetime:
    return moment(str(advisory.get("published") or advisory["modified"]))


def main(arguments: list[str]) -> int:
    now = datetime.now(UTC)
    python, npm = python_parts(ROOT / "uv.lock", shipped()), npm_parts(FRONTEND / "package-lock.json")
    lines = [*behind(python, newest_python(), now), *behind(npm, newest_npm(npm.values()), now)]
    told = f"{len(python)} Python packages, {len(npm)} of npm"
    if arguments:
        known = list(advisories(Path(arguments[0])))
        lines += weak([*python.values(), *npm.values()], known, now)
        newest = max((since(one) for one in known), default=None)
        told += f"; {len(known)} advisories, the newest of {newest:%Y-%m-%d}" if newest else "; no advisories"
    for line, late in lines:
        print(f"{'LATE ' if late else 'known'} {line}")
    print(told)
    return 1 if any(late for _line, late in lines) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
