"""What stands around every page: navigation, quick create, notices, the person's menu. Worked out when it is shown."""

from __future__ import annotations

from base64 import b64encode
from functools import cached_property, lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kemai.kit.english import plural
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.fields import Label
from kemai.platform.objects import all_types, meta_version
from kemai.platform.ui import live, nav
from kemai.platform.ui.door import actor_of
from kemai.platform.ui.lists import views_of_lists
from kemai.platform.ui.nav import Notices, notices

Item = dict[str, Any]
Groups = tuple[tuple[str, str, tuple[Item, ...]], ...]
"""(key, label, items) of each group of the side bar."""
HOME_PAGES = ("today", "home")
UNREAD = "unread"


def context(request: HttpRequest) -> dict[str, Any]:
    """The context processor: `shell` (None for strangers) and `actor`."""
    actor = actor_of(request)
    return {"shell": None if actor is None else Shell(request, actor), "actor": actor}


class Shell:
    """Read by ui/shell.html; a fragment that does not show it pays nothing for it."""

    logout_url = property(lambda self: nav.address("account_logout"))
    palette_url = property(lambda self: nav.address("palette"))
    prefs_url = property(lambda self: nav.address("prefs"))
    emergency_end_url = property(lambda self: nav.address("emergency_end"))
    home_url = "/"

    def __init__(self, request: HttpRequest, actor: Actor) -> None:
        self.request = request
        self.actor = actor

    @cached_property
    def company(self) -> str:
        return _("客脉")

    @cached_property
    def version(self) -> str:
        return product_version()

    @property
    def draft_key(self) -> str:
        """What the browser seals drafts with: the person's own, known to the pages of their sessions alone."""
        mine = salted_hmac("kemai.drafts", str(self.request.user.pk), algorithm="sha256")
        return b64encode(mine.digest()).decode()

    @property
    def session_idle(self) -> int:
        """Seconds after which the page empties itself if nobody does anything."""
        return self.request.session.get_expiry_age()

    @cached_property
    def user(self) -> Item:
        user: Any = self.request.user
        return {
            "id": user.pk,
            "name": str(user),
            "theme": user.theme,
            "density": "compact" if user.density == "compact" else "cozy",
            "language": get_language() or "zh-hans",
            "links": [
                {"label": str(link.label), "icon": link.icon, "url": nav.address(link.url_name)}
                for link in nav.user_links()
            ],
        }

    @property
    def emergency_until(self) -> str:
        """'' where none is running."""
        until = self.actor.emergency_until
        return f"{timezone.localtime(until, timezone.get_default_timezone()):%H:%M}" if until else ""

    @cached_property
    def groups(self) -> Groups:
        return groups_of(self.actor)

    @cached_property
    def slot(self) -> tuple[Any, ...]:
        """What decides how the shell looks, but for counts and saved views."""
        return (*cache_key(self.actor), access.version_of(self.actor), self.here)

    @cached_property
    def nav_slot(self) -> tuple[Any, ...]:
        """What decides how the side bar looks: pages whose slots are equal share its text."""
        shown = [item for group in self.nav for item in group["items"]]
        counts = tuple(item["count"] for item in shown if item["count"])
        views = tuple(
            (view["url"], view["label"], view["active"]) for item in shown for view in item["views"]
        )
        return (*self.slot, self.in_settings, self.at_settings, counts, views)

    @cached_property
    def nav(self) -> list[Item]:
        """The groups of the area that the page stands in: the settings are one of their own."""
        here = self.here
        return [
            {"key": key, "label": label, "items": [self.item(item, item["key"] == here) for item in items]}
            for key, label, items in self.groups
            if key.startswith(nav.SETTINGS) is self.in_settings
        ]

    @cached_property
    def in_settings(self) -> bool:
        here = self.here
        of_here = (key for key, _label, items in self.groups for one in items if one["key"] == here)
        return self.at_settings or next(of_here, "").startswith(nav.SETTINGS)

    @cached_property
    def settings_url(self) -> str:
        """'' for those who have nothing to set."""
        return nav.address("settings") if sets_something(self.groups) else ""

    @property
    def at_settings(self) -> bool:
        return self.request.path == self.settings_url

    @property
    def shortcuts(self) -> dict[str, str]:
        """Where `g` and a letter lead, by the key of the page: also to what this area's side bar does not show."""
        return {item["key"]: item["url"] for _key, _label, items in self.groups for item in items}

    @cached_property
    def here(self) -> str:
        """The key of the item whose address is the longest beginning of this page's."""
        path = self.request.path
        fitting = [i for _key, _label, items in self.groups for i in items if is_under(path, i["url"])]
        return max(fitting, key=lambda i: len(i["url"]))["key"] if fitting else ""

    def item(self, item: Item, active: bool) -> Item:
        shown = {**item, "active": active, "views": ()}
        if item["count_by"] is not None:
            shown["count"] = nav.counted(item["key"], self.actor, item["count_by"])
        if active and item["type"]:
            current = self.request.GET.get("view", "")
            shown["views"] = [
                {"label": view.label, "url": view.url, "active": view.key == current}
                for view in views_of_lists.pinned(self.actor, item["type"])
            ]
        return shown

    @cached_property
    def counts_url(self) -> str:
        """Where this page has its counts taken anew after it is there; '' while they are young."""
        counted = [one["key"] for group in self.nav for one in group["items"] if one["count_by"] is not None]
        old = any(nav.is_old(key, self.actor) for key in (*counted, *([UNREAD] if self.bell else ())))
        return nav.address("nav_counts") if old else ""

    @cached_property
    def quick_create(self) -> list[Item]:
        return quick(self.actor, access.version_of(self.actor), get_language() or "")

    @property
    def customers_url(self) -> str:
        return nav.address("list", "customer")

    @cached_property
    def bottom(self) -> list[Item]:
        """The bar of a phone: today, customers."""
        items = {i["key"]: i for _key, _label, group in self.groups for i in group}
        today = next((items[key] for key in HOME_PAGES if key in items), None)
        found = [{**today, "label": _("今日")}] if today else []
        if "customer" in items:
            found.append(items["customer"])
        return [{**item, "active": item["key"] == self.here} for item in found]

    @cached_property
    def bell(self) -> Notices | None:
        return notices()

    @property
    def live_url(self) -> str:
        return live.url(self.request) if self.bell else ""

    @property
    def notices_url(self) -> str:
        return nav.address(self.bell.drawer) if self.bell else ""

    @property
    def unread_url(self) -> str:
        return nav.address(self.bell.unread) if self.bell else ""

    @property
    def notices_page_url(self) -> str:
        return nav.address(self.bell.page) if self.bell else ""

    @cached_property
    def unread(self) -> int:
        return nav.counted(UNREAD, self.actor, self.bell.count) if self.bell else 0


def recounted(actor: Actor) -> list[Item]:
    """The side bar's items that have a count, with the ones that were old counted anew."""
    bell = notices()
    if bell is not None and nav.is_old(UNREAD, actor):
        nav.count_anew(UNREAD, actor, bell.count)
    found = [
        item for _key, _label, items in groups_of(actor) for item in items if item["count_by"] is not None
    ]
    return [{**item, "count": fresh(item, actor)} for item in found]


def fresh(item: Item, actor: Actor) -> int:
    take = nav.count_anew if nav.is_old(item["key"], actor) else nav.counted
    return take(item["key"], actor, item["count_by"])


def is_under(path: str, url: str) -> bool:
    return path == url or (url != "/" and path.startswith(url))


@lru_cache(maxsize=1)
def product_version() -> str:
    try:
        return version("kemai")
    except PackageNotFoundError:
        return ""


def cache_key(actor: Actor) -> tuple[Any, ...]:
    """Rights and language decide what is shown: that is all that the caches below compare."""
    return (
        actor.user_id,
        actor.role_ids,
        actor.department_path,
        actor.is_admin,
        actor.is_system,
        actor.read_only,
        meta_version(),
    )


_structures: dict[tuple[Any, ...], Groups] = {}
_quick: dict[tuple[Any, ...], list[Item]] = {}


def groups_of(actor: Actor) -> Groups:
    """In the language of now."""
    return structure(actor, access.version_of(actor), get_language() or "")


def structure(actor: Actor, held: str, language: str) -> Groups:
    """What the actor may use."""
    key = (*cache_key(actor), held, language)
    if key not in _structures:
        if len(_structures) > 500:
            _structures.clear()
        _structures[key] = build(actor)
    return _structures[key]


def sets_something(groups: Groups) -> bool:
    return any(key.startswith(nav.SETTINGS) for key, _label, _items in groups)


def build(actor: Actor) -> Groups:
    by_group: dict[str, list[tuple[int, Item]]] = {}
    for page in nav.pages(actor):
        url = nav.address(page.url_name)
        item = entry(
            page.key, named(page.label, many=page.many), page.icon, url,
            count_by=page.count, hot=page.hot, purpose=str(page.purpose),
        )  # fmt: skip
        by_group.setdefault(page.group, []).append((page.order, item))
    for object_type in all_types():
        # who only reads what is set (a stage, a rate) meets it where it is used
        verb = "edit" if object_type.nav.startswith(nav.SETTINGS) else "view"
        if object_type.nav and access.may(actor, object_type, verb):
            url = nav.address("list", object_type.key)
            item = entry(
                object_type.key, object_type.plural, object_type.icon, url,
                of=object_type.key, purpose=str(object_type.purpose),
            )  # fmt: skip
            by_group.setdefault(object_type.nav, []).append((object_type.nav_order, item))
    return tuple(
        (
            key,
            named(label, many=key in nav.MANY),
            tuple(item for _order, item in sorted(by_group[key], key=lambda pair: pair[0])),
        )
        for key, label in nav.GROUPS.items()
        if key in by_group
    )


def named(label: Label, *, many: bool) -> str:
    return plural(str(label)) if many and get_language() == "en" else str(label)


def entry(key: str, label: str, icon: str, url: str, **more: Any) -> Item:
    return {
        "key": key, "label": label, "icon": icon, "url": url, "count": 0, "hot": more.get("hot", False),
        "count_by": more.get("count_by"), "type": more.get("of", ""), "open": False,
        "purpose": more.get("purpose", ""),
    }  # fmt: skip


def quick(actor: Actor, held: str, language: str) -> list[Item]:
    """What the + offers: the types of the side bar that the actor may create."""
    key = (*cache_key(actor), held, language)
    if key not in _quick:
        if len(_quick) > 500:
            _quick.clear()
        wanted = [
            t for t in all_types() if (t.nav or t.quick) and t.creatable and access.may(actor, t, "create")
        ]
        wanted = sorted(wanted, key=lambda t: (t.small, t.nav_order))[:8]
        _quick[key] = [
            {"label": str(t.label), "icon": t.icon, "url": nav.address("create", t.key), "modal": False}
            for t in wanted
            if nav.address("create", t.key)
        ]
    return _quick[key]
