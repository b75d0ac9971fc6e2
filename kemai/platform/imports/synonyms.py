"""What people call the columns of their files: words for fields by their keys, added to by each domain."""

from __future__ import annotations

import functools
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path

from django.utils import translation

from kemai.platform.fields import FieldSpec

COMMON: Mapping[str, str] = json.loads(Path(__file__).with_name("words.json").read_text(encoding="utf-8"))
_OBJECTS: dict[str, dict[str, str]] = {}
NOISE = re.compile(r"[\s_\-—/\\.:：*＊#·、,，'\"“”]+")
BRACKETS = re.compile(r"[（(\[【][^）)\]】]*[）)\]】]")


def add_synonyms(type_key: str, words: Mapping[str, str]) -> None:
    """Words (separated by blanks) for the fields of an object type or shape."""
    known = _OBJECTS.setdefault(type_key, {})
    for field, text in words.items():
        known[field] = f"{known.get(field, '')} {text}".strip()


def load_words(path: Path) -> None:
    """The words of a file {object type or shape: {field: words}}."""
    for type_key, words in json.loads(path.read_text(encoding="utf-8")).items():
        add_synonyms(type_key, words)


@functools.lru_cache(maxsize=8192)
def folded(header: str) -> str:
    """A heading without what people add to it: case, blanks, stars, remarks in brackets."""
    text = unicodedata.normalize("NFKC", header).casefold()
    bare = NOISE.sub("", BRACKETS.sub("", text))
    return bare or NOISE.sub("", text)


def words_of(spec: FieldSpec, keys: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    """(its own names: key and labels in all languages; the words people use for it), folded. `keys` are the names
    under which domains have added words: the shape's, the object type's."""
    own = {folded(spec.key)}
    for language in ("zh-hans", "en"):
        with translation.override(language):
            own.add(folded(str(spec.label)))
    special = " ".join(_OBJECTS.get(key, {}).get(spec.key, "") for key in keys)
    return frozenset(own), frozenset(map(folded, f"{special} {COMMON.get(spec.key, '')}".split()))
