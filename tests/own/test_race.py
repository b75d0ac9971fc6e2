"""What must be unique stays so when several people save at the same moment, index or no index."""

from __future__ import annotations

from functools import partial

import pytest

from kemai.platform import access, records
from kemai.platform.access import SYSTEM
from tests.equipment import define_field, define_object
from tests.gate import together

PEOPLE = 4


@pytest.mark.django_db(transaction=True)
def test_one_of_several_who_take_the_same_value_gets_it(on_postgres: bool) -> None:
    if not on_postgres:
        pytest.skip("SQLite has one writer; its database in memory knows no second connection that waits")
    define_object()
    define_field("equipment", "code", "编码", "text", unique=True)

    def save(number: int) -> str:
        try:
            records.create("equipment", {"name": f"泵{number}", "code": "A1"}, by=SYSTEM)
        except records.FieldErrors as error:
            return error.errors["code"]
        return ""

    answers = together([partial(save, number) for number in range(PEOPLE)])
    assert sorted(map(bool, answers)) == [False, True, True, True]
    assert access.scope(SYSTEM, "equipment").count() == 1
