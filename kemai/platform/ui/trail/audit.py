"""The audit for those who may read it: searching the chain, one entry in full, verifying, taking it out."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from django.views.decorators.http import require_POST, require_safe

from kemai.kit.numbers import record_key
from kemai.platform import access, audit
from kemai.platform.access import SYSTEM, Actor
from kemai.platform.access.auditor import is_auditor, may_audit
from kemai.platform.audit import reading
from kemai.platform.audit.seal import seal_all
from kemai.platform.audit.verify import verify
from kemai.platform.fields import Saying, clauses, listed, read_out
from kemai.platform.models import AuditEntry, Change, ChangeSet
from kemai.platform.objects import DiffLine, ObjectType, all_types
from kemai.platform.ui import addresses
from kemai.platform.ui.door import signed_in
from kemai.platform.ui.trail import naming
from kemai.platform.ui.trail.changes import Touched, between

SHOWN = 60
DETAIL = 30
MOST_EXPORTED = 200_000
FAULTS = {
    "altered": gettext_lazy("这条记录被改动过"),
    "removed": gettext_lazy("记录被删除"),
    "chain": gettext_lazy("与前一条接不上：前一条被改动，或中间插入、删除过记录"),
    "set": gettext_lazy("对应的变更被改动或删除"),
    "content": gettext_lazy("变更的明细被改动、删除或增加"),
    "unknown": gettext_lazy("有变更自称已封存，但链条里没有"),
    "file": gettext_lazy("与封存文件不符"),
}
ASKED = ("who", "kind", "type", "record", "field", "address", "from", "to", "before")
VERIFIED = Saying(gettext_noop("校验审计链：%(n)s 处异常"))


def require_auditor(actor: Actor) -> None:
    """Raises Denied."""
    if not may_audit(actor):
        raise access.Denied


class Line(NamedTuple):
    entry: AuditEntry
    kind: Any
    type: str
    who: str
    door: str
    reason: str
    fields: Sequence[str]
    name: naming.Named | None


@require_safe
@signed_in
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    require_auditor(actor)
    asked = {name: request.GET.get(name, "").strip()[:80] for name in ASKED}
    found = list(matching(asked)[: SHOWN + 1])
    rows, more = found[:SHOWN], len(found) > SHOWN
    query = request.GET.copy()
    query.pop("before", None)
    context = {
        "lines": lines_of(actor, rows),
        "older": addresses.at("", [*addresses.pairs(query), ("before", rows[-1].seq)]) if more else "",
        "asked": asked,
        "errors": "",
        "query": addresses.query(query),
        "sealed": reading.newest(),
        "waiting": reading.waiting(),
        "kinds": [{"value": one.value, "label": str(one.label)} for one in ChangeSet.KINDS],
        "types": [
            *({"value": one.key, "label": str(one.label)} for one in all_types()),
            *({"value": key, "label": str(label)} for key, label in naming.OTHERS.items()),
        ],
        "who_options": person_option(asked["who"]),
    }
    return render(request, "ui/trail/audit.html", context)


def person_option(key: str) -> list[dict[str, Any]]:
    person = access.scope(SYSTEM, "user").filter(pk=number(key)).first() if number(key) else None
    return [{"value": str(person.pk), "label": str(person), "selected": True}] if person else []


def number(text: str) -> int:
    return record_key(text) or 0


def matching(asked: Mapping[str, str]) -> QuerySet[AuditEntry]:
    """The entries asked for, newest first."""
    found = reading.entries()
    if asked["who"]:
        found = found.filter(actor_id=number(asked["who"]))
    if asked["kind"]:
        found = found.filter(kind=asked["kind"])
    if asked["record"] and asked["type"]:
        found = found.filter(changeset_id__in=sets_about(asked["type"], asked["record"]))
    elif asked["type"]:
        found = found.filter(type_key=asked["type"])
    if asked["address"]:
        found = found.filter(address__startswith=asked["address"])
    if asked["field"]:
        keys = field_keys(asked["type"], asked["field"])
        found = found.filter(fields__regex=r" (" + "|".join(keys) + r") ") if keys else found.none()
    found = between(found, asked["from"], asked["to"])
    return found.filter(seq__lt=number(asked["before"])) if number(asked["before"]) else found


def sets_about(type_key: str, record: str) -> Any:
    """The change sets that touched the record with this number or key."""
    return reading.sets_about(type_key, reading.key_of(naming.type_of(type_key), record))


def field_keys(type_key: str, text: str) -> list[str]:
    """Keys of the fields with this key or label, of the type or of all."""
    types = [one for one in all_types() if not type_key or one.key == type_key]
    found = {
        spec.key
        for one in types
        for spec in one.fields.values()
        if text.lower() in {spec.key.lower(), str(spec.label).lower()}
    }
    plain = text.replace("_", "").replace("-", "")
    if not found and plain.isascii() and plain.isalnum():
        found = {text}
    return sorted(found)[:20]


def lines_of(actor: Actor, rows: Sequence[AuditEntry]) -> list[Line]:
    names: dict[str, dict[int, naming.Named]] = {}
    for key in {row.type_key for row in rows if row.object_id}:
        object_type = naming.type_of(key)
        ids = {row.object_id for row in rows if row.type_key == key and row.object_id}
        names[key] = naming.named(actor, object_type, ids) if object_type else {}
    return [
        Line(
            row,
            naming.KINDS.get(row.kind),
            naming.type_label(row.type_key),
            row.actor_name
            if row.actor_name not in {"", "system"}
            else _("系统")
            if row.actor_name
            else _("未登录"),
            naming.door(row.source),
            naming.told_reason(row.kind, row.reason),
            [naming.field_label(row.type_key, name) for name in row.fields.split()],
            names.get(row.type_key, {}).get(row.object_id or 0),
        )
        for row in rows
    ]


@require_safe
@signed_in
def entry(request: HttpRequest, actor: Actor, seq: int) -> HttpResponse:
    """One entry: old and new values, from where, why, and its place in the chain."""
    require_auditor(actor)
    found = reading.entries().filter(seq=seq).first() if 0 < seq < 2**63 else None
    if found is None:
        raise access.NotVisible
    line = lines_of(actor, [found])[0]
    changes = reading.changes_of(found, DETAIL)
    hidden = any(not values_shown(actor, one.type_key) for one in changes)
    mass = found.kind not in {"login", "login_failed", "logout", "export", "download", "reveal", "setting"}
    context = {
        "facts": facts_of(line),
        "rows": told(actor, changes),
        "left": max(0, found.changes - len(changes)),
        "hidden": hidden,
        "change_url": reverse("change", args=[found.changeset_id]) if mass and found.kind != "run" else "",
        "chain": [
            (_("编号"), found.seq), (_("内容摘要"), found.digest), (_("前一条"), found.previous),
            (_("本条"), found.hash),
        ],
    }  # fmt: skip
    return render(request, "ui/trail/audit_entry.html", context)


def facts_of(line: Line) -> list[tuple[str, Any]]:
    one = line.entry
    found = [
        (_("时间"), timezone.localtime(one.at).strftime("%Y-%m-%d %H:%M:%S")),
        (_("谁"), line.who),
        (_("动作"), line.kind.label if line.kind else one.kind),
        (_("对象"), f"{line.type} #{one.object_id}" if one.object_id else line.type),
        (_("条数"), f"{one.count:,}"),
        (_("入口"), line.door),
        (_("IP 地址"), one.address),
        (_("会话或令牌"), one.via),
        (_("原因"), line.reason),
        (_("规则"), read_out(one.rule)),
        (_("请求号"), one.request_id),
    ]
    return [(label, value) for label, value in found if value not in ("", None)]


def values_shown(actor: Actor, type_key: str) -> bool:
    """Auditors see what a value was and is (personal ones masked); administrators as such do not read business data."""
    object_type = naming.type_of(type_key)
    if object_type is None or object_type.administered or is_auditor(actor):
        return True
    return access.may(actor, object_type, "view")


def told(actor: Actor, changes: Sequence[Change]) -> list[Touched]:
    found = []
    for change in changes:
        object_type = naming.type_of(change.type_key)
        named = naming.named(actor, object_type, [change.object_id]) if object_type else {}
        name = named.get(change.object_id, naming.Named(f"#{change.object_id}" if change.object_id else ""))
        diff = lines(actor, object_type, change)
        found.append(
            Touched(name, naming.type_label(change.type_key), audit.act(change), *audit.look(change), diff)
        )
    return found


def lines(actor: Actor, object_type: ObjectType | None, change: Change) -> Sequence[DiffLine]:
    if not values_shown(actor, change.type_key):
        return [
            DiffLine(naming.field_label(change.type_key, name), "•••", "•••") for name in change.diff or {}
        ]
    if object_type is not None and not object_type.administered:
        return audit.diffs(actor, object_type, [change]).get(change.pk, [])
    pairs = (change.diff or {}).items()
    return [
        DiffLine(naming.field_label(change.type_key, name), plain(pair[0]), plain(pair[1]))
        for name, pair in pairs
    ]


def plain(value: object) -> str:
    if isinstance(value, dict):
        return clauses(f"{key}: {plain(one)}" for key, one in value.items() if one not in (None, "", [], {}))
    if isinstance(value, list):
        return listed(map(plain, value))
    return "" if value is None else str(value)


@require_POST
@signed_in
def check(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Walks the chain; that it was done is itself written down."""
    require_auditor(actor)
    seal_all()
    verdict = verify()
    audit.note("setting", "audit", by=actor, reason=VERIFIED.kept(n=len(verdict.faults)))
    context = {"verdict": verdict, "faults": verdict.faults[:100], "words": FAULTS}
    return render(request, "ui/trail/verdict.html", context)


class Echo:
    """What the csv module writes to goes straight on."""

    def write(self, text: str) -> str:
        return text


@require_safe
@signed_in
def export(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """The entries asked for as CSV, streamed. No trace, no export."""
    require_auditor(actor)
    asked = {name: request.GET.get(name, "").strip()[:80] for name in ASKED}
    rows = matching(asked)[:MOST_EXPORTED]
    seal_all()
    count = rows.count()
    shown = QueryDict(mutable=True)
    shown.update({name: value for name, value in asked.items() if value})
    changes = audit.open_set("export", "audit", by=actor, reason=shown.urlencode(), count=count)
    response = StreamingHttpResponse(csv_lines(rows, actor), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="kemai-audit-{changes.pk}.csv"'
    return response


def csv_lines(rows: QuerySet[AuditEntry], actor: Actor) -> Iterator[str]:
    writer = csv.writer(Echo())
    heads = (
        _("编号"), _("时间"), _("谁"), _("动作"), _("对象"), "ID", _("字段"), _("条数"), _("入口"), _("IP 地址"),
        _("会话或令牌"), _("原因"), _("规则"), _("内容摘要"), _("本条"),
    )  # fmt: skip
    yield "\ufeff" + writer.writerow(heads)
    for one in rows.iterator(chunk_size=2000):
        kind = naming.KINDS.get(one.kind)
        yield writer.writerow(
            [
                one.seq, timezone.localtime(one.at).isoformat(timespec="seconds"), safe(one.actor_name),
                str(kind.label) if kind else one.kind, naming.type_label(one.type_key), one.object_id or "",
                one.fields.strip(), one.count, naming.door(one.source), one.address, one.via, safe(one.reason),
                safe(one.rule), one.digest, one.hash,
            ]
        )  # fmt: skip


def safe(text: str) -> str:
    """No spreadsheet shall take what somebody typed for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r＝＋－＠" and text else text
