"""Kinds that only own fields have: no column of a model stands behind them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from kemai.kit import dates
from kemai.kit.errors import KitError
from kemai.platform.fields.base import FieldSpec, FieldType, Invalid, Moment, Ref, Test, clean_text, listed
from kemai.platform.fields.choice import MultiChoice, split_list
from kemai.platform.fields.link import File, Reference
from kemai.platform.fields.number import Whole
from kemai.platform.fields.text import Text, share

STARS = 5
MOST_REFERENCES = 200
MOST_LINES = 200


class Time(FieldType):
    """A time of day."""

    key = "time"
    widget = "time"
    operators: ClassVar[tuple[str, ...]] = ("eq", "before", "after", "between", "empty", "not_empty")

    def parse_filled(self, raw: object, spec: FieldSpec) -> Any:
        if isinstance(raw, dt.datetime):
            raw = raw.time()
        if isinstance(raw, dt.time):
            return raw.replace(microsecond=0, tzinfo=None)
        text = clean_text(raw)
        try:
            if ":" not in text and "：" not in text and "点" not in text:
                raise ValueError(text)
            return dates.parse_datetime(f"2000-01-01 {text}").time().replace(microsecond=0)
        except (KitError, ValueError):
            raise Invalid(_("“%(value)s”不是时间，请写成 14:30") % {"value": text[:40]}) from None

    def empty(self, spec: FieldSpec) -> Any:
        return None

    def text(self, value: Any, spec: FieldSpec) -> str:
        return "" if value is None else value.isoformat("seconds" if value.second else "minutes")

    def json(self, value: Any) -> Any:
        return None if value is None else value.isoformat("seconds")

    def editable(self, value: Any, spec: FieldSpec) -> Any:
        return self.text(value, spec)

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        return {"type": ["string", "null"], "format": "time"}

    def guess(self, samples: Sequence[object]) -> float:
        return share(samples, is_clock)

    def fake(self, spec: FieldSpec, rng: Random) -> Any:
        return dt.time(rng.randrange(24), rng.randrange(60))

    def test(self, op: str, value: Any, spec: FieldSpec, moment: Moment) -> Test:
        match op:
            case "before":
                return Test("range", (None, self.operand(value, spec, moment), True, False))
            case "after":
                return Test("range", (self.operand(value, spec, moment), None, False, True))
            case "between":
                low, high = sorted(self.operand(one, spec, moment) for one in value)
                return Test("range", (low, high, True, True))
        return super().test(op, value, spec, moment)


class Rating(Whole):
    """Stars, from one up to what the field says."""

    key = "rating"
    widget = "rating"

    def parse_filled(self, raw: object, spec: FieldSpec) -> Any:
        text = clean_text(raw)
        value = text.count("★") if text and set(text) <= {"★", "☆"} else super().parse_filled(raw, spec)
        most = stars(spec)
        if not 1 <= value <= most:
            raise Invalid(_("请填写 1 到 %(most)s 之间的整数") % {"most": most})
        return value

    def text(self, value: Any, spec: FieldSpec) -> str:
        return "" if value is None else "★" * int(value) + "☆" * max(0, stars(spec) - int(value))

    def editable(self, value: Any, spec: FieldSpec) -> Any:
        return "" if value is None else value

    def operand(self, raw: object, spec: FieldSpec, moment: Moment) -> Any:
        if raw is None or raw == "":
            raise Invalid(_("请填写要比较的值"))
        return Whole.parse_filled(self, raw, spec)

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        return {**super().schema(spec), "minimum": 1, "maximum": stars(spec)}

    def guess(self, samples: Sequence[object]) -> float:
        return share(samples, lambda text: bool(text) and set(text) <= {"★", "☆"})

    def fake(self, spec: FieldSpec, rng: Random) -> Any:
        return 1 + rng.randrange(stars(spec))


def stars(spec: FieldSpec) -> int:
    most = spec.own.settings.get("stars") if spec.own is not None else None
    return most if isinstance(most, int) and 1 <= most <= 10 else STARS


class Image(File):
    """A picture: a file that is shown."""

    key = "image"


class DepartmentReference(Reference):
    """A department of the company."""

    key = "department"


class MultiReference(MultiChoice):
    """Several records of another type, in the order in which they were chosen. In a condition one is named by its
    key."""

    key = "multi_reference"
    widget = "refs"

    def read(self, spec: FieldSpec, values: Sequence[Any]) -> Any:
        return [Ref(int(one), "") for one in values[0] or []]

    def parse_filled(self, raw: object, spec: FieldSpec) -> Any:
        one = Reference()
        refs = [one.parse_filled(part, spec) for part in ([raw] if isinstance(raw, Ref) else split_list(raw))]
        found = list({ref.id: ref for ref in refs}.values())
        if len(found) > MOST_REFERENCES:
            raise Invalid(_("最多选择 %(most)s 条") % {"most": MOST_REFERENCES})
        return found

    def store(self, value: Any) -> Any:
        """Keys as text, so that one is found in the list like the code of a choice."""
        return [str(one.id) for one in value or []]

    def text(self, value: Any, spec: FieldSpec) -> str:
        return listed(one.title or f"#{one.id}" for one in value or [])

    def json(self, value: Any) -> Any:
        return [{"id": one.id, "title": one.title} for one in value or []]

    def editable(self, value: Any, spec: FieldSpec) -> Any:
        return [str(one.id) for one in value or []]

    def one(self, raw: object, spec: FieldSpec) -> Any:
        return Reference().parse_filled(raw, spec).id

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        item = {"type": "object", "properties": {"id": {"type": "integer"}, "title": {"type": "string"}}}
        items = {"oneOf": [{"type": "integer"}, item]}
        return {"type": "array", "items": items, "description": f"→ {spec.refs}"}

    def fake(self, spec: FieldSpec, rng: Random) -> Any:
        return []


class AutoNumber(Text):
    """A running number, given when the record is made."""

    key = "auto_number"


class SubTable(FieldType):
    """A few lines of details: a list of rows, each with the table's columns. Columns are fields of simple kinds."""

    key = "sub_table"
    widget = "sub_table"
    operators = ("empty", "not_empty")

    def read(self, spec: FieldSpec, values: Sequence[Any]) -> Any:
        return [self.line(row, spec) for row in values[0] or []]

    def line(self, stored: Mapping[str, Any], spec: FieldSpec) -> dict[str, Any]:
        """A stored row in Python form; what no longer fits its column stays as it is."""
        found = {}
        for column in columns_of(spec):
            raw = stored.get(column.key)
            try:
                found[column.key] = column.type.parse(raw, column)
            except Invalid:
                found[column.key] = None
        return found

    def is_empty(self, value: Any) -> bool:
        return not value

    def empty(self, spec: FieldSpec) -> Any:
        return []

    def parse_filled(self, raw: object, spec: FieldSpec) -> Any:
        rows = raw if isinstance(raw, list | tuple) else lines_of(clean_text(raw), spec)
        if len(rows) > MOST_LINES:
            raise Invalid(_("最多 %(most)s 行") % {"most": MOST_LINES})
        found = [self.parse_line(row, number, spec) for number, row in enumerate(rows, 1)]
        return [row for row in found if row is not None]

    def parse_line(self, row: object, number: int, spec: FieldSpec) -> dict[str, Any] | None:
        if not isinstance(row, dict):
            raise Invalid(_("第 %(row)s 行的格式不对") % {"row": number})
        found = {}
        for column in columns_of(spec):
            try:
                found[column.key] = column.type.parse(row.get(column.key), column)
            except Invalid as error:
                raise Invalid(
                    _("第 %(row)s 行“%(column)s”：%(problem)s")
                    % {"row": number, "column": column.label, "problem": error.message}
                ) from None
        if all(column.type.is_empty(found[column.key]) for column in columns_of(spec)):
            return None
        for column in columns_of(spec):
            if column.required and column.type.is_empty(found[column.key]):
                raise Invalid(_("第 %(row)s 行：请填写%(column)s") % {"row": number, "column": column.label})
        return found

    @staticmethod
    def check_columns(raw: object, spec: FieldSpec) -> None:
        """What somebody writes must not vanish because its column is misspelt. What an older definition has left is
        read all the same (`parse`). Raises Invalid."""
        known = {column.key for column in spec.columns}
        for number, row in enumerate(raw if isinstance(raw, list | tuple) else (), 1):
            strange = sorted(map(str, set(row) - known)) if isinstance(row, dict) else []
            if strange:
                raise Invalid(
                    _("第 %(row)s 行：没有“%(column)s”这一列") % {"row": number, "column": strange[0][:40]}
                )

    def store(self, value: Any) -> Any:
        return self.json(value)

    def json(self, value: Any) -> Any:
        return [{key: plain(one) for key, one in row.items() if one not in (None, "")} for row in value or []]

    def text(self, value: Any, spec: FieldSpec) -> str:
        """A line a row, " | " between the columns: what a person types back is read again."""
        columns = columns_of(spec)
        return "\n".join(
            " | ".join(column.type.text(row.get(column.key), column) for column in columns)
            for row in value or []
        )

    def editable(self, value: Any, spec: FieldSpec) -> Any:
        return self.text(value, spec)

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        properties = {
            column.key: column.type.schema(column) | {"title": str(column.label)}
            for column in columns_of(spec)
        }
        return {"type": "array", "items": {"type": "object", "properties": properties}}

    def mask(self, value: Any) -> Any:
        return "***" if value else []

    def fake(self, spec: FieldSpec, rng: Random) -> Any:
        columns = columns_of(spec)
        return [
            {one.key: one.type.fake(one, rng) for one in columns} for _line in range(1 + rng.randrange(2))
        ]


def columns_of(spec: FieldSpec) -> Sequence[FieldSpec]:
    return spec.columns


def lines_of(text: str, spec: FieldSpec) -> list[dict[str, str]]:
    columns = columns_of(spec)
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        cells = [cell.strip() for cell in line.replace("｜", "|").split("|")]
        if len(cells) > len(columns):
            names = " | ".join(str(column.label) for column in columns)
            raise Invalid(_("第 %(row)s 行的列数太多，应为：%(columns)s") % {"row": number, "columns": names})
        found.append({column.key: cell for column, cell in zip(columns, cells, strict=False)})
    return found


def plain(value: Any) -> Any:
    """A column's value as JSON."""
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return value if isinstance(value, str | int | float | bool | None) else str(value)


class Computed(FieldType):
    """Stands for a formula or roll-up in lists of kinds; the field itself is of the kind of its result."""

    operators = ()


class Formula(Computed):
    key = "formula"


class RollUp(Computed):
    key = "rollup"


class Broken(FieldType):
    """A definition that cannot be read: shown as what is stored, neither typed nor filtered nor sorted."""

    key = "broken"
    operators = ()

    def parse(self, raw: object, spec: FieldSpec) -> Any:
        raise Invalid(_("这个字段的定义有问题，不能填写，请联系管理员"))


class Outdated(Broken):
    """What cannot be worked out any more: the last figure is of then, so there is none, wherever it is read."""

    def read(self, spec: FieldSpec, values: Sequence[Any]) -> Any:
        return None


def is_clock(text: str) -> bool:
    if len(text) > 12 or (":" not in text and "：" not in text):
        return False
    try:
        dt.time.fromisoformat(text.replace("：", ":"))
    except ValueError:
        return False
    return True
