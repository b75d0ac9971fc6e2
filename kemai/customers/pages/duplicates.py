"""查重: the queues of likely doubles side by side, and the question whether somebody is there already."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from kemai.customers.services import duplicate_check, duplicate_runs, duplicate_sources, duplicates
from kemai.customers.services.duplicate_sources import CUSTOMER
from kemai.customers.services.duplicates import Ask
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.jobs import status
from kemai.platform.objects import ObjectType
from kemai.platform.ui import addresses
from kemai.platform.ui.door import is_fragment, signed_in
from kemai.platform.ui.nav import forget_count
from kemai.platform.ui.records.answers import announce, go

BANDS = ("", "sure", "likely", "review")
STATES = ("open", "later", "distinct", "merged")
MOST_AFTER = 10_000


def wanted_type(request: HttpRequest, actor: Actor) -> ObjectType:
    """Raises NotVisible for what nobody looks for doubles of, Denied where the actor may change none."""
    params = request.GET if request.method == "GET" else request.POST
    found = duplicate_sources.source_of(params.get("type") or CUSTOMER).type
    access.require(actor, found, "edit")
    return found


def asked(request: HttpRequest, type_key: str) -> tuple[Ask, int]:
    params = request.GET if request.method == "GET" else request.POST
    after = params.get("after", "0")
    return (
        Ask(
            one_of(params.get("band", ""), BANDS),
            one_of(params.get("kind", ""), ("", "company", "person")),
            one_of(params.get("state", "open"), STATES),
            type_key,
        ),
        min(int(after), MOST_AFTER) if after.isascii() and after.isdigit() else 0,
    )


def one_of(text: str, known: tuple[str, ...]) -> str:
    return text if text in known else known[0]


def address(ask: Ask, after: int = 0, name: str = "duplicates") -> str:
    parts = {
        "type": "" if ask.type_key == CUSTOMER else ask.type_key,
        "band": ask.band,
        "kind": ask.kind,
        "state": "" if ask.state == "open" else ask.state,
        "after": after or "",
    }
    query = urlencode({key: value for key, value in parts.items() if value})
    return f"{reverse(name)}{'?' if query else ''}{query}"


@require_safe
@signed_in
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    object_type = wanted_type(request, actor)
    ask, after = asked(request, object_type.key)
    found, more = duplicates.page(actor, ask, after)
    sure = duplicates.sure_of(found)
    context: dict[str, Any] = {
        "type": object_type,
        "pairs": found,
        "ask": ask,
        **choices(actor, ask),
        "after": after,
        "next_url": address(ask, after + duplicates.PAGE) if more else "",
        "previous_url": address(ask, max(after - duplicates.PAGE, 0)) if after else "",
        "here": address(ask, after),
        "sure": len(sure) if ask.state == "open" else 0,
        "sure_url": address(ask, after, "duplicates_sure"),
        "fields": [spec for spec in duplicates.specs_of(actor, object_type) if spec.key != object_type.title],
        "run": duplicate_runs.latest(object_type.key),
        "may_run": duplicate_runs.may_run(actor, object_type.key),
        "equal": equal,
    }
    template = "customers/duplicate_pairs.html" if is_fragment(request) else "customers/duplicates.html"
    return render(request, template, context)


def choices(actor: Actor, ask: Ask) -> dict[str, list[tuple[str, Any, str]]]:
    """What one may look at instead, with the address of each."""
    bands = (_("全部"), _("几乎肯定（≥99%）"), _("很可能（95–99%）"), _("需要核对（75–95%）"))
    states = (_("待处理"), _("以后再看"), _("不是重复"), _("我合并的"))
    kinds = (("", _("全部")), ("company", _("企业")), ("person", _("个人")))
    return {
        "types": [
            (one.key, one.label, address(Ask(type_key=one.key))) for one in duplicate_sources.mine(actor)
        ],
        "bands": [
            (key, label, address(replace(ask, band=key))) for key, label in zip(BANDS, bands, strict=True)
        ],
        "states": [
            (key, label, address(replace(ask, state=key))) for key, label in zip(STATES, states, strict=True)
        ],
        "kinds": [(key, label, address(replace(ask, kind=key))) for key, label in kinds]
        if ask.type_key == CUSTOMER
        else [],
    }


def equal(one: Any, two: Any) -> bool:
    return str(one) == str(two)


@require_POST
@signed_in
def decide(request: HttpRequest, actor: Actor, pk: int, state: str) -> HttpResponse:
    """Not a double, later, open again: the pair goes, the next one is there."""
    duplicates.decide(actor, pk, state)
    forget_count("duplicates", actor)
    texts = {
        "distinct": _("已记为不是重复，以后不再提示"),
        "later": _("已放到以后再看"),
        "open": _("已放回待处理"),
    }
    return announce(HttpResponse(status=200), texts[state])


@require_POST
@signed_in
def merge(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """By the proposal, without a further question: it can be taken back from the toast."""
    changes = duplicates.merge_pair(actor, pk)
    forget_count("duplicates", actor)
    return announce(HttpResponse(status=200), _("已合并，按建议取了更完整的值"), undo=changes.pk)


@signed_in
def sure(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The sure ones of a page: first who would be merged into whom, then the merging."""
    object_type = wanted_type(request, actor)
    ask, after = asked(request, object_type.key)
    if request.method == "POST":
        keys = [int(one) for one in request.POST.getlist("pair") if one.isascii() and one.isdigit()]
        done, refused = duplicates.merge_many(actor, keys, object_type.key)
        forget_count("duplicates", actor)
        text = _("已合并 %(n)s 对") % {"n": done}
        if refused:
            text += "；" + _("%(n)s 对没有合并：%(why)s") % {"n": len(refused), "why": refused[0]}
        return go(request, address(Ask(type_key=object_type.key)), text)
    found = duplicates.sure_ones(actor, ask, after)
    return render(request, "customers/duplicate_sure.html", {"pairs": found, "type": object_type})


@require_POST
@signed_in
def start(request: HttpRequest, actor: Actor) -> HttpResponse:
    object_type = wanted_type(request, actor)
    job = duplicate_runs.start(actor, full=request.POST.get("full") == "1", type_key=object_type.key)
    context = {"job": job, "shown": status.shown(job), "type": object_type}
    return render(request, "customers/duplicate_job.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def check(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Is somebody there already? For everybody on the staff, answered as far as they may know. Asked by
    POST, since what is typed of a person has no place in an address."""
    typed = {key: request.POST.get(key, "").strip()[:200] for key in duplicate_check.ASKED}
    typed["kind"] = "company" if request.POST.get("kind", "company") == "company" else "person"
    something = any(value for key, value in typed.items() if key != "kind")
    filled = addresses.sealed({key: value for key, value in typed.items() if value})
    context = {
        "typed": typed,
        "asked": something,
        "found": duplicate_check.check(actor, typed) if something else (),
        "may_create": access.may(actor, "customer", "create"),
        "create_url": f"{reverse('create', args=('customer',))}?{filled}",
    }
    template = "customers/check_found.html" if is_fragment(request) else "customers/check.html"
    return render(request, template, context)


@require_GET
@signed_in
def finished(request: HttpRequest, actor: Actor) -> HttpResponse:
    object_type = wanted_type(request, actor)
    context: dict[str, Any] = {"run": duplicate_runs.latest(object_type.key), "type": object_type}
    context["here"] = address(Ask(type_key=object_type.key))
    return render(request, "customers/duplicate_done.html", context)
