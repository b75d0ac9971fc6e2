"""Emergency access: nothing before, everything to be seen during, nothing from the second it is over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from kemai.collab.models import Comment, Notice
from kemai.platform import access, events, records
from kemai.platform.access import SYSTEM, Denied, actor_for, tokens
from kemai.platform.models import ApiToken, ChangeSet
from kemai.platform.objects import VERBS, get
from kemai.platform.records import FieldErrors, Refused
from kemai.staff.models import Emergency, User
from kemai.staff.services import emergency, people
from kemai.staff.tests.test_settings_pages import person, signed_in

pytestmark = pytest.mark.django_db
WHY = "客户投诉金额不对，负责人联系不上"
PHONE = "13812345678"


@pytest.fixture(autouse=True)
def _quick(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def root() -> User:
    return person("root", "admin")


@pytest.fixture
def customer() -> Any:
    return records.create("customer", {"name": "甲子机电", "phone": PHONE}, by=SYSTEM)


def fresh(user: User) -> User:
    return User.objects.select_related("department").get(pk=user.pk)


def sits(user: User) -> access.Actor:
    return actor_for(fresh(user), sits=True)


def begun(user: User) -> Emergency:
    return emergency.begin(fresh(user), WHY, by=actor_for(user))


def test_nothing_before_everything_during_nothing_after(root: User, customer: Any) -> None:
    client, page = signed_in(root), reverse("record", args=["customer", customer.pk])
    assert client.get(page).status_code in {403, 404}
    one = begun(root)
    answer = client.get(page).content.decode()
    assert "甲子机电" in answer
    assert PHONE not in answer
    assert "应急访问进行中" in answer
    User.objects.filter(pk=root.pk).update(emergency_until=timezone.now() - timedelta(seconds=1))
    assert client.get(page).status_code in {403, 404}, "over by the clock, with no sweep"
    assert "应急访问进行中" not in client.get(reverse("user_list")).content.decode()
    one.refresh_from_db()
    assert one.ended_at is None
    assert emergency.sweep() == 1
    assert emergency.sweep() == 0
    one.refresh_from_db()
    assert one.how == "expired"
    kept = [str(changes.reason) for changes in ChangeSet.objects.filter(type_key="user").order_by("pk")]
    assert sum(WHY in reason for reason in kept) == 2, "opening and expiry stand in the log, with the reason"


def test_it_only_shows(root: User, customer: Any) -> None:
    begun(root)
    actor, kind = sits(root), get("customer")
    shown = {verb for verb in set(VERBS) if access.may(actor, kind, verb)}
    assert shown == {"view", "reveal"}
    assert access.field_levels(actor, kind)["phone"] == "masked"
    assert access.field_levels(actor, kind)["name"] != "hidden"
    for verb in set(VERBS) - shown:
        with pytest.raises(Denied):
            access.one(actor, kind, customer.pk, verb)
    client = signed_in(root)
    for name in ("edit", "delete"):
        answer = client.post(reverse(name, args=["customer", customer.pk]), {"name": "别的"})
        assert answer.status_code in {403, 404}
    client.post(reverse("comments", args=["customer", customer.pk]), {"body": "写一句"})
    assert not Comment.objects.exists(), "what only asks for seeing is not written either"
    value = client.post(
        reverse("reveal", args=["customer", customer.pk, "phone"]), headers={"HX-Request": "true"}
    )
    assert value.status_code == 200
    assert ChangeSet.objects.filter(kind="reveal", actor=root).count() == 1, "opened by hand, and counted"
    customer.refresh_from_db()
    assert customer.name == "甲子机电"


def test_who_may_edit_all_that_they_see_edits_no_more_than_before(customer: Any) -> None:
    """A right that reaches further than seeing is bounded by what is seen on other days."""
    from kemai.platform.models import Grant, Role

    wide = Role.objects.create(key="wide", name="Wide", is_admin=True)
    for verb, reach in (("view", "own"), ("edit", "all"), ("export", "all"), ("reveal", "own")):
        Grant.objects.create(role=wide, type_key="customer", verb=verb, scope=reach)
    user = person("wide", "wide")
    begun(user)
    actor = sits(user)
    assert access.scope(actor, "customer").filter(pk=customer.pk).exists()
    assert not access.scope(actor, "customer", "edit").filter(pk=customer.pk).exists()
    assert not access.scope(actor, "customer", "export").filter(pk=customer.pk).exists()
    told = access.explain(actor, get("customer"), customer.pk, ["view", "edit"])
    assert told is not None
    assert [cause.kind for cause in told.causes["view"]] == ["emergency"]
    assert "edit" not in told.causes


def test_programs_never_have_it(root: User, customer: Any) -> None:
    token, key = tokens.issue(root, "sync")
    begun(root)
    actor = tokens.actor_of_token(key, "127.0.0.1")
    assert actor is not None
    assert not access.may(actor, "customer", "view")
    for by in (actor, actor_for(root).through("mcp")):
        with pytest.raises(Denied):
            emergency.begin(fresh(root), WHY, by=by)
    answer = Client().get(
        reverse("api_collection", args=["customer"]), headers={"Authorization": f"Bearer {key}"}
    )
    assert answer.status_code in {403, 404}
    assert not access.may(sits(root).through("api"), "customer", "view")
    assert not access.may(actor_for(fresh(root)), "customer", "view"), "nor work done later in their name"
    assert ApiToken.objects.filter(pk=token.pk).exists()


def test_auditors_and_administrators_hear_of_it(root: User) -> None:
    other, auditor, sales = person("other", "admin"), person("auditor", "auditor"), person("alice", "sales")
    begun(root)
    events.drain_all()
    told = Notice.objects.filter(key__startswith="emergency/")
    assert set(told.values_list("user", flat=True)) == {other.pk, auditor.pk}
    assert all(WHY in one.title and str(root) in one.title for one in told)
    page = reverse("emergency")
    for user, status in ((other, 200), (auditor, 200), (sales, 403)):
        assert signed_in(user).get(page).status_code == status
    assert WHY in signed_in(auditor).get(page).content.decode()
    for user in (auditor, sales):
        assert signed_in(user).post(page, {"reason": WHY}).status_code == 403
        assert signed_in(user).post(reverse("emergency_end"), {"user": root.pk}).status_code == 403
    assert fresh(root).emergency_until is not None
    assert signed_in(other).post(reverse("emergency_end"), {"user": root.pk}).status_code == 302
    assert fresh(root).emergency_until is None
    assert Emergency.objects.get().ended_by == str(other)


def test_the_page_asks_for_the_password_and_a_reason(root: User, customer: Any) -> None:
    people.set_password(root, "云淡风轻-2026", by=SYSTEM)
    client, page = signed_in(root), reverse("emergency")
    asked = client.post(page, {"reason": WHY}).headers["Location"]
    assert asked.startswith(reverse("account_reauthenticate"))
    assert not Emergency.objects.exists()
    assert client.post(asked, {"password": "云淡风轻-2026"}).status_code == 302
    assert Emergency.objects.get().reason == WHY
    with pytest.raises(Refused):
        begun(root)
    assert client.post(reverse("emergency_end")).status_code == 302
    assert Emergency.objects.get().how == "ended"
    assert not access.may(sits(root), "customer", "view")
    assert client.post(page, {"reason": "看看"}).status_code == 422
    with pytest.raises(FieldErrors):
        emergency.begin(fresh(root), "  短  ", by=actor_for(root))


def test_what_touches_the_account_ends_it(root: User) -> None:
    other = actor_for(person("other", "admin"))
    acts: tuple[Callable[[], object], ...] = (
        lambda: people.lock_out(fresh(root), by=other),
        lambda: people.set_password(fresh(root), "云淡风轻-2026", by=other),
        lambda: people.update_user(fresh(root), {"roles": []}, by=other),
    )
    for act in acts:
        begun(root)
        act()
        assert fresh(root).emergency_until is None
        assert Emergency.objects.latest("pk").how == "account"
    with pytest.raises(Denied):
        begun(root)


def test_logging_out_and_a_new_password_of_ones_own_end_it(root: User) -> None:
    people.set_password(fresh(root), "云淡风轻-2026", by=SYSTEM)
    client = signed_in(fresh(root))
    begun(root)
    typed = {"oldpassword": "云淡风轻-2026", "password1": "山高水长-2027", "password2": "山高水长-2027"}
    assert client.post(reverse("account_change_password"), typed).status_code == 302
    assert fresh(root).emergency_until is None
    assert Emergency.objects.latest("pk").how == "account"
    begun(root)
    assert client.post(reverse("account_logout")).status_code == 302
    assert fresh(root).emergency_until is None
    assert Emergency.objects.latest("pk").how == "ended"
