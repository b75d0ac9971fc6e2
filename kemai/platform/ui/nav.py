"""What stands in the side bar: object types by themselves, further pages by registration.

    register_page(Page("chain", _("客户链管理表"), "link", "customers", "chain_sheet", allowed=seen("customer")))

in the `apps.py: ready()` or `objects.py` of an app. Counts show where work waits."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.fields import Label

GROUPS: dict[str, Label] = {
    "work": _("工作台"),
    "customers": _("客户"),
    "sales": _("销售"),
    "marketing": _("营销"),
    "service": _("服务"),
    "loyalty": _("忠诚度"),
    "insight": _("洞察"),
    "collab": _("协作"),
    "settings:people": _("员工与权限"),
    "settings:data": _("数据与对象"),
    "settings:sales": _("销售设置"),
    "settings:privacy": _("个人信息规则"),
    "settings:system": _("系统"),
}
MANY = frozenset({"customers"})
"""Groups that are called by a kind of thing."""
SETTINGS = "settings:"
"""How the groups begin that stand in an area of their own: who changes settings sees only them."""
COUNT_SECONDS = 20


@dataclass(frozen=True)
class Page:
    """A page that is no list of records. `allowed(actor)` says who may open it, `count(actor)` how much waits."""

    key: str
    label: Label
    icon: str
    group: str
    url_name: str
    order: int = 50
    allowed: Callable[[Actor], bool] | None = None
    count: Callable[[Actor], int] | None = None
    many: bool = False
    """The label names a kind of thing (角色): in English the side bar says Roles."""
    hot: bool = False
    """The count is an alarm, not just a number."""
    purpose: Label = ""
    """What is done there, in a sentence: the home of the settings says it."""
    words: Label = ""
    """Further words under which the command palette finds the page."""


@dataclass(frozen=True)
class UserLink:
    """A line of the person's own menu (password, two-step log-in, sessions)."""

    label: Label
    icon: str
    url_name: str
    order: int = 50


@dataclass(frozen=True)
class Notices:
    """Where the shell's bell leads, and how many are unread."""

    drawer: str
    unread: str
    page: str
    count: Callable[[Actor], int]


_pages: dict[str, Page] = {}
_links: dict[str, UserLink] = {}
_notices: list[Notices] = []
_counts: dict[tuple[str, int], tuple[float, int]] = {}


def register_page(page: Page) -> None:
    if page.group not in GROUPS:
        raise ValueError(f"page {page.key!r}: no group {page.group!r} in the side bar")
    _pages[page.key] = page


def register_pages(*pages: Page) -> None:
    for page in pages:
        register_page(page)


def seen(*types: str, verb: str = "view") -> Callable[[Actor], bool]:
    """For `Page.allowed`: those who may `verb` (see) one of these types."""
    return lambda actor: any(access.may(actor, key, verb) for key in types)


def administered(actor: Actor) -> bool:
    """For `Page.allowed`: those who may change the system's settings."""
    return actor.is_admin


def register_user_link(link: UserLink) -> None:
    _links[link.url_name] = link


def register_notices(notices: Notices) -> None:
    """`drawer`, `unread` (JSON {"unread": n}) and `page` are names of addresses."""
    _notices[:] = [notices]


def pages(actor: Actor) -> list[Page]:
    """The registered pages that the actor may open and that have an address."""
    found = [page for page in _pages.values() if page.allowed is None or page.allowed(actor)]
    return sorted((page for page in found if address(page.url_name)), key=lambda page: page.order)


def user_links() -> list[UserLink]:
    return sorted((link for link in _links.values() if address(link.url_name)), key=lambda link: link.order)


def notices() -> Notices | None:
    return _notices[0] if _notices else None


def address(name: str, *args: object) -> str:
    """The address of that name; '' where no app has declared it."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def counted(key: str, actor: Actor, count: Callable[[Actor], int]) -> int:
    """A number that may be old: no page waits for it but a process's first. `is_old` says that the page should have
    it counted anew, once it is there."""
    kept = _counts.get((key, actor.user_id or 0))
    return kept[1] if kept is not None else count_anew(key, actor, count)


def count_anew(key: str, actor: Actor, count: Callable[[Actor], int]) -> int:
    if len(_counts) > 5000:
        _counts.clear()
    number = count(actor)
    _counts[key, actor.user_id or 0] = (time.monotonic() + COUNT_SECONDS, number)
    return number


def is_old(key: str, actor: Actor) -> bool:
    kept = _counts.get((key, actor.user_id or 0))
    return kept is None or kept[0] <= time.monotonic()


def forget_count(key: str, actor: Actor) -> None:
    """After an act that changes the number, so that the same person sees it change."""
    _counts.pop((key, actor.user_id or 0), None)
