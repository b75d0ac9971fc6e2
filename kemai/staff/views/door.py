"""What the pages of this app share."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from kemai.platform.access import NotVisible
from kemai.platform.records import FieldErrors
from kemai.platform.ui.door import admin_page
from kemai.staff.models import User

M = TypeVar("M", bound=models.Model)
__all__ = ["admin_page", "found", "refused_form", "user_of"]


def found(rows: models.QuerySet[M], key: int) -> M:
    """Raises NotVisible (404)."""
    row = rows.filter(pk=key).first() if 0 < key < 2**63 else None
    if row is None:
        raise NotVisible
    return row


def user_of(request: HttpRequest) -> User:
    return cast(User, request.user)


def refused_form(
    request: HttpRequest, template: str, context: dict[str, Any], error: FieldErrors
) -> HttpResponse:
    """The form again, with what was typed and what is wrong with it."""
    return render(request, template, {**context, "errors": error.errors}, status=422)
