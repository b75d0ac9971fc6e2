"""Erasing a person from what an administrator defined: own objects that refer to customers, and own fields of others.

What is personal in a record that belongs to the person is emptied, and the files kept with an own object go; in texts,
and in records of several customers, the person is taken out by their words. The records themselves stay: a machine is
not its buyer. What is a part of such a record (its parent says so) is treated as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.customers.services.erasure import Person, register_erasure
from kemai.kit import pinyin
from kemai.platform import query, search
from kemai.platform.audit.keep import redact
from kemai.platform.fields import FieldSpec, Own
from kemai.platform.fields.own import PERSONAL
from kemai.platform.models import StoredFile
from kemai.platform.objects import ObjectType, all_types, get
from kemai.platform.records import sql
from kemai.platform.records.bulk import chunks

EMPTIED_WHOLE = frozenset({"customer", "contact", "interaction", "identifier", "lead", "visit"})
"""Types whose own values go with everything else (erasure, sales)."""
FILES = frozenset({"file", "image"})
DEEPEST = 4
"""How many steps down from what belongs to the person its parts are followed."""
CHUNK = 500
LONGEST_NAME, LONGEST_SORT = 200, 60
Links = Sequence[FieldSpec]


def naming_customers() -> list[tuple[ObjectType, Links]]:
    """Every type whose records refer to customers, with the fields that do."""
    found: dict[str, tuple[ObjectType, list[FieldSpec]]] = {}
    for other, link in query.relations(get("customer")):
        found.setdefault(other.key, (other, []))[1].append(link)
    return [(other, links) for other, links in found.values()]


def naming(links: Links, customers: Iterable[int]) -> Q:
    """The records that name one of the customers in one of the fields."""
    keys, found = list(customers), Q()
    for link in links:
        if link.refs:
            for key in keys:
                found |= Q(**{f"{link.path}__contains": f'"{key}"'})
        else:
            found |= Q(**{f"{link.path}__in": keys})
    return found


def belonging(
    customers: Iterable[int], contacts: Sequence[int] = (), *, living: bool = False
) -> dict[str, tuple[ObjectType, set[int]]]:
    """What belongs to customers, by type: the records that name one of them in a single reference (what names several
    customers tells of the others too), and the own objects that are parts of such a record, or parts of those.
    `contacts` are those of the customers where they are gone already; `living` leaves out what was deleted."""
    held = list(customers)
    found: dict[str, tuple[ObjectType, set[int]]] = {}
    for other, links in naming_customers():
        single = [link for link in links if not link.refs]
        if single:
            found[other.key] = (other, keys_of(other, naming(single, held), living=living))
    if contacts:
        known = found.setdefault("contact", (get("contact"), set()))
        known[1].update(contacts)
    level = [(other, set(keys)) for other, keys in found.values()]
    for _step in range(DEEPEST):
        level = [
            (child, fresh)
            for parent, keys in level
            for child, link in parts_of(parent)
            if (fresh := under(child, link, keys, living=living) - found.get(child.key, (child, set()))[1])
        ]
        for child, fresh in level:
            found.setdefault(child.key, (child, set()))[1].update(fresh)
    return found


def parts_of(parent: ObjectType) -> list[tuple[ObjectType, FieldSpec]]:
    """The own objects whose records are parts of this type's, with the reference that says of which."""
    own = [(one, one.fields.get(one.parent)) for one in all_types() if one.own and one.parent]
    return [(one, link) for one, link in own if link is not None and link.ref == parent.key]


def under(child: ObjectType, link: FieldSpec, keys: Iterable[int], *, living: bool) -> set[int]:
    found: set[int] = set()
    for some in chunks(sorted(keys), CHUNK):
        found |= keys_of(child, naming([link], some), living=living)
    return found


def keys_of(other: ObjectType, condition: Q, *, living: bool) -> set[int]:
    rows = other.records().filter(condition)
    if living and other.recycles:
        rows = rows.filter(deleted_at=None)
    return set(rows.values_list("pk", flat=True))


def forget(person: Person) -> list[str]:
    """Inside the caller's transaction. Returns what has to stay."""
    stays = []
    mine = belonging(person.keys, person.contacts)
    concerned: dict[str, tuple[ObjectType, Links]] = {
        other.key: (other, links) for other, links in naming_customers()
    }
    concerned |= {key: (other, []) for key, (other, _keys) in mine.items() if key not in concerned}
    for key, (other, links) in concerned.items():
        own = [spec for spec in other.fields.values() if spec.own is not None and is_read(spec.own)]
        if key in EMPTIED_WHOLE or not (own or other.own):
            continue
        belongs = mine[key][1] if key in mine else set()
        held = held_of(other, naming(links, person.keys), belongs)
        changed = [one for one in held if forget_record(person, other, own, one, one[0] in belongs)]
        search.reindex(key, [one[0] for one in changed])
        words = {text for one in held if one[0] in belongs for text in personal_texts(own, one[1])}
        if other.own:
            words |= forget_files(person, other, belongs)
        redact(
            key, [one[0] for one in held], by=person.by, reason=person.reason,
            words=(*person.words, *sorted(words)),
        )  # fmt: skip
        if other.own and held:
            stays.append(
                _("%(type)s：%(n)s 条记录保留，其中的个人信息已清除") % {"type": other.label, "n": len(held)}
            )
    return stays


def held_of(other: ObjectType, condition: Q, belongs: Iterable[int]) -> list[Sequence[Any]]:
    """(key, own values and, of own objects, name) of the records that name a customer, and of their parts."""
    columns = ("pk", "extra", "name") if other.own else ("pk", "extra")
    found: list[Sequence[Any]] = []
    if condition:
        found += other.records().filter(condition).order_by("pk").values_list(*columns)
    rest = sorted(set(belongs) - {one[0] for one in found})
    for some in chunks(rest, CHUNK):
        found += other.records().filter(pk__in=some).order_by("pk").values_list(*columns)
    return found


def forget_files(person: Person, other: ObjectType, keys: Iterable[int]) -> set[str]:
    """The files of these records go, those that fields hold among them; returns what they were called."""
    names: set[str] = set()
    for some in chunks(sorted(keys), CHUNK):
        files = StoredFile.everything.filter(type_key=other.key, object_id__in=some)
        for name, path in files.values_list("name", "path"):
            names.add(name)
            person.paths.append(path)
        files.delete()
    return names


def forget_record(person: Person, other: ObjectType, own: Links, held: Sequence[Any], belongs: bool) -> bool:
    """One record without the person; says whether anything had to be changed."""
    key, extra, *names = held
    patch = {
        spec.key: clean
        for spec in own
        for clean in cleaned(person, other, spec, extra.get(spec.key), belongs)
    }
    if patch:
        sql.update(other.model, ["extra", "updated_at"], [[patch, timezone.now(), key]])
    name = person.scrub(names[0])[:LONGEST_NAME] if names else ""
    if names and name != names[0]:
        other.records().filter(pk=key).update(name=name, name_sort=pinyin.full(name)[:LONGEST_SORT])
        return True
    return bool(patch)


def cleaned(person: Person, other: ObjectType, spec: FieldSpec, stored: Any, belongs: bool) -> list[Any]:
    """What is to stand instead of a stored value (None: nothing), as a list of one; none where it stays."""
    if stored is None:
        return []
    if belongs and (is_personal(spec) or (other.own and spec.type.key in FILES)):
        return [None]
    clean = scrubbed(person, stored)
    return [clean] if clean != stored else []


def is_read(own: Own) -> bool:
    """Are its values understood? Those that a formula left behind when it broke are still there."""
    return own.computed or not own.broken


def is_personal(spec: FieldSpec) -> bool:
    return spec.own is not None and (spec.personal or spec.own.kind in PERSONAL)


def scrubbed(person: Person, stored: Any) -> Any:
    """A stored text, or the texts of a sub-table, without the person."""
    if isinstance(stored, str):
        return person.scrub(stored)
    if isinstance(stored, list):
        return [scrubbed(person, one) for one in stored]
    if isinstance(stored, dict):
        return {key: scrubbed(person, one) for key, one in stored.items()}
    return stored


def personal_texts(own: Links, extra: Mapping[str, Any]) -> list[str]:
    return [str(extra[spec.key]) for spec in own if is_personal(spec) and extra.get(spec.key)]


register_erasure(forget)
