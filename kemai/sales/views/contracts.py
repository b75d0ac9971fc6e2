"""The steps of a contract, what is received and invoiced for it, and its document."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kemai.kit.money import from_cents, to_cents
from kemai.platform import access, exports, records
from kemai.platform.access import Actor
from kemai.platform.exports import Order
from kemai.platform.objects import get
from kemai.platform.records import FieldErrors
from kemai.platform.ui.door import signed_in
from kemai.sales.models import Contract
from kemai.sales.panels.lines import SIGNS
from kemai.sales.services import books, contracts, documents, prices, receipts
from kemai.sales.views.approval import amount_of, asking, deciding
from kemai.sales.views.dialog import Asked, Button, Dialog, Elsewhere, Step, step

PATTERN = "30% 0\n60% 30\n10% 365"


def money(contract: Contract, amount: object) -> str:
    return f"{SIGNS.get(contract.currency, contract.currency)} {amount:,.2f}"


@step("contract")
def submit(actor: Actor, contract: Contract) -> Step:
    return asking(
        _("提交审批：%(name)s") % {"name": contract.name}, _("说明"),
        lambda reason: contracts.submit(contract.pk, reason, by=actor),
        facts=[(_("合同金额"), money(contract, contract.amount))],
    )  # fmt: skip


@step("contract")
def decide(actor: Actor, contract: Contract) -> Step:
    return deciding(
        "contract", contract, _("审批：%(name)s") % {"name": contract.name}, _("已同意，合同生效"), actor,
        lambda *, yes, note: contracts.decide(contract.pk, yes=yes, note=note, by=actor), facts=amount_of(contract),
    )  # fmt: skip


@step("contract")
def amend(actor: Actor, contract: Contract) -> Step:
    dialog = Dialog(
        _("变更协议：%(name)s") % {"name": contract.name},
        [],
        [Button(_("新建变更协议"))],
        intro=_("会复制合同成为草稿；改好并审批以后，明细、金额和期限写进原合同，回款和发票不动。"),
    )

    def act(typed: Mapping[str, str]) -> Elsewhere:
        made = contracts.amend(contract.pk, by=actor)
        return Elsewhere(_("已新建变更协议 %(number)s") % {"number": made.number}, "contract", made.pk)

    return Step(dialog, act)


@step("contract")
def terminate(actor: Actor, contract: Contract) -> Step:
    dialog = Dialog(
        _("终止合同：%(name)s") % {"name": contract.name},
        [Asked("reason", _("终止的原因"), "textarea", required=True)],
        [Button(_("终止合同"), kind="danger-solid")],
        warning=_("还没有回的 %(open)s 不再计入应收。终止以后不能恢复。") % {
            "open": money(contract, contract.amount - contract.received),
        },
    )  # fmt: skip

    def act(typed: Mapping[str, str]) -> str:
        contracts.terminate(contract.pk, typed["reason"], by=actor)
        return _("合同已终止")

    return Step(dialog, act)


@step("contract", "view")
def plan(actor: Actor, contract: Contract) -> Step:
    access.require(actor, "receipt_plan", "create")
    rest = contract.amount - from_cents(receipts.planned(contract))
    kinds = [{"value": "shares", "label": _("按比例")}, {"value": "months", "label": _("按月等分")}]
    dialog = Dialog(
        _("排回款计划：%(name)s") % {"name": contract.name},
        [
            Asked("kind", _("方式"), "radio", "shares", options=kinds),
            Asked("first", _("首期日期"), "date", (contract.signed_on or prices.today()).isoformat(), required=True),
            Asked("shares", _("按比例：每行一期，写比例和首期以后几天"), "textarea", PATTERN, rows=4),
            Asked("count", _("按月：分几期"), "number", "12"),
            Asked("every", _("按月：每几个月一期"), "number", "1"),
        ],
        [Button(_("排计划"))],
        facts=[(_("还没有计划的金额"), money(contract, rest))],
    )  # fmt: skip

    def act(typed: Mapping[str, str]) -> str:
        made = receipts.plan_receipts(contract.pk, typed, by=actor)
        return _("已排 %(n)s 期回款计划") % {"n": len(made)}

    return Step(dialog, act)


@step("contract", "view")
def receive(actor: Actor, contract: Contract) -> Step:
    access.require(actor, "receipt", "create")
    left = contract.amount - contract.received
    methods = [{"value": o.value, "label": o.label} for o in get("receipt").fields["method"].options]
    dialog = Dialog(
        _("登记回款：%(name)s") % {"name": contract.name},
        [
            Asked(
                "amount",
                _("金额"),
                "money",
                f"{left:.2f}",
                required=True,
                unit=SIGNS.get(contract.currency, ""),
            ),
            Asked("received_on", _("到账日期"), "date", prices.today().isoformat(), required=True),
            Asked("method", _("方式"), "select", "transfer", options=methods, required=True),
            Asked("payer", _("付款方"), value=contract.customer.name[:120]),
            Asked("note", _("备注")),
        ],
        [Button(_("登记回款"))],
        facts=[
            (_("合同金额"), money(contract, contract.amount)),
            (_("已回款"), money(contract, contract.received)),
            (_("未回款"), money(contract, left)),
        ],
        intro=_("先到期的计划先核销；需要时可以在回款页面重新分配。"),
    )

    def act(typed: Mapping[str, str]) -> str:
        values = {key: value for key, value in typed.items() if key != "answer"}
        made = records.create("receipt", {**values, "contract": contract.pk}, by=actor)
        return _("已登记回款 %(number)s") % {"number": made.number}

    return Step(dialog, act)


@step("contract", "view")
def invoice(actor: Actor, contract: Contract) -> Step:
    """An existing heading of the customer, or a new one that stays in their library."""
    access.require(actor, "invoice", "create")
    titles = list(
        access.scope(actor, "invoice_title").filter(customer=contract.customer_id).order_by("-pk")[:50]
    )
    rest = from_cents(to_cents(contract.amount) - books.asked([contract.pk]).get(contract.pk, 0))
    kinds = [{"value": o.value, "label": o.label} for o in get("invoice").fields["kind"].options]
    known = [{"value": one.pk, "label": f"{one.name} {one.tax_number}".strip()} for one in titles]
    new = not known
    dialog = Dialog(
        _("申请开票：%(name)s") % {"name": contract.name},
        [
            Asked("title", _("发票抬头"), "select", known[0]["value"] if known else "", options=known,
                  help=_("没有合适的就在下面写新抬头")),
            Asked("new_title", _("新抬头"), value=contract.customer.name[:120] if new else ""),
            Asked("tax_number", _("新抬头的税号"), value=contract.customer.credit_code if new else ""),
            Asked("kind", _("发票类型"), "select", "electronic", options=kinds, required=True),
            Asked("amount", _("金额"), "money", f"{rest:.2f}", required=True, unit=SIGNS.get(contract.currency, "")),
            Asked("note", _("备注")),
        ],
        [Button(_("申请开票"))],
        facts=[(_("还可以开票"), money(contract, rest))],
    )  # fmt: skip

    def act(typed: Mapping[str, str]) -> str:
        title = typed["title"]
        if typed["new_title"] and not (title and not typed["tax_number"]):
            title = new_title(contract, typed, actor)
        if not title:
            raise FieldErrors({"title": _("请选择或填写发票抬头")})
        values = {key: typed[key] for key in ("kind", "amount", "note")}
        made = records.create("invoice", {**values, "title": title, "contract": contract.pk}, by=actor)
        return _("已申请开票 %(number)s") % {"number": made.number}

    return Step(dialog, act)


def new_title(contract: Contract, typed: Mapping[str, str], actor: Actor) -> str:
    """Raises FieldErrors by the dialogue's own fields."""
    values = {
        "customer": contract.customer_id, "name": typed["new_title"], "tax_number": typed["tax_number"],
        "kind": "company" if contract.customer.kind == "company" or typed["tax_number"] else "person",
    }  # fmt: skip
    try:
        return str(records.create("invoice_title", values, by=actor).pk)
    except FieldErrors as error:
        raise FieldErrors(
            {"new_title" if key == "name" else key: text for key, text in error.errors.items()}
        ) from error


@signed_in
@require_safe
def pdf(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    contract: Contract = access.one(actor, "contract", pk)
    exports.note(actor, Order("contract", ids=(pk,), format="print"), 1)
    return documents.response(documents.contract_pdf(contract), f"{contract.number}.pdf")
