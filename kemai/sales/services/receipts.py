"""Money expected and received: plans by pattern, receipts against contracts in force, allocation, reversal 红冲."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from kemai.kit.money import from_cents, to_cents
from kemai.platform import access, audit, events, records
from kemai.platform.access import Actor
from kemai.platform.fields import Ref
from kemai.platform.records import FieldErrors, Refused
from kemai.sales.models import Allocation, Contract, Receipt, ReceiptPlan
from kemai.sales.rules.cash import IN_FORCE, Instalment, Owed, by_months, by_shares, may_allocate, may_take
from kemai.sales.services import approvals, books, prices
from kemai.sales.services.given import plain, ref, refuse_changes

Values = dict[str, Any]
MOST_PLANS = 120
FROZEN = ("contract", "customer", "currency", "amount", "received_on", "reverses")


# plans


def prepare_plan(values: Values, existing: ReceiptPlan | None, by: Actor) -> None:
    amount = values.get("amount", existing.amount if existing else None)
    if amount is not None and amount <= 0:
        raise FieldErrors({"amount": _("计划金额应大于 0")})
    if existing is None:
        return
    if "contract" in values and plain(values["contract"]) != existing.contract_id:
        raise FieldErrors({"contract": _("回款计划不能换到另一份合同")})
    if amount is not None and amount < existing.received:
        text = _("已回款 %(received)s，计划金额不能更低") % {"received": f"{existing.received:,.2f}"}
        raise FieldErrors({"amount": text})


def check_plans(values: Sequence[Values], existing: Sequence[ReceiptPlan | None], by: Actor) -> None:
    """All plans of a contract that stand come to no more than the contract. Raises FieldErrors with the figures."""
    touched: dict[int, int] = defaultdict(int)
    mine: set[int] = set()
    for one, old in zip(values, existing, strict=True):
        key = plain(one.get("contract")) or (old.contract_id if old else None)
        void = one.get("void", old.void if old else False)
        amount = one.get("amount", old.amount if old else None)
        if old is not None:
            mine.add(old.pk)
        if key is not None:
            touched[key] += 0 if void or amount is None else to_cents(amount)
    held = books.lock(touched)
    for one, old in zip(values, existing, strict=True):
        contract = held.get(plain(one.get("contract")) or 0)
        if old is None and contract is not None:
            one |= {"customer": Ref(contract.customer_id, ""), "currency": contract.currency}
    others = ReceiptPlan.objects.filter(contract__in=touched, void=False, deleted_at=None).exclude(
        pk__in=mine
    )
    there = books.totals(others)
    for key, contract in held.items():
        total, most = there.get(key, 0) + touched[key], to_cents(contract.amount)
        if touched[key] and total > most:
            text = _("回款计划合计 %(total)s，超过合同金额 %(most)s，多出 %(over)s；请调低这一期，或先做变更协议") % {
                "total": books.money(total), "most": books.money(most), "over": books.money(total - most),
            }  # fmt: skip
            raise FieldErrors({"amount": text})


def after_plans(plans: Sequence[ReceiptPlan], changed: frozenset[str], by: Actor) -> None:
    books.settle({plan.contract_id for plan in plans})
    for plan in plans:
        plan.refresh_from_db(fields=["received", "open"])


def check_restore_plan(plans: Sequence[ReceiptPlan], by: Actor) -> None:
    """What was planned while they lay in the bin stands: together they come to no more than the contract. Raises
    Refused with the figures."""
    back: dict[int, int] = defaultdict(int)
    for plan in plans:
        back[plan.contract_id] += 0 if plan.void else to_cents(plan.amount)
    held = books.lock(back)
    there = books.totals(ReceiptPlan.objects.filter(contract__in=held, void=False, deleted_at=None))
    for key, contract in held.items():
        total, most = there.get(key, 0) + back[key], to_cents(contract.amount)
        if back[key] and total > most:
            text = _(
                "恢复以后回款计划合计 %(total)s，超过合同金额 %(most)s，多出 %(over)s；请先调低或作废现有的计划，再恢复"
            )
            raise Refused("beyond", text % {
                "total": books.money(total), "most": books.money(most), "over": books.money(total - most),
            })  # fmt: skip


def check_delete_plan(plans: Sequence[ReceiptPlan], by: Actor) -> None:
    for plan in plans:
        if plan.received:
            raise Refused("paid", _("“%(plan)s”已有回款 %(received)s，不能删除；多余的请作废") % {
                "plan": str(plan), "received": f"{plan.received:,.2f}",
            })  # fmt: skip


def pattern(total: int, wanted: Mapping[str, str]) -> list[Instalment]:
    """Instalments out of a form: kind "shares" with lines "30% 0" (share, days after the first day), or "months" with
    count and every. Raises FieldErrors."""
    first = day_of(wanted.get("first", ""))
    if wanted.get("kind") == "months":
        count = whole(wanted.get("count", ""), "count", 1, MOST_PLANS)
        return by_months(total, first, count, whole(wanted.get("every", "1"), "every", 1, 12))
    parts = []
    for line in wanted.get("shares", "").splitlines():
        words = line.replace("％", "%").replace("，", " ").replace(",", " ").split()
        if words:
            parts.append(part_of(words, line))
    if not parts:
        raise FieldErrors({"shares": _("请写明各期的比例，例如 30% 0")})
    if len(parts) > MOST_PLANS:
        raise FieldErrors({"shares": _("最多 %(most)s 期") % {"most": MOST_PLANS}})
    if abs(sum(one for one, _days in parts) - 100) > 0.005:
        total_text = f"{sum(one for one, _days in parts):g}%"
        raise FieldErrors({"shares": _("各期比例合计是 %(total)s，应为 100%%") % {"total": total_text}})
    return by_shares(total, first, parts)


def part_of(words: Sequence[str], line: str) -> tuple[float, int]:
    try:
        share = float(words[0].rstrip("%"))
        # lint: allow translated — a word that people type
        days = int(words[1].removesuffix("天")) if len(words) > 1 else 0
    except ValueError:
        share, days = -1.0, 0
    if not 0 < share <= 100 or not 0 <= days <= 3650:
        raise FieldErrors(
            {"shares": _("看不懂“%(line)s”，请写成“30%% 0”：比例和几天以后") % {"line": line[:40]}}
        )
    return share, days


def day_of(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text) if text else prices.today()
    except ValueError:
        raise FieldErrors({"first": _("请填写首期日期")}) from None


def whole(text: str, field: str, low: int, high: int) -> int:
    bare = text.strip()
    if not (bare.isascii() and bare.isdigit() and len(bare) < 6 and low <= int(bare) <= high):
        raise FieldErrors({field: _("请填写 %(low)s 到 %(high)s 之间的整数") % {"low": low, "high": high}})
    return int(bare)


def plan_receipts(pk: int, wanted: Mapping[str, str], *, by: Actor) -> list[int]:
    """Plans for what no plan expects yet of the contract. Raises access.NotVisible, access.Denied, FieldErrors,
    Refused where everything is planned already."""
    access.require(by, "receipt_plan", "create")
    with transaction.atomic():
        contract: Contract = approvals.locked("contract", pk, "view", by)
        rest = to_cents(contract.amount) - planned(contract)
        if contract.state == "terminated" or rest <= 0:
            raise Refused("planned", _("合同 %(amount)s 都已经有回款计划了；要重排请先作废或删除原来的") % {
                "amount": f"{contract.amount:,.2f}",
            })  # fmt: skip
        number = ReceiptPlan.objects.filter(contract=contract).count()
        rows = [
            {
                "contract": Ref(pk, ""), "number": number + one.number, "due_on": one.due_on,
                "amount": from_cents(one.amount), "name": _("第 %(n)s 期") % {"n": number + one.number},
            }
            for one in pattern(rest, wanted)
            if one.amount > 0
        ]  # fmt: skip
        keys = records.bulk_create("receipt_plan", rows, by=by, parsed=True)
        books.settle([pk])
    return keys


def planned(contract: Contract) -> int:
    """Cents that standing plans expect."""
    rows = ReceiptPlan.objects.filter(contract=contract, void=False, deleted_at=None)
    return books.totals(rows).get(contract.pk, 0)


# receipts in the write door


def prepare_receipt(values: Values, existing: Receipt | None, by: Actor) -> None:
    if existing is None:
        if values.get("received_on") is not None and values["received_on"] > prices.today():
            raise FieldErrors({"received_on": _("到账日期不能在将来；预计的钱请登记回款计划")})
        return
    text = _("入账的回款不能改金额、合同和日期；记错了请红冲，再重新登记")
    refuse_changes(values, existing, FROZEN, text)


def check_receipts(values: Sequence[Values], existing: Sequence[Receipt | None], by: Actor) -> None:
    """New receipts go into contracts in force, one after the other, and never beyond them. The contracts are held."""
    new = [one for one, old in zip(values, existing, strict=True) if old is None]
    held = books.lock(key for one in new if (key := plain(one.get("contract"))) is not None)
    taken = books.received(held)
    for one in new:
        contract = held.get(plain(one.get("contract")) or 0)
        if contract is None:
            raise FieldErrors({"contract": _("请选择合同")})
        one |= {"customer": Ref(contract.customer_id, ""), "currency": contract.currency}
        amount = to_cents(one.get("amount") or Decimal(0))
        if one.get("reverses_id") is None:
            verdict = may_take(
                amount, contract=to_cents(contract.amount), taken=taken.get(contract.pk, 0),
                in_force=contract.state in IN_FORCE,
            )  # fmt: skip
            books.refuse(verdict, contract)
        taken[contract.pk] = taken.get(contract.pk, 0) + amount


def after_receipts(receipts: Sequence[Receipt], changed: frozenset[str], by: Actor) -> None:
    if not changed:
        books.settle({receipt.contract_id for receipt in receipts})


def check_delete(receipts: Sequence[Receipt], by: Actor) -> None:
    if receipts:
        raise Refused(
            "booked", _("入账的回款 %(number)s 不能删除；记错了请红冲") % {"number": receipts[0].number}
        )


# reversal and allocation


def reverse(pk: int, note: str, *, by: Actor) -> Receipt:
    """A counter-entry of the same amount; the plans that it paid are open again. Raises access.NotVisible,
    access.Denied, FieldErrors without a reason, Refused where it was reversed before."""
    if not note.strip():
        raise FieldErrors({"note": _("请写明红冲的原因")})
    access.require(by, "receipt", "create")
    with transaction.atomic():
        receipt: Receipt = approvals.locked("receipt", pk, "edit", by)
        if receipt.reverses_id is not None or Receipt.objects.filter(reverses=receipt).exists():
            raise Refused("reversed", _("回款 %(number)s 已经红冲过了") % {"number": receipt.number})
        values: Values = {
            "amount": -receipt.amount, "received_on": prices.today(), "method": receipt.method, "payer": receipt.payer,
            "note": note.strip()[:300], "reverses_id": pk, "contract": Ref(receipt.contract_id, ""),
            "owner": ref(receipt, "owner"),
        }  # fmt: skip
        changes = audit.open_set("create", "receipt", by=by, reason=note.strip()[:500])
        (key,) = records.bulk_create("receipt", [values], by=by, changeset=changes, parsed=True)
        back = [
            Allocation(receipt_id=key, plan_id=plan, amount=-part)
            for plan, part in receipt.allocations.values_list("plan", "amount")
        ]
        Allocation.objects.bulk_create(back)
        books.settle([receipt.contract_id])
        events.emit("receipt.reversed", "receipt", pk, payload={"by": key, "amount": str(receipt.amount)})
    return Receipt.objects.get(pk=key)


def counter_entry(pk: int) -> str | None:
    """The number of the entry that took a receipt back."""
    found: str | None = Receipt.objects.filter(reverses=pk).values_list("number", flat=True).first()
    return found


def open_plans(receipt: Receipt) -> list[tuple[ReceiptPlan, int, int]]:
    """(plan, cents of this receipt in it, cents it could take from this receipt) of the contract, the earliest
    first."""
    given: list[tuple[int, Any]] = list(receipt.allocations.values_list("plan", "amount"))
    mine = {plan: to_cents(part) for plan, part in given}
    rows = ReceiptPlan.objects.filter(contract=receipt.contract_id, deleted_at=None).order_by("due_on", "pk")
    found = []
    for plan in rows:
        part = mine.get(plan.pk, 0)
        free = to_cents(plan.amount) - to_cents(plan.received) + part
        if part or (free > 0 and not plan.void):
            found.append((plan, part, max(free, 0)))
    return found


def allocate_by_hand(pk: int, wanted: Mapping[int, Decimal], *, by: Actor) -> Receipt:
    """{plan: amount} of a receipt. Raises access.NotVisible, access.Denied, FieldErrors with the figures, Refused for
    what was reversed."""
    with transaction.atomic():
        receipt: Receipt = approvals.locked("receipt", pk, "edit", by)
        if receipt.reverses_id is not None or Receipt.objects.filter(reverses=receipt).exists():
            raise Refused("reversed", _("红冲的回款不能再分配"))
        books.lock([receipt.contract_id])
        owed = [Owed(plan.pk, plan.due_on, free) for plan, _part, free in open_plans(receipt)]
        parts = {plan: to_cents(amount) for plan, amount in wanted.items() if amount}
        verdict = may_allocate(to_cents(receipt.amount), parts, owed)
        if not verdict.ok:
            raise FieldErrors(
                {allocation_field(verdict.inputs): allocation_words(verdict.reason, verdict.inputs)}
            )
        old = {str(plan): str(part) for plan, part in receipt.allocations.values_list("plan", "amount")}
        receipt.allocations.all().delete()
        Allocation.objects.bulk_create(
            Allocation(**books.part_of(pk, plan, part)) for plan, part in parts.items()
        )
        audit.note("step", "receipt", pk, by=by, reason=told(old, parts))
        books.settle([receipt.contract_id])
    return receipt


def told(old: Mapping[str, str], new: Mapping[int, int]) -> str:
    before = ", ".join(f"{plan}: {part}" for plan, part in old.items())
    after = ", ".join(f"{plan}: {from_cents(part)}" for plan, part in new.items())
    return f"{before} → {after}"


def allocation_field(inputs: Mapping[str, object]) -> str:
    return f"plan-{inputs['plan']}" if "plan" in inputs else ""


def allocation_words(reason: str, inputs: Mapping[str, object]) -> str:
    if reason == "negative":
        return _("分配的金额不能小于 0")
    if reason == "beyond_plan":
        return _("%(amount)s 超过这一期还没有回的 %(open)s") % {
            "amount": books.money(inputs["amount"]), "open": books.money(inputs["open"]),
        }  # fmt: skip
    return _("分配合计 %(total)s，超过回款 %(amount)s") % {
        "total": books.money(inputs["total"]), "amount": books.money(inputs["amount"]),
    }  # fmt: skip
