"""The fields by which parties are compared: their levels in SQL, and what is believed of them before any data.

The levels are those of `kemai.kit.agreement`; `one` and `two` are the two rows of the table of parties."""

from __future__ import annotations

from dataclasses import dataclass

from kemai.kit.parties import NEAR_NAME, NEAR_SOUND


@dataclass(frozen=True)
class Field:
    """`match` and `related` are the probabilities of each level (0, 1, …) among doubles and among relatives: where
    learning starts, and what holds it there while data are few. `frequency` is the SQL of how many parties have the
    value in common; `exact` the levels to which that applies."""

    key: str
    level: str
    match: tuple[float, ...]
    related: tuple[float, ...]
    frequency: str = ""
    exact: tuple[int, ...] = ()
    alpha: float = 0.5
    """How many further parties are expected to have a value that is seen on this pair alone: a telephone is all but
    nobody else's, a name may be somebody's."""


def same(column: str) -> str:
    return (
        f"CASE WHEN one.{column} = '' OR two.{column} = '' THEN -1 "
        f"WHEN one.{column} = two.{column} THEN 1 ELSE 0 END"
    )


def shared(column: str) -> str:
    return f"list_has_any(one.{column}, two.{column})"


def missing(column: str) -> str:
    return f"len(one.{column}) = 0 OR len(two.{column}) = 0"


BRAND = Field(
    "brand",
    "CASE WHEN one.brand = '' OR two.brand = '' THEN -1 WHEN one.brand = two.brand THEN 4 "
    "WHEN one.sound <> '' AND one.sound = two.sound THEN 3 "
    "WHEN (one.near <> '' AND one.near = two.near) "
    f"OR jaro_winkler_similarity(one.sound, two.sound) >= {NEAR_SOUND} THEN 2 "
    "WHEN least(length(one.brand), length(two.brand)) > 1 "
    "AND (starts_with(one.brand, two.brand) OR starts_with(two.brand, one.brand)) THEN 1 ELSE 0 END",
    match=(0.02, 0.04, 0.06, 0.08, 0.80),
    related=(0.10, 0.05, 0.02, 0.01, 0.82),
    frequency="greatest(one.n_sound, two.n_sound)",
    exact=(3, 4),
)
NAME = Field(
    "name",
    "CASE WHEN one.brand = '' OR two.brand = '' THEN -1 WHEN one.brand = two.brand THEN 3 "
    "WHEN one.sound <> '' AND one.sound = two.sound THEN 2 "
    "WHEN (one.near <> '' AND one.near = two.near) "
    f"OR jaro_winkler_similarity(one.sound, two.sound) >= {NEAR_NAME} THEN 1 ELSE 0 END",
    match=(0.03, 0.04, 0.08, 0.85),
    related=(0.93, 0.05, 0.01, 0.01),
    frequency="greatest(one.n_sound, two.n_sound)",
    exact=(2, 3),
)
TRADE = Field(
    "trade",
    "CASE WHEN one.trade = '' AND two.trade = '' THEN -1 WHEN one.trade = two.trade THEN 2 "
    "WHEN contains(one.trade, two.trade) OR contains(two.trade, one.trade) THEN 1 ELSE 0 END",
    match=(0.04, 0.16, 0.80),
    related=(0.55, 0.15, 0.30),
)
BRANCH = Field(
    "branch",
    "CASE WHEN one.branch = '' AND two.branch = '' THEN -1 WHEN one.branch = two.branch THEN 2 "
    "WHEN one.branch = '' OR two.branch = '' THEN 1 ELSE 0 END",
    match=(0.01, 0.09, 0.90),
    related=(0.50, 0.48, 0.02),
)
CITY = Field("city", same("city"), match=(0.03, 0.97), related=(0.35, 0.65))
PHONE = Field(
    "phone",
    f"CASE WHEN {missing('phones')} THEN -1 WHEN {shared('phones')} THEN 1 ELSE 0 END",
    match=(0.30, 0.70),
    related=(0.60, 0.40),
    frequency="n_phone",
    exact=(1,),
    alpha=0.05,
)
EMAIL = Field(
    "email",
    f"CASE WHEN {missing('emails')} THEN -1 WHEN {shared('emails')} THEN 2 "
    f"WHEN {shared('domains')} THEN 1 ELSE 0 END",
    match=(0.25, 0.05, 0.70),
    related=(0.55, 0.35, 0.10),
    frequency="n_email",
    exact=(2,),
    alpha=0.05,
)
CODE = Field(
    "code",
    "CASE WHEN one.code = '' OR two.code = '' THEN -1 WHEN one.code = two.code THEN 2 "
    "WHEN length(one.code) = length(two.code) AND hamming(one.code, two.code) <= 2 THEN 1 ELSE 0 END",
    match=(0.01, 0.04, 0.95),
    related=(0.995, 0.004, 0.001),
)
PLACE = Field(
    "place",
    "CASE WHEN one.door = '' OR two.door = '' THEN -1 "
    "WHEN (one.city <> '' AND two.city <> '' AND one.city <> two.city) OR one.road <> two.road THEN 0 "
    "WHEN one.door = two.door THEN 2 ELSE 1 END",
    match=(0.15, 0.05, 0.80),
    related=(0.50, 0.05, 0.45),
    frequency="n_place",
    exact=(2,),
    alpha=0.2,
)
CONTACT = Field(
    "contact",
    f"CASE WHEN {missing('contacts')} THEN -1 WHEN {shared('contacts')} THEN 2 "
    f"WHEN {shared('voices')} THEN 1 ELSE 0 END",
    match=(0.25, 0.05, 0.70),
    related=(0.45, 0.03, 0.52),
    frequency="least(one.n_voice, two.n_voice)",
    exact=(1, 2),
)
COMPANY = (BRAND, TRADE, BRANCH, CITY, PHONE, EMAIL, CODE, PLACE, CONTACT)
PERSON = (
    NAME,
    Field("city", same("city"), match=(0.05, 0.95), related=(0.10, 0.90)),
    Field("phone", PHONE.level, (0.30, 0.70), (0.40, 0.60), "n_phone", (1,), 0.05),
    Field("email", EMAIL.level, (0.28, 0.02, 0.70), (0.80, 0.10, 0.10), "n_email", (2,), 0.05),
    Field("wecom", same("wecom"), match=(0.05, 0.95), related=(0.99, 0.01)),
    Field("place", PLACE.level, (0.15, 0.05, 0.80), (0.10, 0.05, 0.85), "n_place", (2,), 0.2),
    Field("birthday", same("birthday"), match=(0.02, 0.98), related=(0.99, 0.01)),
)  # fmt: skip


@dataclass(frozen=True)
class Block:
    """A reason to look at a pair at all: parties with the same `key`. `fixed` are the fields that therefore say nothing
    within the block. `each` is the list column whose every value makes a key."""

    key: str
    where: str
    value: str
    fixed: tuple[str, ...]
    each: str = ""


COMPANY_BLOCKS = (
    Block("phone", "len(phones) > 0", "value", ("phone",), "phones"),
    Block("email", "len(emails) > 0", "value", ("email",), "emails"),
    Block("code", "code <> ''", "code", ("code",)),
    Block("brand_city", "sound <> '' AND city <> ''", "sound || '|' || city", ("brand", "city")),
    Block("contact_city", "city <> ''", "value || '|' || city", ("contact", "city"), "voices"),
    Block("place", "door <> '' AND city <> ''", "door || '|' || city", ("place", "city")),
    Block(
        "brand_tail", "sound <> ''", "left(near, 4) || '|' || right(value, 4)", ("brand", "phone"), "phones"
    ),
    Block("brand_trade", "sound <> '' AND trade <> ''", "sound || '|' || trade", ("brand", "trade")),
    Block("brand_contact", "sound <> ''", "left(near, 4) || '|' || value", ("brand", "contact"), "voices"),
)
PERSON_BLOCKS = (
    Block("phone", "len(phones) > 0", "value", ("phone",), "phones"),
    Block("email", "len(emails) > 0", "value", ("email",), "emails"),
    Block("wecom", "wecom <> ''", "wecom", ("wecom",)),
    Block("name_city", "sound <> '' AND city <> ''", "sound || '|' || city", ("name", "city")),
    Block("place", "door <> '' AND city <> ''", "door || '|' || city", ("place", "city")),
    Block("name_tail", "sound <> ''", "sound || '|' || right(value, 4)", ("name", "phone"), "phones"),
    Block("name", "sound <> ''", "sound", ("name",)),
    Block(
        "name_birthday", "sound <> '' AND birthday <> ''", "sound || '|' || birthday", ("name", "birthday")
    ),
)


@dataclass(frozen=True)
class Shape:
    """What is compared with what, and by which fields: the companies, the persons, the records of another type."""

    key: str
    fields: tuple[Field, ...]
    blocks: tuple[Block, ...]
    where: str = "true"
    """Which parties of the table these are, in SQL."""
    plain: int = 0
    """How many further values ("x0", "x1", …) the table has beside the columns of a party."""


COMPANY_SHAPE = Shape("company", COMPANY, COMPANY_BLOCKS, "NOT person")
PERSON_SHAPE = Shape("person", PERSON, PERSON_BLOCKS, "person")


def shape_of(*, person: bool) -> Shape:
    return PERSON_SHAPE if person else COMPANY_SHAPE


def fields_of(*, person: bool) -> tuple[Field, ...]:
    return shape_of(person=person).fields
