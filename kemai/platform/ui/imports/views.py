"""The wizard's pages."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import quote

from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from kemai.platform import access, imports, objects
from kemai.platform import records as door
from kemai.platform.access import Actor
from kemai.platform.fields import clauses
from kemai.platform.imports import services
from kemai.platform.imports import template as files
from kemai.platform.models import ImportRun
from kemai.platform.objects import get
from kemai.platform.records import FieldErrors
from kemai.platform.ui.door import signed_in
from kemai.platform.ui.imports import showing
from kemai.platform.ui.records.answers import go

PAGE = 50
STEPS = ("upload", "map", "rehearsal", "progress", "result")


@require_GET
@signed_in
def history(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The actor's own imports."""
    page = Paginator(imports.history(actor), PAGE).get_page(request.GET.get("page"))
    runs = [services.sync(run) for run in page]
    context = {
        "rows": showing.history_rows(runs),
        "may": bool(showing.kinds(actor)),
        "previous": f"?page={page.previous_page_number()}" if page.has_previous() else "",
        "next": f"?page={page.next_page_number()}" if page.has_next() else "",
        "total": page.paginator.count,
    }
    return render(request, "ui/pages/import_history.html", context)


@require_http_methods(["GET", "POST"])
@signed_in
def start(request: HttpRequest, actor: Actor, key: str = "") -> HttpResponse:
    """Choosing a file and what it holds."""
    kinds = showing.kinds(actor)
    if not kinds or (key and not imports.may_import(actor, get(key))):
        raise access.Denied
    error = ""
    chosen = request.POST.get("kind") or key or kinds[0]["value"]
    if request.method == "POST":
        try:
            return redirect("import", accept(request, actor, chosen, kinds).pk)
        except FieldErrors as refusal:
            error = clauses(refusal.errors.values())
    context = {"kinds": kinds, "chosen": chosen, "error": error, "steps": showing.steps(None), "type": key}
    return render(request, "ui/pages/import_new.html", context, status=422 if error else 200)


@require_GET
@signed_in
def template(request: HttpRequest, actor: Actor, key: str) -> HttpResponse:
    """A file to begin with."""
    object_type = get(key)
    if not imports.may_import(actor, object_type):
        raise access.Denied
    out = io.BytesIO()
    files.write(object_type, actor, out)
    response = HttpResponse(out.getvalue(), content_type="application/zip")
    name = _("%(kind)s导入模板") % {"kind": object_type.label}
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}.zip"
    return response


def accept(request: HttpRequest, actor: Actor, chosen: str, kinds: list[dict[str, Any]]) -> ImportRun:
    upload = request.FILES.get("file")
    if not isinstance(upload, UploadedFile):
        raise FieldErrors({"file": _("请选择文件")})
    if chosen not in {one["value"] for one in kinds}:
        raise access.Denied
    type_key, _colon, shape = chosen.partition(":")
    run = imports.upload(upload.chunks(), upload.name or "", type_key, shape, by=actor, inspect_now=False)
    return imports.inspect(run)


@require_GET
@signed_in
def show(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """The import where it stands."""
    run = imports.get_run(actor, pk)
    return page(request, actor, run)


def page(
    request: HttpRequest, actor: Actor, run: ImportRun, more: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    step = showing.step_of(run)
    context: dict[str, Any] = {
        "run": run,
        "title": run.file.name,
        "kind": showing.title_of(run),
        "steps": showing.steps(run),
        "trouble": showing.trouble(run),
        "source": run.source,
        "list_url": reverse("list", args=[run.type_key]),
        "again_url": reverse("import_new", args=[run.type_key]),
        "part": part_of(run, step),
    }
    match context["part"]:
        case "map":
            context |= showing.mapping_page(run, actor)
        case "rehearsal":
            context |= showing.rehearsal_page(run, actor)
        case "result":
            context |= showing.result_page(run)
    return render(request, "ui/pages/import_run.html", context | (more or {}), status=status)


def part_of(run: ImportRun, step: int) -> str:
    """The piece of the page: a broken file has none, waiting for a job is progress whatever the step."""
    if run.state in {"running", "paused", "rehearsing"} or (run.state == "uploaded" and step == 0):
        return "progress"
    if run.state == "failed" and not run.changeset_id:
        return "map" if "header" in run.source else "broken"
    return STEPS[step]


@require_GET
@signed_in
def column(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """What more there is to choose for a column, once its field is chosen."""
    run = imports.get_run(actor, pk)
    place = request.GET.get("column", "")
    specs = {spec.key: spec for spec in services.fields_of(run, actor)}
    spec = specs.get(request.GET.get(f"field-{place}", ""))
    more = showing.reference_choices(spec, None, actor)
    column = int(place) if place.isascii() and place.isdigit() else 0
    context = {"r": {"column": column, "more": more}}
    return render(request, "ui/pages/import_column.html", context)


@require_GET
@signed_in
def progress(request: HttpRequest, actor: Actor, pk: int) -> JsonResponse:
    return JsonResponse(showing.progress_of(imports.get_run(actor, pk)))


@require_GET
@signed_in
def ended(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Asked by the progress bar when the job is over: on to the next step."""
    imports.get_run(actor, pk)
    return go(request, reverse("import", args=[pk]))


@require_GET
@signed_in
def errors(request: HttpRequest, actor: Actor, pk: int) -> HttpResponseBase:
    """The refused rows as a file."""
    run = imports.get_run(actor, pk)
    if run.error_file is None:
        raise access.NotVisible
    path = door.location(run.error_file)
    response = FileResponse(
        path.open("rb"),
        as_attachment=True,
        filename=run.error_file.name,
        content_type="application/octet-stream",
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@require_GET
@signed_in
def records(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """The records that the import made or changed, as far as the actor may see them."""
    run = imports.get_run(actor, pk)
    after = request.GET.get("after", "0")
    found = imports.touched(run, after=int(after) if after.isascii() and after.isdigit() else 0, size=PAGE)
    context = {
        "run": run,
        "rows": touched_rows(actor, found.rows),
        "next": f"?after={found.next}" if found.next else "",
        "title": run.file.name,
    }
    return render(request, "ui/pages/import_records.html", context)


def touched_rows(actor: Actor, changes: list[tuple[str, int, str]]) -> list[dict[str, Any]]:
    titles: dict[tuple[str, int], str] = {}
    for type_key in {one[0] for one in changes}:
        object_type = objects.get(type_key)
        ids = [key for kind, key, _action in changes if kind == type_key]
        path = object_type.fields[object_type.title].path
        levels = access.field_levels(actor, object_type)
        hidden = levels.get(object_type.title) in {"hidden", "masked"}
        for key, title in access.scope(actor, object_type).filter(pk__in=ids).values_list("pk", path):
            titles[type_key, key] = f"#{key}" if hidden else str(title)
    words = {"create": (_("新建"), "green"), "update": (_("更新"), "blue"), "delete": (_("替换"), "orange")}
    return [
        {
            "title": titles.get((type_key, key), ""),
            "type": str(get(type_key).label),
            "url": reverse("record", args=[type_key, key]) if (type_key, key) in titles else "",
            "action": words.get(action, (action, "gray")),
            "key": key,
        }
        for type_key, key, action in changes
    ]
