"""Who is meant: the comparable form of a customer, and how two of them agree, field by field.

A person and a company are different things and are never compared. Everything here is plain text in, plain text out;
the engine that looks through a million customers at once (`kemai.analytics.matching`) says the same in SQL, and a test
holds the two together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from kemai.kit import names, pinyin, regions
from kemai.kit.simplified import simplify

Levels = dict[str, int]
"""{field: how well it agrees}; MISSING where one side does not say."""
MISSING = -1
REMEMBERED = 16_384
"""Names of each kind that are read once only. Four times as many would cost 34 MB more and save an import nothing: it
meets a name again within some thousand rows."""
NEAR_SOUND = 0.93
NEAR_NAME = 0.90
PUBLIC_MAIL = frozenset(
    "qq.com 163.com 126.com yeah.net sina.com sina.cn sohu.com 139.com 189.cn wo.cn aliyun.com foxmail.com tom.com "
    "21cn.com vip.qq.com vip.163.com vip.sina.com gmail.com hotmail.com outlook.com live.cn live.com yahoo.com "
    "yahoo.com.cn icloud.com msn.com 263.net".split()
)
_ROAD = re.compile(
    r"(?P<road>[\u3400-\u9fff]{1,10}?(?:大道|大街|公路|胡同|路|街|巷|弄|道|里)(?:[东西南北中]路|[东西南北中一二三四五六七八九]段)?)"
    r"(?P<number>[0-9]+)(?:-[0-9]+)?(?:号|弄|巷|幢|栋|座|$)?"
)
_DIVISION = re.compile(r"^.{0,6}?(?:特别行政区|自治区|自治州|省|市|盟|地区)(?=.{3})|^.{1,5}?[区县旗](?=.{3})")
_TITLES = re.compile(r"(?:先生|女士|小姐|老师|经理|主任|总|医生|教授|师傅|老板)\Z")
_BRANCH_TAIL = re.compile(
    r"(?:第?[一二三四五六七八九十0-9]*)(?:分公司|子公司|分店|分厂|分行|支行|分部|分社|分院|分校|分所|分中心|办事处|营业部|代表处|门店|事业部|专卖店|旗舰店|店)\Z"
)
_LEGAL_HEAD = re.compile(r"^(?:集团)?(?:股份)?有限(?:责任)?公司")
_CHINESE_DIGITS = str.maketrans("〇零一二两三四五六七八九", "001223456789")
_CHINESE_NUMBER = re.compile(r"[一二三四五六七八九十百〇零]+(?=号|弄|幢|栋)")


@dataclass(frozen=True, slots=True)
class Party:
    """The comparable form of a customer. Of a person, `brand` is the whole name and `trade` and `branch` are empty."""

    person: bool = False
    brand: str = ""
    sound: str = ""
    near: str = ""
    trade: str = ""
    branch: str = ""
    city: str = ""
    road: str = ""
    door: str = ""
    """Road and number: "文三路 90"."""
    code: str = ""
    wecom: str = ""
    birthday: str = ""
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()
    """The people there, by their simplified names."""
    voices: tuple[str, ...] = field(default=())
    """The same people by their sound."""
    plain: tuple[str, ...] = ()
    """Of records that are no customers: further values, alike or not (a serial number, a day), "" where not said."""


def make(
    *,
    person: bool,
    name: str,
    phones: Iterable[str] = (),
    emails: Iterable[str] = (),
    code: str = "",
    wecom: str = "",
    region: str = "",
    address: str = "",
    contacts: Iterable[str] = (),
    birthday: str = "",
) -> Party:
    """Never fails: what cannot be read is missing."""
    brand, sound, near, trade, branch, named = name_of_person(name) if person else name_of_company(name)
    road, number = road_of(address)
    people = tuple(sorted({plain for one in contacts if len(plain := person_name(one)) > 1}))
    return Party(
        person=person,
        brand=brand,
        sound=sound,
        near=near,
        trade=trade,
        branch=branch,
        city=city_of(region, address) or named[:4],
        road=road,
        door=f"{road} {number}" if number else "",
        code=code,
        wecom=wecom.strip().casefold(),
        birthday=birthday,
        phones=tuple(sorted({one.partition(";")[0] for one in phones if one})),
        emails=tuple(sorted({one.strip().casefold() for one in emails if "@" in one})),
        contacts=people,
        voices=tuple(sorted({sound_of(one, person=True)[0] for one in people})),
    )


def make_record(
    *,
    name: str = "",
    called: str = "thing",
    phones: Iterable[str] = (),
    emails: Iterable[str] = (),
    code: str = "",
    region: str = "",
    address: str = "",
    plain: Sequence[str] = (),
) -> Party:
    """The comparable form of any record, of which an administrator said what is compared. `called` says how its name is
    read: that of a person, of a company, or of a thing."""
    brand, sound, near, trade, branch, named = NAMES[called](name)
    road, number = road_of(address)
    return Party(
        brand=brand, sound=sound, near=near, trade=trade, branch=branch,
        city=city_of(region, address) or named[:4], road=road, door=f"{road} {number}" if number else "", code=code,
        phones=tuple(sorted({one.partition(";")[0] for one in phones if one})),
        emails=tuple(sorted({one.strip().casefold() for one in emails if "@" in one})),
        plain=tuple(plain),
    )  # fmt: skip


@lru_cache(maxsize=REMEMBERED)
def name_of_company(name: str) -> tuple[str, str, str, str, str, str]:
    """(brand, its sound, its near sound, trade, branch, region code)."""
    parts = names.split_company(simplify(names.normalise(name)))
    brand = names.match_key(parts.brand)
    sound, near = sound_of(brand)
    branch = names.match_key(parts.branch)
    return brand, sound, near, names.match_key(parts.trade), branch_of(branch), parts.region_code


def branch_of(words: str) -> str:
    """杭州分公司 and 杭州市分公司 are one branch; a branch without a name is a branch all the same."""
    if not words:
        return ""
    bare = _BRANCH_TAIL.sub("", _LEGAL_HEAD.sub("", words))
    bare = bare[:-1] if len(bare) > 2 and bare[-1] in "市县区" else bare
    return bare or words


@lru_cache(maxsize=REMEMBERED)
def name_of_person(name: str) -> tuple[str, str, str, str, str, str]:
    plain = person_name(name)
    sound, near = sound_of(plain, person=True)
    return plain, sound, near, "", "", ""


@lru_cache(maxsize=REMEMBERED)
def name_of_thing(name: str) -> tuple[str, str, str, str, str, str]:
    """A thing's name stands as a whole: what looks like a region or a trade in it is part of it."""
    plain = names.match_key(simplify(names.normalise(name)))
    sound, near = sound_of(plain)
    return plain, sound, near, "", "", ""


NAMES = {"company": name_of_company, "person": name_of_person, "thing": name_of_thing}


def digits_of(sound: str) -> str:
    """The figures of a name: 空压机 01 and 空压机 02 sound alike and are two machines."""
    return "".join(char for char in sound if char.isdigit())


def person_name(name: str) -> str:
    """张 伟 = 張偉 = 张伟; 王先生 and 李总 name nobody."""
    plain = names.match_key(simplify(names.normalise(name)))
    bare = _TITLES.sub("", plain)
    if bare != plain and len(bare) <= 1:
        return ""
    return bare if len(bare) > 1 else plain


@lru_cache(maxsize=REMEMBERED)
def sound_of(text: str, *, person: bool = False) -> tuple[str, str]:
    """(pinyin, pinyin with the sounds folded that many do not tell apart)."""
    if not text:
        return "", ""
    return pinyin.full(text, person=person), pinyin.homophone_key(text, person=person).replace(" ", "")


@lru_cache(maxsize=REMEMBERED)
def city_of(region: str, address: str) -> str:
    """The first four digits of the division: a city, or a county that stands directly under its province."""
    if len(region) == 6 and region[2:] != "0000":
        return city_code(region)
    if region[:2] in {"11", "12", "31", "50"}:
        return city_code(region)
    if not address or address[0].isascii():
        return ""
    try:
        found, _rest = regions.locate(address)
    except (regions.UnknownRegion, regions.AmbiguousRegion):
        return ""
    return city_code(found) if found[2:] != "0000" or found[:2] in {"11", "12", "31", "50"} else ""


def city_code(region: str) -> str:
    """Municipalities are one city, whatever the district."""
    return f"{region[:2]}00" if region[:2] in {"11", "12", "31", "50"} else region[:4]


@lru_cache(maxsize=REMEMBERED)
def road_of(address: str) -> tuple[str, str]:
    """("文三路", "90") of 杭州市西湖区文三路90号华星大厦3楼."""
    if not address:
        return "", ""
    text = simplify(names.normalise(address)).replace(" ", "")
    text = _CHINESE_NUMBER.sub(lambda found: str(chinese_number(found[0])), text)
    for _division in range(3):
        text = _DIVISION.sub("", text, count=1)
    found = _ROAD.search(text)
    return (found["road"], found["number"].lstrip("0")) if found else ("", "")


def chinese_number(text: str) -> int:
    total, hundreds, rest = 0, *_cut(text, "百")
    if hundreds is not None:
        total += 100 * _digit(hundreds)
    tens, rest = _cut(rest, "十")
    if tens is not None:
        total += 10 * (_digit(tens) or 1)
    if len(rest.strip("零〇")) > 1:
        return int(rest.translate(_CHINESE_DIGITS))
    return total + _digit(rest.strip("零〇"))


def _cut(text: str, sign: str) -> tuple[str | None, str]:
    head, found, rest = text.partition(sign)
    return (head, rest) if found else (None, text)


def _digit(text: str) -> int:
    return int(text.translate(_CHINESE_DIGITS)) if text.translate(_CHINESE_DIGITS).isdigit() else 0


def keys_of(*, person: bool, name: str, region: str, address: str) -> tuple[str, str]:
    """What is kept beside a customer to find its doubles while one types: (sound of the name, city and house)."""
    sound = (name_of_person(name) if person else name_of_company(name))[1]
    road, number = road_of(address)
    city = city_of(region, address)
    return sound[:60], f"{city} {road} {number}"[:60] if number and city else ""


def domains(emails: Sequence[str]) -> tuple[str, ...]:
    """The companies' own domains among addresses."""
    found = {one.rpartition("@")[2] for one in emails}
    return tuple(sorted(found - PUBLIC_MAIL))
