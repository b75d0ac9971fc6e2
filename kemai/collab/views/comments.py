"""Comments on a record: the composer, answering, editing, deleting, attachments; who may be meant by @."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kemai.collab.models import Comment
from kemai.collab.services import comments, composing, people, talking
from kemai.collab.services.comments import Written
from kemai.kit.numbers import record_key
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.fields import listed
from kemai.platform.objects import UnknownObject, get
from kemai.platform.records import FieldErrors, sharing
from kemai.platform.ui.door import is_fragment, signed_in
from kemai.platform.ui.records.answers import announce, go


def chosen(request: HttpRequest) -> list[int]:
    """The people picked from the list after @."""
    found = (record_key(text) for text in request.POST.get("mentions", "").split(","))
    return [key for key in found if key is not None][:100]


def told(unseen: Sequence[tuple[int, str]], text: str) -> str:
    """What is said after saving: who was mentioned and could not be told."""
    if not unseen:
        return text
    names = listed(name for _key, name in unseen)
    return _("%(text)s。%(names)s 看不到这条记录，没有收到通知") % {"text": text, "names": names}


def untold(actor: Actor, comment: Comment, unseen: Sequence[tuple[int, str]]) -> dict[str, Any] | None:
    """Who was not told, and whether this person may let them read the record."""
    if not unseen:
        return None
    object_type, key = get(comment.type_key), comment.object_id
    may = sharing.shareable(object_type) and "share" in access.abilities(actor, object_type, key, ("share",))
    if may:
        reason = ""
    elif sharing.shareable(object_type):
        reason = access.why_not(actor, object_type, "share", key)
    else:
        reason = _("%(type)s不能单独共享，请共享它所属的记录") % {"type": object_type.label}
    return {
        "comment": comment, "people": unseen, "may": may, "reason": reason, "days": comments.SHARED_DAYS,
    }  # fmt: skip


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def on_record(request: HttpRequest, actor: Actor, type_key: str, pk: int) -> HttpResponse:
    """The composer; POST writes a comment, with `parent` an answer."""
    object_type = get(type_key)
    access.one(actor, object_type, pk)
    if request.method != "POST":
        typed = {"body": request.GET.get("body", "")[:10_000]}
        return composer(request, actor, type_key, pk, typed, {})
    parent = record_key(request.POST.get("parent", ""))
    typed = {"body": request.POST.get("body", ""), "mentions": request.POST.get("mentions", "")}
    try:
        written = comments.write(
            (type_key, pk), typed["body"], by=actor, parent=parent, chosen=chosen(request),
            uploads=request.FILES.getlist("file"),
        )  # fmt: skip
    except FieldErrors as error:
        if parent is not None:
            return reply_form(request, comments.one(parent, by=actor), typed, error.errors)
        return composer(request, actor, type_key, pk, typed, error.errors)
    text = told(written.unseen, _("评论已发表"))
    kind = "warning" if written.unseen else "success"
    if not is_fragment(request):
        return go(request, reverse("record", args=[type_key, pk]), text)
    if parent is not None:
        return say(one_thread(request, actor, written), text, kind)
    answer = composer(request, actor, type_key, pk, {}, {}, untold(actor, written.comment, written.unseen))
    return announce(answer, text, kind=kind)


def say(response: HttpResponse, text: str, kind: str) -> HttpResponse:
    """Only the thread has changed and is in the answer: the rest of the page, where somebody may be typing, stays."""
    response.headers["HX-Trigger"] = json.dumps({"toast": {"target": "body", "text": text, "kind": kind}})
    return response


def composer(
    request: HttpRequest,
    actor: Actor,
    type_key: str,
    pk: int,
    typed: dict[str, str],
    errors: dict[str, str],
    unseen: dict[str, Any] | None = None,
) -> HttpResponse:
    content = composing.comment(actor, get(type_key), pk, typed, errors)
    if content is None:
        raise access.Denied(_("您可以查看这条记录，但不能评论"))
    status = 422 if errors else 200
    return render(request, "collab/composer.html", {"content": content, "unseen": unseen}, status=status)


def one_thread(request: HttpRequest, actor: Actor, written: Written) -> HttpResponse:
    said = talking.thread(actor, written.comment.parent or written.comment)
    may = comments.may_comment(actor, said.comment.type_key, said.comment.object_id)
    unseen = untold(actor, written.comment, written.unseen)
    return render(
        request, "collab/thread.html", {"e": {"more": {"said": said, "may": may, "unseen": unseen}}}
    )


def reply_form(
    request: HttpRequest, comment: object, typed: dict[str, str], errors: dict[str, str]
) -> HttpResponse:
    context = {"comment": comment, "typed": typed, "errors": errors}
    return render(request, "collab/reply.html", context, status=422 if errors else 200)


@signed_in
@require_safe
def reply(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    comment = comments.one(pk, by=actor)
    at = f"@{comment.author_name} " if comment.author_id not in {None, actor.user_id} else ""
    typed = {"body": at, "mentions": str(comment.author_id or "")}
    return reply_form(request, comment, typed, {})


@signed_in
@require_safe
def thread(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """A thread as it stands: also how an unfinished edit is left."""
    comment = comments.one(pk, by=actor)
    return one_thread(request, actor, Written(comment, ()))


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    comment = comments.own(pk, by=actor)
    typed = {"body": comment.body, "mentions": ",".join(str(key) for key, _name in comment.mentions)}
    if request.method != "POST":
        context = {"comment": comment, "typed": typed, "errors": {}}
        return render(request, "collab/comment_edit.html", context)
    try:
        written = comments.edit(pk, request.POST.get("body", ""), by=actor, chosen=chosen(request))
    except FieldErrors as error:
        context = {
            "comment": comment,
            "typed": {"body": request.POST.get("body", "")},
            "errors": error.errors,
        }
        return render(request, "collab/comment_edit.html", context, status=422)
    response = one_thread(request, actor, written)
    return say(response, told(written.unseen, _("已保存")), "warning" if written.unseen else "success")


@signed_in
@require_POST
def share(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Lets one of those who were not told read the record, and tells them."""
    user = record_key(request.POST.get("user", ""))
    if user is None:
        raise access.NotVisible
    comment, name = comments.share_with(pk, user, by=actor)
    text = _("%(name)s 可以查看这条记录 %(n)s 天，已通知") % {"name": name, "n": comments.SHARED_DAYS}
    if not is_fragment(request):
        return go(request, reverse("record", args=[comment.type_key, comment.object_id]), text)
    return announce(HttpResponse(""), text)


@signed_in
@require_POST
def delete(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    comment = comments.delete(pk, by=actor)
    url = reverse("record", args=[comment.type_key, comment.object_id])
    if not is_fragment(request):
        return go(request, url, _("评论已删除"))
    return announce(HttpResponse(status=204), _("评论已删除"))


@signed_in
@require_safe
def file(request: HttpRequest, actor: Actor, pk: int, file_id: int) -> HttpResponseBase:
    """An attachment, always as a download and never as anything a browser would run."""
    stored, path = comments.file_of(pk, file_id, by=actor)
    response = FileResponse(
        path.open("rb"), as_attachment=True, filename=stored.name, content_type="application/octet-stream"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@signed_in
@require_safe
def mention_options(request: HttpRequest, actor: Actor) -> HttpResponse:
    """People whose name, pinyin or initials fit; those who may not see the record say so."""
    type_key, key = request.GET.get("type", ""), record_key(request.GET.get("id", ""))
    about = None
    if key is not None:
        try:
            access.one(actor, get(type_key), key)
            about = (type_key, key)
        except UnknownObject:
            raise access.NotVisible from None
    found = people.offers(request.GET.get("q", "")[:40], about)
    rows = [
        {"id": one.id, "name": one.name, "detail": one.detail, "sees": one.sees}
        for one in found
        if one.id != actor.user_id
    ]
    return JsonResponse({"people": rows})
