"""One row a record: the shape of every object type."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from itertools import repeat
from typing import Any

from django.utils.translation import gettext as _

from kemai.platform import access, audit
from kemai.platform.fields import FieldSpec, Ref
from kemai.platform.imports import drafts
from kemai.platform.imports.attached import Files, names_of
from kemai.platform.imports.drafts import Draft
from kemai.platform.imports.existing import Constraint, Uniqueness, by_key, touched_by
from kemai.platform.imports.parsers import BLANK, Bad, Blank, names_in
from kemai.platform.imports.plan import Plan
from kemai.platform.imports.record_batch import RecordBatch
from kemai.platform.imports.references import References
from kemai.platform.imports.row_hooks import RowHooks
from kemai.platform.imports.samples import shown, shown_change
from kemai.platform.imports.seen import Seen
from kemai.platform.imports.tagging import add_tags, tag_changes
from kemai.platform.imports.work import Outcome, Problem, Reader, Table, Task
from kemai.platform.records import create_chunk
from kemai.platform.records.bulk import apply_changes, differences, known_rows
from kemai.platform.records.conditional import Conditional, is_conditional
from kemai.platform.records.values import complete

Values = dict[str, Any]


class RecordWork:
    """The work on one file whose rows are records."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.type = task.object_type
        self.by = task.by
        self.fields = [one.field for one in task.columns]
        self.specs: list[FieldSpec] = [self.type.fields[name] for name in self.fields]
        self.hooks = RowHooks(self.type, self.by)
        self.reader = Reader(task, self.type.fields)
        self.references = {
            place: References(task, spec, one)
            for place, (spec, one) in enumerate(zip(self.specs, task.columns, strict=True))
            if spec.ref or spec.refs or spec.type.key == "user"
        }
        self.files = Files(self, task.archive) if task.archive is not None else None
        self.match = [key for key in task.options.match if key in self.fields]
        self.defaults = self.new_defaults()
        self.names = list(dict.fromkeys((*self.defaults, *self.fields)))
        self.uniqueness = Uniqueness(self.type, self.names)
        self.conditional = Conditional.of(self.type)
        self.required = [
            place for place, spec in enumerate(self.specs) if spec.required and not is_conditional(spec)
        ]

    def new_defaults(self) -> Values:
        """What a new record has where the file says nothing."""
        values: Values = {}
        complete(self.type, values)
        owner = self.task.options.owner
        if self.type.has_owner and owner is not None:
            values["owner"] = Ref(owner, "")
        return values

    def forget(self) -> None:
        for one in self.references.values():
            one.forget()

    def batches(self, start: int) -> Generator[RecordBatch]:
        if drafts.possible(self):
            with closing(drafts.drafted(self, start)) as ready:
                for table, found in ready:
                    yield RecordBatch(self, table, found)
            return
        try:
            for table in self.reader.tables(start):
                if self.files is not None:
                    self.files.fetch(table)
                yield RecordBatch(self, table)
        finally:
            if self.files is not None:
                self.files.let_go()

    @property
    def replaced(self) -> tuple[int, ...]:
        """The places of columns whose values a settlement replaces."""
        return (*self.references, *(self.files.fields if self.files is not None else ()))

    def settle(self, batch: RecordBatch) -> Outcome:
        table = batch.fresh()
        out = Outcome(rows=table.rows, blank=table.blank, refused=list(table.unreadable))
        self.look_up(table)
        if self.files is not None:
            self.files.check(table)
        plan = self.plan(table, out)
        if self.files is not None:
            self.files.refuse_full(table, plan)
        self.shape_rows(table, plan, batch.drafts)
        self.refuse_repeated(table, plan)
        self.refuse_taken(table, plan)
        self.complain_further(table, plan)
        for position in table.problems:
            out.refused.append(table.refusal(position))
        out.rounded = len(table.rounded - table.problems.keys())
        self.create(table, plan, out)
        self.update(table, plan, out)
        return out

    def look_up(self, table: Table) -> None:
        """Replaces what the file calls other records by references."""
        for place, references in self.references.items():
            values = table.values[place]
            if self.specs[place].refs:
                self.look_up_lists(table, place, references)
                continue
            known = references.resolve(value for value in values if value is not BLANK)
            column = self.task.columns[place].column
            for position, value in enumerate(values):
                if value is BLANK:
                    continue
                found = known[value]
                if isinstance(found, Bad):
                    kind = _("没有找到%(object)s") % {"object": references.label}
                    table.complain(position, Problem(column, found.message, kind))
                    values[position] = BLANK
                else:
                    values[position] = found

    def look_up_lists(self, table: Table, place: int, references: References) -> None:
        """Cells that name several records."""
        values = table.values[place]
        parts = {p: names_in(value) for p, value in enumerate(values) if value is not BLANK}
        known = references.resolve(name for names in parts.values() for name in names)
        column = self.task.columns[place].column
        for position, names in parts.items():
            found = [known[name] for name in names]
            bad = next((one for one in found if isinstance(one, Bad)), None)
            if bad is not None:
                kind = _("没有找到%(object)s") % {"object": references.label}
                table.complain(position, Problem(column, bad.message, kind))
            values[position] = BLANK if bad is not None or not found else list(dict.fromkeys(found))

    def plan(self, table: Table, out: Outcome) -> Plan:
        """Sorts the rows into new ones and those of existing records."""
        targets = self.targets(table)
        self.refuse_touched(table, targets)
        editable = self.editable(set(targets.values()))
        mode = self.task.options.mode
        plan = Plan(targets)
        if not targets and mode != "update":
            plan.creates = {at: {} for at in range(len(table.offsets)) if at not in table.problems}
            return plan
        for position in range(len(table.offsets)):
            if position in table.problems:
                continue
            target = targets.get(position)
            if target is None:
                if mode == "update":
                    self.leave_out(table, position, _("没有找到对应的记录"), out)
                else:
                    plan.creates[position] = {}
            elif mode == "create":
                self.leave_out(table, position, _("已有这条记录"), out)
            elif target not in editable:
                message = _("已有这条记录，但您不能修改它")
                table.complain(position, Problem(None, message, message))
            else:
                plan.updates[position] = {}
        return plan

    def targets(self, table: Table) -> dict[int, int]:
        found: dict[int, int] = {}
        for key in self.match:
            place = self.fields.index(key)
            values = table.values[place]
            wanted = set(values)
            wanted.discard(BLANK)
            hits = by_key(self.type, key, wanted)
            if hits:
                self.take_hits(table, place, hits, found)
        return found

    def take_hits(self, table: Table, place: int, hits: dict[Any, list[int]], found: dict[int, int]) -> None:
        column = self.task.columns[place].column
        label = self.specs[place].label
        for position, value in enumerate(table.values[place]):
            ids = hits.get(value)
            if ids is None:
                continue
            if len(set(ids)) > 1:
                message = _("有 %(count)s 条记录的%(field)s相同，不能确定是哪一条") % {
                    "count": len(ids),
                    "field": label,
                }
                table.complain(position, Problem(column, message, message))
            elif found.setdefault(position, ids[0]) != ids[0]:
                message = _("按%(field)s找到的是另一条记录，与前面的识别字段不一致") % {"field": label}
                table.complain(position, Problem(column, message, message))

    def editable(self, ids: set[int]) -> set[int]:
        if not ids or not self.task.options.updates:
            return set()
        return set(access.scope(self.by, self.type, "edit").filter(pk__in=ids).values_list("pk", flat=True))

    def leave_out(self, table: Table, position: int, reason: str, out: Outcome) -> None:
        if self.task.rehearsal and out.wants("skip"):
            cells = [str(cell or "")[:60] for cell in table.cells(position)]
            out.sample("skip", {"row": table.row(position), "cells": cells, "reason": reason})
        out.leave_out(reason)

    def shape_rows(self, table: Table, plan: Plan, ready: Sequence[Draft]) -> None:
        """The values of each record as they would be stored, through the object's own hook."""
        if ready:
            drafts.take(self, table, plan.creates, ready)
        elif plan.creates:
            self.shape_new(table, plan)
        objects = self.shape_updates(table, plan)
        self.check_rows(table, plan, objects)

    def shape_new(self, table: Table, plan: Plan) -> None:
        rows = self.new_rows(table)
        for position in list(plan.creates):
            values = dict(zip(self.names, rows[position], strict=True))
            if (
                self.lacks_nothing(table, position)
                and self.meets_conditions(table, position, values)
                and self.passes_hook(table, position, values, None)
            ):
                plan.creates[position] = values
            else:
                del plan.creates[position]

    def new_rows(self, table: Table) -> list[tuple[Any, ...]]:
        """The values of new records in the order of `names`: the file's columns, and defaults for the rest."""
        size = len(table.offsets)
        given = dict(zip(self.fields, zip(table.values, self.specs, strict=True), strict=True))
        columns = [
            self.filled(*given[name]) if name in given else repeat(self.defaults[name], size)
            for name in self.names
        ]
        return list(zip(*columns, strict=True))

    def filled(self, values: list[Any], spec: FieldSpec) -> list[Any]:
        """The column of new records: the default where a cell is empty."""
        if Blank not in set(map(type, values)):
            return values
        default = self.defaults[spec.key] if spec.key in self.defaults else spec.type.empty(spec)
        return [default if value is BLANK else value for value in values]

    def complain_further(self, table: Table, plan: Plan) -> None:
        """Of rows in which a cell is wrong all else that is wrong, so that nobody mends a file twice."""
        wrong = {at: self.fields_in(found) for at, found in table.problems.items()}
        asked = {at: names for at, names in wrong.items() if names and at not in plan.targets}
        if not asked or not self.task.options.creates:
            return
        rows = self.new_rows(table)
        for position, names in asked.items():
            for place in self.required:
                if table.values[place][position] is BLANK and self.fields[place] not in names:
                    self.lacks(table, position, place)
                    names.add(self.fields[place])
            values = dict(zip(self.names, rows[position], strict=True))
            found = self.hooks.further(values, None, names)
            self.complain(table, position, {name: text for name, text in found.items() if name not in names})

    def fields_in(self, problems: Sequence[Problem]) -> set[str]:
        """The fields that are wrong; none where the row as a whole is."""
        columns = {one.column for one in problems}
        known = {one.column: one.field for one in self.task.columns}
        return {known[one] for one in columns if one in known} if columns <= known.keys() else set()

    def lacks(self, table: Table, position: int, place: int) -> None:
        message = _("请填写%(field)s") % {"field": self.specs[place].label}
        table.complain(position, Problem(self.task.columns[place].column, message, message))

    def lacks_nothing(self, table: Table, position: int) -> bool:
        for place in self.required:
            if table.values[place][position] is BLANK:
                self.lacks(table, position, place)
                return False
        return True

    def shape_updates(self, table: Table, plan: Plan) -> dict[int, Any]:
        """Returns the records that are going to change, where the object's own hook wants to see them."""
        if not plan.updates:
            return {}
        ids = [plan.targets[position] for position in plan.updates]
        objects = self.type.records().in_bulk(ids) if self.hooks.any else {}
        known = known_rows(self.type, ids, self.conditional.needs) if self.conditional is not None else {}
        clear = self.task.options.blank == "clear"
        wanted = {position: self.changed_values(table, position, clear=clear) for position in plan.updates}
        plan.asked = list(wanted)
        plan.spared = self.hooks.spare(
            [(values, objects.get(plan.targets[position])) for position, values in wanted.items()]
        )
        for position, values in wanted.items():
            existing = objects.get(plan.targets[position])
            if (
                (clear and not self.lacks_nothing(table, position))
                or not self.meets_conditions(table, position, values, known.get(plan.targets[position], {}))
                or not self.passes_hook(table, position, values, existing)
            ):
                del plan.updates[position]
            else:
                plan.updates[position] = values
        return objects

    def changed_values(self, table: Table, position: int, *, clear: bool) -> Values:
        """What a row says of a record that is there: an empty cell says nothing, or that it is to be emptied."""
        values: Values = {}
        for place, spec in enumerate(self.specs):
            value = table.values[place][position]
            if value is not BLANK:
                values[spec.key] = value
            elif clear and spec.key not in self.match:
                values[spec.key] = spec.type.empty(spec)
        return values

    def check_rows(self, table: Table, plan: Plan, objects: Mapping[int, Any]) -> None:
        rows: dict[int, tuple[Values, Any]] = {at: (values, None) for at, values in plan.creates.items()}
        rows |= {at: (values, objects.get(plan.targets[at])) for at, values in plan.updates.items()}
        for position, errors in self.hooks.check(rows).items():
            self.complain(table, position, errors)
            (plan.creates if position in plan.creates else plan.updates).pop(position)

    def passes_hook(self, table: Table, position: int, values: Values, existing: Any) -> bool:
        errors = self.hooks.prepare(values, existing)
        if errors:
            self.complain(table, position, errors)
        return not errors

    def complain(self, table: Table, position: int, errors: Mapping[str, str]) -> None:
        for name, message in errors.items():
            table.complain(position, Problem(self.column_of(name), message, message))

    def meets_conditions(
        self, table: Table, position: int, values: Values, before: Values | None = None
    ) -> bool:
        """What a condition asks for, of a new record or of one that was so before."""
        if self.conditional is None:
            return True
        touched = None if before is None else set(values)
        found = self.conditional.problems({**(before or {}), **values}, touched)
        self.complain(table, position, found)
        return not found

    def column_of(self, name: str) -> int | None:
        return self.task.columns[self.fields.index(name)].column if name in self.fields else None

    def refuse_touched(self, table: Table, targets: dict[int, int]) -> None:
        """Rows that mean a record which an earlier row of this import made or changed: whichever came first stands."""
        if self.task.rehearsal or not targets:
            return
        touched = touched_by(self.task.change(), self.type, list(set(targets.values())))
        for position, target in targets.items():
            if target in touched and position not in table.problems:
                self.refuse_repetition(table, position)

    def refuse_repetition(self, table: Table, position: int) -> None:
        for key in self.match:
            place = self.fields.index(key)
            value = table.values[place][position]
            if value is not BLANK:
                table.complain(position, self.repeated(place, value))
                return

    def repeated(self, place: int, value: Any) -> Problem:
        spec = self.specs[place]
        names = {"field": spec.label, "value": spec.type.text(value, spec)[:60]}
        message = _("文件里前面已有相同的%(field)s：%(value)s") % names
        return Problem(self.task.columns[place].column, message, _("与文件里前面的行重复"))

    def refuse_taken(self, table: Table, plan: Plan) -> None:
        """Values that must be unique and belong to another record, or to an earlier row of the file."""
        for constraint in self.uniqueness.constraints:
            if constraint.fields[-1] in self.match and len(constraint.fields) == 1:
                continue  # found by the match keys already
            wanted = self.constrained(constraint, plan)
            if not wanted:
                continue
            taken = self.uniqueness.taken(constraint, wanted.values())
            used: set[Any] = set()
            if self.task.rehearsal:
                used = self.seen(f"={constraint.name}").known(wanted.values())
            message = str(constraint.get_violation_error_message())
            column = self.column_of(constraint.fields[-1])
            for position, key in wanted.items():
                if key in used or taken.get(key, plan.targets.get(position)) != plan.targets.get(position):
                    self.refuse(table, plan, position, Problem(column, message, message))
                used.add(key)
            if self.task.rehearsal:
                self.seen(f"={constraint.name}").add(used)

    def constrained(self, constraint: Constraint, plan: Plan) -> dict[int, tuple[Any, ...]]:
        """{position: what the constraint compares} of the rows that it concerns."""
        found = {}
        for rows in (plan.creates, plan.updates):
            for position, values in rows.items():
                key = self.uniqueness.key(constraint, values)
                if key is not None:
                    found[position] = key
        return found

    def refuse(self, table: Table, plan: Plan, position: int, problem: Problem) -> None:
        table.complain(position, problem)
        plan.creates.pop(position, None)
        plan.updates.pop(position, None)

    def seen(self, key: str) -> Seen:
        return self.task.seen.setdefault(key, Seen())

    def refuse_repeated(self, table: Table, plan: Plan) -> None:
        """Rows that mean the same record as an earlier row of the file."""
        used: set[int] = set()
        for position in list(plan.updates):
            target = plan.targets[position]
            if target in used:
                self.refuse_repetition(table, position)
                del plan.updates[position]
            used.add(target)
        for key in self.match:
            self.refuse_same(table, plan, key)

    def refuse_same(self, table: Table, plan: Plan, key: str) -> None:
        place = self.fields.index(key)
        column = table.values[place]
        used: set[Any] = set()
        if self.task.rehearsal:
            used = self.seen(key).known(set(column) - {BLANK})
        for position in sorted((*plan.creates, *plan.updates)) if plan.updates else list(plan.creates):
            value = column[position]
            if value is BLANK:
                continue
            if value in used:
                self.refuse(table, plan, position, self.repeated(place, value))
            used.add(value)
        if self.task.rehearsal:
            self.seen(key).add(used)

    def create(self, table: Table, plan: Plan, out: Outcome) -> None:
        out.create = len(plan.creates)
        if self.task.rehearsal:
            for position in list(plan.creates)[:20]:
                if out.wants("create"):
                    out.sample("create", shown(self, table, position))
            return
        extra = list(self.task.options.tags) if self.type.tags else []
        if extra:
            for values in plan.creates.values():
                values["tags"] = [*values.get("tags", ()), *extra]
        put = self.files.put(plan.creates.values()) if self.files is not None else []
        keys = create_chunk(
            self.type, list(plan.creates.values()), by=self.by, changeset=self.task.change(), parsed=True,
            prepared=True,
        )  # fmt: skip
        if self.files is not None and keys:
            self.files.give(table, list(plan.creates), keys, put)

    def update(self, table: Table, plan: Plan, out: Outcome) -> None:
        if not plan.updates:
            return
        wanted = {plan.targets[position]: dict(values) for position, values in plan.updates.items()}
        tags = {key: values.pop("tags", None) for key, values in wanted.items()}
        files = self.files.new_on(wanted, table, plan) if self.files is not None else {}
        changes = differences(self.type, wanted)
        for key, diff in tag_changes(self.type, tags, self.task.options.tags).items():
            changes.setdefault(key, {}).update(diff)
        for key, more in files.items():
            changes.setdefault(key, {})[audit.FILES] = [None, names_of(more)]
        out.update = len(changes)
        self.tell(table, plan, changes, out)
        if self.task.rehearsal:
            return
        plan.note(self.task.change())
        if changes:
            if self.files is not None:
                self.files.bring(wanted, changes, files)
            apply_changes(self.type, wanted, changes, self.task.change(), by=self.task.by)
            add_tags(self.type, changes, by=self.by)

    def tell(self, table: Table, plan: Plan, changes: Mapping[int, audit.Diff], out: Outcome) -> None:
        """Which rows change nothing, and examples of those that do."""
        left = plan.left
        for position in plan.updates:
            target = plan.targets[position]
            if target not in changes:
                why = _("已核实的内容没有覆盖") if position in left else _("内容没有变化")
                self.leave_out(table, position, why, out)
            elif self.task.rehearsal and out.wants("update"):
                out.sample("update", shown_change(self, table, position, changes[target]))
