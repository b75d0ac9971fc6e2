"""The lines of deals, quotes and contracts: written together with what they belong to, whose sums are theirs.

One act is one change set of the kind "lines", which an undo takes back as a whole."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from kemai.customers.models import Product
from kemai.kit import numbers
from kemai.kit.errors import KitError
from kemai.kit.money import from_cents, parse_exact, to_cents
from kemai.kit.numbers import record_key
from kemai.platform import access, audit, records
from kemai.platform.access import Actor
from kemai.platform.fields.number import money_problem
from kemai.platform.models import ChangeSet
from kemai.platform.objects import get
from kemai.platform.records import FieldErrors, Inverse, Kept, Refused, UndoReport, register_inverse
from kemai.platform.records.bulk import record_changes
from kemai.sales.models import Contract, ContractLine, Deal, DealLine, Quote, QuoteLine
from kemai.sales.models.price import PricedLine
from kemai.sales.rules.amounts import Priced, Sums, sums
from kemai.sales.services import prices
from kemai.sales.services.prices import Basis

Document = Deal | Quote | Contract
KIND = "lines"
MOST = 200
MOST_QUANTITY = 10**9
MODELS: Mapping[str, tuple[type[PricedLine], str]] = {
    "deal": (DealLine, "deal"), "quote": (QuoteLine, "quote"), "contract": (ContractLine, "contract"),
}  # fmt: skip
COLUMNS = ("product_id", "name", "unit", "quantity", "list_price", "price", "discount", "tax_rate", "cost")


@dataclass(frozen=True)
class Line:
    """A line as it is stored: amounts in yuan (of the document's currency), shares as fractions."""

    product: int | None
    name: str
    unit: str
    quantity: float
    list_price: Decimal | None
    price: Decimal
    discount: float = 0.0
    tax_rate: float = 0.13
    cost: Decimal | None = None
    """Of one unit, in yuan without tax; told to nobody here: `margins` makes a sum of it."""

    @property
    def priced(self) -> Priced:
        listed = None if self.list_price is None else to_cents(self.list_price)
        return Priced(self.quantity, listed, to_cents(self.price), self.discount, self.tax_rate)

    @property
    def amount(self) -> Decimal:
        return from_cents(self.priced.amount)

    @property
    def columns(self) -> dict[str, Any]:
        values = (
            self.product, self.name, self.unit, self.quantity, self.list_price, self.price, self.discount,
            self.tax_rate, self.cost,
        )  # fmt: skip
        return {**dict(zip(COLUMNS, values, strict=True)), "amount": self.amount}

    @property
    def plain(self) -> list[Any]:
        """As it stands in the log."""
        listed, cost = (None if one is None else str(one) for one in (self.list_price, self.cost))
        return [
            self.product, self.name, self.unit, self.quantity, listed, str(self.price), self.discount, self.tax_rate,
            cost,
        ]  # fmt: skip

    @staticmethod
    def of_plain(values: Sequence[Any]) -> Line:
        product, name, unit, quantity, listed, price, discount, tax_rate, *more = values
        cost = more[0] if more else None  # older entries of the log know no cost
        return Line(
            product, name, unit, quantity, None if listed is None else Decimal(listed), Decimal(price), discount,
            tax_rate, None if cost is None else Decimal(cost),
        )  # fmt: skip


def lines_of(type_key: str, pk: int) -> list[Line]:
    model, parent = MODELS[type_key]
    rows = model._default_manager.filter(**{parent: pk}).order_by("position", "pk")
    return [Line(*row) for row in rows.values_list(*COLUMNS)]


def sums_of(lines: Sequence[Line]) -> Sums:
    return sums(line.priced for line in lines)


def mark_of(lines: Sequence[Line]) -> str:
    """Tells the lines somebody saw from those that are there now."""
    return hashlib.sha256(repr([line.plain for line in lines]).encode()).hexdigest()[:16]


def basis_of(document: Document) -> Basis:
    """For whom and in which money the document's prices are."""
    value_class = prices.class_of(document.customer_id)
    if isinstance(document, Quote):
        return Basis(value_class, document.quoted_on, document.currency, document.price_list_id)
    if isinstance(document, Contract):
        return Basis(value_class, document.signed_on, document.currency)
    return Basis(value_class)


# what somebody typed


def parse(rows: Sequence[Mapping[str, Any]], basis: Basis, *, by: Actor) -> list[Line]:
    """Lines out of what came in: {product (an id, or the words of a free line), name, quantity, price, discount,
    tax_rate}. A price left out is the list's. Raises FieldErrors by "row.field"."""
    if len(rows) > MOST:
        raise FieldErrors({"": _("最多 %(most)s 行明细") % {"most": MOST}})
    errors: dict[str, str] = {}
    known = products_of(rows, by)
    typed = [parse_row(n, row, known, errors) for n, row in enumerate(rows)]
    if errors:
        raise FieldErrors(errors)
    wanted = [(one["product"], one["quantity"]) for one in typed if one["product"] is not None]
    found = iter(prices.find_prices(wanted, basis) if wanted else ())
    return [finished(one, next(found) if one["product"] is not None else None) for one in typed]


def products_of(rows: Sequence[Mapping[str, Any]], by: Actor) -> dict[int, Product]:
    ids = {key for row in rows if (key := product_key(row)) is not None}
    return {one.pk: one for one in access.scope(by, "product").filter(pk__in=ids)} if ids else {}


def product_key(row: Mapping[str, Any]) -> int | None:
    return record_key(str(row.get("product") or "").strip())


def parse_row(
    n: int, row: Mapping[str, Any], known: Mapping[int, Product], errors: dict[str, str]
) -> dict[str, Any]:
    key = product_key(row)
    product = known.get(key) if key is not None else None
    words = str(row.get("name") or ("" if key is not None else row.get("product") or "")).strip()
    if key is not None and product is None:
        errors[f"{n}.product"] = _("选择的产品不存在，或您看不到它")
    elif key is None and not words:
        errors[f"{n}.product"] = _("请选择产品，或写明这一行是什么")
    quantity = number(row.get("quantity", 1), f"{n}.quantity", errors)
    if quantity is not None and not 0 < quantity <= MOST_QUANTITY:
        errors[f"{n}.quantity"] = (
            _("数量最多 %(most)s") % {"most": f"{MOST_QUANTITY:,}"}
            if quantity > 0
            else _("数量应大于 0；退货或冲减请用红冲或变更协议")
        )
    price = amount(row.get("price"), f"{n}.price", errors)
    if price is not None and price < 0:
        errors[f"{n}.price"] = _("单价不能小于 0；优惠请写在折扣里")
    return {
        "product": product.pk if product else None,
        "name": (words or (product.name if product else ""))[:160],
        "cost": product.cost if product else None,
        "unit": (str(row.get("unit") or "") or (product.unit if product else ""))[:16],
        "quantity": round(quantity or 0, 6),
        "price": price,
        "discount": share(row.get("discount", 0), f"{n}.discount", errors),
        "tax_rate": share(row.get("tax_rate", 0.13), f"{n}.tax_rate", errors),
    }


def number(raw: Any, place: str, errors: dict[str, str]) -> float | None:
    try:
        return float(numbers.parse_number(raw if isinstance(raw, int | float) else str(raw)))
    except KitError:
        errors[place] = _("“%(value)s”不是数字") % {"value": str(raw)[:40]}
        return None


def amount(raw: Any, place: str, errors: dict[str, str]) -> Decimal | None:
    if raw is None or str(raw).strip() == "":
        return None
    try:
        return parse_exact(raw if isinstance(raw, int | float | Decimal) else str(raw))
    except KitError as error:
        errors[place] = money_problem(error, str(raw))
        return None


def share(raw: Any, place: str, errors: dict[str, str]) -> float:
    """Numbers are fractions; text that a person types means per cent."""
    if isinstance(raw, int | float):
        value: float | None = float(raw)
    else:
        text = str(raw).replace("％", "%").strip().rstrip("%").strip()
        value = number(text or "0", place, errors)
        value = None if value is None else round(value / 100, 10)
    if value is not None and not 0 <= value <= 1:
        errors[place] = _("请填写 0% 到 100% 之间的比例")
    return value or 0.0


def finished(typed: dict[str, Any], found: prices.Found | None) -> Line:
    listed = None if found is None or found.price is None else from_cents(found.price)
    price = typed.pop("price")
    return Line(**typed, list_price=listed, price=price if price is not None else listed or Decimal("0.00"))


# in the write door


def write_lines(
    type_key: str, pk: int, rows: Sequence[Mapping[str, Any]], *, by: Actor, seen: str = ""
) -> Document:
    """The lines of a document, all of them anew, and its sums. `seen` is the mark of those the writer saw. Raises
    access.NotVisible, access.Denied, FieldErrors, Refused where the document is not to be edited any more, or somebody
    else saved lines in between."""
    document: Document = access.one(by, type_key, pk, "edit")
    new = parse(rows, basis_of(document), by=by)
    with transaction.atomic():
        held: Document = lock(type_key, pk)
        check_editable(held)
        old = lines_of(type_key, pk)
        if seen and seen != mark_of(old):
            raise Refused("conflict", _("明细刚刚被别人改过，请刷新页面后再改；您填写的内容还在这一页上"))
        if new == old:
            return held
        changes = audit.open_set(KIND, type_key, by=by)
        replace(type_key, held, old, new, by=by, changes=changes)
        changes.outcome = {"pk": pk, "old": [one.plain for one in old], "new": [one.plain for one in new]}
        changes.save(update_fields=["outcome"])
    held.refresh_from_db()
    return held


def lock(type_key: str, pk: int) -> Any:
    """The document, held until the transaction ends."""
    return get(type_key).model._default_manager.select_for_update(of=("self",)).get(pk=pk)


def check_editable(document: Document) -> None:
    """Raises Refused."""
    if isinstance(document, Quote) and document.state != "draft":
        raise Refused("frozen", _("这份报价%(state)s，内容不能再改；请新建版本") % {
            "state": document.get_state_display(),
        })  # fmt: skip
    if isinstance(document, Contract) and document.state != "draft":
        raise Refused("frozen", _("合同%(state)s，明细不能再改；生效的合同请做变更协议") % {
            "state": document.get_state_display(),
        })  # fmt: skip


def replace(
    type_key: str,
    document: Document,
    old: Sequence[Line],
    new: Sequence[Line],
    *,
    by: Actor,
    changes: ChangeSet,
) -> None:
    """Inside the caller's transaction."""
    store(type_key, document.pk, new)
    told = {"lines": [words(old), words(new)]}
    record_changes(get(type_key), changes, [(document.pk, "update", told)])
    records.update_chunk(
        get(type_key), {document.pk: head(type_key, new)}, by=by, changeset=changes, parsed=True
    )


def store(type_key: str, pk: int, lines: Sequence[Line]) -> None:
    model, parent = MODELS[type_key]
    model._default_manager.filter(**{parent: pk}).delete()
    model._default_manager.bulk_create(
        model(**{f"{parent}_id": pk, **one.columns, "position": n}) for n, one in enumerate(lines)
    )


def head(type_key: str, lines: Sequence[Line]) -> dict[str, Any]:
    """The document's sums."""
    total = sums_of(lines)
    found: dict[str, Any] = {"amount": from_cents(total.amount)}
    if type_key == "quote":
        found |= {"tax": from_cents(total.tax), "most_discount": total.most_discount}
    return found


def words(lines: Sequence[Line]) -> str:
    return "、".join(f"{one.name} ×{one.quantity:g} @{one.price}" for one in lines)[:2000]


def check_amounts(type_key: str, values: Sequence[Mapping[str, Any]], existing: Sequence[Any]) -> None:
    """Where there are lines, the amount is theirs. Raises FieldErrors."""
    model, parent = MODELS[type_key]
    asked = {
        old.pk: one["amount"]
        for one, old in zip(values, existing, strict=True)
        if old is not None and one.get("amount") is not None and one["amount"] != old.amount
    }
    if not asked:
        return
    totals: dict[int, Decimal] = {}
    rows = model._default_manager.filter(**{f"{parent}__in": list(asked)})
    for pk, part in rows.values_list(f"{parent}_id", "amount"):
        totals[pk] = totals.get(pk, Decimal(0)) + part
    for pk, total in totals.items():
        if asked[pk] != total:
            message = _("金额是明细的合计 %(total)s，请修改明细") % {"total": f"{total:,.2f}"}
            raise FieldErrors({"amount": message})


def check_deal(values: Sequence[Mapping[str, Any]], existing: Sequence[Any], by: Actor) -> None:
    check_amounts("deal", values, existing)


# taking back


def target(original: ChangeSet) -> tuple[str, int, list[Line], list[Line]]:
    told = original.outcome or {}
    old, new = ([Line.of_plain(one) for one in told.get(key, ())] for key in ("old", "new"))
    return original.type_key, int(told.get("pk", 0)), old, new


def check_undo(original: ChangeSet, by: Actor) -> None:
    type_key, pk, _old, _new = target(original)
    check_editable(access.one(by, type_key, pk, "edit"))


def preview_undo(original: ChangeSet, by: Actor) -> UndoReport:
    type_key, pk, _old, new = target(original)
    return judged(UndoReport(original), type_key, pk, unchanged=lines_of(type_key, pk) == new)


def judged(report: UndoReport, type_key: str, pk: int, *, unchanged: bool) -> UndoReport:
    if unchanged:
        report.undone = 1
    else:
        report.kept, report.kept_count = [Kept(type_key, pk, "lines", "later")], 1
    return report


def take_back(original: ChangeSet, inverse: ChangeSet, by: Actor, progress: object) -> UndoReport:
    type_key, pk, old, new = target(original)
    with transaction.atomic():
        document = lock(type_key, pk)
        check_editable(document)
        now = lines_of(type_key, pk)
        if now == new:
            replace(type_key, document, now, old, by=by, changes=inverse)
    return judged(UndoReport(inverse), type_key, pk, unchanged=now == new)


register_inverse(KIND, Inverse(preview_undo, take_back, check_undo))
