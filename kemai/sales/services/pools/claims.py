"""Taking records out of a pool, giving them back, giving them to somebody: each in one transaction, however many people
reach for the same record at the same moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from kemai.platform import access, records
from kemai.platform.access import Actor
from kemai.platform.fields import Ref
from kemai.platform.models import ChangeSet, OwnerChange
from kemai.platform.records import FieldErrors, Refused
from kemai.sales.models import Pool, PoolMove
from kemai.sales.rules.pools import claims
from kemai.sales.rules.pools.claims import Asked, Check, Terms
from kemai.sales.services.pools.keeping import Intent, meaning
from kemai.sales.services.pools.kinds import KINDS, Kind, midnight, people_of, today

QUICK = dt.timedelta(minutes=10)
MOST = 100
"""Records that one claim may ask for."""


@dataclass(frozen=True)
class Answer:
    """What became of one record: taken, or every reason why not."""

    id: int
    title: str
    taken: bool
    checks: tuple[Check, ...] = ()
    gone: str = ""
    """Somebody else has it: who was quicker."""

    @property
    def reasons(self) -> list[str]:
        return [self.gone] if self.gone else [sentence(one) for one in self.checks]


def sentence(check: Check) -> str:
    """A failing check as the person reads it: with the figures, and when it lifts."""
    told = SENTENCES[check.key]() % check.inputs
    if check.key == "scope" and not check.inputs.get("claimable"):
        told = _("这个公海不允许自己领取，请联系公海管理员分配")
    if check.lifts_at is None:
        return told
    at = timezone.localtime(check.lifts_at, timezone.get_default_timezone())
    return _("%(why)s，%(at)s 起可以领取") % {"why": told, "at": date_format(at, "Y-m-d H:i")}


SENTENCES = {
    "scope": lambda: _("您不在这个公海的成员范围内"),
    "capacity": lambda: _("您已持有 %(number)s 个，最多 %(most)s 个"),
    "quota": lambda: _("您今天已领取 %(number)s 个，每天最多 %(most)s 个（退回不返还次数）"),
    "former": lambda: _("您是它的前负责人，%(hours)s 小时内不能再领"),
    "reclaim": lambda: _("您刚放手不久，%(hours)s 小时内不能再领"),
    "fresh": lambda: _("它刚进入公海，前 %(hours)s 小时受保护"),
    "reason": lambda: _("请填写领取理由"),
}


def terms_of(pool: Pool) -> Terms:
    return Terms(
        pool.claimable, pool.reason_required, pool.hold_most, pool.daily_most, pool.former_days, pool.reclaim_hours,
        pool.fresh_hours,
    )  # fmt: skip


@dataclass
class Hands:
    """What is counted of the person who asks; grows with every record taken. `held` is 0 in a pool without a limit."""

    held: int
    taken: int


def hands_of(kind: Kind, pool: Pool, user_id: int, now: dt.datetime) -> Hands:
    held = 0
    if pool.hold_most is not None:  # without a limit somebody may hold a hundred thousand, and nobody asks
        held = kind.type.records().filter(kind.held(closed=pool.hold_closed), owner=user_id).count()
    since = midnight(today())
    taken = PoolMove.objects.filter(user=user_id, move="claim", pool=pool, at__gte=since).count()
    return Hands(held, taken)


def keeps(actor: Actor, pool: Pool) -> bool:
    """May the actor look after this pool?"""
    return actor.is_admin or actor.is_system or actor.user_id in pool.keepers


def in_scope(actor: Actor, pool: Pool) -> bool:
    people = people_of(pool)
    return people is None or actor.user_id in people


def asked_of(
    kind: Kind, keeping: Any, pool: Pool, hands: Hands, reason: str, *, by: Actor, now: dt.datetime
) -> Asked:
    let_go = (
        OwnerChange.objects.filter(type_key=kind.key, object_id=keeping.pk, old=by.user_id)
        .order_by("-pk")
        .values_list("at", flat=True)
        .first()
    )
    return Asked(
        now=now,
        midnight=midnight(today() + dt.timedelta(days=1)),
        in_scope=in_scope(by, pool),
        held=hands.held,
        taken=hands.taken,
        pooled_at=keeping.pooled_at or now,
        former=keeping.former_owner_id is not None and keeping.former_owner_id == by.user_id,
        let_go_at=let_go,
        reason=reason,
    )


def claim(
    type_key: str, keys: Sequence[int], *, by: Actor, reason: str = "", now: dt.datetime | None = None
) -> list[Answer]:
    """Takes what may be taken, and says of each other why not. Raises access.Denied, Refused where too many."""
    kind = KINDS[type_key]
    access.require(by, kind.type, "view")
    if by.user_id is None or by.read_only:
        raise access.Denied
    if len(keys) > MOST:
        raise Refused("too_many", _("一次最多领取 %(n)s 个，请少选一些") % {"n": MOST})
    return [claim_one(kind, key, by=by, reason=reason.strip()[:200], now=now) for key in dict.fromkeys(keys)]


def claim_one(kind: Kind, key: int, *, by: Actor, reason: str, now: dt.datetime | None = None) -> Answer:
    """One record in one transaction. The person's row is locked first, so that two of his own claims do not count past
    each other, then the record's: whoever comes second finds it gone."""
    now = now or timezone.now()
    with transaction.atomic():
        if not access.scope(by, kind.type).filter(pk=key).exists():
            return just_gone(kind, key, by=by, now=now)
        get_user_model()._default_manager.select_for_update().filter(pk=by.user_id or 0).first()
        keeping = kind.keepings.select_for_update().filter(pk=key).first()
        record = kind.type.records().select_related("owner").get(pk=key)
        title = access.mask_title(by, kind.type, str(record))
        pool = (
            Pool.objects.filter(pk=keeping.pool_id).first()
            if keeping is not None and keeping.pool_id
            else None
        )
        if pool is None or record.owner_id is not None or record.deleted_at is not None:
            return Answer(key, title, taken=False, gone=gone(record, by))
        checks = claims.failing(
            claims.check(
                terms_of(pool),
                asked_of(
                    kind, keeping, pool, hands_of(kind, pool, by.user_id or 0, now), reason, by=by, now=now
                ),
            )
        )
        if checks:
            return Answer(key, title, taken=False, checks=checks)
        rule = _("公海“%(pool)s”：领取") % {"pool": pool.name}
        with meaning(Intent("claim", pool.pk)):
            records.put(
                kind.key, record, {"owner": Ref(by.user_id or 0, by.name)}, by=by, reason=reason, rule=rule
            )
    return Answer(key, title, taken=True)


def asks_reason(kind: Kind, keys: Sequence[int]) -> bool:
    """Does any of the pools that these lie in want a reason?"""
    pools = kind.keepings.filter(pk__in=list(keys)[:MOST]).values("pool")
    return Pool.objects.filter(pk__in=pools, reason_required=True).exists()


def just_gone(kind: Kind, key: int, *, by: Actor, now: dt.datetime) -> Answer:
    """Whoever saw a record in a pool a moment ago is told that somebody was quicker, though he sees it no more. Raises
    access.NotVisible for everybody else."""
    moves = PoolMove.objects.filter(type_key=kind.key, object_id=key, at__gte=now - QUICK).select_related(
        "pool"
    )
    last = moves.exclude(move__in=("enter", "return")).order_by("-pk").first()
    if last is None or last.pool is None or not in_scope(by, last.pool):
        raise access.NotVisible
    return Answer(key, f"#{key}", taken=False, gone=_("刚刚被别人领取了"))


def gone(record: Any, by: Actor) -> str:
    if record.owner_id == by.user_id:
        return _("它已经在您名下")
    if record.owner_id is not None:
        return _("已被 %(name)s 领取") % {"name": record.owner}
    return _("它已不在公海")


def preview(kind: Kind, pool: Pool, rows: Sequence[Any], *, by: Actor) -> dict[int, tuple[Check, ...]]:
    """What would be said to the actor about each of these keepings, in three questions for all of them (the reason is
    asked for later)."""
    if by.user_id is None or not rows:
        return {}
    now = timezone.now()
    hands = hands_of(kind, pool, by.user_id, now)
    inside = in_scope(by, pool)
    keys = [row.pk for row in rows]
    gone_at = dict(
        OwnerChange.objects.filter(type_key=kind.key, object_id__in=keys, old=by.user_id)
        .order_by("pk")
        .values_list("object_id", "at")
    )
    terms = terms_of(pool)
    coming = midnight(today() + dt.timedelta(days=1))
    return {
        row.pk: claims.failing(
            claims.check(
                terms,
                Asked(
                    now, coming, inside, hands.held, hands.taken, row.pooled_at or now,
                    row.former_owner_id is not None and row.former_owner_id == by.user_id, gone_at.get(row.pk), "-",
                ),
            )
        )
        for row in rows
    }  # fmt: skip


def give_back(type_key: str, key: int, *, by: Actor, reason: str, pool_id: int | None = None) -> Pool:
    """Into a pool, with the reason. Raises access.NotVisible, Denied, FieldErrors, Refused where no pool takes it."""
    kind = KINDS[type_key]
    reason = reason.strip()[:200]
    if not reason:
        raise FieldErrors({"reason": _("请填写退回的原因，接手的人看得到")})
    with transaction.atomic():
        record = access.one(by, kind.type, key, "edit")
        if record.owner_id is None:
            raise Refused("no_owner", _("它没有负责人，不用退回"))
        if record.owner_id != by.user_id:
            access.one(by, kind.type, key, "transfer")
        with meaning(Intent("return", pool_id)):
            records.put(kind.key, record, {"owner": None}, by=by, reason=reason)
        found: int | None = kind.keepings.filter(pk=key).values_list("pool", flat=True).first()
        if found is None:
            raise Refused("no_pool", _("没有公海接收这条记录，请联系管理员设置公海"))
    return Pool.objects.get(pk=found)


def assign(type_key: str, keys: Sequence[int], to: int, *, by: Actor, reason: str = "") -> int:
    """Records of pools that the actor looks after, to somebody. Returns how many. Raises Denied, FieldErrors."""
    kind = KINDS[type_key]
    person = get_user_model()._default_manager.filter(pk=to, is_active=True).first()
    if person is None:
        raise FieldErrors({"to": _("请选择一位在职员工")})
    done = 0
    for key in dict.fromkeys(keys):
        with transaction.atomic():
            keeping = (
                kind.keepings.select_for_update(of=("self",)).select_related("pool").filter(pk=key).first()
            )
            pool = keeping.pool if keeping is not None else None
            if pool is None:
                continue
            if not keeps(by, pool):
                raise access.Denied(_("只有公海管理员可以分配"))
            record = kind.type.records().get(pk=key)
            rule = _("公海“%(pool)s”：分配") % {"pool": pool.name}
            with meaning(Intent("assign", pool.pk)):
                records.put(
                    kind.key, record, {"owner": Ref(person.pk, str(person))}, by=by, reason=reason.strip()[:200],
                    rule=rule,
                )  # fmt: skip
            done += 1
    return done


def protect(type_key: str, key: int, days: int, *, by: Actor) -> dt.date | None:
    """Keeps a record from returning for so many days; 0 ends it. Raises NotVisible, Denied, Refused, FieldErrors."""
    kind = KINDS[type_key]
    with transaction.atomic():
        record = access.one(by, kind.type, key, "edit")
        keeping = kind.keepings.select_for_update().get(pk=key)
        rule = keeping.return_rule
        pool = Pool.objects.filter(pk=rule.pool_id).first() if rule is not None else None
        until = today() + dt.timedelta(days=days) if days else None
        if days:
            check_protection(kind, record, pool, days)
        before = keeping.protected_until
        kind.keepings.filter(pk=key).update(protected_until=until)
        note_protection(kind, key, before, until, by=by)
    from kemai.sales.services.pools.keeping import refresh_due

    refresh_due(kind, [key])
    return until


def check_protection(kind: Kind, record: Any, pool: Pool | None, days: int) -> None:
    if pool is None or record.owner_id is None:
        raise Refused("not_due", _("没有规则会退回它，不需要保护"))
    most = min(pool.protect_days, 90)
    if not 1 <= days <= most:
        raise FieldErrors({"days": _("一次最多保护 %(n)s 天") % {"n": most}})
    path = f"{kind.path}__owner"
    held = kind.keepings.filter(**{path: record.owner_id}, protected_until__gte=today()).exclude(pk=record.pk)
    number = held.aggregate(n=Count("pk"))["n"]
    if number >= pool.protect_most:
        raise Refused(
            "too_many",
            _("已保护 %(n)s 个，每人最多 %(most)s 个；请先结束别的保护")
            % {"n": number, "most": pool.protect_most},
        )


def note_protection(
    kind: Kind, key: int, before: dt.date | None, until: dt.date | None, *, by: Actor
) -> ChangeSet | None:
    from kemai.platform import audit

    if before == until:
        return None
    told = [before.isoformat() if before else None, until.isoformat() if until else None]
    return audit.note("update", kind.key, key, by=by, reason=_("保护"), diff={"protected_until": told})
