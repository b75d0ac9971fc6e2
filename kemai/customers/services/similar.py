"""Possible doubles of a customer that is being typed in: by telephone, e-mail, credit code and name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from kemai.customers.models import Customer, Identifier
from kemai.kit import names
from kemai.platform import access, search
from kemai.platform.access import Actor
from kemai.platform.fields import Invalid
from kemai.platform.objects import ObjectType, Similar, get

MOST = 5
KEYS = ("phone", "email", "credit_code", "wecom_id")
SHORTEST_NAME = 2
COLUMNS = ("pk", "name", "phone", "email", "number", "owner__name", *KEYS[2:])


def find_similar(actor: Actor, typed: Mapping[str, str], except_id: int | None = None) -> Sequence[Similar]:
    """Customers that share a key with what was typed, then those of the same name. Who may not see one is told that
    there is one, by which key, and whose it is: enough to ask the colleague, not enough to learn anything."""
    customer = get("customer")
    keys = parsed(customer, typed)
    found: dict[int, tuple[dict[str, Any], str]] = {}
    for row, why in [*by_key(keys), *by_name(actor, typed.get("name", ""))]:
        if row["pk"] != except_id:
            found.setdefault(row["pk"], (row, why))
    chosen = list(found.values())[:MOST]
    seen = access.scope(actor, customer).filter(pk__in=[row["pk"] for row, _why in chosen])
    visible = set(seen.values_list("pk", flat=True))
    levels = access.field_levels(actor, customer)
    return [shown(customer, row, why, levels, visible=row["pk"] in visible) for row, why in chosen]


def parsed(customer: ObjectType, typed: Mapping[str, str]) -> dict[str, str]:
    """The typed keys in the form in which they are stored; half-typed ones are left out."""
    found = {}
    for key in KEYS:
        text = typed.get(key, "").strip()
        if not text:
            continue
        spec = customer.fields[key]
        try:
            found[key] = str(spec.type.parse(text, spec))
        except Invalid:
            continue
    return found


def by_key(keys: Mapping[str, str]) -> Iterator[tuple[dict[str, Any], str]]:
    reasons = {
        "phone": _("电话相同"), "email": _("邮箱相同"), "credit_code": _("信用代码相同"), "wecom_id": _("企业微信相同"),
    }  # fmt: skip
    for key, value in keys.items():
        alive = Customer.objects.filter(deleted_at=None)
        other = Identifier.objects.filter(value=value, deleted_at=None, kind=key.removesuffix("_id"))
        either = Q(**{key: value}) | Q(pk__in=other.values("customer"))
        for row in alive.filter(either).values(*COLUMNS)[:MOST]:
            yield row, reasons[key]


def by_name(actor: Actor, typed: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Same name, by the search index: only among the customers that the actor may see, for names are no keys."""
    name = typed.strip()
    if len(name) < SHORTEST_NAME:
        return
    ids = search.search_type(actor, get("customer"), name, limit=20)
    rows = {row["pk"]: row for row in Customer.objects.filter(pk__in=ids).values(*COLUMNS)}
    wanted, core = names.company_key(name), names.match_key(name)
    for key in ids:
        row = rows.get(key)
        if row is None:
            continue
        other = names.match_key(row["name"])
        if other == core or names.company_key(row["name"]) == wanted:
            yield row, _("名称相同")
        elif len(core) > 3 and (other.startswith(core) or core.startswith(other)):
            yield row, _("名称相近")


def shown(
    customer: ObjectType, row: Mapping[str, Any], why: str, levels: Mapping[str, str], *, visible: bool
) -> Similar:
    phone = customer.fields["phone"]
    owner = row["owner__name"] or ""
    if not visible:
        return Similar(None, names.mask_name(row["name"]), phone.type.mask(row["phone"]), owner, why)
    masked = levels.get("phone") in {"masked", "hidden"}
    detail = phone.type.mask(row["phone"]) if masked else phone.type.text(row["phone"], phone)
    return Similar(
        row["pk"], row["name"], " ".join(one for one in (row["number"], detail) if one), owner, why
    )
