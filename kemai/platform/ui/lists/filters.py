"""What the filter builder in the browser offers, and the two forms of a condition tree.

The browser knows fields, operators and values; three things of the kernel's tree are not among them and travel as
fields or operators of their own: figures over related records ("~order.customer|count||90"), running periods
("this:month") and anything else about related records ("~tree|…", kept as it is)."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _
from markupsafe import Markup

from kemai.kit import regions
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.fields import OPERATORS, FieldSpec
from kemai.platform.objects import ObjectType, get, meta_version
from kemai.platform.query import relations
from kemai.platform.query.tree import COUNT_OPERATORS, allowed_operators
from kemai.platform.ui.cells import to_json, written

Tree = Any
PERIODS = {
    "day": gettext_lazy("是今天"),
    "week": gettext_lazy("在本周"),
    "month": gettext_lazy("在本月"),
    "quarter": gettext_lazy("在本季度"),
    "year": gettext_lazy("在今年"),
}
DAYS = {
    "last": gettext_lazy("近 {0} 天内"),
    "older": gettext_lazy("早于 {0} 天前"),
    "next": gettext_lazy("未来 {0} 天内"),
}
SIGNS = {"lt": "<", "lte": "≤", "gt": ">", "gte": "≥", "eq": "=", "ne": "≠"}
IS = pgettext_lazy("operator", "是")
WORDS = {"in": IS, "not_in": gettext_lazy("不是"), "eq": IS}
WINDOWS = (0, 30, 90, 365)
ARITIES: dict[str, int | str] = {"0": 0, "1": 1, "2": 2, "many": "many", "days": 1}
LISTED = frozenset({"choice", "reference", "user", "department", "file", "image"})
"""Kinds whose equality is said with a list of one."""
CLIENT_TYPES = {
    "boolean": "bool", "whole": "number", "rating": "number", "datetime": "date", "percent": "number",
    "department": "reference", "multi_reference": "tags", "auto_number": "text",
}  # fmt: skip


# ── the tree, to and from the browser ──


def expand(tree: Tree) -> Tree:
    """The kernel's tree of what the browser sent."""
    if not isinstance(tree, dict):
        return tree
    for key in ("all", "any"):
        if isinstance(tree.get(key), list):
            return {key: [expand(child) for child in tree[key]]}
    if "not" in tree:
        return expand_not(tree["not"])
    if "related" in tree:
        return {**tree, "where": expand(tree["where"])} if tree.get("where") else tree
    field = str(tree.get("field", ""))
    if field.startswith("~tree|"):
        return unpack(field)
    if field.startswith("~"):
        return related_tree(field, tree)
    op, colon, value = str(tree.get("op", "")).partition(":")
    if colon:
        return {**tree, "op": op, "value": value}
    return tree


def expand_not(inside: Tree) -> Tree:
    """The browser's "none of these" is a list."""
    if isinstance(inside, list):
        return {"not": {"any": [expand(child) for child in inside]}}
    return {"not": expand(inside)}


def related_tree(field: str, leaf: Mapping[str, Any]) -> Tree:
    """ "~order.customer|sum|amount|90" with an operator: how the last 90 days of orders add up."""
    relation, aggregate, of, days = (*field[1:].split("|"), "", "", "")[:4]
    tree: dict[str, Any] = {"related": relation, "agg": aggregate or "count"}
    if of:
        tree["of"] = of
    if days.isdigit() and days != "0":
        tree["where"] = {"field": date_field(relation), "op": "last", "value": int(days)}
    return tree | {"op": leaf.get("op"), "value": leaf.get("value")}


def date_field(relation: str) -> str:
    try:
        return get(relation.partition(".")[0]).date
    except LookupError:
        return ""


def collapse(tree: Tree) -> Tree:
    """The browser's form of the kernel's tree."""
    if not isinstance(tree, dict):
        return tree
    for key in ("all", "any"):
        if key in tree:
            return {key: [collapse(child) for child in tree[key]]}
    if "not" in tree:
        inside = tree["not"]
        children = inside["any"] if isinstance(inside, dict) and "any" in inside else [inside]
        return {"not": [collapse(child) for child in children]}
    if "related" in tree:
        return collapse_related(tree)
    return collapse_leaf(tree)


def collapse_leaf(leaf: Mapping[str, Any]) -> Tree:
    if leaf.get("op") == "this":
        return {"field": leaf.get("field"), "op": f"this:{leaf.get('value')}"}
    return dict(leaf)


def collapse_related(tree: Mapping[str, Any]) -> Tree:
    where = tree.get("where") or {}
    relation = str(tree["related"])
    plain = set(where) <= {"field", "op", "value"} and where.get("op", "last") == "last"
    if plain and "." in relation and where.get("field", date_field(relation)) == date_field(relation):
        key = f"~{relation}|{tree.get('agg', 'count')}|{tree.get('of') or ''}|{where.get('value', 0)}"
        return {"field": key, "op": tree.get("op"), "value": tree.get("value")}
    if counted(tree):
        return {**tree, "where": collapse(where)}
    return {"field": pack(tree), "op": "is"}


def counted(tree: Mapping[str, Any]) -> bool:
    """Does it count related records by their own fields? That much the builder spells out; more it only says."""
    other = str(tree["related"]).partition(".")[0]
    if tree.get("agg", "count") != "count" or "." not in str(tree["related"]) or nested(tree.get("where")):
        return False
    try:
        fields = get(other).fields
    except LookupError:
        return False
    return all(leaf.get("field") in fields for leaf in leaves(tree.get("where") or {}))


def nested(tree: Tree) -> bool:
    if isinstance(tree, list):
        return any(nested(child) for child in tree)
    if not isinstance(tree, dict):
        return False
    return "related" in tree or any(nested(tree.get(key)) for key in ("all", "any", "not"))


def pack(tree: Mapping[str, Any]) -> str:
    return "~tree|" + base64.urlsafe_b64encode(orjson.dumps(dict(tree))).decode()


def unpack(field: str) -> Tree:
    try:
        return orjson.loads(base64.urlsafe_b64decode(field.partition("|")[2]))
    except ValueError:
        return {"field": field}


def leaves(tree: Tree) -> Iterator[Mapping[str, Any]]:
    """Every leaf of the record's own fields."""
    if not isinstance(tree, dict):
        return
    for key in ("all", "any"):
        if isinstance(tree.get(key), list):
            for child in tree[key]:
                yield from leaves(child)
    if "not" in tree:
        yield from leaves(tree["not"])
    if "field" in tree:
        yield tree


# ── what may be asked ──

_configs: dict[tuple[Any, ...], str] = {}


def config(actor: Actor, object_type: ObjectType, where: Tree = None) -> Markup:
    """The builder's configuration as JSON, worked out once for everybody with the same rights and language."""
    key = (object_type.key, access.sight_key(actor, object_type), get_language(), meta_version())
    fields = _configs.get(key)
    if fields is None:
        if len(_configs) > 300:
            _configs.clear()
        fields = _configs[key] = to_json(list(fields_for(actor, object_type)))[1:-1]
    extra = to_json(extra_fields(actor, object_type, where))[1:-1] if where else ""
    labels = to_json(labels_for(actor, object_type, where) if where else {})
    inner = to_json(inner_fields(actor, where) if where else {})
    joined = f"{fields},{extra}" if extra else fields
    return written(f'{{"fields":[{joined}],"labels":{labels},"inner":{inner}}}')


def inner_fields(actor: Actor, where: Tree) -> dict[str, Any]:
    """{relation: its fields and words} of the related records that a tree counts by their own fields; those of others
    are fetched when somebody asks for them."""
    found: dict[str, Any] = {}
    for tree in related_leaves(collapse(where)):
        other = get(str(tree["related"]).partition(".")[0])
        known = found.setdefault(
            str(tree["related"]), {"fields": list(fields_of(actor, other)), "labels": {}}
        )
        for key, words in labels_for(actor, other, tree.get("where")).items():
            known["labels"].setdefault(key, {}).update(words)
    return found


def related_leaves(tree: Tree) -> Iterator[Mapping[str, Any]]:
    """Every condition on related records that the builder spells out."""
    if isinstance(tree, list):
        for child in tree:
            yield from related_leaves(child)
    elif isinstance(tree, dict):
        if "related" in tree:
            yield tree
        for key in ("all", "any", "not"):
            yield from related_leaves(tree.get(key))


def fields_for(actor: Actor, object_type: ObjectType) -> Iterator[dict[str, Any]]:
    yield from fields_of(actor, object_type)
    yield from related_fields(actor, object_type)


def fields_of(actor: Actor, object_type: ObjectType) -> Iterator[dict[str, Any]]:
    """Those of the type itself."""
    levels = access.field_levels(actor, object_type)
    groups = groups_of(object_type, actor.role_ids)
    order = {key: index for index, key in enumerate(groups)}
    specs = sorted(object_type.fields.values(), key=lambda spec: order.get(spec.key, len(order)))
    for spec in specs:
        level = levels.get(spec.key, "hidden")
        operators = allowed_operators(spec, level)
        if operators and not spec.private and level != "hidden":
            yield {
                "key": spec.key,
                "label": str(spec.label),
                "group": groups.get(spec.key, ""),
                "type": CLIENT_TYPES.get(spec.type.key, spec.type.key),
                "operators": [one for key in operators for one in operator(key, spec)],
                **values_of(spec),
            }


def groups_of(object_type: ObjectType, roles: tuple[int, ...]) -> dict[str, str]:
    """{field: title of the section it stands in}, in the order of the record's page."""
    return {
        key: str(section.title)
        for section in object_type.page_sections(roles)
        for key in reversed(section.fields)
    }


def operator(key: str, spec: FieldSpec) -> Iterator[dict[str, Any]]:
    kind = spec.type.key
    if key == "this":
        yield from (
            {"key": f"this:{name}", "label": str(label), "arity": 0} for name, label in PERIODS.items()
        )
        return
    if kind in LISTED and key in {"eq", "ne"}:
        return
    known = OPERATORS[key]
    label = str(known.label)
    if spec.type.numeric and key in SIGNS:
        label = SIGNS[key]
    elif key == "eq" or (key in WORDS and kind in LISTED):
        label = str(WORDS[key])
    found: dict[str, Any] = {"key": key, "label": label, "arity": ARITIES[known.arity]}
    if key in DAYS:
        found |= {"text": str(DAYS[key]), "input": "number"}
    elif kind == "percent" and known.arity != "0":
        found["text"] = f"{label} {{0}}%" if known.arity == "1" else f"{label} {{0}}% – {{1}}%"
    yield found


def values_of(spec: FieldSpec) -> dict[str, Any]:
    """Where the values to compare with come from."""
    if spec.options:
        return {
            "choices": [
                {"value": o.value, "label": str(o.label), "color": o.color} for o in spec.options if o.value
            ]
        }
    match spec.type.key:
        case "user":
            return {"remote_url": reverse("ask_people")}
        case "reference" | "department" | "multi_reference" if spec.ref or spec.refs:
            return {"remote_url": reverse("options", args=(spec.ref or spec.refs,))}
        case "tags":
            return {"remote_url": reverse("options", args=("tag",))}
        case "region":
            return {"remote_url": reverse("find_region")}
    return {}


def related_fields(actor: Actor, object_type: ObjectType) -> Iterator[dict[str, Any]]:
    for other, link in relations(object_type):
        if not other.nav or not access.may(actor, other, "view"):
            continue
        levels = access.field_levels(actor, other)
        if levels.get(link.key, "hidden") not in {"read", "edit"}:
            continue
        sums = [
            s for s in other.fields.values()
            if s.type.key == "money" and not s.part and not s.private and levels[s.key] in {"read", "edit"}
        ]  # fmt: skip
        for of in (None, *sums):
            for days in WINDOWS if other.date else (0,):
                yield related_field(other, link, of, days)


def related_field(other: ObjectType, link: FieldSpec, of: FieldSpec | None, days: int) -> dict[str, Any]:
    aggregate = "sum" if of else "count"
    relation = f"{other.key}.{link.key}"
    by_fields = {
        "related": relation,
        "agg": "count",
        "fields_url": reverse("filter_fields", args=(other.key,)),
    }
    return {
        **(by_fields if of is None and not days else {}),
        "key": f"~{relation}|{aggregate}|{of.key if of else ''}|{days}",
        "label": related_label(other, of, days),
        "group": str(other.label),
        "type": "money" if of else "number",
        "operators": [
            {
                "key": key,
                "label": SIGNS.get(key, str(OPERATORS[key].label)),
                "arity": ARITIES[OPERATORS[key].arity],
            }
            for key in COUNT_OPERATORS
        ],
    }


def related_label(other: ObjectType, of: FieldSpec | None, days: int) -> str:
    names = {"name": other.label, "field": of.label if of else "", "n": days}
    if of is None:
        return (_("近 %(n)s 天%(name)s数") if days else _("%(name)s数")) % names
    return (_("近 %(n)s 天%(name)s%(field)s合计") if days else _("%(name)s%(field)s合计")) % names


def extra_fields(actor: Actor, object_type: ObjectType, where: Tree) -> list[dict[str, Any]]:
    """Fields that only this tree needs: conditions on related records that the builder cannot spell but say."""
    from kemai.platform.ui.lists import sentences

    found = []
    for leaf in leaves(collapse(where)):
        field = str(leaf.get("field", ""))
        if field.startswith("~tree|"):
            operators = [{"key": "is", "label": _("成立"), "arity": 0}]
            label = sentences.related(actor, object_type, unpack(field))
            found.append({"key": field, "label": label, "type": "text", "operators": operators})
    return found


def related_title(tree: Tree) -> str:
    try:
        return str(get(str(tree["related"]).partition(".")[0]).label)
    except (LookupError, TypeError):
        return _("相关记录")


# ── the words of values that are only keys ──


def labels_for(actor: Actor, object_type: ObjectType, where: Tree) -> dict[str, dict[str, str]]:
    """{field: {value: its words}} of the references, regions and relative dates in a tree."""
    found: dict[str, dict[str, str]] = {}
    for leaf in leaves(where):
        spec = object_type.fields.get(str(leaf.get("field")))
        value = leaf.get("value")
        values = value if isinstance(value, list) else [value]
        if spec is not None:
            words = words_for(actor, spec, [str(one) for one in values if one is not None])
            found.setdefault(spec.key, {}).update(words)
    return {key: words for key, words in found.items() if words}


def words_for(actor: Actor, spec: FieldSpec, values: Sequence[str]) -> dict[str, str]:
    match spec.type.key:
        case "date" | "datetime":
            return {"today": _("今天")} if "today" in values else {}
        case "region":
            return {
                code: regions.name(code, "en" if get_language() == "en" else "zh")
                for code in values
                if regions.is_known(code)
            }
        case "user":
            words = titles(actor, "user", values)
            return words | ({"me": _("我")} if "me" in values else {})
        case "tags":
            return titles(actor, "tag", values)
        case "reference" | "department" | "multi_reference" if spec.ref or spec.refs:
            return titles(actor, spec.ref or spec.refs, values)
    return {}


def titles(actor: Actor, type_key: str, values: Sequence[str]) -> dict[str, str]:
    """What the records of these keys are called, as far as the actor may see them (colleagues have names)."""
    ids = [int(one) for one in values if one.isascii() and one.isdigit()][:200]
    if not ids:
        return {}
    object_type = get(type_key)
    seer = access.SYSTEM if type_key in {"user", "tag", "department"} else actor
    rows = access.scope(seer, object_type).filter(pk__in=ids)
    return {
        str(key): str(title)
        for key, title in rows.values_list("pk", object_type.fields[object_type.title].path)
    }
