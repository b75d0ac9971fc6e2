"""Contracts from the draft to their end. In force they are not edited: an amendment says what changes, and what it says
stands in the contract once it is approved."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.kit.money import from_cents, to_cents
from kemai.platform import access, audit, events, records
from kemai.platform.access import SYSTEM, Actor
from kemai.platform.fields import Ref
from kemai.platform.records import FieldErrors, Refused
from kemai.sales.models import Contract, Quote
from kemai.sales.rules.amounts import converted
from kemai.sales.rules.cash import IN_FORCE
from kemai.sales.rules.contracts import CONTRACT_STEPS
from kemai.sales.services import approvals, books, deal_steps, lines, margins, prices
from kemai.sales.services.given import plain, ref, refuse_changes
from kemai.sales.services.quotes import check_deals
from kemai.sales.services.rates import HOME, no_rate, rates_on

Values = dict[str, Any]
FROZEN = frozenset(
    "number name customer quote amends currency amount amount_base rate gross uncosted signed_on starts_on "
    "ends_on".split()
)
TAKEN_OVER = ("name", "amount", "signed_on", "starts_on", "ends_on")
"""What an amendment changes in the contract, besides its lines."""


# in the write door


def prepare_contract(values: Values, existing: Contract | None, by: Actor) -> None:
    if existing is not None:
        refuse_frozen(values, existing)

    def now(key: str) -> Any:
        return values.get(key, getattr(existing, key) if existing else None)

    if now("amount") is not None and now("amount") < 0:
        raise FieldErrors({"amount": _("合同金额不能小于 0；减少金额请做变更协议")})
    starts, ends = now("starts_on"), now("ends_on")
    if starts is not None and ends is not None and ends < starts:
        raise FieldErrors({"ends_on": _("结束日期不能早于开始日期 %(day)s") % {"day": starts.isoformat()}})


def refuse_frozen(values: Mapping[str, Any], existing: Contract) -> None:
    if "state" in values:
        raise FieldErrors({"state": _("状态由提交、审批、终止等操作改变，不能直接改")})
    if existing.state == "draft":
        return
    message = _("合同%(state)s，不能直接修改；生效的合同请做变更协议") % {
        "state": existing.get_state_display()
    }
    refuse_changes(values, existing, FROZEN, message)


def check_contracts(values: Sequence[Values], existing: Sequence[Contract | None], by: Actor) -> None:
    """The amount is the lines', the rate that of the day of signature, what it amends is the customer's own."""
    lines.check_amounts("contract", values, existing)
    check_deals(values, existing)
    price(values, existing)
    named = {value.id for one in values if isinstance(value := one.get("amends"), Ref)}
    amended = Contract.objects.in_bulk(named) if named else {}
    for one, old in zip(values, existing, strict=True):
        base = amended.get(plain(one.get("amends")) or 0)
        customer = plain(one.get("customer", Ref(old.customer_id, "") if old else None))
        if base is not None and (base.customer_id != customer or base.state not in IN_FORCE):
            raise FieldErrors({"amends": _("只能变更同一客户已生效的合同")})


def price(values: Sequence[Values], existing: Sequence[Contract | None]) -> None:
    """Rate, yuan and gross profit of those whose money, amount or day is new. Two queries."""
    asked: dict[int, tuple[str, dt.date]] = {}
    for n, (one, old) in enumerate(zip(values, existing, strict=True)):
        if old is None or not {"amount", "currency", "signed_on"}.isdisjoint(one):
            day = one.get("signed_on", old.signed_on if old else None) or prices.today()
            asked[n] = (one.get("currency", old.currency if old else HOME), day)
    rates = rates_on(asked.values())
    for n, key in asked.items():
        if key not in rates:
            raise FieldErrors({"currency": no_rate(*key)})
        old = existing[n]
        amount = values[n].get("amount", old.amount if old else Decimal(0)) or Decimal(0)
        values[n]["rate"] = rates[key]
        values[n]["amount_base"] = from_cents(converted(to_cents(amount), rates[key]))
    known = {n: old.pk for n in asked if (old := existing[n]) is not None}
    found = margins.lines_of(known.values())
    for n in asked:
        if existing[n] is None and "gross" in values[n]:
            continue  # history that is stored brings its own
        values[n] |= margins.columns(
            found.get(known.get(n, 0), ()), values[n]["rate"], values[n]["amount_base"]
        )


def after_contract(contracts: Sequence[Contract], changed: frozenset[str], by: Actor) -> None:
    """A new contract begins with the lines of its quote, else of its deal."""
    if changed:
        return
    for contract in contracts:
        if contract.quote_id is not None:
            begin_with(contract, lines.lines_of("quote", contract.quote_id))
        elif contract.deal_id is not None and not contract.amount and contract.currency == HOME:
            begin_with(contract, lines.lines_of("deal", contract.deal_id))


def begin_with(contract: Contract, found: Sequence[lines.Line]) -> None:
    """Lines of a contract that was made a moment ago: part of its making, not a change of it."""
    if not found:
        return
    lines.store("contract", contract.pk, found)
    contract.amount = lines.head("contract", found)["amount"]
    contract.amount_base = from_cents(converted(to_cents(contract.amount), contract.rate))
    told = margins.columns(found, contract.rate, contract.amount_base)
    contract.gross, contract.uncosted = told["gross"], told["uncosted"]
    Contract.objects.filter(pk=contract.pk).update(
        amount=contract.amount, amount_base=contract.amount_base, **told
    )


def check_delete(contracts: Sequence[Contract], by: Actor) -> None:
    for contract in contracts:
        if contract.state not in {"draft", "review"}:
            raise Refused("in_force", _("合同 %(number)s 已经生效过，不能删除；不再履行请终止") % {
                "number": contract.number,
            })  # fmt: skip


# steps


def from_quote(quote: Quote, *, by: Actor) -> Contract:
    """A draft with what was accepted, its owner's. Raises access.Denied, FieldErrors."""
    if quote.state != "accepted":
        raise Refused("not_accepted", _("客户接受报价以后才能生成合同"))
    name = _("%(customer)s 合同") % {"customer": quote.customer.name[:140]}
    if quote.deal is not None:
        name = quote.deal.name
    values: Values = {
        "name": name[:160], "customer": quote.customer_id, "quote": quote.pk, "currency": quote.currency,
        "deal": quote.deal_id, "owner": quote.owner_id, "amount": quote.amount,
    }  # fmt: skip
    made: Contract = records.create("contract", values, by=by, reason=str(quote))
    return made


def submit(pk: int, reason: str, *, by: Actor) -> Contract:
    """Before those who may decide. Raises access.NotVisible, access.Denied, Refused."""
    with transaction.atomic():
        contract: Contract = approvals.locked("contract", pk, "edit", by)
        approvals.require_state(contract, CONTRACT_STEPS, "review")
        if contract.amount <= 0:
            raise Refused("no_amount", _("合同金额是 0，请先填写金额或明细"))
        if contract.amends_id is not None:
            books.check_amount(contract.amends_id, contract.amount)
        approvals.ask("contract", contract, reason, by=by, values={"state": "review"})
    return contract


def decide(pk: int, *, yes: bool, note: str, by: Actor) -> Contract:
    """A yes puts it in force. Raises access.NotVisible, access.Denied, FieldErrors, Refused."""
    with transaction.atomic():
        contract: Contract = approvals.locked("contract", pk, "edit", by)
        approvals.require_state(contract, CONTRACT_STEPS, "effective")
        agreed = approvals.decide(
            "contract", contract, yes=yes, note=note, by=by, outcome=lambda ok: decided(contract, ok)
        )
        if agreed and contract.amends_id is not None:
            take_over(contract, by=by)
        elif agreed:
            come_into_force(contract)
    return contract


def decided(contract: Contract, agreed: bool) -> Values:
    """The columns that a decision changes."""
    if not agreed:
        return {"state": "draft"}
    state = "effective" if contract.amends_id is None else "completed"
    return {"state": state, "effective_at": timezone.now(), "signed_on": contract.signed_on or prices.today()}


def come_into_force(contract: Contract) -> None:
    events.emit("contract.effective", "contract", contract.pk, payload={"amount": str(contract.amount)})
    books.settle([contract.pk])
    deal_steps.contract_effective(contract)


def take_over(amendment: Contract, *, by: Actor) -> None:
    """What the amendment says stands in the contract from now on; receipts and invoices stay where they are."""
    assert amendment.amends_id is not None
    contract: Contract = approvals.locked("contract", amendment.amends_id, "view", by)
    if contract.state not in IN_FORCE:
        raise Refused("over", _("原合同 %(number)s 是“%(state)s”，不能再变更") % {
            "number": contract.number, "state": contract.get_state_display(),
        })  # fmt: skip
    books.check_amount(contract.pk, amendment.amount)
    values: Values = {key: getattr(amendment, key) for key in TAKEN_OVER}
    values["signed_on"] = contract.signed_on
    values["amount_base"] = from_cents(converted(to_cents(amendment.amount), contract.rate))
    found = lines.lines_of("contract", amendment.pk)
    values |= margins.columns(found, contract.rate, values["amount_base"])
    if contract.state == "expired" and amendment.ends_on and amendment.ends_on >= prices.today():
        values["state"] = "effective"
    lines.store("contract", contract.pk, found)
    records.put("contract", contract, values, by=by, reason=amendment.number, kind="step")
    events.emit("contract.amended", "contract", contract.pk, payload={"by": amendment.pk})
    books.settle([contract.pk])


def amend(pk: int, *, by: Actor) -> Contract:
    """A draft that says the whole contract anew. Raises access.NotVisible, access.Denied, Refused."""
    access.require(by, "contract", "create")
    with transaction.atomic():
        contract: Contract = approvals.locked("contract", pk, "edit", by)
        if contract.state not in IN_FORCE or contract.amends_id is not None:
            raise Refused("not_effective", _("只有已生效的合同可以变更；草稿直接修改就可以"))
        going = Contract.objects.filter(
            amends=contract, state__in=("draft", "review"), deleted_at=None
        ).first()
        if going is not None:
            raise Refused("going", _("变更协议 %(number)s 还没有完成，请先完成它") % {"number": going.number})
        values: Values = {
            "name": contract.name, "currency": contract.currency, "amount": contract.amount,
            "starts_on": contract.starts_on, "ends_on": contract.ends_on, "amends": Ref(pk, ""),
            **{key: ref(contract, key) for key in ("customer", "deal", "owner")},
        }  # fmt: skip
        changes = audit.open_set("create", "contract", by=by, reason=contract.number)
        (key,) = records.bulk_create("contract", [values], by=by, changeset=changes, parsed=True)
        made = Contract.objects.get(pk=key)
        begin_with(made, lines.lines_of("contract", pk))
    return made


def complete(pk: int, *, by: Actor) -> Contract:
    """All is done. Raises Refused while money is still owed, with the figures."""
    with transaction.atomic():
        contract: Contract = approvals.locked("contract", pk, "edit", by)
        if contract.state == "review":
            raise Refused("no_step", _("合同还在审批"))
        approvals.require_state(contract, CONTRACT_STEPS, "completed")
        if contract.received < contract.amount:
            figures = {
                "open": contract.amount - contract.received, "amount": contract.amount, "received": contract.received,
            }  # fmt: skip
            text = _("还有 %(open)s 没有回款（合同 %(amount)s，已回 %(received)s）；不再收款请终止合同")
            raise Refused("open", text % {key: f"{value:,.2f}" for key, value in figures.items()})
        records.put("contract", contract, {"state": "completed"}, by=by, kind="step")
        events.emit("contract.completed", "contract", pk)
    return contract


def terminate(pk: int, reason: str, *, by: Actor) -> Contract:
    """Ends before its time; what is not paid is not expected any more. Raises FieldErrors without a reason."""
    if not reason.strip():
        raise FieldErrors({"reason": _("请写明终止的原因")})
    with transaction.atomic():
        contract: Contract = approvals.locked("contract", pk, "edit", by)
        approvals.require_state(contract, CONTRACT_STEPS, "terminated")
        records.put(
            "contract", contract, {"state": "terminated"}, by=by, reason=reason.strip()[:500], kind="step"
        )
        books.settle([pk])
        events.emit("contract.terminated", "contract", pk)
    return contract


def expire_contracts(today: dt.date | None = None) -> int:
    """Contracts in force whose last day is over. Idempotent; returns how many."""
    rows = Contract.objects.filter(state="effective", ends_on__lt=today or prices.today(), deleted_at=None)
    done = 0
    for pk in list(rows.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            contract = Contract.objects.select_for_update(of=("self",)).get(pk=pk)
            if contract.state == "effective":
                records.put("contract", contract, {"state": "expired"}, by=SYSTEM, kind="step")
                events.emit("contract.expired", "contract", pk)
                done += 1
    return done
