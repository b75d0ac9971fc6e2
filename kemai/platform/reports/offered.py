"""What somebody may group and sum up, and a report as far as they may ask it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.fields import FieldSpec, clauses
from kemai.platform.models import FieldDef
from kemai.platform.objects import ObjectType, UnknownObject, get
from kemai.platform.query import Node, QueryError, broken_words
from kemai.platform.query.cube import AGGREGATES, DATED, PERIODS, REGION_LEVELS, Axis, Measure
from kemai.platform.query.unfolded import SEVERAL
from kemai.platform.reports.definition import Definition, Pair

SINGLE = frozenset({"text", "reference", "multi_reference"})
"""Kinds whose values may be as many as the records."""
GROUPED = (
    frozenset(
        {
            "choice",
            "boolean",
            "user",
            "department",
            "reference",
            "rating",
            "region",
            "date",
            "datetime",
            "text",
        }
    )
    | SEVERAL
)
"""Kinds of whose values several records have the same."""


class Broken(QueryError):
    """A report that cannot be asked: `problems` says which of what it names is the matter."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("broken_report", clauses(problems))
        self.problems = problems


@dataclass(frozen=True)
class Plan:
    """A report that can be asked."""

    type: ObjectType
    definition: Definition
    node: Node
    rows: tuple[Axis, ...]
    column: Axis | None
    measures: tuple[Measure, ...]
    axes: tuple[Axis, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "axes", (*self.rows, *((self.column,) if self.column else ())))

    @property
    def names_single(self) -> bool:
        """May its lines be as many as the records, and say what stands in each?"""
        return any(axis.spec.type.key in SINGLE for axis in self.axes)


def known(actor: Actor, object_type: ObjectType) -> Iterator[FieldSpec]:
    return (spec for spec in named(actor, object_type) if not is_broken(spec))


def named(actor: Actor, object_type: ObjectType) -> Iterator[FieldSpec]:
    """What the database can be asked for, and what it could if its definition were whole."""
    levels = access.asking_levels(actor, object_type)
    for spec in object_type.fields.values():
        if levels.get(spec.key) in {"read", "edit"} and not spec.private and spec.compute is None:
            yield spec


def is_broken(spec: FieldSpec) -> bool:
    return spec.own is not None and bool(spec.own.broken)


def refuse_broken(actor: Actor, object_type: ObjectType, *keys: str) -> None:
    """Raises QueryError where the definition of one of these fields names something gone."""
    for spec in named(actor, object_type):
        if spec.key in keys and is_broken(spec):
            raise QueryError("broken_field", broken_words(spec))


def groups(spec: FieldSpec) -> bool:
    return spec.type.key in GROUPED and bool(spec.type.operators)


def groupable(actor: Actor, object_type: ObjectType) -> list[FieldSpec]:
    return [spec for spec in known(actor, object_type) if groups(spec)]


def measurable(actor: Actor, object_type: ObjectType) -> list[FieldSpec]:
    return [spec for spec in known(actor, object_type) if spec.type.numeric]


def steps(spec: FieldSpec) -> tuple[str, ...]:
    """How finely a field may be grouped, the usual first."""
    if spec.type.key in DATED:
        return ("month", *(one for one in PERIODS if one != "month"))
    return tuple(REGION_LEVELS) if spec.type.key == "region" else ("",)


def resolve(actor: Actor, definition: Definition) -> Plan:
    """Raises Broken, which says everything that is the matter; Denied."""
    try:
        object_type = get(definition.type_key)
    except UnknownObject:
        raise Broken([_("对象“%(key)s”已被删除") % {"key": definition.type_key[:60]}]) from None
    access.require(actor, object_type, "view")
    specs = {spec.key: spec for spec in named(actor, object_type)}
    problems: list[str] = []
    rows = tuple(axis_of(one, object_type, specs, problems) for one in definition.rows)
    column = axis_of(definition.column, object_type, specs, problems) if definition.column else None
    measures = tuple(measure_of(one, object_type, specs, problems) for one in definition.measures)
    node = condition(actor, object_type, definition, problems)
    if problems:
        raise Broken(list(dict.fromkeys(problems)))
    assert node is not None
    axes = [(one.spec.key, one.by) for one in (*rows, column) if one is not None]
    if len(set(axes)) < len(axes):
        raise Broken([_("同一个字段只能用来分组一次")])
    return Plan(
        object_type,
        definition,
        node,
        tuple(one for one in rows if one is not None),
        column,
        tuple(one for one in measures if one is not None),
    )


def condition(
    actor: Actor, object_type: ObjectType, definition: Definition, problems: list[str]
) -> Node | None:
    try:
        return access.condition(actor, object_type, definition.where)
    except QueryError as error:
        problems.append(error.message)
        return None


def axis_of(
    pair: Pair, object_type: ObjectType, specs: Mapping[str, FieldSpec], problems: list[str]
) -> Axis | None:
    key, by = pair
    spec = whole(key, object_type, specs, problems)
    if spec is None:
        return None
    if not groups(spec):
        problems.append(_("不能按“%(field)s”分组") % {"field": spec.label})
        return None
    return Axis(spec, by if by in steps(spec) else steps(spec)[0], object_type.key)


def measure_of(
    pair: Pair, object_type: ObjectType, specs: Mapping[str, FieldSpec], problems: list[str]
) -> Measure | None:
    aggregate, key = pair
    if aggregate == "count" and not key:
        return Measure("count")
    spec = whole(key, object_type, specs, problems)
    if spec is None:
        return None
    if aggregate not in AGGREGATES or not spec.type.numeric:
        problems.append(_("不能统计“%(field)s”") % {"field": spec.label})
        return None
    return Measure(aggregate, spec)


def whole(
    key: str, object_type: ObjectType, specs: Mapping[str, FieldSpec], problems: list[str]
) -> FieldSpec | None:
    """The field, where it is there, may be asked for and means something."""
    spec = specs.get(key)
    if spec is not None and not is_broken(spec):
        return spec
    problems.append(missing(object_type, key) if spec is None else broken_words(spec))
    return None


def missing(object_type: ObjectType, key: str) -> str:
    """Why a field cannot be asked for; what somebody may not see is not called by its name."""
    gone = FieldDef.objects.filter(type_key=object_type.key, key=key).exclude(deleted_at=None)
    label = gone.values_list("label", flat=True).first()
    if label is not None:
        return _("字段“%(field)s”已被删除") % {"field": label}
    return _("字段“%(field)s”不存在，或者您无权查看") % {"field": key}
