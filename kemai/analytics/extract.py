"""Rows out of the operational database, fast: the database itself writes blocks of CSV, Arrow's reader takes them.

One statement a block of 50,000 rows, `SELECT group_concat(line) …`, costs a quarter of fetching the rows into Python,
the same way on SQLite and PostgreSQL, through Django's own connection: no second SQLite library in the process (two
copies break each other's locks) and no second connection with another view of the data."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.csv as arrow_csv
from django.db import connection, models

from kemai.analytics.store import SQL_TYPES, Session
from kemai.platform.objects.dataset import Dataset

BLOCK = 50_000
KEYS = 5_000
WIDE = 40
ARROW = {
    "code": pa.string(), "string": pa.string(), "int64": pa.int64(), "cents": pa.int64(), "float64": pa.float64(),
    "boolean": pa.int8(), "timestamp": pa.string(), "date": pa.string(),
}  # fmt: skip


def load(session: Session, table: str, dataset: Dataset, rows: models.QuerySet[Any]) -> int:
    """Append `rows` (a queryset over the dataset's source) to a table; returns how many."""
    return store(session, table, dataset, blocks(dataset, rows))


def load_keys(
    session: Session, table: str, dataset: Dataset, rows: models.QuerySet[Any], by: str, keys: Sequence[int]
) -> int:
    """Append those of `rows` whose column `by` is among the keys."""
    parts = (keys[start : start + KEYS] for start in range(0, len(keys), KEYS))
    texts = (_block_text(dataset, rows.filter(**{f"{by}__in": part})) for part in parts)
    return store(session, table, dataset, (text for text in texts if text))


def store(session: Session, table: str, dataset: Dataset, texts: Iterable[str]) -> int:
    """Reading stays in this thread (the connection is its own); parsing and storing overlap with it in another."""
    insert = f'INSERT INTO "{table}" SELECT {", ".join(_stored(dataset))} FROM block'
    columns = {
        name: pa.string() if name in dataset.loose else ARROW[kind] for name, kind in dataset.columns.items()
    }
    quoted = bool(dataset.loose) or "string" in dataset.columns.values()
    total = 0
    with ThreadPoolExecutor(1) as pool:
        waiting: Future[int] | None = None
        for text in texts:
            if waiting is not None:
                total += waiting.result()
            waiting = pool.submit(_store, session, insert, text, columns, quoted)
        if waiting is not None:
            total += waiting.result()
    return total


def blocks(dataset: Dataset, rows: models.QuerySet[Any]) -> Iterator[str]:
    """The rows as CSV without a header, a range of keys at a time (keys are dense, but for holes)."""
    primary = dataset.primary
    keys = rows.order_by(primary).values_list(primary, flat=True)
    low, last = keys.first(), keys.last()
    while low is not None and last is not None and low <= last:
        high = low + BLOCK
        text = _block_text(dataset, rows.filter(**{f"{primary}__gte": low, f"{primary}__lt": high}))
        if text:
            yield text
            low = high
        else:  # a hole in the keys: on to the next one there is
            low = keys.filter(**{f"{primary}__gte": high}).first()


def _block_text(dataset: Dataset, rows: models.QuerySet[Any]) -> str:
    inner, args = rows.order_by().values_list(*dataset.columns).query.sql_with_params()
    names = [f"c{index}" for index in range(len(dataset.columns))]
    values = [
        _as_csv(name, "loose" if column in dataset.loose else kind)
        for name, (column, kind) in zip(names, dataset.columns.items(), strict=True)
    ]
    # to concat, NULL is nothing on both databases; a function takes a hundred arguments at most
    parts = ["concat(" + ", ',', ".join(values[at : at + WIDE]) + ")" for at in range(0, len(values), WIDE)]
    line = " || ',' || ".join(parts)
    joined = (
        f"string_agg({line}, chr(10))"
        if connection.vendor == "postgresql"
        else f"group_concat({line}, char(10))"
    )
    with connection.cursor() as cursor:
        cursor.execute(f"WITH s({', '.join(names)}) AS ({inner}) SELECT {joined} FROM s", args)
        row = cursor.fetchone()
    return str(row[0]) if row and row[0] is not None else ""


def _as_csv(name: str, kind: str) -> str:
    postgres = connection.vendor == "postgresql"
    if kind == "string":
        return f"""'"' || replace({name}, '"', '""') || '"'"""
    if kind == "loose":
        return f"""'"' || replace(CAST({name} AS text), '"', '""') || '"'"""
    if kind == "boolean" and postgres:
        return f"CAST({name} AS integer)"
    if kind == "timestamp" and postgres:
        return f"{name} AT TIME ZONE 'UTC'"
    return name


def _store(session: Session, insert: str, text: str, columns: Mapping[str, Any], quoted: bool) -> int:
    block = arrow_csv.read_csv(
        io.BytesIO(f"{text}\n".encode()),
        arrow_csv.ReadOptions(column_names=list(columns), use_threads=False),
        arrow_csv.ParseOptions(newlines_in_values=quoted),
        arrow_csv.ConvertOptions(
            column_types=columns,
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            null_values=[""],
        ),
    )
    # the session's own connection: its reader thread does not use the engine meanwhile, and temporary tables are its
    session.connection.register("block", block)
    session.connection.execute(insert)
    session.connection.unregister("block")
    return int(block.num_rows)


def _stored(dataset: Dataset) -> list[str]:
    """The select list that turns a block into stored columns, the local ones behind."""
    plain = [
        _stored_as(name, "loose" if name in dataset.loose else kind, SQL_TYPES[kind])
        for name, kind in dataset.columns.items()
    ]
    return plain + [
        local_sql(f'CAST("{source}" AS TIMESTAMP)', kind) for kind, source in dataset.local.values()
    ]


def _stored_as(name: str, kind: str, sql_type: str) -> str:
    if kind == "code":
        return f"coalesce(\"{name}\", '')"
    return f'{"TRY_CAST" if kind == "loose" else "CAST"}("{name}" AS {sql_type})'


def local_sql(moment: str, kind: str) -> str:
    """A UTC timestamp as local date or hour. Zones without summer time since 1992 (China) are plain arithmetic,
    which is ten times cheaper than the calendar of the engine."""
    minutes = fixed_offset()
    local = (
        f"({moment} + INTERVAL '{minutes}' MINUTE)"
        if minutes is not None
        else f"timezone('{_zone_name()}', timezone('UTC', {moment}))"
    )
    return f"CAST({local} AS DATE)" if kind == "date" else f"CAST(hour({local}) AS BIGINT)"


def _zone_name() -> str:
    from django.conf import settings

    return str(settings.TIME_ZONE).replace("'", "")


def fixed_offset() -> int | None:
    """Minutes ahead of UTC if the company's zone has always the same, else None."""
    from zoneinfo import ZoneInfo

    zone = ZoneInfo(_zone_name())
    found = {
        datetime(year, month, 1, tzinfo=zone).utcoffset()
        for year in range(1992, 2038)
        for month in (1, 4, 7, 10)
    }
    only = found.pop()
    return None if found or only is None else int(only.total_seconds() // 60)
