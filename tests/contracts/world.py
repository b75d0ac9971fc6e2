"""The people and records of the attack matrix: made once, every test leaves them as they were."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from kemai.collab.models import Notice
from kemai.collab.services import comments
from kemai.customers.models import ValueConflict
from kemai.platform import access, records
from kemai.platform.access import SYSTEM
from kemai.platform.define import fields, objects
from kemai.platform.models import ChangeSet, ImportRun, Job, Member, SavedView, StoredFile
from kemai.platform.models import Report as KeptReport
from kemai.platform.objects import VERBS, ObjectType, all_types, get
from tests.factory import in_force, values_for
from tests.people import Person, department, person, role

PHONE = "13912345678"
SEERS = ("alice", "bob", "member", "masked", "noexport")
EDITORS = ("alice", "masked", "noexport")
PEOPLE = ("alice", "bob", "charlie", "member", "masked", "noexport", "admin", "nobody")
OWN_PARENTS = {"gadget": "", "gauge": "customer"}
"""Own objects that an administrator has defined, and what their rights hang on ('' : they have an owner)."""
MINE = dict.fromkeys((verb for verb in VERBS if verb != "reveal"), "own")


@dataclass
class Seen:
    """A record of alice's with a word in it that is in no other."""

    type: ObjectType
    id: int
    marker: str
    text: str
    """The key of a text field that may be changed; '' where there is none."""
    titled: bool = True
    """Is the word in the title?"""
    places: dict[str, int] = field(default_factory=dict)
    """What hangs on the record, by the name that addresses have for it: link_id, file_id, member_id, comment."""


@dataclass
class World:
    people: dict[str, Person]
    records: dict[str, Seen]
    things: dict[str, int]
    secrets: list[tuple[str, str]] = field(default_factory=list)
    """(text, type): what only those may read who see alice's record of the type."""
    clients: dict[str, Client] = field(default_factory=dict)

    def client(self, name: str) -> Client:
        if name not in self.clients:
            self.clients[name] = Client()
            self.clients[name].force_login(self.people[name].user)
        return self.clients[name]

    def sees(self, name: str, key: str) -> bool:
        return name in SEERS or (name not in {"admin", "nobody"} and not owned(get(key)))

    def edits(self, name: str, key: str) -> bool:
        if get(key).administered:
            return False
        return name in EDITORS or (name not in {"admin", "nobody"} and not owned(get(key)))


def owned(object_type: ObjectType) -> bool:
    return access.root_type(object_type).has_owner


def build() -> World:
    company = department("Company")
    first, south = department("East", company), department("South", company)
    every = dict.fromkeys(VERBS, "all")
    quiet = {
        verb: scope for verb, scope in every.items() if verb not in {"export", "print", "bulk", "import"}
    }
    roles = {
        "alice": role("m_sales", {**MINE, "reveal": "own"}),
        "bob": role("m_mate", {"view": "team", "api": "team", "edit": "own"}),
        "charlie": role("m_sales2", MINE),
        "member": role("m_member", MINE),
        "masked": role("m_masked", {verb: scope for verb, scope in every.items() if verb != "reveal"}),
        "noexport": role("m_quiet", quiet),
        "admin": role("m_admin", {}, is_admin=True),
    }  # fmt: skip
    places = {"alice": first, "bob": first}
    people = {
        name: person(name, places.get(name, south), *([roles[name]] if name in roles else ()))
        for name in PEOPLE
    }
    define_own()
    made: dict[str, Seen] = {}
    for object_type in all_types():
        if object_type.creatable:
            made[object_type.key] = record_of(object_type, people["alice"], made)
    alice = access.actor_for(people["alice"].user)
    for key, one in made.items():
        if records.shareable(get(key)):
            children = ",".join(made)
            one.places["member_id"] = Member.objects.create(
                type_key=key, object_id=one.id, user=people["member"].user, level="read",
                children=f",{children},", added_at=timezone.now(),
            ).pk  # fmt: skip
        hang_on(one, alice, made)
    access.rights_changed()
    people = {name: Person(one.user, access.actor_for(one.user), one.key) for name, one in people.items()}
    world = World(people, made, things(people["alice"], made))
    world.secrets = secrets(people, made)
    for name in PEOPLE:
        world.client(name)  # logged in for all tests, not within one
    return world


def define_own() -> None:
    """As an administrator makes them on screen."""
    for key, parent in OWN_PARENTS.items():
        label = f"矩阵{key}"
        objects.create_object(
            {"label": label, "options": {"tags": True, "timeline": True}}, by=SYSTEM, key=key
        )
        about = {"label": "所属客户", "ref": "customer", "required": bool(parent)}
        options = [{"label": "甲"}, {"label": "乙"}]
        fields.create_field(key, "reference", about, by=SYSTEM, key="customer")
        fields.create_field(key, "long_text", {"label": "说明"}, by=SYSTEM, key="remark")
        fields.create_field(key, "phone", {"label": "报修电话", "personal": True}, by=SYSTEM, key="phone")
        fields.create_field(key, "file", {"label": "证件扫描", "personal": True}, by=SYSTEM, key="scan")
        fields.create_field(key, "choice", {"label": "状态", "options": options}, by=SYSTEM, key="state")
        fields.create_field(key, "date", {"label": "出厂日期"}, by=SYSTEM, key="made_on")
        if parent:
            objects.change_object(key, {"parent": "customer"}, by=SYSTEM)


def hang_on(one: Seen, alice: access.Actor, made: dict[str, Seen]) -> None:
    """A file, a comment of alice's and a relation, so that the addresses of these are tried with what is there."""
    about = (one.type.key, one.id)
    if access.scope(alice, one.type, "view").filter(pk=one.id).exists():
        one.places["comment"] = comments.write(about, f"{one.marker}评论", by=alice).comment.pk
    if not one.type.administered:
        upload = SimpleUploadedFile(f"{one.marker}.txt", one.marker.encode())
        one.places["file_id"] = records.attach(*about, upload, by=SYSTEM).pk
    if one.type.key in OWN_PARENTS:  # a file in a personal field: what it is called is as closed as the field
        upload = SimpleUploadedFile(f"{PHONE}.txt", b"scan")
        held = records.store(upload, by=SYSTEM, type_key=one.type.key)
        records.update(*about, {"scan": held.pk}, by=SYSTEM)
    customer = made["customer"]
    if one is not customer:
        link = records.link("related", about, ("customer", customer.id), by=SYSTEM).pk
        one.places["link_id"] = customer.places["link_id"] = link


def secrets(people: dict[str, Person], made: dict[str, Seen]) -> list[tuple[str, str]]:
    """Old notices about a record that most of those told of it may not see now, and a record in the recycle bin."""
    customer = made["customer"]
    for one in people.values():
        Notice.objects.create(
            user=one.user, title="暗号通知乙丑", type_key="customer", object_id=customer.id, at=timezone.now()
        )
    gone = {"name": "暗号回收丙寅", "owner": people["alice"].user.pk}
    binned: Any = records.create("customer", gone, by=SYSTEM)
    records.delete("customer", [binned.pk], by=SYSTEM)
    return [("暗号通知乙丑", "customer"), ("暗号回收丙寅", "customer")]


def record_of(object_type: ObjectType, alice: Person, made: dict[str, Seen]) -> Seen:
    """Alice's record, under the one of hers that was made before."""
    marker = f"暗号{object_type.key}甲子"
    values = values_for(object_type)
    for spec in object_type.fields.values():
        if spec.ref in made and not spec.readonly and (spec.required or spec.key == object_type.parent):
            values[spec.key] = made[spec.ref].id
    texts = [s for s in object_type.fields.values() if s.type.key in {"text", "long_text"} and not s.readonly]
    texts = [s for s in texts if not s.private and s.key not in {"number", "raw", "tax_number"}]
    for spec in texts:
        values[spec.key] = marker[: spec.max_length or 60]
    if "phone" in object_type.fields:
        values["phone"] = PHONE
    if object_type.has_owner:
        values["owner"] = alice.user.pk
    obj = records.create(object_type.key, values, by=SYSTEM)
    if object_type.key == "contract":
        in_force(obj.pk)
    text = next(
        (s.key for s in reversed(texts) if s.key != object_type.title), texts[-1].key if texts else ""
    )
    return Seen(object_type, obj.pk, marker, text, object_type.title in {s.key for s in texts})


def things(alice: Person, made: dict[str, Seen]) -> dict[str, int]:
    """What belongs to alice without being a record."""
    now = timezone.now()
    file = StoredFile.objects.create(
        name="客户.csv", path="exports/none.csv", size=1, sha256="0" * 64, content_type="text/csv", type_key="export",
        user=alice.user, created_at=now, expires_at=now + timedelta(days=1),
    )  # fmt: skip
    job = Job.objects.create(
        task="x", title="暗号job", user=alice.user, state="done", run_at=now, created_at=now, finished_at=now
    )
    view = SavedView.objects.create(type_key="customer", name="暗号view", user=alice.user)
    kept = KeptReport.objects.create(type_key="customer", name="暗号report", user=alice.user, changed_at=now)
    run = ImportRun.objects.create(type_key="customer", user=alice.user, file=file, created_at=now)
    customer = made["customer"]
    records.update("customer", customer.id, {customer.text: f"{customer.marker}改"}, by=alice.actor)
    changeset = ChangeSet.objects.filter(type_key="customer", kind="update").latest("pk")
    conflict = ValueConflict.objects.create(
        customer_id=customer.id, field="name", value="别处来的名称", source="import", by_name="Alice", at=now
    )
    notice = Notice.objects.create(user=alice.user, title="暗号notice", at=now)
    return {
        "notice": notice.pk,
        "comment": customer.places["comment"],
        "conflict": conflict.pk,
        "export": file.pk,
        "job": job.pk,
        "view": view.pk,
        "report": kept.pk,
        "import": run.pk,
        "changeset": changeset.pk,
    }
