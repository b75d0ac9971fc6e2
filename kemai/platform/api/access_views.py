"""Who sees a record and by which grant, for programs."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.api.answers import answer
from kemai.platform.api.auth import door
from kemai.platform.objects import VERBS, get


@require_http_methods(["GET"])
@door
def record_access(request: HttpRequest, actor: Actor, type_key: str, key: int) -> HttpResponse:
    """{"verbs": {verb: {"allowed", "causes", "reason"}}, "people": [{"id", "name", "edits", "causes"}]}"""
    object_type = get(type_key)
    access.one(actor, object_type, key)
    if actor.source == "api":
        access.require(actor, object_type, "api")
    told = access.explain(actor, object_type, key, VERBS)
    verbs = {
        verb: {
            "allowed": told is not None and verb in told.causes,
            "causes": [cause.text for cause in (told.causes.get(verb, ()) if told else ())],
            "reason": told.refusals.get(verb, "") if told else "",
        }
        for verb in VERBS
    }
    people = [
        {"id": one.id, "name": one.name, "edits": one.edits, "causes": [cause.text for cause in one.causes]}
        for one in access.seers(object_type, key)
    ]
    return answer({"verbs": verbs, "people": people})
