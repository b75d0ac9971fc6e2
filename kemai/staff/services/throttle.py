"""Wrong log-ins: counted by account and by network address, in the database, so that all processes count together.

A try is counted before the password is looked at and taken back when it was right: twenty at once are twenty. Whether
there is such an account makes no difference to what is counted."""

from __future__ import annotations

import hashlib
import ipaddress
import time

from django.db.models import F

from kemai.platform.access.quota import count_up, hour_window
from kemai.platform.models import RateCount

SLOT = 600
"""Seconds after which counting begins anew."""
PER_ACCOUNT = 5
PER_ADDRESS = 50
"""A whole office may come from one address."""


def admit(account: str, address: str, known: str = "") -> bool:
    """May this be tried? Counts it as wrong until `forgive` is told otherwise. `known` is the name of a browser in
    which the account has been opened before: it has a count of its own."""
    buckets = of(account, address, known)
    counts = [count_up(bucket, hour_window()) for bucket in buckets]
    return counts[0] <= PER_ACCOUNT and counts[1] <= PER_ADDRESS


def forgive(account: str, address: str, known: str = "") -> None:
    """It was right: the account begins anew, the address is given back this one try."""
    mine, shared = of(account, address, known)
    RateCount.objects.filter(bucket=mine).delete()
    RateCount.objects.filter(bucket=shared, window=hour_window(), count__gt=0).update(count=F("count") - 1)


def of(account: str, address: str, known: str = "") -> tuple[str, str]:
    slot = int(time.time()) // SLOT
    name = hashlib.sha256(account.strip().casefold().encode("utf-8", "replace")).hexdigest()[:32]
    name += f"/{known[:16]}" if known else ""
    return f"login/{slot}/account/{name}", f"login/{slot}/address/{network(address)}"


def network(address: str) -> str:
    """An IPv6 visitor owns a whole /64 and would count as a new one with each address in it."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:45]
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is None:
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(getattr(found, "ipv4_mapped", None) or found)
