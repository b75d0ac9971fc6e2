"""The import wizard through the browser's eyes: pages, answers, and who may see them."""

from __future__ import annotations

import io
import zipfile
from typing import Any, cast

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from kemai.platform import imports, jobs, records
from kemai.platform.imports import api, work
from kemai.platform.models import ImportRun, Job
from kemai.platform.objects import get
from tests.people import Person

TEXT = "客户编号,名称,电话\nM1,张伟,13800138001\nM2,李娜,123\nM3,王芳,13800138003\n"


def browser(person: Person, language: str = "zh-hans") -> Client:
    client = Client(headers={"Accept-Language": language})
    client.force_login(person.user)
    return client


@pytest.fixture
def boss(people: dict[str, Person]) -> Client:
    return browser(people["boss"])


def upload(
    client: Client, text: str | bytes = TEXT, kind: str = "customer", name: str = "客户.csv"
) -> ImportRun:
    content = text.encode() if isinstance(text, str) else text
    file = SimpleUploadedFile(name, content, "text/csv")
    answer = client.post(reverse("import_start"), {"kind": kind, "file": file})
    assert answer.status_code == 302, answer.content.decode()[:2000]
    return ImportRun.objects.latest("id")


def page(client: Client, run: ImportRun) -> str:
    answer = client.get(reverse("import", args=[run.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


MAPPED = {
    "field-0": "number",
    "field-1": "name",
    "field-2": "phone",
    "mode": "both",
    "match": "number",
    "blank": "keep",
}


def test_from_the_file_to_the_records_and_back(boss: Client, people: dict[str, Person]) -> None:
    run = upload(boss)
    shown = page(boss, run)
    assert "13800138001" in shown
    assert '<option value="phone" selected>' in shown
    answer = boss.post(reverse("import_map", args=[run.pk]), MAPPED)
    assert answer.status_code == 302
    shown = page(boss, run)
    assert "不是有效的电话号码" in shown
    assert get("customer").model._default_manager.count() == 0
    boss.post(reverse("import_back", args=[run.pk]))
    assert '<option value="phone" selected>' in page(boss, run)
    boss.post(reverse("import_map", args=[run.pk]), MAPPED)
    boss.post(reverse("import_run", args=[run.pk]))
    assert 'data-island="progress"' in page(boss, run)
    assert boss.get(reverse("import_progress", args=[run.pk])).json()["state"] == "waiting"
    jobs.run_all()
    assert boss.get(reverse("import_progress", args=[run.pk])).json()["state"] == "done"
    shown = page(boss, run)
    assert "导入完成" in shown
    file = boss.get(reverse("import_errors", args=[run.pk]))
    assert file.headers["Content-Disposition"].startswith("attachment")
    body = b"".join(cast("Any", file).streaming_content)
    assert "错误原因" in body.decode("utf-8-sig")
    listed = boss.get(reverse("import_records", args=[run.pk])).content.decode()
    assert "张伟" in listed
    assert "李娜" not in listed
    assert "客户.csv" in boss.get(reverse("imports")).content.decode()
    boss.post(reverse("import_undo", args=[run.pk]))
    jobs.run_all()
    assert "已撤销" in page(boss, run)
    assert get("customer").model._default_manager.filter(deleted_at=None).count() == 0


def test_a_mapping_without_names_comes_back_with_what_was_chosen(boss: Client) -> None:
    run = upload(boss)
    answer = boss.post(
        reverse("import_map", args=[run.pk]), {**MAPPED, "field-1": "", "mode": "both", "tags": "VIP,新客"}
    )
    assert answer.status_code == 422
    shown = answer.content.decode()
    assert "新建记录需要“名称”" in shown
    assert '<option value="phone" selected>' in shown


def test_references_ask_what_the_column_holds(boss: Client) -> None:
    run = upload(boss, "订单号,客户,门店,下单时间,金额\nS1,甲,一店,2026-01-02,1\n", "order")
    answer = boss.get(reverse("import_column", args=[run.pk]), {"column": "2", "field-2": "shop"})
    shown = answer.content.decode()
    assert 'name="create-2"' in shown
    assert 'name="by-2"' in shown
    empty = boss.get(reverse("import_column", args=[run.pk]), {"column": "2", "field-2": "note"})
    assert empty.content.decode().strip() == ""


def test_till_rows_have_their_own_fields(boss: Client) -> None:
    text = "会员号,下单时间,小票号,产品,数量,金额\nH1,2026-01-02 10:00,B1,茶,1,2.50\nH1,2026-01-02 10:00,B1,酒,1,7.50\n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("流水.csv", text)
        archive.writestr("小票.jpg", b"\xff\xd8\xff")
    run = upload(boss, packed.getvalue(), "order:till", "流水.zip")
    assert "没有附件，这些文件不会导入" in page(boss, run)
    fields = {
        "field-0": "customer_number",
        "field-1": "ordered_at",
        "field-2": "order_number",
        "field-3": "product",
    }
    form = {**fields, "field-4": "quantity", "field-5": "amount", "mode": "create"}
    boss.post(reverse("import_map", args=[run.pk]), form)
    shown = page(boss, run)
    assert "还会顺带新建" in shown
    assert "没有附件，这些文件不会导入" in shown
    boss.post(reverse("import_run", args=[run.pk]))
    jobs.run_all()
    assert "10.00" in str(get("order").model._default_manager.values_list("amount", flat=True)[0])
    assert "导入完成" in page(boss, run)


@pytest.mark.parametrize(
    "content", [b"", b"\x00\x01\xff" * 500, b"PK\x03\x04xx"], ids=["empty", "binary", "broken"]
)
def test_a_file_that_cannot_be_read_says_so(boss: Client, content: bytes) -> None:
    answer = boss.post(
        reverse("import_start"),
        {"kind": "customer", "file": SimpleUploadedFile("x.csv", content)},
        follow=True,
    )
    shown = answer.content.decode()
    assert "alert-danger" in shown
    assert answer.status_code in {200, 422}


def test_no_file_and_unknown_kinds(boss: Client) -> None:
    assert boss.post(reverse("import_start"), {"kind": "customer"}).status_code == 422
    file = SimpleUploadedFile("x.csv", TEXT.encode())
    assert boss.post(reverse("import_start"), {"kind": "user", "file": file}).status_code == 403
    assert boss.get(reverse("import_new", args=["nonsense"])).status_code == 404


def test_text_from_the_file_is_never_markup(boss: Client) -> None:
    run = upload(
        boss, '<img src=x onerror=alert(1)>,名称\n"<script>alert(1)</script>",123\n', name="<b>x</b>.csv"
    )
    shown = page(boss, run)
    assert "<script>alert" not in shown
    assert "<img src=x" not in shown
    assert "<b>x</b>" not in shown
    boss.post(reverse("import_map", args=[run.pk]), {"field-0": "name", "field-1": "phone", "mode": "both"})
    assert "<script>alert" not in page(boss, run)


@pytest.mark.parametrize("name", ["alice", "bob", "charlie", "nobody"])
def test_without_the_right_there_is_no_wizard(people: dict[str, Person], boss: Client, name: str) -> None:
    run = upload(boss)
    client = browser(people[name])
    assert client.get(reverse("import_start")).status_code == 403
    assert client.get(reverse("import_new", args=["customer"])).status_code == 403
    assert client.get(reverse("import", args=[run.pk])).status_code == 404
    for act in ("map", "run", "pause", "resume", "cancel", "undo", "back", "sheet"):
        assert client.post(reverse(f"import_{act}", args=[run.pk])).status_code == 404, act
    for view in ("errors", "records", "progress", "ended", "column"):
        assert client.get(reverse(f"import_{view}", args=[run.pk])).status_code == 404, view
    assert Job.objects.count() == 0


def test_another_importers_run_does_not_exist(people: dict[str, Person], boss: Client) -> None:
    run = upload(boss)
    assert browser(people["dora"]).get(reverse("import", args=[run.pk])).status_code == 404
    assert "客户.csv" not in browser(people["dora"]).get(reverse("imports")).content.decode()


def test_strangers_are_sent_to_the_log_in(client: Client, db: None) -> None:
    assert client.get(reverse("imports")).status_code == 302
    assert client.get(reverse("import", args=[1])).status_code == 302


def test_acts_are_never_done_by_looking(boss: Client) -> None:
    run = upload(boss)
    for act in ("map", "run", "pause", "resume", "cancel", "undo", "back", "sheet"):
        assert boss.get(reverse(f"import_{act}", args=[run.pk])).status_code == 405


def test_acts_out_of_turn_are_refused_in_words(boss: Client) -> None:
    run = upload(boss)
    assert boss.post(reverse("import_undo", args=[run.pk])).status_code == 409
    assert boss.post(reverse("import_run", args=[run.pk])).status_code == 409
    boss.post(reverse("import_map", args=[run.pk]), MAPPED)
    boss.post(reverse("import_run", args=[run.pk]))
    assert boss.post(reverse("import_run", args=[run.pk])).status_code == 409
    assert boss.post(reverse("import_map", args=[run.pk]), MAPPED).status_code == 409


def test_large_files_are_looked_at_and_rehearsed_in_the_background(
    boss: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "AT_ONCE_BYTES", 10)
    run = upload(boss)
    assert "正在查看文件" in page(boss, run)
    jobs.run_all()
    boss.post(reverse("import_map", args=[run.pk]), MAPPED)
    assert "正在预演" in page(boss, run)
    jobs.run_all()
    assert "如果现在导入" in page(boss, run)


def test_pausing_and_going_on(boss: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "CHUNK", 1)
    run = upload(boss)
    boss.post(reverse("import_map", args=[run.pk]), MAPPED)
    boss.post(reverse("import_run", args=[run.pk]))
    assert boss.post(reverse("import_pause", args=[run.pk])).status_code == 204
    assert boss.get(reverse("import_progress", args=[run.pk])).json()["state"] == "paused"
    assert jobs.run_all() == 0
    assert boss.post(reverse("import_resume", args=[run.pk])).status_code == 204
    jobs.run_all()
    assert "导入完成" in page(boss, run)


def test_every_page_is_english_for_english_readers(people: dict[str, Person]) -> None:
    person = people["boss"]
    person.user.language = "en"
    person.user.save()
    client = browser(person, "en")
    run = upload(client, "Name,Phone\nJane,13800138000\nJoe,123\n", name="people.csv")
    seen = [page(client, run), client.get(reverse("import_start")).content.decode()]
    client.post(
        reverse("import_map", args=[run.pk]),
        {"field-0": "name", "field-1": "phone", "mode": "both", "match": "phone"},
    )
    seen.append(page(client, run))
    client.post(reverse("import_run", args=[run.pk]))
    jobs.run_all()
    seen += [page(client, run), client.get(reverse("imports")).content.decode()]
    assert all('lang="en"' in one for one in seen)


def test_another_sheet_can_be_chosen(boss: Client, tmp_path: Any) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    first, second = book.active, book.create_sheet("第二张")
    assert first is not None
    first.append(["说明"])
    first.append(["见第二张"])
    second.append(["名称", "电话"])
    second.append(["张伟", "13800138000"])
    book.save(tmp_path / "b.xlsx")
    run = upload(boss, (tmp_path / "b.xlsx").read_bytes(), name="b.xlsx")
    assert "第二张" in page(boss, run)
    boss.post(reverse("import_sheet", args=[run.pk]), {"sheet": "第二张"})
    assert "13800138000" in page(boss, run)


def test_the_history_knows_failed_jobs(boss: Client, people: dict[str, Person]) -> None:
    run = upload(boss)
    boss.post(reverse("import_map", args=[run.pk]), MAPPED)
    boss.post(reverse("import_run", args=[run.pk]))
    Job.objects.update(state="failed", error="OperationalError: disk full")
    assert "失败" in boss.get(reverse("imports")).content.decode()
    assert imports.get_run(people["boss"].actor, run.pk).state == "failed"
    assert records.undoable([], people["boss"].actor) == []
