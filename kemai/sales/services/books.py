"""What contracts have received and invoiced: derived from receipts, allocations and invoices, and never typed.

Whoever adds money holds the contract's row until the transaction ends, so that two at the same moment are added one
after the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from kemai.kit.money import from_cents, to_cents
from kemai.platform.records import FieldErrors, Refused
from kemai.sales.models import Allocation, Contract, Invoice, Receipt, ReceiptPlan
from kemai.sales.rules import Verdict
from kemai.sales.rules.cash import IN_FORCE, Owed, allocate, still_open

ASKED = ("requested", "issued", "red")
"""Invoices that take from what may be invoiced; a red one gives back what it takes back."""
ISSUED = ("issued", "red")
Cents = dict[int, int]


def lock(contracts: Iterable[int]) -> dict[int, Contract]:
    """The contracts, held in the order of their keys so that nobody waits for each other."""
    rows = Contract.objects.select_for_update(of=("self",)).filter(pk__in=set(contracts)).order_by("pk")
    return {one.pk: one for one in rows}


def received(contracts: Iterable[int]) -> Cents:
    """Receipts less reversals, by contract."""
    return totals(Receipt.objects.filter(contract__in=list(contracts), deleted_at=None))


def asked(contracts: Iterable[int], *, states: Sequence[str] = ASKED, but: Iterable[int] = ()) -> Cents:
    """Invoices asked for or issued, by contract."""
    rows = Invoice.objects.filter(contract__in=list(contracts), state__in=states, deleted_at=None)
    return totals(rows.exclude(pk__in=list(but)))


def totals(rows: object) -> Cents:
    found = rows.order_by().values_list("contract").annotate(total=Sum("amount"))  # type: ignore[attr-defined]
    return {key: cents(total) for key, total in found}


def cents(total: object) -> int:
    """A sum of amounts comes back as an amount, or as None where there was nothing to add."""
    return 0 if total is None else to_cents(Decimal(str(total)))


def refuse(verdict: Verdict, contract: Contract, *, invoice: bool = False) -> None:
    """Raises FieldErrors on the amount, with the figures."""
    match verdict.reason:
        case "not_effective":
            raise FieldErrors({"contract": not_in_force(contract)})
        case "not_positive":
            raise FieldErrors({"amount": _("金额应大于 0；退款或冲减请用红冲")})
        case "beyond_contract":
            text = _(
                "%(amount)s 超过还没有开票的 %(open)s（合同 %(contract)s，已申请 %(taken)s）；"
                "请改小金额，或先红冲开错的发票"
            ) if invoice else _(
                "%(amount)s 超过还没有回款的 %(open)s（合同 %(contract)s，已回款 %(taken)s）；"
                "请改小金额，多收的钱登记到另一份合同，或先做变更协议"
            )  # fmt: skip
            raise FieldErrors({"amount": text % {key: money(value) for key, value in verdict.inputs.items()}})


def not_in_force(contract: Contract) -> str:
    """Why nothing is booked for it, and what would help."""
    told = {"number": contract.number, "state": contract.get_state_display()}
    if contract.state == "draft":
        return _("合同 %(number)s 还是草稿：请先提交审批，生效以后才能登记") % told
    if contract.state == "review":
        return _("合同 %(number)s 还在审批：生效以后才能登记，请催审批的人") % told
    return _("合同 %(number)s %(state)s，不再收款和开票；仍要收款请新建合同") % told


def money(value: object) -> str:
    return f"{from_cents(int(str(value))):,.2f}"


def check_amount(contract: int, amount: Decimal) -> None:
    """May the contract come to this, with what was received and invoiced already? Raises Refused with the figures."""
    least = max(received([contract]).get(contract, 0), asked([contract]).get(contract, 0))
    if to_cents(amount) < least:
        raise Refused("below", _("新金额 %(amount)s 低于已回款或已申请开票的 %(least)s") % {
            "amount": f"{amount:,.2f}", "least": money(least),
        })  # fmt: skip


# what follows


def settle(contracts: Iterable[int]) -> None:
    """Everything derived of these contracts anew: receipts that nobody allocated pay the earliest plans, plans and
    contracts get their sums. Idempotent; inside the caller's transaction."""
    held = lock(contracts)
    if not held:
        return
    plans: dict[int, list[ReceiptPlan]] = defaultdict(list)
    for plan in ReceiptPlan.objects.filter(contract__in=held, deleted_at=None).order_by("due_on", "pk"):
        plans[plan.contract_id].append(plan)
    paid = paid_of(held)
    fresh = pay(held, plans, paid)
    Allocation.objects.bulk_create(fresh, batch_size=2000)
    for one in fresh:
        paid[one.plan_id] = paid.get(one.plan_id, 0) + to_cents(one.amount)
    note_plans(held, plans, paid)
    note_contracts(held)


def paid_of(contracts: Mapping[int, Contract]) -> Cents:
    """What is allocated to each plan."""
    rows = Allocation.objects.filter(plan__contract__in=contracts, receipt__deleted_at=None).order_by()
    return {plan: cents(total) for plan, total in rows.values_list("plan").annotate(total=Sum("amount"))}


def pay(
    held: Mapping[int, Contract], plans: Mapping[int, Sequence[ReceiptPlan]], paid: Mapping[int, int]
) -> list[Allocation]:
    """Receipts without any allocation, first in, first out."""
    rows = Receipt.objects.filter(
        contract__in=held, allocations=None, deleted_at=None, reverses=None, reversal=None
    ).order_by("received_on", "pk")
    now = dict(paid)
    fresh = []
    for receipt in rows:
        owed = [
            Owed(plan.pk, plan.due_on, to_cents(plan.amount) - now.get(plan.pk, 0))
            for plan in plans.get(receipt.contract_id, ())
            if not plan.void
        ]
        for plan, part in allocate(to_cents(receipt.amount), owed).items():
            now[plan] = now.get(plan, 0) + part
            fresh.append(Allocation(**part_of(receipt.pk, plan, part)))
    return fresh


def part_of(receipt: int, plan: int, part: int) -> dict[str, Any]:
    """The columns of an allocation of so many cents."""
    return {"receipt_id": receipt, "plan_id": plan, "amount": from_cents(part)}


def note_plans(
    held: Mapping[int, Contract], plans: Mapping[int, Sequence[ReceiptPlan]], paid: Mapping[int, int]
) -> None:
    changed = []
    for key, mine in plans.items():
        force = held[key].state in IN_FORCE
        for plan in mine:
            got = from_cents(paid.get(plan.pk, 0))
            left = from_cents(
                still_open(
                    amount=to_cents(plan.amount),
                    received=paid.get(plan.pk, 0),
                    in_force=force,
                    void=plan.void,
                )
            )
            if (plan.received, plan.open) != (got, left):
                plan.received, plan.open = got, left
                changed.append(plan)
    ReceiptPlan.objects.bulk_update(changed, ["received", "open"], batch_size=500)


def note_contracts(held: Mapping[int, Contract]) -> None:
    took, billed = received(held), asked(held, states=ISSUED)
    changed = []
    for key, contract in held.items():
        sums = (from_cents(took.get(key, 0)), from_cents(billed.get(key, 0)))
        if (contract.received, contract.invoiced) != sums:
            contract.received, contract.invoiced = sums
            changed.append(contract)
    Contract.objects.bulk_update(changed, ["received", "invoiced"], batch_size=500)


def settle_range(type_key: str, first: int, last: int) -> None:
    """After a mass change of receipts, plans or invoices with keys from `first` to `last`."""
    models: dict[str, Any] = {"receipt": Receipt, "receipt_plan": ReceiptPlan, "invoice": Invoice}
    model = models[type_key]
    rows = model._default_manager.filter(Q(pk__range=(first, last)))
    keys = list(rows.order_by("contract").values_list("contract", flat=True).distinct())
    for at in range(0, len(keys), 500):
        settle(keys[at : at + 500])
