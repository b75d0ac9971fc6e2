"""What an owner does about a pool with a record of his: giving it back, protecting it, asking for more days."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpResponseBase
from django.utils.translation import gettext as _

from kemai.platform import access
from kemai.platform.access import Actor
from kemai.sales.services.pools import claims, extensions, why
from kemai.sales.services.pools.kinds import KINDS, open_pools
from kemai.sales.views.dialog import Asked, Button, Dialog, Elsewhere, Step, step

View = Callable[..., HttpResponseBase]
MOST_REASON = 200
MOST_PROTECTED = 90


def number(text: str, *, below: int = 1_000_000) -> int:
    """-1 for what is no number: the service says what is allowed."""
    return int(text) if text.isascii() and text.isdecimal() and int(text) < below else -1


def give_back(kind: str) -> View:
    @step(kind)
    def give_back_one(actor: Actor, record: Any) -> Step:
        pools = [{"value": one.pk, "label": one.name} for one in open_pools(kind)]
        into = [
            Asked("pool", _("退回到"), "select", options=pools, placeholder=_("按规则选择"))
        ] if len(pools) > 1 else []  # fmt: skip
        reason = Asked(
            "reason", _("退回原因"), "textarea", required=True, rows=2, maxlength=MOST_REASON,
            help=_("接手的人看得到"),
        )  # fmt: skip
        dialog = Dialog(_("退回公海：%(name)s") % {"name": record}, [*into, reason], [Button(_("退回公海"))])

        def act(typed: Mapping[str, str]) -> str | Elsewhere:
            chosen = number(typed.get("pool", ""), below=2**63)
            pool = claims.give_back(
                kind, record.pk, by=actor, reason=typed["reason"], pool_id=chosen if chosen >= 0 else None
            )
            text = _("已退回公海“%(pool)s”") % {"pool": pool.name}
            seen = access.scope(actor, kind).filter(pk=record.pk).exists()
            return text if seen else Elsewhere(text, kind)

        return Step(dialog, act)

    return give_back_one


def protect(kind: str) -> View:
    @step(kind)
    def protect_one(actor: Actor, record: Any) -> Step:
        keeping = why.keeping_of(KINDS[kind], record.pk)
        pool = keeping.return_rule.pool if keeping and keeping.return_rule else None
        most = min(pool.protect_days, MOST_PROTECTED) if pool else MOST_PROTECTED
        intro = _("保护期内不会自动退回公海。")
        if keeping and keeping.protected_until:
            intro += " " + _("现在保护到 %(day)s。") % {"day": keeping.protected_until.isoformat()}
        days = Asked(
            "days", _("保护几天"), "number", value="14", required=True,
            help=_("最多 %(n)s 天；填 0 结束保护") % {"n": most},
        )  # fmt: skip
        dialog = Dialog(_("保护：%(name)s") % {"name": record}, [days], [Button(_("保护"))], intro=intro)

        def act(typed: Mapping[str, str]) -> str:
            until = claims.protect(kind, record.pk, number(typed["days"]), by=actor)
            return _("已保护到 %(day)s") % {"day": until.isoformat()} if until else _("已结束保护")

        return Step(dialog, act)

    return protect_one


def extend(kind: str) -> View:
    @step(kind)
    def extend_one(actor: Actor, record: Any) -> Step:
        """The owner asks for some days more."""
        keeping = why.keeping_of(KINDS[kind], record.pk)
        refused = extensions.why_not(KINDS[kind], keeping, record.owner_id, actor)
        title = _("申请延期：%(name)s") % {"name": record}

        def act(typed: Mapping[str, str]) -> str:
            extensions.ask(kind, record.pk, number(typed.get("days", "")), typed.get("reason", ""), by=actor)
            return _("已提交延期申请，公海管理员会处理")

        if refused or keeping is None or keeping.return_due_on is None:
            return Step(Dialog(title, [], [], warning=refused), act)
        most = keeping.return_rule.pool.extend_days if keeping.return_rule else 0
        days = Asked(
            "days", _("延期几天"), "number", value="7", required=True, help=_("最多 %(n)s 天") % {"n": most}
        )
        reason = Asked(
            "reason", _("原因"), "textarea", required=True, rows=2, maxlength=MOST_REASON,
            help=_("公海管理员据此决定"),
        )  # fmt: skip
        intro = _("原定 %(day)s 清晨退回公海。公海管理员处理之前不会退回。") % {
            "day": keeping.return_due_on.isoformat(),
        }  # fmt: skip
        return Step(Dialog(title, [days, reason], [Button(_("提交申请"))], intro=intro), act)

    return extend_one
