"""How two parties agree, field by field, in few levels that people can read."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kemai.kit.parties import MISSING, NEAR_NAME, NEAR_SOUND, Levels, Party, digits_of, domains

COMPANY = ("brand", "trade", "branch", "city", "phone", "email", "code", "place", "contact")
PERSON = ("name", "city", "phone", "email", "wecom", "place", "birthday")
HIGHEST = {
    "brand": 4, "trade": 2, "branch": 2, "city": 1, "phone": 1, "email": 2, "code": 2, "place": 2, "contact": 2,
    "name": 3, "wecom": 1, "birthday": 1,
}  # fmt: skip


def fields_of(*, person: bool) -> tuple[str, ...]:
    return PERSON if person else COMPANY


def compare(one: Party, two: Party) -> Levels:
    """Of two persons or two companies; symmetric."""
    if one.person != two.person:
        raise ValueError("a person and a company are not compared")
    return {name: LEVELS[name](one, two) for name in fields_of(person=one.person)}


def compare_by(fields: Sequence[str], one: Party, two: Party) -> Levels:
    """As `compare`, by these fields; "x0", "x1", … are the further values of records that are no customers."""
    return {
        name: same(one.plain[int(name[1:])], two.plain[int(name[1:])])
        if name[1:].isdigit()
        else LEVELS[name](one, two)
        for name in fields
    }


def brand(one: Party, two: Party) -> int:
    if not (one.brand and two.brand):
        return MISSING
    if one.brand == two.brand:
        return 4
    if one.sound and one.sound == two.sound:
        return 3
    if (one.near and one.near == two.near) or jaro_winkler(one.sound, two.sound) >= NEAR_SOUND:
        return 2
    short, long = sorted((one.brand, two.brand), key=len)
    return 1 if len(short) > 1 and long.startswith(short) else 0


def name(one: Party, two: Party) -> int:
    if not (one.brand and two.brand):
        return MISSING
    if one.brand == two.brand:
        return 3
    if one.sound and one.sound == two.sound:
        return 2
    near = one.near and one.near == two.near
    return 1 if near or jaro_winkler(one.sound, two.sound) >= NEAR_NAME else 0


def thing(one: Party, two: Party) -> int:
    """As a person's name, but other figures are another thing, however alike the rest sounds."""
    found = name(one, two)
    return found if found != 1 or digits_of(one.sound) == digits_of(two.sound) else 0


def trade(one: Party, two: Party) -> int:
    if not one.trade and not two.trade:
        return MISSING
    if one.trade == two.trade:
        return 2
    return 1 if one.trade in two.trade or two.trade in one.trade else 0


def branch(one: Party, two: Party) -> int:
    if not one.branch and not two.branch:
        return MISSING
    if one.branch == two.branch:
        return 2
    return 0 if one.branch and two.branch else 1


def city(one: Party, two: Party) -> int:
    return same(one.city, two.city)


def same(one: str, two: str) -> int:
    return int(one == two) if one and two else MISSING


def phone(one: Party, two: Party) -> int:
    return shared(one.phones, two.phones)


def shared(one: tuple[str, ...], two: tuple[str, ...]) -> int:
    return int(not set(one).isdisjoint(two)) if one and two else MISSING


def email(one: Party, two: Party) -> int:
    found = shared(one.emails, two.emails)
    if found != 0:
        return 2 if found == 1 else MISSING
    return int(not set(domains(one.emails)).isdisjoint(domains(two.emails)))


def code(one: Party, two: Party) -> int:
    if not (one.code and two.code):
        return MISSING
    if one.code == two.code:
        return 2
    return 1 if sum(a != b for a, b in zip(one.code, two.code, strict=False)) <= 2 else 0


def place(one: Party, two: Party) -> int:
    """The same house is the same house only in one city, as far as that is known."""
    if not (one.door and two.door):
        return MISSING
    elsewhere = one.city and two.city and one.city != two.city
    if elsewhere or one.road != two.road:
        return 0
    return 2 if one.door == two.door else 1


def contact(one: Party, two: Party) -> int:
    found = shared(one.contacts, two.contacts)
    if found != 0:
        return 2 if found == 1 else MISSING
    return max(shared(one.voices, two.voices), 0)


def wecom(one: Party, two: Party) -> int:
    return same(one.wecom, two.wecom)


def birthday(one: Party, two: Party) -> int:
    return same(one.birthday, two.birthday)


LEVELS: dict[str, Callable[[Party, Party], int]] = {
    "brand": brand, "name": name, "trade": trade, "branch": branch, "city": city, "phone": phone, "email": email,
    "code": code, "place": place, "contact": contact, "wecom": wecom, "birthday": birthday, "thing": thing,
}  # fmt: skip


def jaro_winkler(one: str, two: str) -> float:
    """As the literature has it: the Jaro similarity, and a tenth of what is missing for each of up to four equal
    letters at the beginning, where it is above 0.7."""
    similar = jaro(one, two)
    if similar <= 0.7:
        return similar
    prefix = 0
    for a, b in zip(one[:4], two[:4], strict=False):
        if a != b:
            break
        prefix += 1
    return similar + prefix * 0.1 * (1 - similar)


def jaro(one: str, two: str) -> float:
    if one == two:
        return 1.0 if one else 0.0
    if not one or not two:
        return 0.0
    reach = max(max(len(one), len(two)) // 2 - 1, 0)
    taken = [False] * len(two)
    matched = []
    for place_, letter in enumerate(one):
        for other in range(max(0, place_ - reach), min(len(two), place_ + reach + 1)):
            if not taken[other] and two[other] == letter:
                taken[other] = True
                matched.append(letter)
                break
    if not matched:
        return 0.0
    count = len(matched)
    there = [letter for letter, used in zip(two, taken, strict=True) if used]
    moved = sum(a != b for a, b in zip(matched, there, strict=True)) // 2
    return (count / len(one) + count / len(two) + (count - moved) / count) / 3
