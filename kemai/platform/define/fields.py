"""Own fields: made, changed, removed, brought back. The only writer of `FieldDef`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Max
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.platform.access import Actor, NotVisible
from kemai.platform.define import changes, keys, kinds
from kemai.platform.define.changes import State, require_admin
from kemai.platform.define.clean import MOST_FIELDS, clean_field
from kemai.platform.models import FieldDef, ObjectDef
from kemai.platform.objects import UnknownObject, get
from kemai.platform.records import FieldErrors, Refused

PROPERTIES = (
    "label", "label_en", "help", "required", "unique", "indexed", "default", "rule", "rule_message", "show_if",
    "require_if", "personal", "settings", "position",
)  # fmt: skip
KEEP = timedelta(days=30)
"""How long the values of a removed field are kept."""


def target(type_key: str, key: str) -> str:
    return f"field/{type_key}.{key}"


def state_of(field: FieldDef) -> State:
    return {"kind": field.kind, **{name: getattr(field, name) for name in PROPERTIES}}


# ── reading, for the screens ──


def own_fields(type_key: str, *, gone: bool = False) -> list[FieldDef]:
    """The own fields of a type in their order; `gone` are the removed ones that can still be brought back."""
    rows = FieldDef.objects.filter(type_key=type_key, deleted_at__isnull=not gone)
    if gone:
        rows = rows.filter(deleted_at__gt=timezone.now() - KEEP)
    return list(rows.order_by("position", "pk"))


def own_counts() -> dict[str, int]:
    """How many own fields each type has."""
    rows = FieldDef.objects.filter(deleted_at=None).order_by().values_list("type_key")
    return dict(rows.annotate(many=Count("pk")))


def own_field(type_key: str, key: str, *, gone: bool = False) -> FieldDef:
    """Raises NotVisible."""
    field = FieldDef.objects.filter(type_key=type_key, key=key, deleted_at__isnull=not gone).first()
    if field is None:
        raise NotVisible
    return field


def taken_keys(type_key: str) -> set[str]:
    """Keys that a new field cannot have: those of all fields, removed ones too (old values and logs name them)."""
    removed = FieldDef.objects.filter(type_key=type_key).values_list("key", flat=True)
    return set(get(type_key).fields) | set(removed)


def check_type(type_key: str) -> None:
    """Raises NotVisible for what is no object, Refused for those whose records carry no own fields."""
    try:
        object_type = get(type_key)
    except UnknownObject:
        raise NotVisible from None
    if not takes_fields(object_type):
        raise Refused("no_own_fields", _("“%(object)s”不能加自定义字段") % {"object": object_type.label})


def takes_fields(object_type: Any) -> bool:
    model = object_type.model
    has_extra = any(column.name == "extra" for column in model._meta.concrete_fields)
    return has_extra and not object_type.administered


# ── writing ──


def create_field(
    type_key: str, kind: str, values: Mapping[str, Any], *, by: Actor, key: str = ""
) -> FieldDef:
    """A new own field. Without a key it gets one out of its label. Raises FieldErrors, Refused, Denied."""
    require_admin(by)
    check_type(type_key)
    if kind not in {one.key for one in kinds.offered()}:
        raise FieldErrors({"kind": _("请选择字段种类")})
    with transaction.atomic():
        if FieldDef.objects.filter(type_key=type_key, deleted_at=None).count() >= MOST_FIELDS:
            raise Refused("too_many", _("一个对象最多 %(n)s 个自定义字段") % {"n": MOST_FIELDS})
        taken = taken_keys(type_key)
        key = key or keys.suggest(str(values.get("label") or ""), taken)
        errors = {"key": wrong} if (wrong := keys.problem(key, taken)) else {}
        try:
            cleaned = clean_field(type_key, kind, values, key=key, by=by)
        except FieldErrors as error:
            raise FieldErrors(errors | error.errors) from error
        if errors:
            raise FieldErrors(errors)
        now = timezone.now()
        last = FieldDef.objects.filter(type_key=type_key).aggregate(last=Max("position"))["last"] or 0
        cleaned["position"] = values.get("position") or last + 10
        field = FieldDef.objects.create(type_key=type_key, key=key, kind=kind, created_at=now, **cleaned)
        place_new(field)
        changes.note(target(type_key, key), "create", None, state_of(field), by=by)
    return field


def place_new(field: FieldDef) -> None:
    """The first choice of an own object makes its board, the first date its calendar."""
    own = ObjectDef.objects.select_for_update().filter(key=field.type_key).first()
    if own is None:
        return
    if field.kind == "choice" and not own.board:
        own.board = field.key
    if field.kind in {"date", "datetime"} and not own.date:
        own.date = field.key
    own.save()


def change_field(
    type_key: str, key: str, values: Mapping[str, Any], *, by: Actor, base: State | None = None
) -> FieldDef:
    """New properties of a field (its kind is changed by `convert`). `base` is what the writer saw: what another
    administrator changed since is kept, and the same property changed by both raises Conflict.

    Raises FieldErrors, Conflict, NotVisible, Denied."""
    require_admin(by)
    with transaction.atomic():
        field = locked(type_key, key)
        before = state_of(field)
        cleaned = clean_field(type_key, field.kind, {"position": field.position, **values}, key=key, by=by)
        cleaned["position"] = field.position
        keep_sealed(field, cleaned["settings"])
        wanted = changes.merged(flat(before), flat({"kind": field.kind, **cleaned}), base and flat(base))
        if not wanted:
            return field
        apply(field, deep({**flat(before), **wanted}))
        check_made_unique(field, before)
        save(field, before, "update", by=by)
    return field


def keep_sealed(field: FieldDef, settings: dict[str, Any]) -> None:
    """Whether the values are encrypted follows from how they are stored: `convert.seal_field` changes both."""
    settings.pop("sealed", None)
    if field.settings.get("sealed"):
        settings["sealed"] = True


def apply(field: FieldDef, state: State) -> None:
    for name in PROPERTIES:
        if name in state:
            setattr(field, name, state[name])


def save(field: FieldDef, before: State | None, action: str, *, by: Actor) -> None:
    field.version += 1
    field.save()
    changes.note(target(field.type_key, field.key), action, before, state_of(field), by=by)


def set_state(type_key: str, key: str, state: State, *, action: str, by: Actor) -> FieldDef:
    """A field as it was, or as a configuration file says: the roll-back's and the import's way in. The kind must be the
    same. Raises FieldErrors, Refused, NotVisible, Denied."""
    require_admin(by)
    with transaction.atomic():
        field = locked(type_key, key)
        if state.get("kind", field.kind) != field.kind:
            raise Refused("kind", _("字段种类不同，请先在字段页面转换种类"))
        if bool((state.get("settings") or {}).get("sealed")) != bool(field.settings.get("sealed")):
            raise Refused("sealed", _("是否加密存储不同，请先在字段页面打开或关闭"))
        before = state_of(field)
        cleaned = clean_field(type_key, field.kind, formed(state), key=key, by=by)
        cleaned["position"] = state.get("position", field.position)
        apply(field, cleaned)
        check_made_unique(field, before)
        if state_of(field) != before:
            save(field, before, action, by=by)
    return field


def formed(state: State) -> State:
    """A state as the values that `clean_field` reads."""
    settings = dict(state.get("settings") or {})
    found = {**{k: v for k, v in state.items() if k != "settings"}, **settings}
    if "kind" in settings:
        found["result"] = settings["kind"]
    found["table"] = settings.get("columns") or []
    return found


def locked(type_key: str, key: str) -> FieldDef:
    field = FieldDef.objects.select_for_update().filter(type_key=type_key, key=key, deleted_at=None).first()
    if field is None:
        raise NotVisible
    return field


def check_made_unique(field: FieldDef, before: State) -> None:
    """A field cannot become unique over values that are not. Raises FieldErrors with one of them."""
    if not field.unique or before["unique"]:
        return
    path = get(field.type_key).fields[field.key].value_path
    rows = get(field.type_key).records().filter(deleted_at=None).exclude(**{f"{path}__isnull": True})
    doubled = rows.order_by().annotate(own=F(path)).values("own").annotate(n=Count("pk"))
    first = doubled.filter(n__gt=1).order_by("own").first()
    if first is not None:
        text = _("已有 %(n)s 条记录的值都是“%(value)s”，请先改成不同的，再设为唯一")
        raise FieldErrors({"unique": text % {"n": first["n"], "value": str(first["own"])[:60]}})


def remove_field(type_key: str, key: str, *, by: Actor) -> None:
    """Takes a field away; its values stay for 30 days, and so does the way back."""
    require_admin(by)
    with transaction.atomic():
        field = locked(type_key, key)
        check_not_parent(field)
        field.deleted_at = timezone.now()
        field.version += 1
        field.save()
        changes.note(target(type_key, key), "delete", state_of(field), None, by=by)


def check_not_parent(field: FieldDef) -> None:
    own = ObjectDef.objects.filter(key=field.type_key).first()
    if own is not None and own.parent == field.key:
        raise Refused("parent", _("这个字段决定谁能看到记录，请先在对象设置里改掉“权限跟随”"))


def restore_field(type_key: str, key: str, *, by: Actor) -> FieldDef:
    """Brings a removed field back with its values. Raises Refused where another field has its name by now."""
    require_admin(by)
    with transaction.atomic():
        field = FieldDef.objects.select_for_update().filter(type_key=type_key, key=key).first()
        if field is None or field.deleted_at is None or field.deleted_at < timezone.now() - KEEP:
            raise NotVisible
        if field.label in {str(spec.label) for spec in get(type_key).fields.values()}:
            raise Refused("label", _("已经有叫“%(name)s”的字段，请先把那个字段改名") % {"name": field.label})
        field.deleted_at = None
        field.version += 1
        field.save()
        changes.note(target(type_key, key), "restore", None, state_of(field), by=by)
    return field


def order_fields(type_key: str, wanted: Sequence[str], *, by: Actor) -> None:
    """The own fields in this order; those not named keep theirs behind."""
    require_admin(by)
    with transaction.atomic():
        rows = {
            row.key: row
            for row in FieldDef.objects.select_for_update().filter(type_key=type_key, deleted_at=None)
        }
        ordered = [rows.pop(key) for key in dict.fromkeys(wanted) if key in rows]
        ordered += sorted(rows.values(), key=lambda row: (row.position, row.pk))
        before = {row.key: row.position for row in ordered}
        for place, row in enumerate(ordered, 1):
            row.position = place * 10
        FieldDef.objects.bulk_update(ordered, ["position"])
        after = {row.key: row.position for row in ordered}
        if before != after:
            changes.note(f"order/{type_key}", "update", before, after, by=by)


# ── one level of properties, for comparing ──


def flat(state: State) -> State:
    """{"label": …, "settings.min": …}: two people may change different settings of one field."""
    inner = {f"settings.{key}": value for key, value in (state.get("settings") or {}).items()}
    return {**{key: value for key, value in state.items() if key != "settings"}, **inner}


def deep(flat_state: State) -> State:
    found: State = {"settings": {}}
    for key, value in flat_state.items():
        name, _dot, inner = key.partition(".")
        if inner:
            found["settings"][inner] = value
        else:
            found[name] = value
    return found


def filled(type_key: str, key: str) -> int:
    """How many records have a value in the field."""
    path = get(type_key).fields[key].path
    return get(type_key).records().filter(deleted_at=None).exclude(**{f"{path}__isnull": True}).count()


def share(type_key: str, field: FieldDef) -> int | None:
    """How many in a hundred records have a value; None for what nobody fills in, and of none."""
    if field.kind in kinds.COMPUTED:
        return None
    total = get(type_key).records().filter(deleted_at=None).count()
    return round(100 * filled(type_key, field.key) / total) if total else None
