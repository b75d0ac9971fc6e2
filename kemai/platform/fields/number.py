"""Kinds made of numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from random import Random
from typing import Any, ClassVar

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kemai.kit import money, numbers
from kemai.kit.errors import KitError
from kemai.platform.fields.base import FieldSpec, FieldType, Invalid, Moment, Test, clean_text
from kemai.platform.fields.text import share
from kemai.platform.models.columns import MONEY_LIMIT


class Number(FieldType):
    """A whole or fractional number."""

    key = "number"
    widget = "number"
    numeric = True
    storage = "float64"
    operators: ClassVar[tuple[str, ...]] = (
        "eq", "ne", "lt", "lte", "gt", "gte", "between", "empty", "not_empty",
    )  # fmt: skip

    def parse_filled(self, raw: object, spec: FieldSpec) -> Any:
        try:
            return float(numbers.parse_number(raw if isinstance(raw, int | float) else clean_text(raw)))
        except KitError:
            raise Invalid(_("“%(value)s”不是数字") % {"value": clean_text(raw)[:40]}) from None

    def empty(self, spec: FieldSpec) -> Any:
        return None if spec.nullable else spec.default if spec.default is not None else 0

    def test(self, op: str, value: Any, spec: FieldSpec, moment: Moment) -> Test:
        match op:
            case "lt" | "lte":
                return Test("range", (None, self.operand(value, spec, moment), True, op == "lte"))
            case "gt" | "gte":
                return Test("range", (self.operand(value, spec, moment), None, op == "gte", True))
            case "between":
                low, high = (self.operand(one, spec, moment) for one in value)
                return Test("range", (min(low, high), max(low, high), True, True))
        return super().test(op, value, spec, moment)

    def operand(self, raw: object, spec: FieldSpec, moment: Moment) -> Any:
        if raw is None or raw == "":
            raise Invalid(_("请填写要比较的值"))
        return self.parse_filled(raw, spec)

    def editable(self, value: Any, spec: FieldSpec) -> Any:
        if value is None:
            return ""
        return int(value) if float(value).is_integer() else value

    def text(self, value: Any, spec: FieldSpec) -> str:
        if value is None:
            return ""
        return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}".rstrip("0")

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        return {"type": ["number", "null"] if spec.nullable else "number"}

    def guess(self, samples: Sequence[object]) -> float:
        return 0.6 * share(samples, is_number)

    def fake(self, spec: FieldSpec, rng: Random) -> Any:
        return rng.randrange(1000)


class Whole(Number):
    """A whole number."""

    key = "whole"
    storage = "int64"

    def parse_filled(self, raw: object, spec: FieldSpec) -> Any:
        value = super().parse_filled(raw, spec)
        if not value.is_integer() or abs(value) >= 2**53:
            raise Invalid(_("请填写整数"))
        return int(value)

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        return {"type": ["integer", "null"] if spec.nullable else "integer"}


class Money(Number):
    """An amount in Decimal, exact to the cent."""

    key = "money"
    widget = "money"
    storage = "cents"

    def parse_filled(self, raw: object, spec: FieldSpec) -> Any:
        return self.amount(raw, money.parse_exact)

    def operand(self, raw: object, spec: FieldSpec, moment: Moment) -> Any:
        """A limit to compare with is not kept as anybody's amount: it may be finer than a cent."""
        if raw is None or raw == "":
            raise Invalid(_("请填写要比较的值"))
        return money.from_cents(money.to_cents(self.amount(raw, money.parse_money)))

    def amount(self, raw: object, read: Callable[[Any], Decimal]) -> Decimal:
        try:
            value = read(raw if isinstance(raw, int | float | Decimal) else clean_text(raw))
        except KitError as error:
            raise Invalid(money_problem(error, clean_text(raw))) from None
        if abs(value) >= MONEY_LIMIT:
            raise Invalid(_("金额太大，请核对"))
        return value

    def empty(self, spec: FieldSpec) -> Any:
        return None if spec.nullable else Decimal("0.00")

    def text(self, value: Any, spec: FieldSpec) -> str:
        return "" if value is None else money.format_money(value, "en" if get_language() == "en" else "zh")

    def json(self, value: Any) -> Any:
        return None if value is None else f"{value:.2f}"

    def editable(self, value: Any, spec: FieldSpec) -> Any:
        return "" if value is None else f"{value:.2f}"

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        kind = ["string", "number", "null"] if spec.nullable else ["string", "number"]
        return {"type": kind, "format": "decimal", "examples": ["128000.00"]}

    def fake(self, spec: FieldSpec, rng: Random) -> Any:
        return Decimal(rng.randrange(10**7)) / 100


def money_problem(error: KitError, text: str) -> str:
    """Why a text is no amount, and what to write."""
    if error.code == "money_places":
        return _("金额最多两位小数，“%(text)s”会被改成 %(kept)s；请填写准确到分的金额") % error.params
    return _("“%(value)s”不是金额，请写成 1234.50 或 12.8万") % {"value": text[:40]}


class Percent(Number):
    """A share: 0.125 inside and in JSON and spreadsheets; text that a person types means per cent."""

    key = "percent"
    widget = "percent"

    def parse_filled(self, raw: object, spec: FieldSpec) -> Any:
        if isinstance(raw, int | float) and not isinstance(raw, bool):
            return super().parse_filled(raw, spec)
        text = clean_text(raw).replace("％", "%")
        return round(super().parse_filled(text.rstrip("%").strip(), spec) / 100, 10)

    def text(self, value: Any, spec: FieldSpec) -> str:
        return "" if value is None else f"{value * 100:.1f}".rstrip("0").rstrip(".") + "%"

    def editable(self, value: Any, spec: FieldSpec) -> Any:
        return self.text(value, spec)

    def guess(self, samples: Sequence[object]) -> float:
        return share(samples, lambda text: text.endswith(("%", "％")))


class Boolean(FieldType):
    key = "boolean"
    widget = "checkbox"
    storage = "boolean"
    operators = ("eq",)
    YES: ClassVar[frozenset[str]] = frozenset({"1", "true", "yes", "y", "on", "是", "对", "有", "√", "✓"})
    NO: ClassVar[frozenset[str]] = frozenset({"0", "false", "no", "n", "off", "否", "不", "无", "×"})

    def is_empty(self, value: Any) -> bool:
        return value is None

    def empty(self, spec: FieldSpec) -> Any:
        return None if spec.nullable else bool(spec.default)

    def parse_filled(self, raw: object, spec: FieldSpec) -> Any:
        text = "1" if raw is True else "0" if raw is False else clean_text(raw).lower()
        if text in self.YES:
            return True
        if text in self.NO:
            return False
        raise Invalid(_("请填写“是”或“否”"))

    def text(self, value: Any, spec: FieldSpec) -> str:
        return "" if value is None else _("是") if value else _("否")

    def editable(self, value: Any, spec: FieldSpec) -> Any:
        return bool(value)

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        return {"type": "boolean"}

    def guess(self, samples: Sequence[object]) -> float:
        return 0.9 * share(
            samples, lambda text: text.lower() in self.YES | self.NO and text not in {"0", "1"}
        )

    def fake(self, spec: FieldSpec, rng: Random) -> Any:
        return rng.random() < 0.5


def is_number(text: str) -> bool:
    try:
        numbers.parse_number(text)
    except KitError:
        return False
    return True
