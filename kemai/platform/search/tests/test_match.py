"""What a person types finds exactly what a slow reading of the values themselves would find."""

from __future__ import annotations

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kemai.kit import pinyin
from kemai.platform import search
from kemai.platform.models import SearchDoc, TypeSlot
from kemai.platform.search.docs import ID_BITS, ID_MASK
from kemai.platform.search.words import Part, Run, answers, national, normalise, question, runs, squeeze

pytestmark = pytest.mark.django_db

CHARS = "张伟业宏图龙医药有限公司单曾𠮷㐱"
texts = st.text(
    st.sampled_from([*CHARS, "a", "b", "Z", "é", "1", "0", " ", "·", "，", "Ａ", "ö", "（", "-", "ǀ"]),
    max_size=9,
)
phones = st.from_regex(r"\+861[3-9][0-3]{9}|\+8610[2-4]{8}|\+1[2-3]{10}", fullmatch=True)
emails = st.from_regex(r"[ab1]{1,4}(\.[ab]{1,2})?@[ab]{1,3}\.cn", fullmatch=True)
parts = st.one_of(
    st.tuples(st.just("name"), texts),
    st.tuples(st.just("text"), texts),
    st.tuples(st.just("number"), st.from_regex(r"C0{0,2}[1-3]{1,3}-0{1,2}[12]{1,2}", fullmatch=True)),
    st.tuples(st.just("phone"), phones),
    st.tuples(st.just("email"), emails),
)
records = st.lists(st.lists(parts, max_size=3), min_size=1, max_size=6)


def sounds(value: str) -> list[str]:
    """How a name may be spelled in letters: from each syllable of a short one, from the first and third of a long."""
    if value.isascii():
        return []
    syllables = pinyin.syllables(value[:60], person=len(value) <= 4)
    starts = range(len(syllables)) if len(syllables) <= 4 else (0, 2)
    spelled = []
    for start in starts:
        spelled += ["".join(syllables[start:])[:32], "".join(one[0] for one in syllables[start:])[:12]]
    return [one for one in spelled if len(one) > 1 and one.isascii() and one.isalnum()]


def run_found(run: Run, part: Part) -> bool:
    kind, value = part
    if kind == "phone":
        digits = national(value)
        tail = 4 <= len(run.text) <= 8 and len(run.text) < len(digits) and digits.endswith(run.text)
        return not run.cjk and ((digits.startswith(run.text) and len(run.text) > 2) or tail)
    if kind == "email":
        return not run.cjk and len(run.text) > 1 and squeeze(value).startswith(run.text)
    if run.cjk:
        return any(other.cjk and run.text in other.text for other in runs(value))
    words = [other.text for other in runs(value) if not other.cjk]
    if kind == "number":
        words += [word.lstrip("0") for word in words]
    if kind == "name":
        words += sounds(value)
    return any(word.startswith(run.text) for word in words)


def found(record: list[Part], term: str) -> bool:
    """One term of a search: all its runs, each in some value; or the term as an e-mail address."""
    if "@" in term and any(
        kind == "email" and squeeze(value).startswith(squeeze(term)) for kind, value in record
    ):
        return True
    return all(any(run_found(run, part) for part in record) for run in runs(term))


def reference(all_records: list[list[Part]], text: str) -> set[int]:
    terms = [term for term in text.split() if runs(term)]
    return {
        key
        for key, record in enumerate(all_records, 1)
        if terms and all(found(record, term) for term in terms)
    }


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(all_records=records, data=st.data())
def test_the_index_finds_what_reading_every_value_finds(
    all_records: list[list[Part]], data: st.DataObject
) -> None:
    SearchDoc.objects.all().delete()
    search.index_many("thing", list(enumerate(all_records, 1)))
    search.index_many("other", [(1, [("name", "张伟")])])
    values = [value for record in all_records for _kind, value in record if value]
    pieces = [st.text(st.sampled_from(CHARS + "azbjw1 "), min_size=1, max_size=5)]
    if values:
        whole = data.draw(st.sampled_from(values))
        start = data.draw(st.integers(0, max(len(whole) - 1, 0)))
        pieces.append(st.just(whole[start : start + data.draw(st.integers(1, 6))]))
        pieces.append(st.sampled_from([*sounds(whole), whole]))
    text = data.draw(st.one_of(*pieces)).strip("+(0123456789-) ") or "张"
    expected = reference(all_records, text)
    assert set(search.match("thing", text)) == expected
    read = {
        doc.pk & ID_MASK
        for doc in SearchDoc.objects.all()
        if doc.pk >> ID_BITS == search.slot("thing") and answers(question(text), doc.doc)
    }
    assert read == expected
    with pytest.MonkeyPatch.context() as patch:  # as if the words were common
        patch.setattr("kemai.platform.search.lookup.COMMON", -1)
        assert set(search.match("thing", text)) == expected
    condition = search.match_condition("thing", text)
    with connection.cursor() as cursor:
        cursor.execute(condition.sql, condition.params)
        assert {key for (key,) in cursor.fetchall()} == expected


def test_the_condition_stands_inside_a_query() -> None:
    slots = [TypeSlot.objects.create(key=f"thing{number}") for number in range(3)]
    search.index_many(
        "slot",
        [(slot.pk, [("name", name)]) for slot, name in zip(slots, ["张伟", "李娜", "张伟业"], strict=True)],
    )
    found = TypeSlot.objects.filter(pk__in=search.match_condition("slot", "张伟"))
    assert set(found) == {slots[0], slots[2]}
    assert not TypeSlot.objects.filter(pk__in=search.match_condition("slot", "！"))


NAMES = [
    (
        1,
        [
            ("name", "张伟"),
            ("phone", "+8613812345678"),
            ("email", "zhang.wei@example.com"),
            ("number", "C000123"),
        ],
    ),
    (2, [("name", "杭州云帆伟科技有限公司"), ("phone", "+8657187654321")]),
    (3, [("name", "张伟业"), ("phone", "+8613900001234")]),
    (4, [("name", "单田芳")]),
    (5, [("name", "章伟"), ("text", "老客户张伟的朋友")]),
]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("张伟", [1, 3, 5]),
        ("zw", [1, 5, 3]),
        ("zhangw", [5, 1, 3]),
        ("wei", [5, 1, 3]),
        ("云帆", [2]),
        ("yunfan", [2]),
        ("hzyf", [2]),
        ("云帆 公司", [2]),
        ("shantianfang", [4]),
        ("5678", [1]),
        ("138", [1]),
        ("138 1234 5678", [1]),
        ("+86 138-1234-5678", [1]),
        ("0571-87654321", [2]),
        ("87654321", [2]),
        ("zhang.wei@ex", [1]),
        ("c000123", [1]),
        ("Ｃ０００１２３", [1]),
        ("云伟", []),
        ("1234", [3]),
        ("🙂", []),
        ("", []),
    ],
)
def test_names_numbers_and_sounds(text: str, ids: list[int]) -> None:
    search.index_many("customer", NAMES)
    assert sorted(search.match("customer", text)) == sorted(ids)


def test_the_exact_name_comes_first_then_its_beginnings_then_the_rest() -> None:
    search.index_many("customer", NAMES)
    assert search.match("customer", "张伟") == [1, 3, 5]


def test_initials_of_a_whole_name_come_before_those_of_its_end() -> None:
    """zw is 张伟 before the many whose given name is 志伟."""
    people = [(1, [("name", "张伟")]), *((key, [("name", "刘志伟")]) for key in range(2, 9))]
    search.index_many("customer", people)
    assert search.match("customer", "zw") == [1, 8, 7, 6, 5, 4, 3, 2]
    assert search.match("customer", "zhiwei")[0] == 8


def test_masked_numbers_cannot_be_guessed_digit_by_digit() -> None:
    search.index_many("customer", NAMES)
    hidden = {"phone", "email"}
    assert search.match("customer", "1381", hidden=hidden) == []
    assert search.match("customer", "45678", hidden=hidden) == []
    assert search.match("customer", "zhang.wei@exa", hidden=hidden) == []
    assert search.match("customer", "5678", hidden=hidden) == [1]
    assert search.match("customer", "13812345678", hidden=hidden) == [1]
    assert search.match("customer", "zhang.wei@example.com", hidden=hidden) == [1]


def test_a_changed_name_is_found_by_the_new_one_only_and_a_removed_record_not_at_all() -> None:
    search.index_many("customer", NAMES)
    search.index_many("customer", [(1, [("name", "李娜")])])
    assert search.match("customer", "李娜") == [1]
    assert search.match("customer", "5678") == []
    search.remove("customer", [1, 3])
    assert search.match("customer", "李娜") == []
    assert search.match("customer", "张伟") == [5]


def test_object_types_do_not_find_one_another() -> None:
    search.index_many("customer", NAMES)
    search.index_many("contact", [(9, [("name", "张伟")])])
    assert search.match("contact", "张伟") == [9]


@given(st.text(max_size=40))
@settings(max_examples=150)
def test_no_text_brings_a_mark_or_a_space_into_a_word(text: str) -> None:
    for run in runs(text):
        assert not set(run.text) & set("ǀǁǂ '\"\\")
        assert run.text == normalise(run.text) or run.text.startswith("x")
    assert question(text).condition is None or question(text).runs


@given(st.text(max_size=40))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_is_typed_the_databases_answer(text: str) -> None:
    search.index_many("customer", [(1, [("name", text.replace("\0", "")), ("text", text)])])
    found_ids = search.match("customer", text)
    assert found_ids in ([], [1])
