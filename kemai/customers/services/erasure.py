"""Erasing a person: everything that says who they were goes, what the books need stays without a name.

The order of business: identifiers become keyed hashes (tombstones), so that no import brings the person back; the
customer's row loses its personal values; contacts, identifiers, notes, files, tags, words in the search index and the
old values in the log go for good. Orders, contracts and points stay, with an anonymous customer, on the ground of the
tax law. That it was done, by whom and why stays in the audit."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.collab.models import Task
from kemai.customers.models import (
    Contact,
    Customer,
    Identifier,
    Interaction,
    PrivacyRequest,
    Tombstone,
    ValueConflict,
)
from kemai.platform import access, audit, events, search
from kemai.platform.access import Actor
from kemai.platform.audit.keep import redact
from kemai.platform.models import Alias, Merge, StoredFile, Tagging
from kemai.platform.objects import get
from kemai.platform.records import FieldErrors
from kemai.platform.records.purge import clear, remove_files

KEYS = ("phone", "email", "wecom_id", "credit_code")
EMPTIED = (
    "phone", "email", "wecom_id", "credit_code", "address", "gender", "industry", "website", "note", "invalid_reason",
    "match_name", "match_place",
)  # fmt: skip
REQUEST_TEXTS = ("identity", "answer")
LEAST_WORD = 2
"""Letters of a word that is looked for in texts that stay: one alone stands everywhere."""
HAVE = "privacy.tombstones"
"""Whether there are any, kept for a minute: most companies have none, and an import asks for every row."""


@dataclass(frozen=True)
class Person:
    """Who is being erased: the keys of the customer and of those merged into it, the words that say who they were, and
    what is said instead."""

    keys: tuple[int, ...]
    words: tuple[str, ...]
    instead: str
    by: Actor
    reason: str
    contacts: tuple[int, ...] = ()
    paths: list[str] = field(default_factory=list)
    """The files of what is forgotten, to be removed when this is committed."""

    def scrub(self, text: str) -> str:
        """A text that stays, without the person."""
        for word in self.words:
            text = text.replace(word, self.instead)
        return text


Forget = Callable[[Person], list[str]]
_others: list[Forget] = []


def register_erasure(forget: Forget) -> None:
    """For apps that know more of a person than what belongs to the customer: called in the transaction of the erasure.
    Returns in a sentence each what has to stay, and on which ground."""
    _others.append(forget)


def digest(kind: str, value: str) -> str:
    """The keyed hash under which an erased identifier is remembered."""
    text = f"{kind}:{value.strip().lower()}".encode()
    return hmac.new(settings.SECRET_KEY.encode(), text, hashlib.sha256).hexdigest()


def remember(pairs: Iterable[tuple[str, str]]) -> int:
    return bury({digest(kind, value) for kind, value in pairs if value})


def bury(digests: Iterable[str]) -> int:
    """Notes digests that are known as such (out of the ledger that is kept beside the backups)."""
    rows = [Tombstone(digest=one, at=timezone.now()) for one in sorted(digests)]
    Tombstone.objects.bulk_create(rows, ignore_conflicts=True)
    cache.delete(HAVE)
    return len(rows)


def anybody_buried() -> bool:
    there: bool | None = cache.get(HAVE)
    if there is None:
        there = Tombstone.objects.exists()
        cache.set(HAVE, there, 60)
    return there


def buried(pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which of these (kind, value) belong to somebody who was erased; one query."""
    if not pairs:
        return set()
    by_digest = {digest(kind, value): (kind, value) for kind, value in pairs}
    found = Tombstone.objects.filter(digest__in=list(by_digest)).values_list("digest", flat=True)
    return {by_digest[one] for one in found}


def check_buried(values: Sequence[dict[str, Any]], existing: Sequence[Any], by: Actor) -> None:
    """The door's check: nobody who asked to be erased comes back by form, API or import."""
    if not anybody_buried():
        return  # before a thousand rows are gone through
    pairs = [(key, str(one[key])) for one in values for key in KEYS if one.get(key)]
    found = buried(pairs)
    if found:
        kind = next(iter(sorted(found)))[0]
        raise FieldErrors(
            {kind: _("这位客户已要求删除个人信息，不能重新录入；如本人再次同意，请联系个人信息负责人")}
        )


def erase_customer(key: int, *, by: Actor, reason: str) -> list[str]:
    """Returns in sentences what has to stay, and on which ground. Raises access.NotVisible, access.Denied (it takes the
    rights to delete and to see personal values)."""
    access.one(by, "customer", key, "delete")
    access.one(by, "customer", key, "reveal")
    with transaction.atomic():
        customer = Customer.objects.select_for_update().get(pk=key)
        contacts = list(Contact.objects.filter(customer=key).values_list("pk", flat=True))
        known = sorted({digest(kind, value) for kind, value in identifiers(customer)})
        bury(known)
        person = person_of(customer, by=by, reason=reason)
        blank(customer)
        paths = drop_parts(key, contacts) + drop_packages(person)
        forget_merged(key, by=by, reason=reason)
        redact_all(key, contacts, by=by, reason=reason)
        stays = [said for forget in _others for said in forget(person)]
        changes = audit.open_set("purge", "customer", by=by, reason=reason, count=1)
        told = {"created_at": customer.created_at.isoformat(), "digests": known}
        events.emit("customer.erased", "customer", key, changes, told)
    remove_files([*paths, *person.paths])
    return stays


def person_of(customer: Customer, *, by: Actor, reason: str) -> Person:
    """Before anything is emptied. The longest words first, so that no part of one is left standing."""
    merged = Alias.objects.filter(type_key="customer", keep_id=customer.pk).values("old_id")
    rows = [customer, *Customer.objects.filter(pk__in=merged)]
    contacts = Contact.objects.filter(customer__in=[one.pk for one in rows]).values_list(
        "name", "phone", "email", "pk"
    )
    words = {one.name for one in rows} | {value for one in rows for _kind, value in identifiers(one)}
    words |= {one.address for one in rows} | {word for row in contacts for word in row[:3]}
    plain = {word.removeprefix("+86") for word in words}
    long = sorted(
        (word for word in words | plain if len(word) >= LEAST_WORD), key=lambda word: (-len(word), word)
    )
    return Person(
        tuple(one.pk for one in rows),
        tuple(long),
        anonymous(customer),
        by,
        reason,
        tuple(row[3] for row in contacts),
    )


def anonymous(customer: Customer) -> str:
    return _("已删除的客户 %(number)s") % {"number": customer.number or customer.pk}


def identifiers(customer: Customer) -> list[tuple[str, str]]:
    """Every key under which the person could come back."""
    found = [(kind, getattr(customer, kind)) for kind in KEYS]
    rows = Identifier.objects.filter(customer=customer).values_list("kind", "value")
    found += [("wecom_id" if kind == "wecom" else kind, value) for kind, value in rows]
    for phone, email in Contact.objects.filter(customer=customer).values_list("phone", "email"):
        found += [("phone", phone), ("email", email)]
    return [(kind, value) for kind, value in found if value]


def blank(customer: Customer) -> None:
    """The row that orders go on pointing to."""
    values: dict[str, Any] = dict.fromkeys(EMPTIED, "")
    values |= {
        "name": anonymous(customer), "name_sort": "", "birthday": None,
        "region": f"{customer.region[:2]}0000" if customer.region else "",
        "validity": "unverified", "extra": {}, "updated_at": timezone.now(), "version": customer.version + 1,
    }  # fmt: skip
    Customer.objects.filter(pk=customer.pk).update(**values)
    search.remove("customer", customer.pk)


def forget_merged(key: int, *, by: Actor, reason: str) -> None:
    """The records that were merged into this one hold the same person; that merge cannot be parted any more."""
    aliases = Alias.objects.filter(type_key="customer", keep_id=key)
    old = list(Customer.objects.filter(pk__in=aliases.values("old_id")))
    for one in old:
        remember(identifiers(one))
        blank(one)
    redact("customer", [one.pk for one in old], by=by, reason=reason)
    Merge.objects.filter(pk__in=list(aliases.values_list("merge", flat=True))).delete()


def drop_parts(key: int, contacts: Sequence[int]) -> list[str]:
    """What is only about the person; returns the files' paths, to be removed when this is committed."""
    paths = clear(get("customer"), [key])
    touches = list(Interaction.objects.filter(customer=key).values_list("pk", flat=True))
    paths += clear(get("interaction"), touches)
    Interaction.objects.filter(customer=key).update(
        subject="", body="", external_id="", extra={}, contact=None
    )
    paths += clear(get("contact"), contacts)
    Contact.objects.filter(customer=key).delete()
    Identifier.objects.filter(customer=key).delete()
    ValueConflict.objects.filter(customer=key).delete()
    Tagging.objects.filter(type_key="customer", object_id=key).delete()
    Task.objects.filter(type_key="customer", object_id=key).update(title=_("（已删除个人信息）"), note="")
    exports = StoredFile.objects.filter(type_key="export")
    paths += list(exports.values_list("path", flat=True))
    exports.delete()
    return paths


def drop_packages(person: Person) -> list[str]:
    """What was put together for the person when they asked to see it, and their words in earlier requests; that they
    asked, and when, stays."""
    requests = PrivacyRequest.objects.filter(customer__in=person.keys)
    keys = list(requests.values_list("pk", flat=True))
    for pk, *texts in requests.values_list("pk", *REQUEST_TEXTS):
        clean = [person.scrub(text) for text in texts]
        if clean != texts:
            clean[0] = clean[0][:200]
            requests.filter(pk=pk).update(**dict(zip(REQUEST_TEXTS, clean, strict=True)))
    redact("privacy_request", keys, by=person.by, reason=person.reason, words=person.words)
    files = StoredFile.objects.filter(type_key="privacy_request", object_id__in=keys)
    paths = list(files.values_list("path", flat=True))
    files.delete()
    return paths


def redact_all(key: int, contacts: Sequence[int], *, by: Actor, reason: str) -> None:
    redact("customer", [key], by=by, reason=reason)
    redact("contact", contacts, by=by, reason=reason)
    for type_key in ("interaction", "identifier", "consent"):
        model = get(type_key).model
        ids = list(model._default_manager.filter(customer=key).values_list("pk", flat=True))
        redact(type_key, ids, by=by, reason=reason)
