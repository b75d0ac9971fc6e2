"""Writing many rows down: a template says once what a row and a cell look like, values are put in without it.

A table of fifty rows has five hundred cells; a template's macro for each would cost more than everything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from django.template import engines
from django.utils.translation import get_language
from markupsafe import Markup, escape

from kemai.platform.ui import cells as shown
from kemai.platform.ui.lists.cells import Cell

ID, TITLE, TEXT, A, B = "\ue000", "\ue001", "\ue002", "\ue003", "\ue004"
FIRST_CELL = 0xE010
"""Marks are characters of the private-use area: no template and no escaping touches them."""
CACHED = 20_000


def macro(template: str, name: str) -> Any:
    return getattr(engines["jinja2"].env.get_template(template).module, name)  # type: ignore[attr-defined]


def html(cell: Cell) -> str:
    """What stands in the cell."""
    if cell.kind == "pills":
        return pills(cell.text, tuple(map(tuple, cell.a)), cell.b, get_language() or "")
    return pattern(cell.kind, get_language() or "") % {
        "t": escape(cell.text),
        "a": escape(cell.a),
        "b": escape(cell.b),
    }


@lru_cache(maxsize=200)
def pattern(kind: str, language: str) -> str:
    """The cell of a kind as a format of Python."""
    text = str(macro("ui/pages/list_cell.html", "cell_")(Cell(kind, TEXT, A, B))).strip().replace("%", "%%")
    return text.replace(TEXT, "%(t)s").replace(A, "%(a)s").replace(B, "%(b)s")


@lru_cache(maxsize=CACHED)
def pills(text: str, shown: tuple[Any, ...], rest: int, language: str) -> str:
    return str(macro("ui/pages/list_cell.html", "cell_")(Cell("pills", text, shown, rest))).strip()


@lru_cache(maxsize=1000)
def row_format(columns: tuple[Any, ...], path: str, edit: bool, language: str) -> str:
    """A row as a format of Python, with `id`, `title` and the cells `c0`, `c1` …"""
    marks = [chr(FIRST_CELL + n) for n in range(len(columns))]
    text = str(macro("ui/pages/list_rows.html", "row_")(columns, path, ID, TITLE, marks, edit)).replace(
        "%", "%%"
    )
    for n, mark in enumerate(marks):
        text = text.replace(mark, f"%(c{n})s")
    return text.replace(ID, "%(id)s").replace(TITLE, "%(title)s")


def body(
    columns: Sequence[Any], path: str, rows: Sequence[tuple[int, str, Sequence[Cell]]], *, edit: bool
) -> Markup:
    """The rows (key, title, cells) of a table; `edit` says that they offer to be edited."""
    patterns = Patterns(get_language() or "")
    # a column's link for sorting stands in the head alone
    form = row_format(
        tuple(c._replace(sort_url="", sorted="") for c in columns), path, edit, patterns.language
    )
    return shown.written("".join(form % values(key, title, cells, patterns) for key, title, cells in rows))


class Patterns(dict[str, str]):
    """The formats of the kinds of cells in one language."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self.language = language

    def __missing__(self, kind: str) -> str:
        self[kind] = found = pattern(kind, self.language)
        return found


def values(key: int, title: str, cells: Sequence[Cell], patterns: Patterns) -> Mapping[str, object]:
    found: dict[str, object] = {"id": key, "title": escape(title)}
    for n, cell in enumerate(cells):
        kind, text, a, b = cell
        if kind == "text":
            found[f"c{n}"] = escape(text)
        elif kind == "pills":
            found[f"c{n}"] = pills(text, tuple(map(tuple, a)), b, patterns.language)
        else:
            found[f"c{n}"] = patterns[kind] % {"t": escape(text), "a": escape(a), "b": escape(b)}
    return found
