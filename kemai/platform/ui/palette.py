"""The command palette: records by any of their names, actions, pages, saved lists."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kemai.kit import pinyin
from kemai.platform import access, search
from kemai.platform.access import Actor, reading
from kemai.platform.objects import all_types, get
from kemai.platform.ui import nav, shell
from kemai.platform.ui.door import signed_in
from kemai.platform.ui.lists import views_of_lists

HITS = 12
LINES = 6
Item = dict[str, Any]


@require_POST
@signed_in
def index(request: HttpRequest, actor: Actor) -> JsonResponse:
    """{"groups": [{"label", "items": [{"label", "sub", "url", "icon", "kind", "modal"}]}]}"""
    text = " ".join(request.POST.get("q", "").split())[:100]
    groups = [
        {"label": _("找到的记录"), "items": records(actor, text) if text else []},
        {"label": _("操作"), "items": fitting(actions(actor), text)[:LINES]},
        {"label": _("页面"), "items": fitting(pages(actor), text)[: LINES + 4]},
        {"label": _("视图"), "items": fitting(views(actor), text)[:LINES] if text else []},
    ]
    return JsonResponse({"groups": [group for group in groups if group["items"]]})


def records(actor: Actor, text: str) -> list[Item]:
    found = []
    for hit in search.everything(actor, text, HITS):
        object_type = get(hit.type_key)
        reading.shown(hit.type_key, [hit.id])
        url = nav.address("record", hit.type_key, hit.id)
        if object_type.nav and url:
            found.append(item(hit.title or f"#{hit.id}", url, object_type.icon, str(object_type.label)))
    return found


def item(label: str, url: str, icon: str, sub: str = "", kind: str = "", words: str = "") -> Item:
    return {
        "label": label,
        "sub": sub,
        "url": url,
        "icon": icon,
        "kind": kind,
        "modal": False,
        "words": words,
    }


def actions(actor: Actor) -> list[Item]:
    found = [
        item(_("新建%(name)s") % {"name": one["label"]}, one["url"], "plus", kind="action")
        for one in shell.quick(actor, access.version_of(actor), get_language() or "")
    ]
    for object_type in all_types():
        address = (
            nav.address("import_new", object_type.key) if object_type.importable and object_type.nav else ""
        )
        if address and access.may(actor, object_type, "import"):
            found.append(
                item(_("导入%(name)s") % {"name": object_type.label}, address, "upload", kind="action")
            )
    found.append(item(_("后台任务"), reverse("jobs"), "clock", kind="action"))
    if shell.sets_something(shell.groups_of(actor)):
        found.append(item(_("设置"), reverse("settings"), "settings", kind="action"))
    return found


def pages(actor: Actor) -> list[Item]:
    words = {page.key: str(page.words) for page in nav.pages(actor)}
    return [
        item(one["label"], one["url"], one["icon"], label, words=words.get(one["key"], ""))
        for _key, label, items in shell.groups_of(actor)
        for one in items
    ]


def views(actor: Actor) -> list[Item]:
    found = []
    for object_type in all_types():
        if not object_type.nav or not access.may(actor, object_type, "view"):
            continue
        path = reverse("list", args=(object_type.key,))
        found += [
            item(view.label, f"{path}?view={view.key}", object_type.icon, str(object_type.label))
            for view in views_of_lists.of_type(actor, object_type)[1:]
        ]
    return found


def fitting(items: list[Item], text: str) -> list[Item]:
    """Those that the text is a part of, also by pinyin and initials; the words themselves are not sent."""
    wanted = text.lower().replace(" ", "")
    shown = [one for one in items if not wanted or any(wanted in word for word in spellings(one))]
    return [{key: value for key, value in one.items() if key != "words"} for one in shown]


def spellings(one: Item) -> list[str]:
    text = f"{one['label']}{one['words']}".lower().replace(" ", "")
    syllables = pinyin.syllables(text)
    return [text, "".join(syllables), "".join(syllable[:1] for syllable in syllables)]
