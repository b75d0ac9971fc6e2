"""An own object type out of its definition: an ObjectType over `Record` whose `type_key` is fixed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from kemai.kit import pinyin
from kemai.platform.fields import FieldSpec
from kemai.platform.fields.own import named
from kemai.platform.models import ObjectDef, Record
from kemai.platform.objects.types import Hooks, Numbering, ObjectType, Section

if TYPE_CHECKING:
    from kemai.platform.access import Actor

SHOWN = 6
BASIC = _("基本信息")
NAME_SORT = 60
SORTED = {"name": "name_sort", "created_at": "created_at", "updated_at": "updated_at", "owner": "owner_id"}
"""What the indexes of `Record` sort by, within one type."""


def own_type(row: ObjectDef, specs: Sequence[FieldSpec], before: ObjectType | None) -> ObjectType:
    """`before` is the type as it was known so far: what has not changed stays the same object."""
    mark = (*(getattr(row, column.attname) for column in row._meta.concrete_fields), *map(mark_of, specs))
    if before is not None and before.mark == repr(mark):
        return before
    return made(row, specs, repr(mark))


def mark_of(spec: FieldSpec) -> tuple[object, ...]:
    return spec.key, spec.type.key, spec.ref, spec.unique, spec.readonly


def made(row: ObjectDef, specs: Sequence[FieldSpec], mark: str) -> ObjectType:
    options: dict[str, Any] = row.options if isinstance(row.options, dict) else {}
    keys = {spec.key: spec for spec in specs}
    parent = row.parent if row.parent in keys and keys[row.parent].ref else ""
    return ObjectType(
        key=row.key,
        model=Record,
        title="name",
        icon=row.icon or "box",
        nav=row.nav,
        nav_order=row.position,
        called=named(row.label, row.label_en),
        purpose=row.purpose,
        labels={"name": row.title_label} if row.title_label else {},
        search=("name", "number", *texts(options.get("search"))),
        columns=texts(options.get("columns")) or columns_of(row, specs),
        form=(Section(BASIC, *form_of(parent, specs)),),
        badges=tuple(key for key in texts(options.get("badges")) if key in keys) or badges_of(specs),
        board=row.board if row.board in keys else "",
        date=row.date if row.date in keys or row.date in {"created_at", "updated_at"} else "",
        parent=parent,
        owner="" if parent else "owner",
        unique=("number",) if row.prefix else (),
        omit=() if row.prefix else ("number",),
        sort_paths=SORTED,
        timeline=bool(options.get("timeline", True)),
        tags=bool(options.get("tags", True)),
        numbering=Numbering("number", row.prefix, row.digits) if row.prefix else None,
        hooks=Hooks(prepare=Prepare(row.key)),
        together=tuple(texts(one) for one in options.get("unique") or () if texts(one)),
        own=True,
        mark=mark,
    )


def texts(found: object) -> tuple[str, ...]:
    return tuple(str(one) for one in found if one) if isinstance(found, list | tuple) else ()


def form_of(parent: str, specs: Sequence[FieldSpec]) -> list[str]:
    """The name, whose it is, then the own fields in the order of their definition."""
    first = ["name", *([parent] if parent else [])]
    return [*first, *(spec.key for spec in specs if spec.key != parent and not spec.readonly), "owner"]


def columns_of(row: ObjectDef, specs: Sequence[FieldSpec]) -> tuple[str, ...]:
    """The name, the number, the state, then what was defined first."""
    shown = [spec.key for spec in specs if spec.type.key not in {"long_text", "sub_table", "file", "image"}]
    first = [*(["number"] if row.prefix else []), *([row.board] if row.board in shown else [])]
    return tuple(dict.fromkeys(("name", *first, *shown[:SHOWN], "owner", "updated_at")))


def badges_of(specs: Sequence[FieldSpec]) -> tuple[str, ...]:
    return tuple(spec.key for spec in specs if spec.type.key == "choice")[:2]


class Prepare:
    """What every record of an own type has besides its values."""

    def __init__(self, type_key: str) -> None:
        self.type_key = type_key

    def __call__(self, values: dict[str, Any], existing: Any, actor: Actor) -> None:
        if existing is None:
            values["type_key"] = self.type_key
        if "name" in values:
            values["name_sort"] = pinyin.full(values["name"])[:NAME_SORT]
