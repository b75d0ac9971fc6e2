"""What a configuration consists of: named states under places ("customer.size"), part by part.

Each app registers the parts that are its own (staff: roles). The order is that of being taken over: objects before the
fields that refer to them, fields before the layouts that show them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kemai.platform.access import Actor
from kemai.platform.fields import Label

States = Mapping[str, Any]
"""{place: state}"""


@dataclass(frozen=True)
class Part:
    key: str
    label: Label
    read: Callable[[], dict[str, Any]]
    """All states that stand now, by place."""
    put: Callable[[str, Any, Any, Actor], None]
    """`put(place, old, new, actor)`: makes it so; old None adds, new None takes away. Raises what services raise."""
    problem: Callable[[str, Any, Any, Mapping[str, States]], str]
    """Why a step cannot be taken, as a sentence; '' if it can. Told the whole wanted configuration."""
    name: Callable[[str, Any], str]
    """What people call the thing at a place."""
    order: int = 50
    late: Callable[[str, Any, Actor], None] | None = None
    """What can only be put once everything else stands: an object's references to its own fields."""
    nested: bool = False
    """Places are "type.name": in the file the types are a level of their own."""


_parts: dict[str, Part] = {}


def register(part: Part) -> None:
    _parts[part.key] = part


def parts() -> list[Part]:
    from kemai.platform.define.config import own  # noqa: F401 - the kernel's own parts register themselves

    return sorted(_parts.values(), key=lambda part: part.order)


def read_all() -> dict[str, dict[str, Any]]:
    """The configuration that runs: {part: {place: state}}."""
    return {part.key: part.read() for part in parts()}
