"""`python -m tools.lints [FILE…]` checks, `python -m tools.lints --sizes` reports lengths."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from tools.lints import doors, pages, sizes, words
from tools.lints.model import Finding, Rule, Source

ROOT = Path(__file__).resolve().parents[2]
RULES: tuple[Rule, ...] = (*doors.RULES, *words.RULES, *pages.RULES, *sizes.RULES)
FOLDERS = ("kemai", "tools", "tests", "bench", "frontend/src", "frontend/styles")
SUFFIXES = frozenset({".py", ".html", ".jinja", ".ts", ".css"})
SKIPPED = frozenset({"node_modules", "dist", "__pycache__"})


def check(source: Source, rules: tuple[Rule, ...] = RULES) -> Iterator[Finding]:
    """Every finding in one file, allowances applied and themselves checked."""
    used: set[int] = set()
    try:
        for rule in rules:
            if not rule.applies(source):
                continue
            for line, message in rule.find(source):
                allowance = source.allowed_by(rule, line)
                if allowance is None:
                    yield Finding(source.path, line, rule.name, message)
                else:
                    used.add(allowance)
    except SyntaxError as error:
        yield Finding(source.path, error.lineno or 1, "syntax", error.msg)
        return
    # the lints and their tests are full of examples of allowances
    if not source.path.startswith(("tools/lints/", "tests/test_lints")):
        yield from _idle(source, used)


def _idle(source: Source, used: set[int]) -> Iterator[Finding]:
    for line, (rule, reason) in source.allowances.items():
        if line not in used:
            yield Finding(source.path, line, "allowance", f"allows nothing: {rule}")
        elif not reason:
            yield Finding(source.path, line, "allowance", f"says no reason: # lint: allow {rule} — why")


def sources(names: list[str]) -> Iterator[Source]:
    """The files named, or all of the project's."""
    starts = [Path(name).resolve() for name in names] or [ROOT / folder for folder in FOLDERS]
    for start in starts:
        for path in sorted(start.rglob("*")) if start.is_dir() else [start]:
            wanted = path.suffix in SUFFIXES and not SKIPPED.intersection(path.parts)
            if wanted and path.is_file():
                yield Source(path.relative_to(ROOT).as_posix(), path.read_text("utf-8"))


def main(arguments: list[str]) -> int:
    """Entry point; 1 when something was found."""
    if "--sizes" in arguments:
        print("\n".join(sizes.report(sources([name for name in arguments if name != "--sizes"]))))
        return 0
    findings = [finding for source in sources(arguments) for finding in check(source)]
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
