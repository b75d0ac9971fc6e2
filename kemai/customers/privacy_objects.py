"""How the desk of personal data and the standards of data entry appear."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kemai.customers.models import ConsentText, DataPurpose, EntryStandard, PrivacyRequest, RetentionRule
from kemai.customers.services import consents, health, privacy, retention
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.objects import Hooks, Numbering, ObjectType, Panel, Section, View, get, register
from kemai.platform.records.files import files_of
from kemai.platform.ui.lists import filters
from kemai.platform.ui.lists.state import dumps

OPEN = {"field": "state", "op": "in", "value": ["received", "verified"]}


def desk(actor: Actor, row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What is to be done next with a request; the texts are the template's."""
    over = row.get("state") in privacy.OVER
    request = get("privacy_request")
    files = files_of(request, int(row["id"])) if over and row.get("kind") in privacy.PACKED else ()
    packages = [(one.name, reverse("file", args=[request.key, row["id"], one.pk])) for one in files]
    return {"row": row, "over": over, "packages": packages}


def rehearsal(actor: Actor, row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What a retention rule would take, as rehearsed last, and the switch."""
    rule = access.scope(actor, "retention_rule").filter(pk=row["id"]).first()
    return None if rule is None else {"rule": rule, "rehearse_url": reverse("retention_rule", args=[rule.pk])}


def standard(actor: Actor, row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The condition of an entry standard, in the builder of the lists."""
    one = access.scope(actor, "entry_standard").filter(pk=row["id"]).first()
    if one is None:
        return None
    where = one.where or None
    return {
        "config": filters.config(actor, get("customer"), where),
        "where": dumps(filters.collapse(where)) if where else "",
        "save_url": reverse("standard_save", args=[one.pk]),
        "may": "edit" in access.abilities(actor, "entry_standard", one.pk, ("edit",)),
    }


PRIVACY_REQUEST = register(
    ObjectType(
        key="privacy_request", model=PrivacyRequest, title="number", icon="shield", nav="collab", nav_order=72,
        columns=("number", "customer", "kind", "state", "due_on", "owner", "received_at", "done_at"),
        form=(
            Section(_("请求"), "customer", "kind", "channel", "received_at", "owner"),
            Section(_("处理"), "identity", "answer", "number"),
        ),
        badges=("kind", "state"), date="due_on", sort="-created_at", importable=False,
        views=(View("open", _("待办"), OPEN, "due_on"),),
        purpose=_("客户对自己个人信息的请求：查阅、更正、删除、撤回同意；法律要求在 15 个工作日内答复。"),
        numbering=Numbering("number", "PR", 5), hooks=Hooks(prepare=privacy.prepare_request),
        panels=[Panel("desk", _("办理"), "customers/privacy_desk.html", desk, place="composer", order=5)],
    )
)  # fmt: skip
DATA_PURPOSE = register(
    ObjectType(
        key="data_purpose", model=DataPurpose, title="name", icon="list-check", nav="settings:privacy", nav_order=73,
        columns=("name", "basis", "data", "keep_days", "receivers", "abroad", "assessed_on"),
        form=(
            Section(_("处理目的"), "name", "basis", "data", "keep_days"),
            Section(_("去向"), "receivers", "abroad", "assessed_on", "note"),
        ),
        small=True, importable=False, sort="name",
        purpose=_("登记为什么收集哪些个人信息、依据什么、保存多久、交给谁。"),
    )
)  # fmt: skip
CONSENT_TEXT = register(
    ObjectType(
        key="consent_text", model=ConsentText, title="edition", icon="file-text", nav="settings:privacy", nav_order=74,
        columns=("edition", "purpose", "published_on", "text"),
        form=(Section(_("同意文本"), "edition", "purpose", "published_on", "text"),), badges=("purpose",),
        small=True, importable=False, sort="-published_on", hooks=Hooks(prepare=consents.prepare_text),
        purpose=_("客户同意的是哪一版文字，要说得清；启用后的版本不再改动。"),
    )
)  # fmt: skip
RETENTION_RULE = register(
    ObjectType(
        key="retention_rule", model=RetentionRule, title="name", icon="clock", nav="settings:privacy", nav_order=75,
        columns=("name", "type_key", "days", "act", "active", "rehearsed", "ran_at", "removed"),
        form=(Section(_("规则"), "name", "type_key", "days", "act"),), badges=("act", "active"),
        small=True, importable=False, sort="name", hooks=Hooks(prepare=retention.prepare_rule),
        purpose=_("个人信息只保存到用得着的时候：到期的记录先预演、再自动清理。"),
        panels=[Panel("rehearsal", _("预演"), "customers/retention_rule.html", rehearsal, place="composer", order=5)],
    )
)  # fmt: skip
ENTRY_STANDARD = register(
    ObjectType(
        key="entry_standard", model=EntryStandard, title="name", icon="checkbox", nav="settings:data", nav_order=76,
        columns=("name", "kind", "target", "active", "position"),
        form=(Section(_("录入标准"), "name", "kind", "target", "active", "position"),), small=True, importable=False,
        sort="position", hooks=Hooks(prepare=health.prepare_standard),
        panels=[Panel("condition", _("条件"), "customers/entry_standard.html", standard, place="composer", order=5)],
        purpose=_("一条合格的客户资料应当是什么样：写成条件，按负责人统计达标率。"),
    )
)  # fmt: skip
