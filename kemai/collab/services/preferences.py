"""How each person wants to be told of what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from django.utils.translation import gettext as _

from kemai.collab.models import KINDS, NoticeSettings
from kemai.platform.records import FieldErrors

MAILS = ("now", "daily", "off")


class Choice(NamedTuple):
    """In the app or not; by mail at once ("now"), once a day ("daily") or never ("off")."""

    app: bool
    mail: str


DEFAULT = Choice(True, "off")
DEFAULTS: Mapping[str, Choice] = {
    "mention": Choice(True, "now"),
    "comment": Choice(True, "daily"),
    "task": Choice(True, "now"),
    "nudge": Choice(True, "now"),
    "due": Choice(True, "off"),
    "owner": Choice(True, "daily"),
}
"""What counts until a person has chosen; kinds that are not named: in the app only."""


def choices(user_id: int) -> dict[str, Choice]:
    stored = NoticeSettings.objects.filter(user=user_id).values_list("choices", flat=True).first() or {}
    return {kind.value: choice_of(stored, kind.value) for kind in KINDS}


def choice_of(stored: Mapping[str, object], kind: str) -> Choice:
    match stored.get(kind):
        case [bool(app), str(mail)] if mail in MAILS:
            return Choice(app, mail)
    return DEFAULTS.get(kind, DEFAULT)


def choose(user_id: int, wanted: Mapping[str, Choice]) -> None:
    """Raises FieldErrors for what there is not."""
    known = {kind.value for kind in KINDS}
    if set(wanted) - known or any(choice.mail not in MAILS for choice in wanted.values()):
        raise FieldErrors({"": _("没有这种通知方式，请重新选择")})
    chosen = {**choices(user_id), **wanted}
    NoticeSettings.objects.update_or_create(
        user_id=user_id, defaults={"choices": {kind: list(choice) for kind, choice in chosen.items()}}
    )


def mail_off(user_id: int) -> None:
    """No more mails of any kind: the link at the end of each."""
    choose(user_id, {kind: Choice(choice.app, "off") for kind, choice in choices(user_id).items()})
