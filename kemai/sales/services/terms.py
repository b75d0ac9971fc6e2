"""What the company says of itself on quotes and contracts, and how far its people may go: one business setting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from django.db import transaction
from django.utils.translation import gettext as _

from kemai.platform import access, audit
from kemai.platform.access import Actor
from kemai.platform.fields import Invalid
from kemai.platform.fields.number import Percent
from kemai.platform.models import Setting
from kemai.platform.objects import get
from kemai.platform.records import FieldErrors

KEY = "sales.terms"
MOST_DAYS = 365


@dataclass(frozen=True)
class Terms:
    """`discount_limit` is the share off the list price that nobody needs to be asked for."""

    company: str = ""
    tax_number: str = ""
    address: str = ""
    phone: str = ""
    bank: str = ""
    account: str = ""
    discount_limit: float = 0.1
    valid_days: int = 30
    conditions: str = ""


TEXTS = ("company", "tax_number", "address", "phone", "bank", "account", "conditions")
MOST = {"conditions": 4000}


def terms() -> Terms:
    stored = Setting.objects.filter(key=KEY).values_list("value", flat=True).first() or {}
    known = {one.name for one in fields(Terms)}
    return Terms(**{name: value for name, value in stored.items() if name in known})


def save_terms(wanted: Mapping[str, str], *, by: Actor) -> None:
    """Raises access.Denied, FieldErrors."""
    if not (by.is_admin or by.is_system):
        raise access.Denied
    new: dict[str, object] = {
        name: wanted[name].strip()[: MOST.get(name, 200)] for name in TEXTS if name in wanted
    }
    new |= clean_numbers(wanted)
    with transaction.atomic():
        old = asdict(terms())
        diff = {name: [old[name], value] for name, value in new.items() if old[name] != value}
        if diff:
            Setting.objects.update_or_create(key=KEY, defaults={"value": {**old, **new}})
            audit.note("setting", "setting", by=by, diff=diff)


def clean_numbers(wanted: Mapping[str, str]) -> dict[str, object]:
    found: dict[str, object] = {}
    errors: dict[str, str] = {}
    if "discount_limit" in wanted:
        try:
            limit = Percent().parse_filled(wanted["discount_limit"] or "0", get("price").fields["floor"])
        except Invalid as error:
            errors["discount_limit"] = error.message
        else:
            found["discount_limit"] = limit
            if not 0 <= limit <= 1:
                errors["discount_limit"] = _("请填写 0% 到 100% 之间的折扣")
    if "valid_days" in wanted:
        text = wanted["valid_days"].strip()
        if text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= MOST_DAYS:
            found["valid_days"] = int(text)
        else:
            errors["valid_days"] = _("请填写 %(low)s 到 %(high)s 之间的整数") % {"low": 1, "high": MOST_DAYS}
    if errors:
        raise FieldErrors(errors)
    return found
