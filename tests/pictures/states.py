"""What a demo company never has by itself, and its pages must stand: fifty own objects, two hundred own fields, values
that clash, drafts of an incident, a talk, requests about personal data, rehearsals, other devices.

`python -m tests.pictures OUT --states` puts them into the company before it is looked at; a second run adds nothing.
"""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from kemai.collab.services import comments
from kemai.customers.models import Customer, Incident
from kemai.customers.services import conflicts, incident_notice
from kemai.customers.services.incident_effects import Effects
from kemai.platform import records
from kemai.platform.access import Actor, actor_for
from kemai.platform.define.fields import create_field
from kemai.platform.define.objects import create_object
from kemai.platform.models import ExportRequest, ObjectDef
from kemai.staff.models import Emergency, LoginSession, User

OBJECTS, FIELDS = 50, 200
KINDS = ("text", "long_text", "number", "percent", "money", "date", "boolean", "choice", "phone", "url")
LONG = "上海浦东新区张江高科技园区综合设备维护保养与备品备件供应服务登记"
OPTIONS = [
    {"value": "good", "label": "良好", "color": "green"},
    {"value": "bad", "label": "待修", "color": "red"},
]
AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 MicroMessenger/8.0",
)


def prepare() -> None:
    if ObjectDef.objects.exists():
        return
    user = User.objects.get(username="demo")
    by = actor_for(user)
    own_objects(by)
    clashes(by)
    incident(user)
    talk(user, by)
    requests(by)
    traces(user)


def own_objects(by: Actor) -> None:
    for n in range(1, OBJECTS + 1):
        label = LONG[: 20 + n % 10] if n % 9 == 5 else f"设备台账{n}"
        named = {"label": label, "label_en": f"Equipment register {n}", "purpose": "登记客户现场的设备"}
        create_object(named, by=by, key=f"own_{n}")
    for n in range(1, FIELDS + 1):
        label = f"{LONG[:24]}{n}" if n % 17 == 4 else f"登记项{n}"
        values = {"label": label, "label_en": f"Entry {n}", "options": OPTIONS}
        create_field("own_1", KINDS[n % len(KINDS)], values, by=by, key=f"entry_{n}")


def clashes(by: Actor) -> None:
    brought = (("phone", "+8613800001111"), ("name", f"{LONG}有限责任公司第二分公司"))
    first = Customer.objects.filter(deleted_at=None).order_by("pk").values_list("pk", flat=True)[:6]
    conflicts.add([(key, field, value) for key in first for field, value in brought], None, by=by)


def incident(user: User) -> None:
    now = timezone.now()
    one = Incident.objects.create(
        title="笔记本电脑在出差途中遗失", kind="account", account=user.pk, subject=f"{user} (demo)",
        began_at=now - timedelta(days=400), ended_at=now, reason="电脑没有锁屏，登录状态还在",
        opened_by=user.pk, opened_name=str(user), opened_at=now,
    )  # fmt: skip
    for name, text in incident_notice.drafts(Effects(one)).items():
        setattr(one, name, text)
    one.save()


def talk(user: User, by: Actor) -> None:
    other = User.objects.filter(is_active=True).exclude(pk=user.pk).order_by("-pk")[0]
    asked = f"@{other} 请看一下这位客户的合同条款，周五之前要答复。{LONG}"
    first = comments.write(("customer", 1), asked, by=by, chosen=[other.pk])
    comments.write(("customer", 1), "已经和法务确认过，付款方式改成三期。", by=by, parent=first.comment.pk)


def requests(by: Actor) -> None:
    for key, kind in enumerate(("access", "erase", "correct", "withdraw"), 1):
        records.create("privacy_request", {"customer": key, "kind": kind, "channel": "电话"}, by=by)
    rule = {"name": "三年没有往来的客户", "type_key": "customer", "days": 1095, "act": "bin"}
    records.create("retention_rule", rule, by=by)
    records.create("consent_text", {"edition": "2026-01", "purpose": "marketing", "text": LONG * 4}, by=by)


def traces(user: User) -> None:
    now = timezone.now()
    for n, agent in enumerate(AGENTS):
        LoginSession.objects.create(
            user=user, session_key=f"states{n}", address=f"2001:db8::{n}:aaaa:bbbb:cccc", agent=agent,
            started_at=now, seen_at=now,
        )  # fmt: skip
    Emergency.objects.create(
        user=user, name=str(user), reason="客户投诉金额不对，负责人联系不上", begun_at=now - timedelta(days=2),
        until=now - timedelta(days=2, hours=-2), ended_at=now - timedelta(days=2, hours=-1), how="ended",
        ended_by=str(user),
    )  # fmt: skip
    order = {"type_key": "customer", "columns": ["name", "phone"], "format": "xlsx"}
    for state in ("waiting", "approved", "refused", "used"):
        ExportRequest.objects.create(
            user=user, type_key="customer", order=order, count=12000, reason="年终客户回访要用的名单",
            state=state, created_at=now, valid_until=now + timedelta(days=2),
            note="" if state == "waiting" else "只用于回访",
        )  # fmt: skip
