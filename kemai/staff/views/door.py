"""What the pages of this app share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from allauth.account.internal.flows import reauthentication
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from kemai.platform.access import Actor, NotVisible
from kemai.platform.records import FieldErrors
from kemai.platform.ui.door import Page, admin_page
from kemai.staff.models import User

M = TypeVar("M", bound=models.Model)
P = ParamSpec("P")
__all__ = ["admin_page", "asked_again", "found", "refused_form", "user_of"]


def found(rows: models.QuerySet[M], key: int) -> M:
    """Raises NotVisible (404)."""
    row = rows.filter(pk=key).first() if 0 < key < 2**63 else None
    if row is None:
        raise NotVisible
    return row


def always(_request: HttpRequest) -> bool:
    return True


def asked_again(when: Callable[[HttpRequest], bool] = always) -> Callable[[Page[P]], Page[P]]:
    """For acts that touch the safety of an account: who does one shows first that it is he who sits there, unless he
    has within five minutes. What was sent is kept meanwhile and done afterwards."""

    def decorated(view: Page[P]) -> Page[P]:
        def page(
            request: HttpRequest, actor: Actor, /, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponseBase:
            flows = reauthentication.get_reauthentication_flows(user_of(request))
            recent = reauthentication.did_recently_reauthenticate(request)
            if request.method != "POST" or not flows or recent or not when(request):
                return view(request, actor, *args, **kwargs)
            name = {"reauthenticate": "account_reauthenticate"}.get(flows[0]["id"], flows[0]["id"])
            answer: HttpResponseBase = reauthentication.suspend_request(request, reverse(name))
            return answer

        return functools.update_wrapper(page, view)

    return decorated


def user_of(request: HttpRequest) -> User:
    return cast(User, request.user)


def refused_form(
    request: HttpRequest, template: str, context: dict[str, Any], error: FieldErrors
) -> HttpResponse:
    """The form again, with what was typed and what is wrong with it."""
    return render(request, template, {**context, "errors": error.errors}, status=422)
