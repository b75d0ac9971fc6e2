"""What the apps above put on the page of the day."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kemai.platform.access import Actor


@dataclass(frozen=True)
class TodayCard:
    """`read(actor)` is what the template shows, None where there is nothing to say to this person."""

    key: str
    template: str
    read: Callable[[Actor], Mapping[str, Any] | None]
    order: int = 50


_cards: dict[str, TodayCard] = {}


def register_card(card: TodayCard) -> None:
    """Called where an app declares its addresses."""
    _cards[card.key] = card


def cards(actor: Actor) -> list[tuple[str, Mapping[str, Any]]]:
    """Template and content of each card that has something to say."""
    found = []
    for card in sorted(_cards.values(), key=lambda one: one.order):
        content = card.read(actor)
        if content is not None:
            found.append((card.template, content))
    return found
