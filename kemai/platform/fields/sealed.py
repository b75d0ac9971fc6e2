"""The kinds of own fields whose values are stored encrypted (docs/adr/061): compared as a whole, as masked ones are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from kemai.platform.fields.base import FieldSpec, FieldType, Invalid
from kemai.platform.fields.text import Email, Phone, Text
from kemai.platform.models.sealed import unreadable

WHOLE = ("eq", "ne", "in", "not_in", "empty", "not_empty")


class SealedText(Text):
    operators: ClassVar[tuple[str, ...]] = WHOLE

    def parse_filled(self, raw: object, spec: FieldSpec) -> Any:
        return super().parse_filled(readable(raw), spec)


class SealedPhone(Phone):
    operators: ClassVar[tuple[str, ...]] = WHOLE

    def parse_filled(self, raw: object, spec: FieldSpec) -> Any:
        return super().parse_filled(readable(raw), spec)

    def text(self, value: Any, spec: FieldSpec) -> str:
        return value if value == unreadable() else super().text(value, spec)

    def mask(self, value: Any) -> Any:
        return value if value == unreadable() else super().mask(value)


class SealedEmail(Email):
    operators: ClassVar[tuple[str, ...]] = WHOLE

    def parse_filled(self, raw: object, spec: FieldSpec) -> Any:
        return super().parse_filled(readable(raw), spec)

    def mask(self, value: Any) -> Any:
        return value if value == unreadable() else super().mask(value)


def readable(raw: object) -> object:
    """What stands on the screen for a value that cannot be read is not a new value. Raises Invalid."""
    if raw == unreadable():
        raise Invalid(_("原来的值无法解密：请先联系管理员；确定不要它时，清空后重新填写"))
    return raw


SEALED_KINDS: Mapping[str, FieldType] = {
    "text": SealedText(), "phone": SealedPhone(), "email": SealedEmail(),
}  # fmt: skip
