"""From what a file calls another record (its number, phone, name) to the record, many at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _

from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.fields import FieldSpec, Invalid, Ref
from kemai.platform.imports.mapping import ColumnMap
from kemai.platform.imports.parsers import Bad
from kemai.platform.imports.shapes import matcher_of
from kemai.platform.imports.work import Task
from kemai.platform.objects import ObjectType, get
from kemai.platform.records import create_chunk

KEPT = 200_000
Found = Ref | Bad
Fill = Callable[[str], dict[str, Any]]
"""Further values of a record that is made because it was missing: name → {field: value}."""


def lookup_keys(object_type: ObjectType) -> list[str]:
    """By which fields another record may be named: what is unique to it, then its title."""
    return list(dict.fromkeys((*object_type.unique_keys, object_type.title)))


def can_make(object_type: ObjectType, by: Actor) -> bool:
    """May a missing one be made from its title alone?"""
    required = {key for key, spec in object_type.fields.items() if spec.required}
    return object_type.creatable and required <= {object_type.title} and access.may(by, object_type, "create")


class References:
    """Looks up one kind of record for one task and remembers what it found."""

    def __init__(self, task: Task, spec: FieldSpec, column: ColumnMap, fill: Fill | None = None) -> None:
        self.task = task
        self.spec = spec
        self.column = column
        self.fill = fill
        self.known: dict[str, Found] = {}
        self.user = spec.type.key == "user"
        self.type = get("user" if self.user else spec.ref or spec.refs)
        self.keys = ["username", "name", "email"] if self.user else self.lookup_order()
        self.label = str(self.type.label)

    def lookup_order(self) -> list[str]:
        keys = lookup_keys(self.type)
        return [self.column.by] if self.column.by in keys else keys

    def forget(self) -> None:
        self.known.clear()

    def resolve(self, texts: Iterable[str]) -> dict[str, Found]:
        """What each text names; Bad with the reason where it names none or several."""
        wanted = dict.fromkeys(texts)
        if len(self.known) > KEPT:
            self.known.clear()
        missing = [text for text in wanted if text not in self.known]
        for key in self.keys:
            if not missing:
                break
            self.known.update(self.find(key, missing))
            missing = [text for text in missing if text not in self.known]
        if missing:
            self.known.update(self.make(missing) if self.makes else self.complain(missing))
        return self.known

    @property
    def makes(self) -> bool:
        return self.column.create and not self.user and can_make(self.type, self.task.by)

    def complain(self, texts: Sequence[str]) -> Iterator[tuple[str, Found]]:
        for text in texts:
            yield text, Bad(_("没有找到%(object)s“%(value)s”") % {"object": self.label, "value": text[:60]})

    def find(self, key: str, texts: Sequence[str]) -> dict[str, Found]:
        values = self.parsed(key, texts)
        found: dict[Any, list[Ref]] = defaultdict(list)
        for chunk in slices(list(values)):
            for pk, value, title in self.rows(key, chunk):
                found[value].append(Ref(pk, str(title)))
        self.add_matched(key, values, found)
        answer: dict[str, Found] = {}
        for value, names in values.items():
            refs = found.get(value, [])
            if refs:
                for text in names:
                    answer[text] = refs[0] if len(refs) == 1 else self.several(text, len(refs))
        return answer

    def parsed(self, key: str, texts: Sequence[str]) -> dict[Any, list[str]]:
        """{value of the field: the texts that mean it}; texts that cannot be such a value are left out."""
        values: dict[Any, list[str]] = defaultdict(list)
        spec = self.type.fields.get(key)
        for text in texts:
            try:
                value = text if spec is None or self.user else spec.type.parse(text, spec)
            except Invalid:
                continue
            values[value].append(text)
        return values

    def rows(self, key: str, values: Sequence[Any]) -> Iterable[tuple[int, Any, Any]]:
        if self.user:
            people = get_user_model()._default_manager.filter(is_active=True, **{f"{key}__in": values})
            return people.values_list("pk", key, "name")
        path = self.type.fields[key].path
        visible = access.scope(self.task.by, self.type).filter(**{f"{path}__in": values})
        if self.type.fields[key].own is None:
            visible = visible.exclude(**{path: ""})
        return visible.values_list("pk", path, self.type.title)

    def add_matched(self, key: str, values: dict[Any, list[str]], found: dict[Any, list[Ref]]) -> None:
        matcher = matcher_of(self.type.key, key)
        if matcher is None:
            return
        more = matcher([value for value in values if value not in found])
        visible = access.scope(self.task.by, self.type).filter(pk__in=set(more.values()))
        titles = dict(visible.values_list("pk", self.type.title))
        for value, pk in more.items():
            if pk in titles:
                found[value].append(Ref(pk, str(titles[pk])))

    def several(self, text: str, count: int) -> Bad:
        names = {"count": count, "object": self.label, "value": text[:60]}
        return Bad(_("有 %(count)s 个%(object)s都叫“%(value)s”，请改用编号") % names)

    def make(self, texts: Sequence[str]) -> dict[str, Found]:
        """New records for what is missing; in a rehearsal they only get a number below zero."""
        self.task.made[self.type.key] += len(texts)
        if self.task.rehearsal:
            first = self.task.made[self.type.key]
            return {text: Ref(-(first + place), text) for place, text in enumerate(texts)}
        rows = [self.new_row(text) for text in texts]
        keys = create_chunk(self.type, rows, by=self.task.by, changeset=self.task.change(), parsed=True)
        return {text: Ref(key, text) for text, key in zip(texts, keys, strict=True)}

    def new_row(self, text: str) -> dict[str, Any]:
        title = self.type.fields[self.type.title]
        most = title.max_length or 200
        row: dict[str, Any] = {self.type.title: text[:most]}
        key = self.column.by
        if key and key != self.type.title and key in self.type.fields:
            row[key] = self.type.fields[key].type.parse(text, self.type.fields[key])
        return row | (self.fill(text) if self.fill else {})


def slices(items: Sequence[Any], size: int = 5000) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
