"""The pages of people, departments and roles: who may open them, what they do, what they never let happen."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from kemai.platform import access, records
from kemai.platform.access import SYSTEM, Actor, Denied, actor_for
from kemai.platform.models import Change, Grant, Role
from kemai.platform.objects import all_types, get
from kemai.platform.records import FieldErrors, Refused
from kemai.staff.models import Department, User
from kemai.staff.services import departments, people, roles

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _quick(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def person(username: str, *role_keys: str) -> User:
    keys = list(Role.objects.filter(key__in=role_keys).values_list("pk", flat=True))
    assert len(keys) == len(role_keys)
    return people.create_user({"username": username, "name": username.title(), "roles": keys}, by=SYSTEM)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="kemai.staff.adapter.Backend")
    return client


@pytest.fixture
def admin() -> User:
    return person("root", "admin")


@pytest.fixture
def sales() -> User:
    return person("alice", "sales")


def pages(user: User, department: Department, role: Role) -> list[str]:
    return [
        reverse("user_list"),
        reverse("user_new"),
        reverse("user_edit", args=[user.pk]),
        reverse("department_list"),
        reverse("department_new"),
        reverse("department_edit", args=[department.pk]),
        reverse("role_list"),
        reverse("role_new"),
        reverse("role_edit", args=[role.pk]),
        *(reverse("role_fields", args=[role.pk, one.key]) for one in all_types()),
    ]


def acts(user: User, department: Department, role: Role) -> list[str]:
    named = [
        reverse("user_act", args=[user.pk, act])
        for act in ("deactivate", "link", "end-sessions", "drop-two-step")
    ]
    return [
        *named,
        reverse("user_new"),
        reverse("user_edit", args=[user.pk]),
        reverse("department_new"),
        reverse("department_delete", args=[department.pk]),
        reverse("role_new"),
        reverse("role_edit", args=[role.pk]),
        reverse("role_delete", args=[role.pk]),
        reverse("role_fields", args=[role.pk, "customer"]),
    ]


def test_administrators_open_every_page_and_nobody_else_any(admin: User, sales: User) -> None:
    department = departments.save_department(None, {"name": "华东"}, by=SYSTEM)
    role = Role.objects.get(key="sales")
    mine, theirs, nobody = signed_in(admin), signed_in(sales), Client()
    for page in pages(sales, department, role):
        assert mine.get(page).status_code == 200, page
        assert theirs.get(page).status_code == 403, page
        assert nobody.get(page).status_code == 302, page
    before = Change.objects.count()
    for act in acts(sales, department, role):
        assert theirs.post(act, {"name": "x", "username": "x"}).status_code == 403, act
        assert nobody.post(act, {"name": "x", "username": "x"}).status_code == 302, act
    assert Change.objects.count() == before
    assert mine.get(reverse("user_edit", args=[999_999])).status_code == 404
    assert mine.get(reverse("user_act", args=[sales.pk, "deactivate"])).status_code == 405


def test_a_new_person_gets_a_link_and_what_was_typed_survives_a_mistake(admin: User) -> None:
    client = signed_in(admin)
    role = Role.objects.get(key="sales")
    values = {"username": "bob", "name": "李波", "email": "bob@example.com", "roles": [role.pk]}
    wrong = client.post(reverse("user_new"), {**values, "username": "ROOT", "phone": "1"})
    assert wrong.status_code == 422
    assert "李波" in wrong.content.decode()
    assert not User.objects.filter(name="李波").exists()
    page = client.post(reverse("user_new"), values).content.decode()
    bob = User.objects.get(username="bob")
    assert "/welcome/" in page
    assert not bob.has_usable_password()
    assert list(bob.roles.all()) == [role]


def test_what_changed_about_a_person_is_in_the_log_and_no_password_ever(admin: User, sales: User) -> None:
    actor = actor_for(admin)
    people.update_user(sales, {"name": "张丽", "email": "li@example.com"}, by=actor)
    change = Change.objects.filter(type_key="user", object_id=sales.pk, action="update").latest("pk")
    assert change.diff == {"name": ["Alice", "张丽"], "email": ["", "li@example.com"]}
    assert change.changeset.actor == admin
    people.set_password(sales, "ganz-geheim-42", by=actor)
    assert not Change.objects.filter(diff__icontains="geheim").exists()


def test_the_last_administrator_stays(admin: User) -> None:
    actor = actor_for(admin)
    with pytest.raises(Refused):
        people.update_user(admin, {"roles": []}, by=actor)
    with pytest.raises(Refused):
        people.set_active(admin, False, by=SYSTEM)
    role = Role.objects.get(key="admin")
    with pytest.raises(Refused):
        roles.save_role(role, {"name": role.name, "is_admin": ""}, {}, by=actor)
    assert User.objects.filter(is_active=True, roles__is_admin=True).exists()
    role.refresh_from_db()
    assert role.is_admin


def test_nobody_changes_his_own_roles_while_another_could(admin: User) -> None:
    second = person("second", "admin")
    director = Role.objects.get(key="director").pk
    keep = Role.objects.get(key="admin").pk
    with pytest.raises(Refused):
        people.update_user(admin, {"roles": [keep, director]}, by=actor_for(admin))
    people.update_user(admin, {"roles": [keep, director]}, by=actor_for(second))
    assert admin.roles.count() == 2


def test_rights_do_not_grow_from_below(sales: User) -> None:
    actor = actor_for(sales)
    keys = list(Role.objects.values_list("pk", flat=True))
    for act in (
        lambda: people.update_user(sales, {"roles": keys}, by=actor),
        lambda: people.create_user({"username": "x", "name": "x", "roles": keys}, by=actor),
        lambda: roles.save_role(
            Role.objects.get(key="sales"), {"name": "销售", "is_admin": "1"}, {}, by=actor
        ),
        lambda: roles.save_levels(Role.objects.get(key="sales"), "customer", {"phone": "edit"}, by=actor),
        lambda: people.welcome_path(sales, by=actor),
    ):
        with pytest.raises(Denied):
            act()


def test_a_dismissed_person_is_out_at_the_next_request(admin: User, sales: User) -> None:
    client = signed_in(sales)
    assert client.get(reverse("preferences")).status_code == 200
    signed_in(admin).post(reverse("user_act", args=[sales.pk, "deactivate"]))
    assert client.get(reverse("preferences")).status_code == 302
    own = signed_in(admin).post(reverse("user_act", args=[admin.pk, "deactivate"]))
    assert own.status_code == 409


@pytest.mark.parametrize(
    "values", [{"password": "x"}, {"is_superuser": True}, {"email": "x@example.com"}, {"is_active": False}]
)
def test_no_role_changes_people_as_if_they_were_records(admin: User, values: dict[str, object]) -> None:
    director = actor_for(person("boss", "director", "sales_manager"))
    department = departments.save_department(None, {"name": "华东"}, by=SYSTEM)
    for act in (
        lambda: records.update("user", admin.pk, values, by=director),
        lambda: records.bulk_update("user", {admin.pk: values}, by=director),
        lambda: records.delete("user", [admin.pk], by=director),
        lambda: records.create("user", {"username": "x", "name": "x", **values}, by=director),
        lambda: records.update("department", department.pk, {"name": "x"}, by=director),
        lambda: records.delete("department", [department.pk], by=director),
    ):
        with pytest.raises((Denied, access.NotVisible)):
            act()
    before = (admin.password, admin.email, admin.is_active, admin.is_superuser)
    admin.refresh_from_db()
    assert (admin.password, admin.email, admin.is_active, admin.is_superuser) == before


def test_a_manager_is_not_among_his_own_reports(sales: User) -> None:
    boss = person("boss", "sales_manager")
    people.update_user(sales, {"manager": boss.pk}, by=SYSTEM)
    for wrong in (sales.pk, boss.pk, 999_999, "x"):
        with pytest.raises(FieldErrors):
            people.update_user(boss, {"manager": wrong}, by=SYSTEM)


def test_the_tree_of_departments_moves_as_a_whole() -> None:
    def add(name: str, parent: Department | None = None) -> Department:
        return departments.save_department(
            None, {"name": name, "parent": parent.pk if parent else ""}, by=SYSTEM
        )

    head, east, west = add("总部"), None, None
    east, west = add("华东", head), add("华西", head)
    city = add("上海", east)
    assert city.path == f"{head.pk}/{east.pk}/{city.pk}/"
    with pytest.raises(FieldErrors):
        departments.save_department(head, {"name": "总部", "parent": city.pk}, by=SYSTEM)
    with pytest.raises(FieldErrors):
        add("上海", east)
    east.refresh_from_db()
    departments.save_department(east, {"name": "华东区", "parent": west.pk}, by=SYSTEM)
    city.refresh_from_db()
    assert city.path == f"{head.pk}/{west.pk}/{east.pk}/{city.pk}/"
    with pytest.raises(Refused):
        departments.delete_department(east, by=SYSTEM)
    people.create_user({"username": "al", "name": "Al", "department": city.pk}, by=SYSTEM)
    with pytest.raises(Refused):
        departments.delete_department(city, by=SYSTEM)
    assert [one.name for one in departments.tree()] == ["总部", "华西", "华东区", "上海"]


def test_the_matrix_is_saved_as_it_is_shown_and_acts_at_once(admin: User, sales: User) -> None:
    client = signed_in(admin)
    role = Role.objects.get(key="sales")
    assert not access.may(actor_for(sales), "customer", "export")
    page = client.get(reverse("role_edit", args=[role.pk])).content.decode()
    assert 'name="grant-customer-view"' in page
    typed = {f"grant-{one.type_key}-{one.verb}": one.scope for one in Grant.objects.filter(role=role)}
    before = roles.matrix(role)
    values = {"name": role.name, "description": role.description, **typed}
    assert client.post(reverse("role_edit", args=[role.pk]), values).status_code == 302
    assert roles.matrix(role) == before
    client.post(
        reverse("role_edit", args=[role.pk]),
        {**values, "grant-customer-export": "own", "grant-customer-x": "all"},
    )
    assert roles.matrix(role) == {**before, ("customer", "export"): roles.Cell("own")}
    assert access.verb_scope(actor_for(sales), get("customer"), "export") == "own"


def test_a_field_hidden_from_a_role_is_hidden_from_its_holders(admin: User, sales: User) -> None:
    role = Role.objects.get(key="sales")
    actor = actor_for(sales)
    assert access.field_levels(actor, get("customer"))["note"] == "edit"
    client = signed_in(admin)
    client.post(reverse("role_fields", args=[role.pk, "customer"]), {"level-note": "hidden"})
    assert access.field_levels(actor, get("customer"))["note"] == "hidden"
    client.post(reverse("role_fields", args=[role.pk, "customer"]), {"level-note": ""})
    assert access.field_levels(actor, get("customer"))["note"] == "edit"


def actor_in(*keys: str) -> Actor:
    return actor_for(person("-".join(keys), *keys))


def test_the_builtin_roles_grant_what_they_say() -> None:
    made = {role.key for role in roles.ensure_builtin_roles()}
    assert made == {"admin", "director", "sales_manager", "sales", "service", "marketing", "readonly",
        "auditor", "business_admin", "data_admin",
    }  # fmt: skip
    reach = {key: access.verb_scope(actor_in(key), get("customer"), "view") for key in sorted(made)}
    assert reach == {
        "admin": "none", "director": "all", "marketing": "all", "readonly": "all", "sales": "own",
        "sales_manager": "below", "service": "all", "auditor": "none", "business_admin": "below", "data_admin": "all",
    }  # fmt: skip
    exporters = {
        key for key in made if access.may(actor_for(User.objects.get(username=key)), "customer", "export")
    }
    assert exporters == {"director", "sales_manager", "business_admin", "data_admin"}
    phone = {
        key: access.field_levels(actor_for(User.objects.get(username=key)), get("customer"))["phone"]
        for key in made
    }
    assert {key for key, level in phone.items() if level == "masked"} == {
        "admin",
        "auditor",
        "data_admin",
        "service",
        "marketing",
        "readonly",
    }
    editors = {
        key for key in made if access.may(actor_for(User.objects.get(username=key)), "customer", "edit")
    }
    assert editors == {"director", "sales_manager", "sales", "business_admin", "data_admin"}
    assert access.may(actor_for(User.objects.get(username="service")), "interaction", "edit")


def test_a_role_in_use_and_a_builtin_one_stay(admin: User) -> None:
    with pytest.raises(Refused):
        roles.delete_role(Role.objects.get(key="readonly"), by=SYSTEM)
    mine = roles.save_role(
        None, {"name": "区域助理"}, {("customer", "view"): roles.Cell("team")}, by=actor_for(admin)
    )
    holder = people.create_user({"username": "h", "name": "H", "roles": [mine.pk]}, by=SYSTEM)
    with pytest.raises(Refused):
        roles.delete_role(mine, by=SYSTEM)
    people.update_user(holder, {"roles": []}, by=SYSTEM)
    roles.delete_role(mine, by=SYSTEM)
    assert not Role.objects.filter(pk=mine.pk).exists()


def test_who_changes_how_somebody_logs_in_is_asked_again(admin: User, sales: User) -> None:
    people.set_password(admin, "云淡风轻-2026", by=SYSTEM)
    mine, place = signed_in(admin), reverse("user_edit", args=[sales.pk])
    typed = {"username": "alice", "name": "Alice Two", "email": ""}
    assert mine.post(place, typed).headers["Location"] == reverse("user_list")
    for at, values in (
        (place, {**typed, "email": "eve@example.com"}),
        (reverse("user_act", args=[sales.pk, "link"]), {}),
        (reverse("user_act", args=[sales.pk, "drop-two-step"]), {"proof": "met"}),
    ):
        assert mine.post(at, values).headers["Location"].startswith(reverse("account_reauthenticate"))
    sales.refresh_from_db()
    assert (sales.name, sales.email) == ("Alice Two", "")
    asked = mine.post(place, {**typed, "email": "new@example.com"}).headers["Location"]
    assert mine.post(asked, {"password": "wrong"}).status_code == 200
    assert mine.post(asked, {"password": "云淡风轻-2026"}).status_code == 302
    sales.refresh_from_db()
    assert sales.email == "new@example.com", "what was sent is done once the person has shown who it is"


def test_a_second_step_is_taken_off_only_with_a_word_on_who_it_was(admin: User, sales: User) -> None:
    at = reverse("user_act", args=[sales.pk, "drop-two-step"])
    for proof, status in (("", 422), ("trust me", 422), ("met", 302)):
        assert signed_in(admin).post(at, {"proof": proof}).status_code == status
    told = Change.objects.filter(type_key="user", object_id=sales.pk, diff__has_key="two_step").get()
    assert "当面见到本人" in str(told.changeset.reason)
