"""The store: closed to everything but its own file, a copy that can be thrown away, faithful to the source."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest
from django.test import override_settings
from django.utils import timezone

from kemai.analytics import extract, refresh
from kemai.analytics.analyses.rfm import Params
from kemai.analytics.analysis import BadParams, year_before
from kemai.analytics.conditions import compile_ibis
from kemai.analytics.registry import UnknownAnalysis, all_analyses, get_analysis, params_for
from kemai.analytics.store import FILE, StoreBusy, open_store
from kemai.customers.models import Customer, Order, Product
from kemai.platform import jobs, query, records
from kemai.platform.access import SYSTEM
from kemai.platform.define import fields, objects
from kemai.platform.models import Setting
from kemai.platform.objects import get
from kemai.platform.objects.dataset import Dataset, all_datasets
from kemai.platform.records import recompute
from tests.analytics.conftest import Till

HARD = ['引"号', "逗,号", "换\n行", "", "  空 格 ", "😀", "'单", "\\反", "NULL", "a\r\nb"]


def test_the_engine_opens_no_other_file_and_cannot_be_reconfigured(tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    with open_store(tmp_path / "data") as session:
        for sql in (
            f"SELECT * FROM read_csv('{secret}')",
            f"COPY (SELECT 1) TO '{tmp_path / 'out.csv'}'",
            f"ATTACH '{tmp_path / 'other.duckdb'}'",
            "SET enable_external_access = true",
            "SET memory_limit = '64GB'",
            "INSTALL httpfs",
        ):
            with pytest.raises(duckdb.Error):
                session.execute(sql)


def test_a_broken_file_is_thrown_away_and_a_busy_one_waited_for(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"this is not a database" * 500)
    with open_store(tmp_path) as session:
        assert session.execute("SELECT 1") == [(1,)]
        with pytest.raises(StoreBusy), open_store(tmp_path, wait=0.3):
            pass


def test_text_survives_the_journey(till: Till, tmp_path: Path) -> None:
    now = timezone.now()
    for number, name in enumerate(HARD):
        Product.objects.create(name=name, number=f"H{number}", created_at=now, updated_at=now)
    products = next(one for one in all_datasets() if one.key == "product")
    with open_store(tmp_path) as session:
        refresh.refresh(session, [products])
        stored = dict(session.execute("SELECT id, name FROM product"))
        assert stored == dict(Product.objects.values_list("id", "name"))
        assert session.execute("SELECT count(*) FROM product WHERE category_id IS NULL") == [(len(HARD),)]


def test_holes_in_the_keys_are_stepped_over(
    till: Till, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extract, "BLOCK", 3)
    now = timezone.now()
    there = Product.objects.order_by("-pk").values_list("pk", flat=True)[0]
    keys = [there + 10, there + 11, there + 12, there + 13, 5_000_000_000, 9_000_000_000_000]
    for key in keys:
        Product.objects.create(pk=key, name="x", number=str(key), created_at=now, updated_at=now)
    products = next(one for one in all_datasets() if one.key == "product")
    with open_store(tmp_path) as session:
        refresh.refresh(session, [products])
        assert {row[0] for row in session.execute("SELECT id FROM product")} == set(
            Product.objects.values_list("id", flat=True)
        )


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/Berlin", "America/St_Johns"])
def test_local_days_and_hours(till: Till, tmp_path: Path, zone: str) -> None:
    one = till.customer()
    moments = [
        datetime(2026, month, day, hour, 30, tzinfo=UTC)
        for month in (1, 7)
        for day in (1, 2)
        for hour in (3, 17, 23)
    ]
    for moment in moments:
        order = till.order(one, 1)
        Order.objects.filter(pk=order.pk).update(ordered_at=moment)
    orders = next(one for one in all_datasets() if one.key == "order")
    with override_settings(TIME_ZONE=zone), open_store(tmp_path) as session:
        refresh.refresh(session, [orders])
        rows = session.execute('SELECT ordered_at, day, hour FROM "order"')
        for moment, day, hour in rows:
            local = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
            assert (day, hour) == (local.date(), local.hour)


def test_a_dataset_must_declare_its_keys() -> None:
    with pytest.raises(ValueError, match="keys"):
        Dataset(key="x", columns={"a": "int64"}, source=Product.objects.all)
    with pytest.raises(ValueError, match="unknown kinds"):
        Dataset(key="x", columns={"id": "integer"}, source=Product.objects.all)


def test_parameters_are_checked_and_may_be_set_by_the_company(db: None) -> None:
    assert params_for("rfm") == Params(high_score=4)
    Setting.objects.create(key="analysis.rfm", value={"high_score": 3})
    assert params_for("rfm") == Params(high_score=3)
    assert params_for("rfm", {"high_score": 5}) == Params(high_score=5)
    for bad in (
        {"high_score": 9},
        {"high_score": "4"},
        {"high_score": True},
        {"other": 1},
        {"high_score": 4.5},
    ):
        with pytest.raises(BadParams):
            params_for("rfm", bad)
    with pytest.raises(UnknownAnalysis) as refusal:
        get_analysis("gone")
    assert set(refusal.value.allowed) == set(all_analyses())


@pytest.mark.parametrize(
    ("day", "months", "before"),
    [
        (date(2026, 6, 30), 12, date(2025, 6, 30)),
        (date(2024, 2, 29), 12, date(2023, 2, 28)),
        (date(2026, 3, 31), 1, date(2026, 2, 28)),
        (date(2026, 1, 15), 1, date(2025, 12, 15)),
        (date(2026, 12, 31), 6, date(2026, 6, 30)),
    ],
)
def test_months_before_a_day(day: date, months: int, before: date) -> None:
    assert year_before(day, months) == before


def test_own_fields_and_objects_are_asked_in_the_store_as_in_the_database(
    till: Till, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extract, "WIDE", 3)
    options = {"options": [{"label": "大"}]}
    for key, kind in (
        ("score", "number"), ("budget", "money"), ("grade", "choice"), ("signed", "date"), ("seen", "datetime"),
        ("vip", "boolean"), ("secret", "phone"), ("words", "text"),
    ):  # fmt: skip
        fields.create_field("customer", kind, {"label": key, **options}, by=SYSTEM, key=key)
    customer = get("customer")
    held, other, _bare = till.customer(), till.customer(), till.customer()
    full = {"score": 1.5, "budget": 200, "grade": "da", "signed": "2026-03-01", "seen": "2026-03-01T08:00:00Z",
            "vip": True, "secret": "+8613812345678", "words": '自由"文字'}  # fmt: skip
    left_behind = {"score": "viele", "signed": "bald", "budget": '"x"', "grade": 'a,"b"\n'}
    Customer.objects.filter(pk=held.pk).update(extra=full)
    Customer.objects.filter(pk=other.pk).update(extra=left_behind)
    asked = [
        {"field": "score", "op": "gte", "value": 1}, {"field": "budget", "op": "lt", "value": "3"},
        {"field": "grade", "op": "in", "value": ["da"]}, {"field": "signed", "op": "eq", "value": "2026-03-01"},
        {"field": "vip", "op": "eq", "value": True}, {"field": "grade", "op": "not_in", "value": ["da"]},
    ]  # fmt: skip
    with open_store(tmp_path) as session:
        refresh.refresh(session, [one for one in all_datasets() if one.key == "customer"])
        table = session.table("customer")
        assert {"own_secret", "own_words"}.isdisjoint(session.kinds["customer"]), (
            "no personal data, no free text"
        )
        assert session.execute(f"SELECT own_score, own_signed FROM customer WHERE id = {other.pk}") == [
            (None, None)
        ]
        for tree in asked:
            node = query.parse(tree, customer, SYSTEM.moment())
            passing = table.filter(compile_ibis(node, table, "customer", session.table)).select("id")
            rows = Customer.objects.filter(query.compile_q(node, customer)).exclude(pk=other.pk)
            found = {row["id"] for row in session.rows(passing)} - {other.pk}
            assert found == set(rows.values_list("pk", flat=True)), tree
        seen = session.execute(f"SELECT own_seen FROM customer WHERE id = {held.pk}")
        assert seen == [(datetime(2026, 3, 1, 8),)]  # noqa: DTZ001 - the store keeps UTC without saying so

        objects.create_object({"label": "设备"}, by=SYSTEM, key="gear")
        fields.create_field("gear", "number", {"label": "功率"}, by=SYSTEM, key="power")
        records.create("gear", {"name": "一号", "power": 7.5}, by=SYSTEM)
        assert not refresh.refresh(session, []).everything, "no analysis waits for own objects"
        assert session.execute("SELECT own_power FROM gear") == [(7.5,)]
        objects.remove_object("gear", by=SYSTEM)
        refresh.refresh(session)
        assert not session.has("gear")


@pytest.mark.row(117)
def test_formulas_and_roll_ups_stand_in_the_store_by_their_values(till: Till, tmp_path: Path) -> None:
    for key, kind, more in (
        ("score", "number", {}),
        ("born", "date", {"personal": True}),
        ("double", "formula", {"result": "number", "formula": "score * 2"}),
        ("again", "formula", {"result": "number", "formula": "double + 1"}),
        ("age", "formula", {"result": "number", "formula": "YEAR(born)"}),
        ("words", "formula", {"result": "text", "formula": "name & '!'"}),
    ):
        fields.create_field("customer", kind, {"label": key, **more}, by=SYSTEM, key=key)
    rollup = {"rollup": {"object": "order", "field": "customer", "agg": "count"}}
    fields.create_field("customer", "rollup", {"label": "bought", **rollup}, by=SYSTEM, key="bought")
    held = till.customer()
    records.update("customer", held.pk, {"score": 3}, by=SYSTEM)
    only = [one for one in all_datasets() if one.key == "customer"]
    asked = f"SELECT own_double, own_again, own_bought FROM customer WHERE id = {held.pk}"
    with open_store(tmp_path) as session:
        refresh.refresh(session, only)
        assert {"own_age", "own_words"}.isdisjoint(session.kinds["customer"]), (
            "no personal data, no free text"
        )
        assert session.execute(asked) == [(6.0, 7.0, None)]
        before = Customer.objects.get(pk=held.pk).updated_at
        till.order(held, 3)
        assert recompute.definition_changed("customer", ["bought"]) is not None
        jobs.run_all()
        assert Customer.objects.get(pk=held.pk).updated_at == before, "the record was not touched"
        assert not refresh.refresh(session, only).everything
        assert session.execute(asked) == [(6.0, 7.0, 1.0)]
        node = query.parse({"field": "double", "op": "gte", "value": 6}, get("customer"), SYSTEM.moment())
        table = session.table("customer")
        passing = table.filter(compile_ibis(node, table, "customer", session.table)).select("id")
        assert {row["id"] for row in session.rows(passing)} == {held.pk}
