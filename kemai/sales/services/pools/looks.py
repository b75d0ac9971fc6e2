"""How many records of a pool somebody opens in full on a day: counted where a record is shown, by whatever door."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from kemai.platform.access import Actor
from kemai.platform.access.commons import Place
from kemai.platform.records import Refused
from kemai.sales.models import PoolLook
from kemai.sales.rules.pools.claims import within
from kemai.sales.services.pools import claims
from kemai.sales.services.pools.kinds import midnight, today

KEPT_DAYS = 90


def looked(pool: int, user: int) -> int:
    return PoolLook.objects.filter(user=user, day=today(), pool=pool).count()


def opened(actor: Actor, type_key: str, key: int, place: Place) -> None:
    """The same record counts once a day. Raises Refused with the numbers and when it lifts."""
    user = actor.user_id
    if user is None:
        return
    day, looks = today(), PoolLook.objects.filter(user=user, pool=place.id)
    if looks.filter(day=day, type_key=type_key, object_id=key).exists():
        return
    with transaction.atomic():
        # two of one's own at a time do not count past each other
        get_user_model()._default_manager.select_for_update().filter(pk=user).first()
        check = within(
            "looks", looks.filter(day=day).count(), place.looks, midnight(day + dt.timedelta(days=1))
        )
        if not check.ok:
            raise Refused("look_limit", claims.sentence(check))
        PoolLook.objects.bulk_create(
            [PoolLook(user_id=user, day=day, pool_id=place.id, type_key=type_key, object_id=key)],
            ignore_conflicts=True,
        )


def seen(actor: Actor, type_key: str, keys: Sequence[int]) -> set[int]:
    """Those of the records that he has opened today."""
    looks = PoolLook.objects.filter(user=actor.user_id, day=today(), type_key=type_key, object_id__in=keys)
    return set(looks.values_list("object_id", flat=True))


def sweep(now: dt.datetime | None = None) -> int:
    """Forgets what is long over. Returns how many."""
    border = (now or timezone.now()).date() - dt.timedelta(days=KEPT_DAYS)
    return PoolLook.objects.filter(day__lt=border).delete()[0]
