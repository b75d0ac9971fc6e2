"""What pools bring to the pages of customers and leads: whose it is and how long still, why, and what can be done."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.platform.access import Actor
from kemai.platform.fields import listed, read_out
from kemai.platform.objects import Action, Panel
from kemai.platform.records.owners import history as owner_history
from kemai.sales.rules.pools.returns import SOON, WARN_DAYS
from kemai.sales.services.pools import claims, extensions, why
from kemai.sales.services.pools.kinds import KINDS
from kemai.sales.services.pools.wording import rule_text

Row = Mapping[str, Any]
MOST_HISTORY = 20


def head(kind_key: str, actor: Actor, row: Row) -> Mapping[str, Any] | None:
    """In a pool: which, since when, why. In somebody's hands: when it goes back and by which rule."""
    kind = KINDS[kind_key]
    if not any(
        row.get(name) for name in ("pool", "return_due_on", "protected_until", "extended_until", "open_work")
    ):
        return None
    keeping = why.keeping_of(kind, int(row["id"]))
    if keeping is None:
        return None
    why_url = reverse("why", args=[kind_key, row["id"], "return_due_on"]) if row.get("return_due_on") else ""
    told = why.told(kind, keeping)
    if keeping.pool is not None:
        return {"pool": keeping.pool, "keeping": keeping, "pool_url": reverse("pool", args=[keeping.pool_id])}
    working = ""
    if keeping.open_work and row.get("owner"):
        working = listed(f"{what} {n}" for what, n in why.work_of(kind, keeping.pk, planned_too=False))
    if told is None:
        return {"keeping": keeping, "working": working} if working or keeping.protected_until else None
    color = "red" if told.left <= SOON else "orange" if told.left <= WARN_DAYS[0] else "gray"
    return {
        "keeping": keeping, "told": told, "left": max(told.left, 0), "color": color, "why_url": why_url,
        "rule": rule_text(told.rule), "working": working,
    }  # fmt: skip


def given(kind_key: str, actor: Actor, row: Row) -> Mapping[str, Any] | None:
    """“为什么分给他”: where a route gave the lead to its owner."""
    keeping = why.keeping_of(KINDS[kind_key], int(row["id"]))
    basis = keeping.given_basis if keeping is not None else {}
    lines = why.basis_steps(basis) if row.get("owner") else []
    return {"lines": lines[1:], "rule": lines[0], "owner": row["owner"].title} if lines else None


def history(kind_key: str, actor: Actor, row: Row) -> Mapping[str, Any] | None:
    """Who had it before, why it changed hands, and what was asked for it; not while it lies in a pool, where it is seen
    in part."""
    if row.get("pool"):
        return None
    kind, key = KINDS[kind_key], int(row["id"])
    lines: list[dict[str, Any]] = [
        {
            "at": one.at,
            "old": one.old,
            "new": one.new,
            "by": one.actor_name,
            "reason": read_out(one.reason),
            "rule": read_out(one.rule),
        }
        for one in owner_history(kind_key, key)[:MOST_HISTORY]
    ]
    lines += [{"at": one.decided_at or one.asked_at, "asked": one} for one in extensions.history(kind, key)]
    lines.sort(key=lambda line: line["at"], reverse=True)
    return {"lines": lines[:MOST_HISTORY], "states": extensions.states()} if lines else None


def in_pool(row: Row) -> str | None:
    return "" if row.get("pool") else None


def mine(row: Row) -> str | None:
    return "" if row.get("owner") and not row.get("converted_at") else None


def returning(row: Row) -> str | None:
    return "" if row.get("owner") and (row.get("return_due_on") or row.get("protected_until")) else None


def going(row: Row) -> str | None:
    return "" if row.get("owner") and row.get("return_due_on") else None


def elsewhere(actor: Actor, ids: Any, **params: object) -> str:
    """Asked in a dialogue of their own."""
    return ""


def claim(kind_key: str, actor: Actor, ids: Any, **params: object) -> str:
    answers = claims.claim(kind_key, list(ids), by=actor, reason=str(params.get("reason", "")))
    taken = sum(one.taken for one in answers)
    reasons = [f"{one.title}：{'；'.join(one.reasons)}" for one in answers if not one.taken]
    told = _("已领取 %(n)s 个") % {"n": taken}
    return "\n".join([told, *reasons])


def actions(kind_key: str) -> tuple[Action, ...]:
    return (
        Action(
            "claim", gettext_lazy("领取"), "user-check", partial(claim, kind_key), verb="view", bulk=False,
            ready=in_pool, form=f"{kind_key}_claim", main=True,
        ),
        Action(
            "give_back", gettext_lazy("退回公海"), "arrow-back-up", elsewhere, bulk=False, ready=mine,
            form=f"{kind_key}_give_back",
        ),
        Action(
            "protect", gettext_lazy("保护"), "shield", elsewhere, bulk=False, ready=returning,
            form=f"{kind_key}_protect",
        ),
        Action(
            "extend", gettext_lazy("申请延期"), "calendar-time", elsewhere, bulk=False, ready=going,
            form=f"{kind_key}_extend",
        ),
    )  # fmt: skip


def panels(kind_key: str) -> tuple[Panel, ...]:
    found = [
        Panel(
            "keeping",
            gettext_lazy("公海"),
            "sales/pool_head.html",
            partial(head, kind_key),
            place="head",
            order=30,
        )
    ]
    found.append(
        Panel(
            "owners",
            gettext_lazy("经手记录"),
            "sales/pool_history.html",
            partial(history, kind_key),
            place="side",
            order=80,
        )
    )
    if kind_key == "lead":
        found.append(
            Panel(
                "given",
                gettext_lazy("为什么分给他"),
                "sales/lead_given.html",
                partial(given, kind_key),
                place="side",
                order=20,
            )
        )
    return tuple(found)
