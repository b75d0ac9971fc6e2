"""Kinds made of text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from random import Random
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from kemai.kit import credit_code, id_number, names, phone
from kemai.kit.errors import KitError
from kemai.platform.fields.base import FieldSpec, FieldType, Invalid, Moment, Test, clean_text
from kemai.platform.fields.saying import read_out
from kemai.platform.models.sealed import Closed

NAME_LENGTH = 24
"""A text up to this long is masked as a name is."""


class Text(FieldType):
    key = "text"
    operators: ClassVar[tuple[str, ...]] = (
        "eq", "ne", "contains", "not_contains", "starts", "in", "not_in", "empty", "not_empty",
    )  # fmt: skip
    multiline: ClassVar[bool] = False

    def parse_filled(self, raw: object, spec: FieldSpec) -> Any:
        text = clean_text(raw)
        if not self.multiline:
            text = " ".join(text.split())
        if spec.max_length is not None and len(text) > spec.max_length:
            raise Invalid(
                _("最多 %(max)s 个字，现在有 %(now)s 个") % {"max": spec.max_length, "now": len(text)}
            )
        return text

    def test(self, op: str, value: Any, spec: FieldSpec, moment: Moment) -> Test:
        if op in {"contains", "not_contains", "starts"}:
            text = clean_text(value)
            if not text:
                raise Invalid(_("请填写要比较的值"))
            return Test("starts" if op == "starts" else "contains", (text,), negate=op == "not_contains")
        return super().test(op, value, spec, moment)

    def operand(self, raw: object, spec: FieldSpec, moment: Moment) -> Any:
        text = clean_text(raw)
        if not text:
            raise Invalid(_("请填写要比较的值"))
        return text

    def mask(self, value: Any) -> Any:
        """By what it looks like: a bank card's last four digits, an e-mail address's host, a name's first character;
        of anything longer nothing."""
        if isinstance(value, Closed):
            return value
        text = str(value or "").strip()
        digits = re.sub(r"[\s-]", "", text)
        if digits.isascii() and digits.isdigit() and len(digits) >= 8:
            return f"{'*' * 4} {digits[-4:]}"
        if "@" in text:
            return f"{text[:1]}***@{text.rpartition('@')[2]}"
        return (
            names.mask_name(text)
            if len(text) <= NAME_LENGTH and not self.multiline
            else "***"
            if text
            else ""
        )

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        schema = super().schema(spec)
        if spec.max_length is not None:
            schema["maxLength"] = spec.max_length
        return schema

    def guess(self, samples: Sequence[object]) -> float:
        return 0.1

    def fake(self, spec: FieldSpec, rng: Random) -> Any:
        return f"{spec.key} {rng.randrange(10**6)}"[: spec.max_length or 60]


class Reason(Text):
    """Why something was done: somebody's words, or a sentence of the system that follows the reader's language. In
    everything else a text."""

    def text(self, value: Any, spec: FieldSpec) -> str:
        return read_out(super().text(value, spec))


class LongText(Text):
    key = "long_text"
    widget = "textarea"
    operators = ("contains", "not_contains", "empty", "not_empty")
    multiline = True

    def parse_filled(self, raw: object, spec: FieldSpec) -> Any:
        text = super().parse_filled(raw, spec)
        if len(text) > 20_000:
            raise Invalid(_("最多 %(max)s 个字，现在有 %(now)s 个") % {"max": 20_000, "now": len(text)})
        return text


class Email(Text):
    key = "email"
    widget = "email"

    def parse_filled(self, raw: object, spec: FieldSpec) -> Any:
        text = str(super().parse_filled(raw, spec)).replace("＠", "@").lower()
        try:
            validate_email(text)
        except ValidationError:
            raise Invalid(
                _("“%(value)s”不是邮箱地址，请写成 name@example.com") % {"value": text[:60]}
            ) from None
        return text

    def operand(self, raw: object, spec: FieldSpec, moment: Moment) -> Any:
        return super().operand(raw, spec, moment).lower()

    def mask(self, value: Any) -> Any:
        if isinstance(value, Closed):
            return value
        name, at, host = str(value or "").partition("@")
        return f"{name[:1]}***@{host}" if at else ""

    def guess(self, samples: Sequence[object]) -> float:
        return share(samples, lambda text: "@" in text and "." in text.rpartition("@")[2])

    def fake(self, spec: FieldSpec, rng: Random) -> Any:
        return f"u{rng.randrange(10**8)}@example.com"


class Url(Text):
    key = "url"
    widget = "url"

    def parse_filled(self, raw: object, spec: FieldSpec) -> Any:
        text = super().parse_filled(raw, spec)
        if "://" not in text:
            text = "https://" + text
        try:
            parts = urlsplit(text)
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in {"http", "https"} or "." not in parts.netloc:
            raise Invalid(_("“%(value)s”不是网址，请写成 https://example.com") % {"value": str(raw)[:60]})
        return text

    def guess(self, samples: Sequence[object]) -> float:
        return share(samples, lambda text: text.startswith(("http://", "https://", "www.")))

    def fake(self, spec: FieldSpec, rng: Random) -> Any:
        return f"https://example.com/{rng.randrange(10**6)}"


class Phone(Text):
    key = "phone"
    widget = "phone"
    operators: ClassVar[tuple[str, ...]] = ("eq", "ne", "in", "starts", "empty", "not_empty")

    def parse_filled(self, raw: object, spec: FieldSpec) -> Any:
        try:
            number = phone.parse_phone(clean_text(raw))
        except KitError:
            raise Invalid(
                _("“%(value)s”不是有效的电话号码，请检查位数，座机请带区号") % {"value": clean_text(raw)[:40]}
            ) from None
        return f"{number.e164};{number.ext}" if number.ext else number.e164

    def operand(self, raw: object, spec: FieldSpec, moment: Moment) -> Any:
        return self.parse_filled(raw, spec)

    def test(self, op: str, value: Any, spec: FieldSpec, moment: Moment) -> Test:
        if op == "starts":
            digits = clean_text(value)
            return Test("starts", (digits if digits.startswith("+") else f"+86{digits}",))
        return super().test(op, value, spec, moment)

    def text(self, value: Any, spec: FieldSpec) -> str:
        if not value or isinstance(value, Closed):
            return value or ""
        number, _semicolon, extension = value.partition(";")
        return phone.display_phone(number, extension)

    def mask(self, value: Any) -> Any:
        return value if isinstance(value, Closed) else phone.mask_phone(value) if value else ""

    def editable(self, value: Any, spec: FieldSpec) -> Any:
        return self.text(value, spec)

    def guess(self, samples: Sequence[object]) -> float:
        return share(samples, looks_like_phone)

    def fake(self, spec: FieldSpec, rng: Random) -> Any:
        return f"+8613{rng.randrange(10**9):09d}"


class CreditCode(Text):
    key = "credit_code"

    def parse_filled(self, raw: object, spec: FieldSpec) -> Any:
        try:
            return credit_code.parse_credit_code(clean_text(raw))
        except KitError:
            raise Invalid(
                _("“%(value)s”不是有效的统一社会信用代码（18 位，末位为校验码）")
                % {"value": clean_text(raw)[:40]}
            ) from None

    def operand(self, raw: object, spec: FieldSpec, moment: Moment) -> Any:
        return clean_text(raw).upper()

    def guess(self, samples: Sequence[object]) -> float:
        return share(samples, lambda text: len(text) == 18 and text[:2].isalnum() and not text.isdigit())

    def fake(self, spec: FieldSpec, rng: Random) -> Any:
        return credit_code.make_valid(rng)


class IdNumber(Text):
    key = "id_number"
    operators = ("eq", "empty", "not_empty")

    def parse_filled(self, raw: object, spec: FieldSpec) -> Any:
        try:
            return id_number.parse_id_number(clean_text(raw)).number
        except KitError:
            raise Invalid(_("身份证号不对：请核对 18 位号码")) from None

    def mask(self, value: Any) -> Any:
        return value if isinstance(value, Closed) else id_number.mask_id_number(value) if value else ""

    def fake(self, spec: FieldSpec, rng: Random) -> Any:
        birthday = date(1960 + rng.randrange(40), 1 + rng.randrange(12), 1 + rng.randrange(28))
        return id_number.make_valid(rng, birthday=birthday, female=rng.random() < 0.5)


def share(samples: Sequence[object], test: Any) -> float:
    """The share of the non-empty samples that pass."""
    texts = [clean_text(sample) for sample in samples if sample not in (None, "")]
    return sum(1 for text in texts if test(text)) / len(texts) if texts else 0.0


def looks_like_phone(text: str) -> bool:
    digits = [char for char in text if char.isdigit()]
    marks = sum(1 for char in text if char not in "0123456789+-() （）转;")
    if marks or not 7 <= len(digits) <= 18:
        return False
    return text.startswith(("+", "0", "1", "4")) and ("." not in text)
