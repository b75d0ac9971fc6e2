"""What stands on a customer's timeline: touches, orders, tasks done, changes of state, each read by its own index."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.customers.models import FactTransition, Interaction, Order
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.models import Option
from kemai.platform.objects import Ask, Entry, TimelineSource, get

ICONS: Mapping[str, str] = {
    "call": "phone", "visit": "map-pin", "mail": "mail", "sms": "message", "wecom": "brand-wechat", "chat": "message",
    "form": "file-text", "note": "note", "system": "robot",
}  # fmt: skip
TASK_ICONS: Mapping[str, str] = {"call": "phone", "visit": "map-pin", "callback": "phone", "care": "gift"}
CHANNELS: Mapping[str, Option] = {option.value: option for option in Interaction.CHANNELS}
DIRECTIONS: Mapping[str, Option] = {option.value: option for option in Interaction.DIRECTIONS}
OUTCOMES: Mapping[str, Option] = {option.value: option for option in Interaction.OUTCOMES}
ORDER_STATES: Mapping[str, Option] = {option.value: option for option in Order.STATES}
STATE_ICON = "route"


def told(actor: Actor, type_key: str, *names: str) -> frozenset[str]:
    """Which of the fields the actor may read in full: a timeline shows no others."""
    levels = access.field_levels(actor, get(type_key))
    return frozenset(name for name in names if levels.get(name) in {"read", "edit"})


def interactions(actor: Actor, type_key: str, customer_id: int, ask: Ask) -> Iterable[Entry]:
    rows = access.scope(actor, "interaction").filter(customer=customer_id)
    if ask.part:
        rows = rows.filter(channel=ask.part)
    columns = (
        "pk", "at", "channel", "direction", "subject", "body", "outcome", "minutes", "owner__name", "contact__name",
    )  # fmt: skip
    plain = told(actor, "interaction", "subject", "body")
    for row in ask.take(rows, "at").values(*columns):
        yield Entry(
            row["pk"],
            row["at"],
            ICONS.get(row["channel"], "note"),
            who=speaker(row),
            what=interaction_words(row, plain),
            color=CHANNELS[row["channel"]].color if row["channel"] in CHANNELS else "gray",
            text=row["body"] if "body" in plain else "",
            url=reverse("record", args=["interaction", row["pk"]]),
            badges=[OUTCOMES[row["outcome"]]] if row["outcome"] in OUTCOMES else (),
        )


def speaker(row: Mapping[str, Any]) -> str:
    if row["direction"] == "in":
        return row["contact__name"] or _("客户")
    return row["owner__name"] or (_("系统") if row["channel"] == "system" else "")


def interaction_words(row: Mapping[str, Any], plain: frozenset[str]) -> str:
    channel = CHANNELS.get(row["channel"])
    words = [str(channel.label) if channel else row["channel"]]
    if row["direction"] == "out" and row["contact__name"]:
        words.append(_("对 %(name)s") % {"name": row["contact__name"]})
    if row["subject"] and "subject" in plain:
        words.append(row["subject"])
    if row["minutes"]:
        words.append(_("%(n)s 分钟") % {"n": f"{row['minutes']:g}"})
    return " · ".join(words)


def orders(actor: Actor, type_key: str, customer_id: int, ask: Ask) -> Iterable[Entry]:
    rows = access.scope(actor, "order").filter(customer=customer_id)
    columns = ("pk", "ordered_at", "number", "amount", "quantity", "state", "channel", "shop__name")
    plain = told(actor, "order", "number", "amount")
    for row in ask.take(rows, "ordered_at").values(*columns):
        words = [row["number"] if "number" in plain else ""]
        if "amount" in plain:
            words.append(f"¥ {row['amount']:,.2f}")
        if row["shop__name"]:
            words.append(row["shop__name"])
        yield Entry(
            row["pk"], row["ordered_at"], "shopping-cart", _("下单"), " · ".join(word for word in words if word),
            "green", url=reverse("record", args=["order", row["pk"]]),
            badges=[ORDER_STATES[row["state"]]] if row["state"] in ORDER_STATES and row["state"] != "paid" else (),
        )  # fmt: skip


def tasks(actor: Actor, type_key: str, customer_id: int, ask: Ask) -> Iterable[Entry]:
    """Tasks that were done about the record."""
    rows = access.scope(actor, "task").filter(type_key=type_key, object_id=customer_id, state="done")
    rows = rows.exclude(done_at=None)
    for row in ask.take(rows, "done_at").values("pk", "done_at", "title", "kind", "note", "owner__name"):
        yield Entry(
            row["pk"], row["done_at"], TASK_ICONS.get(row["kind"], "checkbox"), row["owner__name"] or "",
            _("完成任务：%(title)s") % {"title": row["title"]}, "teal", text=row["note"],
            url=reverse("record", args=["task", row["pk"]]),
        )  # fmt: skip


def transitions(actor: Actor, type_key: str, customer_id: int, ask: Ask) -> Iterable[Entry]:
    """Changes of a derived state, for those who may see that state. The rows hang on a customer that the caller has
    seen already."""
    specs = get("customer").fields
    plain = told(actor, "customer", *(key for key, spec in specs.items() if spec.part))
    rows = FactTransition.objects.filter(customer=customer_id, field__in=plain)
    for row in ask.take(rows, "at").values("pk", "at", "field", "old", "new"):
        spec = specs[row["field"]]
        old, new = spec.option(row["old"]), spec.option(row["new"])
        what = _("%(field)s：%(old)s →") % {
            "field": spec.label, "old": old.label if old else row["old"] or "—",
        }  # fmt: skip
        shown = new or Option(row["new"], row["new"] or "—")
        yield Entry(row["pk"], row["at"], STATE_ICON, "", what, shown.color, badges=[shown])


SOURCES = (
    TimelineSource(
        "interaction",
        gettext_lazy("互动"),
        interactions,
        parts=Interaction.CHANNELS[:5],
        order=10,
        of="interaction",
    ),
    TimelineSource("order", gettext_lazy("订单"), orders, order=20, of="order"),
    TimelineSource("task", gettext_lazy("任务"), tasks, order=30),
    TimelineSource("state", gettext_lazy("状态变化"), transitions, order=40),
)
