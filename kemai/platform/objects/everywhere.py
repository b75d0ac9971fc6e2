"""What an app contributes to every object type at once, own ones that are defined later included."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from kemai.platform.objects.pages import TimelineSource
from kemai.platform.objects.types import ObjectType, Panel

_panels: list[Panel] = []
_sources: list[TimelineSource] = []


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
