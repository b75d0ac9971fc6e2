"""The kinds of fields, and which model column means which kind."""

from __future__ import annotations

from django.db import models as db

from kemai.platform import models as columns
from kemai.platform.fields.base import (
    OPERATORS,
    FieldSpec,
    FieldType,
    Invalid,
    Label,
    Moment,
    Operator,
    Own,
    Ref,
    Test,
    clauses,
    listed,
)
from kemai.platform.fields.choice import Choice, MultiChoice, Tags
from kemai.platform.fields.link import Computed, File, Reference, Region, UserReference
from kemai.platform.fields.more import (
    AutoNumber,
    Broken,
    DepartmentReference,
    Formula,
    Image,
    MultiReference,
    Rating,
    RollUp,
    SubTable,
    Time,
)
from kemai.platform.fields.number import Boolean, Money, Number, Percent, Whole
from kemai.platform.fields.saying import Saying, read_out
from kemai.platform.fields.text import CreditCode, Email, IdNumber, LongText, Phone, Reason, Text, Url
from kemai.platform.fields.when import Date, DateTime

KINDS: dict[str, FieldType] = {
    kind.key: kind
    for kind in (
        Text(), LongText(), Email(), Url(), Phone(), CreditCode(), IdNumber(), Number(), Whole(), Money(), Percent(),
        Boolean(), Date(), DateTime(), Choice(), MultiChoice(), Tags(), Reference(), UserReference(), Region(), File(),
        Computed(), Time(), Rating(), Image(), DepartmentReference(), MultiReference(), AutoNumber(), SubTable(),
        Formula(), RollUp(), Broken(),
    )
}  # fmt: skip

REASON = Reason()

COLUMN_KINDS: tuple[tuple[type[db.Field], str], ...] = (  # type: ignore[type-arg]
    (columns.MoneyColumn, "money"),
    (columns.PercentColumn, "percent"),
    (columns.PhoneColumn, "phone"),
    (columns.RegionColumn, "region"),
    (columns.CreditCodeColumn, "credit_code"),
    (columns.IdentityColumn, "id_number"),
    (columns.MultiChoiceColumn, "multi_choice"),
    (columns.ChoiceColumn, "choice"),
    (db.EmailField, "email"),
    (db.URLField, "url"),
    (db.TextField, "long_text"),
    (db.CharField, "text"),
    (db.DateTimeField, "datetime"),
    (db.DateField, "date"),
    (db.BooleanField, "boolean"),
    (db.IntegerField, "whole"),
    (db.FloatField, "number"),
)
"""The first match counts: subclasses stand before what they derive from."""


def kind_of(column: db.Field) -> FieldType | None:  # type: ignore[type-arg]
    """The kind of a model column; None for columns that are no field of a record (JSON payloads and the like)."""
    if isinstance(column, db.ForeignKey):
        label = column.related_model._meta.label_lower
        return KINDS[{"staff.user": "user", "platform.storedfile": "file"}.get(label, "reference")]
    if isinstance(column, columns.ReasonColumn):
        return REASON
    for column_class, key in COLUMN_KINDS:
        if isinstance(column, column_class):
            return KINDS[key]
    return None


__all__ = [
    "KINDS",
    "OPERATORS",
    "FieldSpec",
    "FieldType",
    "Invalid",
    "Label",
    "Moment",
    "Operator",
    "Own",
    "Ref",
    "Saying",
    "Test",
    "clauses",
    "kind_of",
    "listed",
    "read_out",
]
