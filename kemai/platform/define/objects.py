"""Own objects: made, changed, removed, brought back. The only writer of `ObjectDef`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.kit import pinyin
from kemai.platform.access import Actor, NotVisible
from kemai.platform.define import changes, keys
from kemai.platform.define.changes import State, require_admin
from kemai.platform.define.clean import Errors, clean_text
from kemai.platform.define.icons import ICONS
from kemai.platform.fields import FieldSpec, listed
from kemai.platform.models import FieldDef, ObjectDef, Setting
from kemai.platform.objects import ObjectType, UnknownObject, all_types, get
from kemai.platform.objects.own import TOGETHER
from kemai.platform.records import FieldErrors, Refused

PROPERTIES = (
    "label", "label_en", "icon", "nav", "position", "purpose", "title_label", "prefix", "digits", "parent", "board",
    "date", "options",
)  # fmt: skip
KEEP = timedelta(days=30)
MOST_OBJECTS = 100
NAV = ("customers", "sales", "marketing", "service", "loyalty", "insight", "collab", "")
LENGTHS = {"label": 80, "label_en": 80, "purpose": 300, "title_label": 80, "prefix": 12}


def target(key: str) -> str:
    return f"object/{key}"


def state_of(own: ObjectDef) -> State:
    return {name: getattr(own, name) for name in PROPERTIES}


# ── reading, for the screens ──


def own_objects(*, gone: bool = False) -> list[ObjectDef]:
    rows = ObjectDef.objects.filter(deleted_at__isnull=not gone)
    if gone:
        rows = rows.filter(deleted_at__gt=timezone.now() - KEEP)
    return list(rows.order_by("position", "pk"))


def own_object(key: str) -> ObjectDef | None:
    return ObjectDef.objects.filter(key=key, deleted_at=None).first()


def taken_keys() -> set[str]:
    return {one.key for one in all_types()} | set(ObjectDef.objects.values_list("key", flat=True))


def pointing(key: str) -> list[FieldDef]:
    """The own fields that refer to an object's records; those of objects that were taken away are none."""
    rows = references()
    return [row for row in rows if row.settings.get("ref") == key]


def references() -> QuerySet[FieldDef]:
    gone = ObjectDef.objects.exclude(deleted_at=None).values("key")
    rows = FieldDef.objects.filter(kind__in=("reference", "multi_reference"), deleted_at=None)
    return rows.exclude(type_key__in=gone)


# ── writing ──


def create_object(values: Mapping[str, Any], *, by: Actor, key: str = "") -> ObjectDef:
    """A new object type; it is there at once, everywhere. Raises FieldErrors, Refused, Denied."""
    require_admin(by)
    with transaction.atomic():
        if ObjectDef.objects.filter(deleted_at=None).count() >= MOST_OBJECTS:
            raise Refused("too_many", _("最多 %(n)s 个自定义对象") % {"n": MOST_OBJECTS})
        taken = taken_keys()
        key = key or keys.suggest(str(values.get("label") or ""), taken, fallback="object")
        errors: Errors = {"key": wrong} if (wrong := keys.problem(key, taken)) else {}
        cleaned = clean_object(values, errors, key=key)
        if errors:
            raise FieldErrors(errors)
        own = ObjectDef.objects.create(key=key, created_at=timezone.now(), **cleaned)
        changes.note(target(key), "create", None, state_of(own), by=by)
    return own


def clean_object(raw: Mapping[str, Any], errors: Errors, *, key: str, old: ObjectDef | None = None) -> State:
    found: State = {name: clean_text(raw, name, most, errors) for name, most in LENGTHS.items()}
    if not found["label"]:
        errors["label"] = _("请填写对象名称")
    elif found["label"] in {str(one.label) for one in all_types() if one.key != key}:
        errors["label"] = _("已经有叫“%(name)s”的对象") % {"name": found["label"]}
    icon, nav = str(raw.get("icon") or "box"), str(raw.get("nav", "customers"))
    found["icon"] = icon if icon in ICONS else "box"
    found["nav"] = nav if nav in NAV else "customers"
    if found["title_label"] == _("名称"):
        found["title_label"] = ""  # the usual one, which each reader's language has
    found["prefix"] = found["prefix"] or default_prefix(found["label"])
    if not all(char.isalnum() or char in "-_" for char in found["prefix"]):
        errors["prefix"] = _("编号前缀只能用字母、数字和短横线")
    found["digits"] = clean_number(raw, "digits", 3, 12, 5, errors)
    found["position"] = clean_number(raw, "position", 0, 999, old.position if old else 50, errors)
    found["options"] = clean_options(raw, old)
    for name in ("parent", "board", "date"):
        found[name] = clean_pointer(raw, name, key, old, errors)
    return found


def default_prefix(label: str) -> str:
    """设备 → SB; what cannot be spelled gets none."""
    letters = pinyin.initials(label) if any(pinyin.is_han(char) for char in label) else label[:2]
    text = "".join(char for char in letters.upper() if char.isascii() and char.isalnum())
    return text[:4]


def clean_number(raw: Mapping[str, Any], name: str, low: int, high: int, empty: int, errors: Errors) -> int:
    text = str(raw.get(name) if raw.get(name) is not None else "").strip()
    if not text:
        return empty
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        errors[name] = _("请填写 %(low)s 到 %(high)s 之间的整数") % {"low": low, "high": high}
        return empty
    return int(text)


def clean_options(raw: Mapping[str, Any], old: ObjectDef | None) -> State:
    """What is not named stays; a new object has a timeline and tags unless it is told otherwise."""
    before = old.options if old else {}
    given = raw.get("options") if isinstance(raw.get("options"), Mapping) else {}
    found = {**before, **given}  # type: ignore[dict-item]
    for name in ("tags", "timeline"):
        if name in raw:
            found[name] = bool(raw[name])
        found.setdefault(name, True)
    if "unique" in raw:
        found["unique"] = clean_unique(raw["unique"])
    return found


def clean_unique(groups: Any) -> list[list[str]]:
    """Combinations of fields that no two records share."""
    found = [list(dict.fromkeys(str(key) for key in group)) for group in groups or []]
    return [group for group in found if len(group) > 1]


POINTERS = {"parent": ("reference",), "board": ("choice",), "date": ("date", "datetime")}


def clean_pointer(raw: Mapping[str, Any], name: str, key: str, old: ObjectDef | None, errors: Errors) -> str:
    """A property that names one of the object's own fields."""
    wanted = str(raw[name] or "") if name in raw else (getattr(old, name) if old else "")
    if not wanted:
        return ""
    field = FieldDef.objects.filter(type_key=key, key=wanted, deleted_at=None).first()
    if field is None or field.kind not in POINTERS[name]:
        errors[name] = _("没有可用的字段“%(name)s”") % {"name": wanted[:40]}
        return ""
    if name == "parent" and (wrong := parent_problem(key, field)):
        errors[name] = wrong
    return wanted


def parent_problem(key: str, field: FieldDef) -> str:
    """Rights follow a chain of parents, which must end, and every record must have one."""
    above, seen = str(field.settings.get("ref") or ""), {key}
    while above:
        if above in seen:
            return _("权限不能绕成一圈：上级对象的权限又跟随这个对象")
        seen.add(above)
        try:
            parent_type = get(above)
        except UnknownObject:
            return _("上级对象已不存在")
        above = parent_type.fields[parent_type.parent].ref if parent_type.parent else ""
    return ""


def change_object(key: str, values: Mapping[str, Any], *, by: Actor, base: State | None = None) -> ObjectDef:
    """New properties of an own object; what is not named stays. Raises FieldErrors, Conflict, NotVisible, Denied."""
    require_admin(by)
    with transaction.atomic():
        own = ObjectDef.objects.select_for_update().filter(key=key, deleted_at=None).first()
        if own is None:
            raise NotVisible
        before = state_of(own)
        errors: Errors = {}
        cleaned = clean_object({**before, **values}, errors, key=key, old=own)
        if errors:
            raise FieldErrors(errors)
        wanted = changes.merged(before, cleaned, base)
        check_apart(key, cleaned["options"].get("unique") or ())
        if wanted:
            write(own, {**before, **wanted}, before, "update", by=by)
    return own


def write(own: ObjectDef, state: State, before: State, action: str, *, by: Actor) -> None:
    for name in PROPERTIES:
        if name in state:
            setattr(own, name, state[name])
    own.save()
    changes.note(target(own.key), action, before, state_of(own), by=by)


def set_state(key: str, state: State, *, action: str, by: Actor) -> ObjectDef:
    """An object as it was, or as a configuration file says."""
    require_admin(by)
    with transaction.atomic():
        own = ObjectDef.objects.select_for_update().filter(key=key, deleted_at=None).first()
        if own is None:
            raise NotVisible
        errors: Errors = {}
        before = state_of(own)
        cleaned = clean_object({**before, **state}, errors, key=key, old=own)
        if errors:
            raise FieldErrors(errors)
        check_apart(key, cleaned["options"].get("unique") or ())
        if cleaned != before:
            write(own, cleaned, before, action, by=by)
    return own


def remove_object(key: str, *, by: Actor) -> None:
    """Takes an object with all its records out of sight; for 30 days it can be brought back as it was."""
    require_admin(by)
    with transaction.atomic():
        own = ObjectDef.objects.select_for_update().filter(key=key, deleted_at=None).first()
        if own is None:
            raise NotVisible
        others = [field for field in pointing(key) if field.type_key != key]
        if others:
            names = listed(f"{label_of(field.type_key)} · {field.label}" for field in others[:5])
            raise Refused("referred", _("还有字段关联到这个对象：%(names)s。请先删除它们") % {"names": names})
        own.deleted_at = timezone.now()
        own.save()
        changes.note(target(key), "delete", state_of(own), None, by=by)


def label_of(type_key: str) -> str:
    try:
        return str(get(type_key).label)
    except UnknownObject:
        return type_key


def restore_object(key: str, *, by: Actor) -> ObjectDef:
    require_admin(by)
    with transaction.atomic():
        own = ObjectDef.objects.select_for_update().filter(key=key).exclude(deleted_at=None).first()
        if own is None or own.deleted_at is None or own.deleted_at < timezone.now() - KEEP:
            raise NotVisible
        if own.label in {str(one.label) for one in all_types()}:
            raise Refused("label", _("已经有叫“%(name)s”的对象，请先把那个对象改名") % {"name": own.label})
        own.deleted_at = None
        own.save()
        changes.note(target(key), "restore", None, state_of(own), by=by)
    return own


def relations_of(key: str) -> Sequence[FieldDef]:
    """Own reference fields of this object or to it."""
    rows = references().filter(Q(type_key=key) | Q(settings__ref=key)).order_by("type_key", "position", "pk")
    return list(rows.only("type_key", "key", "label", "kind", "settings"))


def set_unique(type_key: str, groups: Any, *, by: Actor) -> None:
    """The combinations of fields that no two records of a type may share. Raises FieldErrors, Denied."""
    require_admin(by)
    wanted = clean_unique(groups)
    known = get(type_key).fields
    gone = [name for group in wanted for name in group if name not in known]
    if gone:
        raise FieldErrors({"unique": _("没有可用的字段“%(name)s”") % {"name": gone[0][:40]}})
    if own_object(type_key) is not None:
        change_object(type_key, {"unique": wanted}, by=by)
        return
    check_apart(type_key, wanted)
    with transaction.atomic():
        row, _created = Setting.objects.select_for_update().get_or_create(
            key=f"{TOGETHER}{type_key}", defaults={"value": []}
        )
        before, row.value = row.value, wanted
        if before != wanted:
            row.save()
            changes.note(f"unique/{type_key}", "update", {"unique": before}, {"unique": wanted}, by=by)


def check_apart(type_key: str, groups: Iterable[Sequence[str]]) -> None:
    """Fields cannot be made unique together over records that share them already. Raises FieldErrors."""
    object_type = get(type_key)
    for group in {tuple(group) for group in groups} - set(object_type.unique_together):
        specs = [object_type.fields[key] for key in group if key in object_type.fields]
        if len(specs) == len(group) and (doubled := shared(object_type, specs)):
            many, values = doubled
            shown = listed(cut(spec, value) for spec, value in zip(specs, values, strict=True))
            text = _("已有 %(n)s 条记录的%(fields)s都相同（%(values)s），请先改成不同的，再设为组合唯一")
            names = listed(str(spec.label) for spec in specs)
            raise FieldErrors({"unique": text % {"n": many, "fields": names, "values": shown}})


def shared(object_type: ObjectType, specs: Sequence[FieldSpec]) -> tuple[int, list[Any]] | None:
    """How many living records have the same in all these fields, and what; None where none do. Nothing is no value."""
    rows = object_type.records()
    if object_type.recycles:
        rows = rows.filter(deleted_at=None)
    names = [f"part_{place}" for place in range(len(specs))]
    for name, spec in zip(names, specs, strict=True):
        rows = rows.annotate(**{name: F(spec.value_path)}).filter(**{f"{name}__isnull": False})
    same = rows.order_by().values(*names).annotate(n=Count("pk")).filter(n__gt=1).order_by(*names)
    for row in same.iterator():
        values = [row[name] for name in names]
        if "" not in values:
            return row["n"], values
    return None


def cut(spec: FieldSpec, value: Any) -> str:
    """A value in words; a record that is referred to has its title."""
    if not spec.refers:
        return spec.type.text(value, spec)[:40]
    try:
        record = get(spec.ref).records().filter(pk=value).first()
    except UnknownObject:
        record = None
    return str(record if record is not None else value)[:40]
