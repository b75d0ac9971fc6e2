"""Erasing a person from what an administrator defined: own objects that refer to customers, and own fields of others.

What is personal in a record that belongs to the person is emptied; in texts, and in records of several customers,
the person is taken out by their words. The records themselves stay: a machine is not its buyer."""

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
from kemai.platform.fields import FieldSpec
from kemai.platform.fields.own import PERSONAL
from kemai.platform.objects import ObjectType, get
from kemai.platform.records import sql

EMPTIED_WHOLE = frozenset({"customer", "contact", "interaction", "identifier", "lead", "visit"})
"""Types whose own values go with everything else (erasure, sales)."""
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


def forget(person: Person) -> list[str]:
    """Inside the caller's transaction. Returns what has to stay."""
    stays = []
    for other, links in naming_customers():
        own = [spec for spec in other.fields.values() if spec.own is not None and not spec.own.broken]
        if other.key in EMPTIED_WHOLE or not (own or other.own):
            continue
        mine = naming([link for link in links if not link.refs], person.keys)
        belonging = set(other.records().filter(mine).values_list("pk", flat=True)) if mine else set()
        rows = other.records().filter(naming(links, person.keys)).order_by("pk")
        names = ("name",) if other.own else ()
        held = list(rows.values_list("pk", "extra", *names))
        changed = [one for one in held if forget_record(person, other, own, one, one[0] in belonging)]
        search.reindex(other.key, [one[0] for one in changed])
        words = {text for one in held if one[0] in belonging for text in personal_texts(own, one[1])}
        redact(
            other.key, [one[0] for one in held], by=person.by, reason=person.reason,
            words=(*person.words, *sorted(words)),
        )  # fmt: skip
        if other.own and held:
            stays.append(
                _("%(type)s：%(n)s 条记录保留，其中的个人信息已清除") % {"type": other.label, "n": len(held)}
            )
    return stays


def forget_record(person: Person, other: ObjectType, own: Links, held: Sequence[Any], belongs: bool) -> bool:
    """One record without the person; says whether anything had to be changed."""
    key, extra, *names = held
    patch = {spec.key: clean for spec in own for clean in cleaned(person, spec, extra.get(spec.key), belongs)}
    if patch:
        sql.update(other.model, ["extra", "updated_at"], [[patch, timezone.now(), key]])
    name = person.scrub(names[0])[:LONGEST_NAME] if names else ""
    if names and name != names[0]:
        other.records().filter(pk=key).update(name=name, name_sort=pinyin.full(name)[:LONGEST_SORT])
        return True
    return bool(patch)


def cleaned(person: Person, spec: FieldSpec, stored: Any, belongs: bool) -> list[Any]:
    """What is to stand instead of a stored value (None: nothing), as a list of one; none where it stays."""
    if stored is None:
        return []
    if belongs and is_personal(spec):
        return [None]
    clean = scrubbed(person, stored)
    return [clean] if clean != stored else []


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
