"""What customers bring to the record page: composer, summary, portrait 客户画像, explanations, completeness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.collab.services.composing import Tab, register_tabs
from kemai.customers import rules
from kemai.customers.clashes import clashes
from kemai.customers.models import Consent, Customer, Interaction
from kemai.customers.services import consents, interactions, portrait, provenance, sources
from kemai.customers.services.next_step import Seen, Step, next_step
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.models import Option
from kemai.platform.objects import Evidence, Explanation, Known, Panel, Past, get

Row = Mapping[str, Any]
STATES = ("value_class", "activity", "rfm_cell")
COMPOSED = ("note", "call", "visit", "mail", "sms", "wecom")


def today() -> date:
    return timezone.localdate(timezone=timezone.get_default_timezone())


# why a fact is what it is


def explain(actor: Actor, pk: int, name: str) -> Explanation | None:
    """The stored explanation. Inputs that the actor may not read by themselves are no evidence for them either."""
    from kemai.customers.services import facts

    if name in provenance.TRACED:
        value = access.scope(actor, "customer").filter(pk=pk).values_list(name, flat=True).first()
        return sources.explain(actor, pk, name, value)
    customer = access.scope(actor, "customer").filter(pk=pk).first()
    found = facts.why(customer, name) if isinstance(customer, Customer) else None
    if found is None:
        return None
    levels = access.field_levels(actor, get("customer"))
    hidden = {
        str(s.label)
        for k, s in get("customer").fields.items()
        if levels[k] in {"hidden", "masked"} and s.part
    }
    rule = " · ".join(one for one in (_("规则"), found.version and f"v{found.version}") if one)
    return Explanation(
        value=found.value,
        reason=" ".join(one for one in (found.conclusion, found.rule) if one),
        rule=rule if found.version else "",
        at=found.as_of,
        inputs=[Evidence(label, text) for label, text in found.inputs if label not in hidden],
        steps=() if hidden else found.steps,
        past=past(pk, name),
    )


def past(pk: int, name: str) -> list[Past]:
    spec = get("customer").fields[name]
    found = []
    for move in portrait.moves(pk, [name], limit=10):
        old, new = spec.option(move.old), spec.option(move.new)
        found.append(Past(move.at, str(old.label) if old else move.old, str(new.label) if new else move.new))
    return found


def complete(row: Row) -> Known:
    kind = row.get("kind") or "person"
    weights = rules.COMPLETENESS["company" if kind == "company" else "person"]
    known = {name: row.get(name) for name in weights}
    return Known(rules.completeness(kind, known), rules.missing_facts(kind, known))


# composer


class Mode(NamedTuple):
    """One thing that the composer writes down."""

    key: str
    label: str
    icon: str
    active: bool


def modes(chosen: str) -> list[Mode]:
    icons = {
        "note": "note",
        "call": "phone",
        "visit": "map-pin",
        "mail": "mail",
        "sms": "message",
        "wecom": "brand-wechat",
    }
    labels = {option.value: str(option.label) for option in Interaction.CHANNELS}
    found = [Mode(key, labels[key], icons[key], key == chosen) for key in COMPOSED]
    return [*found, Mode("task", _("任务"), "checkbox", chosen == "task")]


def tabs(actor: Actor, pk: int) -> list[Tab]:
    """What stands beside comments: the touches that a customer's page writes down."""
    content = composer(actor, {"id": pk})
    url = reverse("customer_composer", args=[pk])
    return (
        [Tab(mode.label, mode.icon, f"{url}?mode={mode.key}") for mode in content["modes"]] if content else []
    )


def composer(actor: Actor, row: Row, chosen: str = "note") -> Mapping[str, Any] | None:
    """None for those who may not write touches down at all."""
    if not access.may(actor, "interaction", "create"):
        return None
    usable = [mode for mode in modes(chosen) if mode.key != "task" or access.may(actor, "task", "create")]
    return {
        "url": reverse("customer_log", args=[row["id"]]),
        "modes": usable,
        "mode": chosen,
        "comment_url": reverse("comments", args=["customer", row["id"]]),
        "outcomes": Interaction.OUTCOMES,
        "typed": {},
        "errors": {},
    }


# next best step


def seen_of(actor: Actor, row: Row, tasks: Sequence[Mapping[str, Any]]) -> Seen:
    levels = access.field_levels(actor, get("customer"))
    names = (
        "orders_total",
        "last_order_at",
        "first_order_at",
        "last_contact_at",
        "gap_median_days",
        "birthday",
    )
    facts = portrait.readable(row, levels, *names)
    day, known = today(), complete(row)
    late = [task for task in tasks if task["due_at"] is not None and task["due_at"] < timezone.now()]
    question = str(get("customer").fields[known.missing[0]].label) if known.missing else ""
    return Seen(
        today=day,
        valid=row.get("validity") != "invalid",
        orders=facts["orders_total"] or 0,
        since_order=portrait.days_since(facts["last_order_at"], day),
        since_first=portrait.days_since(facts["first_order_at"], day),
        since_contact=portrait.days_since(facts["last_contact_at"], day),
        gap_median=facts["gap_median_days"],
        birthday=facts["birthday"],
        completeness=known.percent,
        question=question,
        overdue_task=str(late[0]["title"]) if late else "",
    )


class Advice(NamedTuple):
    """A step in words. `url` starts it with one click; '' where there is nothing to start."""

    title: str
    reason: str
    button: str
    url: str
    planned: str


def advice(actor: Actor, row: Row, tasks: Sequence[Mapping[str, Any]]) -> Advice:
    step = next_step(seen_of(actor, row, tasks))
    title, reason, button = words(step)
    planned = next((task["title"] for task in tasks if task["origin"] == f"step/{step.code}"), "")
    startable = bool(step.kind) and access.may(actor, "task", "create")
    url = reverse("customer_step", args=[row["id"], step.code]) if startable and not planned else ""
    return Advice(title, reason, button, url, planned)


def words(step: Step) -> tuple[str, str, str]:
    """(what to do, why, what the button says)."""
    figures = step.figures
    match step.code:
        case "finish_task":
            return _("先完成到期的任务"), _("“%(task)s”已经过了截止时间。") % figures, ""
        case "check_contact":
            return _("核实联系方式"), _("这位客户的联系方式已标为无效，先找到能联系上的方式。"), ""
        case "call_back":
            return _("打电话回访"), overdue_words(figures), _("安排回访任务")
        case "birthday":
            return _("生日关怀"), birthday_words(int(str(figures["days"]))), _("安排关怀任务")
        case "welcome":
            return _("首购回访"), _("首次购买 %(days)s 天，还没有回访过。") % figures, _("安排回访任务")
        case "first_call":
            return _("打第一通电话"), first_words(figures["days"]), _("安排电话任务")
        case "ask":
            return _("补全资料"), _("资料完整度 %(percent)s%%，下次联系时问一问：%(field)s。") % figures, ""
        case "wait":
            return _("暂时不用做什么"), wait_words(figures), ""
    return _("暂时不用做什么"), _("还没有足够的购买记录来判断节奏。"), ""


def overdue_words(figures: Mapping[str, object]) -> str:
    gap = f"{float(str(figures['gap'])):g}"
    return _("已 %(days)s 天没有购买，是本人购买间隔中位数 %(gap)s 天的 %(times)s 倍，最近一周也没有联系过。") % {
        **figures, "gap": gap,
    }  # fmt: skip


def birthday_words(days: int) -> str:
    return _("今天是生日。") if days == 0 else _("%(days)s 天后生日。") % {"days": days}


def first_words(days: object) -> str:
    if days is None:
        return _("还没有成交，也还没有联系过。")
    return _("还没有成交，上次联系是 %(days)s 天前。") % {"days": days}


def wait_words(figures: Mapping[str, object]) -> str:
    day = date.fromisoformat(str(figures["day"]))
    return _("按本人购买间隔中位数 %(gap)s 天推算，下次购买大约在 %(day)s。") % {
        "gap": f"{float(str(figures['gap'])):g}", "day": date_format(day, "Y-m-d"),
    }  # fmt: skip


# summary (right column) and portrait (tab)


class Figure(NamedTuple):
    """A number with the address of its evidence."""

    label: str
    value: str
    why_url: str = ""


def figures(actor: Actor, row: Row) -> list[Figure]:
    customer = get("customer")
    levels = access.field_levels(actor, customer)
    url = reverse("record", args=["customer", row["id"]])
    names = ("last_order_at", "orders_12m", "amount_12m", "amount_total", "orders_total", "gap_median_days")
    found = []
    for name in names:
        spec, value = customer.fields[name], row.get(name)
        if levels.get(name) not in {"read", "edit"} or value is None:
            continue
        if name == "last_order_at":
            days = portrait.days_since(value, today()) or 0
            text = _("%(days)s 天前") % {"days": days} if days else _("今天")
        elif spec.type.key == "money":
            text = yuan(value)
        else:
            text = spec.type.text(round(value, 1) if isinstance(value, float) else value, spec)
        found.append(Figure(str(spec.label), text, f"{url}/why/{name}"))
    return found


def yuan(amount: Decimal) -> str:
    return f"{'−' if amount < 0 else ''}¥ {abs(amount):,.2f}"


class State(NamedTuple):
    label: str
    option: Option
    why_url: str


def states(actor: Actor, row: Row) -> list[State]:
    customer = get("customer")
    levels = access.field_levels(actor, customer)
    url = reverse("record", args=["customer", row["id"]])
    found = []
    for name in STATES:
        spec = customer.fields[name]
        option = spec.option(row.get(name)) if levels.get(name) in {"read", "edit"} else None
        if option is not None:
            found.append(State(str(spec.label), option, f"{url}/why/{name}"))
    return found


def scores(row: Row, levels: Mapping[str, str]) -> list[tuple[str, int, str]]:
    """(letter, score, what it stands for) for those who may see all three."""
    meanings = (
        ("R", "r_score", _("最近一次购买")),
        ("F", "f_score", _("购买频次")),
        ("M", "m_score", _("购买金额")),
    )
    found = [
        (letter, row.get(name), meaning)
        for letter, name, meaning in meanings
        if levels.get(name) in {"read", "edit"}
    ]
    return [(letter, score, meaning) for letter, score, meaning in found if score is not None]


def summary(actor: Actor, row: Row) -> Mapping[str, Any]:
    tasks = interactions.open_tasks(actor, row["id"])
    bought = portrait.purchases(actor, row["id"])
    levels = access.field_levels(actor, get("customer"))
    return {
        "advice": advice(actor, row, tasks),
        "states": states(actor, row),
        "figures": figures(actor, row),
        "scores": scores(row, levels),
        "gap_chart": gap_chart(bought),
        "tasks": tasks,
    }


def gap_chart(bought: Sequence[portrait.Purchase]) -> dict[str, Any] | None:
    """Own gaps against the own median; the silence that runs now is the last bar."""
    gaps = portrait.gaps(bought)
    if len(gaps) < 2:
        return None
    shown = gaps[-portrait.GAPS_SHOWN :]
    running = (today() - shown[-1].day).days
    return {
        "type": "gap",
        "title": _("购买间隔与本人中位数"),
        "unit": _("天"),
        "x": [*(gap.day.isoformat() for gap in shown), _("至今")],
        "series": [{"name": _("间隔"), "data": [*(gap.days for gap in shown), running]}],
        "median": portrait.median([gap.days for gap in gaps]),
    }


def whole(actor: Actor, row: Row) -> Mapping[str, Any]:
    """The portrait: who they are, what they are worth, their rhythm, what they like, how their states went."""
    bought = portrait.purchases(actor, row["id"])
    levels = access.field_levels(actor, get("customer"))
    plain = [name for name in STATES if levels.get(name) in {"read", "edit"}]
    orders_url = f"{reverse('record', args=['customer', row['id']])}?tab=related-order"
    return {
        "states": states(actor, row),
        "figures": figures(actor, row),
        "scores": scores(row, levels),
        "moves": told_moves(row["id"], plain),
        "charts": [chart for chart in charts(actor, row["id"], bought, orders_url) if chart is not None],
        "orders_url": orders_url,
        "bought": len(bought),
    }


def charts(
    actor: Actor, customer_id: int, bought: Sequence[portrait.Purchase], orders_url: str
) -> list[dict[str, Any] | None]:
    if not bought:
        return []
    months = portrait.by_month(bought, today())
    return [
        gap_chart(bought),
        bars(
            _("近 24 个月消费"),
            _("元"),
            [m for m, _a, _c in months],
            [float(a) for _m, a, _c in months],
            orders_url,
        ),
        shares(actor, customer_id, "product__category__name", _("喜欢的品类"), orders_url),
        shares(actor, customer_id, "product__name", _("买得最多的产品"), orders_url),
        channel_chart(bought, orders_url),
        bars(
            _("下单时段"), _("单"), [f"{hour}:00" for hour in range(24)], portrait.by_hour(bought), orders_url
        ),
    ]


def bars(title: str, unit: str, x: Sequence[str], data: Sequence[float], url: str) -> dict[str, Any]:
    series = [{"name": title, "data": list(data)}]
    return {
        "type": "bar",
        "title": title,
        "unit": unit,
        "x": list(x),
        "series": series,
        "drill": [url] * len(x),
    }


def shares(actor: Actor, customer_id: int, path: str, title: str, url: str) -> dict[str, Any] | None:
    found = portrait.bought_most(actor, customer_id, path)
    if not found:
        return None
    return bars(
        title, _("元"), [one.label or _("未分类") for one in found], [float(one.amount) for one in found], url
    )


def channel_chart(bought: Sequence[portrait.Purchase], url: str) -> dict[str, Any]:
    found = portrait.by_channel(bought)
    return {
        "type": "pie", "title": _("购买渠道"), "unit": _("单"), "x": [str(option.label) for option, _count in found],
        "series": [{"name": _("订单"), "data": [count for _option, count in found]}], "drill": [url] * len(found),
    }  # fmt: skip


class ToldMove(NamedTuple):
    label: str
    old: Option
    new: Option
    at: Any


def told_moves(customer_id: int, names: Sequence[str]) -> list[ToldMove]:
    fields = get("customer").fields
    found = []
    for move in portrait.moves(customer_id, names):
        spec = fields[move.field]
        old, new = spec.option(move.old), spec.option(move.new)
        blank = Option("", "—")
        found.append(ToldMove(str(spec.label), old or blank, new or blank, move.at))
    return found


def order_lines(actor: Actor, row: Row) -> Mapping[str, Any]:
    """What an order consists of; amounts only for those who may read the order's."""
    levels = access.field_levels(actor, get("order"))
    return {"lines": portrait.lines(actor, row["id"]), "priced": levels.get("amount") in {"read", "edit"}}


# consent and freshness


def care(actor: Actor, row: Row) -> Mapping[str, Any] | None:
    """What the customer agreed to, and when somebody last made sure of the record."""
    said = access.may(actor, "consent", "view")
    purposes = [(option, consents.standing(row["id"], option.value)) for option in Consent.PURPOSES if said]
    editable = "edit" in access.abilities(actor, "customer", row["id"], ("edit",))
    return {
        "purposes": purposes,
        "may_consent": said and access.may(actor, "consent", "create") and editable,
        "consent_url": reverse("customer_consent", args=[row["id"]]),
        "verified_at": row.get("verified_at"),
        "may_check": editable,
        "check_url": reverse("customer_recheck", args=[row["id"]]),
    }


ORDER_PANELS = (
    Panel("lines", gettext_lazy("明细"), "customers/order_lines.html", order_lines, place="side"),
)
register_tabs("customer", tabs)
PANELS = (
    Panel("composer", gettext_lazy("记录"), "customers/composer.html", composer, place="composer", order=10),
    Panel("clashes", gettext_lazy("资料冲突"), "customers/clashes.html", clashes, place="top", order=5),
    Panel("summary", gettext_lazy("概况"), "customers/summary.html", summary, place="side", order=10),
    Panel("care", gettext_lazy("同意与核对"), "customers/care.html", care, place="side", order=20),
    Panel("portrait", gettext_lazy("画像"), "customers/portrait.html", whole, place="tab", order=10),
)
