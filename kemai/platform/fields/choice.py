"""Choices, several choices, and tags."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random
from typing import Any, ClassVar

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override

from kemai.platform.fields.base import FieldSpec, FieldType, Invalid, Moment, Ref, Test, clean_text, listed


class Choice(FieldType):
    """One code out of the field's options; the option's label in any language is taken for it too."""

    key = "choice"
    widget = "select"
    operators: ClassVar[tuple[str, ...]] = ("in", "not_in", "eq", "ne", "empty", "not_empty")

    def parse_filled(self, raw: object, spec: FieldSpec) -> Any:
        text = clean_text(raw)
        for option in spec.options:
            if text == option.value or text == str(option.label):
                return option.value
        folded = text.casefold()
        for option in spec.options:
            if folded in {option.value.casefold(), str(option.label).casefold()}:
                return option.value
        for language, _name in settings.LANGUAGES:  # a colleague's file, who works in another one
            with override(language):
                for option in spec.options:
                    if folded == str(option.label).casefold():
                        return option.value
        allowed = listed(str(option.label) for option in spec.options[:12])
        raise Invalid(
            _("没有“%(value)s”这个选项，可选：%(allowed)s") % {"value": text[:40], "allowed": allowed}
        )

    def text(self, value: Any, spec: FieldSpec) -> str:
        option = spec.option(value)
        return str(option.label) if option else str(value or "")

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        values: list[str | None] = [option.value for option in spec.options]
        if not spec.required:
            values.append("")
        return {"type": "string", "enum": values}

    def fake(self, spec: FieldSpec, rng: Random) -> Any:
        return rng.choice(spec.options).value if spec.options else ""


class MultiChoice(FieldType):
    key = "multi_choice"
    widget = "multiselect"
    operators: ClassVar[tuple[str, ...]] = ("has_any", "has_all", "has_none", "empty", "not_empty")

    def read(self, spec: FieldSpec, values: Sequence[Any]) -> Any:
        return values[0] or []

    def is_empty(self, value: Any) -> bool:
        return not value

    def empty(self, spec: FieldSpec) -> Any:
        return []

    def mask(self, value: Any) -> Any:
        return "***" if value else []

    def parse_filled(self, raw: object, spec: FieldSpec) -> Any:
        one = Choice()
        return sorted({one.parse_filled(part, spec) for part in split_list(raw)})

    def text(self, value: Any, spec: FieldSpec) -> str:
        return listed(Choice().text(one, spec) for one in value or [])

    def json(self, value: Any) -> Any:
        return list(value or [])

    def editable(self, value: Any, spec: FieldSpec) -> Any:
        return list(value or [])

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        return {"type": "array", "items": {"type": "string", "enum": [o.value for o in spec.options]}}

    def test(self, op: str, value: Any, spec: FieldSpec, moment: Moment) -> Test:
        if op in {"has_any", "has_all", "has_none"}:
            values = tuple(self.one(part, spec) for part in value)
            if not values:
                raise Invalid(_("请填写要比较的值"))
            return Test("has_all" if op == "has_all" else "has_any", values, negate=op == "has_none")
        return super().test(op, value, spec, moment)

    def one(self, raw: object, spec: FieldSpec) -> Any:
        return Choice().parse_filled(raw, spec)

    def fake(self, spec: FieldSpec, rng: Random) -> Any:
        return sorted(option.value for option in spec.options if rng.random() < 0.4)


class Tags(MultiChoice):
    """The tags of a record: a list of references; kept in Tagging rows, written by the door's tag functions."""

    key = "tags"
    widget = "tags"

    def paths(self, spec: FieldSpec) -> tuple[str, ...]:
        return ()

    def read(self, spec: FieldSpec, values: Sequence[Any]) -> Any:
        return []

    def parse_filled(self, raw: object, spec: FieldSpec) -> Any:
        names = list(dict.fromkeys(clean_text(part) for part in split_list(raw)))
        long = next((name for name in names if len(name) > 160), None)
        if long:
            raise Invalid(_("标签太长：%(value)s…") % {"value": long[:40]})
        return [name for name in names if name]

    def text(self, value: Any, spec: FieldSpec) -> str:
        return listed(one.title if isinstance(one, Ref) else str(one) for one in value or [])

    def json(self, value: Any) -> Any:
        return [{"id": one.id, "title": one.title} if isinstance(one, Ref) else one for one in value or []]

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        return {"type": "array", "items": {"type": ["string", "object"]}}

    def one(self, raw: object, spec: FieldSpec) -> Any:
        text = clean_text(raw)
        if not text.isascii() or not text.isdigit():
            raise Invalid(_("请选择标签"))
        return int(text)

    def fake(self, spec: FieldSpec, rng: Random) -> Any:
        return []


def split_list(raw: object) -> Iterable[object]:
    """The parts of a list from outside: a real list, or text with commas, semicolons or 、 between them."""
    if isinstance(raw, list | tuple | set | frozenset):
        return raw
    text = clean_text(raw)
    for mark in ("，", "、", "；", ";", "|", "\n"):
        text = text.replace(mark, ",")
    return [part.strip() for part in text.split(",") if part.strip()]
