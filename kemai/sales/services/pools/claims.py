"""Taking records out of a pool, giving them back, giving them to somebody: each in one transaction, however many people
reach for the same record at the same moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from kemai.platform import access, audit, query, records
from kemai.platform.access import Actor, commons
from kemai.platform.fields import Ref
from kemai.platform.models import ChangeSet, OwnerChange
from kemai.platform.records import FieldErrors, Refused
from kemai.sales.models import Pool, PoolMove
from kemai.sales.rules.pools import claims
from kemai.sales.rules.pools.claims import Asked, Check, Terms
from kemai.sales.services.pools import looking
from kemai.sales.services.pools.keeping import Intent, meaning, refresh_due
from kemai.sales.services.pools.kinds import KINDS, Kind, in_scope, midnight, pools_by_key, today
from kemai.sales.services.pools.wording import PROTECTED

QUICK = dt.timedelta(minutes=10)
MOST = 100
"""Records that one claim may ask for."""
TOGETHER = 20
"""Records taken in one transaction: others wait for it no longer than a moment."""
Look = Callable[[Kind, Sequence[int], int], dict[int, looking.Seen]]


@dataclass(frozen=True)
class Answer:
    """What became of one record: taken, or every reason why not."""

    id: int
    title: str
    taken: bool
    checks: tuple[Check, ...] = ()
    gone: str = ""
    """Somebody else has it: who was quicker."""
    pool: int = 0
    """Where it lies, as far as it lies in a pool."""

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
    words = _("%(why)s，%(at)s 起可以再打开") if check.key == "looks" else _("%(why)s，%(at)s 起可以领取")
    return words % {"why": told, "at": date_format(at, "Y-m-d H:i")}


SENTENCES = {
    "looks": lambda: _("您今天已打开 %(number)s 条公海记录的详情，每天最多 %(most)s 条"),
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


@dataclass(frozen=True)
class Hands:
    """What is counted of the person who asks. `held` is 0 in a pool without a limit."""

    held: int
    taken: int


def hands_of(kind: Kind, pool: Pool, user_id: int, *, shown: bool = False) -> Hands:
    """What the pool does not limit is not counted, unless the day's claims are to be shown."""
    held = 0
    if pool.hold_most is not None:  # without a limit somebody may hold a hundred thousand, and nobody asks
        held = looking.held(kind, user_id, closed=pool.hold_closed)
    counted = shown or pool.daily_most is not None
    return Hands(held, looking.taken(pool.pk, user_id, midnight(today())) if counted else 0)


def keeps(actor: Actor, pool: Pool) -> bool:
    """May the actor look after this pool?"""
    return actor.is_admin or actor.is_system or actor.user_id in pool.keepers


def claim(
    type_key: str, keys: Sequence[int], *, by: Actor, reason: str = "", now: dt.datetime | None = None
) -> list[Answer]:
    """Takes what may be taken, and says of each other why not. Raises access.Denied, Refused where too many,
    access.NotVisible."""
    kind = KINDS[type_key]
    access.require(by, kind.type, "view")
    if by.user_id is None or by.read_only:
        raise access.Denied
    if len(keys) > MOST:
        raise Refused("too_many", _("一次最多领取 %(n)s 个，请少选一些") % {"n": MOST})
    wanted = list(dict.fromkeys(keys))
    asking = Asking(kind, by, by.user_id, reason.strip()[:200], now or timezone.now())
    found: dict[int, Answer] = {}
    for start in range(0, len(wanted), TOGETHER):
        found |= asking.claim(wanted[start : start + TOGETHER])
    mask = access.title_mask(by, kind.type)
    return [replace(found[key], title=mask(found[key].title)) for key in wanted]


@dataclass(frozen=True)
class Asking:
    """One person's claim. What is looked at under the lock, where neither the records nor the person's figures can move
    any more, is taken in one go. Where the lock holds up everybody (SQLite), what refuses is looked for before it."""

    kind: Kind
    by: Actor
    user_id: int
    reason: str
    now: dt.datetime

    def claim(self, keys: Sequence[int]) -> dict[int, Answer]:
        """What one record needs is said in the same statements each time: PostgreSQL keeps their plans."""
        with query.planned_once() if len(keys) == 1 else nullcontext():
            return self.claimed(keys)

    def claimed(self, keys: Sequence[int]) -> dict[int, Answer]:
        first = self.answers(keys, looking.look) if looking.locks_everybody() else {}
        answers = {key: answer for key, answer in first.items() if not answer.taken}
        left = [key for key in keys if key not in answers]
        if left:
            with transaction.atomic():
                answers |= self.answers(left, looking.hold)
                self.take([key for key in left if answers[key].taken], answers)
        return answers

    def answers(self, keys: Sequence[int], look: Look) -> dict[int, Answer]:
        """What may be said of each record now; `taken` means that it may be."""
        hands: dict[int, Hands] = {}
        found: dict[int, Answer] = {}
        promised: list[looking.Seen] = []
        seen = look(self.kind, keys, self.user_id)
        pools = pools_by_key(access.version_of(self.by))
        for key in keys:
            one = seen.get(key)
            pool = pools.get(one.pool) if one is not None and one.pool is not None else None
            if one is None or not self.may_see(one):
                found[key] = just_gone(self.kind, key, by=self.by, now=self.now)
                continue
            if pool is None or one.owner is not None:
                found[key] = Answer(key, one.title, taken=False, gone=gone(one.owner, self.by))
                continue
            if pool.pk not in hands:
                hands[pool.pk] = hands_of(self.kind, pool, self.user_id)
            taken = sum(other.pool == pool.pk for other in promised)
            held = sum(pool.hold_closed or not other.won for other in promised)
            mine = Hands(hands[pool.pk].held + held, hands[pool.pk].taken + taken)
            checks = claims.failing(claims.check(terms_of(pool), self.asked(one, pool, mine)))
            found[key] = Answer(key, one.title, taken=not checks, checks=checks, pool=pool.pk)
            if not checks:
                promised.append(one)
        return found

    def may_see(self, one: looking.Seen) -> bool:
        """What lies in a pool that is open to him he sees; anything else is the filter's question."""
        open_pools = {place.id for place in commons.open_to(self.by, self.kind.type)}
        if one.owner is None and not one.deleted and one.pool in open_pools:
            return True
        return access.scope(self.by, self.kind.type).filter(pk=one.id).exists()

    def asked(self, one: looking.Seen, pool: Pool, hands: Hands) -> Asked:
        return Asked(
            now=self.now,
            midnight=midnight(today() + dt.timedelta(days=1)),
            in_scope=in_scope(self.by, pool),
            held=hands.held,
            taken=hands.taken,
            pooled_at=one.pooled_at or self.now,
            former=one.former == self.user_id,
            let_go_at=one.let_go_at,
            reason=self.reason,
        )

    def take(self, keys: Sequence[int], answers: Mapping[int, Answer]) -> None:
        by_pool: dict[int, list[int]] = {}
        for key in keys:
            by_pool.setdefault(answers[key].pool, []).append(key)
        pools = pools_by_key(access.version_of(self.by))
        for pool, mine in by_pool.items():
            rule = _("公海“%(pool)s”：领取") % {"pool": pools[pool].name}
            with meaning(Intent("claim", pool, lying=True)):
                taken = records.hand_out(
                    self.kind.key,
                    mine,
                    Ref(self.user_id, self.by.name),
                    by=self.by,
                    reason=self.reason,
                    rule=rule,
                )
            # the lock lets nobody in between; should it ever, nothing is told that is not so
            if len(taken) != len(mine):
                raise Refused("gone", _("刚刚被别人领取了"))


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


def gone(owner: int | None, by: Actor) -> str:
    if owner is None:
        return _("它已不在公海")
    if owner == by.user_id:
        return _("它已经在您名下")
    name = get_user_model()._default_manager.filter(pk=owner).first()
    return _("已被 %(name)s 领取") % {"name": name}


def preview(kind: Kind, pool: Pool, rows: Sequence[Any], *, by: Actor) -> dict[int, tuple[Check, ...]]:
    """What would be said to the actor about each of these keepings, in three questions for all of them (the reason is
    asked for later)."""
    if by.user_id is None or not rows:
        return {}
    now = timezone.now()
    hands = hands_of(kind, pool, by.user_id)
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
            # the record before its keeping, as whoever claims it locks them: else each might wait for the other
            record = kind.type.records().select_for_update(of=("self",)).filter(pk=key).first()
            keeping = (
                kind.keepings.select_for_update(of=("self",)).select_related("pool").filter(pk=key).first()
            )
            pool = keeping.pool if keeping is not None else None
            if record is None or pool is None:
                continue
            if not keeps(by, pool):
                raise access.Denied(_("只有公海管理员可以分配"))
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
    if before == until:
        return None
    told = [before.isoformat() if before else None, until.isoformat() if until else None]
    return audit.note("update", kind.key, key, by=by, reason=PROTECTED.kept(), diff={"protected_until": told})
