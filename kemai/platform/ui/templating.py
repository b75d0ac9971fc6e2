"""The Jinja2 environment of our pages."""

from __future__ import annotations

from typing import Any

from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from jinja2 import Environment, StrictUndefined

from kemai.platform.ui import cells


def url(name: str, *args: object, **kwargs: object) -> str:
    return reverse(name, args=args, kwargs=kwargs) if not (args and kwargs) else reverse(name, args=args)


def environment(**options: Any) -> Environment:
    options["undefined"] = StrictUndefined
    options["extensions"] = ["jinja2.ext.i18n", "jinja2.ext.loopcontrols"]
    options["trim_blocks"] = options["lstrip_blocks"] = True
    env = Environment(**options)  # noqa: S701 - Django's backend passes autoescape=True
    env.install_gettext_callables(  # type: ignore[attr-defined]
        translation.gettext, translation.ngettext, newstyle=False, pgettext=translation.pgettext
    )
    env.globals.update(
        url=url, static=static, language=translation.get_language, cell_text=cells.text, now=cells.now
    )
    env.filters.update(
        money=cells.money, compact=cells.compact, number=cells.number, percent=cells.percent, day=cells.day,
        moment=cells.moment, ago=cells.ago, json=cells.to_json,
    )  # fmt: skip
    return env
