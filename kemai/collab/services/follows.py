"""Who wants to hear of a record: its owner, whoever made it, spoke there or asked to."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth import get_user_model
from django.utils import timezone

from kemai.collab.models import Follow
from kemai.collab.services.about import About, known
from kemai.platform import access
from kemai.platform.access import Actor


def follow(about: About, *, by: Actor) -> None:
    """Raises access.NotVisible."""
    access.one(by, about[0], about[1])
    _set(about, by.user_id, muted=False, why="manual")


def unfollow(about: About, *, by: Actor) -> None:
    """Also for owners: the row says that they do not want to hear. Raises access.NotVisible."""
    access.one(by, about[0], about[1])
    _set(about, by.user_id, muted=True, why="manual")


def _set(about: About, user_id: int | None, *, muted: bool, why: str) -> None:
    if user_id is None:
        raise access.Denied
    Follow.objects.update_or_create(
        type_key=about[0],
        object_id=about[1],
        user_id=user_id,
        defaults={"muted": muted, "why": why, "at": timezone.now()},
    )


def auto_follow(about: About, users: Iterable[int], why: str) -> None:
    """Those who have not decided themselves follow from now on."""
    now = timezone.now()
    rows = [
        Follow(type_key=about[0], object_id=about[1], user_id=user, why=why, at=now) for user in set(users)
    ]
    Follow.objects.bulk_create(rows, ignore_conflicts=True)


def owner_of(about: About) -> int | None:
    object_type = known(about[0])
    if object_type is None or not object_type.has_owner:
        return None
    found = object_type.records().filter(pk=about[1]).values_list("owner", flat=True)
    return found.first()


def followers(about: About) -> set[int]:
    """Ids; whether they may see the record is asked when they are told."""
    rows = dict(Follow.objects.filter(type_key=about[0], object_id=about[1]).values_list("user", "muted"))
    owner = owner_of(about)
    found = {user for user, muted in rows.items() if not muted}
    if owner is not None and not rows.get(owner, False):
        found.add(owner)
    return found


def follows(about: About, actor: Actor, owner: int | None) -> bool:
    """Does the actor follow? `owner` is the record's, so that nobody asks for it twice."""
    row = Follow.objects.filter(type_key=about[0], object_id=about[1], user=actor.user_id)
    muted = row.values_list("muted", flat=True).first()
    return actor.user_id is not None and (actor.user_id == owner if muted is None else not muted)


def names(about: About, *, limit: int = 30) -> list[str]:
    found = get_user_model()._default_manager.filter(pk__in=followers(about), is_active=True)
    return [str(one) for one in found.order_by("name", "pk")[:limit]]
