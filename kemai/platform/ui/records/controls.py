"""From fields to controls of a form, and from what was typed back to values for the write door."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from kemai.platform import access, audit
from kemai.platform.access import Actor
from kemai.platform.fields import FieldSpec, Label, Ref
from kemai.platform.fields.more import stars
from kemai.platform.objects import ObjectType, get
from kemai.platform.query import Row, TagRef
from kemai.platform.ui import cells

WIDGETS = {
    "long_text": "textarea", "number": "number", "whole": "number", "money": "money", "percent": "percent",
    "boolean": "switch", "date": "date", "datetime": "datetime", "choice": "select", "multi_choice": "multiselect",
    "tags": "tags", "reference": "ref", "user": "user", "phone": "phone", "email": "email", "url": "url",
    "region": "region", "file": "file", "image": "file", "time": "time", "rating": "select", "department": "ref",
    "multi_reference": "refs", "sub_table": "sub_table",
}  # fmt: skip
SEVERAL = frozenset({"multi_choice", "tags", "multi_reference"})
REFERS = frozenset({"reference", "user", "file", "image", "department"})
SMALL_CHOICE = 60
"""A select of the browser serves up to so many options; beyond, one is searched."""


@dataclass(frozen=True)
class Control:
    """One control. `value` is the text that stands in it; for choices and references the chosen are in `options`."""

    spec: FieldSpec
    widget: str
    value: Any
    label: Label
    required: bool = False
    reason: str = ""
    """Why it cannot be changed here; '' where it can."""
    help: Label = ""
    error: str = ""
    options: Sequence[Mapping[str, Any]] = ()
    url: str = ""

    @property
    def key(self) -> str:
        return self.spec.key


@dataclass
class Typed:
    """What somebody typed into a form, by field key, in the form in which it came: text, or a list of texts."""

    values: dict[str, Any] = field(default_factory=dict)

    @staticmethod
    def of(post: QueryDict, specs: Iterable[FieldSpec], *, whole: bool = True) -> Typed:
        """`whole` says that the form showed all these fields: an unticked box is then a no, an empty list a list."""
        values: dict[str, Any] = {}
        for spec in specs:
            kind = spec.type.key
            if kind in SEVERAL and (whole or spec.key in post):
                values[spec.key] = sorted(one for one in post.getlist(spec.key) if one)
            elif kind == "boolean" and not spec.nullable and whole:
                values[spec.key] = "1" if post.get(spec.key) not in (None, "", "0") else "0"
            elif spec.key in post:
                values[spec.key] = post.get(spec.key, "").replace("\r\n", "\n")
        return Typed(values)


def text_of(spec: FieldSpec, value: Any) -> Any:
    """A value as it stands in its control and comes back from it untouched."""
    kind = spec.type.key
    if kind == "tags":
        return sorted(one.title if isinstance(one, Ref) else str(one) for one in value or [])
    if kind == "multi_choice":
        return sorted(value or [])
    if kind == "multi_reference":
        return sorted(str(one.id) if isinstance(one, Ref) else str(one) for one in value or [])
    if kind in REFERS:
        return "" if value is None else str(value.id)
    if kind == "boolean":
        return "" if value is None else "1" if value else "0"
    text = str(spec.type.editable(value, spec))
    return text.rstrip("%") if kind == "percent" else text


def control(
    actor: Actor, object_type: ObjectType, spec: FieldSpec, value: Any, *, level: str, error: str = ""
) -> Control:
    """The control of a field. `value` is in Python form, or what was typed where that could not be read."""
    kind = spec.type.key
    widget = WIDGETS.get(kind, "text")
    shown = value
    if level != "edit":
        return Control(
            spec, "text", cells.text(spec, value), spec.label, reason=locked(level), help=spec.help
        )
    options, url = offered(actor, spec, value)
    if kind == "choice" and len(spec.options) > SMALL_CHOICE:
        widget = "combo"
    elif kind == "boolean" and spec.nullable:
        widget = "select"
    if kind == "percent":
        widget = "percent"
    # what was typed stands as it was; a stored number is shown as people write it (139…, not +86139…)
    shown = value if isinstance(value, str) and kind != "phone" else text_of(spec, value)
    if kind == "boolean" and not spec.nullable:
        shown = shown == "1"
    return Control(
        spec, widget, shown, spec.label, required=spec.required and kind != "boolean", help=spec.help, error=error,
        options=options, url=url,
    )  # fmt: skip


def offered(actor: Actor, spec: FieldSpec, value: Any) -> tuple[Sequence[Mapping[str, Any]], str]:
    """What may be chosen, and where more is asked for."""
    match spec.type.key:
        case "choice" | "multi_choice":
            return choices(spec, value), ""
        case "boolean" if spec.nullable:
            return [{"value": "1", "label": _("是")}, {"value": "0", "label": _("否")}], ""
        case "rating":
            return [{"value": str(n), "label": "★" * n} for n in range(1, stars(spec) + 1)], ""
        case "tags":
            return tag_options(value), reverse("tag_options")
        case "multi_reference":
            return refs_options(actor, spec, value), reverse("options", args=[spec.refs])
        case "reference" | "user" | "department":
            return ref_options(actor, spec, value), options_url(spec)
        case "region":
            return (), reverse("regions")
        case "sub_table":
            return [column(one) for one in spec.columns], ""
    return (), ""


def column(spec: FieldSpec) -> Mapping[str, Any]:
    """A column of a sub-table as the browser's editor needs it."""
    options = [str(option.label) for option in spec.options] or (
        [_("是"), _("否")] if spec.type.key == "boolean" else None
    )
    found = {"value": spec.key, "label": str(spec.label), "kind": spec.type.key, "required": spec.required}
    return found | ({"options": options} if options else {})


def choices(spec: FieldSpec, value: Any) -> list[Mapping[str, Any]]:
    """The options, those no longer offered only where the record has them."""
    chosen = value if isinstance(value, list) else [value]
    return [
        {"value": o.value, "label": str(o.label), "color": o.color}
        for o in spec.options
        if not o.archived or o.value in chosen
    ]


def locked(level: str) -> str:
    if level == "masked":
        return _("这一项对您脱敏显示，不能修改")
    return _("您只能查看这一项")


def tag_options(value: Any) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for one in value or []:
        name = one.title if isinstance(one, Ref) else str(one)
        color = one.color if isinstance(one, TagRef) else "gray"
        found.append({"value": name, "label": name, "color": color, "selected": True})
    return found


def options_url(spec: FieldSpec) -> str:
    return reverse("people") if spec.type.key == "user" else reverse("options", args=[spec.ref])


def ref_options(actor: Actor, spec: FieldSpec, value: Any) -> list[Mapping[str, Any]]:
    """The chosen record as the only option; the rest is asked from the server."""
    ref = value if isinstance(value, Ref) else titled(actor, spec, value)
    return [{"value": str(ref.id), "label": ref.title, "selected": True}] if ref else []


def refs_options(actor: Actor, spec: FieldSpec, value: Any) -> list[Mapping[str, Any]]:
    """The chosen records; keys that were typed get their titles as far as the actor sees the records."""
    refs = [one for one in value or [] if isinstance(one, Ref)]
    keys = [str(one) for one in value or [] if not isinstance(one, Ref)] if isinstance(value, list) else []
    ids = [int(key) for key in keys if key.isascii() and key.isdigit() and len(key) <= 18][:200]
    if ids:
        path = get(spec.refs).fields[spec.ref_title].path
        seen = access.scope(actor, spec.refs).filter(pk__in=ids).values_list("pk", path)
        refs += [Ref(key, str(title)) for key, title in seen]
    return [{"value": str(ref.id), "label": ref.title or f"#{ref.id}", "selected": True} for ref in refs]


def titled(actor: Actor, spec: FieldSpec, value: object) -> Ref | None:
    """A typed key with the title of its record, if the actor sees it."""
    text = str(value or "")
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        return None
    key = int(text)
    if spec.type.key == "user":
        name = next((name for pk, name, _team in access.people("", limit=5000) if pk == key), "")
        return Ref(key, name) if name else None
    path = get(spec.ref).fields[spec.ref_title].path
    seer = access.SYSTEM if spec.type.key == "department" else actor
    title = access.scope(seer, spec.ref).filter(pk=key).values_list(path, flat=True).first()
    return None if title is None else Ref(key, str(title))


def base_of(specs: Iterable[FieldSpec], row: Row) -> dict[str, list[Any]]:
    """What the writer saw: {field: [text in the control, value as in the log]}, sent along and back with the form."""
    return {
        spec.key: [text_of(spec, row.get(spec.key)), seen(spec, row.get(spec.key))]
        for spec in specs
        if spec.key in row
    }


def seen(spec: FieldSpec, value: Any) -> Any:
    if spec.type.key == "tags":
        return sorted(one.title if isinstance(one, Ref) else str(one) for one in value or [])
    return audit.plain(spec, value)


def changed(typed: Typed, base: Mapping[str, Any]) -> dict[str, object]:
    """Of what was typed, that which the writer really changed: edits of different fields do not clash."""
    found: dict[str, object] = {}
    for key, value in typed.values.items():
        before = base.get(key)
        if isinstance(before, list) and before and same(before[0], value):
            continue
        found[key] = value
    return found


def same(before: Any, value: Any) -> bool:
    if isinstance(before, str) and isinstance(value, str):
        return before.replace("\r\n", "\n") == value
    return bool(before == value)
