"""What an app contributes to every object type at once, own ones that are defined later included."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from kemai.platform.objects.pages import FindSimilar, Similar, TimelineSource
from kemai.platform.objects.types import ObjectType, Panel

if TYPE_CHECKING:
    from kemai.platform.access import Actor

FindOfType = Callable[[ObjectType, "Actor", Mapping[str, str], int | None], Sequence[Similar]]
_panels: list[Panel] = []
_sources: list[TimelineSource] = []
_find: list[FindOfType] = []
"""One at the most."""


def add_panel_everywhere(panel: Panel) -> None:
    """On every record's page: `render(actor, row, object_type=…)`. A 'composer' of this kind stands only where the
    type has none of its own that the person may use."""
    _panels.append(panel)
    _panels.sort(key=lambda one: one.order)


def add_source_everywhere(source: TimelineSource) -> None:
    """On every record's timeline."""
    _sources.append(source)
    _sources.sort(key=lambda one: one.order)


def panels_of(object_type: ObjectType) -> list[Panel]:
    common = [replace(panel, render=partial(panel.render, object_type=object_type)) for panel in _panels]
    return [*object_type.panels, *common]


def sources_of(object_type: ObjectType) -> list[TimelineSource]:
    return [*object_type.sources, *_sources]


def find_similar_everywhere(find: FindOfType) -> None:
    """Looks for doubles of what is being typed, of any type of which it was said what tells them."""
    _find[:] = [find]


def similar_of(object_type: ObjectType) -> FindSimilar | None:
    """The type's own way of finding doubles of what is typed, else the common one; None where nothing tells them."""
    if object_type.similar is not None or not object_type.compared or not _find:
        return object_type.similar
    return partial(_find[0], object_type)
