"""What administrators defined on screen, as the registry reads it: own object types, own fields of any type.

The rows are few and change seldom: each process keeps them in memory. A request reads their version (`Setting`
"meta_version") with the person (`noticed`), so that whoever publishes a form finds it published whichever process
answers; what works without a request looks once a second. A definition that names something gone loads as a field that
shows itself and can neither be typed nor asked about; one such row never stops the others."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import DatabaseError, transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from kemai.platform.fields import KINDS, FieldSpec, FieldType, Label
from kemai.platform.fields.more import Outdated
from kemai.platform.fields.own import own_spec
from kemai.platform.fields.saying import later
from kemai.platform.models import FieldDef, ObjectDef, Setting

if TYPE_CHECKING:
    from kemai.platform.objects.types import ObjectType, Section

LOOK_SECONDS = 1.0
TOGETHER = "unique/"
"""Before the key of a declared type: the setting that holds the lists of fields which only together must be unique."""
DOUBLES = "doubles/"
"""Before the key of a type: the setting that says which fields tell doubles of its records, {field: as what}."""
RIGHTS, META = "rights_version", "meta_version"
PRETENDED = float("inf")
BROKEN = KINDS["broken"]
OUTDATED = Outdated()


@dataclass
class Shape:
    """The fields of one type, built-in and own, and how they stand on its pages."""

    fields: Mapping[str, FieldSpec]
    named: frozenset[str]
    form: tuple[Section, ...]
    page: tuple[Section, ...]
    searched: tuple[str, ...]
    keys: tuple[str, ...]


@dataclass
class Meta:
    """All definitions as of one version. Shapes are worked out when a type is first asked for."""

    version: str = ""
    types: dict[str, ObjectType] = field(default_factory=dict)
    fields: dict[str, list[FieldSpec]] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)
    related: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """{type: (own or built-in type, its own reference to the former)}"""
    together: dict[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    """Of declared types: fields that only together must be unique."""
    doubles: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """What tells doubles, where an administrator said it."""
    judged: bool = False
    """Whether the upper floors have said which computed fields cannot be worked out."""


NOTHING = Meta()
_meta = NOTHING
_until = 0.0
_reading = threading.RLock()


def current() -> Meta:
    """The definitions as they are now, or were a second ago."""
    if time.monotonic() < _until:
        return _meta
    with _reading:  # who comes while another thread reads waits for it: what is being read must not look gone
        if time.monotonic() >= _until:
            look()
    return _meta


def look() -> dict[str, str]:
    """Reads both versions that every process watches (in one question), and the definitions where they changed."""
    global _until  # noqa: PLW0603 - one state a process
    found = {RIGHTS: "0", META: ""}
    with _reading:
        try:
            rows = Setting.objects.filter(key__in=(RIGHTS, META)).values_list("key", "value")
            found |= {key: str(value) for key, value in rows}
            if found[META] != _meta.version:
                load(found[META])
        except DatabaseError:  # no tables yet: the first migration is still to come
            found = {RIGHTS: "0", META: ""}
        _until = time.monotonic() + LOOK_SECONDS
        if not _meta.judged and apps.ready:
            judge(_meta)
    return found


judges: list[Callable[[], Mapping[tuple[str, str], Label]]] = []
"""What upper floors know of computed fields that cannot be worked out: {(type, field): why}."""


def judge(meta: Meta) -> None:
    """Computed fields that name something gone become stand-ins, so that every door refuses them. The shapes are
    exchanged after the fields: what another thread builds of the old ones meanwhile goes with the old shapes."""
    meta.judged = True
    if not any(spec.own and spec.own.computed for specs in meta.fields.values() for spec in specs):
        return
    why = {node: said for tell in judges for node, said in tell().items()}
    if why:
        meta.fields = {
            key: [judged(spec, why.get((key, spec.key), "")) for spec in specs]
            for key, specs in meta.fields.items()
        }
        meta.shapes = {}


def judged(spec: FieldSpec, why: Label) -> FieldSpec:
    computed = spec.own is not None and spec.own.computed and not spec.own.broken
    return broken(spec, why, OUTDATED) if why and computed else spec


def meta_version() -> str:
    """Part of the key of everything worked out from fields and kept."""
    return current().version


followers: list[Callable[[], None]] = []
"""What upper floors do in the transaction of a change of definitions (computed fields are worked out anew)."""


def meta_changed() -> None:
    """To be called in the transaction that changes a definition."""
    renewed()
    for follow in followers:
        follow()


def renewed() -> None:
    """A new version, to be given in the transaction that changes what every process keeps by it: the definitions, and
    options that are records (`LiveOptions`)."""
    give_version(META)
    forget()
    transaction.on_commit(forget)


def give_version(key: str) -> None:
    """No count: what a process keeps by version must not fit another database, nor what came of two changes at once or
    of one that was rolled back."""
    # lint: allow write-door — the version of definitions and rights is no record
    Setting.objects.update_or_create(key=key, defaults={"value": secrets.token_hex(8)})


def noticed(version: str) -> None:
    """A request has read this version of the definitions: what is kept of another is no longer good enough, and what is
    kept of this one as good as looked up just now."""
    global _until  # noqa: PLW0603
    if _until == PRETENDED:
        return
    if version != _meta.version:
        forget()
    else:
        _until = time.monotonic() + LOOK_SECONDS


def forget() -> None:
    """The next one who asks looks anew."""
    global _until  # noqa: PLW0603
    _until = 0.0


def pretend(meta: Meta | None) -> None:
    """For tests: these definitions, without asking the database; None ends it, and forgets what was known."""
    global _meta, _until  # noqa: PLW0603
    _meta = NOTHING if meta is None else meta
    _until = 0.0 if meta is None else PRETENDED


def load(version: str) -> None:
    global _meta  # noqa: PLW0603
    from kemai.platform.objects.own_types import own_type

    before = _meta
    made = Meta(version)
    if version:
        rows = list(FieldDef.objects.filter(deleted_at=None).order_by("position", "pk"))
        for row in rows:
            made.fields.setdefault(row.type_key, []).append(own_spec(row, KINDS))
        for key, sets in Setting.objects.filter(key__startswith=TOGETHER).values_list("key", "value"):
            made.together[key.removeprefix(TOGETHER)] = tuple(
                tuple(map(str, keys)) for keys in sets or () if keys
            )
        for key, told in Setting.objects.filter(key__startswith=DOUBLES).values_list("key", "value"):
            made.doubles[key.removeprefix(DOUBLES)] = dict(told) if isinstance(told, dict) else {}
        for one in ObjectDef.objects.filter(deleted_at=None).order_by("position", "pk"):
            made.types[one.key] = own_type(one, made.fields.get(one.key, ()), before.types.get(one.key))
    connect(made)
    _meta = made


def connect(meta: Meta) -> None:
    """Points references at the types they name, and tells those types who points to them. The fields of an object that
    was taken away stay for its return and point nowhere until then."""
    from kemai.platform.objects.registry import declared

    for type_key, specs in meta.fields.items():
        if declared(type_key) is None and type_key not in meta.types:
            continue
        specs[:] = [connected(spec, meta) for spec in specs]
        for spec in specs:
            if spec.refs or (spec.ref and spec.ref not in {"user", "department"}):
                meta.related.setdefault(spec.refs or spec.ref, []).append((type_key, spec.key))


def connected(spec: FieldSpec, meta: Meta) -> FieldSpec:
    from kemai.platform.objects.registry import declared

    assert spec.own is not None
    wanted = spec.ref or spec.refs
    if not wanted:
        if spec.own.kind in {"reference", "multi_reference"}:
            return broken(spec, _("没有说明关联哪个对象"))
        return spec
    target = declared(wanted) or meta.types.get(wanted)
    if target is None:
        return broken(spec, later(gettext_noop("所关联的对象“%(key)s”已经不在了"), key=wanted))
    return replace(spec, ref_title=target.title)


def broken(spec: FieldSpec, why: Label, kind: FieldType = BROKEN) -> FieldSpec:
    """A stand-in that shows what is stored (or, where that was worked out, nothing) and refuses everything else."""
    assert spec.own is not None
    return replace(
        spec,
        type=kind,
        ref="",
        refs="",
        required=False,
        readonly=True,
        sortable=False,
        unique=False,
        own=replace(spec.own, broken=why),
    )


def shape_of(object_type: ObjectType) -> Shape:
    meta = current()
    shapes = meta.shapes
    found = shapes.get(object_type.key)
    if found is None:
        found = shapes[object_type.key] = build(object_type, meta.fields.get(object_type.key, ()))
    return found


def build(object_type: ObjectType, own: Sequence[FieldSpec]) -> Shape:
    fields = dict(object_type.declared)
    fields |= {spec.key: spec for spec in own if spec.key not in fields}
    mine = [spec for spec in own if fields[spec.key] is spec]
    searched = [spec.key for spec in mine if searchable(spec) and spec.key not in object_type.search]
    keys = [spec.key for spec in mine if spec.unique]
    search = tuple(key for key in object_type.search if key in fields and not sealed(fields[key]))
    named = named_of(object_type, search)
    form = form_of(object_type, fields)
    return Shape(
        fields,
        named,
        form,
        page_of(object_type, fields, form),
        (*search, *searched),
        (*object_type.unique, *keys),
    )


def searchable(spec: FieldSpec) -> bool:
    assert spec.own is not None
    return bool(spec.own.settings.get("search")) and spec.own.letter == "t" and not spec.own.broken


def sealed(spec: FieldSpec) -> bool:
    """Is it stored encrypted? Then no index of words may hold it."""
    return spec.own is not None and spec.sealed


def named_of(object_type: ObjectType, search: Sequence[str]) -> frozenset[str]:
    sections = (key for section in (*object_type.form, *object_type.sections) for key in section.fields)
    return frozenset((object_type.title, *object_type.columns, *object_type.badges, *search, *sections))


def form_of(object_type: ObjectType, fields: Mapping[str, FieldSpec]) -> tuple[Section, ...]:
    """The declared sections, and last one with whatever they do not name."""
    from kemai.platform.objects.types import OTHER_LABEL, Section

    declared = tuple(present(object_type.form, fields))
    named = {key for section in declared for key in section.fields}
    rest = [s.key for s in fields.values() if not (s.key in named or s.readonly or s.private)]
    rest = [key for key in rest if key != object_type.parent or not declared]
    return (*declared, Section(OTHER_LABEL if declared else object_type.label, *rest)) if rest else declared


def page_of(
    object_type: ObjectType, fields: Mapping[str, FieldSpec], form: Sequence[Section]
) -> tuple[Section, ...]:
    from kemai.platform.objects.types import OTHER_LABEL, SYSTEM_LABEL, Section

    declared = tuple(present(object_type.sections, fields))
    named = {key for section in (*form, *declared) for key in section.fields}
    rest = [spec for spec in fields.values() if spec.key not in named and not spec.private]
    told = {key for section in declared for key in section.fields}
    entered = [section for section in form if section.title is not OTHER_LABEL]
    loose = [
        key for section in form if section.title is OTHER_LABEL for key in section.fields if key not in told
    ]
    loose += [spec.key for spec in rest if spec.own is not None]  # formulas, numbers: facts, not the system's
    last = [Section(OTHER_LABEL, *loose)] if loose else []
    derived = [spec.key for spec in rest if spec.own is None]
    return (*entered, *declared, *last, *([Section(SYSTEM_LABEL, *derived)] if derived else []))


def present(sections: Sequence[Section], fields: Mapping[str, Any]) -> Iterator[Section]:
    """The sections as far as their fields exist: one that a definition took away leaves no hole."""
    from kemai.platform.objects.types import Section

    for section in sections:
        keys = [key for key in section.fields if key in fields]
        if keys:
            yield section if len(keys) == len(section.fields) else Section(section.title, *keys)
