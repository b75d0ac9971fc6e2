"""The registry: every object type by its key. Apps declare theirs in `objects.py`, found at start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.db import models
from django.utils.module_loading import autodiscover_modules

from kemai.platform.fields import Label
from kemai.platform.objects.own import current
from kemai.platform.objects.pages import Explain, Explanation, TimelineSource
from kemai.platform.objects.types import Action, ObjectType, Panel

if TYPE_CHECKING:
    from kemai.platform.access import Actor

_types: dict[str, ObjectType] = {}


class UnknownObject(LookupError):
    """No object type has this key."""


def register(object_type: ObjectType) -> ObjectType:
    if object_type.key in _types:
        raise ValueError(f"object type {object_type.key!r} is registered twice")
    _types[object_type.key] = object_type
    return object_type


def get(key: str) -> ObjectType:
    """Raises UnknownObject."""
    found = _types.get(key) or current().types.get(key)
    if found is None:
        raise UnknownObject(key)
    return found


def all_types() -> Iterator[ObjectType]:
    """The declared ones, then those made on screen."""
    yield from _types.values()
    yield from [one for one in current().types.values() if one.key not in _types]


def declared(key: str) -> ObjectType | None:
    """The type that code describes under this key."""
    return _types.get(key)


def by_model(model: type[models.Model]) -> ObjectType | None:
    """The declared type of a model: own types share one."""
    return next((one for one in _types.values() if one.model is model), None)


def add_panel(key: str, panel: Panel) -> None:
    """An upper app's contribution to a lower object's page."""
    get(key).panels.append(panel)
    get(key).panels.sort(key=lambda one: one.order)


def add_source(key: str, source: TimelineSource) -> None:
    """An upper app's contribution to a lower object's timeline."""
    get(key).sources.append(source)
    get(key).sources.sort(key=lambda one: one.order)


def add_action(key: str, action: Action) -> None:
    get(key).actions.append(action)


def add_part(key: str, part: str) -> None:
    """An upper app's derived facts beside a lower object: a reverse one-to-one relation to its model. To be said when
    the types are declared, before anybody has asked for the fields."""
    found = get(key)
    if "declared" in vars(found):
        raise ValueError(f"the fields of {key!r} are known already: too late for the part {part!r}")
    object.__setattr__(found, "parts", (*found.parts, part))


def add_explain(key: str, explain: Explain) -> None:
    """An upper app explains the facts it brought; what it does not know is asked of those before."""
    found = get(key)
    before = found.explain

    def either(actor: Actor, pk: int, name: str) -> Explanation | None:
        told = explain(actor, pk, name)
        return told if told is not None or before is None else before(actor, pk, name)

    object.__setattr__(found, "explain", either)


def relate(parent: str, child: str, field: str, *, label: Label = "") -> None:
    """Shows the records of `child` whose reference `field` points here as a list on the parent's page. With a `label`
    they are something of their own there, which an action of the parent makes and no form."""
    get(parent).related.append((child, field))
    if label:
        get(parent).related_labels[child, field] = label


def discover() -> None:
    autodiscover_modules("objects")
