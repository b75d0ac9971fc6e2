"""Telephone numbers. Chinese mobiles take a fast path of our own; all others go through phonenumbers."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, NamedTuple

from kemai.kit.errors import KitError

PhoneKind = Literal["mobile", "landline", "other"]


class BadPhone(KitError):
    """Codes: phone_ + empty, format, short, long, area_missing, many, invalid."""


class Phone(NamedTuple):
    """``e164`` is "+8613812345678"; ``ext`` the digits of an extension or ""."""

    e164: str
    kind: PhoneKind
    ext: str = ""


# Everything that people put between digits, and full-width forms of what counts.
_FOLD: dict[int, str | None] = {
    **{0xFF10 + i: str(i) for i in range(10)},
    **dict.fromkeys(map(ord, " \t\r\n\u00a0\u3000\u200b\u200c\u200d\u2060\ufeff\u202a\u202c\u202d.·"), None),
    **dict.fromkeys(map(ord, "-－‐‑‒–—―−_"), "-"),
    ord("＋"): "+",
    ord("（"): "(",
    ord("）"): ")",
    ord("，"): ",",
    ord("；"): ";",
    ord("／"): "/",
    ord("＃"): "#",
}
_BARE_MOBILE = re.compile(r"1[3-9][0-9]{9}\Z")
_MOBILE = re.compile(r"(?:(?:\+|00)?\(?(?:\+|00)?86\)?)?0?(1[3-9][0-9]{9})\Z")
_JUNK = re.compile(r"[-()]")
_EXTENSION = re.compile(
    r"^(?P<main>.*?)(?:转接?|轉|分机号?:?|分機:?|ext\.?:?|x|#|,|;)(?P<ext>[0-9]{1,8})$", re.IGNORECASE
)
_DASHED = re.compile(r"^(?P<main>(?:(?:\+|00)86-?)?\(?0[0-9]{2,3}\)?-?[0-9]{7,8})-(?P<ext>[0-9]{1,6})$")
_LABEL = re.compile(r"^(?:电话|手机号?码?|联系电话|座机|固话|传真|tel|mobile|phone|mob)[:：]?", re.IGNORECASE)
_MANY = re.compile(r"[0-9]{7,}[/、,，;；和或|]+\+?[0-9()-]{7,}")
_ALLOWED = re.compile(r"[+0-9()-]+\Z")
_SERVICE = re.compile(r"(?:\+86)?((?:95|96)[0-9]{3,6}|1[0-2][0-9]{3})\Z")
_AREA_AND_NUMBER = re.compile(
    r"(?:\+?86|0086)?0?((?:10|2[0-57-9])[2-8][0-9]{7})\Z|(?:\+?86|0086)?0([3-9][0-9]{2}[2-8][0-9]{6,7})\Z"
)
_CN_LANDLINE = re.compile(r"\+86(10|2[0-9]|[3-9][0-9]{2})([0-9]{7,8})\Z")


def parse_phone(raw: str, region: str = "CN") -> Phone:
    """Return the number that was meant, or raise BadPhone with the reason.

    ``region`` (ISO 3166 code) is assumed for numbers without a country code. A mobile is any number of the
    form 1[3-9] + nine digits: new prefixes are opened faster than any table of them is updated.
    """
    if region == "CN":
        if _BARE_MOBILE.match(raw):
            return Phone("+86" + raw, "mobile")
        found = _MOBILE.match(raw.translate(_FOLD).replace("-", ""))
        if found is not None:
            return Phone("+86" + found[1], "mobile")
    return _parse_other(raw, region)


@lru_cache(maxsize=65536)
def _parse_other(raw: str, region: str) -> Phone:
    text = _LABEL.sub("", raw[:100].strip()).translate(_FOLD)
    if not text.strip("-"):
        raise BadPhone("phone_empty")
    if _MANY.search(text):
        raise BadPhone("phone_many", text=raw[:50])
    main, ext = _split_extension(text)
    if not _ALLOWED.match(main):
        raise BadPhone("phone_format", text=raw[:50])
    digits = _JUNK.sub("", main)
    if region == "CN":
        known = _parse_chinese(digits, ext)
        if known is not None:
            return known
    return _ask_library(digits, ext, region)


def _split_extension(text: str) -> tuple[str, str]:
    found = _EXTENSION.match(text) or _DASHED.match(text)
    return (found["main"].rstrip("-"), found["ext"]) if found else (text, "")


def _parse_chinese(digits: str, ext: str) -> Phone | None:
    found = _MOBILE.match(digits)
    if found is not None:
        return Phone("+86" + found[1], "mobile", ext)
    landline = _AREA_AND_NUMBER.match(digits) if digits.startswith(("0", "+86")) else None
    if landline is not None:
        return Phone("+86" + (landline[1] or landline[2]), "landline", ext)
    service = _SERVICE.match(digits)
    if service is not None:
        # 95588 and 12345: dialled as they are, unknown to the library's list of full numbers.
        return Phone("+86" + service[1], "other", ext)
    if re.match(r"[2-9][0-9]{6,7}\Z", digits):
        raise BadPhone("phone_area_missing", text=digits)
    if re.match(r"1[3-9][0-9]*\Z", digits):
        raise BadPhone("phone_short" if len(digits) < 11 else "phone_long", digits=len(digits))
    return None


def _ask_library(digits: str, ext: str, region: str) -> Phone:
    import phonenumbers as lib

    try:
        number = lib.parse(digits, region)
    except lib.NumberParseException as error:
        short = error.error_type == lib.NumberParseException.TOO_SHORT_NSN
        long = error.error_type == lib.NumberParseException.TOO_LONG
        raise BadPhone(
            "phone_short" if short else "phone_long" if long else "phone_format", text=digits
        ) from None
    possible = lib.is_possible_number_with_reason(number)
    if possible == lib.ValidationResult.TOO_LONG:
        raise BadPhone("phone_long", digits=len(digits))
    if possible == lib.ValidationResult.TOO_SHORT:
        raise BadPhone("phone_short", digits=len(digits))
    if not lib.is_valid_number(number):
        raise BadPhone("phone_invalid", text=digits)
    kinds: dict[int, PhoneKind] = {
        lib.PhoneNumberType.MOBILE: "mobile",
        lib.PhoneNumberType.FIXED_LINE: "landline",
        lib.PhoneNumberType.FIXED_LINE_OR_MOBILE: "other",
    }
    e164 = lib.format_number(number, lib.PhoneNumberFormat.E164)
    return Phone(e164, kinds.get(lib.number_type(number), "other"), ext)


def is_mobile(e164: str) -> bool:
    """True for a Chinese mobile in E.164 form."""
    return len(e164) == 14 and e164.startswith("+861") and e164[4] in "3456789"


def _landline(e164: str) -> tuple[str, str] | None:
    found = _CN_LANDLINE.match(e164)
    return ("0" + found[1], found[2]) if found else None


def display_phone(e164: str, ext: str = "") -> str:
    """Return the form people read: "138 1234 5678", "0571-88888888-801", "+1 415-555-2671"."""
    tail = f"-{ext}" if ext else ""
    if is_mobile(e164):
        return f"{e164[3:6]} {e164[6:10]} {e164[10:]}{tail}"
    if re.match(r"\+86[48]00[0-9]{7}\Z", e164):
        return f"{e164[3:6]}-{e164[6:9]}-{e164[9:]}{tail}"
    parts = _landline(e164)
    if parts is not None:
        return f"{parts[0]}-{parts[1]}{tail}"
    if e164.startswith("+86") and len(e164) < 11:
        return e164[3:] + tail
    return _display_foreign(e164) + tail


@lru_cache(maxsize=8192)
def _display_foreign(e164: str) -> str:
    import phonenumbers as lib

    try:
        return lib.format_number(lib.parse(e164, None), lib.PhoneNumberFormat.INTERNATIONAL)
    except lib.NumberParseException:
        return e164


def mask_phone(number: str) -> str:
    """Return a number with its middle hidden: "138****5678", "0571-****8888", "+141****2671".

    Takes E.164 or any text; never shows more than the first three and last four digits of a bare number.
    """
    if is_mobile(number):
        return f"{number[3:6]}****{number[10:]}"
    parts = _landline(number)
    if parts is not None:
        return f"{parts[0]}-****{parts[1][-4:]}"
    digits = _JUNK.sub("", number.translate(_FOLD))
    if len(digits) < 7:
        return "*" * len(digits)
    head = 4 if digits.startswith("+") else 3
    return f"{digits[:head]}****{digits[-4:]}" if len(digits) >= head + 6 else f"****{digits[-3:]}"


def phone_tail(number: str, size: int = 4) -> str:
    """Return the last ``size`` digits, the part by which people look a number up."""
    return "".join(c for c in number.translate(_FOLD) if c in "0123456789")[-size:]
