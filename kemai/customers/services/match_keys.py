"""The keys by which doubles are found while one types: how the name sounds, and where the house is."""

from __future__ import annotations

from django.db import connection

from kemai.customers.models import Customer
from kemai.kit.parties import keys_of

COLUMNS = ("pk", "kind", "name", "region", "address", "match_name", "match_place")


def follow(first: int, last: int) -> int:
    """Works the keys of a span of customers out. They are derived: no version moves, nothing is logged."""
    rows = Customer.objects.filter(pk__range=(first, last)).values_list(*COLUMNS)
    changed = []
    for pk, kind, name, region, address, *known in rows.iterator(chunk_size=2000):
        keys = keys_of(person=kind == "person", name=name, region=region, address=address)
        if list(keys) != known:
            changed.append([*keys, pk])
    if changed:
        table = connection.ops.quote_name(Customer._meta.db_table)
        with connection.cursor() as cursor:
            cursor.executemany(
                f"UPDATE {table} SET match_name = %s, match_place = %s WHERE id = %s",  # noqa: S608
                changed,
            )
    return len(changed)
