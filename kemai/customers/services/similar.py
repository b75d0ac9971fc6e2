"""Possible doubles of a customer that is being typed in: found by the engine's keys, weighed by its evidence."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from kemai.analytics.matching.fields import Field, Shape, shape_of
from kemai.analytics.matching.model import Weights, believed, explained, odds
from kemai.customers.models import Contact, Customer, Identifier
from kemai.customers.services import duplicate_runs, party_rows
from kemai.customers.services.duplicate_words import Reason, reasons
from kemai.kit import agreement, names, parties
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.fields import Invalid, listed
from kemai.platform.objects import ObjectType, Similar, get

MOST = 5
KEYS = ("phone", "email", "credit_code", "wecom_id")
SURE = {"phone": 1, "email": 2, "code": 2, "wecom": 1}
"""Levels at which a field is a key: they say that there is somebody, to whoever asks."""
SHORTEST_NAME = 2
MOST_NAMES = 120
MOST_PLACES = 30
LIKELY = 0.2
SECONDS = 60.0
_weights: dict[str, tuple[float, Weights]] = {}


@dataclass(frozen=True)
class Candidate:
    """A customer that the typed one may be."""

    id: int
    p: float
    reasons: Sequence[Reason]
    sure: bool
    """Who may not see the customer may be told that there is one."""


def find_similar(actor: Actor, typed: Mapping[str, str], except_id: int | None = None) -> Sequence[Similar]:
    """The likeliest first. Who may not see one is told that there is one, by which key, and whose it is: enough to ask
    the colleague, not enough to learn anything."""
    customer = get("customer")
    found = candidates(typed, except_id)
    seen = access.scope(actor, customer).filter(pk__in=[one.id for one in found])
    visible = set(seen.values_list("pk", flat=True))
    chosen = [one for one in found if one.id in visible or one.sure][:MOST]
    rows = Customer.objects.filter(pk__in=[one.id for one in chosen]).values(
        "pk", "name", "phone", "number", "owner__name"
    )
    by_id = {row["pk"]: row for row in rows}
    levels = access.field_levels(actor, customer)
    return [
        shown(customer, by_id[one.id], one, levels, visible=one.id in visible)
        for one in chosen
        if one.id in by_id
    ]


def candidates(typed: Mapping[str, str], except_id: int | None = None) -> list[Candidate]:
    """Customers of the same kind that agree with what was typed in something that matters, likeliest first."""
    customer = get("customer")
    keys = parsed(customer, typed)
    kinds = kinds_of(typed)
    found = [one for person in kinds for one in of_kind(keys, typed, person=person) if one.id != except_id]
    return sorted(found, key=lambda one: (-one.p, one.id))


def kinds_of(typed: Mapping[str, str]) -> tuple[bool, ...]:
    """As what the typed one is looked for: by its type, and by its name where that says otherwise (the type is often
    filled in last)."""
    person = typed.get("kind") == "person"
    if typed.get("kind") not in {"person", "company"} or (
        person and not names.is_person_name(typed.get("name", ""))
    ):
        return (True, False)
    return (person,)


def of_kind(keys: Mapping[str, str], typed: Mapping[str, str], *, person: bool) -> list[Candidate]:
    region = typed.get("region", "") if len(typed.get("region", "")) == 6 else ""
    name = typed.get("name", "").strip()[:120]
    mine = parties.make(
        person=person, name=name if len(name) >= SHORTEST_NAME else "", phones=[keys.get("phone", "")],
        emails=[keys.get("email", "")], code=keys.get("credit_code", ""), wecom=keys.get("wecom_id", ""),
        region=region, address=typed.get("address", "")[:200], birthday=typed.get("birthday", ""),
    )  # fmt: skip
    ids = found_ids(keys, mine)
    if not ids:
        return []
    near = Customer.objects.filter(pk__in=ids, kind="person" if person else "company")
    condition = Q(pk__in=list(near.values_list("pk", flat=True)))
    others = party_rows.read(condition)
    return weighed(mine, others)


def parsed(customer: ObjectType, typed: Mapping[str, str]) -> dict[str, str]:
    """The typed keys in the form in which they are stored; half-typed ones are left out."""
    found = {}
    for key in KEYS:
        text = typed.get(key, "").strip()
        if not text:
            continue
        spec = customer.fields[key]
        try:
            found[key] = str(spec.type.parse(text, spec))
        except Invalid:
            continue
    return found


def found_ids(keys: Mapping[str, str], mine: parties.Party) -> set[int]:
    """By each key an index has: columns, further identifiers, contacts, the sound of the name, the house."""
    alive = Customer.objects.filter(deleted_at=None)
    found: set[int] = set()
    for key, value in keys.items():
        found |= set(alive.filter(~Q(**{key: ""}), **{key: value}).values_list("pk", flat=True)[:MOST_NAMES])
    if keys:
        same = Identifier.objects.filter(value__in=list(keys.values()), deleted_at=None)
        found |= set(same.values_list("customer_id", flat=True)[:MOST_NAMES])
    if "phone" in keys and not mine.person:
        there = Contact.objects.filter(~Q(phone=""), phone=keys["phone"], deleted_at=None)
        found |= set(there.values_list("customer_id", flat=True)[:MOST_NAMES])
    if len(mine.brand) >= SHORTEST_NAME and mine.sound:
        # a range and not LIKE: both databases walk the index, the equal names first
        sound = mine.sound[:60]
        named = alive.filter(~Q(match_name=""), match_name__gte=sound, match_name__lt=sound + "{")
        found |= set(named.order_by("match_name").values_list("pk", flat=True)[:MOST_NAMES])
    if mine.door and mine.city:
        place = f"{mine.city} {mine.door}"[:60]
        housed = alive.filter(~Q(match_place=""), match_place=place)
        found |= set(housed.values_list("pk", flat=True)[:MOST_PLACES])
    return found


def weighed(mine: parties.Party, others: Sequence[tuple[int, parties.Party]]) -> list[Candidate]:
    shape = shape_of(person=mine.person)
    compared = [(key, agreement.compare(mine, other)) for key, other in others]
    found = []
    for key, levels, odd, told in evidence(shape, weights(shape), compared):
        sure = any(levels.get(name) == level for name, level in SURE.items()) or same_company(levels)
        p = probability(odd)
        if sure or p >= LIKELY or levels.get("name", levels.get("brand", 0)) > 0:
            found.append(Candidate(key, p, reasons(told), sure))
    return found


def evidence(
    shape: Shape, known: Weights, compared: Sequence[tuple[int, Mapping[str, int]]]
) -> Iterator[tuple[int, Mapping[str, int], float, dict[str, list[float]]]]:
    """(record, how it agrees, log odds, evidence by field). How common a value is, is counted among the candidates."""
    common = {
        field.key: max(sum(levels[field.key] in field.exact for _key, levels in compared), 1)
        for field in shape.fields
    }
    for key, levels in compared:
        odd, related = odds(shape.fields, known, levels, common)
        yield key, levels, odd, explained(shape.fields, known, levels, common, related)


def probability(odd: float) -> float:
    return float(1 / (1 + 2.718281828 ** -max(min(odd, 30.0), -30.0)))


def same_company(levels: Mapping[str, int]) -> bool:
    """The name of a company is public: the same one in the same city (as far as that is said) is told to everybody."""
    same = levels.get("brand", 0) >= 3 and levels.get("trade", 0) != 0 and levels.get("city", 0) != 0
    return (
        same
        and levels.get("branch", -1) in {-1, 2}
        and (levels.get("trade", -1) == 2 or levels.get("city", -1) == 1)
    )


def weights(shape: Shape, type_key: str = "customer") -> Weights:
    """Of the last run, looked up once a minute; before any run, what is believed."""
    place = f"{type_key}/{shape.key}/{len(shape.fields)}"
    kept = _weights.get(place)
    if kept is not None and kept[0] > time.monotonic():
        return kept[1]
    run = duplicate_runs.latest(type_key)
    stored = run.weights.get(shape.key) if run is not None else None
    found = Weights.of(stored) if stored and fits(stored, shape.fields) else believed(shape.fields)
    _weights[place] = (time.monotonic() + SECONDS, found)
    return found


def fits(stored: Mapping[str, Any], fields: Sequence[Field]) -> bool:
    """Other fields may be compared since the run."""
    return all(len(stored["match"].get(one.key, ())) == len(one.match) for one in fields)


def shown(
    customer: ObjectType, row: Mapping[str, Any], one: Candidate, levels: Mapping[str, str], *, visible: bool
) -> Similar:
    phone = customer.fields["phone"]
    owner = row["owner__name"] or ""
    why = listed(reason.text for reason in one.reasons if reason.bits > 0) or one_word(one)
    if not visible:
        return Similar(None, names.mask_name(row["name"]), phone.type.mask(row["phone"]), owner, why)
    hidden = levels.get("phone") in {"masked", "hidden"}
    detail = phone.type.mask(row["phone"]) if hidden else phone.type.text(row["phone"], phone)
    return Similar(
        row["pk"], row["name"], " ".join(part for part in (row["number"], detail) if part), owner, why
    )


def one_word(one: Candidate) -> str:
    return one.reasons[0].text if one.reasons else ""
