"""One record as its pages need it: what the actor sees of it and may do with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from kemai.platform import access, query, records
from kemai.platform.access import Actor, Masked
from kemai.platform.fields import FieldSpec, Label, Ref
from kemai.platform.models import Option
from kemai.platform.objects import Known, ObjectType, get
from kemai.platform.query.formula import plan_of
from kemai.platform.records.conditional import applies
from kemai.platform.ui import cells

VERBS = ("edit", "delete", "reveal", "print", "transfer")
LONG = 40
"""Facts of a section; of a longer one the empty facts are left out."""
FILES = frozenset({"file", "image"})
COPIED = frozenset({"phone", "email", "credit_code", "id_number", "url"})


@dataclass(frozen=True)
class Fact:
    """One line of the facts: a field with its value and what can be done with it here."""

    spec: FieldSpec
    value: Any
    label: Label
    edit_url: str = ""
    why_url: str = ""
    copy_text: str = ""
    reveal_url: str = ""
    file_url: str = ""
    picture_url: str = ""
    broken: Label = ""
    """Why what stands here is not worked out any more; '' where it is."""


@dataclass(frozen=True)
class FactSection:
    title: Label
    facts: Sequence[Fact]
    open: bool
    left_out: int = 0
    """Empty facts of a long section that are shown on request."""
    columns: int = 1


class Subject:
    """Raises access.NotVisible where there is no such record for the actor."""

    def __init__(self, actor: Actor, type_key: str, pk: int, *, columns: Sequence[str] | None = None) -> None:
        self.actor = actor
        self.type: ObjectType = get(type_key)
        self.pk = pk
        self.levels: Mapping[str, str] = access.levels_on(actor, self.type, pk)
        fields = self.type.fields
        keys = columns or [key for key, spec in fields.items() if not spec.private or key in self.named]
        self.specs = [fields[key] for key in keys if self.levels[key] != "hidden"]
        self.row = self.read()

    @cached_property
    def named(self) -> frozenset[str]:
        """The fields that the object type shows by name, private ones included."""
        return frozenset(
            key for section in self.type.page_sections(self.actor.role_ids) for key in section.fields
        )

    def read(self) -> query.Row:
        return records.row_of(self.type, self.pk, by=self.actor, specs=self.specs)

    @cached_property
    def url(self) -> str:
        return reverse("record", args=[self.type.key, self.pk])

    @property
    def list_url(self) -> str:
        return reverse("list", args=[self.type.key])

    @cached_property
    def abilities(self) -> frozenset[str]:
        return access.abilities(self.actor, self.type, self.pk, VERBS)

    @property
    def may_edit(self) -> bool:
        return "edit" in self.abilities

    @cached_property
    def title(self) -> str:
        spec = self.type.fields.get(self.type.title)
        text = cells.text(spec, self.row[spec.key]) if spec is not None and spec.key in self.row else ""
        return text or _("未命名的%(type)s") % {"type": self.type.label}

    @cached_property
    def number(self) -> str:
        numbering = self.type.numbering
        if numbering is None or numbering.field == self.type.title:
            return ""
        return str(self.row.get(numbering.field) or "")

    @property
    def parent(self) -> dict[str, str] | None:
        """The record that this one belongs to."""
        ref = self.row.get(self.type.parent) if self.type.parent else None
        if ref is None or not ref.title:
            return None
        return {
            "title": ref.title,
            "url": reverse("record", args=[self.type.fields[self.type.parent].ref, ref.id]),
        }

    @property
    def owner(self) -> str:
        owner = self.row.get("owner")
        return owner.title if owner else ""

    @cached_property
    def badges(self) -> list[tuple[Option, Label]]:
        """The values that say the record's state, with their fields' labels; two that read alike are said once."""
        found: dict[str, tuple[Option, Label]] = {}
        for key in self.type.badges:
            spec, value = self.type.fields[key], self.row.get(key)
            if value in (None, "", False):
                continue
            option = Option("", str(spec.label), "orange") if value is True else spec.option(value)
            if option is not None:
                found.setdefault(str(option.label), (option, spec.label))
        return list(found.values())

    @cached_property
    def known(self) -> Known | None:
        """How much is known; None where the type does not say, or the actor may not see enough to judge."""
        complete = self.type.complete
        return complete(self.row) if complete is not None else None

    @property
    def question(self) -> tuple[str, str]:
        """The next thing to ask: a sentence, and the key of its field."""
        missing = [key for key in (self.known.missing if self.known else ()) if self.editable(key)]
        if not missing:
            return "", ""
        return _("补上：%(field)s") % {"field": self.type.fields[missing[0]].label}, missing[0]

    def editable(self, key: str) -> bool:
        return self.may_edit and self.levels.get(key) == "edit" and self.type.fields[key].compute is None

    def fact(self, spec: FieldSpec) -> Fact:
        value = self.row.get(spec.key)
        masked = self.levels[spec.key] == "masked"
        explained = (bool(spec.part) or spec.key in self.type.traced) and not masked
        derived = explained and self.type.explain is not None
        filled = not spec.type.is_empty(value)
        return Fact(
            spec,
            value,
            spec.label,
            edit_url=f"{self.url}/field/{spec.key}" if self.editable(spec.key) else "",
            why_url=f"{self.url}/why/{spec.key}" if derived and filled else "",
            copy_text=cells.text(spec, value) if filled and not masked and spec.type.key in COPIED else "",
            reveal_url=f"{self.url}/reveal/{spec.key}" if self.revealable(spec, value) else "",
            file_url=f"{self.url}/value/{spec.key}"
            if isinstance(value, Ref) and spec.type.key in FILES
            else "",
            picture_url=f"{self.url}/picture/{spec.key}"
            if isinstance(value, Ref) and spec.type.key == "image"
            else "",
            broken=self.unworked(spec),
        )

    def unworked(self, spec: FieldSpec) -> Label:
        """Why a formula or roll-up is not worked out: what it names is gone. '' where it is, and for other fields."""
        if spec.own is None or not spec.own.computed:
            return ""
        return spec.own.broken or plan_of(self.type).broken.get(spec.key, "")

    def revealable(self, spec: FieldSpec, value: object) -> bool:
        return isinstance(value, Masked) and bool(value) and "reveal" in self.abilities

    everything: bool = False
    """Also the empty facts of long sections."""

    def filled(self, specs: Sequence[FieldSpec]) -> list[FieldSpec]:
        """Nobody reads two hundred times that something is not filled in."""
        return [one for one in specs if not one.type.is_empty(self.row.get(one.key)) or self.unworked(one)]

    def wanted(self, spec: FieldSpec) -> bool:
        """A field that is not asked for here, and empty, is not shown either."""
        return not spec.type.is_empty(self.row.get(spec.key)) or applies(self.type, spec, self.row)

    @cached_property
    def sections(self) -> list[FactSection]:
        """The facts by section; the last one, of the system, is closed at first."""
        found, seen = [], set()
        shown = {spec.key for spec in self.specs}
        declared = self.type.page_sections(self.actor.role_ids)
        for place, section in enumerate(declared):
            specs = [self.type.fields[key] for key in section.fields if key in shown and key not in seen]
            specs = [spec for spec in specs if self.wanted(spec)]
            seen |= {spec.key for spec in specs}
            if specs:
                is_open = place < len(declared) - 1 or place == 0
                shown_specs = specs if self.everything or len(specs) <= LONG else self.filled(specs)
                facts = [self.fact(spec) for spec in shown_specs]
                found.append(
                    FactSection(section.title, facts, is_open, len(specs) - len(facts), section.columns)
                )
        return found
