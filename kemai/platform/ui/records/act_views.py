"""What is done with one record: create, edit, edit in place, delete, restore, undo, reveal, files, actions."""

from __future__ import annotations

import json
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kemai.platform import access, records
from kemai.platform.access import Actor, NotVisible
from kemai.platform.objects import UnknownField, get
from kemai.platform.query import QueryError
from kemai.platform.records import Conflict, FieldErrors, UndoReport
from kemai.platform.ui.door import is_fragment, signed_in
from kemai.platform.ui.faults import wants_json
from kemai.platform.ui.records import forms, related
from kemai.platform.ui.records.answers import announce, go, last_changeset
from kemai.platform.ui.records.controls import Typed, base_of, changed, control
from kemai.platform.ui.records.subject import Fact, Subject

KEEP_DAYS = 30


def show_form(request: HttpRequest, form: forms.RecordForm, status: int = 200) -> HttpResponse:
    fragment = is_fragment(request)
    rest = request.headers.get("X-Part", "").removeprefix("rest-") if fragment else ""
    if request.method == "GET" and rest.isascii() and rest.isdigit() and len(rest) < 4:
        section = form.unfolded(int(rest))
        return render(request, "ui/pages/form_rest.html", {"form": form, "section": section})
    if fragment and request.method == "GET":
        form.modal = True
    template = "ui/pages/form_body.html" if fragment else "ui/pages/form.html"
    return render(request, template, {"form": form}, status=status)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest, actor: Actor, type_key: str) -> HttpResponse:
    if request.method != "POST":
        return show_form(request, forms.blank(actor, type_key, request.GET))
    form = forms.posted(actor, type_key, None, request)
    saved = forms.save(form, request)
    if saved is None:
        return show_form(request, form, 422)
    text = _("已新建%(type)s：%(title)s") % {"type": form.type.label, "title": str(saved)}
    again = request.POST.get("_next") == "new"
    if form.modal and is_fragment(request):
        if again:
            fresh = forms.blank(actor, type_key, request.GET, modal=True)
            return announce(show_form(request, fresh), text)
        return announce(HttpResponse(status=204), text, close=True)
    if again:
        return go(request, reverse("create", args=[type_key]), text)
    return go(request, reverse("record", args=[type_key, saved.pk]), text)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, actor: Actor, type_key: str, pk: int) -> HttpResponse:
    if request.method != "POST":
        return show_form(request, forms.filled(actor, type_key, pk))
    form = forms.posted(actor, type_key, pk, request)
    saved = forms.save(form, request)
    if saved is None:
        return show_form(request, form, 409 if form.clashes else 422)
    undo = last_changeset(form.type, pk) if saved.version != form.version else None
    if form.modal and is_fragment(request):
        return announce(HttpResponse(status=204), _("已保存"), undo=undo, close=True)
    return go(request, reverse("record", args=[type_key, pk]), _("已保存"))


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def field(request: HttpRequest, actor: Actor, type_key: str, pk: int, name: str) -> HttpResponse:
    """One field edited in place, in a list's cell (?at=cell) or among a record's facts."""
    subject = Subject(actor, type_key, pk)
    if subject.levels.get(name, "hidden") == "hidden":
        raise UnknownField(type_key, name, ())
    if not subject.editable(name):
        raise access.Denied
    at = "cell" if request.GET.get("at") == "cell" else "fact"
    spec = subject.type.fields[name]
    if request.method != "POST":
        return show_field(request, subject, name, subject.row.get(name), at)
    typed = Typed.of(request.POST, [spec])
    base = forms.sent_base(request.POST.get("_base", ""), base_of([spec], subject.row))
    version = forms.sent_version(request.POST.get("_version", ""), int(subject.row["version"]))
    values = changed(typed, base)
    pair = base.get(name)
    plain = {name: pair[1]} if isinstance(pair, list) and len(pair) == 2 else {}
    try:
        saved = records.update(type_key, pk, values, by=actor, version=version, base=plain)
    except FieldErrors as error:
        message = error.errors.get(name) or " ".join(error.errors.values())
        return show_field(request, subject, name, typed.values.get(name), at, message)
    except Conflict as conflict:
        theirs = forms.told(forms.RecordForm(actor, subject.type, subject), name, conflict.fields[name][0])
        message = _("别人刚改成“%(value)s”。再次保存会改成您填写的值。") % {"value": theirs}
        return show_field(request, subject, name, typed.values.get(name), at, message)
    response = show_value(request, Subject(actor, type_key, pk), name, at)
    if saved.version == subject.row["version"]:
        return response
    return announce(response, _("已保存"), undo=last_changeset(subject.type, pk))


def show_field(
    request: HttpRequest, subject: Subject, name: str, value: Any, at: str, error: str = ""
) -> HttpResponse:
    spec = subject.type.fields[name]
    context = {
        "subject": subject,
        "control": control(subject.actor, subject.type, spec, value, level="edit", error=error),
        "base_json": json.dumps(base_of([spec], subject.row), ensure_ascii=False, default=str),
        "at": at,
        "url": f"{subject.url}/field/{name}?at={at}",
    }
    return render(request, "ui/pages/field_edit.html", context, status=422 if error else 200)


def show_value(request: HttpRequest, subject: Subject, name: str, at: str) -> HttpResponse:
    fact: Fact = subject.fact(subject.type.fields[name])
    return render(request, "ui/pages/field_value.html", {"subject": subject, "fact": fact, "at": at})


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, actor: Actor, type_key: str, pk: int) -> HttpResponse:
    """Asks once, with what hangs on the record and how to take it back; then to the recycle bin."""
    subject = Subject(actor, type_key, pk)
    if "delete" not in subject.abilities:
        raise access.Denied
    if request.method == "POST":
        records.delete(type_key, [pk], by=actor)
        text = _("已把“%(title)s”移到回收站，%(days)s 天内可以恢复") % {
            "title": subject.title,
            "days": KEEP_DAYS,
        }
        return go(request, subject.url, text)
    children, files = related.counted(actor, subject.type, pk, everything=True)
    context = {
        "subject": subject,
        "children": [child for child in children if child.many],
        "files": files,
        "days": KEEP_DAYS,
    }
    template = "ui/pages/delete_body.html" if is_fragment(request) else "ui/pages/delete.html"
    return render(request, template, context)


@signed_in
@require_POST
def restore(request: HttpRequest, actor: Actor, type_key: str, pk: int) -> HttpResponse:
    if not access.binned(actor, type_key).filter(pk=pk).exists():
        raise NotVisible
    records.restore(type_key, [pk], by=actor)
    return go(request, reverse("record", args=[type_key, pk]), _("已恢复"))


@signed_in
@require_POST
def undo(request: HttpRequest, actor: Actor, changeset: int) -> HttpResponse:
    """Takes a change set back. What somebody edited since is kept, and said."""
    report = records.undo(changeset, by=actor)
    text = undo_words(report)
    if wants_json(request):
        return JsonResponse({"message": text, "undone": report.undone, "kept": report.kept_count})
    return go(request, safe_back(request), text)


def undo_words(report: UndoReport) -> str:
    if report.kept:
        return _("已撤销 %(undone)s 处；%(kept)s 处后来又被改过，保持不变") % {
            "undone": report.undone, "kept": report.kept_count,
        }  # fmt: skip
    return _("已撤销")


def safe_back(request: HttpRequest) -> str:
    """The page that the person came from, if it is one of ours."""
    from django.utils.http import url_has_allowed_host_and_scheme

    back = request.headers.get("HX-Current-URL") or request.headers.get("Referer") or "/"
    return back if url_has_allowed_host_and_scheme(back, {request.get_host()}) else "/"


@signed_in
@require_POST
def reveal(request: HttpRequest, actor: Actor, type_key: str, pk: int, name: str) -> HttpResponse:
    """One masked value in full; that it was looked at is written down."""
    value = records.reveal(type_key, pk, name, by=actor)
    spec = get(type_key).field(name)
    seen, warn = records.revealed_today(actor)
    context = {"spec": spec, "text": spec.type.text(value, spec), "seen": seen if seen >= warn else 0}
    return render(request, "ui/pages/revealed.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def files(request: HttpRequest, actor: Actor, type_key: str, pk: int) -> HttpResponse:
    subject = Subject(actor, type_key, pk, columns=[get(type_key).title])
    error = ""
    if request.method == "POST":
        uploads = request.FILES.getlist("file")
        if not uploads:
            error = _("请选择要上传的文件")
        try:
            for upload in uploads:
                records.attach(type_key, pk, upload, by=actor)
        except FieldErrors as refused:
            error = refused.errors.get("file", "")
    context = {
        "subject": subject,
        "files": list(records.files_of(subject.type, pk, actor)[: records.MOST_FILES]),
        "error": error,
        "most": records.MOST_BYTES // 1024 // 1024,
    }
    if request.method == "POST" and not is_fragment(request):
        return go(request, f"{subject.url}?tab=files", error or _("已上传"))
    response = render(request, "ui/pages/files.html", context, status=422 if error else 200)
    return announce(response, _("已上传")) if request.method == "POST" and not error else response


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def file(request: HttpRequest, actor: Actor, type_key: str, pk: int, file_id: int) -> HttpResponseBase:
    """Downloads a file, always as an attachment and never as anything a browser would run; POST removes it."""
    if request.method == "POST":
        records.detach(type_key, pk, file_id, by=actor)
        return go(request, f"{reverse('record', args=[type_key, pk])}?tab=files", _("已删除文件"))
    stored = records.one_file(type_key, pk, file_id, by=actor)
    records.note_download(stored, type_key, pk, by=actor)
    response = FileResponse(
        records.location(stored).open("rb"),
        as_attachment=True,
        filename=stored.name,
        content_type="application/octet-stream",
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@signed_in
@require_POST
def act(request: HttpRequest, actor: Actor, type_key: str, pk: int, key: str) -> HttpResponse:
    """Runs one of the type's actions on the record."""
    object_type = get(type_key)
    action = next((one for one in object_type.actions if one.key == key), None)
    if action is None:
        raise QueryError("unknown_action", _("没有这个操作"), [one.key for one in object_type.actions])
    access.one(actor, object_type, pk, action.verb)
    text = str(action.run(actor, [pk]) or _("已完成"))
    return go(request, reverse("record", args=[type_key, pk]), text)
