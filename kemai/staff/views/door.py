"""What the pages of this app share."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from allauth.account import app_settings
from allauth.account.internal.flows import login as authentication
from allauth.account.internal.flows import reauthentication
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from kemai.platform.access import Actor, NotVisible
from kemai.platform.records import FieldErrors
from kemai.platform.ui.door import Page, admin_page
from kemai.staff.models import User
from kemai.staff.services import directory, sso

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


def way_again(user: User) -> str:
    """The name of the page on which somebody shows that it is they: by password or second step here, by the password
    of the company's directory, at the provider of single sign-on. '' where there is none."""
    flows = reauthentication.get_reauthentication_flows(user)
    if flows:
        name: str = flows[0]["id"]
        return "account_reauthenticate" if name == "reauthenticate" else name
    if directory.has_password(user):
        return "account_reauthenticate"
    return "sso_again" if sso.may_ask(user) else ""


def has_shown(request: HttpRequest) -> bool:
    """Within the last minutes; coming in does not count. (allauth's own answer is yes for whoever has no password.)"""
    known = authentication.get_authentication_records(request, request.user)
    shown = [one["at"] for one in known if one.get("reauthenticated")]
    return bool(shown) and 0 <= time.time() - shown[-1] < app_settings.REAUTHENTICATION_TIMEOUT


def asked_again(
    when: Callable[[HttpRequest], bool] = always, *, opening: bool = False
) -> Callable[[Page[P]], Page[P]]:
    """For acts that touch the safety of an account: who does one shows first that it is he who sits there, unless he
    has within five minutes. What was sent is kept meanwhile and done afterwards; `opening` asks before the form is
    shown, too."""

    def decorated(view: Page[P]) -> Page[P]:
        def page(
            request: HttpRequest, actor: Actor, /, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponseBase:
            if not (opening or request.method == "POST") or has_shown(request) or not when(request):
                return view(request, actor, *args, **kwargs)
            name = way_again(user_of(request))
            if not name:
                return view(request, actor, *args, **kwargs)
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
