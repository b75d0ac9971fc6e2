"""An own object as an administrator would make it on screen: 设备 (equipment of customers), with one field of every
kind, and some own fields of customers. By rows, as `platform.define` writes them."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from kemai.platform.models import FieldDef, ObjectDef
from kemai.platform.objects import ObjectType, get, meta_changed

KEY = "equipment"
OWN = ("equipment", "machine")
"""Own objects that the contract tests run over beside the built-in ones."""
STATES = [
    {"value": "running", "label": "运行中", "label_en": "Running", "color": "green"},
    {"value": "repair", "label": "维修中", "label_en": "In repair", "color": "orange"},
    {"value": "scrapped", "label": "已报废", "label_en": "Scrapped", "color": "gray"},
]
PARTS = [
    {"value": "pump", "label": "水泵"},
    {"value": "motor", "label": "电机"},
    {"value": "valve", "label": "阀门"},
]
LINES = [
    {"key": "part", "label": "配件", "kind": "text"},
    {"key": "count", "label": "数量", "kind": "number"},
    {"key": "price", "label": "单价", "kind": "money"},
]
FIELDS: list[tuple[str, str, str, dict[str, Any], dict[str, Any]]] = [
    ("customer", "客户", "reference", {"ref": "customer"}, {"required": True}),
    ("model", "型号", "text", {"search": True}, {"indexed": True, "label_en": "Model"}),
    ("note", "备注", "long_text", {}, {}),
    ("weight", "重量", "number", {"min": 0, "max": 5000, "places": 2}, {}),
    ("price", "价格", "money", {}, {"indexed": True}),
    ("discount", "折扣", "percent", {}, {}),
    ("made_on", "出厂日期", "date", {}, {}),
    ("checked_at", "检查时间", "datetime", {}, {}),
    ("opens", "开机时间", "time", {}, {}),
    ("leased", "租赁", "boolean", {}, {}),
    ("state", "状态", "choice", {"options": STATES}, {"default": "running"}),
    ("parts", "部件", "multi_choice", {"options": PARTS}, {}),
    ("others", "相关客户", "multi_reference", {"ref": "customer"}, {}),
    ("keeper", "保管人", "user", {}, {}),
    ("division", "部门", "department", {}, {}),
    ("hotline", "报修电话", "phone", {}, {"personal": True}),
    ("mail", "联系邮箱", "email", {}, {}),
    ("manual", "说明书", "url", {}, {}),
    ("place", "所在地", "region", {}, {}),
    ("paper", "合同扫描件", "file", {}, {}),
    ("photo", "照片", "image", {}, {}),
    ("grade", "评分", "rating", {"stars": 5}, {}),
    ("serial", "流水号", "auto_number", {"prefix": "SN-", "digits": 5}, {}),
    ("code", "设备编码", "text", {"pattern": "[A-Z]{2}[0-9]+", "pattern_hint": "两个大写字母加数字"}, {"unique": True}),
    ("total", "配件合计", "formula", {"formula": "price * 2", "kind": "money"}, {}),
    ("visits", "上门次数", "rollup", {"kind": "number", "rollup": {}}, {}),
    ("lines", "配件清单", "sub_table", {"columns": LINES}, {}),
]  # fmt: skip


@transaction.atomic
def define_field(
    type_key: str, key: str, label: str, kind: str, settings: Any = None, **more: Any
) -> FieldDef:
    row = FieldDef.objects.create(
        type_key=type_key, key=key, label=label, kind=kind, settings=settings or {}, created_at=timezone.now(),
        **{"position": FieldDef.objects.filter(type_key=type_key).count(), **more},
    )  # fmt: skip
    meta_changed()
    return row


@transaction.atomic
def define_object(key: str = KEY, label: str = "设备", **more: Any) -> ObjectDef:
    given = {
        "label_en": "Equipment",
        "icon": "box",
        "prefix": "E",
        "board": "state",
        "date": "made_on",
        **more,
    }
    row = ObjectDef.objects.create(key=key, label=label, created_at=timezone.now(), **given)
    meta_changed()
    return row


def define_equipment(key: str = KEY) -> ObjectType:
    """`machine` belongs to its customer, whose rights decide; `equipment` has an owner of its own."""
    parent = "customer" if key == "machine" else ""
    options = {"unique": [["customer", "model"]]}
    define_object(key, "机器" if parent else "设备", parent=parent, title_label="设备名称", options=options)
    for name, label, kind, settings, more in FIELDS:
        define_field(key, name, label, kind, settings, **more)
    # as the background job leaves them: so that they may be sorted by
    FieldDef.objects.filter(type_key=key, indexed=True).update(index_state="ready")
    meta_changed()
    return get(key)


def equipment_of(customer: int, name: str = "空压机", **values: Any) -> dict[str, Any]:
    return {"name": name, "customer": customer, **values}
