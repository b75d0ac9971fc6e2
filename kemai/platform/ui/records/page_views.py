"""The record page and the parts it fetches: panels, related lists, timeline, history, why."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kemai.kit.numbers import record_key
from kemai.platform import access, audit, records
from kemai.platform.access import Actor, NotVisible
from kemai.platform.access.auditor import may_audit
from kemai.platform.fields import Label
from kemai.platform.models import ChangeSet
from kemai.platform.objects import Explanation, Panel, UnknownField, get, link_kinds, panels_of
from kemai.platform.ui import cells
from kemai.platform.ui.door import is_fragment, signed_in
from kemai.platform.ui.records import related, story
from kemai.platform.ui.records.subject import Subject

HISTORY = 30
PEEK_FACTS = 14
PEEK_ENTRIES = 5


class Tab(NamedTuple):
    key: str
    label: Label
    url: str
    """Where its content is fetched from."""
    page_url: str
    """The page with this tab open: what the address bar shows."""
    number: str | None = None
    active: bool = False


MOST_BUTTONS = 3
OTHERS = "other-lists"
"""The tab of the related lists that have none of their own."""


@dataclass(frozen=True)
class Button:
    """An action in the header; `reason` says why it cannot be used now."""

    label: Label
    icon: str
    url: str = ""
    reason: str = ""
    danger: bool = False
    modal: bool = False
    post: bool = False
    main: bool = False
    """What one usually does next: the one button that stands out."""


@signed_in
@require_safe
def record(request: HttpRequest, actor: Actor, type_key: str, pk: int) -> HttpResponse:
    try:
        subject = Subject(actor, type_key, pk)
    except NotVisible:
        return gone(request, actor, type_key, pk)
    subject.everything = "empty" in request.GET
    part = request.headers.get("X-Part", "") if is_fragment(request) else ""
    tab = request.GET.get("tab", "")
    if part == "head":
        return render(request, "ui/pages/record_head.html", head_context(subject))
    if part == "facts":
        return render(request, "ui/pages/record_facts.html", {"subject": subject})
    if part in {"body", "tabs"}:
        context = body_context(subject, tab, request, lines=part == "body")
        return render(request, "ui/pages/record_tabs.html", {"subject": subject, **context})
    return render(request, "ui/pages/record.html", page_context(subject, tab, request))


def gone(request: HttpRequest, actor: Actor, type_key: str, pk: int) -> HttpResponse:
    """The record that this one was merged into, or the page of a deleted record for those who may bring it back. Raises
    NotVisible for everybody else."""
    object_type = get(type_key)
    survivor = records.survivor_of(type_key, pk) if 0 < pk < 2**63 else None
    if survivor is not None and access.scope(actor, object_type).filter(pk=survivor).exists():
        return redirect("record", type_key, survivor)
    if not 0 < pk < 2**63 or not access.binned(actor, object_type).filter(pk=pk).exists():
        raise NotVisible
    deletion = audit.history(type_key, pk).filter(action="delete").first()
    context = {
        "type": object_type,
        "pk": pk,
        "deletion": deletion,
        "list_url": reverse("list", args=[type_key]),
    }
    return render(request, "ui/pages/record_gone.html", context)


def body_context(subject: Subject, tab: str, request: HttpRequest, *, lines: bool = True) -> dict[str, Any]:
    """The tabs, and the timeline where it is the open one; other tabs are fetched when they are seen."""
    children, files = related.counted(subject.actor, subject.type, subject.pk)
    tabs = tabs_of(subject, tab, children, files)
    chosen = next(one for one in tabs if one.active)
    context: dict[str, Any] = {"tabs": tabs, "chosen": chosen}
    if lines and chosen.key == "":
        none_of = related.none_of(children)
        context |= timeline_context(subject, request.GET.get("kind", ""), "", none_of)
    return context


def page_context(subject: Subject, tab: str, request: HttpRequest) -> dict[str, Any]:
    context = head_context(subject) | body_context(subject, tab, request)
    context["sides"] = [panel for panel in panels(subject) if panel.place == "side"]
    context["composers"] = [*at_once(subject, "top"), *at_once(subject, "composer", most=1)]
    return context


def at_once(subject: Subject, place: str, *, most: int = 9) -> list[tuple[Panel, Any]]:
    """The panels of a place that the page does not fetch, with their content: the first ones that have any."""
    found = (panel for panel in panels(subject) if panel.place == place)
    contents = ((panel, panel.render(subject.actor, subject.row)) for panel in found)
    return list(itertools.islice(((p, content) for p, content in contents if content is not None), most))


def panels(subject: Subject) -> list[Panel]:
    return panels_of(subject.type)


def tabs_of(subject: Subject, chosen: str, children: Sequence[related.Child], files: int) -> list[Tab]:
    """动态, the panels, the related lists with their counts, files, history."""
    url = subject.url
    found = [Tab("", _("动态"), f"{url}/timeline", url)]
    found += [
        Tab(panel.key, panel.title, f"{url}/panel/{panel.key}", f"{url}?tab={panel.key}")
        for panel in panels(subject)
        if panel.place == "tab"
    ]
    for place, child in enumerate(children):
        key = f"related-{child.key}"
        if place < related.TABS or key == chosen:
            address = f"{url}/related/{child.key}"
            found.append(Tab(key, child.label, address, f"{url}?tab={key}", child.count_text))
    if len(children) > related.TABS:
        number = str(len(children) - related.TABS)
        found.append(Tab(OTHERS, _("其他关联"), f"{url}/related/{OTHERS}", f"{url}?tab={OTHERS}", number))
    if link_kinds(subject.type.key):
        found.append(Tab("links", _("关系"), f"{url}/links", f"{url}?tab=links"))
    found.append(Tab("files", _("文件"), f"{url}/files", f"{url}?tab=files", str(files)))
    if subject.type.has_owner and subject.levels.get("owner", "hidden") not in {"hidden", "masked"}:
        found.append(Tab("owners", _("历任负责人"), f"{url}/owners", f"{url}?tab=owners"))
    if records.shareable(subject.type):
        found.append(Tab("members", _("成员"), f"{url}/members", f"{url}?tab=members"))
    found.append(Tab("history", _("变更记录"), f"{url}/history", f"{url}?tab=history"))
    known = {tab.key for tab in found}
    return [tab._replace(active=tab.key == (chosen if chosen in known else "")) for tab in found]


def head_context(subject: Subject) -> dict[str, Any]:
    return {
        "subject": subject,
        "buttons": buttons(subject),
        "more": more_actions(subject),
        "heads": at_once(subject, "head"),
    }


def buttons(subject: Subject) -> list[Button]:
    """The primary actions of the record; what the actor may not do says why."""
    no_edit = "" if subject.may_edit else _("您只能查看这条记录；需要修改请联系负责人或管理员")
    return [*acts(subject)[:MOST_BUTTONS], Button(_("编辑"), "edit", f"{subject.url}/edit", no_edit)]


def more_actions(subject: Subject) -> list[Button]:
    no_delete = "" if "delete" in subject.abilities else _("您没有权限删除这条记录")
    found = acts(subject)[MOST_BUTTONS:]
    if subject.type.has_owner:
        no_owner = (
            "" if subject.editable("owner") and "transfer" in subject.abilities else _("您没有权限更换负责人")
        )
        found.append(Button(_("转移负责人"), "user-share", f"{subject.url}/transfer", no_owner, modal=True))
    if "print" in subject.abilities:
        found.append(Button(_("打印"), "printer", f"{subject.url}/print"))
    if records.shareable(subject.type):
        found.append(Button(_("成员与共享"), "users", f"{subject.url}/members", modal=True))
    found.append(Button(_("谁能看到"), "eye", f"{subject.url}/access", modal=True))
    return [*found, Button(_("删除"), "trash", f"{subject.url}/delete", no_delete, danger=True, modal=True)]


def acts(subject: Subject) -> list[Button]:
    """The type's actions that make sense for the record as it is, those that can be done now first."""
    found: list[Button] = []
    for action in subject.type.actions:
        reason = action.ready(subject.row) if action.ready is not None else ""
        if reason is not None:
            url = (
                reverse(action.form, args=[subject.pk]) if action.form else f"{subject.url}/act/{action.key}"
            )
            refused = refusal(subject, action.verb) or reason
            main = action.main and not refused and not any(one.main for one in found)
            form = bool(action.form)
            found.append(
                Button(action.label, action.icon, url, refused, modal=form, post=not form, main=main)
            )
    return sorted(found, key=lambda one: (bool(one.reason), not one.main))


def refusal(subject: Subject, verb: str) -> str:
    if verb in subject.abilities or verb == "view":
        return ""
    return _("您对这条记录没有这项权限")


@signed_in
@require_safe
def peek(request: HttpRequest, actor: Actor, type_key: str, pk: int) -> HttpResponse:
    """The record beside a list: what is filled in, and the latest of its timeline."""
    subject = Subject(actor, type_key, pk)
    facts = [
        fact for section in subject.sections for fact in section.facts if fact.value not in (None, "", [])
    ]
    lines = story.stretch(actor, subject.type, pk).lines[:PEEK_ENTRIES]
    context = {"subject": subject, "facts": facts[:PEEK_FACTS], "lines": lines}
    return render(request, "ui/pages/record_peek.html", context)


@signed_in
@require_safe
def panel(request: HttpRequest, actor: Actor, type_key: str, pk: int, key: str) -> HttpResponse:
    subject = Subject(actor, type_key, pk)
    found = next((one for one in panels(subject) if one.key == key), None)
    if found is None:
        raise NotVisible
    content = found.render(actor, subject.row)
    if content is None and found.place in {"side", "top"}:
        return HttpResponse()  # nothing to say: no card, until something changes
    if content is None:
        return render(request, "ui/pages/panel_empty.html", {"panel": found})
    # a composer's template takes its content under one name, so that none of its words hides one of ours
    spread = {"content": content} if found.place in {"composer", "top"} else content
    return render(request, found.template, {"subject": subject, "panel": found, **spread})


@signed_in
@require_safe
def related_list(request: HttpRequest, actor: Actor, type_key: str, pk: int, child: str) -> HttpResponse:
    subject = Subject(actor, type_key, pk, columns=[get(type_key).title])
    if child == OTHERS:
        lists = related.others(actor, subject.type, pk)
        return render(request, "ui/pages/related_others.html", {"subject": subject, "lists": lists})
    listing = related.listing(actor, subject.type, pk, child, request.GET.get("cursor", ""))
    target = listing.child.type
    add = f"{reverse('create', args=[target.key])}?{listing.child.link.key}={pk}" if listing.creatable else ""
    context = {"subject": subject, "listing": listing, "target": target, "add_url": add}
    return render(request, "ui/pages/related.html", context)


def timeline_context(
    subject: Subject, kind: str, cursor: str, none_of: Collection[str] = ()
) -> dict[str, Any]:
    stretch = story.stretch(
        subject.actor, subject.type, subject.pk, cursor=cursor, kind=kind, none_of=none_of
    )
    kinds = story.kinds(subject.type, kind)
    return {"stretch": stretch, "kinds": kinds, "kind": kind, "timeline_url": f"{subject.url}/timeline"}


@signed_in
@require_safe
def timeline(request: HttpRequest, actor: Actor, type_key: str, pk: int) -> HttpResponse:
    subject = Subject(actor, type_key, pk, columns=[get(type_key).title])
    cursor = request.GET.get("cursor", "")
    context = timeline_context(subject, request.GET.get("kind", ""), cursor)
    template = "ui/pages/timeline_more.html" if cursor else "ui/pages/timeline.html"
    return render(request, template, {"subject": subject, **context})


class Told(NamedTuple):
    """A change as the history shows it."""

    entry: Any
    act: str
    who: str
    icon: str
    color: str
    diff: Any
    undo_url: str
    undone: bool
    reason: str
    place: str
    """Through which door and from where."""


@signed_in
@require_safe
def history(request: HttpRequest, actor: Actor, type_key: str, pk: int) -> HttpResponse:
    subject = Subject(actor, type_key, pk, columns=[get(type_key).title])
    changes = audit.history(type_key, pk)
    before = record_key(request.GET.get("before", ""))
    if before is not None:
        changes = changes.filter(pk__lt=before)
    found = list(changes[: HISTORY + 1])
    shown, more = found[:HISTORY], len(found) > HISTORY
    diffs = audit.diffs(actor, subject.type, shown)
    may_undo = undoable_ids(actor, [change.changeset for change in shown])
    told = [
        Told(
            change,
            audit.act(change),
            audit.who(change),
            *audit.look(change),
            diffs[change.pk],
            reverse("undo", args=[change.changeset_id]) if change.changeset_id in may_undo else "",
            change.changeset.undone_by_id is not None,
            audit.reason(change),
            place_of(change.changeset, actor),
        )
        for change in shown
    ]
    context = {"subject": subject, "told": told, "more": shown[-1].pk if more else 0, "first": not before}
    return render(request, "ui/pages/history.html", context)


def place_of(changes: ChangeSet, actor: Actor) -> str:
    """The door, and the address for those who may read the audit and for one's own acts."""
    mine = actor.user_id is not None and changes.actor_id == actor.user_id
    address = changes.address if mine or may_audit(actor) else ""
    return " · ".join(part for part in (audit.door(changes), address) if part)


def undoable_ids(actor: Actor, changesets: list[ChangeSet]) -> set[int]:
    """Whole change sets only where they are about this record alone: a mass change is taken back as a whole, in the
    list of mass changes, not by the way."""
    single = [
        one
        for one in changesets
        if (one.count <= 1 and one.kind in {"update", "bulk", "transfer"}) or one.kind in {"merge", "lines"}
    ]
    return {one.pk for one in records.undoable(single, actor)}


@signed_in
@require_safe
def why(request: HttpRequest, actor: Actor, type_key: str, pk: int, name: str) -> HttpResponse:
    """Why a derived value is what it is. A field that is hidden or masked for the actor has no explanation either."""
    subject = Subject(actor, type_key, pk)
    if subject.levels.get(name, "hidden") in {"hidden", "masked"}:
        raise UnknownField(type_key, name, ())
    spec = subject.type.fields[name]
    explain = subject.type.explain
    found: Explanation | None = explain(actor, pk, name) if explain is not None else None
    if found is None:
        found = Explanation(
            cells.text(spec, subject.row.get(name)), _("这个值由系统计算，没有留下更多说明。")
        )
    return render(request, "ui/pages/why.html", {"subject": subject, "spec": spec, "why": found})
