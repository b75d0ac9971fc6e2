"""What a rule is, what it looks at and what it reports."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

ALLOW = re.compile(
    r"(?:#|//|/\*|\{#|<!--)\s*lint: allow (?P<rule>[a-z-]+)(?:\s*[—:-]+\s*(?P<reason>.*?))?\s*(?:#\}|\*/|-->)?\s*$"
)
TEST_PARTS = frozenset({"tests", "testing"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One place that breaks one rule."""

    path: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.rule}: {self.message}"


@dataclass(frozen=True)
class Source:
    """A file under examination; `path` is relative to the repository, with forward slashes."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed module. Raises SyntaxError."""
        return ast.parse(self.text, self.path)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """All nodes of the module, walked once for all rules."""
        return list(ast.walk(self.tree))

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """Folder names and the module's own name: ('kemai', 'staff', 'views')."""
        return tuple(self.path.rsplit(".", 1)[0].split("/"))

    @property
    def is_python(self) -> bool:
        """Whether this is a Python module."""
        return self.path.endswith(".py")

    @property
    def is_test(self) -> bool:
        """Whether this is a test or serves only tests."""
        name = self.parts[-1]
        return bool(TEST_PARTS.intersection(self.parts)) or name.startswith("test_") or name == "conftest"

    @property
    def is_migration(self) -> bool:
        """Whether this is a database migration."""
        return "migrations" in self.parts

    @property
    def is_page(self) -> bool:
        """Whether this is an HTML template."""
        return self.path.endswith((".html", ".jinja")) and "templates" in self.parts

    @cached_property
    def allowances(self) -> dict[int, tuple[str, str]]:
        """Line → (rule, reason) of every allowance in the file."""
        found = {}
        for number, line in enumerate(self.text.splitlines(), 1):
            match = ALLOW.search(line)
            if match:
                found[number] = (match["rule"], (match["reason"] or "").strip())
        return found

    def allowed_by(self, rule: Rule, line: int) -> int | None:
        """The line of the allowance that covers a finding: the same line, a comment line above, or the head."""
        near = range(1, 11) if rule.whole_file else (line, line - 1)
        for number in near:
            if self.allowances.get(number, ("", ""))[0] == rule.name and self._covers(number, line, rule):
                return number
        return None

    def _covers(self, number: int, line: int, rule: Rule) -> bool:
        if rule.whole_file or number == line:
            return True
        return self.text.splitlines()[number - 1].lstrip().startswith(("#", "//", "/*", "{#", "<!--"))


class Rule:
    """A rule: which files it applies to, what it finds, and examples that are its tests.

    Examples are (path, text) pairs: `good` must pass and `bad` must be found, at least once each.
    """

    name: ClassVar[str]
    whole_file: ClassVar[bool] = False
    good: ClassVar[tuple[tuple[str, str], ...]]
    bad: ClassVar[tuple[tuple[str, str], ...]]

    def applies(self, source: Source) -> bool:
        """Whether the rule has anything to say about this file."""
        raise NotImplementedError

    def find(self, source: Source) -> Iterator[tuple[int, str]]:
        """Line and message of each place that breaks the rule."""
        raise NotImplementedError


def called_name(call: ast.Call) -> str:
    """The last part of what is called: `save` for obj.save(), `_` for _("…")."""
    target = call.func
    if isinstance(target, ast.Attribute):
        return target.attr
    return target.id if isinstance(target, ast.Name) else ""


def imported(source: Source) -> Iterator[tuple[int, str]]:
    """Line and full dotted name of everything a module imports, relative imports resolved."""
    package = source.parts if source.path.endswith("__init__.py") else source.parts[:-1]
    package = tuple(part for part in package if part != "__init__")
    for node in source.nodes:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            up = len(package) - node.level + 1
            base = ".".join(package[:up]) if node.level else ""
            start = ".".join(part for part in (base, node.module or "") if part)
            yield from ((node.lineno, f"{start}.{alias.name}") for alias in node.names)
