"""Random acts, taken back and redone in any order, against a slow simple account of what should then be there."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from kemai.platform import access, query, records
from kemai.platform.access import SYSTEM
from kemai.platform.audit import open_set
from kemai.platform.models import ChangeSet, SearchDoc
from kemai.platform.objects import get
from kemai.platform.search import reindex, slot

pytestmark = pytest.mark.django_db
FIELDS = {"customer": ("name", "note", "stage"), "contact": ("name", "title")}
TEXTS = {"name": ("甲", "乙"), "note": ("", "x"), "stage": ("new", "interested"), "title": ("", "经理")}
TAGS = ("红", "组·蓝")
Place = tuple[str, int]


class Account:
    """What should be there: every record's values and whether it is alive, every act with its changes, newest last."""

    def __init__(self) -> None:
        self.values: dict[Place, dict[str, Any]] = {}
        self.tags: dict[Place, set[str]] = {}
        self.alive: dict[Place, bool] = {}
        self.parent: dict[Place, Place] = {}
        self.acts: list[dict[str, Any]] = []

    def act(self, key: int, kind: str) -> dict[str, Any]:
        made = {"key": key, "kind": kind, "changes": [], "undone": False, "of": None}
        self.acts.append(made)
        return made

    def created(
        self, act: dict[str, Any], place: Place, values: dict[str, Any], parent: Place | None
    ) -> None:
        self.values[place] = dict.fromkeys(FIELDS[place[0]], "") | {"stage": "new"} | values
        self.tags[place], self.alive[place] = set(), True
        if parent is not None:
            self.parent[place] = parent
        act["changes"].append((place, "create", {}))

    def put(self, act: dict[str, Any], place: Place, values: dict[str, Any]) -> None:
        old = self.values[place]
        diff = {name: (old[name], value) for name, value in values.items() if old[name] != value}
        if diff:
            old.update({name: pair[1] for name, pair in diff.items()})
            act["changes"].append((place, "update", diff))

    def tag(self, act: dict[str, Any], place: Place, now: set[str]) -> None:
        if now != self.tags[place]:
            act["changes"].append((place, "update", {"tags": (self.tags[place], now)}))
            self.tags[place] = now

    def flip(self, act: dict[str, Any], place: Place, alive: bool) -> None:
        self.alive[place] = alive
        act["changes"].append((place, "restore" if alive else "delete", {}))

    def kids(self, place: Place, alive: bool) -> list[Place]:
        return [kid for kid, parent in self.parent.items() if parent == place and self.alive[kid] is alive]

    def later(self, act: dict[str, Any], place: Place) -> list[tuple[str, dict[str, Any]]]:
        """What stands of others' work on it after this act."""
        after = self.acts[self.acts.index(act) + 1 :]
        return [
            (what, diff)
            for other in after
            if not other["undone"] and other["kind"] != "undo"
            for where, what, diff in other["changes"]
            if where == place
        ]

    def undo(self, act: dict[str, Any], key: int) -> None:
        inverse = self.act(key, "redo" if act["kind"] == "undo" else "undo")
        inverse["of"] = act
        act["undone"] = True
        self.acts.remove(inverse)  # it is no later act of its own
        made = {place for place, what, _diff in act["changes"] if what == "create"}
        gone = {place for place, what, _diff in act["changes"] if what == "delete"}
        for place, what, diff in reversed(act["changes"]):
            later = self.later(act, place)
            flipped = any(other in {"delete", "restore", "create"} for other, _diff in later)
            match what:
                case "create":
                    foreign = [kid for kid in self.kids(place, True) if kid not in made]
                    if not later and not foreign and self.alive[place]:
                        self.flip(inverse, place, False)
                case "delete":
                    parent = self.parent.get(place)
                    orphan = parent is not None and not self.alive[parent] and parent not in gone
                    if not flipped and not self.alive[place] and not orphan:
                        self.flip(inverse, place, True)
                case "restore":
                    if not flipped and self.alive[place]:
                        self.flip(inverse, place, False)
                case _:
                    self.undo_values(inverse, place, diff, later)
        self.acts.append(inverse)

    def undo_values(
        self, inverse: dict[str, Any], place: Place, diff: dict[str, Any], later: list[Any]
    ) -> None:
        touched = {name for _what, other in later for name in other}
        back = {
            name: old
            for name, (old, new) in diff.items()
            if name != "tags" and name not in touched and self.values[place][name] == new
        }
        self.put(inverse, place, back)
        if "tags" in diff:
            old, new = diff["tags"]
            theirs = {
                tag
                for _what, other in later
                if "tags" in other
                for tag in other["tags"][0] ^ other["tags"][1]
            }
            now = self.tags[place]
            self.tag(inverse, place, (now - (new - old - theirs)) | (old - new - theirs))

    def export(self) -> bytes:
        rows = [
            [*place, {**self.values[place], "tags": sorted(self.tags[place])}]
            for place in sorted(self.values)
            if self.alive[place]
        ]
        return shown(rows)


def shown(rows: list[Any]) -> bytes:
    for _key, _id, values in rows:
        if _key == "contact":
            values.pop("stage", None)
            values.pop("tags", None)
    return orjson.dumps(rows, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2)


def export() -> bytes:
    """Every record that a person with all rights sees, with the fields in question."""
    found: list[Any] = []
    for key in sorted(FIELDS):
        object_type = get(key)
        names = [*FIELDS[key], *(["tags"] if object_type.tags else [])]
        specs = [object_type.fields[name] for name in names]
        for row in query.fetch(access.scope(SYSTEM, object_type).order_by("pk"), object_type, specs):
            values = {name: row[name] for name in FIELDS[key]}
            values["tags"] = sorted(str(tag.title) for tag in row.get("tags", ()))
            found.append([key, row["id"], values])
    return shown(found)


class Acts(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.account = Account()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    def newest(self) -> int:
        return ChangeSet.objects.order_by("-pk").values_list("pk", flat=True)[0]

    def pick(self, data: st.DataObject, key: str, alive: bool = True) -> Place | None:
        places = [p for p in sorted(self.account.values) if p[0] == key and self.account.alive[p] is alive]
        return data.draw(st.sampled_from(places)) if places else None

    def values(self, data: st.DataObject, key: str) -> dict[str, Any]:
        names = data.draw(st.lists(st.sampled_from(FIELDS[key]), min_size=1, unique=True))
        return {name: data.draw(st.sampled_from(TEXTS[name])) for name in names}

    @rule(data=st.data())
    def create(self, data: st.DataObject) -> None:
        made = records.create("customer", {"name": "甲"}, by=SYSTEM)
        self.account.created(
            self.account.act(self.newest(), "create"), ("customer", made.pk), {"name": "甲"}, None
        )

    @rule(data=st.data())
    def add_contact(self, data: st.DataObject) -> None:
        parent = self.pick(data, "customer")
        if parent:
            made = records.create("contact", {"name": "乙", "customer": parent[1]}, by=SYSTEM)
            act = self.account.act(self.newest(), "create")
            self.account.created(act, ("contact", made.pk), {"name": "乙"}, parent)

    @rule(data=st.data())
    def bring_in(self, data: st.DataObject) -> None:
        """An import: customers, and contacts of the first of them, and a change of one that was there."""
        old = self.pick(data, "customer")
        changes = open_set("import", "customer", by=SYSTEM)
        act = self.account.act(changes.pk, "import")
        keys = records.bulk_create("customer", [{"name": "甲"}, {"name": "乙"}], by=SYSTEM, changeset=changes)
        for key, name in zip(keys, "甲乙", strict=True):
            self.account.created(act, ("customer", key), {"name": name}, None)
        rows = [{"name": "甲", "customer": keys[0]}]
        for key in records.bulk_create("contact", rows, by=SYSTEM, changeset=changes):
            self.account.created(act, ("contact", key), {"name": "甲"}, ("customer", keys[0]))
        if old:
            values = self.values(data, "customer")
            records.bulk_update(
                "customer", {old[1]: values, keys[1]: {"note": "x"}}, by=SYSTEM, changeset=changes
            )
            self.account.put(act, old, values)
            self.account.put(act, ("customer", keys[1]), {"note": "x"})

    @rule(data=st.data())
    def update(self, data: st.DataObject) -> None:
        place = self.pick(data, data.draw(st.sampled_from(["customer", "contact"])))
        if place:
            before, values = self.newest(), self.values(data, place[0])
            records.update(place[0], place[1], values, by=SYSTEM)
            if self.newest() != before:
                self.account.put(self.account.act(self.newest(), "update"), place, values)

    @rule(data=st.data())
    def bulk(self, data: st.DataObject) -> None:
        places = [p for p in self.account.values if p[0] == "customer" and self.account.alive[p]]
        values = self.values(data, "customer")
        changes = records.bulk_update("customer", {key: values for _type, key in places}, by=SYSTEM)
        act = self.account.act(changes.pk, "bulk")
        for place in places:
            self.account.put(act, place, values)

    @rule(data=st.data(), add=st.sets(st.sampled_from(TAGS)), remove=st.sets(st.sampled_from(TAGS)))
    def tag(self, data: st.DataObject, add: set[str], remove: set[str]) -> None:
        place = self.pick(data, "customer")
        if place:
            one = access.scope(SYSTEM, "customer").filter(pk=place[1])
            changes = records.retag_many("customer", one, sorted(add), sorted(remove), by=SYSTEM)
            act = self.account.act(changes.pk, "bulk")
            self.account.tag(act, place, (self.account.tags[place] - remove) | add)

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        place = self.pick(data, data.draw(st.sampled_from(["customer", "contact"])))
        if place:
            act = self.account.act(records.delete(place[0], [place[1]], by=SYSTEM).pk, "delete")
            for kid in self.account.kids(place, True):
                self.account.flip(act, kid, False)
            self.account.flip(act, place, False)

    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        place = self.pick(data, "customer", alive=False)
        if place:
            act = self.account.act(records.restore(place[0], [place[1]], by=SYSTEM).pk, "restore")
            with_it = [one for one in self.account.acts if (place, "delete", {}) in one["changes"]][-1]
            together = {where for where, what, _diff in with_it["changes"] if what == "delete"}
            self.account.flip(act, place, True)
            for kid in self.account.kids(place, False):
                if kid in together:
                    self.account.flip(act, kid, True)

    @precondition(lambda self: any(not act["undone"] for act in self.account.acts))
    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        """Any act that has not been undone, undos included: that is a redo."""
        act = data.draw(st.sampled_from([one for one in self.account.acts if not one["undone"]]))
        told = records.preview(act["key"], by=SYSTEM)
        report = records.undo(act["key"], by=SYSTEM)
        assert (told.undone, told.kept_count) == (report.undone, report.kept_count), "the preview was right"
        self.account.undo(act, report.changeset.pk)

    @precondition(lambda self: any(act["undone"] for act in self.account.acts))
    @rule(data=st.data())
    def undo_twice(self, data: st.DataObject) -> None:
        act = data.draw(st.sampled_from([one for one in self.account.acts if one["undone"]]))
        with pytest.raises(records.Refused):
            records.undo(act["key"], by=SYSTEM)

    @invariant()
    def everything_is_as_it_should_be(self) -> None:
        assert export() == self.account.export()


@pytest.mark.row(13)
def test_acts_taken_back_in_any_order() -> None:
    run_state_machine_as_test(
        Acts,
        settings=settings(
            max_examples=int(os.environ.get("UNDO_EXAMPLES", "15")),
            stateful_step_count=14,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
        ),
    )


def test_what_is_taken_back_is_not_found_any_more() -> None:
    keys = records.bulk_create("customer", [{"name": "上海好运来贸易"}] * 3, by=SYSTEM, kind="import")
    base = slot("customer") << 40
    reindex("customer", keys)
    assert SearchDoc.objects.filter(pk__in=[base | key for key in keys]).count() == 3
    records.undo(ChangeSet.objects.get(kind="import").pk, by=SYSTEM)
    assert not SearchDoc.objects.filter(pk__in=[base | key for key in keys]).exists()


def test_a_value_that_somebody_chose_again_stays() -> None:
    """It is the value that the first act gave, but by now it is somebody else's."""
    key = records.create("customer", {"name": "甲"}, by=SYSTEM).pk
    first = records.bulk_update("customer", {key: {"name": "乙"}}, by=SYSTEM)
    away = records.bulk_update("customer", {key: {"name": "丙"}}, by=SYSTEM)
    again = records.bulk_update("customer", {key: {"name": "乙"}}, by=SYSTEM)
    report = records.undo(first.pk, by=SYSTEM)
    assert report.kept == [("customer", key, "name", "later")]
    assert name_of(key) == "乙"
    for one in (again, away):
        records.undo(one.pk, by=SYSTEM)
    records.undo(report.changeset.pk, by=SYSTEM)  # the redo of an undo that did nothing
    assert name_of(key) == "乙"


def test_an_undo_may_be_redone_and_that_undone_again() -> None:
    key = records.create("customer", {"name": "甲"}, by=SYSTEM).pk
    changes = records.bulk_update("customer", {key: {"name": "乙"}}, by=SYSTEM)
    undone = records.undo(changes.pk, by=SYSTEM).changeset
    with pytest.raises(records.Refused, match="重做"):
        records.undo(changes.pk, by=SYSTEM)
    redone = records.undo(undone.pk, by=SYSTEM).changeset
    assert (undone.kind, redone.kind, name_of(key)) == ("undo", "redo", "乙")
    records.undo(redone.pk, by=SYSTEM)
    assert name_of(key) == "甲"


def test_what_is_too_old_says_so() -> None:
    key = records.create("customer", {"name": "甲"}, by=SYSTEM).pk
    changes = records.bulk_update("customer", {key: {"name": "乙"}}, by=SYSTEM)
    ChangeSet.objects.filter(pk=changes.pk).update(at=changes.at - timedelta(days=31))
    with pytest.raises(records.Refused, match="30 天"):
        records.undo(changes.pk, by=SYSTEM)


def name_of(key: int) -> str:
    return str(access.scope(SYSTEM, "customer").values_list("name", flat=True).get(pk=key))
