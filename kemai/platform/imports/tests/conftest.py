"""Files to import, and the people who do."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from kemai.platform import imports
from kemai.platform.access import SYSTEM
from kemai.platform.imports import work
from kemai.platform.models import ImportRun
from kemai.platform.objects import get

Rows = Sequence[Sequence[str]]
Load = Callable[..., ImportRun]
IMPORTER = SYSTEM.through("import")


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three rows a transaction, so that a few rows make several."""
    monkeypatch.setattr(work, "CHUNK", 3)


@pytest.fixture
def load(tmp_path: Path, db: None) -> Load:
    """load(header, rows, type_key, by=…, **options): the file, uploaded and configured with the guessed mapping."""

    def build(header: Sequence[str], rows: Rows, type_key: str = "customer", **given: Any) -> ImportRun:
        path = tmp_path / f"{type_key}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *rows])
        return opened(path, type_key, **given)

    return build


def opened(path: Path, type_key: str = "customer", **given: Any) -> ImportRun:
    by = given.pop("by", IMPORTER)
    shape = given.pop("shape", "")
    create_missing = given.pop("create_missing", ())
    run = imports.upload(path, path.name, type_key, shape, by=by)
    if run.state == "failed":
        return run
    guessed = imports.suggestion(run, by=by)
    columns = [
        imports.ColumnMap(one.column, one.field, one.by, create=one.create or one.field in create_missing)
        for one in guessed.columns
    ]
    options = imports.Options(**{**vars(guessed.options), **given})
    return imports.configure(run, columns, options, by=by)


def rows_of(type_key: str, *fields: str) -> list[tuple[Any, ...]]:
    found = get(type_key).model._default_manager.filter(deleted_at=None).order_by("id")
    return list(found.values_list(*fields))


def customers(*fields: str) -> list[tuple[Any, ...]]:
    return rows_of("customer", *fields)


def counts(run: ImportRun) -> tuple[int, ...]:
    """(created, updated, skipped, refused)"""
    return tuple(int(run.counts.get(name, 0)) for name in ("create", "update", "skip", "refuse"))


def rehearsed(run: ImportRun) -> tuple[int, ...]:
    found = imports.rehearse(run)["counts"]
    return tuple(found[name] for name in ("create", "update", "skip", "refuse"))
