"""Cells that a spreadsheet would run as a formula, made harmless and back again.

A text that begins with = + - @ or a control character gets an apostrophe in front, as Excel itself marks text. A text
that already begins with apostrophes before such a sign gets one more, so that taking one away always gives the
original back. Plain numbers and telephone numbers are no formulas and stay as they are.
"""

from __future__ import annotations

import re

_DANGER = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")
_HARMLESS = re.compile(
    r"[+-]?[0-9][0-9,]*(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?%?\Z|\+[0-9][0-9 -]{5,20}[0-9]\Z|-\Z"
)
_MARKED = re.compile("'+[=+\\-@\t\r\n＝＋－＠]")
_FIRST = frozenset("'=+-@\t\r\n＝＋－＠")


def neutralise(text: str) -> str:
    """Return text that no spreadsheet takes for a formula."""
    if not text or text[0] not in _FIRST:
        return text
    if _DANGER.match(text) and not _HARMLESS.match(text):
        return "'" + text
    return text


def strip_neutralised(text: str) -> str:
    """Undo ``neutralise``; any other text comes back unchanged."""
    if text and text[0] == "'" and _MARKED.match(text):
        return text[1:]
    return text
