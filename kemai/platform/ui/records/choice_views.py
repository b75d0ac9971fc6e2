"""What controls ask for while somebody types: records, people, tags, regions, possible duplicates."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from kemai.kit import regions as kit
from kemai.kit.numbers import record_key
from kemai.platform import access, search
from kemai.platform.access import Actor, reading
from kemai.platform.objects import ObjectType, get, similar_of
from kemai.platform.ui.door import signed_in
from kemai.platform.ui.records.controls import Typed

MOST = 30


@signed_in
@require_safe
def options(request: HttpRequest, actor: Actor, type_key: str) -> JsonResponse:
    """Records to refer to, by what was typed: {"items": [{"value", "label", "sub"}]}."""
    object_type = get(type_key)
    return JsonResponse({"items": found(actor, object_type, request.GET.get("q", "").strip()[:100])})


def found(actor: Actor, object_type: ObjectType, text: str) -> list[dict[str, str]]:
    """By the search index where the type has one, else by a part of the title; the newest where nothing was typed."""
    # whoever is on the staff may name any department
    visible = access.scope(access.SYSTEM if object_type.key == "department" else actor, object_type)
    title = object_type.fields[object_type.title].path
    numbering = object_type.numbering
    sub = numbering.field if numbering and numbering.field != object_type.title else "pk"
    ids: list[int] | None = None
    if text and object_type.searched:
        ids = search.search_type(actor, object_type, text, MOST)
        visible = visible.filter(pk__in=ids)
    elif text and access.mask_title(actor, object_type, text) != text:
        return []  # a masked title cannot be found piece by piece
    elif text:
        visible = visible.filter(**{f"{title}__icontains": text})
    ordered = visible.order_by(title if object_type.small else "-pk")
    rows = list(ordered.values_list("pk", title, sub)[:MOST])
    if ids is not None:
        place = {key: index for index, key in enumerate(ids)}
        rows.sort(key=lambda row: place[row[0]])
    reading.shown(object_type.key, [row[0] for row in rows])
    return [
        {
            "value": str(pk),
            "label": access.mask_title(actor, object_type, str(name)) or f"#{pk}",
            "sub": str(number) if sub != "pk" else "",
        }
        for pk, name, number in rows
    ]


@signed_in
@require_safe
def people(request: HttpRequest, actor: Actor) -> JsonResponse:
    text = request.GET.get("q", "").strip()[:60]
    items = [{"value": str(pk), "label": name, "sub": team} for pk, name, team in access.people(text, MOST)]
    return JsonResponse({"items": items})


@signed_in
@require_safe
def tags(request: HttpRequest, actor: Actor) -> JsonResponse:
    """Tags by name; the value is the name itself, so that a new one can be typed."""
    text = request.GET.get("q", "").strip()[:60]
    rows = access.scope(actor, "tag")
    if text:
        rows = rows.filter(name__icontains=text) | rows.filter(group__icontains=text)
    items = []
    for group, name, color in rows.order_by("group", "name").values_list("group", "name", "color")[:MOST]:
        full = f"{group}·{name}" if group else name
        items.append({"value": full, "label": full, "color": color})
    return JsonResponse({"items": items})


@signed_in
@require_safe
def regions(request: HttpRequest, actor: Actor) -> JsonResponse:
    """The divisions below one: {"items": [{"code", "name"}]}; the provinces without `parent`."""
    parent = request.GET.get("parent", "")
    language = "en" if get_language() == "en" else "zh"
    below = kit.children(parent or None) if not parent or kit.is_known(parent) else ()
    return JsonResponse({"items": [{"code": r.code, "name": kit.name(r.code, language)} for r in below]})


@signed_in
@require_safe
def similar(request: HttpRequest, actor: Actor, type_key: str) -> HttpResponse:
    """Records that the one being typed may double; masked, with their owner, where the actor may not see them."""
    object_type = get(type_key)
    access.require(actor, object_type, "create")
    editing = request.GET.get("id", "")
    except_id = record_key(editing)
    typed = Typed.of(request.GET, object_type.fields.values(), whole=False).values
    texts = {key: value for key, value in typed.items() if isinstance(value, str) and value.strip()}
    find = similar_of(object_type)
    candidates = find(actor, texts, except_id) if find and texts else ()
    return render(request, "ui/pages/similar.html", {"type": object_type, "candidates": candidates})
