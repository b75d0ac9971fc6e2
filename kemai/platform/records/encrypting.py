"""Going through a database whose operator has set, changed or taken away the key of docs/adr/061, and telling whether
the key that is set is the one that the database was written with.

Row by row, in batches of their own transactions: what has been dealt with is known by its mark, so that a run that was
cut off is simply begun again, and people read and write meanwhile."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection, models, transaction
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from kemai.kit.columnseal import MARK, Unreadable, is_sealed
from kemai.platform.models import (
    ExtraColumn,
    FieldDef,
    SealedColumn,
    SealedDiff,
    SealedJSON,
    SearchDoc,
    Setting,
)
from kemai.platform.models.sealed import Salted, current, plainly, seal_value
from kemai.platform.objects import all_types, meta_changed
from kemai.platform.search import reindex

NOTE, DONE = "columns.key", "columns.done"
"""The settings that say by which keys something in this database may be encrypted (apart by spaces), and by which of
them all of it is: missing while something has begun and is not done."""
ROOM = 700
"""Characters for the longest value once it is encrypted."""
BITE = 1000
Model = type[models.Model]
Column = models.Field[Any, Any]
Told = Callable[[str, int], None]
"""Hears the table and how many of its rows were changed."""


# ── whether the key fits ──


def is_made() -> bool:
    """Is there a database yet?"""
    return Setting._meta.db_table in connection.introspection.table_names()


def said(name: str) -> str:
    row = Setting.objects.filter(key=name).first()
    return str(row.value) if row is not None else ""


def say(name: str, key: str) -> None:
    Setting.objects.update_or_create(key=name, defaults={"value": key})


def problem() -> str:
    """Why nothing may run on this database with the key that is set; '' where all is well."""
    return problem_with(said(NOTE))


def problem_with(noted: str) -> str:
    """The same of what a database has noted."""
    names, seal = noted.split(), current()
    if names and seal is None:
        return _("数据库里有加密的内容，但没有设置 KEMAI_COLUMN_KEY：请设置原来的密钥")
    if seal is not None and not seal.by_name.keys() >= set(names):
        return _(
            "KEMAI_COLUMN_KEY 不是加密这个数据库的密钥：请换回原来的，更换密钥时把它放进 KEMAI_COLUMN_KEY_OLD"
        )
    return ""


def unfinished() -> bool:
    """Is something still as it was before the key of today was set?"""
    seal = current()
    return seal is not None and said(DONE) != seal.now.name


def note() -> None:
    """The first start with a key: from now on the database does not go without it, nor without the one before until all
    is encrypted anew."""
    seal = current()
    if seal is None:
        return
    widen()
    with transaction.atomic():
        names = said(NOTE).split()
        if seal.now.name not in names:
            say(NOTE, " ".join([*names, seal.now.name]))
            begun()


def begun() -> None:
    Setting.objects.filter(key=DONE).delete()


def widen() -> None:
    """Makes room for what is encrypted. PostgreSQL only notes the new length; SQLite knows none."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for model, found in columns():
            for one in found:
                if isinstance(one, SealedColumn):
                    widen_one(cursor, model._meta.db_table, str(one.column))


def widen_one(cursor: Any, table: str, column: str) -> None:
    cursor.execute(
        "SELECT character_maximum_length FROM information_schema.columns "
        "WHERE table_schema = current_schema() AND table_name = %s AND column_name = %s", [table, column],
    )  # fmt: skip
    row = cursor.fetchone()
    if row is not None and row[0] is not None and row[0] < ROOM:
        quote = connection.ops.quote_name
        cursor.execute(f"ALTER TABLE {quote(table)} ALTER COLUMN {quote(column)} TYPE varchar({ROOM})")


# ── going through it ──


def columns() -> Iterator[tuple[Model, list[Column]]]:
    """Every table with the columns of it that may hold something encrypted."""
    for model in apps.get_models():
        found: list[Column] = [
            one
            for one in model._meta.concrete_fields
            if isinstance(one, SealedJSON | ExtraColumn | SealedColumn)
        ]
        if found and model._meta.managed and not model._meta.proxy:
            yield model, found


def encrypt(told: Told = lambda _table, _count: None) -> int:
    """What lies in the open goes behind the key, and what an older key encrypted behind that of today. Returns how many
    rows were changed."""
    seal = current()
    assert seal is not None
    note()
    half = unfinished()
    changed = walk(anew, told, every=half)
    if half:
        changed += own_values()
        follow()
    if changed or half:
        sweep_file()
    with transaction.atomic():
        say(NOTE, seal.now.name)
        say(DONE, seal.now.name)
    return changed


def decrypt(told: Told = lambda _table, _count: None) -> int:
    """Everything lies in the open again, and no field is encrypted. To be run while nothing else writes."""
    begun()
    with plainly():
        changed = walk(bare, told, every=False)
        follow()
    with transaction.atomic():
        for row in FieldDef.objects.filter(settings__has_key="sealed"):
            row.settings = {name: value for name, value in row.settings.items() if name != "sealed"}
            row.save(update_fields=["settings"])
        Setting.objects.filter(key__in=(NOTE, DONE)).delete()
        meta_changed()
    sweep_file()
    return changed


def own_values() -> int:
    """Own fields that are encrypted, and whose values a `decrypt` that was cut off has left in the open."""
    total = 0
    for one in all_types():
        fields = [key for key, spec in one.fields.items() if spec.own is not None and spec.sealed]
        for keys in bites(one.records()) if fields else ():
            total += own_batch(one.records().filter(pk__in=keys), fields)
    return total


def own_batch(rows: models.QuerySet[Any], fields: Sequence[str]) -> int:
    column: Any = rows.model._meta.get_field("extra")
    lines = []
    with transaction.atomic():
        found = rows.select_for_update().annotate(raw_extra=Cast(models.F("extra"), models.TextField()))
        for pk, text in list(found.values_list("pk", "raw_extra")):
            stored = json.loads(text or "{}")
            bare = {key: stored[key] for key in fields if stored.get(key) and not is_sealed(stored[key])}
            if bare:
                value = {**stored, **{key: seal_value(one) for key, one in bare.items()}}
                lines.append([column.get_db_prep_save(value, connection), pk])
        write(rows.model, [str(column.column)], lines)
    return len(lines)


def follow() -> None:
    """What is made out of the values: the index of words, and the files in which doubles are looked for."""
    for one in all_types():
        if one.searched and any(one.fields[key].sealed for key in one.searched):
            for keys in bites(one.model._base_manager.all()):
                reindex(one.key, keys)
    if connection.vendor == "sqlite":  # its segments keep words that were taken out
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO search_index(search_index) VALUES ('rebuild')")
    for path in Path(settings.DATA_DIR).glob("duplicates*.duckdb*"):
        path.unlink(missing_ok=True)  # the next night reads all records again


class Stays:
    """A stored value may stay as it is."""


STAYS = Stays()
Change = Callable[[Column, Any], Any]
"""What a stored value becomes, in the form that the column writes; STAYS where it may stay. Raises Unreadable."""


def anew(column: Column, stored: Any) -> Any:
    seal = current()
    assert seal is not None
    if isinstance(column, ExtraColumn):
        old = {key: one for key, one in stored.items() if is_sealed(one) and not seal.is_current(one)}
        return {**stored, **{key: seal_value(opened(one)) for key, one in old.items()}} if old else STAYS
    if not stored or (is_sealed(stored) and seal.is_current(stored)):
        return STAYS
    return opened(stored) if isinstance(column, SealedColumn) else document(column, stored)


def document(column: Column, stored: Any) -> Any:
    found = column.from_db_value(json.dumps(stored), None, connection)  # type: ignore[attr-defined]
    if isinstance(column, SealedDiff) and isinstance(found, dict):
        check_readable(found)
        return found if isinstance(found, Salted) else Salted(found)
    return found


def check_readable(diff: dict[str, Any]) -> None:
    """Raises Unreadable: a log entry that cannot be read is not written over by what says so."""
    if MARK in diff:
        raise Unreadable(other=False)


def bare(column: Column, stored: Any) -> Any:
    if isinstance(column, ExtraColumn):
        found = {key: opened(one) for key, one in stored.items() if is_sealed(one)}
        return {**stored, **found} if found else STAYS
    if not is_sealed(stored):
        return STAYS
    return opened(stored) if isinstance(column, SealedColumn) else document(column, stored)


def opened(stored: str) -> str:
    """Raises Unreadable: what cannot be read is not thrown away."""
    seal = current()
    if seal is None:
        raise Unreadable(other=True)
    return seal.open_value(stored)


def walk(change: Change, told: Told, *, every: bool) -> int:
    """`every`: a table in which nothing is left to do may come from a run that was cut off before it swept."""
    total = 0
    for model, found in columns():
        changed = sum(batch(model, found, keys, change) for keys in bites(model._base_manager.all()))
        if changed:
            told(model._meta.db_table, changed)
        if changed or every:
            sweep(model)
        total += changed
    return total


def bites(every: models.QuerySet[Any]) -> Iterator[list[Any]]:
    last: Any = None
    rows = every.order_by("pk")
    while True:
        keys = list((rows if last is None else rows.filter(pk__gt=last)).values_list("pk", flat=True)[:BITE])
        if not keys:
            return
        yield keys
        last = keys[-1]


def batch(model: Model, found: Sequence[Column], keys: Sequence[Any], change: Change) -> int:
    """One transaction. What is stored is read past the columns, which would decrypt it."""
    texts = {f"raw_{one.name}": Cast(models.F(one.name), models.TextField()) for one in found}
    rows = model._base_manager.filter(pk__in=keys)
    by_columns: dict[tuple[str, ...], list[list[Any]]] = defaultdict(list)
    with transaction.atomic():
        list(rows.select_for_update().values_list("pk"))
        for pk, *raw in list(rows.annotate(**texts).values_list("pk", *texts)):
            wanted = {
                column: value
                for column, text in zip(found, raw, strict=True)
                if text is not None and (value := change(column, read(column, text))) is not STAYS
            }
            if wanted:
                values = [column.get_db_prep_save(value, connection) for column, value in wanted.items()]
                by_columns[tuple(str(column.column) for column in wanted)].append([*values, pk])
        for names, lines in by_columns.items():
            write(model, names, lines)
    return sum(map(len, by_columns.values()))


def read(column: Column, text: str) -> Any:
    return text if isinstance(column, SealedColumn) else json.loads(text)


def write(model: Model, names: Sequence[str], lines: Sequence[Sequence[Any]]) -> None:
    quote = connection.ops.quote_name
    sets = ", ".join(f"{quote(name)} = %s" for name in names)
    key = model._meta.pk
    assert key is not None
    table = quote(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {table} SET {sets} WHERE {quote(str(key.column))} = %s", lines)  # noqa: S608


def sweep(model: Model) -> None:
    """The old rows are gone from the file too, not only from sight."""
    if connection.vendor == "postgresql" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute(f"VACUUM (FULL, ANALYZE) {connection.ops.quote_name(model._meta.db_table)}")


def sweep_file() -> None:
    """SQLite's file is written anew once, at the end; PostgreSQL's index of words was made of other rows."""
    if connection.in_atomic_block:
        return
    if connection.vendor == "postgresql":
        sweep(SearchDoc)
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA analysis_limit = 1000")
        cursor.execute("ANALYZE")  # the planner's samples are values too
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


# ── for `kemai doctor` ──


def inside(folder: str) -> bool:
    """Does the file with the key lie where the data or their backups lie?"""
    return bool(folder) and any(
        str(folder).startswith(f"{root}/") for root in (settings.DATA_DIR, settings.BACKUP_ROOT)
    )
