"""Who may be approached, for what, on which channel. The newest word counts; a "no" on all channels beats every "yes"
before it, at once, for everything that is still to be sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kemai.collab.models import Task
from kemai.customers.models import Consent, ConsentText
from kemai.platform import access, records
from kemai.platform.access import SYSTEM, Actor
from kemai.platform.fields import Saying

ASKED = frozenset({"marketing", "profiling"})
"""Purposes that need a yes; service messages go to whoever has not said no."""
SENDING = ("message", "care")
"""Kinds of tasks that approach somebody of our own accord."""
CHANNEL_OF: Mapping[str, str] = {"message": "any", "care": "any", "call": "phone"}
WITHDRAWN = Saying(gettext_noop("客户撤回了同意"))


@dataclass(frozen=True)
class Standing:
    """What a customer said last about a purpose and channel. `state`: granted, withdrawn or '' (never asked)."""

    state: str
    at: datetime | None = None
    channel: str = ""
    version: str = ""

    def allows(self, purpose: str) -> bool:
        """A no is a no; a yes is a yes; without a word only service messages are allowed."""
        return self.state == "granted" or (not self.state and purpose not in ASKED)


def latest(rows: Iterable[tuple[str, str, datetime, str]], channel: str) -> Standing:
    """The word that counts for a channel, out of (channel, state, at, version) of one purpose: the newest of those for
    the channel itself or for all of them. "any" asks for all channels: a no on one of them is no no on all."""
    found = Standing("")
    for word_channel, state, at, version in rows:
        if word_channel not in {"any", channel}:
            continue
        newer = found.at is None or at > found.at or (at == found.at and state == "withdrawn")
        if newer:
            found = Standing(state, at, word_channel, version)
    return found


def words(customers: Iterable[int], purpose: str) -> dict[int, list[tuple[str, str, datetime, str]]]:
    """Every word about a purpose by customer, in one query."""
    found: dict[int, list[tuple[str, str, datetime, str]]] = {}
    rows = Consent.objects.filter(customer__in=list(customers), purpose=purpose, deleted_at=None)
    for customer, channel, state, at, version in rows.order_by("at", "pk").values_list(
        "customer_id", "channel", "state", "at", "text_version"
    ):
        found.setdefault(customer, []).append((channel, state, at, version))
    return found


def standing(customer: int, purpose: str, channel: str = "any") -> Standing:
    return latest(words([customer], purpose).get(customer, ()), channel)


def refusing(customers: Iterable[int], purpose: str = "marketing", channel: str = "any") -> set[int]:
    """Those who said no: nothing may be sent to them, whatever was planned."""
    return {
        key for key, said in words(customers, purpose).items() if latest(said, channel).state == "withdrawn"
    }


def allowed(customers: Sequence[int], purpose: str, channel: str) -> set[int]:
    """Those whom a sender may approach. Every sender asks this right before it sends."""
    said = words(customers, purpose)
    return {key for key in customers if latest(said.get(key, ()), channel).allows(purpose)}


def give(
    customer: int, *, purpose: str, channel: str = "any", version: str = "", proof: str, by: Actor
) -> Consent:
    """A yes with its proof, to the text in force where no version is named. Raises access.NotVisible, access.Denied,
    FieldErrors."""
    access.one(by, "customer", customer)
    values = {
        "customer": customer, "purpose": purpose, "channel": channel, "state": "granted", "at": timezone.now(),
        "text_version": version or current_text(purpose), "proof": proof,
    }  # fmt: skip
    made: Consent = records.create("consent", values, by=by)
    return made


def withdraw(
    customer: int, *, purpose: str = "", channel: str = "any", proof: str = "", by: Actor
) -> list[Consent]:
    """A no, to one purpose or to all of them. What waits to be sent is stopped in the same transaction.

    Raises access.NotVisible, access.Denied, FieldErrors."""
    access.one(by, "customer", customer)
    purposes = [purpose] if purpose else [option.value for option in Consent.PURPOSES]
    made = []
    with transaction.atomic():
        for one in purposes:
            values = {
                "customer": customer, "purpose": one, "channel": channel, "state": "withdrawn", "at": timezone.now(),
                "proof": proof,
            }  # fmt: skip
            made.append(records.create("consent", values, by=by))
    return made


def after_consent(rows: Sequence[Consent], changed: frozenset[str], by: Actor) -> None:
    """The door's hook: whoever wrote the withdrawal (form, API, desk), what waits is stopped with it."""
    for row in rows:
        if row.state == "withdrawn" and row.purpose == "marketing":
            stop_waiting(row.customer_id, row.channel)


def stop_waiting(customer: int, channel: str) -> int:
    """Open tasks that a play or a rule made and that would approach the customer are dropped, and say why. Returns how
    many."""
    kinds = [kind for kind, reached in CHANNEL_OF.items() if channel in {"any", reached} or reached == "any"]
    waiting = Task.objects.filter(
        type_key="customer", object_id=customer, state="open", deleted_at=None, kind__in=kinds
    ).exclude(origin="")
    keys = list(waiting.values_list("pk", flat=True))
    for key in keys:
        records.update(
            "task", key, {"state": "dropped"}, by=SYSTEM.through("consent"), reason=WITHDRAWN.kept()
        )
    return len(keys)


def current_text(purpose: str) -> str:
    """The version of the text in force for a purpose; '' where there is none."""
    today = timezone.localdate(timezone=timezone.get_default_timezone())
    texts = ConsentText.objects.filter(purpose=purpose, deleted_at=None, published_on__lte=today)
    return texts.order_by("-published_on", "-pk").values_list("edition", flat=True).first() or ""


def prepare_text(values: dict[str, object], existing: ConsentText | None, by: Actor) -> None:
    """A published text stays as people agreed to it."""
    published = existing is not None and existing.published_on is not None
    if published and {"text", "edition", "purpose"} & values.keys():
        assert existing is not None
        touched = [
            key
            for key in ("text", "edition", "purpose")
            if key in values and values[key] != getattr(existing, key)
        ]
        if touched:
            raise records.FieldErrors({touched[0]: _("这个版本已经启用，不能再改；请新建一个版本")})
