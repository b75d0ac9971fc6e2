"""The form of a field: what it asks, which depends on the kind, and what was typed into it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from kemai.platform import query
from kemai.platform.access import SYSTEM
from kemai.platform.define import clean, kinds
from kemai.platform.define.patterns import PRESETS
from kemai.platform.fields.own import SEALABLE
from kemai.platform.models import FieldDef, Option, sealed
from kemai.platform.objects import ObjectType, UnknownObject, get
from kemai.platform.ui.define.rows import FIELD_LABELS, Clash
from kemai.platform.ui.define.typed import Problem, base_of, tree, typed_rows
from kemai.platform.ui.lists import filters

TEXTS = (
    "label", "label_en", "help", "rule", "rule_message", "min", "max", "pattern", "pattern_hint", "places", "stars",
    "prefix", "digits", "ref", "formula", "default_formula", "result", "relation", "agg", "of",
)  # fmt: skip


def typed_values(request: HttpRequest, kind: str) -> dict[str, Any]:
    """The form as it was sent, in the shape that `define.fields` takes."""
    post = request.POST
    found: dict[str, Any] = {name: post.get(name, "").replace("\r\n", "\n") for name in TEXTS}
    found |= {name: bool(post.get(name)) for name in (*clean.SWITCHES, "sealed")}
    found |= {
        name: filters.expand(tree(post.get(name, ""))) for name in ("show_if", "require_if", "rollup_where")
    }
    found["default"] = post.getlist("default") if kind == "multi_choice" else post.get("default", "")
    found["options"] = typed_rows(request, "option", ("value", "label", "color", "archived"))
    found["table"] = typed_rows(request, "column", ("key", "label", "kind"))
    return found


@dataclasses.dataclass
class FieldForm:
    """The form on its way: what is shown, what was typed, what is wrong with it."""

    type: ObjectType
    kind: str
    values: dict[str, Any]
    field: FieldDef | None = None
    errors: Mapping[str, str] = dataclasses.field(default_factory=dict)
    clashes: Sequence[Clash] = ()
    base: dict[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        rollup = self.values.get("rollup")
        if isinstance(rollup, Mapping) and "relation" not in self.values:
            self.values |= {
                "relation": f"{rollup.get('object')}.{rollup.get('field')}",
                "rollup_where": rollup.get("where"),
            }
            self.values |= {"agg": rollup.get("agg"), "of": rollup.get("of")}

    @property
    def about(self) -> kinds.Kind:
        return kinds.BY_KEY[self.kind]

    @property
    def title(self) -> str:
        if self.field is not None:
            return self.field.label
        return _("新建字段：%(kind)s") % {"kind": self.about.label}

    @property
    def base_json(self) -> str:
        return base_of(self.base)

    @cached_property
    def problems(self) -> list[Problem]:
        labels = {
            **{name.removeprefix("settings."): label for name, label in FIELD_LABELS.items()},
            "key": _("标识"),
        }
        labels |= {"table": _("明细列"), "relation": _("相关记录"), "of": _("汇总字段"), "": ""}
        return [Problem(key, str(labels.get(key, "")), text) for key, text in self.errors.items()]

    def get(self, name: str) -> Any:
        value = self.values.get(name)
        return "" if value is None else value

    # what the kind has

    @property
    def has_default(self) -> bool:
        return self.kind not in kinds.WITHOUT_DEFAULT

    @property
    def has_default_formula(self) -> bool:
        return self.kind in kinds.DEFAULT_BY_FORMULA

    @property
    def has_range(self) -> bool:
        return self.kind in kinds.WITH_RANGE

    @property
    def has_pattern(self) -> bool:
        return self.kind in kinds.WITH_PATTERN

    @property
    def has_options(self) -> bool:
        return self.kind in kinds.WITH_OPTIONS

    @property
    def can_require(self) -> bool:
        return self.kind not in kinds.COMPUTED | {"auto_number", "boolean"}

    @property
    def can_unique(self) -> bool:
        return self.kind in kinds.UNIQUE

    @property
    def can_sort(self) -> bool:
        return self.kind in kinds.SORTABLE

    @property
    def can_seal(self) -> bool:
        """Offered where there is a key, and shown where it was switched on."""
        return self.kind in SEALABLE and (sealed.current() is not None or bool(self.get("sealed")))

    @property
    def is_typed(self) -> bool:
        return self.kind not in kinds.COMPUTED | {"auto_number"}

    # choices

    presets = PRESETS
    colors = kinds.COLORS

    @property
    def options(self) -> Sequence[Mapping[str, Any]]:
        return self.values.get("options") or [{"label": ""}, {"label": ""}, {"label": ""}]

    @property
    def columns(self) -> Sequence[Mapping[str, Any]]:
        return self.values.get("table") or [{"label": "", "kind": "text"}, {"label": "", "kind": "number"}]

    @property
    def column_kinds(self) -> list[dict[str, str]]:
        from kemai.platform.define.options import COLUMN_KINDS

        return [{"value": key, "label": str(kinds.BY_KEY[key].label)} for key in COLUMN_KINDS]

    @property
    def targets(self) -> list[dict[str, str]]:
        return [{"value": key, "label": label} for key, label in clean.targets().items()]

    @property
    def results(self) -> list[dict[str, str]]:
        return [{"value": key, "label": str(kinds.BY_KEY[key].label)} for key in clean.RESULTS]

    @property
    def default_widget(self) -> str:
        widgets = {
            "long_text": "textarea", "boolean": "select", "choice": "select", "multi_choice": "multiselect",
            "date": "date", "datetime": "datetime", "number": "number", "money": "money", "percent": "percent",
            "time": "time",
        }  # fmt: skip
        return widgets.get(self.kind, "text")

    @property
    def default_options(self) -> list[dict[str, str]]:
        if self.kind == "boolean":
            return [{"value": "1", "label": _("是")}, {"value": "0", "label": _("否")}]
        return [
            {"value": o["value"], "label": o["label"]}
            for o in self.values.get("options") or ()
            if o.get("value")
        ]

    # conditions

    @cached_property
    def condition_config(self) -> Any:
        """The record's own fields, as the filter builder knows them."""
        mine = self.field.key if self.field else ""
        found = [
            one
            for one in filters.fields_for(SYSTEM, self.type)
            if not one["key"].startswith("~") and one["key"] != mine
        ]
        return {"fields": found, "labels": {}}

    def condition(self, name: str) -> Any:
        return filters.collapse(self.values.get(name))

    # roll-ups

    @cached_property
    def relations(self) -> list[dict[str, str]]:
        return [
            {"value": f"{other.key}.{link.key}", "label": f"{other.label}（{link.label}）"}
            for other, link in query.relations(self.type)
        ]

    @cached_property
    def rolled(self) -> ObjectType | None:
        try:
            return get(str(self.values.get("relation") or "").partition(".")[0])
        except UnknownObject:
            return None

    @property
    def aggregates(self) -> list[dict[str, str]]:
        words = (
            ("count", _("个数")),
            ("sum", _("合计")),
            ("min", _("最小")),
            ("max", _("最大")),
            ("last", _("最近一次")),
        )
        return [{"value": key, "label": label} for key, label in words]

    @property
    def measures(self) -> list[dict[str, str]]:
        if self.rolled is None:
            return []
        agg = str(self.values.get("agg") or "count")
        fitting = {"number", "whole", "money", "percent", "rating"}
        if agg != "sum":
            fitting |= {"date", "datetime"}
        specs = self.rolled.fields.values()
        if agg == "last":
            found = [spec for spec in specs if not spec.private and not spec.part]
        else:
            found = [
                spec for spec in specs if spec.type.key in fitting and not spec.private and not spec.part
            ]
        return [{"value": spec.key, "label": str(spec.label)} for spec in found]

    @cached_property
    def rollup_config(self) -> Any:
        if self.rolled is None:
            return {"fields": [], "labels": {}}
        return {
            "fields": [
                one for one in filters.fields_for(SYSTEM, self.rolled) if not one["key"].startswith("~")
            ],
            "labels": {},
        }

    @property
    def key_url(self) -> str:
        return reverse("define_field_key", args=(self.type.key,))

    @property
    def index(self) -> Option | None:
        if self.field is None or not self.field.indexed:
            return None
        from kemai.platform.models.define import INDEX_STATES

        return next((one for one in INDEX_STATES if one.value == self.field.index_state), None)
