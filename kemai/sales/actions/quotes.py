"""What can be done with quotes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.platform.access import Actor
from kemai.platform.objects import Action
from kemai.sales.services import quotes

Row = Mapping[str, Any]


def while_(*states: str) -> Callable[[Row], str | None]:
    """Shown in these states only."""
    return lambda row: "" if row.get("state") in states else None


def elsewhere(actor: Actor, ids: Sequence[int], **params: object) -> str:
    """Acts that need to be asked something first are done by their own form."""
    return ""


def send(actor: Actor, ids: Sequence[int], **params: object) -> str:
    for key in ids:
        quotes.send(key, by=actor)
    return _("已定稿发出；把客户页面的链接或 PDF 发给客户即可")


def withdraw(actor: Actor, ids: Sequence[int], **params: object) -> str:
    for key in ids:
        quotes.withdraw(key, by=actor)
    return _("已退回草稿，可以继续修改")


QUOTE_ACTIONS = (
    Action(
        "send", gettext_lazy("发给客户"), "send", send, bulk=False, ready=while_("draft", "approved"), main=True
    ),
    Action(
        "ask", gettext_lazy("提交审批"), "user-check", elsewhere, bulk=False, ready=while_("draft"), form="quote_ask"
    ),
    Action(
        "decide", gettext_lazy("审批"), "checkbox", elsewhere, bulk=False, ready=while_("review"), form="quote_decide",
        main=True,
    ),
    Action(
        "answer", gettext_lazy("登记答复"), "circle-check", elsewhere, bulk=False, ready=while_("sent"),
        form="quote_answer", main=True,
    ),
    Action(
        "version", gettext_lazy("新建版本"), "file-plus", elsewhere, bulk=False,
        ready=while_("sent", "declined", "expired", "accepted"), form="quote_version",
    ),
    Action(
        "contract", gettext_lazy("生成合同"), "file-certificate", elsewhere, bulk=False, ready=while_("accepted"),
        form="quote_contract", main=True,
    ),
    Action(
        "withdraw", gettext_lazy("退回草稿"), "arrow-back-up", withdraw, bulk=False, ready=while_("review", "approved")
    ),
)  # fmt: skip
