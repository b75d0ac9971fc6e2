"""Where a value of a customer comes from, in words: who brought it, how and when, who made sure of it, and what it was
before. All of it is read out of the history; nothing is kept beside it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.customers.models import CustomerFacts, ValueConflict
from kemai.customers.rules import Written, verified_since
from kemai.customers.services import conflicts
from kemai.customers.services.provenance import HAND
from kemai.platform import audit
from kemai.platform.access import Actor
from kemai.platform.audit.telling import SOURCES
from kemai.platform.fields import FieldSpec, Invalid
from kemai.platform.models import Change, ImportRun
from kemai.platform.objects import Evidence, Explanation, Offer, Past, get

MOST = 300
"""Changes of a record that are looked through."""
SHOWN = 8


class Story(NamedTuple):
    """What the history tells of one field."""

    writing: Change | None
    """The last one, or the creation."""
    verifying: Change | None
    past: list[Past]


def moment_text(at: datetime) -> str:
    return f"{timezone.localtime(at, timezone.get_default_timezone()):%Y-%m-%d %H:%M}"


def file_of(changes: int | None) -> str:
    """The name of the file that an import read."""
    run = ImportRun.objects.filter(changeset=changes).select_related("file").first() if changes else None
    return run.file.name if run is not None else ""


def text_of(spec: FieldSpec, value: Any) -> str:
    """A value in JSON form as people read it."""
    if value in (None, "", []):
        return "—"
    try:
        return spec.type.text(spec.type.parse(value, spec), spec)
    except Invalid:
        return str(value)


def told(pk: int, spec: FieldSpec) -> Story:
    writing, verifying, past = None, None, []
    for change in audit.history("customer", pk)[:MOST]:
        diff = change.diff or {}
        if spec.key in diff:
            writing = writing or change
            old, new = diff[spec.key]
            past.append(Past(change.changeset.at, text_of(spec, old), text_of(spec, new)))
        if verifying is None and is_check(change):
            verifying = change
        if change.action == "create":
            writing = writing or change
    return Story(writing, verifying, past[:SHOWN])


def is_check(change: Change) -> bool:
    diff = change.diff or {}
    return "verified_at" in diff or diff.get("validity", ["", ""])[1] == "valid"


def way(change: Change) -> str:
    """Through which door, and of an import out of which file."""
    source = change.changeset.source
    door = audit.door(change.changeset) if source == HAND or source in SOURCES else _("系统")
    kind = (
        _("合并")
        if change.changeset.kind == "merge"
        else _("撤销")
        if change.changeset.kind == "undo"
        else ""
    )
    return " · ".join(part for part in (kind, door, file_of(change.changeset_id)) if part)


def explain(actor: Actor, pk: int, name: str, value: Any) -> Explanation:
    """The caller has checked that the actor may read the field."""
    spec = get("customer").fields[name]
    story = told(pk, spec)
    verified = CustomerFacts.objects.filter(pk=pk).values_list("verified_at", flat=True).first()
    inputs = [*origin(story.writing), *checked(story, verified)]
    return Explanation(
        value="" if value in (None, "") else spec.type.text(value, spec),
        reason=_("这个值从哪里来、谁在什么时候填的、有没有人核实过。")
        if inputs
        else _("没有留下这个值的来历。"),
        inputs=inputs,
        past=story.past,
        offers=list(offers(actor, pk, spec)),
    )


def origin(change: Change | None) -> list[Evidence]:
    if change is None:
        return []
    return [
        Evidence(_("来源"), way(change)),
        Evidence(_("填写人"), audit.who(change)),
        Evidence(_("填写时间"), moment_text(change.changeset.at)),
    ]


def checked(story: Story, verified: datetime | None) -> list[Evidence]:
    if verified is None:
        return [Evidence(_("核实"), _("还没有核实过"))]
    last = story.writing
    written = (
        Written(last.changeset.at, last.changeset.source == HAND) if last is not None and last.diff else None
    )
    since = verified_since(verified, written)
    if since is None:
        return [Evidence(_("核实"), _("核实之后又由导入或接口填写，没有再核实"))]
    found = [Evidence(_("已核实"), moment_text(since))]
    by = story.verifying if since == verified else last
    if by is not None:
        how = audit.reason(by) if since == verified else _("在核实过的资料上手工修改")
        found.append(Evidence(_("核实人"), " · ".join(part for part in (audit.who(by), how) if part)))
    return found


def brought(one: ValueConflict) -> str:
    """Who brought a value, how and when."""
    door = str(SOURCES.get(one.source, one.source))
    return " · ".join(
        part for part in (door, file_of(one.changeset_id), one.by_name, moment_text(one.at)) if part
    )


def offers(actor: Actor, pk: int, spec: FieldSpec) -> Iterator[Offer]:
    """What can be decided about the values that were brought for this field, and taken back."""
    for state in ("open", "taken", "kept"):
        for one in conflicts.of(pk, state=state).filter(field=spec.key)[:SHOWN]:
            text = _("%(value)s（%(from)s）") % {"value": text_of(spec, one.value), "from": brought(one)}
            yield Offer(text, acts(one), str(next(o.label for o in ValueConflict.STATES if o.value == state)))


def acts(one: ValueConflict) -> list[tuple[str, str]]:
    if one.state == "open":
        return [
            (_("采用"), reverse("conflict_take", args=[one.pk])),
            (_("保留"), reverse("conflict_keep", args=[one.pk])),
        ]
    return [(_("撤销这个决定"), reverse("conflict_reopen", args=[one.pk]))]
