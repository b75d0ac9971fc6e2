"""The notes of writes that were sent with an Idempotency-Key."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone

from kemai.platform.jobs.housekeeping import KEEP_RECEIPTS
from kemai.platform.models import ApiReceipt


def claim(user_id: int, key: str, digest: str) -> ApiReceipt | None:
    """A fresh note, in the caller's transaction; None where there is one. Who comes at the same moment waits here for
    the first one's end."""
    now = timezone.now()
    ApiReceipt.objects.filter(user_id=user_id, key=key, at__lt=now - KEEP_RECEIPTS).delete()
    try:
        with transaction.atomic():
            return ApiReceipt.objects.create(user_id=user_id, key=key, body=digest, at=now)
    except IntegrityError:
        return None


def keep(receipt: ApiReceipt, status: int, result: dict[str, object]) -> None:
    receipt.status, receipt.result = status, result
    receipt.save(update_fields=["status", "result"])


def found(user_id: int, key: str) -> ApiReceipt | None:
    return ApiReceipt.objects.filter(user_id=user_id, key=key).first()
