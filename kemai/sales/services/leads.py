"""Leads: kept tidy, scored with reasons, turned into customers or set aside with a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kemai.customers.models import Customer
from kemai.kit import names, pinyin
from kemai.platform import access, events, records
from kemai.platform.access import Actor
from kemai.platform.fields import Invalid, Ref, Saying
from kemai.platform.objects import Similar, get
from kemai.platform.records import FieldErrors, Refused
from kemai.sales.models import FollowUp, Lead
from kemai.sales.models.lead import OVER
from kemai.sales.rules import scoring
from kemai.sales.services import chances

Values = dict[str, Any]
CARRIED = ("phone", "email", "wecom_id", "region", "address", "industry", "source")
SCORED = frozenset({*scoring.FIT, "source"})
"""What the score is made of, besides touches."""
HEEDED = SCORED | {"state"}
"""What score and chance change with: whoever is over has no chance any more."""
DAY = 86_400
CHUNK = 1_000
SCORES = ["score", "grade", "score_basis", *chances.FIELDS]
FROM_LEAD = Saying(gettext_noop("来自线索 %(number)s"))


def prepare_lead(values: Values, existing: Lead | None, by: Actor) -> None:
    if (values.get("budget") or 0) < 0:
        raise FieldErrors({"budget": _("金额不能小于 0")})
    if "name" in values:
        values["name_sort"] = pinyin.full(values["name"])[:60]
    state = values.get("state", existing.state if existing else "new")
    reason = values.get("reason", existing.reason if existing else "")
    if state == "disqualified" and not reason:
        raise FieldErrors({"reason": _("请选择线索无效的原因")})
    if state != "disqualified" and reason:
        values["reason"] = ""
    if state not in OVER:
        values["ended_at"] = None
    elif existing is None or existing.state not in OVER:
        values["ended_at"] = values.get("ended_at") or values.get("converted_at") or timezone.now()
    if state == "converted" and not by.is_system and (existing is None or existing.state != "converted"):
        raise FieldErrors({"state": _("请用“转为客户”，这样跟进记录会一起带过去")})


def after_lead(leads: Sequence[Lead], changed: frozenset[str], by: Actor) -> None:
    if not changed or changed & HEEDED:
        learnt = chances.newest()
        for lead in leads:
            rescore(lead, learnt)


def after_follow_up(rows: Sequence[FollowUp], changed: frozenset[str], by: Actor) -> None:
    """The last touch, the score and the state follow every touch at once."""
    learnt = chances.newest()
    for key in {row.lead_id for row in rows}:
        latest = FollowUp.objects.filter(lead=key, deleted_at=None).aggregate(at=Max("at"))["at"]
        Lead.objects.filter(pk=key).update(last_contact_at=latest)
        Lead.objects.filter(pk=key, state="new").update(state="working")
        lead = Lead.objects.filter(pk=key).first()
        if lead is not None:
            rescore(lead, learnt)


def rescore(lead: Lead, learnt: chances.Learnt | None) -> None:
    """The score with its reasons, as it is now."""
    touches = FollowUp.objects.filter(lead=lead, deleted_at=None).values_list("outcome", "at")
    said, moment = list(touches), timezone.now()
    set_score(lead, said, moment)
    chances.set_chance(lead, said, moment, learnt)
    Lead.objects.filter(pk=lead.pk).update(**{name: getattr(lead, name) for name in SCORES})


def set_score(lead: Lead, touches: Sequence[tuple[str, datetime]], now: datetime) -> None:
    """Works out the score at a moment of what was said, (outcome, when), until then."""
    known = {key: getattr(lead, key) for key in scoring.FIT}
    ages = [(outcome, (now - at).total_seconds() / DAY) for outcome, at in touches]
    age = (now - lead.created_at).total_seconds() / DAY
    found = scoring.score(known, ages, source=lead.source, age_days=age)
    lead.score, lead.grade = found.total, found.grade
    lead.score_basis = {**found.basis(), "at": now.isoformat()}


def rescore_all(*, now: datetime | None = None, closed: bool = False) -> int:
    """Interest fades by the day: every open lead. With `closed` (history that is stored as a whole) the others as well,
    each as of its last contact. Returns how many."""
    moment = now or timezone.now()
    wanted = Lead.objects.filter(deleted_at=None)
    wanted = wanted if closed else wanted.exclude(state__in=OVER)
    done, last, learnt = 0, 0, chances.newest()
    while leads := list(wanted.filter(pk__gt=last).order_by("pk")[:CHUNK]):
        last = leads[-1].pk
        rescore_chunk(leads, moment, learnt)
        done += len(leads)
    return done


def rescore_chunk(leads: Sequence[Lead], now: datetime, learnt: chances.Learnt | None) -> None:
    """Two statements, whatever the number."""
    said: dict[int, list[tuple[str, datetime]]] = {}
    touches = FollowUp.objects.filter(lead__in=[lead.pk for lead in leads], deleted_at=None)
    for key, outcome, at in touches.values_list("lead", "outcome", "at"):
        said.setdefault(key, []).append((outcome, at))
    for lead in leads:
        over = lead.state in OVER and (lead.converted_at or lead.last_contact_at)
        touched = said.get(lead.pk, [])
        set_score(lead, touched, over or now)
        chances.set_chance(lead, touched, now, learnt)
    Lead.objects.bulk_update(leads, SCORES, batch_size=250)


def find_similar(actor: Actor, typed: Mapping[str, str], except_id: int | None = None) -> Sequence[Similar]:
    """Customers and other open leads that a lead being typed may double; masked where the actor may not see them."""
    customers = get("customer").similar
    found = list(customers(actor, typed, None)) if customers is not None else []
    phone, email = (parsed(key, typed.get(key, "")) for key in ("phone", "email"))
    same = Q()
    if phone:
        same |= Q(phone=phone)
    if email:
        same |= Q(email=email)
    if not same:
        return found
    rows = Lead.objects.filter(same, deleted_at=None).exclude(pk=except_id or 0).exclude(state__in=OVER)
    seen = set(access.scope(actor, "lead").filter(pk__in=rows.values("pk")[:5]).values_list("pk", flat=True))
    for row in rows.select_related("owner")[:5]:
        visible = row.pk in seen
        title = row.name if visible else names.mask_name(row.name)
        owner = str(row.owner or "")
        found.append(
            Similar(None, _("线索：%(name)s") % {"name": title}, row.number, owner, _("联系方式相同"))
        )
    return found


def parsed(key: str, text: str) -> str:
    """A typed key as it is stored, '' while it is half typed."""
    spec = get("lead").fields[key]
    try:
        return str(spec.type.parse(text, spec)) if text.strip() else ""
    except Invalid:
        return ""


@dataclass(frozen=True)
class Conversion:
    """What a lead becomes. `customer` is an existing one, else a new one is made of the lead; a deal where `deal` has
    a name."""

    customer: int | None = None
    contact_name: str = ""
    deal: Mapping[str, object] | None = None


def convert_lead(key: int, wanted: Conversion, *, by: Actor) -> Customer:
    """The lead's customer, with contact, deal and every touch; one act.

    Raises access.NotVisible, access.Denied, FieldErrors, Refused where the lead is over."""
    with transaction.atomic():
        access.one(by, "lead", key, "edit")
        lead = Lead.objects.select_for_update().get(pk=key)
        if lead.state in OVER:
            raise Refused("lead_over", _("这条线索已经结束，不能再转化"))
        customer = existing_customer(wanted, by) if wanted.customer else new_customer(lead, by)
        contact = add_contact(lead, customer, wanted, by)
        carry_touches(lead, customer, contact, by)
        carry_tags(lead, customer, by)
        if wanted.deal is not None:
            add_deal(lead, customer, contact, wanted.deal, by)
        mark_converted(lead, customer, by=by)
    return customer


def from_lead(lead: Lead) -> str:
    return FROM_LEAD.kept(number=lead.number)


def existing_customer(wanted: Conversion, by: Actor) -> Customer:
    found: Customer = access.one(by, "customer", wanted.customer, "edit")
    return found


def new_customer(lead: Lead, by: Actor) -> Customer:
    values: dict[str, object] = {key: getattr(lead, key) for key in CARRIED}
    company = lead.company or (lead.name if names.split_company(lead.name).legal else "")
    values |= {
        "name": company or lead.name,
        "kind": "company" if company else "person",
        "stage": "interested",
    }
    if lead.note or lead.need:
        values["note"] = "\n".join(one for one in (lead.need, lead.note) if one)
    if lead.owner_id is not None:
        values["owner"] = lead.owner_id
    made: Customer = records.create("customer", values, by=by, reason=from_lead(lead))
    return made


def add_contact(lead: Lead, customer: Customer, wanted: Conversion, by: Actor) -> int | None:
    """The person behind the lead, at a company; a private customer is the person."""
    name = wanted.contact_name.strip() or (lead.name if customer.kind == "company" and lead.company else "")
    if not name or customer.kind != "company":
        return None
    values: dict[str, object] = {"customer": customer.pk, "name": name, "title": lead.title}
    values |= {key: getattr(lead, key) for key in ("phone", "email", "wecom_id")}
    return int(records.create("contact", values, by=by).pk)


def carry_touches(lead: Lead, customer: Customer, contact: int | None, by: Actor) -> None:
    """What was said with the lead stands on the customer's timeline, each with its own moment."""
    rows = FollowUp.objects.filter(lead=lead, deleted_at=None).order_by("at")
    touches = [
        {
            "customer": Ref(customer.pk, ""), "channel": row.channel, "direction": "out", "at": row.at,
            "body": row.body, "outcome": row.outcome, "contact": Ref(contact, "") if contact else None,
            "owner": Ref(lead.owner_id, "") if lead.owner_id else None,
            "external_id": f"lead/{lead.pk}/{row.pk}",
        }
        for row in rows
    ]  # fmt: skip
    if touches:
        records.bulk_create("interaction", touches, by=by, parsed=True, reason=from_lead(lead))


def carry_tags(lead: Lead, customer: Customer, by: Actor) -> None:
    rows = [{"object_id": customer.pk, "tag": name} for name in records.names_of("lead", lead.pk)]
    if rows:
        records.tag_many("customer", rows, by=by, source="manual")


def add_deal(
    lead: Lead, customer: Customer, contact: int | None, values: Mapping[str, object], by: Actor
) -> None:
    given: dict[str, object] = {
        "amount": lead.budget or 0,
        "source": lead.source,
        **values,
        "customer": customer.pk,
    }
    if contact is not None:
        given["contact"] = contact
    if lead.owner_id is not None:
        given.setdefault("owner", lead.owner_id)
    deal = records.create("deal", given, by=by, reason=from_lead(lead))
    deal.lead_id = lead.pk
    deal.save(update_fields=["lead_id"])


def mark_converted(lead: Lead, customer: Customer, *, by: Actor) -> None:
    """The state that nobody sets by hand; the log still names the person."""
    act = replace(by, is_system=True, source="convert")
    records.update("lead", lead.pk, {"state": "converted"}, by=act)
    Lead.objects.filter(pk=lead.pk).update(customer=customer, converted_at=timezone.now())
    events.emit("lead.converted", "lead", lead.pk, payload={"customer": customer.pk})


def disqualify_lead(key: int, reason: str, *, by: Actor) -> Lead:
    """Set aside, with the reason. Raises access.NotVisible, access.Denied, FieldErrors, Refused."""
    lead: Lead = access.one(by, "lead", key, "edit")
    if lead.state in OVER:
        raise Refused("lead_over", _("这条线索已经结束"))
    done: Lead = records.update("lead", key, {"state": "disqualified", "reason": reason}, by=by)
    return done
