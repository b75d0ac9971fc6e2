"""Acts on many records: chosen, looked at beforehand, done at once or in the background, and taken back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kemai.kit.numbers import record_key
from kemai.platform import access, records, reports
from kemai.platform.access import Actor
from kemai.platform.fields import FieldSpec
from kemai.platform.jobs import enqueue
from kemai.platform.objects import ObjectType, get
from kemai.platform.records.belongings import companions
from kemai.platform.ui import addresses
from kemai.platform.ui.door import signed_in
from kemai.platform.ui.lists import found, views_of_lists
from kemai.platform.ui.lists.acts import Chosen, perform
from kemai.platform.ui.lists.state import read
from kemai.platform.ui.records.answers import announce, go
from kemai.platform.ui.records.controls import Typed, control

AT_ONCE = 200
"""Up to so many records are changed while the person waits."""
MOST_IDS = 1000
SAMPLES = 5
MERGE = "merge"
"""Not done here: the choice of fields has a page of its own."""


@dataclass(frozen=True)
class Act:
    """What can be done with a selection. `verb` is the right it takes."""

    key: str
    label: str
    icon: str
    verb: str = "bulk"
    danger: bool = False


def acts(object_type: ObjectType) -> list[Act]:
    found_acts = [Act("edit", _("修改"), "pencil")]
    if object_type.has_owner:
        found_acts.append(Act("assign", _("转移负责人"), "user-share"))
    if object_type.tags:
        found_acts += [Act("tag", _("打标签"), "tag"), Act("untag", _("去标签"), "tags")]
    found_acts.append(Act("export", _("导出"), "download", "export"))
    found_acts += [Act(f"do-{a.key}", str(a.label), a.icon, a.verb) for a in object_type.actions if a.bulk]
    if records.mergeable(object_type):
        found_acts.append(Act(MERGE, _("合并"), "git-merge", "edit"))
    if object_type.recycles:
        found_acts.append(Act("delete", _("删除"), "trash", "delete", danger=True))
    return found_acts


def offered(actor: Actor, object_type: ObjectType) -> list[dict[str, Any]]:
    """The buttons of the bar under a selection; an act the person may not use is not there."""
    return [
        {"label": act.label, "icon": act.icon, "url": act_url(object_type, act.key), "danger": act.danger}
        for act in acts(object_type)
        if access.may(actor, object_type, act.verb)
    ]


def act_url(object_type: ObjectType, key: str) -> str:
    return reverse("bulk", args=(object_type.key, key))


def selection(actor: Actor, object_type: ObjectType, post: QueryDict) -> Chosen:
    """What the boxes say at the moment of sending: keys, or everything that the list's address means."""
    access.require(actor, object_type, "view")
    if post.get("all") == "1":
        return Chosen(query=addresses.plain(post.get("query", "")[:30_000]))
    parts = ",".join(post.getlist("ids")).split(",")
    ids = [key for one in parts if (key := record_key(one)) is not None]
    return Chosen(ids=tuple(dict.fromkeys(ids))[:MOST_IDS])


def chosen_records(
    actor: Actor, object_type: ObjectType, chosen: Chosen, verb: str = "view"
) -> QuerySet[Any]:
    """The records of a selection with which the actor may do `verb`."""
    mine = access.scope(actor, object_type, verb)
    if chosen.ids is not None:
        return mine.filter(pk__in=chosen.ids)
    params = QueryDict(chosen.query)
    view = views_of_lists.find(actor, object_type, params.get("view", ""))
    state = read(params, object_type.key, view)
    every = found.matching(actor, object_type, state)
    return every if verb == "view" else mine.filter(pk__in=every.order_by().values("pk"))


def totals(actor: Actor, object_type: ObjectType, chosen: Chosen) -> list[dict[str, str]]:
    levels = access.field_levels(actor, object_type)
    specs = [object_type.fields[key] for key in object_type.columns if key in object_type.fields]
    money = [s for s in specs if s.type.key == "money" and levels[s.key] in {"read", "edit"}]
    if not money:
        return []
    texts = reports.sums(chosen_records(actor, object_type, chosen), money)
    return [{"label": str(spec.label), "text": texts[spec.key] or "¥ 0.00"} for spec in money]


@require_POST
@signed_in
def index(request: HttpRequest, actor: Actor, key: str, act: str) -> HttpResponse:
    """First the preview, then (step=run) the act itself."""
    object_type = get(key)
    one = next((known for known in acts(object_type) if known.key == act), None)
    if one is None:
        raise access.NotVisible
    access.require(actor, object_type, one.verb)
    chosen = selection(actor, object_type, request.POST)
    if act == MERGE:
        ids = ",".join(str(one) for one in (chosen.ids or ())[: records.MOST_MERGED + 1])
        return go(request, f"{reverse('merge', args=(key,))}?ids={ids}")
    if request.POST.get("step") != "run":
        return preview(request, actor, object_type, one, chosen)
    if one.key == "export" and request.POST.get("ask") == "1":
        return ask_approval(request, actor, object_type, one, chosen)
    try:
        params = read_params(actor, object_type, one, request.POST)
        params |= {"address": request.META.get("REMOTE_ADDR", "")} if one.key == "export" else {}
    except records.FieldErrors as error:
        return preview(request, actor, object_type, one, chosen, error.errors)
    return run(request, actor, object_type, one, chosen, params)


def ask_approval(
    request: HttpRequest, actor: Actor, object_type: ObjectType, act: Act, chosen: Chosen
) -> HttpResponse:
    """An export over the limit goes to those who may let it go."""
    from kemai.platform import exports
    from kemai.platform.ui.lists.export_views import order_of

    order = order_of(
        actor, object_type.key, chosen, "csv" if request.POST.get("format") == "csv" else "xlsx",
        unmasked=request.POST.get("unmasked") == "1", address=request.META.get("REMOTE_ADDR", ""),
        files=request.POST.get("files") == "1",
    )  # fmt: skip
    try:
        made = exports.approval.ask(actor, order, reason=request.POST.get("why", ""))
    except records.FieldErrors as error:
        return preview(request, actor, object_type, act, chosen, error.errors)
    people = len(exports.approval.approvers(object_type.key, but=made.user_id))
    text = (
        _("已提交申请，通知了 %(n)s 位可以批准的人；批准后您会收到通知") % {"n": people}
        if people
        else _("已提交申请，但现在没有人可以批准：请管理员给一个角色“批准超额导出”的权限")
    )
    return finished(request, object_type, {"message": text})


def right(act: Act) -> str:
    """The right on each single record."""
    return {"delete": "delete", "export": "export", "assign": "transfer"}.get(act.key, "edit")


def preview(
    request: HttpRequest,
    actor: Actor,
    object_type: ObjectType,
    act: Act,
    chosen: Chosen,
    errors: Mapping[str, str] | None = None,
) -> HttpResponse:
    """How many, who, and how to take it back."""
    mine = chosen_records(actor, object_type, chosen, right(act))
    asked = len(chosen.ids) if chosen.ids is not None else chosen_records(actor, object_type, chosen).count()
    count = mine.count()
    title = object_type.fields[object_type.title]
    readable = access.field_levels(actor, object_type)[title.key] in {"read", "edit"}
    names = list(mine.order_by("-pk").values_list(title.path, flat=True)[:SAMPLES]) if readable else []
    context = {
        "type": object_type,
        "act": act,
        "url": act_url(object_type, act.key),
        "chosen": chosen,
        "count": count,
        "left_out": max(0, asked - count),
        "names": [str(name) for name in names],
        "background": count > AT_ONCE,
        "errors": errors or {},
        "fields": editable_fields(actor, object_type) if act.key == "edit" else [],
        "chosen_field": request.POST.get("field", ""),
        "widget_url": reverse("bulk_widget", args=(object_type.key,)),
        "control": None,
        "along": [],
        "may_unmask": act.key == "export" and access.may(actor, object_type, "reveal"),
    } | over_limit(actor, act.key, count)
    if act.key == "assign":
        context["along"] = [
            {"key": one.type_key, "label": str(one.title)} for one, _about in companions(object_type)
        ]
        context["control"] = one_control(actor, object_type, object_type.fields["owner"])
    elif act.key in {"tag", "untag"}:
        context["control"] = one_control(actor, object_type, object_type.fields["tags"])
    elif act.key == "edit" and request.POST.get("field"):
        context["control"] = one_control(actor, object_type, object_type.field(request.POST["field"]))
    return render(request, "ui/pages/bulk.html", context, status=422 if errors else 200)


NOT_IN_BULK = frozenset({"tags", "file", "image", "computed"})


def editable_fields(actor: Actor, object_type: ObjectType) -> list[dict[str, str]]:
    levels = access.field_levels(actor, object_type)
    return [
        {"value": spec.key, "label": str(spec.label)}
        for spec in object_type.fields.values()
        if levels[spec.key] == "edit" and not spec.private and spec.type.key not in NOT_IN_BULK
        and spec.key not in {*object_type.unique_keys, object_type.title, object_type.parent}
    ]  # fmt: skip


def one_control(actor: Actor, object_type: ObjectType, spec: FieldSpec) -> Any:
    return control(actor, object_type, spec, spec.type.empty(spec), level="edit")


@require_GET
@signed_in
def widget(request: HttpRequest, actor: Actor, key: str) -> HttpResponse:
    """The control for the field that was chosen in a mass edit."""
    object_type = get(key)
    access.require(actor, object_type, "bulk")
    wanted = request.GET.get("field", "")
    allowed = {one["value"] for one in editable_fields(actor, object_type)}
    shown = one_control(actor, object_type, object_type.fields[wanted]) if wanted in allowed else None
    return render(request, "ui/pages/bulk_widget.html", {"control": shown, "errors": {}})


def read_params(actor: Actor, object_type: ObjectType, act: Act, post: QueryDict) -> dict[str, Any]:
    """What the act needs besides the selection, checked before anything begins. Raises FieldErrors."""
    match act.key:
        case "edit" | "assign":
            key = "owner" if act.key == "assign" else post.get("field", "")
            spec = object_type.fields.get(key)
            if spec is None:
                raise records.FieldErrors({"field": _("请选择要修改的字段")})
            values = Typed.of(post, [spec]).values
            records.check_values(object_type, values, by=actor)
            if act.key == "assign":
                reason = post.get("reason", "").strip()[:500]
                return {"values": values, "reason": reason, "along": post.getlist("along")}
            return {"values": values}
        case "tag" | "untag":
            names = [name for name in post.getlist("tags") if name]
            if not names:
                raise records.FieldErrors({"tags": _("请选择标签")})
            return {"tags": names}
        case "export":
            form = "csv" if post.get("format") == "csv" else "xlsx"
            return {
                "format": form,
                "unmasked": post.get("unmasked") == "1",
                "files": post.get("files") == "1",
            }
    return {}


def run(
    request: HttpRequest,
    actor: Actor,
    object_type: ObjectType,
    act: Act,
    chosen: Chosen,
    params: dict[str, Any],
) -> HttpResponse:
    count = chosen_records(actor, object_type, chosen, right(act)).count()
    if count <= AT_ONCE and act.key != "export":
        outcome = perform(actor, object_type.key, act.key, chosen, params)
        return finished(request, object_type, outcome)
    title = _("%(act)s %(n)s 条%(type)s") % {"act": act.label, "n": f"{count:,}", "type": object_type.plural}
    job = enqueue(
        "kemai.platform.ui.lists.acts.work",
        {
            "user_id": actor.user_id, "type_key": object_type.key, "act": act.key,
            "chosen": chosen.plain(), "params": params, "language": actor.language,
        },
        user=actor.user_id,
        title=title,
        max_attempts=2,
    )  # fmt: skip
    return render(
        request, "ui/pages/bulk_progress.html", {"job": job, "title": title, "key": object_type.key}
    )


def finished(request: HttpRequest, object_type: ObjectType, outcome: Mapping[str, Any]) -> HttpResponse:
    """Done: the dialog closes, the list is fetched anew, a toast offers to take it back."""
    response = render(request, "ui/pages/bulk_done.html", {"outcome": outcome})
    text, undo = outcome_words(outcome), outcome.get("changeset")
    return announce(
        response, text, undo=undo if isinstance(undo, int) and outcome.get("count") else None, close=True
    )


def outcome_words(outcome: Mapping[str, Any]) -> str:
    if outcome.get("message"):
        return str(outcome["message"])
    return _("已处理 %(n)s 条") % {"n": f"{outcome.get('count', 0):,}"}


def over_limit(actor: Actor, act: str, count: int) -> dict[str, object]:
    """Whether an export has to be approved, and by which limit."""
    from kemai.platform import exports

    over, once = act == "export" and exports.needs_approval(actor, count), access.limits(actor).export_rows
    today = over and count <= once
    return {"over": over, "over_today": today, "most": exports.day_limit(actor) if today else once}
