"""What an object type is: one description from which every page, the API, import, search and audit derive."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from kemai.kit.english import plural
from kemai.platform.fields import KINDS, FieldSpec, Label, kind_of
from kemai.platform.fields.exchange import Exchange
from kemai.platform.models import (
    ChangeSet,
    DeadlineColumn,
    MonthColumn,
    MultiChoiceColumn,
    Option,
    SealedColumn,
)
from kemai.platform.objects import layouts
from kemai.platform.objects.live import fixed_or_live
from kemai.platform.objects.own import current, shape_of
from kemai.platform.objects.pages import Complete, Explain, FindSimilar, TimelineSource

if TYPE_CHECKING:
    from kemai.platform.access import Actor

VERBS = (
    "view", "create", "edit", "delete", "transfer", "share", "export", "print", "import", "bulk", "reveal", "api",
    "release",
)  # fmt: skip
PERSONAL_KINDS = frozenset({"phone", "id_number", "email"})
MANAGED = frozenset({"created_at", "created_by", "updated_at"})
TAGS_LABEL = _("标签")
OTHER_LABEL = _("其他信息")
SYSTEM_LABEL = _("系统信息")


def many(label: str) -> str:
    """The word for several, in a language that has one: a heading over a list."""
    return plural(label) if get_language() == "en" else label


@dataclass(frozen=True)
class Section:
    """A titled group of fields on forms and record pages."""

    title: Label
    fields: tuple[str, ...]
    columns: int
    """How many fields stand beside each other where there is room."""

    def __init__(self, title: Label, *fields: str, columns: int = 1) -> None:
        object.__setattr__(self, "title", title)
        object.__setattr__(self, "fields", fields)
        object.__setattr__(self, "columns", columns)


@dataclass(frozen=True)
class View:
    """A list that comes with the type: a condition tree, and how it is sorted and shown where that differs."""

    key: str
    label: Label
    where: Mapping[str, Any] | None = None
    sort: str = ""
    columns: tuple[str, ...] = ()
    display: str = ""


@dataclass(frozen=True)
class Panel:
    """A piece of a record page that an app contributes: `render(actor, row)` gives the template's context,
    or None where there is nothing to show."""

    key: str
    title: Label
    template: str
    render: Callable[..., Mapping[str, Any] | None]
    place: str = "tab"
    """'head' (beside the title), 'top' (above everything in the middle) and 'composer' (above the timeline) are in the
    page at once, 'side' (right column) and 'tab' are fetched after it."""
    order: int = 50


@dataclass(frozen=True)
class Action:
    """Something that may be done with one record or with many: a button, a bulk action and an API call in one."""

    key: str
    label: Label
    icon: str
    run: Callable[..., Any]
    """`run(actor, ids, **params)` through the write door; returns a sentence for the person."""
    verb: str = "edit"
    bulk: bool = True
    ready: Callable[[Mapping[str, Any]], str | None] | None = None
    """Of the record's row: '' when it can be done now, a sentence why not, None to leave the button out."""
    form: str = ""
    """The name of an address (with the record's id) whose page asks for what the act needs, shown in a dialogue."""
    main: bool = False
    """What one usually does next with a record in that state: its button stands out."""


class Spared(Protocol):
    """What a write left as it was, by the places of the values that it was asked about; `note` keeps what was brought
    at some of them."""

    @property
    def places(self) -> frozenset[int]: ...

    def note(self, changes: ChangeSet | None, places: Collection[int]) -> None: ...


@dataclass(frozen=True)
class Hooks:
    """What is particular to an object type in the write door. Both run inside its transaction.

    `prepare(values, existing, actor)` may add or correct column values, or raise Invalid/FieldErrors; it asks the
    database nothing; `early` says that for new records it may be called beforehand, in another thread, out of
    their order. `check(values, existing, actor)` sees all records of one act, new ones without existing, and
    asks the database once for all of them.
    `after(objects, changed, actor)` follows the save; `changed` is the set of field keys, empty for creation.
    `heeds` are the fields whose change `after` has to do with, where it does not look at others.
    `spare(values, existing, actor)` may take out of the values of records that are there what this actor must not
    overwrite, before anything else is looked at; it says what it took.
    `check_delete(objects, actor)` may refuse that records go to the recycle bin, by hand or by an undo; and
    `check_restore(objects, actor)`, still in the bin, that they come back from there.
    `check_merge(keep, gone, actor)` may refuse to make one of several; `merged(keep, gone, actor)` follows when they
    are one and returns what it made; `parted(objects, actor)` follows when they are several again."""

    spare: Callable[[Sequence[dict[str, Any]], Sequence[Any], Actor], Spared | None] | None = None
    prepare: Callable[[dict[str, Any], Any, Actor], None] | None = None
    early: bool = False
    check: Callable[[Sequence[dict[str, Any]], Sequence[Any], Actor], None] | None = None
    after: Callable[[Sequence[Any], frozenset[str], Actor], None] | None = None
    heeds: frozenset[str] | None = None
    check_delete: Callable[[Sequence[Any], Actor], None] | None = None
    check_restore: Callable[[Sequence[Any], Actor], None] | None = None
    check_merge: Callable[[Any, Sequence[Any], Actor], None] | None = None
    merged: Callable[[Any, Sequence[Any], Actor], Sequence[models.Model]] | None = None
    parted: Callable[[Sequence[Any], Actor], None] | None = None


@dataclass(frozen=True)
class Numbering:
    """Numbers given to new records that bring none: prefix, year if wanted, running number."""

    field: str
    prefix: str
    digits: int = 6


@dataclass(frozen=True)
class Lanes:
    """A board that shows the columns of one value of another choice at a time (the stages of one pipeline).

    `of(option)` is the value that a column belongs to; `weighted` a second sum of the columns; `notes(keys)` what a
    card warns of; `ask(key, column)` the address of a form that has to be answered before a card may go there, '' for
    none; each notes and ask with one query at the most."""

    field: str
    of: Callable[[Option], str]
    weighted: str = ""
    notes: Callable[[Sequence[int]], Mapping[int, str]] = lambda keys: {}
    ask: Callable[[int, str], str] = lambda key, column: ""


@dataclass(frozen=True, eq=False)
class ObjectType:
    """One kind of record. Model first: fields come from the model's columns; a column without a label is no field."""

    key: str
    model: type[models.Model]
    title: str
    icon: str = "file"
    nav: str = ""
    """The group of the side bar: customers, sales, …, settings; '' for types that stand only on others' pages."""
    quick: bool = False
    """The + offers it although it has no place of its own in the side bar."""
    nav_order: int = 50
    search: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    form: tuple[Section, ...] = ()
    sections: tuple[Section, ...] = ()
    """The record page's sections, where they differ from the form's (derived facts, say)."""
    badges: tuple[str, ...] = ()
    views: tuple[View, ...] = ()
    """Lists besides those that every type has (all, mine, the latest)."""
    first_view: str = ""
    """The key of the view that the bare address of the list shows; '' for all records."""
    purpose: Label = ""
    """What these records are for, in a sentence: said where there are none yet."""
    board: str = ""
    lanes: Lanes | None = None
    card: tuple[str, ...] = ()
    """The fields on a card of the board, where they are not the list's columns."""
    date: str = ""
    """The field by which records stand on a timeline or calendar."""
    parent: str = ""
    """The reference to the record this one belongs to: rights are then the parent's."""
    owner: str = ""
    parts: tuple[str, ...] = ()
    """Reverse one-to-one relations whose columns are fields of this type, read-only and derived."""
    unique: tuple[str, ...] = ()
    """Fields by which an import or the API finds an existing record."""
    private: tuple[str, ...] = ()
    bare: tuple[str, ...] = ()
    """Amounts in a currency that another field names."""
    exchange: Exchange | None = None
    """How these become the company's own currency, to be added up."""
    omit: tuple[str, ...] = ()
    """Columns that are no fields at all: secrets, and what other code keeps in the same table."""
    computed: tuple[FieldSpec, ...] = ()
    sort: str = "-id"
    sort_paths: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, Sequence[Option]] = field(default_factory=dict)
    """Options of text columns that hold codes of another type's choice (a derived channel, say), or of records
    (`LiveOptions`: the stages of a pipeline)."""
    small: bool = False
    """At most some thousands of records: every column may be sorted, references are chosen from a list."""
    timeline: bool = False
    tags: bool = False
    creatable: bool = True
    administered: bool = False
    """Changed on the pages of the settings only: no role can grant more than viewing these records."""
    importable: bool = True
    numbering: Numbering | None = None
    hooks: Hooks = field(default_factory=Hooks)
    explain: Explain | None = None
    """Why a derived value is what it is, and where a traced one comes from."""
    traced: tuple[str, ...] = ()
    """Typed fields that more than one channel brings: `explain` says where their values come from."""
    similar_by: tuple[str, ...] = ()
    """Further fields that tell doubles apart, besides the title and the unique ones."""
    doubles: Mapping[str, str] = field(default_factory=dict)
    """Fields by which doubles are looked for, and as what each is read (`define.doubles`), unless an administrator says
    otherwise. A type with a `similar` of its own finds them by itself while one types."""
    similar: FindSimilar | None = None
    """Records that one being typed may double."""
    complete: Complete | None = None
    """How much of a record is known, and what to ask next."""
    sources: list[TimelineSource] = field(default_factory=list)
    """What stands on the record's timeline besides its changes."""
    panels: list[Panel] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    related: list[tuple[str, str]] = field(default_factory=list)
    related_labels: dict[tuple[str, str], Label] = field(default_factory=dict)
    """Related lists on the record page: (object key, its reference field), set by the other type's registration."""
    called: Label = ""
    """The name of an own type; a declared one is called as its model."""
    labels: Mapping[str, Label] = field(default_factory=dict)
    """Other names for some columns."""
    together: tuple[tuple[str, ...], ...] = ()
    """Own fields that only together must be unique."""
    own: bool = False
    """Defined on screen: its records share a table with those of other own types."""
    mark: str = ""
    """Of an own type: what its definition was."""

    @property
    def label(self) -> Label:
        return self.called or self.model._meta.verbose_name or self.key

    def records(self) -> models.QuerySet[Any]:
        """All records of the type, deleted ones too. Not for people's eyes: those go through access.scope."""
        rows = self.model._default_manager.all()
        return rows.filter(type_key=self.key) if self.own else rows

    @property
    def plural(self) -> str:
        """The label of many, in the language of the moment: what a list is called."""
        return many(str(self.label))

    @cached_property
    def has_owner(self) -> bool:
        return has_column(self.model, "owner")

    @cached_property
    def recycles(self) -> bool:
        """Deleted records go to the recycle bin."""
        return has_column(self.model, "deleted_at")

    @property
    def fields(self) -> Mapping[str, FieldSpec]:
        """Every field by key: the model's columns, the parts', tags, computed ones, and those made on screen."""
        return shape_of(self).fields

    @cached_property
    def declared(self) -> Mapping[str, FieldSpec]:
        """The fields that code describes."""
        found: dict[str, FieldSpec] = {}
        indexed = leading_columns(self.model)
        for column in self.model._meta.concrete_fields:
            spec = self.derive(column, indexed=indexed)
            if spec:
                found[spec.key] = spec
        for part in self.parts:
            model = part_model(self.model, part)
            indexed = leading_columns(model)
            for column in model._meta.concrete_fields:
                spec = None if column.primary_key else self.derive(column, indexed=indexed, part=part)
                if spec:
                    found[spec.key] = spec
        if self.tags:
            found["tags"] = FieldSpec("tags", "tags", TAGS_LABEL, KINDS["tags"])
        for spec in self.computed:
            found[spec.key] = spec
        return found

    def derive(
        self, column: models.Field[Any, Any], *, indexed: frozenset[str], part: str = ""
    ) -> FieldSpec | None:
        several = isinstance(column, MultiChoiceColumn)
        kind = KINDS["choice"] if column.name in self.choices and not several else kind_of(column)
        if kind is None or column._verbose_name is None or column.primary_key:  # type: ignore[attr-defined]
            return None
        key = column.name
        if key in self.omit:
            return None
        ref_type = registry_by_model(column.related_model) if column.is_relation else None
        readonly = bool(part) or not column.editable or key in MANAGED
        default = column.get_default() if column.has_default() else None
        return FieldSpec(
            key=key,
            path=f"{part}__{key}" if part else key,
            label=self.labels.get(key, column.verbose_name),
            type=kind,
            required=not (column.blank or column.null or readonly or column.has_default()),
            unique=key in self.unique,
            readonly=readonly,
            private=key in self.private,
            personal=kind.key in PERSONAL_KINDS,
            nullable=column.null,
            sealed=isinstance(column, SealedColumn),
            deadline=isinstance(column, DeadlineColumn),
            month=isinstance(column, MonthColumn),
            sortable=(self.small and not isinstance(column, models.JSONField))
            or key in indexed
            or key in self.sort_paths,
            sort_path=self.sort_paths.get(key, ""),
            help=column.help_text,
            default=default,
            options=fixed_or_live(self.choices.get(key, getattr(column, "options", ()))),
            ref=ref_type.key if ref_type else "",
            ref_title=ref_type.title if ref_type else "name",
            max_length=getattr(column, "max_length", None),
            bare=key in self.bare,
            exchange=self.exchange if key in self.bare else None,
            part=part,
        )

    def field(self, key: str) -> FieldSpec:
        """Raises UnknownField, which lists what there is."""
        try:
            return self.fields[key]
        except KeyError:
            raise UnknownField(self.key, key, tuple(self.fields)) from None

    @property
    def named(self) -> frozenset[str]:
        """The fields that the description names itself: these may be private and are shown all the same."""
        return shape_of(self).named

    @property
    def searched(self) -> tuple[str, ...]:
        """The fields whose values the search finds."""
        return shape_of(self).searched

    @property
    def unique_keys(self) -> tuple[str, ...]:
        """The fields that tell a record from all others, own ones included."""
        return shape_of(self).keys

    @property
    def unique_together(self) -> Sequence[tuple[str, ...]]:
        """Fields that only together must be unique, as an administrator said."""
        return self.together or current().together.get(self.key, ())

    @property
    def compared(self) -> Mapping[str, str]:
        """The fields that tell doubles, and as what each is read, as an administrator said or as declared."""
        told = current().doubles.get(self.key, self.doubles)
        fields = self.fields if told else {}
        return {key: role for key, role in told.items() if key in fields and fields[key].type.key != "broken"}

    @property
    def related_lists(self) -> list[tuple[str, str]]:
        """The related lists of the record page, with those of own references that point here."""
        return [*self.related, *current().related.get(self.key, ())]

    @property
    def declared_form(self) -> tuple[Section, ...]:
        """The declared sections, and last one with whatever they do not name."""
        return shape_of(self).form

    @property
    def declared_page(self) -> tuple[Section, ...]:
        return shape_of(self).page

    # how it is laid out for somebody with these roles (Actor.role_ids)

    def form_sections(self, roles: layouts.Roles = ()) -> tuple[Section, ...]:
        """As an administrator laid the form out, or as it is declared."""
        return layouts.sections(self, "form", roles) or self.declared_form

    def page_sections(self, roles: layouts.Roles = ()) -> tuple[Section, ...]:
        return layouts.sections(self, "page", roles) or self.declared_page

    def list_columns(self, roles: layouts.Roles = ()) -> tuple[str, ...]:
        """The columns that a list shows unless a view or a person says otherwise."""
        return layouts.columns(self, roles) or self.columns

    def card_fields(self, roles: layouts.Roles = ()) -> tuple[str, ...]:
        """The fields on a card of the board."""
        card = layouts.card(self, roles)
        return (self.card or self.list_columns(roles)) if card is None else card

    def board_field(self, roles: layouts.Roles = ()) -> str:
        """The choice by which the board has its columns."""
        return layouts.board(self, roles) or self.board


class UnknownField(LookupError):
    """A field that the object type does not have; `allowed` are those it has."""

    def __init__(self, type_key: str, name: str, allowed: tuple[str, ...]) -> None:
        super().__init__(f"{type_key}.{name}")
        self.type_key = type_key
        self.name = name
        self.allowed = allowed


def has_column(model: type[models.Model], name: str) -> bool:
    try:
        model._meta.get_field(name)
    except FieldDoesNotExist:
        return False
    return True


def part_model(model: type[models.Model], part: str) -> type[models.Model]:
    related = model._meta.get_field(part).related_model
    if related is None or isinstance(related, str):
        raise TypeError(f"{model.__name__}.{part} is not a one-to-one part")
    return related


def leading_columns(model: type[models.Model]) -> frozenset[str]:
    """The columns that some index begins with: those a list of a million records may be sorted by."""
    leading = {c.name for c in model._meta.concrete_fields if getattr(c, "db_index", False) or c.unique}
    for index in model._meta.indexes:
        if index.fields and index.condition is None:
            leading.add(index.fields[0].removeprefix("-"))
    for constraint in model._meta.constraints:
        whole = getattr(constraint, "condition", None) in (None, models.Q(deleted_at=None))
        if isinstance(constraint, models.UniqueConstraint) and constraint.fields and whole:
            leading.add(constraint.fields[0])
    return frozenset(leading)


def registry_by_model(model: type[models.Model] | None) -> ObjectType | None:
    from kemai.platform.objects.registry import by_model

    return by_model(model) if model is not None else None
