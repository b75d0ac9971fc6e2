"""Another kind for a field, and two options made one: what would happen first, then the act."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kemai.platform.access import Actor, NotVisible
from kemai.platform.define import convert, fields, kinds, merge, usage
from kemai.platform.define.convert import Preview
from kemai.platform.fields import clauses
from kemai.platform.records import FieldErrors
from kemai.platform.ui.define.object_views import found_type, frame
from kemai.platform.ui.door import admin_page


@require_http_methods(["GET", "POST"])
@admin_page
def page(request: HttpRequest, actor: Actor, type_key: str, key: str) -> HttpResponse:
    """The kinds that it could become; with one chosen, what that would do to the values."""
    object_type = found_type(type_key)
    field = fields.own_field(type_key, key)
    chosen = request.POST.get("kind") or request.GET.get("kind", "")
    context: dict[str, Any] = {
        **frame(object_type, "fields"), "field": field, "kind": kinds.BY_KEY.get(field.kind),
        "offered": convert.kinds_for(field.kind), "chosen": kinds.BY_KEY.get(chosen),
        "last": convert.last_conversion(type_key, key), "moving": field.kind == convert.CONVERTING,
        "error": "", "found": None, "job": None,
    }  # fmt: skip
    if not context["chosen"]:
        return render(request, "ui/define/convert.html", context)
    try:
        if request.method == "POST":
            job = convert.convert_field(type_key, key, chosen, {}, by=actor)
            messages.success(
                request, _("正在后台转换，完成后会变成“%(kind)s”") % {"kind": kinds.BY_KEY[chosen].label}
            )
            return redirect("job", job.pk)
        found = convert.preview(type_key, key, chosen, {}, by=actor)
    except FieldErrors as error:
        context["error"] = clauses(error.errors.values())
        return render(request, "ui/define/convert.html", context, status=422)
    context["uses"] = usage.report(type_key, key)
    context |= {"found": found} if isinstance(found, Preview) else {"job": found}
    context["here"] = f"{reverse('define_convert', args=(type_key, key))}?kind={chosen}"
    return render(request, "ui/define/convert.html", context)


@require_POST
@admin_page
def undo(request: HttpRequest, actor: Actor, type_key: str, key: str) -> HttpResponseBase:
    found_type(type_key)
    convert.undo_conversion(type_key, key, by=actor)
    messages.success(request, _("已撤销转换，原来的值都回来了"))
    return redirect("define_field", type_key, key)


@require_http_methods(["GET", "POST"])
@admin_page
def merge_page(request: HttpRequest, actor: Actor, type_key: str, key: str) -> HttpResponse:
    found_type(type_key)
    field = fields.own_field(type_key, key)
    if field.kind not in kinds.WITH_OPTIONS:
        raise NotVisible
    options = [
        {"value": one["value"], "label": one["label"]}
        for one in field.settings["options"]
        if not one.get("archived")
    ]
    errors: dict[str, str] = {}
    values = {name: request.POST.get(name, "") for name in ("source", "into")}
    if request.method == "POST":
        try:
            job = merge.merge_options(type_key, key, values["source"], values["into"], by=actor)
        except FieldErrors as error:
            errors = error.errors
        else:
            response = HttpResponse(status=204)
            response["HX-Redirect"] = reverse("job", args=(job.pk,))
            return response
    context = {"type_key": type_key, "field": field, "options": options, "errors": errors, "values": values}
    return render(request, "ui/define/merge.html", context, status=422 if errors else 200)
