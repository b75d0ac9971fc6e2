"""The kinds of relations between records. Apps declare theirs; any two registered types may be bound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kemai.platform.fields import Label


@dataclass(frozen=True)
class LinkKind:
    """`forward` is what `b` is to `a` and `backward` what `a` is to `b`: of 母公司–子公司 the parent is `a`, on whose
    page the other is a 子公司. A symmetric kind has one word for both. `a` and `b` are the types that may stand there,
    empty for every type."""

    key: str
    forward: Label
    backward: Label = ""
    a: tuple[str, ...] = ()
    b: tuple[str, ...] = ()
    order: int = 50

    @property
    def symmetric(self) -> bool:
        return not self.backward

    def takes(self, a: str, b: str) -> bool:
        return (not self.a or a in self.a) and (not self.b or b in self.b)

    def ends(self, type_key: str) -> Sequence[bool]:
        """As which ends a record of this type may stand: True for `a`, False for `b`."""
        found = []
        if not self.a or type_key in self.a:
            found.append(True)
        if not self.symmetric and (not self.b or type_key in self.b):
            found.append(False)
        return found


_kinds: dict[str, LinkKind] = {}


def register_link(kind: LinkKind) -> LinkKind:
    if kind.key in _kinds:
        raise ValueError(f"link kind {kind.key!r} is registered twice")
    _kinds[kind.key] = kind
    return kind


def link_kind(key: str) -> LinkKind | None:
    return _kinds.get(key)


def link_kinds(type_key: str = "") -> list[LinkKind]:
    """All kinds, or those in which records of a type may stand."""
    found = [kind for kind in _kinds.values() if not type_key or kind.ends(type_key)]
    return sorted(found, key=lambda kind: kind.order)
