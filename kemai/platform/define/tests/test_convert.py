"""Another kind for a field with values: told first, done in the background, taken back."""

from __future__ import annotations

from typing import Any

import pytest

from kemai.platform import jobs, records
from kemai.platform.access import Actor
from kemai.platform.define import convert, fields, merge
from kemai.platform.define.convert import Preview
from kemai.platform.models import Job
from kemai.platform.objects import get
from kemai.platform.records import FieldErrors


def customers(boss: Actor, key: str, *values: Any) -> list[int]:
    return [
        records.create("customer", {"name": f"客户 {n}", key: value}, by=boss).pk
        for n, value in enumerate(values)
    ]


def shown(boss: Actor, ids: list[int], key: str) -> list[str]:
    spec = get("customer").fields[key]
    return [spec.type.text(records.row_of(get("customer"), pk, by=boss)[key], spec) for pk in ids]


@pytest.mark.row(116)
def test_a_text_becomes_a_number_and_comes_back_as_it_was(boss: Actor) -> None:
    fields.create_field("customer", "text", {"label": "台数"}, by=boss, key="n")
    ids = customers(boss, "n", "12", "一千", "3.50", "约 5 台")
    told = convert.preview("customer", "n", "number", {}, by=boss)
    assert isinstance(told, Preview)
    assert (told.total, told.lost) == (4, sum(1 for one in told.lost_samples))
    assert told.same + told.changed + told.lost == 4
    assert "约 5 台" in {one.old for one in told.lost_samples}
    assert shown(boss, ids, "n") == ["12", "一千", "3.50", "约 5 台"]

    convert.convert_field("customer", "n", "number", {}, by=boss)
    assert get("customer").fields["n"].readonly
    jobs.run_all()
    assert Job.objects.get(task__endswith="convert").state == "done"
    spec = get("customer").fields["n"]
    assert spec.type.key == "number"
    row = records.row_of(get("customer"), ids[0], by=boss)
    assert row["n"] == 12
    assert records.row_of(get("customer"), ids[3], by=boss)["n"] is None

    records.update("customer", ids[2], {"n": 4}, by=boss)
    convert.undo_conversion("customer", "n", by=boss)
    assert get("customer").fields["n"].type.key == "text"
    assert shown(boss, ids, "n") == ["12", "一千", "4", "约 5 台"]


def test_a_text_becomes_a_choice_of_its_own_values(boss: Actor) -> None:
    fields.create_field("customer", "text", {"label": "等级"}, by=boss, key="level")
    ids = customers(boss, "level", "甲", "乙", "甲")
    told = convert.preview("customer", "level", "choice", {}, by=boss)
    assert isinstance(told, Preview)
    assert ([one["label"] for one in told.settings["options"]], told.lost) == (["甲", "乙"], 0)
    convert.convert_field("customer", "level", "choice", {}, by=boss)
    jobs.run_all()
    assert shown(boss, ids, "level") == ["甲", "乙", "甲"]


def test_what_cannot_be_is_refused(boss: Actor) -> None:
    fields.create_field("customer", "text", {"label": "等级"}, by=boss, key="level")
    with pytest.raises(FieldErrors):
        convert.convert_field("customer", "level", "reference", {}, by=boss)


def test_a_conversion_that_was_cut_off_goes_on(boss: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convert, "CHUNK", 1)
    fields.create_field("customer", "number", {"label": "台数"}, by=boss, key="n")
    ids = customers(boss, "n", 1, 2, 3)
    convert.convert_field("customer", "n", "text", {}, by=boss)

    def stop(done: int, total: int) -> None:
        if done == 2:
            raise RuntimeError

    field = fields.own_field("customer", "n")
    with pytest.raises(RuntimeError):
        convert.run(field.pk, stop)
    assert convert.run(field.pk) == 3
    assert shown(boss, ids, "n") == ["1", "2", "3"]


def test_two_options_become_one(boss: Actor) -> None:
    options = [{"label": "大"}, {"label": "巨大"}]
    fields.create_field("customer", "choice", {"label": "规模", "options": options}, by=boss, key="size")
    ids = customers(boss, "size", "大", "巨大", "巨大")
    merge.merge_options("customer", "size", "juda", "da", by=boss)
    jobs.run_all()
    assert shown(boss, ids, "size") == ["大", "大", "大"]
    assert [one["archived"] for one in fields.own_field("customer", "size").settings["options"]] == [
        False,
        True,
    ]
    with pytest.raises(FieldErrors):
        merge.merge_options("customer", "size", "da", "da", by=boss)
