"""A simple step of approval for quotes and contracts: somebody asks, somebody else who answers for others' work says
yes or no. What was asked and said stands in the document's `approval`; the document's own service decides what a yes
means. A fuller engine takes the place of `ask` and `decide` and leaves the rest as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kemai.collab.services.notices import notify
from kemai.platform import access, events, records
from kemai.platform.access import Actor
from kemai.platform.objects import get
from kemai.platform.records import FieldErrors, Refused

MOST_NOTE = 500


def ask(type_key: str, document: Any, reason: str, *, by: Actor, values: Mapping[str, Any]) -> None:
    """Puts the document (locked by the caller) before those who may decide. `values` are the columns that change with
    it, its state among them."""
    document.approval = {
        "asked_by": by.user_id, "asked_name": by.name, "asked_at": timezone.now().isoformat(),
        "reason": reason.strip()[:MOST_NOTE],
    }  # fmt: skip
    records.put(type_key, document, values, by=by, reason=reason[:MOST_NOTE], kind="step")
    events.emit(f"{type_key}.approval_asked", type_key, document.pk)
    chief = document.owner.manager_id if document.owner else None
    if chief is not None and chief != by.user_id:
        notify(
            chief, f"approval/{type_key}/{document.pk}/{document.version}",
            gettext_noop("%(who)s 请您审批：%(title)s"), reverse("record", args=[type_key, document.pk]),
            kind="task", values={"who": by.name, "title": title_of(type_key, document)},
            text=document.approval["reason"], about=(type_key, document.pk),
        )  # fmt: skip


def title_of(type_key: str, document: Any) -> str:
    return f"{get(type_key).label} {document.number}"


def why_not(type_key: str, document: Any, by: Actor) -> str:
    """Why the actor may not decide; '' where he may."""
    if by.is_system:
        return ""
    reach = access.verb_scope(by, get(type_key), "edit")
    if reach in {"none", "own"}:
        return _("审批要由能处理同事记录的人来做，例如您的主管")
    if reach != "all" and document.approval.get("asked_by") == by.user_id:
        return _("自己提交的不能自己审批，请您的主管审批")
    return ""


def decide(
    type_key: str, document: Any, *, yes: bool, note: str, by: Actor, values: Mapping[str, Any]
) -> None:
    """Notes the answer with who gave it. Raises access.Denied, FieldErrors where a no says not why."""
    refused = why_not(type_key, document, by)
    if refused:
        raise access.Denied(refused)
    if not yes and not note.strip():
        raise FieldErrors({"note": _("请写明驳回的原因，提交人才知道改什么")})
    document.approval = {
        **document.approval, "decided_by": by.user_id, "decided_name": by.name,
        "decided_at": timezone.now().isoformat(), "answer": "yes" if yes else "no", "note": note.strip()[:MOST_NOTE],
    }  # fmt: skip
    records.put(type_key, document, values, by=by, reason=note[:MOST_NOTE], kind="step")
    events.emit(f"{type_key}.{'approved' if yes else 'refused'}", type_key, document.pk)
    tell_asker(type_key, document, yes=yes, by=by)


def tell_asker(type_key: str, document: Any, *, yes: bool, by: Actor) -> None:
    asker = document.approval.get("asked_by")
    if asker is None or asker == by.user_id:
        return
    said = gettext_noop("%(who)s 同意了：%(title)s") if yes else gettext_noop("%(who)s 驳回了：%(title)s")
    notify(
        asker, f"decision/{type_key}/{document.pk}/{document.version}", said,
        reverse("record", args=[type_key, document.pk]), kind="change", level="info" if yes else "warning",
        values={"who": by.name, "title": title_of(type_key, document)}, text=document.approval.get("note", ""),
        about=(type_key, document.pk),
    )  # fmt: skip


def require_state(document: Any, steps: Mapping[str, frozenset[str]], new: str) -> None:
    """Raises Refused where the document does not go from its state to the new one."""
    if document.state not in steps.get(new, frozenset()):
        states = {option.value: option.label for option in type(document).STATES}
        raise Refused("no_step", _("现在是“%(old)s”，不能改为“%(new)s”") % {
            "old": states.get(document.state, document.state), "new": states.get(new, new),
        })  # fmt: skip


def locked(type_key: str, pk: int, verb: str, by: Actor) -> Any:
    """The document for a step, held until the transaction ends; the state it was read with has gone by then. Raises
    access.NotVisible, access.Denied."""
    access.one(by, type_key, pk, verb)
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("a step is taken within a transaction")
    rows = get(type_key).model._default_manager.select_for_update(of=("self",))
    return rows.select_related("owner").get(pk=pk)
