"""How long files and functions are. Above 500 lines a file needs a reason; function lengths are reported."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tools.lints.model import Rule, Source

FILE_LIMIT = 500
FUNCTION_LIMIT = 40


class LongFile(Rule):
    """A file of about 300 lines is expected; above 500 it says why, or becomes a folder split by noun."""

    name = "long-file"
    whole_file = True
    good = (
        ("kemai/sales/rules.py", "x = 1\n" * FILE_LIMIT),
        (
            "kemai/sales/rules.py",
            "# lint: allow long-file — one table of standard codes\n" + "x = 1\n" * FILE_LIMIT,
        ),
    )
    bad = (
        ("kemai/sales/rules.py", "x = 1\n" * (FILE_LIMIT + 1)),
        ("frontend/src/app.ts", "go()\n" * (FILE_LIMIT + 1)),
    )

    def applies(self, source: Source) -> bool:
        return not source.is_migration and source.path.endswith((".py", ".ts", ".html", ".css"))

    def find(self, source: Source) -> Iterator[tuple[int, str]]:
        length = source.text.count("\n")
        if length > FILE_LIMIT:
            yield 1, f"{length} lines; split it by noun, or say why it is one thing"


@dataclass(frozen=True, slots=True)
class Length:
    """A function and how many lines it has, its docstring not counted."""

    lines: int
    name: str
    path: str
    line: int


def functions(source: Source) -> Iterator[Length]:
    """Every function of a module with its length."""
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if ast.get_docstring(node) is not None:
                first = node.body[0]
                lines -= (first.end_lineno or first.lineno) - first.lineno + 1
            yield Length(lines, node.name, source.path, node.lineno)


def report(sources: Iterable[Source]) -> Iterator[str]:
    """Lines of a report: files, functions, share of short ones, and the longest of each."""
    code = [source for source in sources if source.is_python and not source.is_migration]
    lengths = sorted((item for source in code for item in functions(source)), key=lambda item: -item.lines)
    files = sorted(((source.text.count("\n"), source.path) for source in code), reverse=True)
    short = sum(item.lines <= FUNCTION_LIMIT for item in lengths)
    share = 100 * short / len(lengths) if lengths else 100.0
    yield f"{len(files)} Python files, {sum(lines for lines, _ in files)} lines; {len(lengths)} functions"
    yield f"{share:.1f} % of the functions have at most {FUNCTION_LIMIT} lines (aim: 95 %)"
    yield from (f"  {lines:5d} {path}" for lines, path in files[:10])
    yield from (f"  {item.lines:5d} {item.path}:{item.line} {item.name}" for item in lengths[:10])


RULES: tuple[Rule, ...] = (LongFile(),)
