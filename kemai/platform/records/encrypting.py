"""Going through a database whose operator has set, changed or taken away the key of docs/adr/061, and telling whether
the key that is set is the one that the database was written with.

Row by row, in batches of their own transactions: what has been dealt with is known by its mark, so that a run that was
cut off is simply begun again, and people read and write meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection, models, transaction
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from kemai.kit.columnseal import Unreadable, is_sealed
from kemai.platform.models import ExtraColumn, FieldDef, SealedDiff, SealedJSON, Setting
from kemai.platform.models.sealed import Salted, current, plainly, seal_value
from kemai.platform.objects import meta_changed

NOTE = "columns.key"
"""The setting that says by which key this database is encrypted."""
BITE = 1000
Model = type[models.Model]
Column = models.Field[Any, Any]
Told = Callable[[str, int], None]
"""Hears the table and how many of its rows were changed."""


# ── whether the key fits ──


def noted() -> str:
    """The name of the key that this database is encrypted by; '' for none."""
    row = Setting.objects.filter(key=NOTE).first()
    return str(row.value) if row is not None else ""


def problem() -> str:
    """Why nothing may run on this database with the key that is set; '' where all is well."""
    name, seal = noted(), current()
    if name and seal is None:
        return _("数据库里有加密的内容，但没有设置 KEMAI_COLUMN_KEY：请设置原来的密钥")
    if name and seal is not None and name not in seal.by_name:
        return _(
            "KEMAI_COLUMN_KEY 不是加密这个数据库的密钥：请换回原来的，更换密钥时把它放进 KEMAI_COLUMN_KEY_OLD"
        )
    return ""


def unfinished() -> bool:
    """Another key is set than the database is encrypted by, and both are known: `rotate` is still to be done."""
    seal = current()
    return seal is not None and noted() not in {"", seal.now.name}


def note() -> None:
    """The first start with a key: from now on the database does not go without it."""
    seal = current()
    if seal is not None and not noted():
        put_note(seal.now.name)


def put_note(name: str) -> None:
    # lint: allow write-door — by which key the database is encrypted is no record
    Setting.objects.update_or_create(key=NOTE, defaults={"value": name})


# ── going through it ──


def columns() -> Iterator[tuple[Model, list[Column]]]:
    """Every table with the columns of it that may hold something encrypted."""
    for model in apps.get_models():
        found: list[Column] = [
            one for one in model._meta.concrete_fields if isinstance(one, SealedJSON | ExtraColumn)
        ]
        if found and model._meta.managed and not model._meta.proxy:
            yield model, found


def encrypt(told: Told = lambda _table, _count: None) -> int:
    """What lies in the open goes behind the key, and what an older key encrypted behind that of today. Returns how many
    rows were changed."""
    seal = current()
    assert seal is not None
    changed = walk(anew, told)
    put_note(seal.now.name)
    return changed


def decrypt(told: Told = lambda _table, _count: None) -> int:
    """Everything lies in the open again, and no field is encrypted. To be run while nothing else writes."""
    with plainly():
        changed = walk(bare, told)
    with transaction.atomic():
        for row in FieldDef.objects.filter(settings__has_key="sealed"):
            row.settings = {name: value for name, value in row.settings.items() if name != "sealed"}
            row.save(update_fields=["settings"])
        # lint: allow write-door — by which key the database is encrypted is no record
        Setting.objects.filter(key=NOTE).delete()
        meta_changed()
    return changed


Change = Callable[[Column, Any], Any]
"""What a stored value becomes; itself where it may stay. Raises Unreadable."""


def anew(column: Column, stored: Any) -> Any:
    seal = current()
    assert seal is not None
    if isinstance(column, ExtraColumn):
        old = {key: one for key, one in stored.items() if is_sealed(one) and not seal.is_current(one)}
        return (
            {**stored, **{key: seal_value(seal.open_value(one)) for key, one in old.items()}}
            if old
            else stored
        )
    if not stored or (is_sealed(stored) and seal.is_current(stored)):
        return stored
    found = column.from_db_value(json.dumps(stored), None, connection)  # type: ignore[attr-defined]
    digested = isinstance(column, SealedDiff) and isinstance(found, dict) and not isinstance(found, Salted)
    return Salted(found) if digested else found


def bare(column: Column, stored: Any) -> Any:
    if isinstance(column, ExtraColumn):
        found = {key: opened(one) for key, one in stored.items() if is_sealed(one)}
        return {**stored, **found} if found else stored
    return column.from_db_value(json.dumps(stored), None, connection) if is_sealed(stored) else stored  # type: ignore[attr-defined]


def opened(stored: str) -> str:
    """Raises Unreadable: what cannot be read is not thrown away."""
    seal = current()
    if seal is None:
        raise Unreadable(other=True)
    return seal.open_value(stored)


def walk(change: Change, told: Told) -> int:
    total = 0
    for model, found in columns():
        changed = sum(batch(model, found, keys, change) for keys in bites(model))
        if changed:
            told(model._meta.db_table, changed)
            sweep(model)
        total += changed
    return total


def bites(model: Model) -> Iterator[list[Any]]:
    last: Any = None
    while True:
        rows = model._base_manager.order_by("pk")
        keys = list((rows if last is None else rows.filter(pk__gt=last)).values_list("pk", flat=True)[:BITE])
        if not keys:
            return
        yield keys
        last = keys[-1]


def batch(model: Model, found: Sequence[Column], keys: Sequence[Any], change: Change) -> int:
    """One transaction. What is stored is read past the columns, which would decrypt it."""
    texts = {f"raw_{one.name}": Cast(models.F(one.name), models.TextField()) for one in found}
    count = 0
    with transaction.atomic():
        list(model._base_manager.filter(pk__in=keys).select_for_update().values_list("pk"))
        rows = model._base_manager.filter(pk__in=keys).annotate(**texts).values_list("pk", *texts)
        for pk, *raw in list(rows):
            wanted = {}
            for column, text in zip(found, raw, strict=True):
                stored = None if text is None else json.loads(text)
                now = stored if stored is None else change(column, stored)
                if now is not stored:
                    wanted[column.name] = now
            if wanted:
                model._base_manager.filter(pk=pk).update(**wanted)
                count += 1
    return count


def sweep(model: Model) -> None:
    """The old rows are gone from the file too, not only from sight."""
    if connection.in_atomic_block:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"VACUUM (FULL, ANALYZE) {connection.ops.quote_name(model._meta.db_table)}")


def sweep_file() -> None:
    """SQLite's file is written anew once, at the end."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


# ── for `kemai doctor` ──


def inside(folder: str) -> bool:
    """Does the file with the key lie where the data or their backups lie?"""
    return bool(folder) and any(
        str(folder).startswith(f"{root}/") for root in (settings.DATA_DIR, settings.BACKUP_ROOT)
    )
