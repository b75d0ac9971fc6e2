"""Tables from files and into files: CSV in every encoding that Chinese offices use, and Excel workbooks.

Reading refuses what could harm the server (zip bombs, endless cells) with typed codes and goes on past single bad
rows; writing never produces a cell that a spreadsheet would run as a formula.
"""

from kemai.kit.tabular.model import (
    BadCell,
    BadRow,
    Cell,
    ColumnProfile,
    HeaderChange,
    Limits,
    Row,
    SheetInfo,
    Source,
    TabularError,
)
from kemai.kit.tabular.neutral import neutralise, strip_neutralised
from kemai.kit.tabular.read import cell_text, profile, rows
from kemai.kit.tabular.write import CsvWriter, XlsxWriter, write_csv, write_xlsx

__all__ = [
    "BadCell",
    "BadRow",
    "Cell",
    "ColumnProfile",
    "CsvWriter",
    "HeaderChange",
    "Limits",
    "Row",
    "SheetInfo",
    "Source",
    "TabularError",
    "XlsxWriter",
    "cell_text",
    "neutralise",
    "profile",
    "rows",
    "strip_neutralised",
    "write_csv",
    "write_xlsx",
]
