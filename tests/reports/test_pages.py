"""Reports on their pages: whose figures, which fields, where figures lead, what leaves the house."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone

from kemai.platform import records
from kemai.platform.access import SYSTEM, reading, rights_changed
from kemai.platform.access.limits import KEY
from kemai.platform.define import config, fields, usage
from kemai.platform.models import ChangeSet, FieldRule, Grant, Report, Role, Setting, StoredFile, Tagging
from kemai.platform.reports import Definition, keeping, panels
from tests.equipment import define_equipment, define_field, equipment_of
from tests.factory import make
from tests.people import Person, browser, customer

pytestmark = pytest.mark.django_db
FRAGMENT = {"HX-Request": "true"}


def asked(tail: str, **params: Any) -> str:
    given = {key: json.dumps(value) if isinstance(value, dict) else value for key, value in params.items()}
    return f"/reports/{tail}?{urlencode(given, doseq=True)}"


def text_of(client: Client, url: str, status: int = 200) -> str:
    answer = client.get(url, headers=FRAGMENT)
    assert answer.status_code == status, answer.content[:800]
    return answer.content.decode()


def links(page: str) -> list[str]:
    return [one.replace("&amp;", "&") for one in re.findall(r'href="(/reports/drill[^"]*)"', page)]


def file_of(client: Client, answer: Any) -> bytes:
    """What an export wrote."""
    fetched: Any = client.get(answer.headers["HX-Redirect"])
    return b"".join(fetched.streaming_content)


def listed(client: Client, url: str) -> list[int]:
    """The records that a figure leads to."""
    page = client.get(url, follow=True)
    assert page.status_code == 200, page.content[:500]
    return [int(one) for one in re.findall(r'<tr data-row data-id="(\d+)"', page.content.decode())]


def equipped(people: dict[str, Person]) -> list[int]:
    define_equipment()
    holder = customer(people["alice"], name="甲公司")
    made = [
        records.create(
            "equipment", equipment_of(holder.pk, name=f"机{n}", state=state, price=price, grade=3), by=SYSTEM
        )
        for n, (state, price) in enumerate(
            [("running", "100"), ("running", "50.5"), ("repair", "7"), ("", None)]
        )
    ]
    return [one.pk for one in made]


# ── an own object, from the choice of it to the records behind a figure ──


@pytest.mark.row(114)
def test_a_report_of_an_own_object(people: dict[str, Person]) -> None:
    keys = equipped(people)
    client = browser(people["boss"])
    assert "设备" in text_of(client, "/reports/new")
    assert "价格 · 合计" in text_of(client, "/reports/new?type=equipment")
    page = text_of(
        client, asked("result", type="equipment", row1="state", measure=["sum:price", "avg:price"])
    )
    assert "¥ 150.50" in page
    assert "¥ 75.25" in page
    assert "¥ 157.50" in page
    assert "运行中" in page
    behind = [listed(client, url) for url in links(page)]
    assert sorted(keys[:2]) in [sorted(one) for one in behind]
    assert sorted(keys) in [sorted(one) for one in behind]
    crossed = asked("result", type="equipment", row1="state", column="customer", measure="count:")
    assert "甲公司" in text_of(client, crossed)


def test_every_page_of_reports_opens(people: dict[str, Person]) -> None:
    equipped(people)
    client = browser(people["boss"])
    query = urlencode({"type": "equipment", "row1": "state", "measure": "sum:price"})
    assert client.get("/reports/").status_code == 200
    answer = client.post(f"/reports/save?{query}", {"name": "设备状态", "share": "all"}, headers=FRAGMENT)
    report = Report.objects.get()
    assert answer.headers["HX-Redirect"] == f"/reports/{report.pk}"
    for tail in (
        "",
        f"{report.pk}",
        f"{report.pk}/edit",
        f"result?report={report.pk}",
        f"print?report={report.pk}",
    ):
        assert client.get(f"/reports/{tail}").status_code == 200, tail
    assert "设备状态" in client.get("/reports/").content.decode()
    client.post(
        f"/reports/save?of={report.pk}&{query}&column=grade",
        {"name": "改名", "share": "mine"},
        headers=FRAGMENT,
    )
    report.refresh_from_db()
    assert (report.name, report.state["column"]) == ("改名", ["grade", ""])
    client.post(f"/reports/{report.pk}/copy", headers=FRAGMENT)
    assert set(Report.objects.values_list("name", flat=True)) == {"改名", "改名 副本"}
    client.post(f"/reports/{report.pk}/delete", headers=FRAGMENT)
    assert client.get(f"/reports/{report.pk}").status_code == 404
    client.post(f"/reports/{report.pk}/restore", headers=FRAGMENT)
    assert client.get(f"/reports/{report.pk}").status_code == 200


# ── rights ──


def test_two_people_see_different_figures_of_one_report(people: dict[str, Person]) -> None:
    for name in ("红一", "红二"):
        customer(people["alice"], name=name, region="330106")
    customer(people["charlie"], name="蓝", region="310104")
    report = keeping.save(
        people["boss"].actor, Definition("customer", rows=(("region", "province"),)), "各省", "all"
    )
    pages = {
        name: text_of(browser(people[name]), f"/reports/result?report={report.pk}")
        for name in people
        if name != "nobody"
    }
    assert "浙江" in pages["alice"]
    assert "上海" not in pages["alice"]
    assert "浙江" not in pages["charlie"]
    assert "上海" in pages["boss"]
    assert "浙江" in pages["boss"]
    assert len(listed(browser(people["alice"]), links(pages["alice"])[-1])) == 2
    # whose role gives nothing is not told even that it is broken
    assert browser(people["nobody"]).get(f"/reports/result?report={report.pk}").status_code == 403


def test_a_report_is_seen_by_whom_it_is_shared_with(people: dict[str, Person]) -> None:
    made = {
        share: keeping.save(people[who].actor, Definition("customer"), share, share)
        for share, who in {"mine": "alice", "team": "alice", "all": "boss"}.items()
    }
    for name, sees in {"alice": {"mine", "team", "all"}, "bob": {"team", "all"}, "charlie": {"all"}}.items():
        client = browser(people[name])
        assert {one.name for one in keeping.visible(people[name].actor)} == sees, name
        for share, report in made.items():
            assert (client.get(f"/reports/{report.pk}").status_code == 200) is (share in sees), (name, share)
            if name != "alice":
                assert client.post(f"/reports/{report.pk}/delete").status_code in {403, 404}
    assert browser(people["alice"]).post(
        "/reports/save?type=customer", {"name": "x", "share": "all"}, headers=FRAGMENT
    ).status_code == 403  # fmt: skip
    assert Report.objects.filter(deleted_at=None).count() == 3


@pytest.mark.parametrize("level", ["hidden", "masked"])
def test_what_may_not_be_seen_is_not_grouped_summed_or_filtered(
    level: str, people: dict[str, Person]
) -> None:
    define_field("customer", "budget", "预算", "money")
    define_field("customer", "secret", "密级", "text")
    customer(people["alice"], budget="100", secret="甲级机密")
    for key in ("budget", "secret"):
        FieldRule.objects.create(
            role=Role.objects.get(key="t_sales"), type_key="customer", field=key, level=level
        )
    client = browser(people["alice"])
    builder = text_of(client, "/reports/new?type=customer")
    assert "预算" not in builder.partition('<form class="rp-form')[2].partition("data-axis")[2]
    for params in (
        {"row1": "secret"}, {"column": "secret"}, {"measure": "sum:budget"},
        {"where": {"field": "budget", "op": "gte", "value": 1}},
    ):  # fmt: skip
        page = text_of(client, asked("result", type="customer", **params))
        assert "alert-danger" in page, params
        assert "甲级机密" not in page
        assert "100" not in page
        for method, tail in (("get", "drill"), ("get", "print"), ("post", "export")):
            answer = getattr(client, method)(asked(tail, type="customer", **params), headers=FRAGMENT)
            assert answer.status_code in {403, 422}, (tail, params)
    # the boss, who sees it, shares it: with alice it is broken and says what is the matter
    shown = Definition("customer", rows=(("secret", ""),))
    report = keeping.save(people["boss"].actor, shown, "密级分布", "all")
    assert "甲级机密" in text_of(browser(people["boss"]), f"/reports/result?report={report.pk}")
    broken = client.get(f"/reports/{report.pk}")
    assert broken.status_code == 422
    assert "已失效" in broken.content.decode()
    assert "甲级机密" not in broken.content.decode()


def test_a_deleted_field_breaks_a_report_and_is_told_before(people: dict[str, Person]) -> None:
    boss = people["boss"]
    field = fields.create_field(
        "customer", "choice", {"label": "渠道偏好", "options": [{"label": "微信"}]}, by=boss.actor
    )
    report = keeping.save(boss.actor, Definition("customer", rows=((field.key, ""),)), "偏好", "mine")
    told = {one.source.key: [use.name for use in one.uses] for one in usage.report("customer", field.key)}
    assert told["report"] == ["偏好"]
    fields.remove_field("customer", field.key, by=boss.actor)
    client = browser(boss)
    page = client.get(f"/reports/{report.pk}")
    assert page.status_code == 422
    assert "字段“渠道偏好”已被删除" in page.content.decode()
    assert "已失效" in client.get("/reports/").content.decode()
    assert "已被删除" in text_of(client, f"/reports/result?report={report.pk}")
    assert client.get(f"/reports/{report.pk}/edit").status_code == 200  # to be mended


# ── what leaves the house ──


def test_an_export_wants_its_right_and_is_written_down(people: dict[str, Person]) -> None:
    define_field("customer", "nick", "别名", "text")
    customer(people["alice"], nick="=HYPERLINK(1)")
    url = asked("export", type="customer", row1="nick", measure="count:", format="csv")
    assert browser(people["alice"]).post(url, headers=FRAGMENT).status_code == 403
    assert not StoredFile.objects.exists()
    client = browser(people["boss"])
    answer = client.post(url, headers=FRAGMENT)
    lines = file_of(client, answer).decode("utf-8-sig").replace('"', "").splitlines()
    assert lines[0] == "别名,条数"
    assert "'=HYPERLINK(1),1" in lines[1]
    assert lines[-1].startswith("合计")
    assert ChangeSet.objects.filter(source="form", reason__contains='"report"').exists()
    xlsx = client.post(url.replace("csv", "xlsx"), headers=FRAGMENT)
    assert file_of(client, xlsx).startswith(b"PK")


def test_an_export_counts_what_may_be_exported(people: dict[str, Person]) -> None:
    """bob sees his team's customers and may export his own: so does his report."""
    Grant.objects.create(role=Role.objects.get(key="t_mate"), type_key="*", verb="export", scope="own")
    customer(people["alice"], region="330106")
    customer(people["bob"], region="330106")
    client = browser(people["bob"])
    params = {"type": "customer", "row1": "region", "measure": "count:"}
    assert ">2<" in text_of(client, asked("result", **params))
    answer = client.post(asked("export", **params, format="csv"), headers=FRAGMENT)
    file = file_of(client, answer).decode("utf-8-sig")
    assert file.replace('"', "").splitlines()[-1] == "合计,1"


def test_a_report_by_tags_says_how_it_counts(people: dict[str, Person]) -> None:
    """On the page and in the file; its figures lead to each group's records, and nobody counts what is not theirs."""
    made = [customer(people["alice"], name=f"红{n}") for n in range(3)]
    other = customer(people["charlie"], name="蓝")
    tags = [make("tag", name=name).pk for name in ("重点", "老客")]
    for one, chosen in ((made[0], tags), (made[1], tags[:1]), (other, tags)):
        for tag in chosen:
            Tagging.objects.create(
                tag_id=tag, type_key="customer", object_id=one.pk, set_at=timezone.now(), source="manual"
            )
    for name, counts in {"alice": (2, 1, 1, 3), "boss": (3, 2, 1, 4)}.items():
        client = browser(people[name])
        page = text_of(client, asked("result", type="customer", row1="tags", measure="count:"))
        assert "合计里只算一次" in page
        assert [int(one) for one in re.findall(r"<td[^>]*><a[^>]*>(\d+)</a>", page)] == list(counts)
        found = [len(listed(client, url)) for url in dict.fromkeys(links(page))]
        assert sorted(found) == sorted(counts)
    boss = browser(people["boss"])
    url = asked("export", type="customer", row1="tags", format="csv")
    file = file_of(boss, boss.post(url, headers=FRAGMENT))
    assert "合计里只算一次" in file.decode("utf-8-sig")


def test_nothing_to_count_says_what_to_do(people: dict[str, Person]) -> None:
    client = browser(people["alice"])
    page = text_of(client, asked("result", type="customer", row1="region"))
    assert "您能看到的“客户”还没有记录" in page
    assert "/o/customer/new" in page
    customer(people["alice"])
    where = {"field": "name", "op": "eq", "value": "没有这个人"}
    page = text_of(client, asked("result", type="customer", row1="region", where=where))
    assert "去掉条件再看" in page


def test_nonsense_is_refused(people: dict[str, Person]) -> None:
    make("customer")
    client = browser(people["boss"])
    for params in (
        {"type": "nothing"}, {"type": "customer", "row1": "nothing"}, {"type": "customer", "measure": "sum:name"},
        {"type": "customer", "row1": "phone"}, {"type": "customer", "measure": "drop:amount_12m"},
        {"type": "customer", "row1": "region", "by1": "nothing", "row2": "region"},
        {"type": "customer", "where": "{"}, {"report": "x"},
    ):  # fmt: skip
        assert "alert-danger" in text_of(client, asked("result", **params)), params
    assert client.get("/reports/result?report=999999").status_code == 404
    assert client.get("/reports/drill?type=customer&row1=region&k=%7B").status_code == 422
    assert client.get("/reports/drill?type=customer&row1=region&k=%5B%5B1%5D%5D").status_code == 422
    assert client.get("/reports/new?type=nothing").status_code == 404


# ── one's own page, and the configuration ──


def test_reports_on_ones_own_page(people: dict[str, Person]) -> None:
    """Added, ordered, taken off; one that is no longer shared is gone from others' pages."""
    boss, alice = people["boss"], people["alice"]
    first, second = (
        keeping.save(boss.actor, Definition("customer"), name, "all") for name in ("第一个报表", "第二个报表")
    )
    client = browser(alice)
    for report in (first, second):
        client.post(f"/reports/{report.pk}/panel", headers=FRAGMENT)
        client.post(f"/reports/{report.pk}/panel", headers=FRAGMENT)
    assert [one.pk for one in panels.of(alice.actor)] == [first.pk, second.pk]
    assert panels.of(boss.actor) == []
    client.post(f"/reports/{second.pk}/panel/move?to=up", headers=FRAGMENT)
    assert [one.pk for one in panels.of(alice.actor)] == [second.pk, first.pk]
    assert f"report={second.pk}&panel=1" in client.get("/reports/mine").content.decode()
    assert client.get(f"/reports/result?report={second.pk}&panel=1").status_code == 200
    keeping.save(boss.actor, Definition("customer"), "第二个报表", "mine", key=second.pk)
    assert [one.pk for one in panels.of(alice.actor)] == [first.pk]
    client.post(f"/reports/{first.pk}/panel/remove", headers=FRAGMENT)
    assert "看板还是空的" in client.get("/reports/mine").content.decode()


def test_shared_reports_are_part_of_the_configuration(people: dict[str, Person]) -> None:
    boss = people["boss"].actor
    definition = Definition("customer", rows=(("region", "city"),), look="bar")
    keeping.save(boss, definition, "各市客户", "all")
    keeping.save(boss, definition, "自己看", "mine")
    states, as_of = config.load(config.export())
    assert list(states["reports"]) == ["customer.各市客户"]
    Report.objects.all().delete()
    config.import_file(states, as_of, by=boss)
    back = Report.objects.get()
    assert (back.name, Definition.of(back.type_key, back.state)) == ("各市客户", definition)


def test_programs_get_the_figures_that_their_person_sees(people: dict[str, Person]) -> None:
    customer(people["alice"], region="330106")
    customer(people["charlie"], region="330106")
    shown = Definition("customer", rows=(("region", "province"),), column=("stage", ""))
    report = keeping.save(people["boss"].actor, shown, "各省", "all")
    for name, count in {"alice": 1, "bob": 1, "boss": 2}.items():
        api = {"Authorization": f"Bearer {people[name].key}"}
        listed = Client().get("/api/v1/reports", headers=api).json()["reports"]
        assert [one["id"] for one in listed] == [report.pk]
        found = Client().get(f"/api/v1/reports/{report.pk}", headers=api).json()
        first, total = found["lines"]
        assert first["keys"] == [{"value": "330000", "label": "浙江省"}]
        assert (first["values"], total["values"], total["keys"]) == ([count], [count], [])
        assert sum(cell[0] or 0 for cell in first["cells"]) == count
        assert len(found["columns"]) == len(first["cells"])
    nobody = {"Authorization": f"Bearer {people['nobody'].key}"}
    assert Client().get(f"/api/v1/reports/{report.pk}", headers=nobody).status_code == 403
    assert Client().get("/api/v1/reports").status_code == 401


def test_a_table_of_names_counts_as_reading_and_as_an_export(
    people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or whoever may read so many records an hour would read the rest as groups of one."""
    monkeypatch.setattr(reading, "LEAST", 10)
    monkeypatch.setattr(reading, "hour_window", lambda: 500_001)
    Setting.objects.create(key=KEY, value={"page_rows_hour": 15, "export_rows": 9, "api_rows_hour": 9})
    rights_changed()
    reading.forget()
    for n in range(12):
        customer(people["alice"], name=f"客户{n}")
    client, kept = browser(people["boss"]), Definition("customer", rows=(("name", ""),))
    report = keeping.save(people["boss"].actor, kept, "名单", "mine")
    for _again in range(2):
        assert "客户7" in text_of(client, asked("result", report=report.pk))
    export = client.post(asked("export", report=report.pk, format="csv"), headers=FRAGMENT)
    assert export.status_code == 409
    assert not ChangeSet.objects.filter(kind="export").exists()
    headers = {"Authorization": f"Bearer {people['boss'].key}"}
    assert Client().get(f"/api/v1/reports/{report.pk}", headers=headers).status_code == 429
    for n in range(12, 20):
        customer(people["alice"], name=f"客户{n}")
    assert "客户7" not in text_of(client, asked("result", report=report.pk), 429)
