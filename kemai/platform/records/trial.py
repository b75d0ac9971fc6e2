"""What the object's own rules would say of a record of which something is wrong already, so that one save tells all of
it at once. Rules that read a wrong field say nothing: what they would say of it is not known."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from django.db import transaction

from kemai.platform.access import Actor, Denied, NotVisible
from kemai.platform.fields import Invalid
from kemai.platform.objects import ObjectType
from kemai.platform.records.errors import FieldErrors, Refused


class Unread(Exception):
    """A rule asked for a field that is wrong."""


class Readable(dict[str, Any]):
    """Values of which some cannot be read: they are named, but whoever asks for one of them is stopped."""

    def __init__(self, values: Mapping[str, Any], wrong: Collection[str]) -> None:
        super().__init__({key: value for key, value in values.items() if key not in wrong})
        self.wrong = frozenset(wrong)

    def ask(self, key: object) -> None:
        if key in self.wrong and not dict.__contains__(self, key):
            raise Unread

    def __contains__(self, key: object) -> bool:
        return key in self.wrong or super().__contains__(key)

    def __iter__(self) -> Iterator[str]:
        yield from super().__iter__()
        yield from (key for key in self.wrong if not dict.__contains__(self, key))

    def keys(self) -> Any:
        return list(self)

    def items(self) -> Any:
        return [(key, self[key]) for key in self]

    def values(self) -> Any:
        return [self[key] for key in self]

    def copy(self) -> Any:
        return dict(self.items())

    def __getitem__(self, key: str) -> Any:
        self.ask(key)
        return super().__getitem__(key)

    def __delitem__(self, key: str) -> None:
        self.ask(key)
        super().__delitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        self.ask(key)
        return super().get(key, default)

    def pop(self, key: str, *default: Any) -> Any:
        self.ask(key)
        return super().pop(key, *default)

    def setdefault(self, key: str, default: Any = None) -> Any:
        self.ask(key)
        return super().setdefault(key, default)


def further(
    object_type: ObjectType, values: Mapping[str, Any], existing: Any, wrong: Collection[str], by: Actor
) -> dict[str, str]:
    """What else is wrong, as far as it can be said without the wrong fields. The values stay as they are."""
    trial, hooks = Readable(values, wrong), object_type.hooks
    try:
        if hooks.prepare is not None:
            hooks.prepare(trial, existing, by)
        if hooks.check is not None:
            with transaction.atomic():
                hooks.check([trial], [existing], by)
    except Invalid as error:
        return {"": error.message}
    except FieldErrors as error:
        return error.errors
    except (Unread, Refused, Denied, NotVisible):
        pass
    return {}
