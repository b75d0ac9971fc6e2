"""What the pages of this app share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from kemai.platform.access import Actor, Denied, NotVisible
from kemai.platform.records import FieldErrors
from kemai.platform.ui.door import signed_in
from kemai.staff.models import User

P = ParamSpec("P")
M = TypeVar("M", bound=models.Model)


def admin_page(
    view: Callable[Concatenate[HttpRequest, Actor, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """A page for those who may change the system's settings."""

    def page(request: HttpRequest, actor: Actor, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not actor.is_admin:
            raise Denied
        return view(request, actor, *args, **kwargs)

    functools.update_wrapper(page, view)
    return signed_in(page)


def found(rows: models.QuerySet[M], key: int) -> M:
    """Raises NotVisible (404)."""
    row = rows.filter(pk=key).first() if 0 < key < 2**63 else None
    if row is None:
        raise NotVisible
    return row


def user_of(request: HttpRequest) -> User:
    return cast(User, request.user)


def refused_form(
    request: HttpRequest, template: str, context: dict[str, Any], error: FieldErrors
) -> HttpResponse:
    """The form again, with what was typed and what is wrong with it."""
    return render(request, template, {**context, "errors": error.errors}, status=422)
