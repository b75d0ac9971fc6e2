"""Finding colleagues by what one types after @: characters, pinyin, initials, log-in name."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from django.contrib.auth import get_user_model

from kemai.collab.services.about import About, sees
from kemai.kit import pinyin

FRESH_SECONDS = 20
_kept: list[tuple[float, list[Colleague]]] = []


class Colleague(NamedTuple):
    id: int
    name: str
    username: str
    department: str
    full: str
    initials: str


class Offer(NamedTuple):
    """A colleague who may be meant; `sees` says whether they may see the record that is talked about."""

    id: int
    name: str
    detail: str
    sees: bool


def colleagues() -> list[Colleague]:
    """Everybody who works here; read anew every few seconds."""
    if _kept and _kept[0][0] > time.monotonic():
        return _kept[0][1]
    rows = get_user_model()._default_manager.filter(is_active=True).order_by("name", "pk")
    found = [
        Colleague(
            key, name or username, username, department or "", pinyin.full(name or username, person=True),
            pinyin.initials(name or username, person=True),
        )
        for key, name, username, department in rows.values_list("pk", "name", "username", "department__name")
    ]  # fmt: skip
    _kept[:] = [(time.monotonic() + FRESH_SECONDS, found)]
    return found


def forget() -> None:
    _kept.clear()


def rank(one: Colleague, text: str) -> int:
    """How well the typed text fits, 0 the best; -1 not at all."""
    name = one.name.casefold()
    tries = (
        name == text or one.username.casefold() == text,
        name.startswith(text),
        one.initials.startswith(text),
        one.full.startswith(text) or one.username.casefold().startswith(text),
        text in name,
    )
    return next((place for place, fits in enumerate(tries) if fits), -1)


def offers(text: str, about: About | None, limit: int = 8) -> list[Offer]:
    typed = text.strip().casefold()
    ranked = [(rank(one, typed) if typed else 0, one) for one in colleagues()]
    best = sorted((pair for pair in ranked if pair[0] >= 0), key=lambda pair: (pair[0], pair[1].name))
    return [
        Offer(
            one.id, one.name, one.department or one.username, about is None or sees(one.id, about)
        )
        for _place, one in best[:limit]
    ]  # fmt: skip


def mentioned(body: str, ids: Sequence[int]) -> list[tuple[int, str]]:
    """Who is named in a text by "@name": those chosen from the list (`ids`), and those whose name is theirs alone."""
    known = colleagues()
    by_name: dict[str, list[Colleague]] = {}
    for one in known:
        by_name.setdefault(one.name, []).append(one)
    found: dict[int, str] = {}
    for name, bearers in by_name.items():
        if f"@{name}" not in body:
            continue
        chosen = [one for one in bearers if one.id in ids] or (bearers if len(bearers) == 1 else [])
        found |= {one.id: name for one in chosen}
    # 张伟 is not meant where only 张伟东 was written
    kept = {key: name for key, name in found.items() if stands_alone(body, name, found.values())}
    return sorted(kept.items())


def stands_alone(body: str, name: str, others: object) -> bool:
    longer = [one for one in others if one != name and one.startswith(name)]  # type: ignore[attr-defined]
    rest = body
    for one in sorted(longer, key=len, reverse=True):
        rest = rest.replace(f"@{one}", "")
    return f"@{name}" in rest
