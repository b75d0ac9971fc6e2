"""What turns stored data into a company at work: analyses, the chain sheet, segments, saved views, dashboards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kemai.project.demo.company import Company
from kemai.project.demo.progress import Progress


def analyse(made: Company, progress: Progress) -> None:
    pass


def dress(ids: Mapping[str, Sequence[int]]) -> None:
    pass
