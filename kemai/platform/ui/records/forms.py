"""Forms to create and edit a record, generated from its type: nothing typed is ever lost."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.platform import access, records
from kemai.platform.access import Actor
from kemai.platform.fields import FieldSpec, Invalid, Label
from kemai.platform.models import StoredFile
from kemai.platform.objects import ObjectType, Section, get, similar_of
from kemai.platform.records import Conflict, FieldErrors
from kemai.platform.records.conditional import is_conditional, node_of
from kemai.platform.records.values import standing_default
from kemai.platform.ui import cells
from kemai.platform.ui.records.controls import Control, Typed, base_of, changed, control, text_of
from kemai.platform.ui.records.subject import Subject

LONG = 40
"""Fields of a section; a longer one shows its first ones and folds the rest, which is drawn when it is opened."""
FIRST = 8


class FormSection(NamedTuple):
    title: Label
    controls: Sequence[Control]
    columns: int = 1
    folded: Sequence[FieldSpec] = ()
    """What is drawn on request."""
    place: int = 0
    """Of the section in the layout: the name of its folded rest."""

    @property
    def rest(self) -> str:
        """The keys of what is folded, as the browser looks for them."""
        return " ".join(spec.key for spec in self.folded)


class Problem(NamedTuple):
    """One line of the summary above the form; `field` is '' for what concerns the whole record."""

    field: str
    label: str
    message: str


class Clash(NamedTuple):
    """A field that somebody else changed as well."""

    field: str
    label: str
    mine: str
    theirs: str


@dataclass
class RecordForm:
    """A form on its way: what is shown, what was typed, what is wrong with it."""

    actor: Actor
    type: ObjectType
    subject: Subject | None = None
    """The record that is edited; None for a new one."""
    typed: Typed = field(default_factory=Typed)
    errors: Mapping[str, str] = field(default_factory=dict)
    clashes: Sequence[Clash] = ()
    base: dict[str, Any] | None = None
    """What the writer saw, sent back with the form; until then worked out for what is drawn."""
    version: int = 0
    modal: bool = False
    sent: frozenset[str] = frozenset()
    """The fields that the form had drawn when it was sent: they are drawn again."""

    @cached_property
    def levels(self) -> Mapping[str, str]:
        if self.subject is not None:
            return self.subject.levels
        return access.levels_on(self.actor, self.type, None)

    @cached_property
    def arranged(self) -> tuple[Section, ...]:
        """The sections as they are laid out for this person."""
        return self.type.form_sections(self.actor.role_ids)

    @cached_property
    def specs(self) -> list[FieldSpec]:
        """The fields of the form, in its order; hidden ones are no part of it."""
        keys = dict.fromkeys(key for section in self.arranged for key in section.fields)
        fields, found = self.type.fields, []
        for key in keys:
            spec = fields[key]
            level = self.levels.get(key, "hidden")
            useless = spec.compute is not None or (self.subject is None and level != "edit")
            if level != "hidden" and not useless:
                found.append(spec)
        return found

    @cached_property
    def writable(self) -> list[FieldSpec]:
        return [spec for spec in self.specs if self.levels[spec.key] == "edit"]

    @property
    def action(self) -> str:
        if self.subject is None:
            return reverse("create", args=[self.type.key])
        return reverse("edit", args=[self.type.key, self.subject.pk])

    @property
    def cancel_url(self) -> str:
        return self.subject.url if self.subject else reverse("list", args=[self.type.key])

    @property
    def draft(self) -> str:
        return f"{self.type.key}-{self.subject.pk if self.subject else 'new'}"

    @property
    def title(self) -> str:
        if self.subject is None:
            return _("新建%(type)s") % {"type": self.type.label}
        return _("编辑%(type)s：%(title)s") % {"type": self.type.label, "title": self.subject.title}

    @property
    def base_json(self) -> str:
        if self.base is not None:
            base = {key: self.base[key] for key in self.drawn if key in self.base}
        else:
            seen = [spec for key, spec in self.drawn.items() if self.levels[key] == "edit"]
            base = base_of(seen, self.subject.row) if self.subject is not None else {}
        return json.dumps(base, ensure_ascii=False, default=str)

    @property
    def drawn_keys(self) -> str:
        return " ".join(self.drawn)

    @property
    def similar_url(self) -> str:
        if similar_of(self.type) is None:
            return ""
        url = reverse("similar", args=[self.type.key])
        return f"{url}?id={self.subject.pk}" if self.subject else url

    @property
    def similar_fields(self) -> str:
        """The controls whose texts are compared, as a selector."""
        keys = dict.fromkeys(
            (self.type.title, *self.type.unique_keys, *self.type.similar_by, *self.type.compared)
        )
        shown = {spec.key for spec in self.writable}
        return ", ".join(f"#f-{key}" for key in keys if key in shown)

    @cached_property
    def parts(self) -> list[Part]:
        """The sections with what of each is drawn at once. Two hundred fields are no form: of a long section the first
        ones stand there, and what must be filled in or depends on other fields. Where somebody typed something into
        the rest, or something is wrong with it, all of it does."""
        shown = {spec.key: spec for spec in self.specs}
        opened = {*self.typed.values, *self.errors, *self.sent}
        found = []
        for place, section in enumerate(self.arranged):
            specs = [shown.pop(key) for key in section.fields if key in shown]
            rest = [spec for spec in specs[FIRST:] if may_wait(spec)] if len(specs) > LONG else []
            if not opened.isdisjoint(spec.key for spec in rest):
                rest = []
            waiting = {spec.key for spec in rest}
            if specs:
                found.append(Part(place, section, [one for one in specs if one.key not in waiting], rest))
        return found

    @cached_property
    def drawn(self) -> dict[str, FieldSpec]:
        """The fields that stand in the form, folded ones left out."""
        return {spec.key: spec for part in self.parts for spec in part.drawn}

    @property
    def folds(self) -> bool:
        return any(part.folded for part in self.parts)

    @cached_property
    def sections(self) -> list[FormSection]:
        return [
            FormSection(
                part.section.title, [self.control(spec) for spec in part.drawn], part.section.columns,
                part.folded, part.place,
            )
            for part in self.parts
        ]  # fmt: skip

    def unfolded(self, place: int) -> FormSection:
        """The folded rest of one section, drawn. Raises access.NotVisible."""
        part = next((part for part in self.parts if part.place == place), None)
        if part is None:
            raise access.NotVisible
        self.drawn = {spec.key: spec for spec in part.folded}
        return FormSection(part.section.title, [self.control(spec) for spec in part.folded])

    @cached_property
    def conditions(self) -> dict[str, Any] | None:
        """What the browser needs to show and ask for fields by what stands in others; None where nothing depends."""
        shown = [spec for spec in self.writable if is_conditional(spec)]
        if not shown:
            return None
        known = {
            spec.key: spec
            for spec in self.type.fields.values()
            if self.levels.get(spec.key) in {"read", "edit"}
        }
        row = self.subject.row if self.subject else {spec.key: self.fresh(spec) for spec in self.writable}
        typed = {spec.key for spec in self.writable if spec.key in self.drawn}
        return {
            "rules": [rule_of(self.type, spec) for spec in shown],
            "kinds": {key: spec.type.key for key, spec in known.items()},
            "values": {
                key: row[key] if isinstance(row[key], str) else text_of(spec, row[key])
                for key, spec in known.items()
                if key in row and key not in typed
            },
        }

    def control(self, spec: FieldSpec) -> Control:
        value = self.subject.row.get(spec.key) if self.subject else self.fresh(spec)
        if spec.key in self.typed.values:
            value = self.typed.values[spec.key]
        level = self.levels[spec.key]
        return control(self.actor, self.type, spec, value, level=level, error=self.errors.get(spec.key, ""))

    def fresh(self, spec: FieldSpec) -> Any:
        """What a new record's control begins with."""
        if spec.key == "owner" and spec.type.key == "user" and self.actor.user_id:
            return str(self.actor.user_id)
        if spec.type.key == "datetime" and spec.required:
            return timezone.now()
        default = standing_default(spec)
        return default if default is not None else spec.type.empty(spec)

    @cached_property
    def problems(self) -> list[Problem]:
        """In the order of the form, what concerns the whole first."""
        order = {spec.key: place for place, spec in enumerate(self.specs)}
        keys = sorted(self.errors, key=lambda key: order.get(key, -1))
        found = []
        for key in keys:
            label = str(self.type.fields[key].label) if key in order else ""
            found.append(Problem(key if key in order else "", label, self.errors[key]))
        return found


class Part(NamedTuple):
    """A section as it is laid out: what of it is drawn at once, and what on request."""

    place: int
    section: Section
    drawn: Sequence[FieldSpec]
    folded: Sequence[FieldSpec]


def may_wait(spec: FieldSpec) -> bool:
    return not (spec.required or is_conditional(spec))


def rule_of(object_type: ObjectType, spec: FieldSpec) -> dict[str, Any]:
    """When a field is shown and required: trees that the server could read; others bind nobody."""
    assert spec.own is not None
    trees = {"show": spec.own.show_if, "require": spec.own.require_if}
    read = {name: tree if node_of(object_type, tree) is not None else None for name, tree in trees.items()}
    return {"field": spec.key, "required": spec.required, **read}


def blank(actor: Actor, type_key: str, query: QueryDict, *, modal: bool = False) -> RecordForm:
    """A form for a new record, with what the address says already (?customer=12). Raises access.Denied."""
    object_type = get(type_key)
    access.require(actor, object_type, "create")
    if not object_type.creatable:
        raise access.Denied(_("这种记录不能手工新建"))
    form = RecordForm(actor, object_type, modal=modal)
    form.typed = Typed.of(query, form.writable, whole=False)
    return form


def filled(actor: Actor, type_key: str, pk: int, *, modal: bool = False) -> RecordForm:
    """A form with a record's values. Raises access.NotVisible, access.Denied."""
    subject = Subject(actor, type_key, pk)
    if not subject.may_edit:
        raise access.Denied
    form = RecordForm(actor, subject.type, subject, modal=modal)
    form.version = int(subject.row["version"])
    return form


def posted(actor: Actor, type_key: str, pk: int | None, request: HttpRequest) -> RecordForm:
    """The form as it was sent."""
    modal = request.POST.get("_modal") == "1"
    if pk is None:
        form = blank(actor, type_key, QueryDict(), modal=modal)
    else:
        form = filled(actor, type_key, pk, modal=modal)
        assert form.subject is not None
        form.base = sent_bases(request.POST.getlist("_base"), base_of(form.writable, form.subject.row))
        form.version = sent_version(request.POST.get("_version", ""), form.version)
    form.sent = frozenset(" ".join(request.POST.getlist("_drawn")).split())
    # what was folded is not in the form: it was neither emptied nor unticked
    form.typed = Typed.of(
        request.POST, [spec for spec in form.writable if not form.sent or spec.key in form.sent]
    )
    keep_uploads(form, request)
    return form


def sent_bases(texts: Sequence[str], now: dict[str, Any]) -> dict[str, Any]:
    """What the writer saw, the rests that were opened later included; of what was not drawn, what stands there now."""
    found = dict(now)
    for text in texts:
        found |= sent_base(text, {})
    return found


def sent_base(text: str, now: dict[str, Any]) -> dict[str, Any]:
    try:
        base = json.loads(text)
    except ValueError:
        return now
    return base if isinstance(base, dict) else now


def sent_version(text: str, now: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else now


def keep_uploads(form: RecordForm, request: HttpRequest) -> None:
    """Files come as content: they are stored first, the field then refers to them."""
    for spec in form.writable:
        upload = request.FILES.get(spec.key) if spec.type.key in {"file", "image"} else None
        if upload is not None:
            try:
                stored: StoredFile = records.store(upload, by=form.actor, type_key=form.type.key)
            except FieldErrors as error:
                form.errors = {**form.errors, spec.key: " ".join(error.errors.values())}
                continue
            form.typed.values[spec.key] = str(stored.pk)


def save(form: RecordForm, request: HttpRequest) -> Any:
    """Writes what was sent; returns the record, or None where the form must be shown again (see `form.errors` and
    `form.clashes`). Raises records.Refused, access.Denied."""
    if form.errors:
        return None
    try:
        if form.subject is None:
            # an owner left empty on purpose is sent as such: the door would else name the writer
            values = {k: v for k, v in form.typed.values.items() if v not in ("", []) or k == "owner"}
            return records.create(form.type.key, values, by=form.actor)
        return update(form, request.POST)
    except FieldErrors as error:
        form.errors = error.errors
    except Conflict as conflict:
        show_conflict(form, conflict)
    return None


def update(form: RecordForm, post: QueryDict) -> Any:
    subject = form.subject
    assert subject is not None
    theirs = {spec.key for spec in form.writable if post.get(f"conflict-{spec.key}") == "theirs"}
    for key in theirs:
        form.typed.values.pop(key, None)
    base = form.base or {}
    values = changed(form.typed, base)
    plain = {key: pair[1] for key, pair in base.items() if isinstance(pair, list) and len(pair) == 2}
    return records.update(form.type.key, subject.pk, values, by=form.actor, version=form.version, base=plain)


def show_conflict(form: RecordForm, conflict: Conflict) -> None:
    """Both values side by side; what the writer saw is now theirs, so that saving again keeps the choice."""
    form.clashes = [
        Clash(key, str(form.type.fields[key].label), told(form, key, mine), told(form, key, theirs))
        for key, (theirs, mine) in conflict.fields.items()
    ]
    subject = form.subject
    assert subject is not None
    fresh = Subject(form.actor, form.type.key, subject.pk)
    now = base_of(form.writable, fresh.row)
    form.base = (form.base or {}) | {key: now[key] for key in conflict.fields if key in now}
    form.version = conflict.version


def told(form: RecordForm, key: str, value: Any) -> str:
    """A value in words; references come without their titles, which are looked up."""
    spec = form.type.fields[key]
    typed = control(form.actor, form.type, spec, reread(spec, value), level="edit")
    if spec.type.key in {"reference", "user", "department"}:
        return str(typed.options[0]["label"]) if typed.options else "—"
    return cells.text(spec, value) or "—"


def reread(spec: FieldSpec, value: Any) -> Any:
    if spec.type.key in {"reference", "user", "department"}:
        return None if value is None else str(value.id)
    try:
        return spec.type.parse(value, spec)
    except Invalid:
        return value
