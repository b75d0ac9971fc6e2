"""Recovery codes: for whoever has lost the telephone. Shown once, kept as hashes, each good once."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from kemai.platform.access import Actor
from kemai.staff.models import RecoveryCode, User
from kemai.staff.services.trail import leave

HOW_MANY = 10
LENGTH = 24
"""118 bits: nobody finds them from a copy of the database, however quick the hash."""
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that are taken for one another."""


def renew(user: User, *, by: Actor) -> list[str]:
    """New codes; the old ones open nothing any more. They are told here and nowhere else."""
    codes = ["".join(secrets.choice(LETTERS) for _letter in range(LENGTH)) for _code in range(HOW_MANY)]
    with transaction.atomic():
        RecoveryCode.objects.filter(user=user).delete()
        RecoveryCode.objects.bulk_create(RecoveryCode(user=user, digest=digest(user, code)) for code in codes)
        leave("update", "user", user.pk, by=by, diff={"recovery_codes": [None, HOW_MANY]})
    return ["-".join(code[start : start + 4] for start in range(0, LENGTH, 4)) for code in codes]


def use(user: User, code: str) -> bool:
    """Is this one of the person's, not used before? It is used now. One statement: two at once, one of them is it."""
    plain = "".join(char for char in code.lower() if char.isalnum())[:40]
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    known = [digest(user, plain, secret) for secret in secrets]
    rows = RecoveryCode.objects.filter(user=user, digest__in=known, used_at=None)
    return rows.update(used_at=timezone.now()) == 1


def left(user: User) -> int:
    return RecoveryCode.objects.filter(user=user, used_at=None).count()


def forget(user: User) -> None:
    RecoveryCode.objects.filter(user=user).delete()


def digest(user: User, code: str, secret: str | None = None) -> str:
    """Keyed by our secret as well; codes of the first versions had fifty bits and are good until they are renewed."""
    return salted_hmac(f"recovery/{user.pk}", code, secret=secret, algorithm="sha256").hexdigest()
