"""Texts that people write with places for values: messages, prints. Whoever may write a template may not run anything.

Jinja's sandbox, made narrower: values are plain data (text, numbers, dates, lists and mappings of these), nothing is
called but the filters of a short list, loops and output are counted, and the time is limited. The same text in HTML is
escaped. Everything that renders what people wrote renders it here."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, nodes
from jinja2.exceptions import SecurityError, UndefinedError
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from kemai.kit.errors import KitError

Plain = str | int | float | bool | Decimal | dt.date | dt.time | None
MOST_SOURCE = 200_000
REFUSED = (
    nodes.Import, nodes.FromImport, nodes.Include, nodes.Extends, nodes.Macro, nodes.CallBlock, nodes.Block,
    nodes.FilterBlock, nodes.AssignBlock, nodes.Call, nodes.ImportedName, nodes.ExtensionAttribute,
    nodes.EnvironmentAttribute, nodes.Pow, nodes.Mod, nodes.OverlayScope, nodes.ScopedEvalContextModifier,
)  # fmt: skip
"""What a template may hold is text, values, filters, conditions and loops."""
FILTERS = (
    "default", "d", "upper", "lower", "trim", "length", "join", "round", "first", "last", "truncate", "replace", "abs",
    "title", "capitalize", "int", "float", "sum", "sort", "reverse", "unique", "escape", "e", "striptags",
)  # fmt: skip
LOOP = frozenset({"index", "index0", "revindex", "first", "last", "length"})
NAMES = frozenset({"self", "super", "caller", "varargs", "kwargs"})
"""Words that stand for Jinja's own machinery."""
TESTS = ("defined", "undefined", "none", "odd", "even", "string", "number", "divisibleby", "eq", "ne", "in")


class TemplateRefused(KitError):
    """The template is wrong or wants too much. Codes:

    syntax (line, detail), forbidden (what, line), unknown (name), too_long (limit), too_many_steps (limit),
    too_slow (seconds), failed (detail), bad_value (name).
    """


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds of the whole rendering, characters of its output, turns of all its loops together."""

    seconds: float = 2.0
    output: int = 1_000_000
    steps: int = 20_000


DEFAULT = Limits()


class Meter:
    """What one rendering has used up."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.until = time.monotonic() + limits.seconds
        self.steps = 0

    def tick(self) -> None:
        self.steps += 1
        if self.steps > self.limits.steps:
            raise TemplateRefused("too_many_steps", limit=self.limits.steps)
        if time.monotonic() > self.until:
            raise TemplateRefused("too_slow", seconds=self.limits.seconds)


class Sandbox(ImmutableSandboxedEnvironment):
    """Nothing of Python is in reach: attributes are the keys of mappings, and nothing may be called."""

    intercepted_binops = frozenset({"*", "+", "//", "/", "-"})

    def is_safe_callable(self, obj: Any) -> bool:
        return False

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, LoopContext) and attribute in LOOP:
            return getattr(obj, attribute)
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        known = isinstance(obj, Mapping) or (isinstance(obj, Sequence) and isinstance(argument, int))
        if known:
            try:
                return obj[argument]
            except (LookupError, TypeError):
                pass
        return self.undefined(obj=obj, name=str(argument)[:80])

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Numbers are reckoned with, text is put together by `~`: a text times a million is a bomb."""
        if operator != "+" and not all(isinstance(one, int | float | Decimal) for one in (left, right)):
            raise TemplateRefused("failed", detail=operator)
        mixed = {type(one) for one in (left, right)} == {float, Decimal}
        if mixed:
            left, right = Decimal(str(left)), Decimal(str(right))
        return super().call_binop(context, operator, left, right)


def bounded(name: str, done: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that makes text longer may not make it endless."""

    def replaced(value: Any, old: str, new: str) -> str:
        text = str(value)
        if len(text) + text.count(str(old)) * len(str(new)) > DEFAULT.output:
            raise TemplateRefused("too_long", limit=DEFAULT.output)
        return text.replace(str(old), str(new))

    return replaced if name == "replace" else done


@lru_cache(maxsize=2)
def environment(html: bool) -> Sandbox:
    made = Sandbox(autoescape=html, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters = {name: bounded(name, made.filters[name]) for name in FILTERS}
    made.tests = {name: made.tests[name] for name in TESTS}
    made.globals = {}
    made.filters["counted"] = counted
    return made


def counted(values: Any, meter: Meter) -> Iterator[Any]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TemplateRefused("failed", detail="for")
    for one in values:
        meter.tick()
        yield one


def check(source: str, *, html: bool) -> None:
    """Raises TemplateRefused for a template that will not do, whatever the values."""
    compiled(source, html)


@lru_cache(maxsize=256)
def compiled(source: str, html: bool) -> Any:
    if len(source) > MOST_SOURCE:
        raise TemplateRefused("too_long", limit=MOST_SOURCE)
    made = environment(html)
    try:
        tree = made.parse(source)
        look_through(tree, made)
        for loop in list(tree.find_all(nodes.For)):
            meter = nodes.Name("__meter__", "load", lineno=loop.lineno)
            loop.iter = nodes.Filter(loop.iter, "counted", [meter], [], None, None, lineno=loop.lineno)
        return made.from_string(tree)
    except TemplateSyntaxError as error:
        raise TemplateRefused("syntax", line=error.lineno, detail=str(error.message)[:200]) from error
    except RecursionError as error:
        raise TemplateRefused("too_long", limit=MOST_SOURCE) from error


def look_through(tree: nodes.Template, made: Sandbox) -> None:
    """Raises TemplateRefused at the first thing that a template may not hold."""
    for node in tree.find_all(nodes.Node):
        match node:
            case nodes.Name(name=name) if name in NAMES or name.startswith("_"):
                what = name
            case nodes.Filter(name=name) if name not in made.filters or name == "counted":
                what = name
            case nodes.Test(name=name) if name not in made.tests:
                what = name
            case nodes.For(recursive=True):
                what = "recursive"
            case _:
                what = type(node).__name__ if isinstance(node, REFUSED) else ""
        if what:
            raise TemplateRefused("forbidden", what=what[:60], line=node.lineno)


def render(source: str, values: Mapping[str, Any], *, html: bool, limits: Limits = DEFAULT) -> str:
    """The text with its values. `html` escapes them; a value that is HTML already is `Markup`, made by us only.

    Raises TemplateRefused."""
    template, meter = compiled(source, html), Meter(limits)
    known = {name: plain(value, name) for name, value in values.items()}
    pieces: list[str] = []
    size = 0
    try:
        for piece in template.generate(__meter__=meter, **known):
            size += len(piece)
            if size > limits.output:
                raise TemplateRefused("too_long", limit=limits.output)
            if time.monotonic() > meter.until:
                raise TemplateRefused("too_slow", seconds=limits.seconds)
            pieces.append(piece)
    except UndefinedError as error:
        raise TemplateRefused("unknown", name=str(error.message)[:200]) from error
    except (
        TemplateError,
        SecurityError,
        ArithmeticError,
        TypeError,
        ValueError,
        LookupError,
        RecursionError,
    ) as error:
        if isinstance(error, TemplateRefused):
            raise
        raise TemplateRefused("failed", detail=f"{type(error).__name__}: {error}"[:200]) from error
    return "".join(pieces)


def plain(value: Any, name: str, depth: int = 0) -> Any:
    """A copy in plain types, so that no template can reach a record, a manager or a request. Raises TemplateRefused."""
    if value is None or isinstance(value, str | int | float | bool | Decimal | dt.date | dt.time | Markup):
        return value
    if depth < 8 and isinstance(value, Mapping):
        return {str(key): plain(one, name, depth + 1) for key, one in value.items()}
    if depth < 8 and isinstance(value, list | tuple):
        return [plain(one, name, depth + 1) for one in value]
    raise TemplateRefused("bad_value", name=name)
