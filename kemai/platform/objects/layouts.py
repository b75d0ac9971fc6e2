"""Published layouts, as the generic pages read them: sections of form and page, columns of a list, a board's card.

Without a published layout a type looks as it is declared. A layout may be for one role: whoever has several roles gets
that of the first one, in an order that the administrator sees and sets. It names what it shows and what it hides; a
field that it does not know of (made later) stands in the last section, so that nothing disappears by being new."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.utils.translation import override

from kemai.platform.fields import FieldSpec, Label
from kemai.platform.fields.own import named
from kemai.platform.models import Layout, Role, Setting
from kemai.platform.objects.own import Meta, current

if TYPE_CHECKING:
    from kemai.platform.objects.types import ObjectType, Section

State = Mapping[str, Any]
Roles = tuple[int, ...]
"""The keys of the roles of whoever looks (`Actor.role_ids`)."""
ORDER = "layouts/roles"
"""The setting that says which role's layout comes first: keys of roles."""


def declared_state(object_type: ObjectType, kind: str) -> dict[str, Any]:
    """What the type says about itself, in the form of a layout: where a designer begins."""
    if kind in {"form", "page"}:
        sections = object_type.declared_form if kind == "form" else object_type.declared_page
        return {"sections": [declared_section(one) for one in sections], "hidden": []}
    if kind == "list":
        return {"columns": list(object_type.columns or (object_type.title,))}
    card = [key for key in object_type.columns if key not in {object_type.title, object_type.board}]
    return {"field": object_type.board, "card": card[:5]}


def declared_section(section: Any) -> dict[str, Any]:
    with override("zh-hans"):
        title = str(section.title)
    with override("en"):
        title_en = str(section.title)
    return {"title": title, "title_en": title_en, "columns": section.columns, "fields": list(section.fields)}


@dataclass
class Kept:
    """What is known of one version of the definitions."""

    meta: Meta | None = None
    states: Mapping[tuple[str, str, str], State] = field(default_factory=dict)
    """{(type, kind, key of the role or ""): state}"""
    order: Mapping[int, str] = field(default_factory=dict)
    """{id of a role that has layouts: its key}, the first one first."""
    sections: dict[tuple[str, str, str], tuple[Section, ...]] = field(default_factory=dict)


_kept = Kept()


def kept() -> Kept:
    """Every published layout, read once for each version of the definitions."""
    global _kept  # noqa: PLW0603 - one state a process
    meta = current()
    if _kept.meta is not meta:
        rows = Layout.objects.filter(published=True).order_by("version") if meta.version else []
        found = {(row.type_key, row.kind, row.role): row.state for row in rows}
        states = {place: state for place, state in found.items() if state}
        arranged = {role for _type, _kind, role in states if role}
        order = {role.pk: role.key for role in ordered_roles() if role.key in arranged} if arranged else {}
        _kept = Kept(meta, states, order)
    return _kept


def ordered_roles() -> list[Role]:
    """Every role, the one whose layouts come first for whoever has several first."""
    row = Setting.objects.filter(key=ORDER).first()
    said = row.value if row is not None and isinstance(row.value, list) else []
    place = {key: number for number, key in enumerate(said)}
    roles = Role.objects.order_by("-builtin", "pk")
    return sorted(roles, key=lambda role: place.get(role.key, len(place)))


def role_of(type_key: str, kind: str, roles: Roles) -> str:
    """The role whose layout these people see; "" where they see everybody's."""
    now = kept()
    mine = (key for pk, key in now.order.items() if pk in roles)
    return next((key for key in mine if (type_key, kind, key) in now.states), "")


def published(type_key: str, kind: str, roles: Roles = ()) -> State | None:
    """What the newest published version says; None where the type's declaration counts."""
    return kept().states.get((type_key, kind, role_of(type_key, kind, roles)))


def sections(object_type: ObjectType, kind: str, roles: Roles = ()) -> tuple[Section, ...] | None:
    """The published sections of form or page."""
    now = kept()
    place = (object_type.key, kind, role_of(object_type.key, kind, roles))
    state = now.states.get(place)
    if state is None:
        return None
    if place not in now.sections:
        now.sections[place] = sections_of(object_type, kind, state)
    return now.sections[place]


def sections_of(object_type: ObjectType, kind: str, state: State) -> tuple[Section, ...]:
    """The sections of a state, and last one with the fields that it does not know of (made later)."""
    from kemai.platform.objects.types import OTHER_LABEL, Section

    fields = object_type.fields
    hidden = set(state.get("hidden", ()))
    if kind == "form":  # what came to be required after it was hidden: nobody could save without it
        hidden -= {key for key in hidden if key in fields and must_be_asked(fields[key])}
    told = {key for one in state.get("sections", ()) for key in one["fields"]} | hidden
    found = [
        Section(titled(one), *(key for key in one["fields"] if key in fields), columns=one.get("columns", 1))
        for one in state.get("sections", ())
    ]
    declared = object_type.declared_form if kind == "form" else object_type.declared_page
    rest = [key for one in declared for key in one.fields if key not in told]
    if rest:
        found.append(Section(OTHER_LABEL, *rest))
    return tuple(one for one in found if one.fields)


def must_be_asked(spec: FieldSpec) -> bool:
    """Can a record not be saved without it, always or under a condition? A form must have it then."""
    if spec.readonly:
        return False
    return (spec.required and spec.default is None) or (spec.own is not None and bool(spec.own.require_if))


def titled(one: Mapping[str, Any]) -> Label:
    """A title in the language of the reader, where the administrator wrote one in it."""
    return named(one["title"], one.get("title_en") or "")


def columns(object_type: ObjectType, roles: Roles = ()) -> tuple[str, ...] | None:
    state = published(object_type.key, "list", roles)
    if state is None:
        return None
    return tuple(key for key in state.get("columns", ()) if key in object_type.fields) or None


def card(object_type: ObjectType, roles: Roles = ()) -> tuple[str, ...] | None:
    """The fields on a board's cards."""
    state = published(object_type.key, "board", roles)
    return None if state is None else tuple(key for key in state.get("card", ()) if key in object_type.fields)


def board(object_type: ObjectType, roles: Roles = ()) -> str:
    state = published(object_type.key, "board", roles) or {}
    key = str(state.get("field") or "")
    return key if key in object_type.fields else ""
