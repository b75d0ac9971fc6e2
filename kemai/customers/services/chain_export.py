"""The chain sheet as a workbook: the classes with strategy and figures, below them the customers of one class."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kemai.customers.services import chain, chain_customers
from kemai.kit.tabular import XlsxWriter
from kemai.kit.tabular.write import OutCell
from kemai.platform import access, audit, exports
from kemai.platform.access import Actor, reading
from kemai.platform.fields import Saying
from kemai.platform.objects import get

MOST = 20_000
SHEET = Saying(gettext_noop("客户链管理表：%(name)s"))


def write(actor: Actor, wanted: chain_customers.Filter, path: Path) -> int:
    """Writes the workbook; returns the number of customers in it: as many as may leave the house at once, and they
    count among those of the day. Raises access.Denied, Refused."""
    access.require(actor, "customer", "export")
    most = MOST if actor.is_system else min(MOST, access.limits(actor).export_rows)
    sheet = chain.sheet(actor)
    head = [
        _("价值类别"), _("客户数"), _("占比"), _("比上次留存"), _("移入"), _("移出"), _("近 12 个月金额"),
        _("金额占比"), _("客单价"), _("活跃率"), _("复购率"), _("目标"), _("策略"), _("衡量指标"),
        _("联系间隔（天）"), _("复盘日期"),
    ]  # fmt: skip
    with XlsxWriter(path, head, sheet=_("客户链管理表")) as book:
        for row in sheet.rows:
            book.write(class_cells(row))
        book.write([_("合计"), sheet.total.customers, None, None, None, None, sheet.total.amount])
        book.write([])
        specs = chain_customers.visible(actor)
        label = next(
            (str(row.option.label) for row in sheet.rows if row.option.value == wanted.value_class), ""
        )
        book.write([_("%(name)s客户") % {"name": label}])
        book.write([*(str(spec.label) for spec in specs), _("下一步"), _("下一步到期")])
        count = 0
        with reading.counted_elsewhere():
            for cells in customer_cells(actor, wanted, specs, most):
                book.write(cells)
                count += 1
        if count >= most:
            book.write([_("只含金额最高的 %(n)s 位，完整名单请在客户列表里导出") % {"n": f"{most:,}"}])
    exports.count_today(actor, count)
    audit.open_set("export", "customer", by=actor, reason=SHEET.kept(name=label), count=count)
    return count


def class_cells(row: chain.SheetRow) -> list[OutCell]:
    figures, strategy = row.figures, row.strategy
    return [
        str(row.option.label),
        figures.customers,
        percent(row.share),
        row.drift,
        row.moves.came,
        row.moves.left,
        figures.amount,
        percent(row.amount_share),
        None if figures.average is None else round(figures.average, 2),
        percent(figures.active_share),
        percent(figures.repeat_share),
        strategy.objective if strategy else "",
        strategy.strategy if strategy else "",
        strategy.metric if strategy else "",
        strategy.contact_every_days if strategy else None,
        strategy.review_on if strategy else None,
    ]


def percent(share: float | None) -> str:
    return "" if share is None else f"{share * 100:.1f}%"


def customer_cells(
    actor: Actor, wanted: chain_customers.Filter, specs: list[Any], most: int
) -> Iterator[list[OutCell]]:
    for row, action in chain_customers.exported(actor, wanted, most):
        cells: list[OutCell] = [plain(spec, row.get(spec.key)) for spec in specs]
        yield [*cells, action.title if action else "", local(action.due_at) if action else None]


def plain(spec: Any, value: Any) -> OutCell:
    """Numbers and moments as such, everything else as people read it."""
    if spec.type.numeric and not isinstance(value, str):
        return value  # type: ignore[no-any-return]
    if isinstance(value, datetime):
        return local(value)
    return str(spec.type.text(value, spec)) if not isinstance(value, access.Masked) else str(value)


def local(moment: datetime | None) -> datetime | None:
    """Excel knows no zones: the company's own clock."""
    if moment is None:
        return None
    return moment.astimezone(timezone.get_default_timezone()).replace(tzinfo=None, microsecond=0)


def name_of(wanted: chain_customers.Filter) -> str:
    option = get("customer").fields["value_class"].option(wanted.value_class)
    return _("客户链管理表 %(day)s %(name)s.xlsx") % {
        "day": timezone.localdate().isoformat(),
        "name": option.label if option else "",
    }
