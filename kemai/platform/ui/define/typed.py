"""What administrators typed into the forms of definition."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.http import HttpRequest


class Problem(NamedTuple):
    """A line of the summary above a form."""

    field: str
    label: str
    message: str


def problems(errors: Mapping[str, str] | None, labels: Mapping[str, Any]) -> list[Problem]:
    found = (errors or {}).items()
    return [Problem(key if key in labels else "", str(labels.get(key, "")), text) for key, text in found]


def typed_rows(request: HttpRequest, name: str, parts: Sequence[str]) -> list[dict[str, str]]:
    """The rows of a row editor: `first-label`, `first-kind` …, each as often as there are rows."""
    columns = [request.POST.getlist(f"{name}-{part}") for part in parts]
    longest = max((len(column) for column in columns), default=0)
    return [
        {
            part: (column[n] if n < len(column) else "").strip()
            for part, column in zip(parts, columns, strict=True)
        }
        for n in range(longest)
    ]


def tree(text: str) -> Any:
    """A condition as the filter builder sends it; what is no JSON is nothing."""
    try:
        return json.loads(text) if text.strip() else None
    except ValueError:
        return None


def typed_base(request: HttpRequest) -> dict[str, Any] | None:
    """What the writer saw, as it was sent along with the form."""
    found = tree(request.POST.get("_base", ""))
    return found if isinstance(found, dict) else None


def base_of(state: Mapping[str, Any]) -> str:
    return json.dumps(dict(state), ensure_ascii=False, sort_keys=True)


def keep_mine(request: HttpRequest, names: Iterable[str]) -> set[str]:
    """The properties for which the writer, shown both values, chose the other's."""
    return {name for name in names if request.POST.get(f"conflict-{name}") == "theirs"}
