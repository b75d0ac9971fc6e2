"""Texts into words of the index, and what a person types into conditions on those words. Pure functions, one truth
for both databases.

Chinese runs become overlapping pairs and their last character (张伟业 → 张伟 伟业 业): pairs side by side in the
document prove that a text stands there in one piece, and the last character also ends the run, so that two texts
never grow together. Other words stay whole and are found by their beginning. Telephone numbers and e-mail addresses
are words with a mark of their own in front, so that they can be left out for those who see them masked."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from kemai.kit import pinyin
from kemai.platform.models.sealed import writing

PHONE, TAIL, EMAIL = "\u01c0", "\u01c1", "\u01c2"
"""Marks in front of telephone numbers, their ends and e-mail addresses: letters that no text brings into the index."""
WORD_LENGTH = 40
TEXT_LENGTH = 2000
TAILS = range(4, 9)
SHORT_NAME = 4
PINYIN_LETTERS, PINYIN_INITIALS = 32, 12
QUERY_LENGTH, QUERY_RUNS = 100, 8

Part = tuple[str, str]
"""(kind, value) of one searchable value; kinds: name (also by pinyin), text, number, phone, email."""

_CJK = r"\u3041-\u3096\u30a1-\u30fa\u3400-\u4db5\u4e00-\u9fcc\uac00-\ud7a3\U00020000-\U0002a6d6\U0002a700-\U0002b734"
_LETTERS = r"0-9a-z\u00df-\u00f6\u00f8-\u01bf\u01c4-\u024f\u0370-\u03ff\u0400-\u052f"
_RUN = re.compile(f"([{_CJK}]+)|([{_LETTERS}]+)|(.)", re.DOTALL)
_PLAIN = re.compile(r"[\x00-\x7f\u3001-\u301f\u3400-\u4db5\u4e00-\u9fcc·（），。]*\Z")
_FULL_WIDTH = str.maketrans("（），。", "(),.")
_SIGNS = re.compile(r"[^0-9a-z]+")
_ALL_CJK = re.compile(r"[\u3400-\u4db5\u4e00-\u9fcc]+\Z")
_DIGITS = re.compile(r"\D+")
_PHONE_LIKE = re.compile(r"[+(]?[0-9][0-9\s()+-]{5,}\Z")


@dataclass(frozen=True)
class Run:
    """A run of Chinese characters (`cjk`) or of other letters and digits."""

    text: str
    cjk: bool


def normalise(text: str) -> str:
    """Width, case and accents folded."""
    if _PLAIN.match(text):
        return text.translate(_FULL_WIDTH).lower()
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    bare = (char for char in unicodedata.normalize("NFD", text) if unicodedata.category(char) != "Mn")
    return unicodedata.normalize("NFC", "".join(bare))


def runs(text: str) -> list[Run]:
    """The runs of a text. Signs separate; a letter that the databases' tables may not know is a word by itself."""
    found = []
    for match in _RUN.finditer(normalise(text[:TEXT_LENGTH])):
        cjk, word, other = match.groups()
        if cjk:
            found.append(Run(cjk, True))
        elif word:
            found.append(Run(word[:WORD_LENGTH], False))
        elif other.isalnum():
            found.append(Run(f"x{ord(other):x}", False))
    return found


def run_words(run: Run) -> list[str]:
    if not run.cjk:
        return [run.text]
    text = run.text
    return [*(text[i : i + 2] for i in range(len(text) - 1)), text[-1]]


def national(phone: str) -> str:
    """The digits of a stored number as they are dialled at home: 13812345678, 01062345678; abroad with country code."""
    digits = _DIGITS.sub("", phone.partition(";")[0])
    if phone.startswith("+86"):
        rest = digits[2:]
        return rest if len(rest) == 11 and rest.startswith("1") else f"0{rest}"
    return digits


def squeeze(text: str) -> str:
    if text.isascii():
        return _SIGNS.sub("", text.lower())[:WORD_LENGTH]
    return "".join(run.text for run in runs(text))[:WORD_LENGTH]


def _name_words(value: str) -> list[str]:
    parts = pinyin.syllables(value[:60], person=len(value) <= SHORT_NAME)
    if not parts or value.isascii():
        return []
    # A short name is found from each of its syllables on, a long one from its beginning and past a city's two.
    starts = range(len(parts)) if len(parts) <= SHORT_NAME else (0, 2)
    words = []
    for start in starts:
        tail = parts[start:]
        full = "".join(tail)[:PINYIN_LETTERS]
        initials = "".join(part[:1] for part in tail)[:PINYIN_INITIALS]
        if len(full) > 1:
            words.append(full)
        if len(initials) > 1:
            words.append(initials)
    return [word for word in words if word.isalnum() and word.isascii()]


def _phone_words(value: str) -> list[str]:
    digits = national(value)
    if not digits:
        return []
    found = [PHONE + digits[:WORD_LENGTH], *[TAIL + digits[-size:] for size in TAILS if size < len(digits)]]
    return [hidden_word(word) or word for word in found]


def hidden_word(word: str) -> str:
    """What stands for a number or address where those lie encrypted (docs/adr/061): found by the whole of it, or of its
    end, and not to be read. '' where there is no key."""
    seal = writing()
    return word[0] + seal.word(word) if seal is not None else ""


def _part_words(kind: str, value: str) -> list[str]:
    if kind == "phone":
        return _phone_words(value)
    if kind == "email":
        squeezed = squeeze(value)
        return [hidden_word(EMAIL + squeezed) or EMAIL + squeezed] if squeezed else []
    if _ALL_CJK.match(value) and len(value) <= TEXT_LENGTH:
        return [*map(str.__add__, value, value[1:]), value[-1]]
    words = [word for run in runs(value) for word in run_words(run)]
    if kind == "number":
        words += [bare for word in words if (bare := word.lstrip("0")) and bare != word]
    return words


def document(parts: Iterable[Part]) -> str:
    """The words of a record in one line: texts in their order first (the first part is what ranks), sounds last."""
    words: list[str] = []
    sounds: list[str] = []
    for kind, value in parts:
        if not value:
            continue
        words += _part_words(kind, value)
        if kind == "name":
            sounds += _name_words(value)
    return " ".join(words + sounds)


# What is typed -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Word:
    """A word of the index, or the beginning of one."""

    text: str
    prefix: bool = False


@dataclass(frozen=True)
class All:
    of: tuple[Word | All | Either, ...]


@dataclass(frozen=True)
class Either:
    of: tuple[Word | All | Either, ...]


@dataclass(frozen=True)
class Question:
    """What to look for: a condition on words, the Chinese pieces that must stand in one piece, and the runs for
    ranking. `condition` is None where nothing was asked."""

    condition: Word | All | Either | None
    pieces: tuple[str, ...] = ()
    runs: tuple[Run, ...] = ()


def question(text: str, hidden: Collection[str] = ()) -> Question:
    """Terms between spaces must all be found, in any order. `hidden` names the kinds (phone, email) that may only be
    found by their full value (and a telephone by its last four digits, which a mask shows anyway)."""
    text = text[:QUERY_LENGTH]
    conditions: list[Word | All | Either] = []
    found: list[Run] = []
    for term in text.split():
        term_runs = runs(term)[: QUERY_RUNS - len(found)]
        if not term_runs:
            continue
        found += term_runs
        condition = _all(tuple(_run_condition(run, hidden) for run in term_runs))
        if "@" in term:
            condition = Either((condition, *either_form(Word(EMAIL + squeeze(term), "email" not in hidden))))
        conditions.append(condition)
    if not conditions:
        return Question(None)
    condition = _all(tuple(conditions))
    if _PHONE_LIKE.match(text.strip()):
        condition = _any((condition, *_phone_conditions(_dialled(text), hidden)))
    pieces = tuple(" ".join(run_words(run)[:-1]) for run in found if run.cjk and len(run.text) > 2)
    return Question(condition, pieces, tuple(found))


def _all(of: tuple[Word | All | Either, ...]) -> Word | All | Either:
    return of[0] if len(of) == 1 else All(of)


def _any(of: tuple[Word | All | Either, ...]) -> Word | All | Either:
    return of[0] if len(of) == 1 else Either(of)


def _dialled(text: str) -> str:
    digits = _DIGITS.sub("", normalise(text))
    for country in ("0086", "86"):
        if digits.startswith(country) and (
            len(digits) >= 11 + len(country) or text.strip().startswith("+86")
        ):
            rest = digits.removeprefix(country)
            return rest if rest.startswith(("0", "1")) and len(rest) >= 11 else f"0{rest}"
    return digits


def _run_condition(run: Run, hidden: Collection[str]) -> Word | All | Either:
    if run.cjk:
        words = run_words(run)[:-1]
        return _all(tuple(Word(word) for word in words)) if words else Word(run.text, prefix=True)
    choices: list[Word] = [Word(run.text, prefix=True)]
    if run.text.isdecimal() and run.text.isascii():
        choices += _phone_conditions(run.text, hidden)
    if len(run.text) > 1:
        choices += either_form(Word(EMAIL + run.text, prefix="email" not in hidden))
    return _any(tuple(choices))


def either_form(word: Word) -> list[Word]:
    """A word as it stands in the index: an index that is on its way holds both."""
    hidden = hidden_word(word.text)
    return [word, Word(hidden)] if hidden else [word]


def _phone_conditions(digits: str, hidden: Collection[str]) -> list[Word]:
    return [form for word in _phone_words_asked(digits, hidden) for form in either_form(word)]


def _phone_words_asked(digits: str, hidden: Collection[str]) -> list[Word]:
    if "phone" in hidden:
        whole = [Word(PHONE + digits)] if len(digits) > max(TAILS) else []
        return whole + ([Word(TAIL + digits)] if len(digits) == 4 else [])
    begin = [Word(PHONE + digits, prefix=True)] if len(digits) > 2 else []
    return begin + ([Word(TAIL + digits)] if len(digits) in TAILS else [])


def answers(question: Question, doc: str) -> bool:
    """Does a document answer? The same as the databases' indexes say, for a few documents at hand."""
    padded = f" {doc} "
    return (
        question.condition is not None
        and _holds(question.condition, padded)
        and all(f" {piece} " in padded for piece in question.pieces)
    )


def _holds(node: Word | All | Either, padded: str) -> bool:
    if isinstance(node, Word):
        return (f" {node.text}" if node.prefix else f" {node.text} ") in padded
    if isinstance(node, All):
        return all(_holds(one, padded) for one in node.of)
    return any(_holds(one, padded) for one in node.of)


def ranker(question: Question) -> Callable[[str], int]:
    """How well a document answers, smaller is better: for each run 0 for the whole first value or a whole word, 1 for
    the beginning of the first value or the sound of a name's end (zw of 刘志伟), 2 for anything else."""
    tests = [_run_ranker(run) for run in question.runs]
    return tests[0] if len(tests) == 1 else lambda doc: sum(test(doc) for test in tests)


def _run_ranker(run: Run) -> Callable[[str], int]:
    words = run_words(run)
    if run.cjk:
        whole = " ".join(words) + " "
        begin = " ".join(words[:-1]) + " " if len(words) > 1 else run.text
        return lambda doc: (not f"{doc} ".startswith(whole)) + (not doc.startswith(begin))
    forms = [f"{mark}{run.text}" for mark in ("", PHONE, EMAIL)]
    forms += [hidden for one in forms[1:] if (hidden := hidden_word(one))]
    marked = tuple(f" {one} " for one in forms)

    def rank(doc: str) -> int:
        padded = f" {doc} "
        for word in marked:
            if word in padded:
                return int(run.text.isalpha() and _ends_a_name(run.text, padded))
        return 1 if doc.startswith(run.text) else 2

    return rank


def _ends_a_name(text: str, padded: str) -> bool:
    """Is the word the sound of a name's end only? It then follows, within two words, the longer sound that it ends."""
    before = padded.partition(f" {text} ")[0].rsplit(" ", 2)[-2:]
    return any(word != text and word.endswith(text) for word in before)
