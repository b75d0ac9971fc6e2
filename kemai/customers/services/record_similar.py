"""Possible doubles of a record that is being typed in, of any type of which it was said what tells them.

Candidates come from what has an index: the search (the name, as it is written and as it sounds) and the compared
fields; they are weighed by the engine's evidence, as customers are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q

from kemai.customers.services import record_rows
from kemai.customers.services.duplicate_sources import is_searched
from kemai.customers.services.duplicate_words import STRONG, reasons
from kemai.customers.services.similar import (
    LIKELY,
    MOST,
    MOST_NAMES,
    SURE,
    Candidate,
    evidence,
    one_word,
    probability,
    weights,
)
from kemai.kit import agreement, names, pinyin
from kemai.kit.numbers import record_key
from kemai.kit.parties import Party
from kemai.platform import access, search
from kemai.platform.access import SYSTEM, Actor
from kemai.platform.define.doubles import NAMES
from kemai.platform.fields import FieldSpec, Invalid, Ref, listed
from kemai.platform.objects import ObjectType, Similar, get

KEYS = ("phone", "email", "code", "same")
SHORTEST_NAME = 2
NEAR = {"thing": 1, "person": 1, "name": 1, "brand": 2}
"""The level from which a name is worth a look by itself."""


def find_similar(
    object_type: ObjectType, actor: Actor, typed: Mapping[str, str], except_id: int | None = None
) -> Sequence[Similar]:
    """The likeliest first. Who may not see one is told that there is one by a telephone, an address or a value that is
    nobody else's, and whose it is; never by a likeness."""
    if not is_searched(object_type):
        return ()
    found = [one for one in candidates(object_type, typed) if one.id != except_id]
    seen = access.scope(actor, object_type).filter(pk__in=[one.id for one in found])
    visible = set(seen.values_list("pk", flat=True))
    chosen = [one for one in found if one.id in visible or one.sure][:MOST]
    return [shown(object_type, actor, one, visible=one.id in visible) for one in chosen]


def candidates(object_type: ObjectType, typed: Mapping[str, str]) -> list[Candidate]:
    values = parsed(object_type, typed)
    mine = record_rows.party(object_type, values)
    ids = found_ids(object_type, values, mine)
    if not ids:
        return []
    shape = record_rows.shape_of(object_type)
    names_of = [field.key for field in shape.fields]
    others = record_rows.read(object_type, Q(pk__in=ids))
    compared = [(key, agreement.compare_by(names_of, mine, other)) for key, other in others]
    plain = record_rows.plain_fields(object_type)
    unique = [f"x{n}" for n, spec in enumerate(plain) if spec.unique]
    worth = [f"x{n}" for n, spec in enumerate(plain) if not spec.ref]
    found = []
    for key, levels, odd, told in evidence(shape, weights(shape, object_type.key), compared):
        sure = any(levels.get(name) == level for name, level in SURE.items() if name in levels)
        sure = sure or any(levels[name] == 1 for name in unique)
        named = any(levels.get(name, 0) >= least for name, least in NEAR.items())
        rare = any(levels[name] == 1 and told[name][1] >= STRONG for name in worth)
        p = probability(odd)
        if sure or p >= LIKELY or named or rare:
            why = reasons(record_rows.labelled(object_type, told), object_type)
            found.append(Candidate(key, p, why, sure))
    return sorted(found, key=lambda one: (-one.p, one.id))


def parsed(object_type: ObjectType, typed: Mapping[str, str]) -> dict[str, Any]:
    """The typed texts in the form in which they are stored; half-typed ones are left out."""
    found: dict[str, Any] = {}
    for key, role in object_type.compared.items():
        text, spec = typed.get(key, "").strip()[:200], object_type.fields[key]
        if not text:
            continue
        if spec.ref:
            number = record_key(text)
            found[key] = None if number is None else Ref(number, "")
        elif role in {*NAMES, "address", "region"}:
            found[key] = text
        else:
            try:
                found[key] = spec.type.parse(text, spec)
            except Invalid:
                continue
    return found


def found_ids(object_type: ObjectType, values: Mapping[str, Any], mine: Party) -> set[int]:
    alive = object_type.records().filter(deleted_at=None)
    found: set[int] = set()
    for key, role in object_type.compared.items():
        spec = object_type.fields[key]
        if role in KEYS and not spec.ref and values.get(key) and quick(object_type, spec):
            same = alive.filter(Q(**{spec.path: values[key]}) & ~Q(**{spec.path: ""}))
            found |= set(same.order_by().values_list("pk", flat=True)[:MOST_NAMES])
    return found | named(object_type, values, mine)


def named(object_type: ObjectType, values: Mapping[str, Any], mine: Party) -> set[int]:
    """Those called alike: whose names stand beside it in the order of their sounds, and what the search finds."""
    told = [
        str(values[key]) for key, role in object_type.compared.items() if role in NAMES and values.get(key)
    ]
    name = next(iter(told), "")
    if len(name) < SHORTEST_NAME:
        return set()
    found: set[int] = set()
    path = object_type.sort_paths.get(object_type.title)
    if path and (sound := pinyin.full(name)[:60]):
        near = object_type.records().filter(
            **{f"{path}__gte": sound, f"{path}__lt": sound + "{"}, deleted_at=None
        )
        found |= set(near.order_by(path).values_list("pk", flat=True)[:MOST_NAMES])
    if object_type.searched:
        for text in dict.fromkeys((name, mine.sound)):
            found |= set(search.search_type(SYSTEM, object_type, text, MOST_NAMES)) if text else set()
    return found


def quick(object_type: ObjectType, spec: FieldSpec) -> bool:
    """Is there an index that answers who has this value?"""
    if spec.own is not None:
        return spec.sortable and spec.own.letter == "t"
    return spec.sortable or any(
        index.fields[:1] == [spec.key] for index in object_type.model._meta.indexes if index.fields
    )


def shown(object_type: ObjectType, actor: Actor, one: Candidate, *, visible: bool) -> Similar:
    record = object_type.records().get(pk=one.id)
    why = listed(reason.text for reason in one.reasons if reason.bits > 0) or one_word(one)
    title, owner = str(record), owner_name(object_type, one.id)
    if not visible:
        return Similar(None, names.mask_name(title), "", owner, why)
    number = getattr(record, object_type.numbering.field, "") if object_type.numbering else ""
    above = getattr(record, object_type.parent, None) if object_type.parent else None
    detail = " ".join(str(part) for part in (number, above) if part)
    return Similar(one.id, access.mask_title(actor, object_type, title), detail, owner, why)


def owner_name(object_type: ObjectType, key: int | None) -> str:
    """Whose the record is: its own owner, or that of the record it belongs to."""
    while object_type.parent and key is not None:
        spec = object_type.fields[object_type.parent]
        key = object_type.records().filter(pk=key).values_list(spec.value_path, flat=True).first()
        object_type = get(spec.ref)
    if key is None or not object_type.has_owner:
        return ""
    owner = object_type.records().filter(pk=key).values_list("owner_id", flat=True).first()
    return str(get_user_model()._default_manager.filter(pk=owner).first() or "") if owner else ""
