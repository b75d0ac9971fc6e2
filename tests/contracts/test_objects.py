"""What every object type must do, at every door. A new type is covered by being registered."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from django.test import Client

from kemai.platform import access, audit, query, records
from kemai.platform.access import SYSTEM
from kemai.platform.fields import FieldSpec
from kemai.platform.models import ChangeSet
from kemai.platform.objects import ObjectType, all_types, get
from tests.equipment import OWN, define_equipment
from tests.factory import make, parent_of, values_for
from tests.people import Person

KEYS = [*(one.key for one in all_types() if one.creatable), *OWN]
SCOPED = [key for key in KEYS if key in OWN or access.grants.root_type(get(key)).has_owner]


def own(object_type: ObjectType, person: Person) -> Any:
    """A record that is this person's: their own, or under a customer of theirs."""
    values = values_for(object_type)
    if object_type.parent:
        parent = object_type.fields[object_type.parent].ref
        values[object_type.parent] = make(parent, owner=person.user.pk).pk
    elif object_type.has_owner:
        values["owner"] = person.user.pk
    return records.create(object_type.key, values, by=SYSTEM)


def text_field(object_type: ObjectType) -> FieldSpec:
    """A field that may be changed freely."""
    found = [s for s in object_type.fields.values() if s.type.key in {"text", "long_text"} and not s.readonly]
    return next((s for s in found if s.key in {"note", "description", "title", "address"}), found[0])


def call(person: Person, method: str, path: str, body: Any = None) -> Any:
    send = getattr(Client(), method)
    extra = {} if body is None else {"data": orjson.dumps(body), "content_type": "application/json"}
    return send(f"/api/v1/{path}", headers={"Authorization": f"Bearer {person.key}"}, **extra)


@pytest.mark.parametrize("key", SCOPED)
def test_records_are_seen_by_owner_and_manager_only(key: str, people: dict[str, Person]) -> None:
    object_type = get(key)
    obj = own(object_type, people["alice"])
    for name, sees in (("alice", True), ("dora", True), ("bob", True), ("charlie", False), ("nobody", False)):
        assert access.scope(people[name].actor, key).filter(pk=obj.pk).exists() is sees, name
        status = call(people[name], "get", f"{key}/{obj.pk}").status_code
        assert status == (200 if sees else 404), name
        listing = call(people[name], "get", key)
        if listing.status_code == 200:
            assert (obj.pk in [row["id"] for row in listing.json()["rows"]]) is sees, name
        else:
            assert (name, listing.status_code) == ("nobody", 403)


@pytest.mark.parametrize("key", SCOPED)
def test_refused_writes_leave_no_trace(key: str, people: dict[str, Person]) -> None:
    object_type = get(key)
    obj = own(object_type, people["alice"])
    name = text_field(object_type).key
    before = records.row_of(object_type, obj.pk, by=SYSTEM)
    for who, status in (("charlie", 404), ("nobody", 404), ("bob", 403)):
        assert call(people[who], "patch", f"{key}/{obj.pk}", {name: "hacked"}).status_code == status
        assert call(people[who], "delete", f"{key}/{obj.pk}").status_code == status
    assert records.row_of(object_type, obj.pk, by=SYSTEM) == before
    assert Client().get(f"/api/v1/{key}/{obj.pk}").status_code == 401


@pytest.mark.parametrize("key", KEYS)
def test_life_of_a_record_through_the_api(key: str, people: dict[str, Person]) -> None:
    boss, object_type = people["boss"], get(key)
    made = call(boss, "post", key, plain(values_for(object_type)))
    assert made.status_code == 201, made.content
    pk = made.json()["id"]
    name = text_field(object_type).key
    changed = call(boss, "patch", f"{key}/{pk}", {name: "改过的", "version": made.json()["version"]})
    if key == "identifier":
        assert changed.status_code in {200, 422}
    else:
        assert changed.json()[name] == "改过的"
        change = audit.history(key, pk).first()
        assert change is not None
        assert change.diff is not None
        assert change.diff[name][1] == "改过的"
        assert change.changeset.actor_id == boss.user.pk
        assert call(boss, "post", f"changesets/{change.changeset_id}/undo").json()["undone"] == 1
        assert call(boss, "get", f"{key}/{pk}").json()[name] == made.json()[name]
    slim = call(boss, "get", f"{key}?fields=id,version").json()[
        "rows"
    ]  # in every row: to name them is no mistake
    assert set(slim[0]) == {"id", "version"}
    deleted = call(boss, "delete", f"{key}/{pk}")
    if key == "receipt":  # never deleted, only reversed
        assert deleted.status_code == 409
        assert call(boss, "get", f"{key}/{pk}").status_code == 200
        return
    gone = deleted.json()["changeset"]
    assert call(boss, "get", f"{key}/{pk}").status_code == 404
    assert call(boss, "post", f"changesets/{gone}/undo").status_code == 200
    assert call(boss, "get", f"{key}/{pk}").status_code == 200
    assert call(boss, "post", f"changesets/{gone}/undo").status_code == 409


def plain(values: dict[str, Any]) -> dict[str, Any]:
    kept = (str, int, float, bool, list)
    return {key: value if isinstance(value, kept) else str(value) for key, value in values.items()}


@pytest.mark.parametrize("key", KEYS)
def test_unknown_and_managed_fields_are_refused(key: str, people: dict[str, Person]) -> None:
    values = plain(values_for(get(key)))
    for bad in ("no_such_field", "created_at", "id", "deleted_at"):
        answer = call(people["boss"], "post", key, {**values, bad: "1"})
        assert answer.status_code == 422
        assert bad in answer.json()["fields"]


@pytest.mark.parametrize("key", KEYS)
def test_filters_name_what_is_allowed(key: str, people: dict[str, Person]) -> None:
    boss = people["boss"]
    answer = call(boss, "get", f'{key}?where={{"field":"nix","op":"eq","value":1}}')
    assert answer.status_code == 422
    assert answer.json()["allowed"]
    name = next(spec.key for spec in get(key).fields.values() if spec.operators and not spec.private)
    answer = call(boss, "get", f'{key}?where={{"field":"{name}","op":"nix","value":1}}')
    assert set(answer.json()["allowed"]) <= set(get(key).fields[name].type.operators)
    assert call(boss, "get", f"{key}?sort=nix").status_code == 422


@pytest.mark.parametrize("key", KEYS)
def test_pages_walk_every_record_once_in_any_order(key: str, people: dict[str, Person]) -> None:
    object_type = get(key)
    parent = parent_of(object_type)
    for _ in range(23):
        make(key, full=True, **parent)
    rows = access.scope(SYSTEM, key)
    everything = set(rows.values_list("pk", flat=True))
    sorts = ["id", *(spec.key for spec in object_type.fields.values() if spec.sortable)]
    for sort in [*sorts, *(f"-{one}" for one in sorts)]:
        forth = list(walk(rows, object_type, sort))
        assert sorted(forth) == sorted(everything), sort
        assert list(walk(rows, object_type, sort, size=4)) == forth, sort
        assert list(walk_back(rows, object_type, sort)) == forth, sort


def walk(rows: Any, object_type: ObjectType, sort: str, size: int = 7) -> Any:
    cursor = ""
    while True:
        page = query.page(rows, object_type, [], sort=sort, cursor=cursor, size=size)
        yield from (row["id"] for row in page.rows)
        cursor = page.next
        if not cursor:
            return


def walk_back(rows: Any, object_type: ObjectType, sort: str) -> list[int]:
    """To the last page, then backwards to the first."""
    pages = []
    page = query.page(rows, object_type, [], sort=sort, size=7)
    while page.next:
        page = query.page(rows, object_type, [], sort=sort, cursor=page.next, size=7)
    pages.append([row["id"] for row in page.rows])
    while page.previous:
        page = query.page(rows, object_type, [], sort=sort, cursor=page.previous, size=7)
        pages.insert(0, [row["id"] for row in page.rows])
    return [key for one in pages for key in one]


def test_every_type_is_described_in_openapi(people: dict[str, Person]) -> None:
    for key in OWN:
        define_equipment(key)
    document = call(people["boss"], "get", "openapi.json").json()
    assert set(KEYS) <= set(document["components"]["schemas"])
    assert call(people["nobody"], "get", "openapi.json").json()["components"]["schemas"].keys() == {"Problem"}


@pytest.mark.parametrize("key", KEYS)
def test_two_people_saving_lose_nothing(key: str, people: dict[str, Person]) -> None:
    if key == "identifier":
        pytest.skip("its text fields are normalised")
    object_type = get(key)
    obj = make(key)
    name = text_field(object_type).key
    seen = records.row_of(object_type, obj.pk, by=SYSTEM)
    records.update(key, obj.pk, {name: "first"}, by=people["boss"].actor, version=seen["version"])
    with pytest.raises(records.Conflict) as clash:
        records.update(key, obj.pk, {name: "second"}, by=people["boss"].actor, version=seen["version"])
    assert clash.value.fields == {name: ("first", "second")}
    assert records.row_of(object_type, obj.pk, by=SYSTEM)[name] == "first"
    assert ChangeSet.objects.filter(type_key=key, kind="update").count() == 1
