"""How two records agree, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from kemai.platform.objects import ObjectType

WORDS: Mapping[str, Sequence[str | Promise]] = {
    "brand": (_("字号不同"), _("字号互相包含"), _("字号读音相近"), _("字号同音"), _("字号相同")),
    "name": (_("姓名不同"), _("姓名读音相近"), _("姓名同音"), _("姓名相同")),
    "trade": (_("行业不同"), _("行业相近"), _("行业相同")),
    "branch": (_("不同分公司"), _("一家是分公司"), _("同一分公司")),
    "city": (_("城市不同"), _("城市相同")),
    "phone": (_("电话不同"), _("电话相同")),
    "email": (_("邮箱不同"), _("邮箱域名相同"), _("邮箱相同")),
    "code": (_("信用代码不同"), _("信用代码只差一两位"), _("信用代码相同")),
    "wecom": (_("企业微信不同"), _("企业微信相同")),
    "place": (_("地址不同"), _("同一条路"), _("地址相同")),
    "contact": (_("联系人不同"), _("联系人同音"), _("联系人相同")),
    "birthday": (_("生日不同"), _("生日相同")),
    "thing": (_("名称不同"), _("名称读音相近"), _("名称同音"), _("名称相同")),
}
NOTHING = 0.5
"""Bits below which a field says next to nothing: named only where it agrees wholly."""
STRONG = 6.0


@dataclass(frozen=True)
class Reason:
    """One field's evidence. `bits` above zero speak for one customer, below for two."""

    field: str
    text: str
    bits: float

    @property
    def color(self) -> str:
        if abs(self.bits) < NOTHING:
            return "gray"
        if self.bits < 0:
            return "red"
        return "green" if self.bits >= STRONG else "blue"


FIELD = "f:"
"""Before the key of a field that is the same or is not."""
SAME = (gettext_noop("%(field)s不同"), gettext_noop("%(field)s相同"))


def reasons(levels: Mapping[str, Sequence[Any]], of: ObjectType | None = None) -> list[Reason]:
    """The strongest first. `of` is the type of the records, where they are no customers."""
    found = []
    for key, (level, bits) in levels.items():
        words = WORDS.get(key) or field_words(key, of)
        if words and (abs(bits) >= NOTHING or int(level) == len(words) - 1):
            found.append(Reason(key, str(words[int(level)]), float(bits)))
    return sorted(found, key=lambda one: -abs(one.bits))


def field_words(key: str, of: ObjectType | None) -> Sequence[str | Promise]:
    spec = of.fields.get(key.removeprefix(FIELD)) if of is not None and key.startswith(FIELD) else None
    return [gettext(text) % {"field": spec.label} for text in SAME] if spec is not None else ()
