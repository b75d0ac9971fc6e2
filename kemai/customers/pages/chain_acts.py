"""What is done from the chain sheet: starting a play, taking it back, freezing a month."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kemai.collab.models import Task
from kemai.customers.models import ChainMonth, CustomerFacts
from kemai.customers.pages.chain import wanted_of
from kemai.customers.services import chain, chain_months, chain_plays
from kemai.customers.services.chain_defaults import Step
from kemai.customers.services.chain_plays import Wish
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.records import FieldErrors, Refused
from kemai.platform.ui.door import signed_in
from kemai.platform.ui.records.answers import announce, go

STEPS = 5


@require_http_methods(["GET", "POST"])
@signed_in
def play(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The form of a play; sent, its preview; sent with `go`, the play itself."""
    access.require(actor, "task", "create")
    access.require(actor, "customer", "edit")
    wanted = wanted_of(request)
    row = chain.sheet(actor).row(wanted.value_class)
    context: dict[str, Any] = {
        "row": row,
        "wanted": wanted,
        "errors": {},
        "preview": None,
        "url": reverse("chain_play"),
    }
    if request.method == "GET":
        steps = [Step(**step) for step in row.strategy.play] if row.strategy else []
        context["wish"] = Wish(wanted.value_class, tuple(steps), timezone.localdate())
        return render(request, "customers/chain_play.html", context | form_parts(context["wish"], row))
    try:
        wish = context["wish"] = posted(request)
        if request.POST.get("go"):
            return started(request, actor, wish, row)
        context["preview"] = chain_plays.preview(actor, wish)
    except FieldErrors as error:
        context["errors"] = error.errors
        context.setdefault("wish", Wish(wanted.value_class, (), timezone.localdate()))
    except Refused as error:
        context["errors"] = {"": error.message}
    status = 422 if context["errors"] else 200
    return render(
        request, "customers/chain_play.html", context | form_parts(context["wish"], row), status=status
    )


def form_parts(wish: Wish, row: chain.SheetRow) -> dict[str, object]:
    """The steps, with empty lines to fill in, and the kinds they may have."""
    blank = Step("", "todo")
    steps = [*wish.steps, *([blank] * STEPS)][: max(STEPS, len(wish.steps))]
    kinds = [{"value": one.value, "label": str(one.label)} for one in Task.KINDS]
    return {"steps": steps, "kinds": kinds}


def posted(request: HttpRequest) -> Wish:
    """Raises FieldErrors for what is no number or no date."""
    post = request.POST
    wanted = wanted_of(request)
    errors: dict[str, str] = {}

    def number(name: str, default: int) -> int:
        text = post.get(name, str(default)).strip()
        if text.isascii() and text.isdigit() and len(text) < 9:
            return int(text)
        errors[name] = _("请填写整数")
        return default

    try:
        start = date.fromisoformat(post.get("start", ""))
    except ValueError:
        errors["start"] = _("请填写日期")
        start = timezone.localdate()
    titles, kinds, afters = (post.getlist(name) for name in ("title", "kind", "after"))
    steps = []
    for title, kind, after in zip(titles, kinds, afters, strict=False):
        if title.strip():
            days = int(after) if after.isascii() and after.isdigit() and len(after) < 5 else -1
            steps.append(Step(title.strip(), kind, days if after.strip() else 0))
    wish = Wish(
        wanted.value_class,
        tuple(steps),
        start,
        number("per_day", 20),
        number("first", 200),
        wanted.owner,
        wanted.activity,
        post.get("skip_busy") == "1",
    )
    if errors:
        raise FieldErrors(errors)
    return wish


def started(request: HttpRequest, actor: Actor, wish: Wish, row: chain.SheetRow) -> HttpResponse:
    if request.POST.get("keep") and row.strategy is not None:
        chain_plays.set_steps(actor, row.strategy, wish.steps)
    made = chain_plays.start(actor, wish)
    job = chain_plays.job_of(made)
    if job is not None:
        return render(request, "customers/chain_play_job.html", {"job": job, "play": made})
    text = _("已给 %(customers)s 位客户建立 %(tasks)s 个任务") % {
        "customers": made.customers,
        "tasks": made.tasks,
    }
    return refreshed(announce(HttpResponse(status=204), text, undo=made.changeset_id, close=True))


def refreshed(response: HttpResponse) -> HttpResponse:
    """The sheet's parts fetch themselves anew."""
    response.headers["HX-Trigger"] = (
        response.headers["HX-Trigger"][:-1] + ', "chain:changed": {"target": "body"}}'
    )
    return response


@require_GET
@signed_in
def plays(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The last plays, fetched anew after one was started or taken back."""
    return render(request, "customers/chain_plays.html", {"plays": chain_plays.recent(actor)})


@require_POST
@signed_in
def take_back(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    report = chain_plays.take_back(actor, pk)
    text = _("已撤销：%(n)s 个任务进了回收站") % {"n": report.undone}
    if report.kept:
        text += _("，%(n)s 个已有人处理，保留不动") % {"n": len(report.kept)}
    return refreshed(announce(HttpResponse(status=204), text))


# ── frozen months ──


@require_GET
@signed_in
def months(request: HttpRequest, actor: Actor) -> HttpResponse:
    """A frozen copy beside another one, by default the one before it."""
    copies = chain_months.months(actor)
    copy = of_month(copies, request.GET.get("month", "")) or (copies[0] if copies else None)
    other = of_month(copies, request.GET.get("with", ""))
    if other is None and copy is not None and "with" not in request.GET:
        other = chain_months.previous(copies, copy)
    context = {
        "copies": copies,
        "copy": copy,
        "other": other,
        "rows": chain_months.compared(copy, other) if copy else [],
        "may_freeze": chain_months.may_freeze(actor),
        "trend": trend(copies),
    }
    return render(request, "customers/chain_months.html", context)


def of_month(copies: list[ChainMonth], text: str) -> ChainMonth | None:
    return next((one for one in copies if f"{one.month:%Y-%m}" == text), None)


def trend(copies: list[ChainMonth]) -> dict[str, object] | None:
    """The sizes of the classes over the frozen months; None before there are two."""
    if len(copies) < 2:
        return None
    ordered = copies[::-1][-24:]
    options = [one for one in CustomerFacts.CLASSES if one.value != "none"]
    sizes = [{row["value_class"]: row["customers"] for row in one.rows} for one in ordered]
    return {
        "type": "line",
        "title": _("各类客户数的变化"),
        "unit": _("位"),
        "x": [f"{one.month:%Y-%m}" for one in ordered],
        "series": [
            {
                "name": str(option.label),
                "color": option.color,
                "data": [size.get(option.value) for size in sizes],
            }
            for option in options
        ],
    }


@require_POST
@signed_in
def freeze(request: HttpRequest, actor: Actor) -> HttpResponse:
    copy = chain_months.freeze(actor)
    text = _("%(month)s 的客户链管理表已留存") % {"month": f"{copy.month:%Y-%m}"}
    return go(request, f"{reverse('chain_months')}?month={copy.month:%Y-%m}", text)
