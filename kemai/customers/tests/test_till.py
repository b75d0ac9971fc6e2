"""Flat till rows into orders, against a slow and simple reference."""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kemai.customers.models import Category, Customer, CustomerFacts, Order, OrderLine, Product, Shop
from kemai.customers.services.orders import Line, NewOrder, line_amount, place_orders
from kemai.platform import imports, records
from kemai.platform.access import SYSTEM
from kemai.platform.fields import Ref
from kemai.platform.imports import grouped, work
from kemai.platform.models import Change, ImportRun

HEADER = ["会员号", "下单时间", "小票号", "门店", "产品编号", "产品", "品类", "数量", "金额"]
BY = SYSTEM.through("import")
Row = Sequence[str]
pytestmark = pytest.mark.django_db


def opened(folder: Path, rows: Sequence[Row], header: Row = HEADER, **given: Any) -> ImportRun:
    path = folder / "till.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    run = imports.upload(path, path.name, "order", "till", by=BY)
    guessed = imports.suggestion(run, by=BY)
    options = imports.Options(**{**vars(guessed.options), **given})
    return imports.configure(run, guessed.columns, options, by=BY)


def row(
    basket: str, product: str = "1", amount: str = "1.00", who: str = "H1", at: str = "2026-01-02 10:00"
) -> list[str]:
    return [who, at, basket, "一店", product, f"产品{product}", "品类", "1", amount]


def stored() -> dict[str, tuple[str, Decimal, list[tuple[str, Decimal]]]]:
    """{order number: (customer number, amount, [(product number, amount)])} of what is not deleted."""
    found: dict[str, Any] = {}
    for order in Order.objects.filter(deleted_at=None).select_related("customer"):
        lines = order.lines.order_by("id").values_list("product__number", "amount")
        found[order.number] = (order.customer.number, order.amount, list(lines))
    return found


def reference(rows: Sequence[Row]) -> dict[str, tuple[str, Decimal, list[tuple[str, Decimal]]]]:
    """The plain way: everything in memory, row after row."""
    lines: dict[str, list[tuple[str, Decimal]]] = defaultdict(list)
    who: dict[str, str] = {}
    for one in rows:
        lines[one[2]].append((one[4], Decimal(one[8]).quantize(Decimal("0.01"))))
        who.setdefault(one[2], one[0])
    return {
        basket: (who[basket], sum((a for _p, a in kept), Decimal(0)), kept) for basket, kept in lines.items()
    }


LINES = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 99999)), min_size=1, max_size=5)


@given(
    baskets=st.lists(st.tuples(st.integers(1, 4), LINES), min_size=1, max_size=12),
    mixed=st.booleans(),
    seed=st.integers(0, 1000),
)  # fmt: skip
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_orders_are_those_of_the_reference(
    tmp_path: Path, baskets: list[tuple[int, list[tuple[int, int]]]], mixed: bool, seed: int
) -> None:
    for model in (OrderLine, Order, CustomerFacts, Customer, Product, Category, Shop):
        model.objects.all().delete()
    rows = [
        row(f"B{n}", str(product), f"{cents / 100:.2f}", who=f"H{customer}")
        for n, (customer, lines) in enumerate(baskets)
        for product, cents in lines
    ]
    if mixed:
        random.Random(seed).shuffle(rows)
    run = opened(tmp_path, rows)
    planned = imports.rehearse(run)
    imports.execute(run)
    assert stored() == reference(rows)
    assert planned["counts"]["create"] == run.counts["create"] == len(baskets)
    assert run.counts["lines"] == len(rows)
    assert planned["made"] == run.counts["made"]
    assert Customer.objects.count() == len({one[0] for one in rows})
    assert Product.objects.count() == len({one[4] for one in rows})
    again = imports.execute(opened(tmp_path, rows))
    assert (again.counts["create"], again.counts["update"], again.counts["skip"]) == (0, 0, len(rows))


def test_what_a_receipt_makes_on_its_way(tmp_path: Path) -> None:
    imports.execute(opened(tmp_path, [row("B1", "7", "2.50"), row("B1", "8", "0.10")]))
    order = Order.objects.get()
    assert (order.number, order.amount, order.quantity, order.channel, order.state) == (
        "B1",
        Decimal("2.60"),
        2.0,
        "store",
        "paid",
    )
    assert (order.shop.name if order.shop else "", order.customer.name, order.customer.number) == (
        "一店",
        "客户 H1",
        "H1",
    )
    assert order.ordered_at.isoformat() == "2026-01-02T02:00:00+00:00"
    assert {(p.number, p.name, p.category.name if p.category else "") for p in Product.objects.all()} == {
        ("7", "产品7", "品类"), ("8", "产品8", "品类"),
    }  # fmt: skip
    assert CustomerFacts.objects.get().last_order_at == order.ordered_at


def test_a_receipt_with_a_bad_line_is_refused_as_a_whole_and_can_be_mended(tmp_path: Path) -> None:
    rows = [
        row("B1"),
        row("B2", "2", "坏"),
        row("B2", "3"),
        row("B3", at="2026-02-30 10:00"),
        row("B4", product=""),
    ]
    rows[-1][5] = ""
    run = opened(tmp_path, rows)
    assert imports.rehearse(run)["made"] == {"customer": 1, "category": 1, "product": 1, "shop": 1}
    imports.execute(run)
    assert set(stored()) == {"B1"}
    assert (run.counts["create"], run.counts["refuse"]) == (1, 4)
    assert Product.objects.count() == 1
    assert run.error_file is not None
    path = records.location(run.error_file)
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.reader(file))
    assert [line[2] for line in lines[1:]] == ["B2", "B2", "B3", "B4"]
    assert "小票" in lines[2][-1]
    lines[1][8] = "3.00"
    again = imports.execute(opened(tmp_path, lines[1:], lines[0]))
    assert stored()["B2"][1] == Decimal("4.00")
    assert again.counts["create"] == 1


def test_rows_without_a_customer_are_left_out(tmp_path: Path) -> None:
    run = opened(tmp_path, [row("B1", who=""), row("B2")])
    imports.execute(run)
    assert set(stored()) == {"B2"}
    assert (run.counts["skip"], run.counts["refuse"]) == (1, 0)


def test_without_receipt_numbers_the_moment_and_shop_make_the_order(tmp_path: Path) -> None:
    header = ["手机号", "姓名", "日期", "店铺", "商品名称", "数量", "单价"]
    rows = [
        ["13800138000", "张伟", "2026-01-02 10:00", "一店", "茶", "2", "3.335"],
        ["13800138000", "张伟", "2026-01-02 10:00", "一店", "酒", "1", "88"],
        ["13800138000", "张伟", "2026-01-02 10:00", "二店", "茶", "1", "3.335"],
        ["13800138001", "李娜", "2026-01-02 10:00", "一店", "茶", "", "3"],
    ]
    imports.execute(opened(tmp_path, rows, header))
    found = sorted(
        (o.customer.phone, o.customer.name, str(o.amount), o.lines.count()) for o in Order.objects.all()
    )
    assert found == [
        ("+8613800138000", "张伟", "3.34", 1), ("+8613800138000", "张伟", "94.67", 2),
        ("+8613800138001", "李娜", "3.00", 1),
    ]  # fmt: skip
    again = imports.execute(opened(tmp_path, rows, header))
    assert (again.counts["create"], again.counts["skip"]) == (0, 4)


def test_a_corrected_receipt_replaces_the_old_one_and_both_can_be_undone(tmp_path: Path) -> None:
    imports.execute(opened(tmp_path, [row("B1", "1", "1.00"), row("B2")]))
    before = stored()
    run = opened(tmp_path, [row("B1", "1", "2.00"), row("B1", "2", "3.00"), row("B2")], mode="both")
    assert imports.rehearse(run)["counts"]["update"] == 1
    imports.execute(run)
    assert stored()["B1"][1] == Decimal("5.00")
    assert (run.counts["update"], run.counts["skip"]) == (1, 1)
    imports.undo(run, by=SYSTEM, now=True)
    assert stored() == before


def test_creating_only_leaves_known_receipts_as_they_are(tmp_path: Path) -> None:
    imports.execute(opened(tmp_path, [row("B1", "1", "1.00")]))
    imports.execute(opened(tmp_path, [row("B1", "1", "9.00")], mode="create"))
    assert stored()["B1"][1] == Decimal("1.00")


class Killed(BaseException):
    """Stands for kill -9."""


@pytest.mark.parametrize("mixed", [False, True])
def test_a_killed_run_makes_every_order_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mixed: bool
) -> None:
    from kemai.customers.imports import till

    monkeypatch.setattr(till, "CHUNK", 4)
    monkeypatch.setattr(work, "CHUNK", 4)
    rows = [row(f"B{n}", str(line), f"{n}.{line}0") for n in range(6) for line in range(3)]
    if mixed:
        random.Random(5).shuffle(rows)
    run = opened(tmp_path, rows)

    def report(done: int, total: int | None = None) -> None:
        if done >= 6:
            raise Killed

    with pytest.raises(Killed):
        imports.execute(run, report)
    assert 0 < Order.objects.count() < 6
    fresh = ImportRun.objects.get(pk=run.pk)
    imports.execute(fresh)
    assert stored() == reference(rows)
    assert fresh.counts["create"] == 6
    assert Change.objects.filter(changeset=fresh.changeset, type_key="order").count() == 6
    assert fresh.counts["made"]["product"] == Product.objects.count() == 3


def test_whoever_may_not_create_customers_gets_their_rows_refused(tmp_path: Path) -> None:
    from kemai.platform.access import rights_changed
    from kemai.platform.models import Grant
    from tests.people import department, person, role

    keeper = role("t_keeper", {"view": "all"})
    for type_key, verbs in {
        "order": "import create edit delete",
        "product": "create",
        "category": "create",
        "shop": "create",
    }.items():
        for verb in verbs.split():
            Grant.objects.create(role=keeper, type_key=type_key, verb=verb, scope="all")
    rights_changed()
    by = person("keeper", department("店"), keeper).actor
    records.create("customer", {"number": "H1", "name": "张伟"}, by=BY)
    path = tmp_path / "till.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADER, row("B1"), row("B2", who="H2")])
    run = imports.configure(imports.upload(path, "till.csv", "order", "till", by=by), by=by)
    imports.execute(run)
    assert set(stored()) == {"B1"}
    assert (run.counts["create"], run.counts["refuse"], Customer.objects.count()) == (1, 1, 1)


def test_rows_in_order_are_told_from_mixed_ones(tmp_path: Path) -> None:
    from kemai.kit.tabular import profile

    def group_of(cells: Sequence[Any], number: int) -> object:
        return cells[2]

    for baskets, expected in ((["A", "A", "B", "C"], True), (["A", "B", "A"], False)):
        opened(tmp_path, [row(one) for one in baskets])
        source = profile(tmp_path / "till.csv")
        assert grouped.in_order(source, group_of) is expected
        together = [cells[2] for _n, cells in grouped.grouped(source, group_of) if isinstance(cells, list)]
        assert together == sorted(baskets)
        late = [number for number, _cells in grouped.grouped(source, group_of, start=2)]
        assert late == [number for number, _cells in grouped.grouped(source, group_of)][2:]


@pytest.mark.row(56)
def test_orders_are_placed_with_lines_that_add_up() -> None:
    customer = records.create("customer", {"name": "张伟"}, by=SYSTEM)
    product = records.create("product", {"name": "茶"}, by=SYSTEM)
    from datetime import UTC, datetime

    at = datetime(2026, 1, 2, tzinfo=UTC)
    lines = [Line(product.pk, 0.1, Decimal("0.10")), Line(product.pk, 0.2, Decimal("0.20"), Decimal("1.00"))]
    keys = place_orders([NewOrder({"customer": Ref(customer.pk, ""), "ordered_at": at}, lines)], by=SYSTEM)
    order = Order.objects.get(pk=keys[0])
    assert (order.amount, order.quantity, order.number) == (Decimal("0.30"), 0.3, "SO00000001")
    assert line_amount(3, Decimal("0.335")) == Decimal("1.01")
    assert CustomerFacts.objects.get(customer=customer).last_order_at == at


@pytest.mark.row(56)
def test_plain_orders_move_the_last_order_of_their_customers(tmp_path: Path) -> None:
    from kemai.platform import events

    records.create("customer", {"number": "H1", "name": "张伟"}, by=BY)
    path = tmp_path / "orders.csv"
    path.write_text(
        "订单号,客户编号,下单时间,金额\nS1,H1,2026-01-02 10:00,5\nS2,H1,2026-03-02,6\n", encoding="utf-8"
    )
    run = imports.configure(imports.upload(path, path.name, "order", by=BY), by=BY)
    imports.execute(run)
    while events.drain():
        pass
    assert str(CustomerFacts.objects.get().last_order_at)[:10] == "2026-03-01"
    path.write_text("订单号,状态\nS2,已取消\n", encoding="utf-8")
    run = imports.upload(path, path.name, "order", by=BY)
    columns = [imports.ColumnMap(0, "number"), imports.ColumnMap(1, "state")]
    imports.execute(imports.configure(run, columns, imports.Options(mode="update", match=("number",)), by=BY))
    while events.drain():
        pass
    assert str(CustomerFacts.objects.get().last_order_at)[:10] == "2026-01-02"


def test_a_receipt_of_two_customers_is_refused_and_says_so(tmp_path: Path) -> None:
    rows = [row("B1"), row("B2", "2", who="H1"), row("B2", "3", who="H2"), row("B3", who="H2")]
    run = imports.execute(opened(tmp_path, rows))
    assert set(stored()) == {"B1", "B3"}
    assert (run.counts["create"], run.counts["refuse"]) == (2, 2)
    assert run.error_file is not None
    with records.location(run.error_file).open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.reader(file))
    assert "同一小票号里有两位客户" in lines[2][-1]


def test_a_receipt_without_a_number_in_one_line_is_still_one_receipt(tmp_path: Path) -> None:
    imports.execute(opened(tmp_path, [row("B1"), row("B1", "2", who="")]))
    assert stored()["B1"][0] == "H1"
    assert len(stored()["B1"][2]) == 2
