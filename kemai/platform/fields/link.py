"""References to other records, people, regions and files."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from kemai.kit import regions
from kemai.kit.errors import KitError
from kemai.platform.fields.base import FieldSpec, FieldType, Invalid, Moment, Ref, Test, clean_text
from kemai.platform.fields.text import Text, share


class Reference(FieldType):
    """Another record: a Ref inside; a key, or {"id": key}, from outside. The write door checks that it exists
    and that the actor may see it."""

    key = "reference"
    widget = "ref"
    storage = "int64"
    operators: ClassVar[tuple[str, ...]] = ("in", "not_in", "eq", "ne", "empty", "not_empty")

    def paths(self, spec: FieldSpec) -> tuple[str, ...]:
        if spec.own is not None:
            return (spec.path,)
        return (f"{spec.path}_id", f"{spec.path}__{spec.ref_title}")

    def read(self, spec: FieldSpec, values: Sequence[Any]) -> Any:
        """The titles of own references are fetched for all rows at once (platform.query.titles)."""
        return None if values[0] is None else Ref(values[0], str(values[1] or "") if len(values) > 1 else "")

    def empty(self, spec: FieldSpec) -> Any:
        return None

    def parse_filled(self, raw: object, spec: FieldSpec) -> Any:
        if isinstance(raw, Ref):
            return raw
        if isinstance(raw, dict):
            raw = raw.get("id")
        text = clean_text(raw)
        if not text.isascii() or not text.isdigit() or len(text) > 18:
            raise Invalid(_("请从列表中选择"))
        return Ref(int(text), "")

    def store(self, value: Any) -> Any:
        return None if value is None else value.id

    def text(self, value: Any, spec: FieldSpec) -> str:
        return "" if value is None else value.title

    def json(self, value: Any) -> Any:
        return None if value is None else {"id": value.id, "title": value.title}

    def editable(self, value: Any, spec: FieldSpec) -> Any:
        return "" if value is None else value

    def operand(self, raw: object, spec: FieldSpec, moment: Moment) -> Any:
        return self.parse_filled(raw, spec).id

    def mask(self, value: Any) -> Any:
        return None if value is None else Ref(value.id, "***")

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        return {
            "oneOf": [
                {"type": ["integer", "null"] if spec.nullable else "integer"},
                {"type": "object", "properties": {"id": {"type": "integer"}, "title": {"type": "string"}}},
            ],
            "description": f"→ {spec.ref}",
        }


class UserReference(Reference):
    """A member of staff; in conditions "me" stands for the person who asks."""

    key = "user"
    widget = "user"

    def operand(self, raw: object, spec: FieldSpec, moment: Moment) -> Any:
        if raw == "me":
            return moment.user_id or 0
        return super().operand(raw, spec, moment)


class Region(Text):
    """A Chinese administrative division by its code; a condition names whole provinces or cities too."""

    key = "region"
    widget = "region"
    operators = ("within", "not_within", "empty", "not_empty")

    def parse_filled(self, raw: object, spec: FieldSpec) -> Any:
        text = clean_text(raw)
        try:
            return regions.parse(text)
        except KitError as error:
            found = error.params.get("candidates") or getattr(error, "suggestions", ())
            names = [str(one[1]) for one in found[:3]] if isinstance(found, tuple) else []
            if names:
                raise Invalid(
                    _("不能确定“%(value)s”是哪里，是不是：%(hints)s")
                    % {"value": text[:40], "hints": " / ".join(names)}
                ) from None
            raise Invalid(
                _("不认识地区“%(value)s”，请写成“浙江省 杭州市 西湖区”") % {"value": text[:40]}
            ) from None

    def text(self, value: Any, spec: FieldSpec) -> str:
        return regions.short_path(value) if value else ""

    def test(self, op: str, value: Any, spec: FieldSpec, moment: Moment) -> Test:
        if op in {"within", "not_within"}:
            codes = tuple(self.parse_filled(one, spec) for one in value)
            if not codes:
                raise Invalid(_("请填写要比较的值"))
            return Test(
                "ranges", tuple(regions.prefix_range(code) for code in codes), negate=op == "not_within"
            )
        return super().test(op, value, spec, moment)

    def guess(self, samples: Sequence[object]) -> float:
        return share(samples, is_region)

    def fake(self, spec: FieldSpec, rng: Random) -> Any:
        return rng.choice(("330106", "310104", "440305", "110105"))


class File(Reference):
    key = "file"
    widget = "file"
    operators = ("empty", "not_empty")


class Computed(FieldType):
    """A value made from the record's other values; shown and exported, never typed, filtered or sorted. With options it
    is one of them."""

    key = "computed"
    operators = ()

    def text(self, value: Any, spec: FieldSpec) -> str:
        option = spec.option(value)
        return str(option.label) if option else super().text(value, spec)

    def paths(self, spec: FieldSpec) -> tuple[str, ...]:
        return ()

    def read(self, spec: FieldSpec, values: Sequence[Any]) -> Any:
        return None

    def parse(self, raw: object, spec: FieldSpec) -> Any:
        raise Invalid(_("这一项由系统计算，不能填写"))


def is_region(text: str) -> bool:
    try:
        regions.parse(text)
    except KitError:
        return False
    return True
