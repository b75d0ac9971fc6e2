"""Chinese resident identity numbers, GB 11643-1999: 18 characters with an ISO 7064 MOD 11-2 check."""

from __future__ import annotations

import datetime as dt
import random
import re
from typing import Literal, NamedTuple

from kemai.kit.errors import KitError

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_SHAPE = re.compile(r"[1-9][0-9]{16}[0-9X]\Z")
_PROVINCES = (
    frozenset(range(11, 16))
    | set(range(21, 24))
    | set(range(31, 38))
    | set(range(41, 47))
    | {
        *range(50, 55),
        *range(61, 66),
        *(71, 81, 82, 83, 91),
    }
)
_FOLD: dict[int, str | None] = {
    **{0xFF10 + i: str(i) for i in range(10)},
    **dict.fromkeys(map(ord, "xＸｘ×"), "X"),
    **dict.fromkeys(map(ord, " \t\r\n\u00a0\u3000\u200b\ufeff-－"), None),
}


class BadIdNumber(KitError):
    """Codes: id_number_empty, _length (length), _format, _region, _birthday, _check."""


class IdNumber(NamedTuple):
    """``region`` is the 6-digit division of first registration (it may be a retired code)."""

    number: str
    region: str
    birthday: dt.date
    gender: Literal["male", "female"]


def check_char(first17: str) -> str:
    """Return the check character for 17 digits."""
    return _CHECKS[sum(int(d) * w for d, w in zip(first17, _WEIGHTS, strict=True)) % 11]


def parse_id_number(raw: str, *, today: dt.date | None = None) -> IdNumber:
    """Return the parts of a valid number, or raise BadIdNumber; 15 digits (void since 2013) are refused."""
    number = raw.translate(_FOLD)
    if not number:
        raise BadIdNumber("id_number_empty")
    if len(number) != 18:
        raise BadIdNumber("id_number_length", length=len(number))
    if not _SHAPE.match(number):
        raise BadIdNumber("id_number_format")
    if int(number[:2]) not in _PROVINCES:
        raise BadIdNumber("id_number_region", region=number[:6])
    birthday = _birthday(number[6:14], today or dt.datetime.now(dt.UTC).date())
    if check_char(number[:17]) != number[17]:
        raise BadIdNumber("id_number_check")
    return IdNumber(number, number[:6], birthday, "male" if int(number[16]) % 2 else "female")


def _birthday(digits: str, today: dt.date) -> dt.date:
    try:
        birthday = dt.date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        raise BadIdNumber("id_number_birthday", text=digits) from None
    if birthday.year < 1850 or birthday > today:
        raise BadIdNumber("id_number_birthday", text=digits)
    return birthday


def mask_id_number(number: str) -> str:
    """Return "3301**********123X": the first four and last four characters."""
    if len(number) < 12:
        return "*" * len(number)
    return number[:4] + "*" * (len(number) - 8) + number[-4:]


def make_valid(rng: random.Random, *, region: str = "330106", birthday: dt.date, female: bool) -> str:
    """Return a made-up valid number for samples."""
    serial = rng.randrange(0, 500) * 2 + (0 if female else 1)
    first17 = f"{region}{birthday:%Y%m%d}{serial:03d}"
    return first17 + check_char(first17)
