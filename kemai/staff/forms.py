"""The second step's form: codes of the telephone or one of the recovery codes, counted like wrong passwords."""

from __future__ import annotations

from typing import Any

from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator

from kemai.platform.access.origin import address_of
from kemai.staff.services import recovery, throttle, trail


def checked(form: Any) -> str:
    """The code, if it opens. Raises ValidationError."""
    user, code = form.user, str(form.cleaned_data["code"]).strip()
    account, address = f"code/{user.pk}", address_of(context.request)
    if not throttle.admit(account, address):
        raise get_adapter().validation_error("too_many_codes")
    found = Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).first()
    if found is None or not (found.wrap().validate_code(code) or recovery.use(user, code)):
        trail.at_the_door("login_failed", context.request, None, f"{user.get_username()[:100]} (2)")
        raise get_adapter().validation_error("incorrect_code")
    throttle.forgive(account, address)
    found.user = user
    form.authenticator = found
    return code


class SecondStep(AuthenticateForm):  # type: ignore[misc]
    def clean_code(self) -> str:
        return checked(self)


class SecondStepAgain(ReauthenticateForm):  # type: ignore[misc]
    def clean_code(self) -> str:
        return checked(self)
