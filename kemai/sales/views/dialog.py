"""A step that asks a few things first: one dialogue for all of them.

A step of a record is written as what it asks and what it does then:

    @step("invoice")
    def reject(actor: Actor, invoice: Invoice) -> Step:
        def act(typed: Mapping[str, str]) -> str:
            ...
        return Step(Dialog(...), act)
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.fields import Label
from kemai.platform.records import FieldErrors
from kemai.platform.ui.door import signed_in
from kemai.platform.ui.records.answers import go

FORM = ["GET", "HEAD", "POST"]


class Elsewhere(NamedTuple):
    """What is said, and on the page of which other record, or (without a key) on the list of its type."""

    text: str
    type_key: str
    pk: int = 0


Act = Callable[[Mapping[str, str]], str | Elsewhere]
"""Does what was asked for and returns what to say about it, on the record's own page unless it names another."""


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
    placeholder: Label = ""
    maxlength: int | None = None


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


class Step(NamedTuple):
    dialog: Dialog
    act: Act


def page_of(type_key: str, pk: int) -> str:
    return reverse("record", args=[type_key, pk]) if pk else reverse("list", args=[type_key])


def step(
    type_key: str, verb: str = "edit", *, back: str = ""
) -> Callable[[Callable[[Actor, Any], Step]], Callable[..., HttpResponseBase]]:
    """The page of a step: whoever may `verb` the record is asked, and lands on the record's page or on `back`."""

    def of(build: Callable[[Actor, Any], Step]) -> Callable[..., HttpResponseBase]:
        def page(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
            dialog, act = build(actor, access.one(actor, type_key, pk, verb))
            return run(request, dialog, act, reverse(back) if back else page_of(type_key, pk))

        return signed_in(require_http_methods(FORM)(functools.update_wrapper(page, build)))

    return of


def run(request: HttpRequest, dialog: Dialog, act: Act, here: str) -> HttpResponse:
    """Shows the dialogue, or does what was asked for. Raises Refused, access.Denied."""
    typed = {one.key: request.POST.get(one.key, "").strip() for one in dialog.asked}
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            told = act({**typed, "answer": request.POST.get("answer", "")})
        except FieldErrors as error:
            errors = dict(error.errors)
        else:
            if isinstance(told, Elsewhere):
                return go(request, page_of(told.type_key, told.pk), told.text)
            return go(request, here, told)
    known = {one.key for one in dialog.asked}
    context = {
        "dialog": dialog,
        "action": request.get_full_path(),
        "typed": typed if errors else {one.key: one.value for one in dialog.asked},
        "errors": errors,
        "others": [text for key, text in errors.items() if key not in known],
    }
    return render(request, "sales/dialog.html", context, status=422 if errors else 200)
