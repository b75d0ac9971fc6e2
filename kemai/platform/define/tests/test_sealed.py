"""Own fields stored encrypted (docs/adr/061): found and unique as ever, and read by nobody in the database."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, transaction

from kemai.platform import audit, jobs, query, records
from kemai.platform.access import Actor
from kemai.platform.audit.seal import seal_all
from kemai.platform.audit.verify import verify
from kemai.platform.define import convert, fields
from kemai.platform.events.delivery import drain_all
from kemai.platform.models import Change, Job, OutboxEvent
from kemai.platform.objects import get
from kemai.platform.records import FieldErrors, encrypting
from tests.cells import COLUMN_KEY, OTHER_KEY, in_plain

NUMBERS = ("110101199003071233", "440301198512123321")


@pytest.fixture
def keyed(settings: Any) -> None:
    settings.COLUMN_KEYS = [COLUMN_KEY]


@pytest.fixture
def wide(db: None) -> None:
    """Before any row: PostgreSQL makes no room in a transaction that has written."""
    encrypting.widen()


def identity(boss: Actor, **more: Any) -> None:
    values = {"label": "身份证号", "sealed": True, **more}
    fields.create_field("customer", "text", values, by=boss, key="id_no")


def stored(pk: int) -> str:
    table = get("customer").model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT extra FROM {table} WHERE id = %s", [pk])
        return str(cursor.fetchone()[0])


def found(boss: Actor, op: str, value: Any = None) -> set[int]:
    node = query.parse({"field": "id_no", "op": op, "value": value}, get("customer"), boss.moment())
    return set(
        get("customer").records().filter(query.compile_q(node, get("customer"))).values_list("pk", flat=True)
    )


@pytest.mark.usefixtures("keyed")
def test_nothing_of_it_lies_in_the_open(boss: Actor) -> None:
    identity(boss, unique=True)
    one = records.create("customer", {"name": "王芳", "id_no": NUMBERS[0]}, by=boss)
    records.update("customer", one.pk, {"id_no": NUMBERS[1]}, by=boss, reason="更正")
    two = records.create("customer", {"name": "李雷", "id_no": NUMBERS[0]}, by=boss)
    drain_all()
    jobs.run_all()
    seal_all()

    assert in_plain(*NUMBERS) == set()
    row = records.row_of(get("customer"), one.pk, by=boss)
    assert row["id_no"] == NUMBERS[1]
    assert found(boss, "eq", NUMBERS[0]) == {two.pk}
    assert found(boss, "in", list(NUMBERS)) == {one.pk, two.pk}
    assert found(boss, "ne", NUMBERS[0]) >= {one.pk}
    assert {one.pk, two.pk} <= found(boss, "not_empty")
    with pytest.raises(FieldErrors):
        records.create("customer", {"name": "第三位", "id_no": NUMBERS[1]}, by=boss)
    changes = Change.objects.filter(object_id=one.pk, action="update").exclude(diff=None)
    assert [change.diff["id_no"] for change in changes] == [[NUMBERS[0], NUMBERS[1]]]
    assert (
        OutboxEvent.objects.filter(object_id=one.pk, name="customer.updated").get().payload["diff"]["id_no"]
    )
    assert verify().ok
    records.update("customer", two.pk, {"id_no": ""}, by=boss)
    records.undo(changes[0].changeset_id, by=boss)
    assert records.row_of(get("customer"), one.pk, by=boss)["id_no"] == NUMBERS[0]


@pytest.mark.usefixtures("keyed")
@pytest.mark.parametrize("op", ["contains", "starts", "not_contains", "gt"])
def test_parts_are_not_looked_for(boss: Actor, op: str) -> None:
    identity(boss)
    with pytest.raises(query.QueryError) as caught:
        found(boss, op, "1101")
    assert caught.value.code == "unknown_operator"


@pytest.mark.usefixtures("keyed")
def test_no_formula_order_or_comparison_reads_it(boss: Actor) -> None:
    identity(boss, indexed=True, default="110101")
    spec = get("customer").fields["id_no"]
    assert (spec.sortable, spec.personal, spec.default) == (False, True, None)
    with pytest.raises(FieldErrors) as caught:
        fields.create_field(
            "customer", "formula", {"label": "公式", "formula": "[身份证号]", "result": "text"}, by=boss
        )
    assert "formula" in caught.value.errors


def test_without_a_key_no_field_is_encrypted(boss: Actor) -> None:
    with pytest.raises(FieldErrors) as caught:
        identity(boss)
    assert "sealed" in caught.value.errors


@pytest.mark.usefixtures("keyed")
def test_a_field_with_values_is_encrypted_and_comes_back(
    boss: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields.create_field("customer", "text", {"label": "身份证号"}, by=boss, key="id_no")
    keys = [
        records.create("customer", {"name": f"客户 {n}", "id_no": f"A{n}-{NUMBERS[0]}"}, by=boss).pk
        for n in range(5)
    ]
    before = {pk: (stored(pk), value_of(pk, boss)) for pk in keys}
    assert before[keys[0]][0].find(NUMBERS[0]) > 0

    monkeypatch.setattr(convert, "CHUNK", 2)
    convert.seal_field("customer", "id_no", True, by=boss)
    row = fields.own_field("customer", "id_no")
    with pytest.raises(RuntimeError, match="killed"), transaction.atomic():
        convert.run(row.pk, lambda done, total: dying(done))
    convert.run(row.pk)
    assert not any(NUMBERS[0] in stored(pk) for pk in keys)
    assert [value_of(pk, boss) for pk in keys] == [value for _stored, value in before.values()]
    assert found(boss, "eq", f"A3-{NUMBERS[0]}") == {keys[3]}

    convert.seal_field("customer", "id_no", False, by=boss)
    convert.run(row.pk)
    assert {pk: stored(pk) for pk in keys} == {pk: one for pk, (one, _row) in before.items()}
    assert get("customer").fields["id_no"].type.key == "text"
    assert found(boss, "contains", "A3-") == {keys[3]}


def value_of(pk: int, boss: Actor) -> Any:
    return records.row_of(get("customer"), pk, by=boss)["id_no"]


def dying(done: int) -> None:
    if done >= 4:
        raise RuntimeError("killed")


@pytest.mark.usefixtures("keyed")
def test_a_value_that_was_altered_is_said_to_be_and_nothing_else_suffers(boss: Actor) -> None:
    identity(boss)
    good = records.create("customer", {"name": "好", "id_no": NUMBERS[0]}, by=boss)
    bad = records.create("customer", {"name": "坏", "id_no": NUMBERS[1]}, by=boss)
    extra = {"id_no": bad.extra["id_no"][:-6] + "AAAAA="}
    get("customer").records().filter(pk=bad.pk).update(extra=extra)
    assert records.row_of(get("customer"), good.pk, by=boss)["id_no"] == NUMBERS[0]
    assert "无法读取" in records.row_of(get("customer"), bad.pk, by=boss)["id_no"]
    records.update("customer", bad.pk, {"name": "改了别的"}, by=boss)
    bad.refresh_from_db()
    assert bad.extra == extra, "what cannot be read is not written over"
    with pytest.raises(FieldErrors):
        records.update(
            "customer", bad.pk, {"id_no": records.row_of(get("customer"), bad.pk, by=boss)["id_no"]}, by=boss
        )


@pytest.mark.usefixtures("wide")
def test_a_database_gets_a_key_another_and_none_again(boss: Actor, settings: Any) -> None:
    one = records.create("customer", {"name": "王芳", "phone": "13800138000"}, by=boss)
    records.update("customer", one.pk, {"phone": "13911112222"}, by=boss)
    seal_all()
    table = Change._meta.db_table
    assert table in in_plain("+8613911112222")
    before = [(change.pk, change.diff) for change in Change.objects.order_by("pk")]

    settings.COLUMN_KEYS = [COLUMN_KEY]
    assert encrypting.problem() == ""
    assert encrypting.encrypt() > 0
    assert table not in in_plain("+8613911112222")
    assert encrypting.encrypt() == 0, "what has been dealt with is left alone"
    assert verify().ok

    settings.COLUMN_KEYS = []
    assert "KEMAI_COLUMN_KEY" in encrypting.problem()
    settings.COLUMN_KEYS = [OTHER_KEY]
    assert "KEMAI_COLUMN_KEY_OLD" in encrypting.problem()
    settings.COLUMN_KEYS = [OTHER_KEY, COLUMN_KEY]
    assert encrypting.problem() == ""
    assert encrypting.unfinished()
    assert encrypting.encrypt() > 0
    settings.COLUMN_KEYS = [OTHER_KEY]
    assert encrypting.problem() == ""
    assert [(change.pk, change.diff) for change in Change.objects.order_by("pk")] == before

    assert encrypting.decrypt() > 0
    settings.COLUMN_KEYS = []
    assert encrypting.problem() == ""
    assert [(change.pk, change.diff) for change in Change.objects.order_by("pk")] == before
    assert table in in_plain("+8613911112222")
    assert verify().ok
    assert audit.history("customer", one.pk).count() == 2


@pytest.mark.usefixtures("keyed")
def test_job_runs(boss: Actor) -> None:
    identity(boss)
    fields_job = convert.seal_field("customer", "id_no", False, by=boss)
    jobs.run_all()
    assert Job.objects.get(pk=fields_job.pk).state == "done"
