"""What taking back a change set comes to: worked out before anything is written, by the same code for the preview and
for the act itself.

A value goes back where it still is the one that the change set gave, and nobody has touched that field since. What
somebody did later counts only while it stands: later acts that were taken back themselves are as if never done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from kemai.platform import audit, query
from kemai.platform.fields import FieldSpec
from kemai.platform.models import Change, ChangeSet, StoredFile
from kemai.platform.objects import ObjectType, UnknownObject, get
from kemai.platform.records.mass import names
from kemai.platform.records.recycle import child_types, children, dead_parents, every

FILE_KINDS = frozenset({"file", "image"})
NOTED = ("reveal", "download", "export", "login")
"""Actions in the log that are no work on a record."""


class Kept(NamedTuple):
    """Something that stays as it is. `why`: later | children | parent | gone | field | file | rule | duplicate, or
    the sentence of the rule that refused."""

    type_key: str
    object_id: int
    field: str
    why: str


@dataclass
class Later:
    """What others did to a record after the change in question."""

    fields: set[str] = field(default_factory=set)
    tags: set[str] = field(default_factory=set)

    def add(self, change: Change) -> None:
        self.fields.update(change.diff or {""})
        if change.diff and "tags" in change.diff:
            old, new = change.diff["tags"]
            self.tags |= set(old or ()) ^ set(new or ())


@dataclass
class Steps:
    """The way back for the changes of one type: `values` are {record: {field: plain value}}, `tags` {record: (to set,
    to take)}."""

    type: ObjectType
    bin: list[int] = field(default_factory=list)
    back: list[int] = field(default_factory=list)
    values: dict[int, dict[str, Any]] = field(default_factory=dict)
    tags: dict[int, tuple[list[str], list[str]]] = field(default_factory=dict)
    files: dict[int, dict[int, str]] = field(default_factory=dict)
    """{record: {file: name}} that the act brought."""
    files_back: dict[int, dict[int, str]] = field(default_factory=dict)
    """Those that the act, an undo, took away."""
    in_fields: set[int] = field(default_factory=set)
    """Of all these, the ones that a field holds: the log names them there."""
    kept: list[Kept] = field(default_factory=list)

    def keep(self, key: int, name: str = "", why: str = "later") -> None:
        self.kept.append(Kept(self.type.key, key, name, why))

    @property
    def touched(self) -> set[int]:
        return {*self.bin, *self.back, *self.values, *self.tags, *self.files, *self.files_back}


def rounds(changes: Sequence[Change]) -> Iterator[list[Change]]:
    """The changes in rounds in which no record comes twice: what an act did last to a record is taken back first."""
    seen: dict[tuple[str, int], int] = {}
    found: list[list[Change]] = []
    for change in changes:
        place = (change.type_key, change.object_id)
        turn = seen.get(place, 0)
        seen[place] = turn + 1
        if turn == len(found):
            found.append([])
        found[turn].append(change)
    yield from found


def by_type(changes: Sequence[Change]) -> Iterator[tuple[ObjectType | None, list[Change]]]:
    """The changes by type, children before what they belong to; None for types that are gone."""
    grouped: dict[str, list[Change]] = {}
    for change in changes:
        grouped.setdefault(change.type_key, []).append(change)
    for key in sorted(grouped, key=depth, reverse=True):
        yield known(key), grouped[key]


def known(key: str) -> ObjectType | None:
    try:
        return get(key)
    except UnknownObject:
        return None


def depth(key: str) -> int:
    """How many parents a type has above it."""
    found, steps = known(key), 0
    while found is not None and found.parent and steps < 10:
        found, steps = known(found.fields[found.parent].ref), steps + 1
    return steps


class Planner:
    """Plans change after change. `pretend` is for the preview: what has been planned counts as done."""

    def __init__(self, original: ChangeSet, *, pretend: bool = False) -> None:
        self.original = original
        self.pretend = pretend
        self.holding: set[str] = set()
        self.there: set[int] = set()
        self.brought: dict[int, dict[int, str]] = {}
        self.removed: dict[int, dict[int, str]] = {}
        self.held: dict[int, set[Any]] = {}
        self.pretended: dict[tuple[str, int], dict[str, Any]] = {}

    def plan(self, object_type: ObjectType, changes: Sequence[Change]) -> Steps:
        """For one round of changes of one type."""
        steps = Steps(object_type)
        later = self.later(object_type, changes)
        ids = [change.object_id for change in changes]
        states = dict(every(object_type).filter(pk__in=ids).values_list("pk", "deleted_at"))
        alive = [change for change in changes if change.object_id in states]
        for change in changes:
            if change.object_id not in states:
                steps.keep(change.object_id, why="gone")
        self.creations([c for c in alive if c.action == "create"], states, later, steps)
        self.flips([c for c in alive if c.action in {"delete", "restore"}], states, later, steps)
        self.updates([c for c in alive if c.action == "update"], later, steps)
        if self.pretend:
            self.remember(steps)
        return steps

    def later(self, object_type: ObjectType, changes: Sequence[Change]) -> Mapping[int, Later]:
        """What stands of others' later work on these records. One query, which finds nothing for most imports."""
        own = {change.object_id: change.pk for change in changes}
        rows = Change.objects.filter(
            type_key=object_type.key,
            object_id__in=list(own),
            pk__gt=min(own.values()),
            changeset__undone_by=None,
        )
        rows = rows.exclude(changeset=self.original).exclude(changeset__kind="undo").exclude(action__in=NOTED)
        found: dict[int, Later] = {}
        for row in rows:
            if row.pk > own[row.object_id]:
                found.setdefault(row.object_id, Later()).add(row)
        return found

    def creations(
        self, changes: Sequence[Change], states: Mapping[int, Any], later: Mapping[int, Later], steps: Steps
    ) -> None:
        """To the bin, unless somebody worked on them or added something to them since."""
        ids = [change.object_id for change in changes]
        parents = self.with_foreign_children(steps.type, ids)
        for key in ids:
            if key in later:
                steps.keep(key)
            elif key in parents:
                steps.keep(key, why="children")
            elif states[key] is None:
                steps.bin.append(key)

    def with_foreign_children(self, object_type: ObjectType, ids: Sequence[int]) -> set[int]:
        """Those that something belongs to which this act has not made."""
        found: set[int] = set()
        for child in child_types(object_type) if ids else ():
            path = child.fields[child.parent].path
            rows = children(child, ids).filter(deleted_at=None)
            own = Change.objects.filter(changeset=self.original, type_key=child.key, action="create")
            rows = rows.exclude(pk__in=own.values("object_id"))
            found |= set(rows.values_list(path, flat=True).distinct())
        return found

    def flips(
        self, changes: Sequence[Change], states: Mapping[int, Any], later: Mapping[int, Later], steps: Steps
    ) -> None:
        """Deleted ones come back, restored ones go again, where nobody has flipped them since."""
        wanted = [change for change in changes if change.action == "delete"]
        orphans = self.orphans(steps.type, [change.object_id for change in wanted])
        for change in changes:
            key = change.object_id
            if key in later and "" in later[key].fields:
                steps.keep(key)
            elif change.action == "delete" and states[key] is not None:
                if key in orphans:
                    steps.keep(key, why="parent")
                else:
                    steps.back.append(key)
            elif change.action == "restore" and states[key] is None:
                steps.bin.append(key)

    def orphans(self, object_type: ObjectType, ids: Sequence[int]) -> set[int]:
        """Those whose parent stays deleted: it is deleted, and not by this act."""
        dead = dead_parents(object_type, ids) if ids else set()
        if not dead:
            return set()
        spec = object_type.fields[object_type.parent]
        ours = Change.objects.filter(
            changeset=self.original, type_key=spec.ref, action="delete", object_id__in=dead
        )
        still = dead - set(ours.values_list("object_id", flat=True))
        return set(
            every(object_type).filter(pk__in=ids, **{f"{spec.path}__in": still}).values_list("pk", flat=True)
        )

    def updates(self, changes: Sequence[Change], later: Mapping[int, Later], steps: Steps) -> None:
        if not changes:
            return
        object_type = steps.type
        wanted = {name for change in changes for name in change.diff or {}}
        specs = [object_type.fields[name] for name in wanted if name in object_type.fields and name != "tags"]
        ids = [change.object_id for change in changes]
        rows = {
            row["id"]: row for row in query.fetch(every(object_type).filter(pk__in=ids), object_type, specs)
        }
        tagged = names(object_type, ids) if "tags" in wanted else {}
        self.look_at_files(object_type, changes, specs)
        for change in changes:
            key = change.object_id
            now = {spec.key: audit.plain(spec, rows[key].get(spec.key)) for spec in specs}
            now |= self.pretended.get((object_type.key, key), {})
            self.update(change, now, tagged.get(key, []), later.get(key) or Later(), steps)

    def update(
        self, change: Change, now: Mapping[str, Any], tagged: list[str], later: Later, steps: Steps
    ) -> None:
        back: dict[str, Any] = {}
        for name, (old, new) in (change.diff or {}).items():
            if name == "tags":
                self.retag(change.object_id, old or [], new or [], tagged, later, steps)
            elif name == audit.FILES:
                self.unfile(change.object_id, steps)
            elif name not in steps.type.fields:
                steps.keep(change.object_id, name, "field")
            elif name in self.holding and old is not None and old not in self.there:
                steps.keep(change.object_id, name, "file")
            elif name in later.fields or now[name] != new:
                steps.keep(change.object_id, name)
            else:
                back[name] = old
                if name in self.holding:
                    self.move_held(change.object_id, old, new, steps)
        if back:
            steps.values[change.object_id] = back

    def look_at_files(
        self, object_type: ObjectType, changes: Sequence[Change], specs: Sequence[FieldSpec]
    ) -> None:
        """What must be known of files: which the act brought, and which are still there to go back to."""
        self.holding = {spec.key for spec in specs if spec.type.key in FILE_KINDS}
        self.brought, self.removed = {}, {}
        named = {name for change in changes for name in change.diff or {}}
        if audit.FILES in named or self.holding:
            ids = [change.object_id for change in changes]
            mine = StoredFile.everything.filter(type_key=object_type.key, object_id__in=ids)
            for found, rows in (
                (self.brought, mine.filter(brought_by=self.original, removed_by=None)),
                (self.removed, mine.filter(removed_by=self.original)),
            ):
                for key, file, name in rows.values_list("object_id", "pk", "name"):
                    found.setdefault(key or 0, {})[file] = name
        self.held = {
            change.object_id: {
                one for name, pair in (change.diff or {}).items() if name in self.holding for one in pair
            }
            for change in changes
        }
        old = {(change.diff or {}).get(name, [None])[0] for change in changes for name in self.holding}
        self.there = (
            set(StoredFile.objects.filter(pk__in=old - {None}).values_list("pk", flat=True)) if old else set()
        ).union(*self.removed.values())

    def move_held(self, key: int, old: Any, new: Any, steps: Steps) -> None:
        """The file of a field goes where the act brought it, and comes back where the act took it away."""
        if new in self.brought.get(key, {}):
            steps.files.setdefault(key, {})[new] = self.brought[key][new]
            steps.in_fields.add(new)
        if old in self.removed.get(key, {}):
            steps.files_back.setdefault(key, {})[old] = self.removed[key][old]
            steps.in_fields.add(old)

    def unfile(self, key: int, steps: Steps) -> None:
        """Takes away what the act attached, gives back what it took; what a field holds goes with the field."""
        brought, removed = (self.beside(found.get(key, {}), key) for found in (self.brought, self.removed))
        if brought:
            steps.files.setdefault(key, {}).update(brought)
        if removed:
            steps.files_back.setdefault(key, {}).update(removed)
        if not brought and not removed:
            steps.keep(key, audit.FILES, "file")

    def beside(self, files: Mapping[int, str], key: int) -> dict[int, str]:
        return {one: name for one, name in files.items() if one not in self.held.get(key, set())}

    def retag(
        self, key: int, old: list[str], new: list[str], tagged: list[str], later: Later, steps: Steps
    ) -> None:
        """Tag by tag: those that the act set go, those that it took come back, unless somebody touched them since."""
        tagged = self.pretended.get((steps.type.key, key), {}).get("tags", tagged)
        take = [tag for tag in new if tag not in old and tag in tagged]
        give = [tag for tag in old if tag not in new and tag not in tagged]
        missing = len(set(old) ^ set(new)) - len(take) - len(give)
        free_give = [tag for tag in give if tag not in later.tags]
        free_take = [tag for tag in take if tag not in later.tags]
        if missing or len(free_give) + len(free_take) < len(give) + len(take):
            steps.keep(key, "tags")
        if free_give or free_take:
            steps.tags[key] = (free_give, free_take)

    def remember(self, steps: Steps) -> None:
        for key, values in steps.values.items():
            self.pretended.setdefault((steps.type.key, key), {}).update(values)
