"""Reading workbooks through calamine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from kemai.kit.tabular.model import BadCell, Cell, Limits, SheetInfo, TabularError
from kemai.kit.tabular.xlsx_guard import check_workbook

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_XLS_LIMIT = 256 * 1024 * 1024
"""The old format ends at 65,536 rows a sheet; a larger file is not one."""


@contextmanager
def open_workbook(path: Path, limits: Limits) -> Iterator[CalamineWorkbook]:
    """Give the opened workbook after all checks; every failure of the parser becomes TabularError."""
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    with path.open("rb") as file:
        old = file.read(8) == _OLE
    if old and path.stat().st_size > _XLS_LIMIT:
        raise TabularError("file_too_large", size=path.stat().st_size, limit=_XLS_LIMIT)
    if not old:
        check_workbook(path, limits)
    try:
        # from_object detects the format by content: an .xls that is really an .xlsx is common.
        with path.open("rb") as file, CalamineWorkbook.from_filelike(file) as book:
            yield book
    except PasswordError as error:
        raise TabularError("xlsx_encrypted") from error
    except (CalamineError, OSError) as error:
        raise TabularError("xlsx_broken", detail=type(error).__name__) from error
    except BaseException as error:
        # The parser is Rust: what it did not foresee arrives as a PanicException, outside Exception.
        if type(error).__name__ == "PanicException":
            raise TabularError("xlsx_broken", detail="PanicException") from None
        raise


def find_sheet(
    book: CalamineWorkbook, name: str | None
) -> tuple[tuple[SheetInfo, ...], SheetInfo, CalamineSheet]:
    """Return all worksheets in order (chart sheets are none), and the chosen one with its content.

    The chosen one is the sheet called ``name`` or the first visible sheet with content. Each sheet is parsed once
    and only one is kept.
    """
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    infos: list[SheetInfo] = []
    best: tuple[int, SheetInfo, CalamineSheet] | None = None
    for meta in book.sheets_metadata:
        if meta.typ != SheetTypeEnum.WorkSheet:
            continue
        sheet = book.get_sheet_by_name(meta.name)
        end = sheet.end
        hidden = meta.visible != SheetVisibleEnum.Visible
        info = SheetInfo(meta.name, end[0] + 1 if end else 0, sheet.width, hidden)
        infos.append(info)
        rank = _rank(info, name)
        if rank and (best is None or rank > best[0]):
            best = (rank, info, sheet)
    if best is None:
        raise TabularError("file_empty") if name is None else TabularError("sheet_missing", sheet=name)
    return tuple(infos), best[1], best[2]


def _rank(info: SheetInfo, name: str | None) -> int:
    if name is not None:
        return int(info.name == name)
    return (1 if info.hidden else 2) if info.rows else 0


def sheet_rows(sheet: CalamineSheet, limits: Limits) -> Iterator[list[Cell] | BadCell]:
    """Yield the sheet's rows from its first used row on."""
    for raw in sheet.iter_rows():
        row = [_cell(value) for value in raw]
        bad = next(
            (i for i, cell in enumerate(row) if isinstance(cell, str) and len(cell) > limits.max_cell), None
        )
        if bad is None:
            yield row
        else:
            yield BadCell("cell_too_long", column=bad, length=len(str(row[bad])), limit=limits.max_cell)


def _cell(value: float | str | bool | dt.date | dt.time | dt.timedelta) -> Cell:
    if value == "":
        return None
    if isinstance(value, dt.timedelta):
        seconds = int(value.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return value
