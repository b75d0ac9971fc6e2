"""One's own second step: setting it up, and the recovery codes, which are shown where they are made and never again."""

from __future__ import annotations

from typing import Any

from allauth.mfa.totp.internal import flows
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from kemai.platform.access import Actor
from kemai.platform.ui.door import signed_in
from kemai.staff.services import people, recovery
from kemai.staff.views.door import asked_again, user_of


@signed_in
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    user = user_of(request)
    context = {
        "totp": bool(people.two_step_users([user])),
        "left": recovery.left(user),
        "wanted": bool(getattr(user, "wants_two_step", False)),
    }
    return render(request, "mfa/index.html", context)


class Activate(ActivateTOTPView):  # type: ignore[misc]
    def form_valid(self, form: Any) -> HttpResponse:
        flows.activate_totp(self.request, form)
        return show_new(self.request)


class Deactivate(DeactivateTOTPView):  # type: ignore[misc]
    def form_valid(self, form: Any) -> HttpResponse:
        answer: HttpResponse = super().form_valid(form)
        recovery.forget(user_of(self.request))
        return answer


@require_http_methods(["GET", "POST"])
@signed_in
@asked_again(opening=True)
def codes(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """Asks first: the old codes open nothing after that."""
    user = user_of(request)
    if not people.two_step_users([user]):
        return redirect("mfa_index")
    if request.method == "POST":
        return show_new(request)
    return render(request, "mfa/codes_ask.html", {"left": recovery.left(user)})


def show_new(request: HttpRequest) -> HttpResponse:
    fresh = recovery.renew(user_of(request), by=request.actor)  # type: ignore[attr-defined]
    return render(request, "mfa/codes.html", {"codes": fresh})


@signed_in
@asked_again(opening=True)
def activate(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    answer: HttpResponseBase = Activate.as_view()(request)
    return answer


@signed_in
@asked_again(opening=True)
def deactivate(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    answer: HttpResponseBase = Deactivate.as_view()(request)
    return answer
