"""Taking back: doing and undoing leaves every record as it was; later work is kept and listed."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from kemai.platform import access, query, records
from kemai.platform.access import SYSTEM
from kemai.platform.models import ChangeSet
from kemai.platform.objects import get
from tests.factory import make

pytestmark = pytest.mark.django_db
FIELDS = ("name", "note", "kind", "phone", "important", "region", "birthday")


def state() -> list[dict[str, Any]]:
    """All that an export would show of the customers."""
    customer = get("customer")
    specs = [customer.fields[key] for key in (*FIELDS, "tags")]
    rows = query.fetch(access.scope(SYSTEM, customer).order_by("pk"), customer, specs)
    for row in rows:
        del row["version"]
        row["tags"] = [tag.title for tag in row["tags"]]
    return rows


def change(rng: Random, keys: list[int]) -> None:
    """One random act through the door."""
    values: list[dict[str, object]] = [
        {"name": f"改{rng.randrange(99)}"},
        {"note": "x" * rng.randrange(9), "important": rng.random() < 0.5},
        {"region": "330106", "birthday": "1990-01-02"},
        {"phone": f"1381234{rng.randrange(10**4):04d}"},
        {"tags": rng.sample(["甲", "组·乙", "丙"], k=rng.randrange(4))},
    ]
    some = rng.sample(keys, k=rng.randrange(1, len(keys)))
    match rng.randrange(5):
        case 0:
            records.bulk_create(
                "customer", [{"name": f"新{n}"} for n in range(rng.randrange(1, 4))], by=SYSTEM
            )
        case 1:
            bulk = [one for one in values if "tags" not in one]
            records.bulk_update("customer", {key: rng.choice(bulk) for key in some}, by=SYSTEM)
        case 2:
            gone = access.scope(SYSTEM, "customer").filter(pk__in=some[:2]).values_list("pk", flat=True)
            if gone:
                records.delete("customer", list(gone), by=SYSTEM)
        case _:
            alive = access.scope(SYSTEM, "customer").values_list("pk", flat=True).first()
            if alive:
                records.update("customer", alive, rng.choice(values), by=SYSTEM)


@pytest.mark.parametrize("seed", range(8))
def test_undoing_everything_in_reverse_restores_every_value(seed: int) -> None:
    rng = Random(seed)
    keys = [make("customer", full=True, rng=rng).pk for _ in range(6)]
    start, before = ChangeSet.objects.count(), state()
    for _ in range(8):
        alive = set(access.scope(SYSTEM, "customer").values_list("pk", flat=True))
        keys = [key for key in keys if key in alive] or [make("customer").pk]
        if len(keys) < 2:
            break
        change(rng, keys)
    done = list(ChangeSet.objects.order_by("-pk"))[: ChangeSet.objects.count() - start]
    for changeset in done:
        assert records.undo(changeset.pk, by=SYSTEM).kept == []
    alive_before = {row["id"] for row in before}
    assert [row for row in state() if row["id"] in alive_before] == before


def test_later_edits_are_kept_and_listed() -> None:
    first, second = make("customer", name="一"), make("customer", name="二")
    changes = records.bulk_update("customer", {first.pk: {"name": "A"}, second.pk: {"name": "B"}}, by=SYSTEM)
    records.update("customer", second.pk, {"name": "C"}, by=SYSTEM)
    report = records.undo(changes.pk, by=SYSTEM)
    assert report.kept == [("customer", second.pk, "name", "later")]
    assert [row["name"] for row in state()] == ["一", "C"]
    with pytest.raises(records.Refused):
        records.undo(changes.pk, by=SYSTEM)


def test_an_import_is_taken_back_but_for_what_somebody_worked_on() -> None:
    keys = records.bulk_create("customer", [{"name": name} for name in "甲乙丙"], by=SYSTEM, kind="import")
    records.update("customer", keys[1], {"note": "已联系"}, by=SYSTEM)
    changes = ChangeSet.objects.filter(kind="import").get()
    report = records.undo(changes.pk, by=SYSTEM)
    assert (report.undone, report.kept) == (2, [("customer", keys[1], "", "later")])
    assert [row["name"] for row in state()] == ["乙"]
