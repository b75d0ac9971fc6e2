"""The Jinja2 environment of our pages."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from jinja2 import Environment, Undefined
from jinja2.utils import missing
from markupsafe import Markup

from kemai.platform.fields import read_out
from kemai.platform.objects import many
from kemai.platform.ui import addresses, cells


@lru_cache(maxsize=500)
def asset(path: str) -> str:
    """The address of a built file. It names the file's moment, so that browsers may keep it for a year."""
    found = finders.find(path)
    stamp = f"?v={int(Path(found).stat().st_mtime):x}" if isinstance(found, str) else ""
    return static(path) + stamp


@lru_cache(maxsize=20_000)
def url(name: str, *args: object, **kwargs: object) -> str:
    """A page asks for some dozens of addresses, the same ones again and again."""
    return reverse(name, args=args, kwargs=kwargs) if not (args and kwargs) else reverse(name, args=args)


@lru_cache(maxsize=20_000)
def translated(language: str | None, text: str) -> str:
    """A page asks some hundreds of times for words that never change while the process lives."""
    return translation.gettext(text)


def gettext(text: str) -> str:
    return translated(translation.get_language(), text)


_fragments: dict[tuple[Any, ...], Markup] = {}


def kept(*key: Any, caller: Any) -> Markup:
    """A piece of a page that is the same for everybody with the same key, written once a process:
    `{% call kept_part("nav", shell.slot) %}…{% endcall %}`. Nothing of a request may stand in it (no CSRF token)."""
    slot = (translation.get_language(), *key)
    found = _fragments.get(slot)
    if found is None:
        if len(_fragments) > 1000:
            _fragments.clear()
        found = _fragments[slot] = cells.written(caller())
    return found


class Absent(Undefined):
    """A name that the context lacks is a mistake and fails; a key that a mapping leaves out is just nothing."""

    def _check(self) -> None:
        if self._undefined_obj is missing:
            self._fail_with_undefined_error()

    def __str__(self) -> str:
        self._check()
        return ""

    def __bool__(self) -> bool:
        self._check()
        return False

    def __iter__(self) -> Iterator[Any]:
        self._check()
        return iter(())

    def __len__(self) -> int:
        self._check()
        return 0


def environment(**options: Any) -> Environment:
    options["undefined"] = Absent
    options["extensions"] = ["jinja2.ext.i18n", "jinja2.ext.loopcontrols"]
    options["trim_blocks"] = options["lstrip_blocks"] = True
    env = Environment(**options)  # noqa: S701 - Django's backend passes autoescape=True
    env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext, translation.ngettext, newstyle=False, pgettext=translation.pgettext
    )
    env.globals.update(
        url=url, address=addresses.at, static=asset, language=translation.get_language, cell_text=cells.text,
        now=cells.now, kept_part=kept,
    )  # fmt: skip
    env.filters.update(
        money=cells.money, compact=cells.compact, number=cells.number, percent=cells.percent, day=cells.day,
        moment=cells.moment, month_name=cells.month_name, localtime=cells.local, ago=cells.ago, json=cells.to_json,
        read_out=read_out, many=many,
    )  # fmt: skip
    return env
