"""Text into tokens. Full-width marks and quotes mean what their plain twins mean; places are those of the text."""

from __future__ import annotations

import re
from typing import NamedTuple

from kemai.kit.formula.nodes import FormulaError, Span

MAX_LENGTH = 4000
FOLDS: dict[str, str] = {
    **{chr(0xFF10 + n): str(n) for n in range(10)},
    **dict(zip("（），＋－−＊×／÷＝＜＞！＆％．；、［］｛｝", "(),+--**//=<>!&%.,,[]{}", strict=True)),
    "　": " ", "\u00a0": " ", "\u200b": " ", "\ufeff": " ",
}  # fmt: skip
FOLDED = str.maketrans(FOLDS)
QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "「": "」"}
OPERATORS = ("<=", ">=", "<>", "!=", "==", "&&", "||", "≤", "≥", "≠", *"+-*/&=<>(),%!;")
SAME = {"!=": "<>", "≠": "<>", "==": "=", "≤": "<=", "≥": ">=", "&&": "and", "||": "or", "!": "not", ";": ","}
NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?|\.[0-9]+")
WORD = re.compile(r"[^\W\d]\w*")
MAX_DIGITS = 18
MAX_PLACES = 10


class Token(NamedTuple):
    """`kind`: number | text | label | key | word | op | end. `text` is what it says, without quotes or brackets."""

    kind: str
    text: str
    span: Span


def tokens(text: str) -> list[Token]:
    """The tokens of a formula, the last one of kind "end". Raises FormulaError."""
    if len(text) > MAX_LENGTH:
        raise FormulaError("too_long", MAX_LENGTH, len(text), limit=MAX_LENGTH)
    folded = text.translate(FOLDED)
    found = []
    place = 0
    while place < len(folded):
        if folded[place].isspace():
            place += 1
            continue
        token = read(text, folded, place)
        found.append(token)
        place = token.span.end
    found.append(Token("end", "", Span(len(text), len(text))))
    return found


def read(text: str, folded: str, place: int) -> Token:
    mark = folded[place]
    if mark in QUOTES:
        return quoted(text, place)
    if mark == "[":
        return bracketed(text, folded, place, "]", "label")
    if mark == "{":
        return bracketed(text, folded, place, "}", "key")
    number = NUMBER.match(folded, place)
    if number:
        return a_number(number)
    word = WORD.match(folded, place)
    if word:
        return Token("word", word[0], Span(*word.span()))
    for operator in OPERATORS:
        if folded.startswith(operator, place):
            end = place + len(operator)
            return Token("op", SAME.get(operator, operator), Span(place, end))
    raise FormulaError("unknown_mark", place, place + 1, mark=text[place])


def a_number(number: re.Match[str]) -> Token:
    whole, _dot, places = number[0].partition(".")
    if len(whole.lstrip("0")) > MAX_DIGITS or len(places) > MAX_PLACES:
        raise FormulaError("number_too_long", *number.span(), digits=MAX_DIGITS, places=MAX_PLACES)
    return Token("number", number[0], Span(*number.span()))


def quoted(text: str, place: int) -> Token:
    """A text; the closing mark written twice stands for itself."""
    closing = QUOTES[text[place]]
    parts = []
    start = place + 1
    while True:
        end = text.find(closing, start)
        if end < 0:
            raise FormulaError("unclosed_text", place, len(text), mark=closing)
        parts.append(text[start:end])
        if not text.startswith(closing, end + 1):
            break
        parts.append(closing)
        start = end + 2
    value = "".join(parts)
    if any(ord(one) < 32 or 0xD800 <= ord(one) < 0xE000 for one in value):
        raise FormulaError("bad_text", place, end + 1)
    return Token("text", value, Span(place, end + 1))


def bracketed(text: str, folded: str, place: int, closing: str, kind: str) -> Token:
    """A field's name; a closing bracket written twice is part of the name."""
    start = place + 1
    while True:
        end = folded.find(closing, start)
        if end < 0:
            raise FormulaError("unclosed_field", place, len(text), mark=closing)
        if folded[end + 1 : end + 2] != closing:
            break
        start = end + 2
    name = text[place + 1 : end].replace(closing * 2, closing).strip()
    if not name:
        raise FormulaError("empty_field", place, end + 1)
    return Token(kind, name, Span(place, end + 1))
