"""Asking for approval and giving it: the same two dialogues for quotes, contracts and the steps of deals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from django.utils.translation import gettext as _

from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.fields import Label
from kemai.sales.models import Contract, Deal, Quote
from kemai.sales.services import approvals
from kemai.sales.views.dialog import Asked, Button, Dialog, Step


class Decide(Protocol):
    def __call__(self, *, yes: bool, note: str) -> Quote | Contract | Deal: ...


def amount_of(document: Quote | Contract) -> list[tuple[Label, str]]:
    return [(_("金额"), f"{document.amount:,.2f} {document.currency}")]


def asking(
    title: str,
    question: str,
    ask: Callable[[str], object],
    *,
    warning: str = "",
    intro: str = "",
    facts: Sequence[tuple[Label, str]] = (),
) -> Step:
    dialog = Dialog(
        title, [Asked("reason", question, "textarea", help=_("审批的人会看到"))], [Button(_("提交审批"))],
        warning=warning, intro=intro, facts=facts,
    )  # fmt: skip

    def act(typed: Mapping[str, str]) -> str:
        ask(typed["reason"])
        return _("已提交审批")

    return Step(dialog, act)


def deciding(
    type_key: str,
    document: Quote | Contract | Deal,
    title: str,
    agreed: str,
    actor: Actor,
    decide: Decide,
    *,
    warning: str = "",
    facts: Sequence[tuple[Label, str]] = (),
    refusal: str = "",
) -> Step:
    """Raises access.Denied for whoever may not answer."""
    barred = approvals.why_not(type_key, document, actor)
    if barred:
        raise access.Denied(barred)
    told = document.approval
    dialog = Dialog(
        title,
        [Asked("note", _("意见"), "textarea", help=_("驳回时必填"))],
        [Button(_("同意"), "yes"), Button(_("驳回"), "no", "danger")],
        warning=warning,
        facts=[
            (_("提交人"), str(told.get("asked_name", ""))), (_("理由"), str(told.get("reason", "") or "—")),
            *facts,
        ],
    )  # fmt: skip

    def act(typed: Mapping[str, str]) -> str:
        done = decide(yes=typed["answer"] == "yes", note=typed["note"])
        answer = done.approval.get("answer")
        if answer is None:
            return _("已记下您的意见，还要等其他人审批")
        return agreed if answer == "yes" else refusal or _("已驳回，退回草稿")

    return Step(dialog, act)
