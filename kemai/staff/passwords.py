"""What Django asks when somebody chooses a password."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.kit.outgoing import Allowed
from kemai.kit.passwords import weak_because
from kemai.kit.stolen import StolenError, is_stolen

log = logging.getLogger(__name__)

REASONS = {
    "common": gettext_lazy("这个密码太常见，很容易被猜到"),
    "repeated": gettext_lazy("密码不能只是重复或连续的字符"),
    "own_word": gettext_lazy("密码里不能有您的姓名、用户名、邮箱或电话，除非再加上至少 6 个别的字符"),
}


class NotGuessable:
    def validate(self, password: str, user: Any = None) -> None:
        words = [getattr(user, name, "") or "" for name in ("username", "name", "email", "phone")]
        reason = weak_because(password, words)
        if reason:
            raise ValidationError(REASONS[reason], code=reason)

    def get_help_text(self) -> str:
        return _("不要用姓名、电话或常见的密码")


class NotStolen:
    """Nobody is kept from a new password because the list cannot be asked: the log and `kemai doctor` say so."""

    def validate(self, password: str, user: Any = None) -> None:
        if not settings.STOLEN_PASSWORDS:
            return
        try:
            stolen = is_stolen(
                password,
                settings.STOLEN_PASSWORDS,
                Allowed.of(settings.OUTGOING_ALLOW, settings.OUTGOING_ONLY),
            )
        except StolenError as error:
            log.warning("the list of stolen passwords cannot be asked: %s", error.code)
            return
        if stolen:
            raise ValidationError(_("这个密码在已经泄露的密码名单里，别人会先试它，请换一个"), code="stolen")

    def get_help_text(self) -> str:
        return ""
