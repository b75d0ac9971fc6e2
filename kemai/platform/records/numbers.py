"""Running numbers (客户编号 C000123), given out in the transaction of the record that gets one."""

from __future__ import annotations

from django.db.models import F

from kemai.platform.models import Sequence
from kemai.platform.objects.types import Numbering


def take(numbering: Numbering, type_key: str, count: int = 1) -> list[str]:
    """The next `count` numbers. The row of the sequence stays locked until the transaction ends: no number twice."""
    name = f"{type_key}/{numbering.prefix}"
    if not Sequence.objects.filter(name=name).update(value=F("value") + count):
        Sequence.objects.get_or_create(name=name)
        Sequence.objects.filter(name=name).update(value=F("value") + count)
    last = Sequence.objects.values_list("value", flat=True).get(name=name)
    return [
        f"{numbering.prefix}{number:0{numbering.digits}d}" for number in range(last - count + 1, last + 1)
    ]
