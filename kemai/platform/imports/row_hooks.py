"""What an object type's own rules say about the rows of an import."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kemai.platform.access import Actor
from kemai.platform.fields import Invalid
from kemai.platform.objects import ObjectType
from kemai.platform.objects.types import Spared
from kemai.platform.records import FieldErrors, trial

Errors = Mapping[str, str]


@dataclass(frozen=True)
class RowHooks:
    type: ObjectType
    by: Actor

    @property
    def any(self) -> bool:
        hooks = self.type.hooks
        return hooks.prepare is not None or hooks.check is not None or hooks.spare is not None

    def spare(self, rows: Sequence[tuple[dict[str, Any], Any]]) -> Spared | None:
        """Takes out of the values of rows (values, existing record) what an import must not overwrite."""
        if self.type.hooks.spare is None:
            return None
        return self.type.hooks.spare(
            [values for values, _old in rows], [old for _values, old in rows], self.by
        )

    def prepare(self, values: dict[str, Any], existing: Any) -> Errors:
        """Shapes the values of one row; what is wrong with them."""
        if self.type.hooks.prepare is None:
            return {}
        try:
            self.type.hooks.prepare(values, existing, self.by)
        except Invalid as error:
            return {"": error.message}
        except FieldErrors as error:
            return error.errors
        return {}

    def further(self, values: dict[str, Any], existing: Any, wrong: Collection[str]) -> Errors:
        """What they would say of a row in which some fields are wrong, as far as that can be said without them."""
        return trial.further(self.type, values, existing, wrong, self.by)

    def check(self, rows: Mapping[int, tuple[dict[str, Any], Any]]) -> dict[int, Errors]:
        """{position: what is wrong with it} of all rows (values, existing record), asked in one go; a check that cannot
        say which row it means is asked again row by row."""
        if self.type.hooks.check is None:
            return {}
        left, wrong = dict(rows), dict[int, Errors]()
        while left and (found := self.first_wrong(left)):
            wrong |= found
            for position in found:
                del left[position]
        return wrong

    def first_wrong(self, rows: Mapping[int, tuple[dict[str, Any], Any]]) -> dict[int, Errors]:
        places = list(rows)
        error = self.refusal(list(rows.values()))
        if error is None:
            return {}
        if error.rows:
            return {places[at]: errors for at, errors in error.rows.items()}
        alone = {place: self.refusal([rows[place]]) for place in places}
        found: dict[int, Errors] = {place: one.errors for place, one in alone.items() if one is not None}
        return found or {places[-1]: error.errors}

    def refusal(self, rows: Sequence[tuple[dict[str, Any], Any]]) -> FieldErrors | None:
        if self.type.hooks.check is None:
            return None
        try:
            self.type.hooks.check([values for values, _old in rows], [old for _values, old in rows], self.by)
        except Invalid as error:
            return FieldErrors({"": error.message})
        except FieldErrors as error:
            return error
        return None
