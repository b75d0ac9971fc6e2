"""Finding doubles: the run, the queue, the question before creating; who sees what of it."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.test import Client

from kemai.customers.models import Customer, DuplicatePair, DuplicateRun
from kemai.customers.services import duplicate_check, duplicate_runs, duplicate_words, duplicates, similar
from kemai.customers.services.duplicates import Ask
from kemai.platform import access, records
from kemai.platform.access import SYSTEM
from tests.factory import make
from tests.people import Person

pytestmark = pytest.mark.django_db
BRANDS = (
    "华兴 中天 瑞恒 鑫达 利丰 盛泰 安康 宏伟 博创 联众 远东 正通 信诚 润泽 海洋 金龙 宝佳 星辰 光明 云帆 启航"
).split()
NAMES = ("王李张刘陈杨黄赵", "伟芳娜敏静丽强磊", "军洋勇艳杰娟涛明")
TRADES = "科技 贸易 机械 食品 物流 电子 建材 服饰".split()
CITIES = (("杭州", "330106"), ("上海", "310115"), ("苏州", "320506"), ("南京", "320106"), ("深圳", "440305"))


@pytest.fixture(autouse=True)
def fresh_weights() -> None:
    similar._weights.clear()


def crowd_of_customers(rng: Random, owner: int | None = None) -> None:
    """Enough strangers for the chances to mean something."""
    rows = []
    for n in range(300):
        city, code = rng.choice(CITIES)
        brand, trade = rng.choice(BRANDS) + rng.choice("德通达业源"), rng.choice(TRADES)
        rows.append(
            {
                "name": f"{city}{brand}{trade}有限公司", "kind": "company", "region": code,
                "phone": f"138{rng.randrange(10**8):08d}", "address": f"人民路{n + 1}号", "owner": owner,
            }
        )  # fmt: skip
        rows.append(
            {
                "name": "".join(rng.choice(part) for part in NAMES),
                "kind": "person", "region": code, "phone": f"139{rng.randrange(10**8):08d}", "owner": owner,
            }
        )  # fmt: skip
    records.bulk_create("customer", rows, by=SYSTEM)


def double(owner: int | None = None) -> tuple[Any, Any]:
    one = make(
        "customer", name="杭州蓝海信息技术有限公司", kind="company", phone="0571-88123456", region="330106",
        address="文三路90号", credit_code="", email="", wecom_id="", owner=owner,
    )  # fmt: skip
    two = make(
        "customer", name="杭州藍海信息技術有限責任公司", kind="company", phone="(0571)88123456-801", region="330106",
        address="文三路九十号华星大厦", credit_code="", email="", wecom_id="", owner=owner,
    )  # fmt: skip
    return one, two


@pytest.mark.row(11)
@pytest.mark.row(14)
def test_a_run_finds_the_double_says_why_and_leaves_sisters_and_people_alone(tmp_path: Path) -> None:
    rng = Random(3)
    crowd_of_customers(rng)
    one, two = double()
    sister = make(
        "customer",
        name="上海蓝海信息技术有限公司",
        kind="company",
        phone="021-66554433",
        region="310115",
        address="世纪大道8号",
    )
    person = make("customer", name="蓝海", kind="person", phone="0571-88123456", region="330106")
    duplicate_runs.run(full=True, folder=tmp_path)
    pair = DuplicatePair.objects.get(first=one.pk, second=two.pk)
    assert pair.p > 0.75  # so few customers teach little: what is believed beforehand says most of it
    said = {reason.text for reason in duplicate_words.reasons(pair.levels)}
    assert {"字号相同", "电话相同", "地址相同"} <= said
    assert not DuplicatePair.objects.filter(second=sister.pk, p__gte=0.95).exists()
    assert not DuplicatePair.objects.filter(second=person.pk).exists()
    run = DuplicateRun.objects.get()
    assert (run.state, run.customers) == ("done", 604)


@pytest.mark.row(11)
def test_the_next_run_looks_at_what_is_new_and_keeps_what_was_decided(
    people: dict[str, Person], tmp_path: Path
) -> None:
    boss = people["boss"].actor
    crowd_of_customers(Random(4))
    one, two = double()
    duplicate_runs.run(full=True, folder=tmp_path)
    pair = DuplicatePair.objects.get(first=one.pk, second=two.pk)
    duplicates.decide(boss, pair.pk, "distinct")
    late = make(
        "customer",
        name="蓝海信息技术（杭州）有限公司",
        kind="company",
        phone="0571-88123456",
        region="330106",
        address="文三路90号",
    )
    duplicate_runs.run(full=False, folder=tmp_path)
    found = set(DuplicatePair.objects.filter(state="open", second=late.pk).values_list("first", flat=True))
    assert found == {one.pk, two.pk}
    pair.refresh_from_db()
    assert pair.state == "distinct"
    assert not DuplicateRun.objects.order_by("-pk")[0].full
    records.delete("customer", [late.pk], by=SYSTEM)
    duplicate_runs.run(full=False, folder=tmp_path)
    assert not DuplicatePair.objects.filter(state="open", second=late.pk).exists()


@pytest.mark.row(12)
@pytest.mark.row(13)
def test_the_queue_merges_and_undoes_and_shows_only_pairs_that_one_may_edit(
    people: dict[str, Person], tmp_path: Path
) -> None:
    alice, charlie, boss = (people[name] for name in ("alice", "charlie", "boss"))
    crowd_of_customers(Random(5))
    one, two = double(alice.user.pk)
    duplicate_runs.run(full=True, folder=tmp_path)
    pair = DuplicatePair.objects.get(first=one.pk, second=two.pk)
    for who, sees in ((alice, True), (charlie, False), (boss, True), (people["nobody"], False)):
        assert duplicates.visible(who.actor).filter(pk=pair.pk).exists() is sees
        client = Client()
        client.force_login(who.user)
        answer = client.get("/customers/duplicates")
        assert answer.status_code == (403 if who is people["nobody"] else 200)
        assert ("藍海" in answer.content.decode()) is sees
        if not sees:
            assert client.post(f"/customers/duplicates/{pair.pk}/merge").status_code == 404
            assert client.post(f"/customers/duplicates/{pair.pk}/distinct").status_code == 404
            assert client.post("/customers/duplicates/start").status_code == 403
    merged = duplicates.merge_pair(alice.actor, pair.pk)
    pair.refresh_from_db()
    assert (pair.state, pair.changeset_id, pair.decided_by_id) == ("merged", merged.pk, alice.user.pk)
    assert duplicates.page(alice.actor, Ask())[0] == []
    assert [shown.pair.pk for shown in duplicates.page(alice.actor, Ask(state="merged"))[0]] == [pair.pk]
    records.undo(merged.pk, by=alice.actor)
    duplicates.follow_part("customer", one.pk, [two.pk])
    pair.refresh_from_db()
    assert pair.state == "later"
    assert duplicates.wake() == 0


@pytest.mark.row(12)
def test_merging_the_sure_ones_of_a_page_never_touches_those_below(people: dict[str, Person]) -> None:
    boss = people["boss"].actor
    pairs = []
    for p in (0.999, 0.97):
        one, two = double()
        pairs.append(
            DuplicatePair.objects.create(
                first=one.pk, second=two.pk, kind="company", p=p, found_at=one.created_at
            )
        )
    assert [shown.pair.pk for shown in duplicates.sure_ones(boss, Ask())] == [pairs[0].pk]
    done, refused = duplicates.merge_many(boss, [pair.pk for pair in pairs])
    assert (done, refused) == (1, [])
    assert Customer.objects.filter(deleted_at=None).count() == 3


@pytest.mark.row(11)
@pytest.mark.row(14)
def test_before_creating_everybody_is_told_but_not_what_they_may_not_see(people: dict[str, Person]) -> None:
    charlie, alice = people["charlie"], people["alice"]
    one, _two = double(alice.user.pk)
    make("customer", name="欧阳娜娜", kind="person", phone="13700137000", owner=alice.user.pk)
    by_name = duplicate_check.check(
        charlie.actor, {"name": "蓝海信息技术有限公司", "region": "330106", "kind": "company"}
    )
    assert by_name
    assert all(answer.id is None and "蓝海" not in answer.title for answer in by_name)
    assert {answer.owner for answer in by_name} == {"A***"}
    assert duplicate_check.check(charlie.actor, {"name": "欧阳娜娜", "kind": "person"}) == []
    (known,) = duplicate_check.check(charlie.actor, {"phone": "137 0013 7000", "kind": "person"})
    assert (known.title, known.phone) == ("欧阳**", "137****7000")
    (mine,) = duplicate_check.check(alice.actor, {"name": "欧陽娜娜", "kind": "person"})
    assert "姓名相同" in [reason.text for reason in mine.reasons]
    homophone = duplicate_check.check(alice.actor, {"name": "杭州兰海信息技术有限公司", "kind": "company"})
    assert one.pk in [answer.id for answer in homophone]
    client = Client()
    client.force_login(charlie.user)
    page = client.post("/customers/check", {"kind": "company", "phone": "0571-88123456"}).content.decode()
    assert "已存在，您看不到详情" in page
    assert "蓝海" not in page
    assert access.scope(charlie.actor, "customer").count() == 0


@pytest.mark.row(11)
def test_keys_follow_an_import_in_the_background(people: dict[str, Person]) -> None:
    from kemai.customers.services import match_keys

    keys = records.bulk_create(
        "customer",
        [{"name": "杭州蓝海贸易有限公司", "kind": "company", "region": "330106", "address": "文三路90号"}],
        by=SYSTEM.through("import"),
    )
    assert Customer.objects.get(pk=keys[0]).match_name == ""
    assert match_keys.follow(keys[0], keys[0]) == 1
    stored = Customer.objects.get(pk=keys[0])
    assert (stored.match_name, stored.match_place, stored.version) == ("lanhai", "3301 文三路 90", 1)
