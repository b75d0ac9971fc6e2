"""The options of a choice and the columns of a table inside a record, as the editor sends them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from kemai.platform.define import keys
from kemai.platform.define.kinds import COLORS

MOST_OPTIONS = 500
MOST_COLUMNS = 20
VALUE_LENGTH = 24
COLUMN_KINDS = ("text", "number", "money", "percent", "date", "boolean")
Row = Mapping[str, Any]


def clean_options(rows: Sequence[Row]) -> tuple[list[dict[str, Any]], str]:
    """The options in their order, and what is wrong with them. A value once given stays: records hold it."""
    filled = [row for row in rows if str(row.get("label") or "").strip()]
    if not filled:
        return [], _("请至少写一个选项")
    if len(filled) > MOST_OPTIONS:
        return [], _("最多 %(n)s 个选项") % {"n": MOST_OPTIONS}
    taken = {str(row["value"]) for row in filled if row.get("value")}
    found: list[dict[str, Any]] = []
    for place, row in enumerate(filled):
        value = str(row.get("value") or "")[:VALUE_LENGTH]
        if not value:
            value = keys.suggest(str(row["label"]), taken, fallback="option")[:VALUE_LENGTH]
            taken.add(value)
        color = str(row.get("color") or "")
        found.append(
            {
                "value": value,
                "label": " ".join(str(row["label"]).split())[:80],
                "label_en": " ".join(str(row.get("label_en") or "").split())[:80],
                "color": color if color in (*COLORS, "gray") else COLORS[place % len(COLORS)],
                "archived": bool(row.get("archived")),
            }
        )
    return found, doubled([one["label"] for one in found]) or doubled([one["value"] for one in found])


def doubled(names: Sequence[str]) -> str:
    twice = next((name for name in names if names.count(name) > 1), None)
    return _("“%(name)s”写了两次") % {"name": twice} if twice else ""


def clean_columns(rows: Sequence[Row]) -> tuple[list[dict[str, Any]], str]:
    """The columns of a sub-table, and what is wrong with them."""
    filled = [row for row in rows if str(row.get("label") or "").strip()]
    if not filled:
        return [], _("请至少写一列")
    if len(filled) > MOST_COLUMNS:
        return [], _("最多 %(n)s 列") % {"n": MOST_COLUMNS}
    taken = {str(row["key"]) for row in filled if row.get("key")}
    found: list[dict[str, Any]] = []
    for row in filled:
        key = str(row.get("key") or "")
        if not key:
            key = keys.suggest(str(row["label"]), taken, fallback="column")
            taken.add(key)
        kind = str(row.get("kind") or "text")
        found.append(
            {
                "key": key,
                "label": " ".join(str(row["label"]).split())[:80],
                "kind": kind if kind in COLUMN_KINDS else "text",
            }
        )
    return found, doubled([one["label"] for one in found])
