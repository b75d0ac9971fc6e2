"""Reports that take longer than anybody waits for: worked out in the background, with the person's rights, and kept for
a day in the job that did it, for that person alone and only as long as their rights are the same."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from kemai.platform import access
from kemai.platform.access import SYSTEM, Actor
from kemai.platform.jobs import Fatal, Progress, enqueue, schedule
from kemai.platform.models import Job
from kemai.platform.query.cube import Atoms
from kemai.platform.records import Refused
from kemai.platform.reports.asking import run
from kemai.platform.reports.definition import Definition
from kemai.platform.reports.lines import REST, Line, Rest, Shown, Table
from kemai.platform.reports.offered import Broken, Plan, resolve

TASK = "kemai.platform.reports.later.work"
SECONDS = 1_800.0
KEPT = timedelta(days=1)
MOST = 3
"""Reports of one person that wait or run at once."""
LIVE = ("waiting", "running", "paused")


def ask(actor: Actor, plan: Plan, address: str, name: str) -> Job:
    """The job that works the report out; one for the same report of the same person. Raises Refused."""
    mine = Job.objects.filter(task=TASK, user=actor.user_id, state__in=LIVE)
    stored = plan.definition.stored()
    digest = hashlib.sha256(repr((plan.type.key, stored)).encode()).hexdigest()[:32]
    key = f"report/{actor.user_id}/{digest}"
    if mine.exclude(key=key).count() >= MOST:
        raise Refused("too_many", _("您已有 %(n)s 个报表在后台算，请等其中一个算完") % {"n": MOST})
    args = {
        "user_id": actor.user_id, "type_key": plan.type.key, "state": stored, "address": address,
        "language": actor.language,
    }  # fmt: skip
    title = _("报表“%(name)s”") % {"name": name[:80]}
    return enqueue(TASK, args, key=key, again=True, user=actor.user_id, title=title, max_attempts=2)


def work(
    progress: Progress, *, user_id: int, type_key: str, state: dict[str, Any], address: str, language: str
) -> dict[str, Any]:
    """The task: with the rights of the moment it runs."""
    user = access.scope(SYSTEM, "user").filter(pk=user_id, is_active=True).first()
    if user is None:
        raise Fatal("the user is gone")
    actor, as_of = access.actor_for(user), timezone.now()
    with translation.override(language):
        try:
            plan = resolve(actor, Definition.of(type_key, state))
            found = run(actor, plan, seconds=SECONDS)
        except (access.Denied, Broken) as error:
            raise Fatal(str(error)) from error
        return {
            "message": _("已算好，结果保留 24 小时"),
            "report": {
                "as_of": as_of.isoformat(),
                "rights": rights(actor, plan),
                "apart": [list(one.apart) for one in found.plan.measures],
                "cuts": sorted(found.cuts),
                "columns": [key_out(key) for key in found.columns],
                "total": line_out(found.total),
            },
        }


def seen(actor: Actor, pk: int) -> tuple[Job, Table, datetime]:
    """What came out, for whom it was worked out. Raises NotVisible, Broken, Denied."""
    job = Job.objects.filter(pk=pk, task=TASK, user=actor.user_id or 0, state="done").first()
    kept = (job.result or {}).get("report") if job is not None else None
    if job is None or kept is None:
        raise access.NotVisible
    as_of = datetime.fromisoformat(kept["as_of"])
    if as_of < timezone.now() - KEPT:
        raise access.NotVisible
    plan = resolve(actor, Definition.of(job.args["type_key"], job.args["state"]))
    if rights(actor, plan) != kept["rights"]:
        raise Broken([_("您能看到的记录的范围变了，这个结果不再显示；请重新计算")])
    apart = zip(plan.measures, kept["apart"], strict=True)
    plan = replace(plan, measures=tuple(replace(one, apart=tuple(codes)) for one, codes in apart))
    columns = tuple(key_in(key) for key in kept["columns"])
    return job, Table(plan, columns, line_in(kept["total"]), frozenset(kept["cuts"])), as_of


def rights(actor: Actor, plan: Plan) -> str:
    """What decides which records the person sees, digested: another role, department or rule makes another one."""
    try:
        told = repr(access.scope(actor.everyday, plan.type).query.sql_with_params())
    except EmptyResultSet:
        told = ""
    return hashlib.sha256(told.encode()).hexdigest()


@schedule("reports.results", every=60)
def sweep(progress: Progress) -> int:
    """Throws away what was worked out more than a day ago; returns how much."""
    old = Job.objects.filter(task=TASK, finished_at__lt=timezone.now() - KEPT).exclude(result=None)
    return old.update(result=None)  # lint: allow write-door — the queue's own table


# ── the table as JSON ──


def line_out(line: Line) -> dict[str, Any]:
    return {
        "keys": [key_out(key) for key in line.keys],
        "total": atoms_out(line.total),
        "cells": [[key_out(key), atoms_out(atoms)] for key, atoms in line.cells.items()],
        "lines": [line_out(one) for one in line.lines],
    }


def line_in(kept: Mapping[str, Any]) -> Line:
    return Line(
        tuple(key_in(key) for key in kept["keys"]),
        atoms_in(kept["total"]),
        {key_in(key): atoms_in(atoms) for key, atoms in kept["cells"]},
        [line_in(one) for one in kept["lines"]],
    )


def key_out(key: Shown) -> Any:
    return ["rest"] if isinstance(key, Rest) else key


def key_in(kept: Any) -> Shown:
    return REST if kept == ["rest"] else kept


def atoms_out(atoms: Atoms) -> list[list[Any]]:
    return [
        [op, path, {"decimal": str(value)} if isinstance(value, Decimal) else value]
        for (op, path), value in atoms.items()
    ]


def atoms_in(kept: list[list[Any]]) -> Atoms:
    return {
        (op, path): Decimal(value["decimal"]) if isinstance(value, dict) else value
        for op, path, value in kept
    }
