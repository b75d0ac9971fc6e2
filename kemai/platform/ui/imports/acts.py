"""What is done in the wizard: mapping, running, pausing, taking back."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kemai.platform import imports
from kemai.platform.access import Actor
from kemai.platform.fields.choice import split_list
from kemai.platform.imports import ColumnMap, Options, services
from kemai.platform.models import ImportRun
from kemai.platform.records import FieldErrors
from kemai.platform.ui.door import signed_in
from kemai.platform.ui.imports import showing
from kemai.platform.ui.imports.views import page
from kemai.platform.ui.records.answers import go


def onward(request: HttpRequest, run: ImportRun, text: str = "") -> HttpResponse:
    return go(request, reverse("import", args=[run.pk]), text)


@require_POST
@signed_in
def configure(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Takes the mapping and rehearses it."""
    run = imports.get_run(actor, pk)
    columns, options = (
        read_columns(request.POST, len(run.source.get("header", ()))),
        read_options(request.POST),
    )
    try:
        imports.configure(run, columns, options, by=actor)
    except FieldErrors as refusal:
        more = showing.mapping_page(run, actor, [one for one in columns if one.field], options)
        problems = [{"field": "", "label": "", "message": text} for text in refusal.errors.values()]
        return page(request, actor, run, more | {"problems": problems, "part": "map"}, status=422)
    imports.start_rehearsal(run, by=actor)
    return onward(request, run)


def read_columns(form: QueryDict, width: int) -> list[ColumnMap]:
    return [
        ColumnMap(place, field, form.get(f"by-{place}", ""), form.get(f"create-{place}") == "1")
        for place in range(width)
        if (field := form.get(f"field-{place}", ""))
    ]


def read_options(form: QueryDict) -> Options:
    owner = form.get("owner", "")
    return Options(
        mode=form.get("mode", "both"),
        match=tuple(dict.fromkeys(form.getlist("match"))),
        blank=form.get("blank", "keep"),
        tags=tuple(dict.fromkeys(str(tag) for one in form.getlist("tags") for tag in split_list(one))),
        cents=form.get("cents") == "1",
        owner=int(owner) if owner.isascii() and owner.isdigit() and len(owner) < 16 else None,
    )


@require_POST
@signed_in
def back(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """From the rehearsal back to the mapping, which is kept."""
    run = imports.get_run(actor, pk)
    imports.reopen(run, by=actor)
    return onward(request, run)


@require_POST
@signed_in
def sheet(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Another sheet of the workbook, or another table of the archive."""
    run = imports.get_run(actor, pk)
    wanted, table = request.POST.get("sheet", ""), request.POST.get("table", "")
    if wanted in run.source.get("sheets", ()):
        imports.reopen(run, by=actor)
        services.keep_choices(run, (), Options())
        imports.inspect(run, sheet=wanted)
    elif table in run.source.get("packed", {}).get("tables", ()):
        imports.reopen(run, by=actor)
        services.keep_choices(run, (), Options())
        imports.inspect(run, table=table)
    return onward(request, run)


@require_POST
@signed_in
def run(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    found = imports.get_run(actor, pk)
    imports.start(found, by=actor)
    return onward(request, found)


@require_POST
@signed_in
def pause(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    imports.pause(imports.get_run(actor, pk), by=actor)
    return HttpResponse(status=204)


@require_POST
@signed_in
def resume(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    found = imports.get_run(actor, pk)
    imports.resume(found, by=actor)
    return onward(request, found) if "page" in request.POST else HttpResponse(status=204)


@require_POST
@signed_in
def cancel(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    imports.cancel(imports.get_run(actor, pk), by=actor)
    return HttpResponse(status=204)


@require_POST
@signed_in
def undo(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    found = imports.get_run(actor, pk)
    imports.undo(found, by=actor)
    return onward(request, found, _("正在撤销这次导入"))
