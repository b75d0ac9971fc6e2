"""Model columns that carry meaning: the kernel reads the kind of a field from the class of its column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from django.db import models
from django.utils.functional import Promise

from kemai.platform.models.sealed import SealedColumn

CENT = Decimal("0.01")
MONEY_LIMIT = Decimal(10) ** 15
"""Amounts from here on are refused: they do not fit the column with cents, and nobody sells for that much."""


class Option(NamedTuple):
    """One value of a choice: what is stored, what is shown, and its colour out of the fixed palette of ten."""

    value: str
    label: str | Promise
    color: str = "gray"
    archived: bool = False
    """Shown where a record has it, offered no more."""


class ChoiceColumn(models.CharField[str, str]):
    """A short code out of fixed options; the options are code, not schema, so they make no migrations."""

    def __init__(self, *args: Any, options: Iterable[Option] = (), **kwargs: Any) -> None:
        self.options = tuple(options)
        kwargs.setdefault("max_length", 24)
        kwargs["choices"] = [(option.value, option.label) for option in self.options] or None
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("choices", None)
        return name, path, args, kwargs


class ReasonColumn(models.CharField[str, str]):
    """Why something was done, read out in the reader's language where the system says so: platform.fields.saying. To
    the schema it is a text like any other."""

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs


class MultiChoiceColumn(models.JSONField[list[str], list[str]]):
    """Several codes out of fixed options, stored as a sorted JSON list."""

    def __init__(self, *args: Any, options: Iterable[Option] = (), **kwargs: Any) -> None:
        self.options = tuple(options)
        kwargs.setdefault("default", list)
        kwargs.setdefault("blank", True)
        super().__init__(*args, **kwargs)


class MoneyColumn(models.BigIntegerField[Any, Any]):
    """An amount, exact to the cent: stored as whole cents, seen as Decimal with two places (docs/adr/004)."""

    def from_db_value(self, value: int | None, expression: object, connection: object) -> Decimal | None:
        return None if value is None else Decimal(value) * CENT

    def to_python(self, value: Any) -> Any:
        return value if value is None or isinstance(value, Decimal) else Decimal(str(value))

    def get_prep_value(self, value: Any) -> Any:
        if value is None or hasattr(value, "resolve_expression"):
            return value
        return int((Decimal(str(value)) / CENT).to_integral_value(ROUND_HALF_UP))

    def get_internal_type(self) -> str:
        return "BigIntegerField"


class PercentColumn(models.FloatField[Any, Any]):
    """A share: 0.125 is shown as 12.5 %."""


class PhoneColumn(SealedColumn):
    """A telephone number in E.164, an extension behind a semicolon; empty text where there is none."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 32)
        kwargs.setdefault("blank", True)
        kwargs.setdefault("default", "")
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "kemai.platform.models.columns.PhoneColumn", args, kwargs


class DeadlineColumn(models.DateField[Any, Any]):
    """A day by which something has to be done: lists show it red when it is near."""


class MonthColumn(models.DateField[Any, Any]):
    """A month, by its first day: shown without the day."""


class RegionColumn(models.CharField[str, str]):
    """A Chinese administrative division: the six-digit code (GB/T 2260) of the smallest one known."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 6)
        kwargs.setdefault("blank", True)
        kwargs.setdefault("default", "")
        super().__init__(*args, **kwargs)


class IdentityColumn(SealedColumn):
    """A number that identifies a person or company before the law; masked like a telephone number."""

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "kemai.platform.models.columns.IdentityColumn", args, kwargs


class CreditCodeColumn(models.CharField[str, str]):
    """统一社会信用代码: 18 characters with a check character (GB 32100-2015)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 18)
        kwargs.setdefault("blank", True)
        kwargs.setdefault("default", "")
        super().__init__(*args, **kwargs)
