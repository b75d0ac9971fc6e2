"""Answers for the editor of formulas, as JSON: is the text right, what would it come to, what may stand there."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kemai.kit.formula import Formula
from kemai.kit.numbers import record_key
from kemai.platform import access, query
from kemai.platform.access import Actor
from kemai.platform.fields import KINDS, FieldSpec
from kemai.platform.objects import ObjectType, UnknownObject, get
from kemai.platform.query import formula as formulas
from kemai.platform.query.formula import writing
from kemai.platform.query.formula.writing import Opinion
from kemai.platform.records import computed
from kemai.platform.ui.door import signed_in

NEWEST = 20_000
"""Records that are looked at for how many break a new check: an answer while typing cannot read a million."""
USES = frozenset({"formula", "rule", "default"})


@require_POST
@signed_in
def formula_check(request: HttpRequest, actor: Actor, type_key: str) -> JsonResponse:
    """`text`, and as far as known `key` of the field, `use` (formula | rule | default), `kind` of the result, `sample`
    (the key of a record). Says what is wrong and where, or what it comes to."""
    object_type = type_for(actor, type_key)
    given = request.POST
    text, use = given.get("text", ""), given.get("use", "formula")
    said = writing.opinion(
        object_type,
        text,
        key=given.get("key", ""),
        use=use if use in USES else "formula",
        kind=given.get("kind", ""),
    )
    if said.formula is None:
        return JsonResponse({"ok": False, "problem": said.problem, "start": said.start, "end": said.end})
    formula = said.formula
    answer: dict[str, Any] = {
        "ok": True, "type": formula.type, "type_label": said.type_label, "kinds": said.kinds,
        "stored": formula.stored, "shown": formula.shown, "moving": formula.clocked,
        "preview": sample(actor, object_type, said, formula, given.get("kind", ""), given.get("sample", "")),
    }  # fmt: skip
    if use == "rule":
        answer["breaks"] = broken_by(actor, object_type, formula)
    return JsonResponse(answer)


@require_GET
@signed_in
def formula_words(request: HttpRequest, actor: Actor, type_key: str) -> JsonResponse:
    """What may stand in a formula of the type: fields, and functions with their help."""
    object_type = type_for(actor, type_key)
    return JsonResponse(writing.completions(object_type, without=request.GET.get("key", "")))


def type_for(actor: Actor, type_key: str) -> ObjectType:
    if not actor.is_admin:
        raise access.NotVisible
    try:
        return get(type_key)
    except UnknownObject:
        raise access.NotVisible from None


def sample(
    actor: Actor, object_type: ObjectType, said: Opinion, formula: Formula, kind: str, key: str
) -> dict[str, str] | None:
    """The formula on one record: the one asked for, or the newest; None where there is none."""
    rows = access.scope(actor, object_type).order_by("-pk")
    if (number := record_key(key)) is not None:
        rows = rows.filter(pk=number)
    plan = formulas.plan_of(object_type)
    wanted = formula.reads.union(*(plan.inputs[one] for one in plan.needed(formula.reads)))
    specs = [object_type.fields[one] for one in sorted(wanted | {object_type.title})]
    found = query.fetch(rows[:1], object_type, specs)
    if not found:
        return None
    title = object_type.fields[object_type.title]
    result = FieldSpec("result", "", "", KINDS[kind if kind in said.kinds else said.kinds[0]], nullable=True)
    clock = formulas.clock()
    values = computed.known_with(plan, formula.reads, found[0], clock)
    value = formulas.settled(formula.value(values, clock), result)
    return {
        "id": str(found[0]["id"]),
        "title": title.type.text(found[0][title.key], title),
        "value": result.type.text(value, result) or str(_("（空）")),
    }


def broken_by(actor: Actor, object_type: ObjectType, rule: Formula) -> dict[str, Any]:
    """How many of the newest records do not meet a check that is about to be introduced."""
    rows: QuerySet[Any] = access.scope(actor, object_type)
    edge = rows.order_by("-pk").values_list("pk", flat=True)[NEWEST : NEWEST + 1].first()
    looked_at = rows if edge is None else rows.filter(pk__gt=edge)
    count = looked_at.filter(formulas.breaks(rule, object_type, formulas.clock())).count()
    said = (
        _("最近 %(all)s 条记录中有 %(n)s 条不符合") if edge is not None else _("现有记录中有 %(n)s 条不符合")
    )
    return {"count": count, "text": said % {"all": NEWEST, "n": count}}
