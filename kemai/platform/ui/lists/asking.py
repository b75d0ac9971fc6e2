"""What the filter builder asks for while somebody types: colleagues (and oneself), regions by name."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kemai.kit import regions
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.objects import get
from kemai.platform.ui.door import signed_in
from kemai.platform.ui.lists import filters

MOST = 30


@require_safe
@signed_in
def people(request: HttpRequest, actor: Actor) -> JsonResponse:
    text = request.GET.get("q", "").strip()[:60]
    items = [{"value": str(pk), "label": name, "sub": team} for pk, name, team in access.people(text, MOST)]
    if not text and actor.user_id:
        items.insert(0, {"value": "me", "label": _("我"), "sub": actor.name})
    return JsonResponse({"items": items})


@require_safe
@signed_in
def fields(request: HttpRequest, actor: Actor, type_key: str) -> JsonResponse:
    """What may be asked of records that are counted by their own fields."""
    object_type = get(type_key)
    access.require(actor, object_type, "view")
    return JsonResponse({"fields": list(filters.fields_of(actor, object_type))})


@require_safe
@signed_in
def find_region(request: HttpRequest, actor: Actor) -> JsonResponse:
    """Divisions by a part of their name; the provinces where nothing was typed."""
    text = request.GET.get("q", "").strip()[:40]
    language = "en" if get_language() == "en" else "zh"
    codes = [code for code, _name in named(text)] if text else [region.code for region in regions.children()]
    items = [
        {"value": code, "label": regions.name(code, language), "sub": regions.path(code, language)}
        for code in codes
    ]
    return JsonResponse({"items": items[:MOST]})


def named(text: str) -> list[tuple[str, str]]:
    """The divisions that the text names or begins to name, provinces before cities before districts."""
    found = {}
    wanted = text.lower()
    for province in regions.children():
        for region in (province, *below(province.code)):
            if text in region.name or regions.name(region.code, "en").lower().startswith(wanted):
                found[region.code] = region.name
    return sorted(found.items(), key=lambda pair: (pair[0][2:] != "0000", pair[0][4:] != "00", pair[0]))[
        :MOST
    ]


def below(code: str) -> list[regions.Region]:
    found = []
    for child in regions.children(code):
        found += [child, *regions.children(child.code)]
    return found
