"""统一社会信用代码, GB 32100-2015: 18 characters, the last one a check character (modulus 31)."""

from __future__ import annotations

import random
import re

from kemai.kit.errors import KitError

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_VALUE = {char: index for index, char in enumerate(ALPHABET)}
_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_SHAPE = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}\Z")
_FOLD: dict[int, str | None] = {
    **{0xFF10 + i: str(i) for i in range(10)},
    **{0xFF21 + i: chr(65 + i) for i in range(26)},
    **{0xFF41 + i: chr(65 + i) for i in range(26)},
    **dict.fromkeys(map(ord, " \t\r\n\u00a0\u3000\u200b\ufeff-－"), None),
}
# Letters the standard leaves out because they are read as digits.
_LOOKALIKE = str.maketrans({"I": "1", "O": "0", "S": "5", "Z": "2", "V": "U"})


class BadCreditCode(KitError):
    """Codes: credit_code_ + empty, length (length), charset (chars, suggestion?), shape, check (expected)."""


def check_char(first17: str) -> str:
    """Return the check character for 17 valid characters."""
    total = sum(_VALUE[char] * weight for char, weight in zip(first17, _WEIGHTS, strict=True))
    return ALPHABET[-total % 31]


def parse_credit_code(raw: str) -> str:
    """Return the code upper-cased and without spaces, or raise BadCreditCode with the reason."""
    code = raw if raw.isascii() and len(raw) == 18 else raw.translate(_FOLD)
    code = code.upper()
    if _SHAPE.match(code) is None:
        raise _why(code)
    expected = check_char(code[:17])
    if code[17] != expected:
        raise BadCreditCode("credit_code_check", expected=expected)
    return code


def is_credit_code(raw: str) -> bool:
    """True when ``parse_credit_code`` would accept it."""
    try:
        parse_credit_code(raw)
    except BadCreditCode:
        return False
    return True


def _why(code: str) -> BadCreditCode:
    code = code.translate(_FOLD)
    if not code:
        return BadCreditCode("credit_code_empty")
    if len(code) != 18:
        return BadCreditCode("credit_code_length", length=len(code))
    wrong = "".join(sorted({char for char in code if char not in _VALUE}))
    if not wrong:
        return BadCreditCode("credit_code_shape")
    guess = code.translate(_LOOKALIKE)
    if _SHAPE.match(guess) and check_char(guess[:17]) == guess[17]:
        return BadCreditCode("credit_code_charset", chars=wrong, suggestion=guess)
    return BadCreditCode("credit_code_charset", chars=wrong)


def make_valid(rng: random.Random, region: str = "330106") -> str:
    """Return a made-up valid enterprise code (91 + region + organisation code + check) for samples."""
    organisation = "MA" + "".join(rng.choice(ALPHABET) for _ in range(6))
    # GB 11714 gives letters the values A=10 … Z=35.
    total = sum(int(char, 36) * weight for char, weight in zip(organisation, _ORG_WEIGHTS, strict=True))
    check = (11 - total % 11) % 11
    first17 = f"91{region}{organisation}{'X' if check == 10 else check}"
    return first17 + check_char(first17)
