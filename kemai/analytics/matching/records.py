"""The shape of records that are no customers: an administrator said which of their fields are compared, and as what."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from kemai.analytics.matching.fields import (
    BRANCH,
    BRAND,
    CITY,
    CODE,
    EMAIL,
    NAME,
    PHONE,
    PLACE,
    TRADE,
    Block,
    Field,
    Shape,
    same,
)
from kemai.kit.parties import NEAR_SOUND

DIGITS = "regexp_replace({}.sound, '[^0-9]', '', 'g')"
THING = Field(
    "thing",
    "CASE WHEN one.brand = '' OR two.brand = '' THEN -1 WHEN one.brand = two.brand THEN 3 "
    "WHEN one.sound <> '' AND one.sound = two.sound THEN 2 "
    f"WHEN {DIGITS.format('one')} = {DIGITS.format('two')} AND ((one.near <> '' AND one.near = two.near) "
    f"OR jaro_winkler_similarity(one.sound, two.sound) >= {NEAR_SOUND}) THEN 1 ELSE 0 END",
    match=(0.05, 0.05, 0.08, 0.82),
    related=(0.40, 0.10, 0.03, 0.47),  # things of one kind are called alike
    frequency="greatest(one.n_sound, two.n_sound)",
    exact=(2, 3),
)
NAMED = {"person": (NAME,), "company": (BRAND, TRADE, BRANCH), "thing": (THING,)}
KEYS = {"phone": (PHONE,), "email": (EMAIL,), "code": (CODE,), "region": (CITY,), "address": (PLACE,)}
PLAIN = ((0.06, 0.94), (0.75, 0.25))
"""A serial number, a day: doubles have it in common, relatives seldom."""
OWNER = ((0.35, 0.65), (0.25, 0.75))
"""Whose it is (the customer of a contact): relatives have it in common as well."""


def shape(key: str, roles: Collection[str], plain: Sequence[bool] = ()) -> Shape:
    """`roles` are what the compared fields are (names of NAMED and KEYS); `plain` says for each further value whether it
    refers to another record."""
    named = next((role for role in NAMED if role in roles), "")
    fields = [*NAMED.get(named, ()), *(one for role in KEYS if role in roles for one in KEYS[role])]
    if "address" in roles and CITY not in fields:
        fields.append(CITY)
    fields += [further(place, refers=refers) for place, refers in enumerate(plain)]
    return Shape(key, tuple(fields), tuple(blocks(named, roles, plain)), plain=len(plain))


def further(place: int, *, refers: bool) -> Field:
    match, related = OWNER if refers else PLAIN
    column = f"x{place}"
    return Field(column, same(column), match, related, f"one.n_{column}", (1,))


def blocks(named: str, roles: Collection[str], plain: Sequence[bool]) -> list[Block]:
    """Whatever has a telephone, an address, the sound of a name or a further value in common is looked at. What very many
    have in common makes blocks that are divided by the name, and left out where that does not help."""
    found = []
    if "phone" in roles:
        found.append(Block("phone", "len(phones) > 0", "value", ("phone",), "phones"))
    if "email" in roles:
        found.append(Block("email", "len(emails) > 0", "value", ("email",), "emails"))
    if "code" in roles:
        found.append(Block("code", "code <> ''", "code", ("code",)))
    if "address" in roles:
        found.append(Block("place", "door <> '' AND city <> ''", "door || '|' || city", ("place", "city")))
    if named:
        first = NAMED[named][0].key
        found.append(Block("name", "near <> ''", "near", (first,)))
        if "phone" in roles:
            tail = "left(near, 4) || '|' || right(value, 4)"
            found.append(Block("name_tail", "near <> ''", tail, (first, "phone"), "phones"))
        found += [
            Block(
                f"name_x{n}", f"near <> '' AND x{n} <> ''", f"left(near, 6) || '|' || x{n}", (first, f"x{n}")
            )
            for n, _refers in enumerate(plain)
        ]
    found += [Block(f"x{n}", f"x{n} <> ''", f"x{n}", (f"x{n}",)) for n, _refers in enumerate(plain)]
    return found
