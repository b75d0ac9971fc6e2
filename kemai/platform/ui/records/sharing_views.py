"""The members of a record, and who sees it and why."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kemai.platform import access, records
from kemai.platform.access import Actor
from kemai.platform.access.wording import VERB_LABELS
from kemai.platform.models.sharing import SHARE_LEVELS
from kemai.platform.objects import get
from kemai.platform.records import FieldErrors, Invitation, sharing
from kemai.platform.ui.door import is_fragment, signed_in
from kemai.platform.ui.records.answers import announce, go
from kemai.platform.ui.records.subject import Subject

TOLD = ("view", "edit", "delete", "transfer", "share", "export", "print", "reveal")
SHOWN = 60


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def members(request: HttpRequest, actor: Actor, type_key: str, pk: int) -> HttpResponse:
    """Who is a member of the record; POST adds one or changes as what."""
    subject = Subject(actor, type_key, pk, columns=[get(type_key).title])
    errors: dict[str, str] = {}
    typed: dict[str, Any] = {"level": "read"}
    if request.method == "POST":
        typed = {name: request.POST.get(name, "") for name in ("who", "level", "until")}
        typed["children"] = request.POST.getlist("children")
        try:
            records.add_member(type_key, pk, invitation(typed), by=actor)
        except FieldErrors as error:
            errors = error.errors
        if not errors and not is_fragment(request):
            return go(request, f"{subject.url}?tab=members", _("已添加成员"))
    context = members_context(actor, subject, typed if errors else {"level": "read"}, errors)
    status = 422 if errors else 200
    if not is_fragment(request):
        return render(request, "ui/pages/members_page.html", context, status=status)
    response = render(request, "ui/pages/members.html", context, status=status)
    return announce(response, _("已添加成员")) if request.method == "POST" and not errors else response


def members_context(
    actor: Actor, subject: Subject, typed: dict[str, Any], errors: dict[str, str]
) -> dict[str, Any]:
    rows = records.members_of(subject.type.key, subject.pk)
    names = sharing.department_names([one.department for one in rows if one.department])
    labels = {option.value: option for option in SHARE_LEVELS}
    children = [one for one in sharing.child_types(subject.type) if access.may(actor, one, "view")]
    child_labels = {one.key: str(one.label) for one in children}
    may_share = "share" in access.abilities(actor, subject.type, subject.pk, ("share",))
    shown = [
        {
            "id": one.pk,
            "name": str(one.user) if one.user_id else names.get(one.department or 0, ""),
            "department": one.user_id is None,
            "level": labels.get(one.level, SHARE_LEVELS[0]),
            "until": one.until,
            "over": one.until is not None and one.until < sharing.today(),
            "children": [child_labels[key] for key in sharing.split(one.children) if key in child_labels],
            "by": str(one.added_by or ""),
            "removable": may_share or one.user_id == actor.user_id,
        }
        for one in rows
    ]
    return {
        "subject": subject, "members": shown, "may_share": may_share, "typed": typed, "errors": errors,
        "reason": "" if may_share else access.why_not(actor, subject.type, "share", subject.pk),
        "levels": [{"value": option.value, "label": option.label} for option in SHARE_LEVELS],
        "children": [{"value": one.key, "label": one.label} for one in children],
        "chosen": chosen_principal(str(typed.get("who", ""))),
    }  # fmt: skip


def chosen_principal(text: str) -> list[dict[str, str]]:
    """The option of what was chosen before a form came back with an error."""
    name = access.principal_name(text)
    return [{"value": text, "label": name}] if name else []


def invitation(typed: dict[str, Any]) -> Invitation:
    """Raises FieldErrors where the day cannot be read."""
    kind, _colon, number = str(typed["who"]).partition(":")
    key = int(number) if number.isascii() and number.isdigit() and len(number) < 18 else None
    until: dt.date | None = None
    if typed["until"]:
        try:
            until = dt.date.fromisoformat(str(typed["until"]))
        except ValueError:
            raise FieldErrors({"until": _("请填写日期，例如 2026-12-31")}) from None
    return Invitation(
        user=key if kind == "user" else None,
        department=key if kind == "department" else None,
        level=str(typed["level"]),
        children=tuple(typed["children"]),
        until=until,
    )


@signed_in
@require_POST
def member_remove(request: HttpRequest, actor: Actor, type_key: str, pk: int, member_id: int) -> HttpResponse:
    if member_id not in {one.pk for one in records.members_of(type_key, pk)}:
        raise access.NotVisible
    records.remove_member(member_id, by=actor)
    text = _("已移除成员")
    if not is_fragment(request) or not access.scope(actor, type_key).filter(pk=pk).exists():
        return go(request, f"/o/{type_key}/{pk}?tab=members", text)
    subject = Subject(actor, type_key, pk, columns=[get(type_key).title])
    return announce(
        render(request, "ui/pages/members.html", members_context(actor, subject, {"level": "read"}, {})), text
    )


@signed_in
@require_safe
def principals(request: HttpRequest, actor: Actor) -> JsonResponse:
    """People and departments by a part of their name: {"items": [{"value": "user:7", "label", "sub"}]}."""
    text = request.GET.get("q", "").strip()[:60]
    people = [
        {"value": f"user:{key}", "label": name, "sub": team} for key, name, team in access.people(text, 30)
    ]
    teams = [
        {"value": f"department:{key}", "label": name, "sub": _("部门及下级")}
        for key, name in access.departments(text, 30)
    ]
    return JsonResponse({"items": people + teams})


@signed_in
@require_safe
def who_sees(request: HttpRequest, actor: Actor, type_key: str, pk: int) -> HttpResponse:
    """Everybody who sees the record, with the grant that lets them, and what the reader may do himself."""
    subject = Subject(actor, type_key, pk, columns=[get(type_key).title])
    found = access.seers(subject.type, pk)
    mine = access.explain(actor, subject.type, pk, TOLD)
    context = {
        "subject": subject,
        "seers": found[:SHOWN],
        "more": max(len(found) - SHOWN, 0),
        "count": len(found),
        "mine": [
            {"label": VERB_LABELS[verb], "causes": mine.causes.get(verb, ()), "reason": mine.refusals.get(verb, "")}
            for verb in TOLD
        ]
        if mine
        else [],
    }  # fmt: skip
    template = "ui/pages/who_sees.html" if is_fragment(request) else "ui/pages/who_sees_page.html"
    return render(request, template, context)
