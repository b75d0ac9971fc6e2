"""A step that asks a few things first: one dialogue for all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from kemai.platform.fields import Label
from kemai.platform.records import FieldErrors
from kemai.platform.ui.records.answers import go

Done = tuple[str, str]
"""Where to go, and what to say there."""


@dataclass(frozen=True)
class Asked:
    """One control: see `field` in ui/macros/form.html."""

    key: str
    label: Label
    kind: str = "text"
    value: Any = ""
    required: bool = False
    help: Label = ""
    options: Sequence[Mapping[str, Any]] = ()
    rows: int = 3
    unit: str = ""


@dataclass(frozen=True)
class Button:
    label: Label
    value: str = ""
    kind: str = "primary"


@dataclass(frozen=True)
class Dialog:
    title: str
    asked: Sequence[Asked]
    buttons: Sequence[Button]
    intro: Label = ""
    warning: Label = ""
    facts: Sequence[tuple[Label, str]] = ()


def run(request: HttpRequest, dialog: Dialog, act: Callable[[Mapping[str, str]], Done]) -> HttpResponse:
    """Shows the dialogue, or does what was asked for. Raises Refused, access.Denied."""
    typed = {one.key: request.POST.get(one.key, "").strip() for one in dialog.asked}
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            address, text = act({**typed, "answer": request.POST.get("answer", "")})
        except FieldErrors as error:
            errors = dict(error.errors)
        else:
            return go(request, address, text)
    known = {one.key for one in dialog.asked}
    context = {
        "dialog": dialog,
        "action": request.get_full_path(),
        "typed": typed if errors else {one.key: one.value for one in dialog.asked},
        "errors": errors,
        "others": [text for key, text in errors.items() if key not in known],
    }
    return render(request, "sales/dialog.html", context, status=422 if errors else 200)
