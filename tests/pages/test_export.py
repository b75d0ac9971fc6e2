"""Exports: the rights of who asks, harmless cells, the same records back, what the log says."""

from __future__ import annotations

import csv
import json
import sys
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from kemai.customers.models import Customer
from kemai.kit.tabular import profile, rows
from kemai.platform import exports, imports, records
from kemai.platform.access import Denied, rights_changed
from kemai.platform.exports import Order, trace
from kemai.platform.exports.services import digest, sweep
from kemai.platform.jobs import Progress, run_all
from kemai.platform.models import ChangeSet, Grant, Job, Role, StoredFile
from tests.factory import make
from tests.people import Person, browser, customer

FRAGMENT = {"HX-Request": "true"}
COLUMNS = (
    "name", "kind", "phone", "email", "region", "owner", "tags", "birthday", "important", "source", "note",
    "created_at", "amount_12m",
)  # fmt: skip


@pytest.fixture
def sales_may_export(people: dict[str, Person]) -> None:
    Grant.objects.create(role=Role.objects.get(key="t_sales"), type_key="*", verb="export", scope="own")
    rights_changed()


def table(stored: exports.Stored) -> list[dict[str, str]]:
    with stored.path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def written(actor: Any, form: str = "csv", **order: Any) -> exports.Stored:
    return exports.write(actor, Order("customer", format=form, **order))


def test_only_what_the_person_may_take_out(people: dict[str, Person], sales_may_export: None) -> None:
    customer(people["alice"], name="爱丽丝的")
    customer(people["charlie"], name="查理的")
    assert [row["名称"] for row in table(written(people["alice"].actor))] == ["爱丽丝的"]
    assert len(table(written(people["boss"].actor))) == 2
    with pytest.raises(Denied):
        written(people["bob"].actor)


def test_masked_values_stay_masked(people: dict[str, Person], sales_may_export: None) -> None:
    customer(people["alice"], phone="13800138000", email="zhang@example.com")
    (row,) = table(written(people["alice"].actor, columns=("name", "phone", "email")))
    assert "138001" not in row["电话"].replace(" ", "")
    assert "*" in row["电话"]
    assert row["邮箱"].startswith("z***")
    (row,) = table(written(people["boss"].actor, columns=("name", "phone", "email")))
    assert "138001" not in row["电话"].replace(" ", "")  # masked unless asked otherwise
    (row,) = table(written(people["boss"].actor, columns=("name", "phone", "email"), unmasked=True))
    assert row["电话"].replace(" ", "") == "13800138000"


def test_cells_run_nothing(people: dict[str, Person]) -> None:
    for name in ("=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3", "\t=1"):
        customer(name=name, note=f"{name} x")
    stored = written(people["boss"].actor, columns=("name", "note"))
    for row in table(stored):
        for cell in (row["名称"], row["备注"]):
            assert cell[0] not in "=@+-\t", cell


def test_the_filter_the_order_and_the_columns_are_the_list_s(people: dict[str, Person]) -> None:
    for n, stage in enumerate(["new", "paused", "new"]):
        customer(name=f"客户{n}", stage=stage)
    where = {"field": "stage", "op": "in", "value": ["new"]}
    shown = table(written(people["boss"].actor, where=where, sort="-name", columns=("name", "stage")))
    assert [(row["名称"], row["跟进阶段"]) for row in shown] == [("客户2", "新客户"), ("客户0", "新客户")]
    assert list(shown[0]) == ["客户编号", "名称", "跟进阶段"], (
        "the number comes first, to find the record again"
    )


def test_every_record_once_whatever_the_size(
    people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["kemai.platform.exports.rows"], "CHUNK", 3)
    for n in range(10):
        customer(name=f"客户{n % 4}", birthday="1990-01-01" if n % 2 else None)
    for sort in ("", "name", "-created_at", "id"):
        shown = [row["客户编号"] for row in table(written(people["boss"].actor, sort=sort))]
        assert len(shown) == len(set(shown)) == 10, sort


@pytest.mark.parametrize("unmasked", [True, False])
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_our_own_export_changes_nothing_when_it_comes_back(
    form: str, unmasked: bool, people: dict[str, Person]
) -> None:
    """Exported, imported again by its guessed mapping: every record is found and none differs; no mask is stored."""
    customer(
        people["alice"], name="北京=商贸", kind="company", phone="010-66668888;801", region="110105", important=True,
        tags=["重点", "展会·春"], note="第一行\n第二行", source="exhibition", email="a@example.com",
    )  # fmt: skip
    customer(people["bob"], name="李娜", phone="13900139000", region="330106", birthday="1991-02-03")
    for one in range(3):
        make("customer", full=True, name=f"其他{one}")
    before = [snapshot(one) for one in Customer.objects.order_by("pk")]
    boss = people["boss"].actor
    stored = exports.write(boss, Order("customer", COLUMNS, format=form, unmasked=unmasked))
    run = imports.upload(stored.path, f"客户.{form}", "customer", by=boss)
    imports.inspect(run)
    guessed = imports.suggestion(run, by=boss)
    recognised = {column.field for column in guessed.columns if column.field}
    assert set(COLUMNS) - {"created_at", "amount_12m"} <= recognised
    imports.configure(run, by=boss)
    counts = imports.rehearse(run)["counts"]
    assert counts.get("create", 0) == 0, counts
    assert counts.get("refused", counts.get("error", 0)) == 0, counts
    imports.execute(run)
    assert [snapshot(one) for one in Customer.objects.order_by("pk")] == before


def snapshot(one: Customer) -> dict[str, Any]:
    skipped = {"updated_at", "version"}
    values = {f.attname: getattr(one, f.attname) for f in one._meta.concrete_fields if f.name not in skipped}
    return values | {"tags": records.names_of("customer", one.pk)}


def test_an_export_is_asked_for_made_and_fetched(
    people: dict[str, Person], sales_may_export: None, settings: Any
) -> None:
    customer(people["alice"], name="要导出的")
    alice = browser(people["alice"])
    assert "将处理 1 条客户" in alice.get("/o/customer/export?q=", headers=FRAGMENT).content.decode()
    sent = {"all": "1", "query": "columns=name,stage", "step": "run", "format": "xlsx"}
    alice.post("/o/customer/bulk/export", sent, headers=FRAGMENT)
    run_all()
    job = Job.objects.get()
    assert job.state == "done", job.error
    page = alice.get(f"/jobs/{job.pk}").content.decode()
    address = f"/exports/{StoredFile.objects.get(type_key='export').pk}"
    assert address in page
    answer = alice.get(address)
    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert "attachment" in answer.headers["Content-Disposition"]
    path = Path(settings.MEDIA_ROOT) / "came.xlsx"
    path.write_bytes(content)
    assert [row[1] for row in rows(profile(path)) if isinstance(row, list)] == ["要导出的"]
    for name in ("boss", "bob", "nobody"):
        assert browser(people[name]).get(address).status_code == 404, name
    noted = ChangeSet.objects.get(kind="export")
    assert (noted.actor, noted.count) == (people["alice"].user, 1)
    assert json.loads(noted.reason)["columns"] == ["name", "stage"]
    assert alice.post(f"/undo/{noted.pk}", headers={"Accept": "application/json"}).status_code == 409
    # it turns up somewhere: as it was, or changed and saved under another name
    assert [one.pk for one in trace(path)] == [noted.pk]
    with zipfile.ZipFile(path) as book, zipfile.ZipFile(path.with_name("leak.xlsx"), "w") as leak:
        for part in book.infolist():
            leak.writestr(part.filename, book.read(part))
    leaked = path.with_name("leak.xlsx")
    assert [one.pk for one in trace(leaked)] == [noted.pk]
    assert digest(leaked) != digest(path)
    other = path.with_name("other.csv")
    other.write_text("名称\n要导出的\n")
    assert not trace(other).exists()


def test_a_piece_of_a_csv_tells_whose_export_it_was(
    people: dict[str, Person], sales_may_export: None
) -> None:
    for number in range(40):
        customer(people["alice"], name=f"机电{number}号")
    paths = [
        exports.write(people[who].actor, Order("customer", ("name", "number"), format="csv")).path
        for who in ("boss", "alice")
    ]
    lines = paths[1].read_text("utf-8-sig").splitlines()
    piece = paths[1].with_name("piece.csv")
    piece.write_text("\n".join(reversed(lines[10:])), encoding="gb18030")
    assert [one.actor for one in trace(piece)] == [people["alice"].user]
    piece.write_text("\n".join(lines[:8]))
    assert not trace(piece).exists(), "too few to say anything"


def test_a_file_is_kept_for_a_day(people: dict[str, Person]) -> None:
    customer()
    boss = people["boss"]
    stored = written(boss.actor)
    assert browser(boss).get(f"/exports/{stored.key}").status_code == 200
    StoredFile.objects.filter(pk=stored.key).update(expires_at=timezone.now() - timedelta(minutes=1))
    assert browser(boss).get(f"/exports/{stored.key}").status_code == 404
    assert sweep(Progress(Job(pk=0))) == 1
    assert not stored.path.exists()
    assert not StoredFile.objects.filter(pk=stored.key).exists()
