"""What selling knows of work for a customer or a lead; other domains declare theirs in `customers.at_work`."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from kemai.collab.models import Task
from kemai.customers.at_work import Work, register
from kemai.sales.models import Contract, Quote, ReturnExtension, Visit
from kemai.sales.services.pools.kinds import KINDS
from kemai.sales.services.visits import OPEN


def tasks(kind: str) -> QuerySet[Any]:
    return Task.objects.filter(deleted_at=None, state="open", type_key=kind, object_id__isnull=False)


def visits() -> QuerySet[Any]:
    return Visit.objects.filter(deleted_at=None, state__in=OPEN)


def quotes() -> QuerySet[Any]:
    return Quote.objects.filter(deleted_at=None, state="review")


def contracts() -> QuerySet[Any]:
    return Contract.objects.filter(deleted_at=None, state="review")


def extensions(kind: str) -> QuerySet[Any]:
    return ReturnExtension.objects.filter(state="asked", type_key=kind)


def declare() -> None:
    for kind in KINDS:
        register(
            Work("task", kind, _("安排的任务"), lambda kind=kind: tasks(kind), "object_id", "due_at"),  # type: ignore[misc]
            Work("extension", kind, _("等待处理的延期申请"), lambda kind=kind: extensions(kind), "object_id"),  # type: ignore[misc]
        )
    register(
        Work("visit", "customer", _("计划的拜访"), visits, "customer", "starts_at"),
        Work("quote", "customer", _("审批中的报价"), quotes, "customer"),
        Work("contract", "customer", _("审批中的合同"), contracts, "customer"),
    )
