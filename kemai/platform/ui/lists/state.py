"""The state of a list as it stands in its address: a link shows what I see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import orjson
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from kemai.platform.objects import get
from kemai.platform.query import QueryError
from kemai.platform.ui import addresses
from kemai.platform.ui.lists.filters import collapse, expand

DISPLAYS = ("table", "board", "calendar", "chart")
TEXTS = ("sort", "q", "display", "by", "lane", "measure", "look", "month")
"""Parts of the state that are plain words, in the order in which they stand in the address."""


@lru_cache(maxsize=1000)
def path_of(type_key: str) -> str:
    """The address of a type's list; a record's is this and its key."""
    return reverse("list", args=(type_key,))


def opening(type_key: str) -> str:
    """The key of the view that stands for an address that names none."""
    return get(type_key).first_view or "all"


@dataclass(frozen=True)
class Saved:
    """A list under a name: built in ("all", "mine" …) or saved by a person ("v12")."""

    key: str
    label: str
    state: Mapping[str, Any] = field(default_factory=dict)
    share: str = ""
    owned: bool = False
    pk: int | None = None


@dataclass(frozen=True)
class ListState:
    """`where` is the condition tree; `by`, `measure` and `look` belong to board and chart, `lane` to the board,
    `month` ("2026-11") to the calendar."""

    type_key: str
    view: Saved
    where: Any = None
    sort: str = ""
    columns: tuple[str, ...] = ()
    q: str = ""
    cursor: str = ""
    display: str = "table"
    by: str = ""
    lane: str = ""
    measure: str = ""
    look: str = ""
    month: str = ""

    @property
    def path(self) -> str:
        return path_of(self.type_key)

    def params(self) -> dict[str, str]:
        """What differs from the view, as it stands in the address."""
        found: dict[str, str] = {}
        base = of_view(self.type_key, self.view)
        if self.view.key != opening(self.type_key):
            found["view"] = self.view.key
        if self.where != base.where:
            found["where"] = dumps(self.where)
        if self.columns != base.columns:
            found["columns"] = ",".join(self.columns)
        for name in TEXTS:
            if getattr(self, name) != getattr(base, name):
                found[name] = getattr(self, name)
        if self.cursor:
            found["cursor"] = self.cursor
        return found

    @property
    def query(self) -> str:
        return addresses.query(self.params())

    @property
    def url(self) -> str:
        return addresses.at(self.path, self.params())

    def but(self, **changes: Any) -> ListState:
        """The same list with a difference; another order or filter begins at the first page."""
        changes.setdefault("cursor", "")
        return replace(self, **changes)

    @property
    def changed(self) -> bool:
        """Has the person gone away from what the view says?"""
        return self.but(q="", month="") != of_view(self.type_key, self.view).but(q="", month="")

    def stored(self) -> dict[str, Any]:
        """What a saved view keeps."""
        kept: dict[str, Any] = {"where": self.where, "columns": list(self.columns)}
        kept |= {name: getattr(self, name) for name in TEXTS if name not in {"q", "month"}}
        return {name: value for name, value in kept.items() if value}

    def hidden(self, *but: str) -> dict[str, str]:
        """The state as hidden fields of a form that changes `but`."""
        return {name: value for name, value in self.params().items() if name not in {"cursor", *but}}

    @property
    def client_where(self) -> str:
        """The tree as the filter builder in the browser reads it; '' for none."""
        return dumps(collapse(self.where)) if self.where else ""


def of_view(type_key: str, view: Saved) -> ListState:
    state = view.state
    return ListState(
        type_key,
        view,
        where=state.get("where") or None,
        sort=str(state.get("sort") or ""),
        columns=tuple(map(str, state.get("columns") or ())),
        display=str(state.get("display") or "table"),
        by=str(state.get("by") or ""),
        lane=str(state.get("lane") or ""),
        measure=str(state.get("measure") or ""),
        look=str(state.get("look") or ""),
    )


def read(params: QueryDict, type_key: str, view: Saved) -> ListState:
    """The state out of an address: what is named there comes before what the view says."""
    state = of_view(type_key, view)
    changes: dict[str, Any] = {name: str(params[name]).strip()[:200] for name in TEXTS if name in params}
    if "where" in params:
        changes["where"] = expand(loads(str(params["where"])))
    if "col" in params:
        changes["columns"] = tuple(params.getlist("col"))
    elif "columns" in params:
        changes["columns"] = tuple(key for key in str(params["columns"]).split(",") if key)
    if changes.get("display", "table") not in DISPLAYS:
        changes["display"] = "table"
    return replace(state, cursor=params.get("cursor", ""), **changes)


def dumps(tree: Any) -> str:
    return orjson.dumps(tree).decode() if tree else ""


def loads(text: str) -> Any:
    if not text.strip():
        return None
    try:
        return orjson.loads(text) or None
    except orjson.JSONDecodeError:
        raise QueryError("malformed", _("条件的格式不对")) from None
