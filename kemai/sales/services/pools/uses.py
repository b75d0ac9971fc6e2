"""Which pools, return rules and routes name a field: told before it is taken away, and shown where it is gone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.platform.access import SYSTEM
from kemai.platform.define import usage
from kemai.platform.define.usage import Source, Use
from kemai.platform.fields import listed
from kemai.platform.objects import get
from kemai.platform.query import QueryError, parse
from kemai.sales.models import LeadRoute, Pool, PoolRule
from kemai.sales.services.pools.wording import rule_text


def pools(type_key: str, key: str) -> Iterator[Use]:
    for pool in Pool.objects.filter(deleted_at=None).order_by("pk"):
        parts = []
        if usage.names(pool.where, key, type_key, pool.kind):
            parts.append(_("接收条件"))
        if pool.kind == type_key and key in pool.shut:
            parts.append(_("不显示的字段"))
        if pool.kind == type_key and key in pool.shown:
            parts.append(_("不脱敏的个人信息"))
        if parts:
            yield Use(pool.name, listed(parts), reverse("pool_edit", args=(pool.pk,)))


def rules(type_key: str, key: str) -> Iterator[Use]:
    found = PoolRule.objects.filter(deleted_at=None, pool__deleted_at=None).select_related("pool")
    for rule in found.order_by("pk"):
        if usage.names(rule.where, key, type_key, rule.pool.kind):
            yield Use(
                f"{rule.pool.name} · {rule_text(rule)}",
                "",
                reverse("pool_rule", args=(rule.pool_id, rule.pk)),
            )


def routes(type_key: str, key: str) -> Iterator[Use]:
    for route in LeadRoute.objects.filter(deleted_at=None).order_by("position", "pk"):
        if usage.names(route.where, key, type_key, "lead"):
            yield Use(route.name, "", reverse("lead_route", args=(route.pk,)))


def register() -> None:
    usage.register(Source("pool", gettext_lazy("公海"), pools))
    usage.register(Source("pool_rule", gettext_lazy("公海退回规则"), rules))
    usage.register(Source("lead_route", gettext_lazy("线索分配规则"), routes))


def broken(where: Any, kind: str) -> str:
    """Why a stored condition cannot be read any more; '' where it can. Such a pool takes nothing by itself, such a rule
    returns nothing and such a route gives nothing, until somebody mends it."""
    if not where:
        return ""
    try:
        parse(where, get(kind), SYSTEM.moment())
    except QueryError as error:
        return error.message
    return ""
