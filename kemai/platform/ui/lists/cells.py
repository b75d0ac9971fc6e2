"""The cells of a table, made ready in one pass: the template only writes them down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from kemai.kit import regions
from kemai.platform.access import Masked
from kemai.platform.fields import FieldSpec, Ref, listed
from kemai.platform.objects import ObjectType, get, meta_version

PALETTE = ("blue", "teal", "purple", "orange", "green", "pink", "indigo", "azure", "yellow", "red")
TAGS_SHOWN = 2
LONG = 80


class Cell(NamedTuple):
    """`kind` names the branch of the template; `a` and `b` are what that branch needs besides the text."""

    kind: str
    text: str = ""
    a: Any = ""
    b: Any = ""


NONE = Cell("none")
Maker = Callable[[Any], Cell]


def maker(object_type: ObjectType, spec: FieldSpec) -> Maker:
    """How values of a field are shown, in the language of the moment."""
    if spec.own is not None and spec.own.computed and spec.own.broken:
        cell = Cell("badge", _("定义有误"), "red")
        return lambda _value: cell
    inner = cached_maker(object_type.key, spec.key, get_language() or "", meta_version())

    def make(value: Any) -> Cell:
        if value in (None, "", []):
            return NONE
        if isinstance(value, Masked):
            return Cell("masked", str(value))
        return inner(value)

    return make


@lru_cache(maxsize=4000)
def cached_maker(type_key: str, field: str, language: str, version: str) -> Maker:
    spec = get(type_key).fields[field]
    build = MAKERS.get(spec.type.key, text_maker)
    return build(spec)


def text_maker(spec: FieldSpec) -> Maker:
    def make(value: Any) -> Cell:
        text = spec.type.text(value, spec)
        return Cell("long", text[:LONG] + "…", text[:500]) if len(text) > LONG else Cell("text", text)

    return make


def choice_maker(spec: FieldSpec) -> Maker:
    made = {option.value: Cell("badge", str(option.label), option.color) for option in spec.options}
    return lambda value: made.get(value) or Cell("badge", str(value), "gray")


def choices_maker(spec: FieldSpec) -> Maker:
    made = {option.value: (str(option.label), option.color) for option in spec.options}
    return lambda value: pills([made.get(one, (str(one), "gray")) for one in value])


def tags_maker(spec: FieldSpec) -> Maker:
    def make(value: Sequence[Any]) -> Cell:
        return pills(
            [
                (one.title, getattr(one, "color", "gray")) if isinstance(one, Ref) else (str(one), "gray")
                for one in value
            ]
        )

    return make


def pills(items: Sequence[tuple[str, str]]) -> Cell:
    rest = items[TAGS_SHOWN:]
    return Cell("pills", listed(label for label, _color in rest), items[:TAGS_SHOWN], len(rest))


def number_maker(spec: FieldSpec) -> Maker:
    return lambda value: Cell("neg" if value < 0 else "num", spec.type.text(value, spec))


def money_maker(spec: FieldSpec) -> Maker:
    sign = "" if spec.bare else "¥ "
    return lambda value: (
        Cell("num", f"{sign}{value:,.2f}") if value >= 0 else Cell("neg", f"−{sign}{-value:,.2f}")
    )


def boolean_maker(spec: FieldSpec) -> Maker:
    yes, no = Cell("yes", _("是")), Cell("no", _("否"))
    return lambda value: yes if value else no


NEAR, COMING = 3, 7
"""Days left from which on a deadline is red, and orange."""


def date_maker(spec: FieldSpec) -> Maker:
    zone = timezone.get_default_timezone()
    if spec.month:
        return lambda value: Cell("date", f"{value:%Y-%m}", value.isoformat())

    def make(value: date) -> Cell:
        iso = value.isoformat()
        left = (value - timezone.localdate(timezone=zone)).days if spec.deadline else COMING + 1
        if left > COMING:
            return Cell("date", iso, iso)
        return Cell("badge", iso, "red" if left <= NEAR else "orange")

    return make


def moment_maker(spec: FieldSpec) -> Maker:
    zone = timezone.get_default_timezone()

    def make(value: datetime) -> Cell:
        local = value.astimezone(zone)
        text = local.isoformat(" ", "minutes")[:16]
        return Cell("time", text[:10], local.isoformat(), text)

    return make


def region_maker(spec: FieldSpec) -> Maker:
    language = "en" if get_language() == "en" else "zh"
    return lambda value: region_cell(value, language)


@lru_cache(maxsize=8000)
def region_cell(code: str, language: str) -> Cell:
    if not regions.is_known(code):
        return Cell("text", code)
    return Cell("text", regions.path(code, "en") if language == "en" else regions.short_path(code))


def person_maker(spec: FieldSpec) -> Maker:
    return lambda value: person(value.title)


@lru_cache(maxsize=4000)
def person(name: str) -> Cell:
    return Cell("person", name, name[:1].upper() or "?", avatar_color(name or "?"))


def avatar_color(name: str) -> str:
    """The same colour as the `avatar` macro gives: a person looks alike everywhere."""
    coded = quote(name, safe="/").lower()
    seed = len(name) * 7 + len(quote(name, safe="/")) * 3
    seed += "abcdefghijklmnopqrstuvwxyz0123456789".find(coded[-1:])
    seed += 2 * "0123456789abcdef".find(coded[-2:-1] or "0")
    return PALETTE[seed % 10]


def reference_maker(spec: FieldSpec) -> Maker:
    if not spec.ref or not get(spec.ref).nav:
        return lambda value: Cell("text", value.title)
    path = reverse("list", args=(spec.ref,))
    return lambda value: Cell("ref", value.title or f"#{value.id}", f"{path}{value.id}")


def references_maker(spec: FieldSpec) -> Maker:
    return lambda value: pills([(one.title or f"#{one.id}", "gray") for one in value])


def lines_maker(spec: FieldSpec) -> Maker:
    return lambda value: Cell(
        "long",
        ngettext("%(n)s 行", "%(n)s 行", len(value)) % {"n": len(value)},
        spec.type.text(value, spec)[:500],
    )


def file_maker(spec: FieldSpec) -> Maker:
    return lambda value: Cell("text", value.title)


def phone_maker(spec: FieldSpec) -> Maker:
    return lambda value: Cell("link", spec.type.text(value, spec), f"tel:{value.partition(';')[0]}")


def email_maker(spec: FieldSpec) -> Maker:
    return lambda value: Cell("link", value, f"mailto:{value}")


def url_maker(spec: FieldSpec) -> Maker:
    def make(value: str) -> Cell:
        safe = value.startswith(("https://", "http://"))
        return Cell("outside", value.partition("://")[2][:60], value) if safe else Cell("text", value)

    return make


MAKERS: dict[str, Callable[[FieldSpec], Maker]] = {
    "choice": choice_maker,
    "computed": lambda spec: choice_maker(spec) if spec.options else text_maker(spec),
    "multi_choice": choices_maker,
    "tags": tags_maker,
    "number": number_maker,
    "whole": number_maker,
    "percent": number_maker,
    "money": money_maker,
    "boolean": boolean_maker,
    "date": date_maker,
    "datetime": moment_maker,
    "region": region_maker,
    "user": person_maker,
    "reference": reference_maker,
    "department": file_maker,
    "file": file_maker,
    "image": file_maker,
    "multi_reference": references_maker,
    "sub_table": lines_maker,
    "phone": phone_maker,
    "email": email_maker,
    "url": url_maker,
}

__all__ = ["NONE", "Cell", "avatar_color", "maker"]
