"""Pinyin without tones for search, sorting and near-sound matching.

Readings of single characters come from pypinyin's table, read once and kept per character; names follow the
surname table, and a short list of words fixes the polyphones that matter in company and place names.
"""

from __future__ import annotations

import os
import re
import unicodedata
from functools import lru_cache

from kemai.kit.surnames import COMPOUND_READINGS, READINGS, split_surname

# The first reading in the table is not the common one, or ü is usually typed otherwise.
_PREFERRED = {
    "曾": "ceng", "盖": "gai", "翟": "zhai", "长": "chang", "着": "zhu", "地": "di", "得": "de", "都": "dou",
    "佛": "fo", "薄": "bo", "什": "shi", "发": "fa", "了": "liao", "行": "xing", "重": "zhong", "乐": "le",
    "谁": "shei", "吓": "xia", "熟": "shu", "血": "xue", "色": "se", "露": "lu", "给": "gei", "晟": "sheng",
    "俊": "jun", "茜": "qian", "莘": "xin", "缪": "miao", "娜": "na", "阿": "a", "嗯": "en", "万": "wan",
}  # fmt: skip
# In given names these are read otherwise than in running text.
_GIVEN = {
    "行": "xing",
    "茜": "qian",
    "娜": "na",
    "长": "chang",
    "朝": "chao",
    "乐": "le",
    "晟": "sheng",
    "曾": "zeng",
}
_WORDS = {
    "重庆": "chong qing", "长春": "chang chun", "成长": "cheng zhang", "家长": "jia zhang", "校长": "xiao zhang",
    "厂长": "chang zhang", "生长": "sheng zhang", "银行": "yin hang", "行业": "hang ye", "同行": "tong hang",
    "车行": "che hang", "商行": "shang hang", "分行": "fen hang", "支行": "zhi hang", "总行": "zong hang",
    "药行": "yao hang", "粮行": "liang hang", "拍卖行": "pai mai hang", "洋行": "yang hang", "音乐": "yin yue",
    "乐器": "yue qi", "民乐": "min yue", "声乐": "sheng yue", "会计": "kuai ji",
    "厦门": "xia men", "大厦": "da sha",
    "六安": "lu an", "六合": "lu he", "蚌埠": "beng bu", "亳州": "bo zhou", "台州": "tai zhou", "丽水": "li shui",
    "番禺": "pan yu", "东阿": "dong e", "铅山": "yan shan",
    "乐清": "yue qing", "浚县": "xun xian", "莘县": "shen xian",
    "单县": "shan xian", "解州": "xie zhou",
    "尉犁": "yu li", "涡阳": "guo yang", "黄陂": "huang pi",
    "大埔": "da bu", "乐亭": "lao ting", "蔚县": "yu xian", "洪洞": "hong tong", "牟平": "mu ping", "中牟": "zhong mu",
    "莘庄": "xin zhuang", "吐蕃": "tu bo", "可汗": "ke han", "调查": "diao cha", "调味": "tiao wei",
    "空调": "kong tiao",
    "处理": "chu li", "办事处": "ban shi chu", "朝阳": "chao yang", "朝鲜": "chao xian", "朴素": "pu su",
    "便宜": "pian yi", "数据": "shu ju", "系统": "xi tong", "投降": "tou xiang", "下降": "xia jiang",
    "参数": "can shu", "人参": "ren shen", "海参": "hai shen", "朝天": "chao tian", "传奇": "chuan qi",
    "仪器": "yi qi", "传记": "zhuan ji", "弹簧": "tan huang", "子弹": "zi dan",
    "供应": "gong ying", "应用": "ying yong",
    "相机": "xiang ji", "量子": "liang zi", "重组": "chong zu", "重新": "chong xin", "重阳": "chong yang",
    "便利": "bian li", "角色": "jue se", "宝藏": "bao zang", "西藏": "xi zang", "藏族": "zang zu", "省会": "sheng hui",
    "测量": "ce liang", "计量": "ji liang", "称重": "cheng zhong", "长沙": "chang sha", "校准": "jiao zhun",
    "给排水": "ji pai shui", "供给": "gong ji", "率先": "shuai xian", "曾经": "ceng jing", "参差": "cen ci",
    "差旅": "chai lv", "出差": "chu chai", "的士": "di shi", "目的": "mu di", "大夫": "dai fu", "石头": "shi tou",
    "南北朝": "nan bei chao", "首都": "shou du", "成都": "cheng du", "都市": "du shi", "京都": "jing du",
    "都江堰": "du jiang yan", "丰都": "feng du",
    "燕京": "yan jing", "燕山": "yan shan", "观澜": "guan lan",
    "和面": "huo mian", "模具": "mu ju", "模板": "mu ban", "铺面": "pu mian", "屏幕": "ping mu", "屏蔽": "ping bi",
}  # fmt: skip
_WORD_START = frozenset(word[0] for word in _WORDS)
_LONGEST_WORD = max(map(len, _WORDS))
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_LATIN = re.compile(r"[0-9a-z]+")
_ALL_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff·]+\Z")


def is_han(char: str) -> bool:
    """True for one Chinese character."""
    return "\u4e00" <= char <= "\u9fff" or _HAN.match(char) is not None


def _load_table() -> dict[int, str]:
    # The phrase dictionary of pypinyin costs 40 MB and a third of a second; only its characters are used here.
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    from pypinyin.pinyin_dict import pinyin_dict

    return pinyin_dict


_TABLE: dict[int, str] = {}
_SYLLABLE: dict[str, str] = dict(_PREFERRED)


def _plain(reading: str) -> str:
    text = unicodedata.normalize("NFD", reading.replace("ü", "v"))
    text = text.replace("u\u0308", "v")
    return "".join(char for char in text if "a" <= char <= "z")


def _syllable(char: str) -> str:
    """Return the reading of one character; of anything else the lower-case letters and digits it holds."""
    known = _SYLLABLE.get(char)
    if known is not None:
        return known
    if not _TABLE:
        _TABLE.update(_load_table())
    reading = _TABLE.get(ord(char))
    if reading is not None:
        result = _plain(unicodedata.normalize("NFC", reading).split(",", 1)[0])
    elif is_han(char):
        result = ""
    else:
        result = "".join(c for c in unicodedata.normalize("NFKC", char).casefold() if c.isalnum())
    if len(_SYLLABLE) < 60_000:
        _SYLLABLE[char] = result
    return result


def _word_at(text: str, place: int) -> str | None:
    for size in range(min(_LONGEST_WORD, len(text) - place), 1, -1):
        if text[place : place + size] in _WORDS:
            return text[place : place + size]
    return None


@lru_cache(maxsize=32768)
def syllables(text: str, *, person: bool = False) -> tuple[str, ...]:
    """Return one syllable per Chinese character and one item per run of other letters or digits.

    With ``person`` the text is read as a name: surname first, in its surname reading.
    """
    if person and _ALL_HAN.match(text):
        parts = split_surname(text)
        if parts is not None:
            given = (_GIVEN.get(char) or _syllable(char) for char in parts[1] if char != "·")
            return (*_read_surname(parts[0]), *given)
    return tuple(_read_text(text))


def _read_surname(surname: str) -> tuple[str, ...]:
    if len(surname) == 1:
        return (READINGS.get(surname) or _syllable(surname),)
    return COMPOUND_READINGS.get(surname) or tuple(_syllable(char) for char in surname)


def _read_text(text: str) -> list[str]:
    found: list[str] = []
    run = ""
    place = 0
    while place < len(text):
        char = text[place]
        if not is_han(char):
            plain = _LATIN.match(text, place)
            piece = plain[0] if plain else _syllable(char)
            if not piece and run:
                found.append(run)
            run = run + piece if piece else ""
            place = plain.end() if plain else place + 1
            continue
        if run:
            found.append(run)
            run = ""
        word = _word_at(text, place) if char in _WORD_START else None
        if word is None:
            found.append(_syllable(char))
        else:
            found.extend(_WORDS[word].split())
        place += len(word or char)
    if run:
        found.append(run)
    return [item for item in found if item]


def full(text: str, *, person: bool = False) -> str:
    """Return "zhangwei" for 张伟; letters and digits stay, all other signs go."""
    return "".join(syllables(text, person=person))


def initials(text: str, *, person: bool = False) -> str:
    """Return "zw" for 张伟; runs of letters and digits stay whole, so "A8科技" gives "a8kj"."""
    parts = syllables(text, person=person)
    if text.isascii():
        return "".join(part[0] if part.isalpha() else part for part in parts)
    latin = {run.casefold() for run in re.findall(r"[A-Za-z0-9]+", unicodedata.normalize("NFKC", text))}
    return "".join(part if part in latin else part[0] for part in parts)


_NEAR = (("zh", "z"), ("ch", "c"), ("sh", "s"))


def _near(syllable: str) -> str:
    for wide, narrow in _NEAR:
        if syllable.startswith(wide):
            syllable = narrow + syllable[2:]
            break
    if syllable.startswith(("n", "r")) and len(syllable) > 1:
        syllable = "l" + syllable[1:]
    elif syllable.startswith("hu") and len(syllable) > 2:
        syllable = "f" + syllable[2:]
    return syllable[:-1] if syllable.endswith(("ang", "eng", "ing")) else syllable


@lru_cache(maxsize=32768)
def homophone_key(text: str, *, person: bool = False, near: bool = True) -> str:
    """Return a key equal for texts that sound alike: 张炜 and 张伟, with ``near`` also 章 / 臧, 林 / 凌, 黄 / 房.

    Folded by ``near``: zh/z, ch/c, sh/s, n/l/r at the start, hu-/f-, and ang/an, eng/en, ing/in at the end.
    """
    parts = syllables(text, person=person)
    return " ".join(_near(part) for part in parts) if near else " ".join(parts)
