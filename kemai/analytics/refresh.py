"""Keeping the store's copy of the datasets current: by watermark, with an overlap, or from the ground up."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
from django.conf import settings
from django.db.models import Max, QuerySet
from django.utils import timezone

from kemai.analytics.extract import load, load_keys
from kemai.analytics.own import with_own
from kemai.analytics.store import SQL_TYPES, Session
from kemai.platform.objects.dataset import Dataset, all_datasets

OVERLAP = timedelta(minutes=2)
"""Rows are stamped when they are written but seen when they are committed, and clocks differ a little."""
REBUILD_SHARE = 0.3
"""With more than this share of a table changed, reading it anew is cheaper."""
Report = Callable[[str, int, int | None], None]


@dataclass
class Refreshed:
    """What a refresh did. `touched` is a table of the subjects whose rows changed; `everything` says that all of
    them must be taken for changed (a rebuild, or a reference table changed)."""

    rows: dict[str, int] = field(default_factory=dict)
    everything: bool = False
    touched: str = "touched"


def quiet(message: str, done: int, total: int | None) -> None:
    """Reports nothing."""


def refresh(
    session: Session, datasets: Sequence[Dataset] | None = None, *, full: bool = False, report: Report = quiet
) -> Refreshed:
    """Bring the store's tables up to date with the operational database."""
    declared = list(with_own(all_datasets() if datasets is None else datasets))
    session.execute(
        "CREATE TABLE IF NOT EXISTS kemai_meta (dataset VARCHAR PRIMARY KEY, fingerprint VARCHAR, "
        "watermark TIMESTAMP, last_key BIGINT, refreshed_at TIMESTAMP)"
    )
    session.execute("CREATE OR REPLACE TEMPORARY TABLE touched (id BIGINT)")
    session.kinds["touched"] = {"id": "int64"}
    done = Refreshed()
    state = {row[0]: row[1:] for row in session.execute("SELECT * FROM kemai_meta")}
    changes: dict[str, Change] = {}
    for index, dataset in enumerate(declared):
        report(dataset.key, index, len(declared))
        session.kinds[dataset.key] = kinds_of(dataset)
        known = state.get(dataset.key)
        parent = changes.get(dataset.parent)
        stale = known is None or known[0] != fingerprint(dataset) or (parent is not None and parent.rebuilt)
        if full or stale or not session.has(dataset.key):
            change = rebuild(session, dataset)
        else:
            assert known is not None
            change = catch_up(session, dataset, known[1], known[2], parent)
            if dataset.unseen and not change.rebuilt:
                follow_unseen(session, dataset)
        changes[dataset.key] = change
        done.rows[dataset.key] = change.rows
        whole = change.rebuilt or (not dataset.subject and not dataset.parent and change.rows > 0)
        done.everything |= whole and not dataset.passive
    if datasets is None:
        forget(session, state.keys() - changes.keys())
    return done


def forget(session: Session, gone: Iterable[str]) -> None:
    """What nothing describes any more (an own object that was deleted) does not stay in the store."""
    for name in gone:
        session.execute(f'DROP TABLE IF EXISTS "{name}"')
        session.execute("DELETE FROM kemai_meta WHERE dataset = ?", [name])


@dataclass
class Change:
    rows: int
    rebuilt: bool = False


def kinds_of(dataset: Dataset) -> dict[str, str]:
    local = {name: "date" if kind == "date" else "int64" for name, (kind, _source) in dataset.local.items()}
    return {**dataset.columns, **local}


def fingerprint(dataset: Dataset) -> str:
    """Changes when the stored copy would look different."""
    sql = str(dataset.source().values_list(*dataset.columns).query)
    seen = json.dumps([dataset.columns, dataset.local, sql, settings.TIME_ZONE, settings.DATABASES["default"]["NAME"]],
                      default=str)  # fmt: skip
    return hashlib.sha256(seen.encode()).hexdigest()[:24]


def living(dataset: Dataset) -> QuerySet[Any]:
    rows = dataset.source()
    return rows.filter(**{f"{dataset.deleted}__isnull": True}) if dataset.deleted else rows


def create(session: Session, table: str, dataset: Dataset, *, temporary: bool = False) -> None:
    shape = ", ".join(f'"{name}" {SQL_TYPES[kind]}' for name, kind in kinds_of(dataset).items())
    what = "TEMPORARY TABLE" if temporary else "TABLE"
    session.execute(f'CREATE OR REPLACE {what} "{table}" ({shape})')


def rebuild(session: Session, dataset: Dataset) -> Change:
    """Read everything. The old copy stands until the new one is complete."""
    started = timezone.now()
    last_key = dataset.source().aggregate(last=Max(dataset.primary))["last"] or 0
    fresh = f"{dataset.key}_new"
    create(session, fresh, dataset)
    rows = load(session, fresh, dataset, living(dataset))
    with session.transaction():
        session.execute(f'DROP TABLE IF EXISTS "{dataset.key}"')
        session.execute(f'ALTER TABLE "{fresh}" RENAME TO "{dataset.key}"')
        remember(session, dataset, started, last_key)
    return Change(rows, rebuilt=True)


def catch_up(
    session: Session, dataset: Dataset, watermark: datetime, last_key: int, parent: Change | None
) -> Change:
    """Read what was changed or added since the last time."""
    started = timezone.now()
    new_last = dataset.source().aggregate(last=Max(dataset.primary))["last"] or 0
    limit = int(session.count(dataset.key) * REBUILD_SHARE) + 50_000
    if parent is not None:
        keys = [row[0] for row in session.execute(f'SELECT id FROM "{dataset.parent}_seen"')]
        by = dataset.parent_column
    else:
        since = watermark.replace(tzinfo=UTC) - OVERLAP
        changed = dataset.source().filter(
            **{f"{dataset.watermark}__gte": since, f"{dataset.primary}__lte": last_key}
        )
        keys = list(changed.order_by().values_list(dataset.primary, flat=True)[: limit + 1])
        by = dataset.primary
    if len(keys) > limit:
        return rebuild(session, dataset)
    if not keys and new_last <= last_key:
        remember(session, dataset, started, new_last)
        see(session, dataset, [])
        return Change(0)
    staged = f"{dataset.key}_staged"
    create(session, staged, dataset, temporary=True)
    alive = living(dataset)
    load(session, staged, dataset, alive.filter(**{f"{dataset.primary}__gt": last_key}))
    load_keys(session, staged, dataset, alive.filter(**{f"{dataset.primary}__lte": last_key}), by, keys)
    see(session, dataset, keys if parent is None else [])
    rows = merge(session, dataset)
    remember(session, dataset, started, new_last)
    return Change(rows)


def follow_unseen(session: Session, dataset: Dataset) -> None:
    """Brings the columns that move without the watermark up to date, for all rows. Nothing else is out of date for it:
    no analysis of the product reads what administrators add."""
    table, key = f"{dataset.key}_now", dataset.primary
    few = {name: dataset.columns[name] for name in (key, *dataset.unseen)}
    narrow = replace(dataset, columns=few, local={}, loose=dataset.loose & few.keys())
    create(session, table, narrow, temporary=True)
    load(session, table, narrow, living(narrow))
    sets = ", ".join(f'"{name}" = n."{name}"' for name in dataset.unseen)
    differ = " OR ".join(f'n."{name}" IS DISTINCT FROM "{dataset.key}"."{name}"' for name in dataset.unseen)
    session.execute(
        f'UPDATE "{dataset.key}" SET {sets} FROM "{table}" n WHERE n."{key}" = "{dataset.key}"."{key}" AND ({differ})'
    )
    session.execute(f'DROP TABLE "{table}"')


def see(session: Session, dataset: Dataset, keys: Iterable[int]) -> None:
    """Note which keys were looked at: a stored row among them that was not read again is gone."""
    table = f"{dataset.key}_seen"
    session.execute(f'CREATE OR REPLACE TEMPORARY TABLE "{table}" (id BIGINT)')
    session.connection.register("keys_in", pa.table({"id": pa.array(list(keys), pa.int64())}))
    session.execute(f'INSERT INTO "{table}" SELECT id FROM keys_in')
    session.connection.unregister("keys_in")
    staged = f"{dataset.key}_staged"
    if session.has(staged):
        session.execute(f'INSERT INTO "{table}" SELECT "{dataset.primary}" FROM "{staged}"')


def merge(session: Session, dataset: Dataset) -> int:
    """Replace the rows that were looked at. Those that are the same as before do not count and touch nobody."""
    name, key = dataset.key, dataset.primary
    staged, keys = f"{name}_staged", f"{name}_keys"
    looked_at = (
        f'"{dataset.parent_column}" IN (SELECT id FROM "{dataset.parent}_seen")'
        if dataset.parent
        else f'"{key}" IN (SELECT id FROM "{name}_seen")'
    )
    session.execute(
        f'CREATE OR REPLACE TEMPORARY TABLE "{keys}" AS SELECT "{key}" AS id FROM "{name}" '
        f'WHERE {looked_at} AND "{key}" NOT IN (SELECT "{key}" FROM "{staged}")'
    )
    same = " AND ".join(
        f'"{staged}"."{column}" IS NOT DISTINCT FROM o."{column}"' for column in kinds_of(dataset)
    )
    session.execute(
        f'DELETE FROM "{staged}" USING "{name}" o WHERE "{staged}"."{key}" = o."{key}" AND {same}'
    )
    session.execute(f'INSERT INTO "{keys}" SELECT "{key}" FROM "{staged}"')
    with session.transaction():
        touch(session, dataset)
        session.execute(f'DELETE FROM "{name}" WHERE "{key}" IN (SELECT id FROM "{keys}")')
        session.execute(f'INSERT INTO "{name}" SELECT * FROM "{staged}"')
    return session.count(keys)


def touch(session: Session, dataset: Dataset) -> None:
    """Note the subjects of the rows as they were and as they will be."""
    changing = f'"{dataset.primary}" IN (SELECT id FROM "{dataset.key}_keys")'
    for table in (dataset.key, f"{dataset.key}_staged"):
        if dataset.subject:
            session.execute(f'INSERT INTO touched SELECT "{dataset.subject}" FROM "{table}" WHERE {changing}')
        elif dataset.parent:
            subject = next(one.subject for one in all_datasets() if one.key == dataset.parent)
            session.execute(
                f'INSERT INTO touched SELECT "{subject}" FROM "{dataset.parent}" WHERE id IN '
                f'(SELECT "{dataset.parent_column}" FROM "{table}" WHERE {changing})'
            )


def remember(session: Session, dataset: Dataset, watermark: datetime, last_key: int) -> None:
    moment = watermark.astimezone(UTC).replace(tzinfo=None)
    session.execute(
        "INSERT OR REPLACE INTO kemai_meta VALUES (?, ?, ?, ?, ?)",
        [dataset.key, fingerprint(dataset), moment, last_key, moment],
    )
