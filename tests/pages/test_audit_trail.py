"""What the audit knows of a person's doings at every door: who, from where, through what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from kemai.platform import records
from kemai.platform.audit.seal import seal_all
from kemai.platform.audit.verify import verify
from kemai.platform.define import fields
from kemai.platform.models import AuditEntry, Change, ChangeSet
from tests.people import PASSWORD, Person

pytestmark = [pytest.mark.django_db, pytest.mark.row(138)]


def entries(kind: str) -> list[AuditEntry]:
    seal_all()
    return list(AuditEntry.objects.filter(kind=kind).order_by("seq"))


def test_who_did_it_from_where(people: dict[str, Person], client: Any) -> None:
    made = records.create("customer", {"name": "甲"}, by=people["boss"].actor)
    client.force_login(people["boss"].user)
    client.post(f"/o/customer/{made.pk}/field/note", {"note": "x"}, REMOTE_ADDR="10.1.2.3")
    key = {"HTTP_AUTHORIZATION": f"Bearer {people['boss'].key}", "REMOTE_ADDR": "10.9.9.9"}
    client.patch(f"/api/v1/customer/{made.pk}", {"note": "y"}, content_type="application/json", **key)
    session, token = (one for one in entries("update") if one.type_key == "customer")
    assert (session.address, session.via[:8], session.source) == ("10.1.2.3", "session ", "form")
    assert (token.address, token.via[:6], token.source) == ("10.9.9.9", "token ", "api")


def test_log_ins_failed_ones_too(people: dict[str, Person], client: Any) -> None:
    client.post("/login/", {"login": "alice", "password": "wrong"}, REMOTE_ADDR="10.1.2.3")
    client.post("/login/", {"login": "alice", "password": PASSWORD}, REMOTE_ADDR="10.1.2.4")
    client.post("/logout/", REMOTE_ADDR="10.1.2.5")
    (failed,), (good,), (out,) = entries("login_failed"), entries("login"), entries("logout")
    assert (failed.reason, failed.address, failed.actor_id) == ("alice", "10.1.2.3", None)
    assert (good.actor_id, good.address, good.via[:8]) == (people["alice"].user.pk, "10.1.2.4", "session ")
    assert (out.actor_id, out.address) == (people["alice"].user.pk, "10.1.2.5")


def test_downloads(people: dict[str, Person], client: Any, settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    boss = people["boss"]
    made = records.create("customer", {"name": "甲"}, by=boss.actor)
    upload = SimpleUploadedFile("合同.pdf", b"%PDF-1.4")
    stored = records.attach("customer", made.pk, upload, by=boss.actor)
    client.force_login(boss.user)
    assert client.get(f"/o/customer/{made.pk}/files/{stored.pk}").status_code == 200
    (entry,) = entries("download")
    assert (entry.type_key, entry.object_id, entry.reason) == ("customer", made.pk, "合同.pdf")


def test_a_page_that_is_looked_at_leaves_nothing(people: dict[str, Person], client: Any) -> None:
    made = records.create("customer", {"name": "甲"}, by=people["boss"].actor)
    client.force_login(people["boss"].user)
    before = ChangeSet.objects.count()
    assert client.get(f"/o/customer/{made.pk}").status_code == 200
    assert ChangeSet.objects.count() == before


@pytest.mark.row(116)
def test_what_administrators_define_stands_in_the_chain(people: dict[str, Person], client: Any) -> None:
    boss = people["boss"]
    client.force_login(boss.user)
    client.post(
        "/settings/objects/customer/fields/new/number",
        {"label": "预算", "key": "budget"},
        REMOTE_ADDR="10.1.2.3",
    )
    fields.change_field("customer", "budget", {"label": "年度预算"}, by=boss.actor)
    fields.remove_field("customer", "budget", by=boss.actor)
    made, changed, gone = entries("setting")
    assert (made.reason, made.address, made.actor_id) == (
        "新建 · 字段 customer.budget",
        "10.1.2.3",
        boss.user.pk,
    )
    assert (changed.reason, gone.reason) == ("修改 · 字段 customer.budget", "删除 · 字段 customer.budget")
    diff = Change.objects.get(changeset=changed.changeset_id).diff
    assert diff is not None
    assert diff["label"] == ["预算", "年度预算"]
    page = client.get(f"/audit/{changed.seq}").content.decode()
    assert "年度预算" in page
    assert "名称" in page
    assert verify().faults == []
