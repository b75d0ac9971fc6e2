"""Sentences that the system keeps with a record as the reason why something was done.

They are kept in the language of the company's own texts (Chinese), so that a filter, an export and the seal of the log
know one text, and read out in the language of whoever reads them. What is no such sentence stays as it is: the words of
people, and whatever earlier versions wrote in another language."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from django.utils import translation
from django.utils.functional import lazy
from django.utils.translation import gettext

KEPT_IN = "zh-hans"
PLACE = re.compile(r"%\((\w+)\)s")
Said = Callable[..., str]
_sayings: list[Saying] = []


class Saying:
    """A sentence (a msgid) with named places. `places` narrows what may stand in one (a pattern), `words` is for what
    is more than a msgid: it is given the places and says the sentence in the language of the moment."""

    def __init__(self, sentence: str, words: Said | None = None, **places: str) -> None:
        self.sentence = sentence
        self.words = words
        parts = PLACE.split(sentence)
        pattern = "".join(
            f"(?P<{part}>{places.get(part, '.*')})" if n % 2 else re.escape(part.replace("%%", "%"))
            for n, part in enumerate(parts)
        )
        self.pattern = re.compile(pattern, re.DOTALL)
        _sayings.append(self)

    def kept(self, **values: object) -> str:
        """The sentence as it is kept."""
        with translation.override(KEPT_IN):
            return self.said(**values)

    def said(self, **values: object) -> str:
        if self.words is not None:
            return self.words(**values)
        said = gettext(self.sentence)
        return said % values if values else said


def in_words(sentence: str, **values: object) -> str:
    return gettext(sentence) % values


later = lazy(in_words, str)
"""A sentence (a msgid) with its places filled, in the language of whoever comes to read it."""


def read_out(text: str) -> str:
    """What was kept, in the reader's language."""
    language = translation.get_language() or KEPT_IN
    return text if not text or language.startswith("zh") else told(text, language)


@lru_cache(maxsize=2000)
def told(text: str, language: str) -> str:
    for saying in _sayings:
        found = saying.pattern.fullmatch(text)
        if found is not None:
            return saying.said(**{name: told(value, language) for name, value in found.groupdict().items()})
    return text
