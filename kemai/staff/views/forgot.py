"""Forgotten passwords: whoever asks gets the same answer; a link goes to the address on file, if there is one."""

from __future__ import annotations

from allauth.core import ratelimit
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from kemai.platform import events

LONGEST = 200


@require_http_methods(["GET", "POST"])
def forgot(request: HttpRequest) -> HttpResponse:
    """Nothing is looked up here: neither the words nor the time tell whether there is such an account."""
    who = request.POST.get("login", "").strip()[:LONGEST]
    if request.method != "POST" or not who:
        return render(request, "staff/forgot.html", {"asked": False})
    if not ratelimit.consume(request, action="reset_password", key=who.casefold()):
        return render(request, "429.html", status=429)
    events.emit("staff.forgot", "staff", payload={"who": who})
    return render(request, "staff/forgot.html", {"asked": True})
