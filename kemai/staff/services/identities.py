"""Who of us somebody is that the company's directory or a provider of single sign-on knows, and how such a place is
kept as a setting with one secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from kemai.platform.access import SYSTEM, Actor
from kemai.platform.models import Setting
from kemai.platform.records import FieldErrors
from kemai.staff.models import ExternalIdentity, User
from kemai.staff.services import people, sealing
from kemai.staff.services.trail import keep_setting, leave

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Shape = TypeVar("Shape", bound=DataclassInstance)
else:
    Shape = TypeVar("Shape")


@dataclass(frozen=True)
class Store(Generic[Shape]):
    """A setting of this shape, whose field `secret` lies sealed."""

    shape: type[Shape]
    key: str
    purpose: str
    secret: str

    def read(self) -> Shape:
        rows = Setting.objects.filter(key=self.key).values_list("value", flat=True)
        found: Mapping[str, Any] = rows.first() or {}
        names = {one.name for one in fields(self.shape)}
        known = {name: value for name, value in found.items() if name in names}
        known[self.secret] = sealing.unseal(self.purpose, str(known.get(self.secret, "")))
        return self.shape(**known)

    def keep(self, old: Shape, new: Shape, *, by: Actor) -> None:
        before, after = (asdict(replace(one, **{self.secret: self.sealed(one, old)})) for one in (old, new))
        keep_setting(self.key, before, after, by=by, secret=(self.secret,))

    def sealed(self, one: Shape, old: Shape) -> str:
        """The same secret stays sealed as it was: nothing has changed then."""
        secret = str(getattr(one, self.secret))
        if secret == getattr(old, self.secret):
            rows = Setting.objects.filter(key=self.key).values_list(f"value__{self.secret}", flat=True)
            if kept := rows.first():
                return str(kept)
        return sealing.seal(self.purpose, secret) if secret else ""


def linked(issuer: str, subject: str) -> User | None:
    rows = ExternalIdentity.objects.filter(issuer=issuer, subject=subject)
    found = rows.select_related("user").first()
    return found.user if found is not None else None


def is_linked(user: User, issuer: str) -> bool:
    return ExternalIdentity.objects.filter(user=user, issuer=issuer).exists()


def link(user: User, issuer: str, subject: str, told: Mapping[str, Sequence[object]]) -> None:
    """`told` is what the log says of it."""
    ExternalIdentity.objects.create(user=user, issuer=issuer, subject=subject, linked_at=timezone.now())
    leave("update", "user", user.pk, by=SYSTEM, diff=told)


def unlinked(issuer: str) -> QuerySet[User]:
    """The active people who are not linked to another identity of that place already."""
    return User.objects.filter(is_active=True).exclude(identities__issuer=issuer)


def only(rows: QuerySet[User]) -> User | None:
    """Nobody for any doubt: two accounts are as good as none."""
    found = list(rows[:2])
    return found[0] if len(found) == 1 else None


def made(values: Mapping[str, object]) -> User | None:
    """A new account with no role: it sees nothing until an administrator gives it one. None where the name or the
    address is somebody's, who may be dismissed: a person has to look at that."""
    try:
        with transaction.atomic():
            return people.create_user(values, by=SYSTEM)
    except FieldErrors:
        return None
