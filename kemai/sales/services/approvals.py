"""Approval of quotes, contracts and the steps of deals: somebody asks, somebody else says yes or no. What was asked and
said stands in the document's `approval`; the document's own service decides what a yes means.

Who is to be told, who may answer and whether an answer settles the matter is the engine's to say. The one here is a
single step before somebody who answers for others' work; a fuller one (several steps, amounts, substitutes) takes its
place with `use` and changes nothing of the documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kemai.collab.services.notices import notify
from kemai.platform import access, audit, events, records
from kemai.platform.access import Actor
from kemai.platform.objects import get
from kemai.platform.records import FieldErrors, Refused

MOST_NOTE = 500


class Engine(Protocol):
    """The document is locked and its `approval` holds what was asked, and under "answers" what was said before."""

    def waits_for(self, type_key: str, document: Any) -> list[int]:
        """The users who are told that an answer is wanted from them."""

    def why_not(self, type_key: str, document: Any, by: Actor) -> str:
        """Why the actor may not answer now; '' where he may."""

    def verdict(self, type_key: str, document: Any, *, yes: bool, by: Actor) -> bool | None:
        """What it comes to with this answer; None while others have still to speak."""


class OneStep:
    """One answer of somebody who answers for others' work, the chief by preference."""

    def waits_for(self, type_key: str, document: Any) -> list[int]:
        chief = document.owner.manager_id if document.owner else None
        return [] if chief is None else [chief]

    def why_not(self, type_key: str, document: Any, by: Actor) -> str:
        reach = access.verb_scope(by, get(type_key), "edit")
        if reach in {"none", "own"}:
            return _("审批要由能处理同事记录的人来做，例如您的主管")
        if reach != "all" and document.approval.get("asked_by") == by.user_id:
            return _("自己提交的不能自己审批，请您的主管审批")
        return ""

    def verdict(self, type_key: str, document: Any, *, yes: bool, by: Actor) -> bool | None:
        return yes


_engine: list[Engine] = [OneStep()]


def use(engine: Engine) -> None:
    """Called by the app that brings a fuller engine, when it is ready."""
    _engine[0] = engine


def ask(type_key: str, document: Any, reason: str, *, by: Actor, values: Mapping[str, Any]) -> None:
    """Puts the document (locked by the caller) before those who may decide. `values` are the columns that change with
    it, its state among them."""
    document.approval = {
        "asked_by": by.user_id, "asked_name": by.name, "asked_at": timezone.now().isoformat(),
        "reason": reason.strip()[:MOST_NOTE],
    }  # fmt: skip
    records.put(type_key, document, values, by=by, reason=reason[:MOST_NOTE], kind="step")
    events.emit(f"{type_key}.approval_asked", type_key, document.pk)
    call(type_key, document, by)


def call(type_key: str, document: Any, by: Actor) -> None:
    """Whoever is to answer next hears of it."""
    told = document.approval
    for user in _engine[0].waits_for(type_key, document):
        if user not in {by.user_id, told.get("asked_by")}:
            notify(
                user, f"approval/{type_key}/{document.pk}/{document.version}/{user}",
                gettext_noop("%(who)s 请您审批：%(title)s"), reverse("record", args=[type_key, document.pk]),
                kind="task", values={"who": told["asked_name"], "title": title_of(type_key, document)},
                text=told["reason"], about=(type_key, document.pk),
            )  # fmt: skip


def asked_people(type_key: str, document: Any) -> list[int]:
    """The users whose answer is wanted now, or would be if somebody asked."""
    return _engine[0].waits_for(type_key, document)


def title_of(type_key: str, document: Any) -> str:
    return f"{get(type_key).label} {document.number}"


def why_not(type_key: str, document: Any, by: Actor) -> str:
    """Why the actor may not decide; '' where he may."""
    return "" if by.is_system else _engine[0].why_not(type_key, document, by)


def decide(
    type_key: str,
    document: Any,
    *,
    yes: bool,
    note: str,
    by: Actor,
    outcome: Callable[[bool], Mapping[str, Any]],
) -> bool | None:
    """Notes the answer with who gave it; `outcome` says which columns change with a final yes or no. Returns what it
    came to, None while others have still to speak. Raises access.Denied, FieldErrors where a no says not why."""
    refused = why_not(type_key, document, by)
    if refused:
        raise access.Denied(refused)
    if not yes and not note.strip():
        raise FieldErrors({"note": _("请写明驳回的原因，提交人才知道改什么")})
    final = _engine[0].verdict(type_key, document, yes=yes, by=by)
    said = {
        "decided_by": by.user_id, "decided_name": by.name, "decided_at": timezone.now().isoformat(),
        "note": note.strip()[:MOST_NOTE],
    }  # fmt: skip
    if final is None:
        before = document.approval.get("answers", [])
        document.approval = {
            **document.approval,
            "answers": [*before, {**said, "answer": "yes" if yes else "no"}],
        }
        document.save(update_fields=["approval"])
        audit.note("step", type_key, document.pk, by=by, reason=note[:MOST_NOTE])
        call(type_key, document, by)
        return None
    document.approval = {**document.approval, **said, "answer": "yes" if final else "no"}
    records.put(type_key, document, outcome(final), by=by, reason=note[:MOST_NOTE], kind="step")
    events.emit(f"{type_key}.{'approved' if final else 'refused'}", type_key, document.pk)
    tell_asker(type_key, document, yes=final, by=by)
    return final


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
