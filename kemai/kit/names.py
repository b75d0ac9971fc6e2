"""Names of companies and people: cleaning, taking apart, comparing, hiding."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from kemai.kit import regions
from kemai.kit.surnames import split_surname

# Control, zero-width, direction and byte-order marks; lone surrogates, which no database takes.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_JOINED = re.compile(
    "(?<=[\U0001f000-\U0001ffff\u2600-\u27bf\ufe0f])\u200d(?=[\U0001f000-\U0001ffff\u2600-\u27bf])"
)
_SPACES = re.compile(r"\s+")
_SIGNS = re.compile(r"[\W_]+")


def clean(text: str) -> str:
    """Return text fit to store: nothing invisible, ends trimmed. Width, case and line breaks are kept."""
    if text.isascii() and text.isprintable():
        return text.strip()
    if "\u200d" in text:
        # Emoji families are glued with the joiner: keep it between pictures only.
        return "\u200d".join(_INVISIBLE.sub("", part) for part in _JOINED.split(text)).strip()
    return _INVISIBLE.sub("", text).strip()


def normalise(text: str) -> str:
    """Return text for comparing by eye: NFKC (half width), nothing invisible, single spaces. Case is kept."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
    elif not text.isprintable():
        text = _INVISIBLE.sub("", text)
    return _SPACES.sub(" ", text).strip()


def match_key(text: str) -> str:
    """Return text for comparing by machine: normalised, case-folded, letters and digits of any script only."""
    return _SIGNS.sub("", normalise(text).casefold())


class CompanyName(NamedTuple):
    """The parts of a company's name in the order the registration rules give; each may be "".

    ``region`` is the words found, ``region_code`` their division (or "" when there are several of that name),
    ``legal`` the canonical legal form, ``branch`` what follows it ("杭州分公司").
    """

    region: str
    region_code: str
    brand: str
    trade: str
    legal: str
    branch: str

    @property
    def is_branch(self) -> bool:
        return bool(self.branch)

    @property
    def head_office(self) -> str:
        """The name without the branch, in canonical words."""
        return f"{self.region}{self.brand}{self.trade}{self.legal}"


_LEGAL = {
    "集团股份有限公司": "集团股份有限公司", "集团股份公司": "集团股份有限公司", "股份集团有限公司": "集团股份有限公司",
    "集团有限责任公司": "集团有限公司", "集团有限公司": "集团有限公司", "集团公司": "集团有限公司",
    "股份有限公司": "股份有限公司", "股份公司": "股份有限公司", "有限责任公司": "有限公司", "有限公司": "有限公司",
    "责任有限公司": "有限公司", "总公司": "总公司", "公司": "公司", "合伙企业": "合伙企业", "有限合伙": "合伙企业",
    "个人独资企业": "个人独资企业", "事务所": "事务所", "律师事务所": "律师事务所", "会计师事务所": "会计师事务所",
    "专业合作社": "专业合作社",
    "合作社": "合作社", "工作室": "工作室", "经营部": "经营部", "商行": "商行", "集团": "集团",
    "研究院": "研究院", "研究所": "研究所",
    "医院": "医院", "大学": "大学", "学院": "学院", "中学": "中学", "小学": "小学",
    "幼儿园": "幼儿园", "协会": "协会", "基金会": "基金会", "银行": "银行", "中心": "中心", "厂": "厂", "店": "店",
}  # fmt: skip
_WORDS_LEGAL = "|".join(sorted(_LEGAL, key=len, reverse=True))
_QUALIFIER = r"(?:\((?:有限合伙|普通合伙|特殊普通合伙|集团|个体工商户|个人独资|有限责任|股份有限)\))?"
_BRANCH_WORD = (
    "(?:分公司|子公司|分店|分厂|分行|支行|分部|分社|分院|分校|分所|分中心|"
    "办事处|营业部|代表处|门店|事业部|专卖店|旗舰店)"
)
_CHINESE = re.compile(
    rf"(?P<core>.*?)(?P<legal>{_WORDS_LEGAL}){_QUALIFIER}(?P<branch>.*{_BRANCH_WORD})?\Z", re.DOTALL
)
_LATIN = re.compile(
    r"(?P<core>.+?)[\s,]*\b(?P<legal>co\.?\s*,?\s*ltd\.?|company limited|limited|ltd\.?|inc\.?|incorporated|corp\.?|"
    r"corporation|llc|l\.l\.c\.|llp|plc|gmbh|ag|pte\.?\s*ltd\.?|pty\.?\s*ltd\.?|s\.?a\.?|b\.?v\.?|k\.?k\.?)\s*\Z",
    re.IGNORECASE,
)
_TRADES = (
    "信息科技 信息技术 网络科技 网络技术 电子科技 电子商务 生物科技 生物技术 智能科技 智能技术 智能装备 软件开发 "
    "软件技术 数字科技 数据科技 新能源科技 新能源 新材料 环保科技 环境科技 环境工程 医疗科技 医疗器械 健康科技 "
    "健康管理 教育科技 教育咨询 文化传播 文化传媒 文化创意 文化发展 广告传媒 影视传媒 企业管理咨询 企业管理 "
    "管理咨询 信息咨询 商务咨询 投资管理 投资控股 投资咨询 投资 资产管理 财务咨询 人力资源 供应链管理 供应链 "
    "国际贸易 进出口贸易 进出口 对外贸易 商贸 贸易 电气设备 机械设备 机电设备 机电 机械制造 机械 设备制造 设备 "
    "仪器仪表 仪器 仪表 精密制造 制造 电气 电器 电子 半导体 光电 通信技术 通信 通讯 网络 软件 科技发展 科技 "
    "技术服务 技术开发 技术 建筑工程 建设工程 装饰工程 装饰设计 装饰 建筑装饰 建筑 建设 建材 工程设计 工程技术 "
    "工程 园林绿化 园林 房地产开发 房地产经纪 房地产 置业 物业管理 物业服务 物业 餐饮管理 餐饮服务 餐饮 酒店管理 "
    "酒店 旅游开发 旅游 旅行社 食品饮料 食品 饮料 酒业 农业科技 农业发展 农业开发 农业 牧业 渔业 生态科技 "
    "生态农业 医药科技 医药 药业 制药 大药房 化工科技 化工 化学 塑料制品 塑料 橡胶 包装材料 包装 印刷 纸业 "
    "纺织品 纺织 服装 服饰 鞋业 皮具 家具 家居用品 家居 五金制品 五金 金属制品 金属材料 金属 钢铁 钢结构 模具 "
    "汽车销售服务 汽车销售 汽车服务 汽车零部件 汽车贸易 汽车 物流 货运代理 货物运输 运输服务 运输 快递 仓储 "
    "电力工程 电力 能源科技 能源 石油 燃气 矿业 水务 水利 环保 环境 保险代理 保险经纪 保险 证券 基金管理 "
    "融资租赁 租赁 小额贷款 担保 典当 拍卖 会展服务 会展 展览 体育文化 体育 娱乐 传媒 广告 设计 咨询 教育 培训 "
    "化妆品 日用品 百货 超市 珠宝 工艺品 礼品 玩具 母婴用品 宠物用品 家政服务 劳务派遣 劳务 安防科技 安防 "
    "消防工程 消防 检测技术 检测 认证 知识产权代理 知识产权 税务师 会计师 律师 养老服务 养老 医疗 美容 健身 摄影 "
    "控股 实业发展 实业 产业 发展 开发 经营 管理 服务 材料 制品 用品 销售 "
)
_TRADE = re.compile("(" + "|".join(sorted(set(_TRADES.split()), key=len, reverse=True)) + r")\Z")
_BRACKETS = re.compile(r"\(([^()]*)\)")


@lru_cache(maxsize=32768)
def split_company(name: str) -> CompanyName:
    """Take a company's name apart. Never fails: what cannot be told apart is the brand."""
    text = normalise(name)
    if text.isascii():
        found = _LATIN.match(text)
        legal = re.sub(r"[^a-z]", "", found["legal"].casefold()) if found else ""
        return CompanyName("", "", (found["core"] if found else text).strip(" ,"), "", legal, "")
    text = text.replace(" ", "")
    found = _CHINESE.match(text)
    core, legal, branch = (
        (found["core"], _LEGAL[found["legal"]], found["branch"] or "") if found else (text, "", "")
    )
    if found and not core:
        core, legal = text.removesuffix(branch), ""
    region, code, core = _take_region(core)
    brand, trade = _take_trade(core)
    return CompanyName(region, code, brand, trade, legal, branch)


def _take_region(core: str) -> tuple[str, str, str]:
    """Return (region words, code, the rest); the region stands first or, in brackets, anywhere."""
    for found in _BRACKETS.finditer(core):
        word = found[1]
        code = _division(word, regions.readings(word).get("", ()))
        if word == "中国" or code is not None:
            return word, code or "", core[: found.start()] + core[found.end() :]
    core = _BRACKETS.sub(r"\1", core)
    for rest, codes in sorted(regions.readings(core).items(), key=lambda item: len(item[0])):
        words = core[: len(core) - len(rest)]
        code = _division(words, codes)
        if code is not None and len(rest) > 1:
            return words, code, rest
    if core.startswith("中国") and len(core) > 3:
        return "中国", "", core[2:]
    return "", "", core


def _division(words: str, codes: tuple[str, ...]) -> str | None:
    """Return the code that words of a company's name mean, "" for one of several, None when they are a brand."""
    if not codes:
        return None
    whole = words[-1] in "市县区旗"
    if len(codes) > 1:
        return "" if whole else None
    # 平安科技, 新华书店, 和平: a bare district name is more often a brand; its full name, a city or a province is not.
    return codes[0] if whole or codes[0][4:] == "00" else None


def _take_trade(core: str) -> tuple[str, str]:
    trade = ""
    while True:
        found = _TRADE.search(core)
        if found is None or len(core) - len(found[1]) < 2:
            return core, trade
        core, trade = core[: found.start()], found[1] + trade


@lru_cache(maxsize=32768)
def company_key(name: str) -> str:
    """Return a key equal for the written forms of one company.

    有限责任公司 = 有限公司, （杭州）阿里 = 杭州阿里 = 阿里(杭州), 杭州市 = 杭州, width, case and spaces do not count.
    A branch keeps its own key.
    """
    parts = split_company(name)
    region = regions.get(parts.region_code).code if parts.region_code else parts.region
    pieces = (region, parts.brand, parts.trade, parts.legal, parts.branch)
    return "|".join(match_key(piece) for piece in pieces)


def brand_key(name: str) -> str:
    """Return the bare 字号 for finding relatives of a company: 华为 for 深圳市华为技术有限公司."""
    return match_key(split_company(name).brand)


_HAN_NAME = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]{2,4}\Z")
_ETHNIC_NAME = re.compile(r"[\u3400-\u9fff]{1,10}(?:·[\u3400-\u9fff]{1,10}){1,4}\Z")
_LATIN_NAME = re.compile(r"[^\W\d_][^\W\d_'.-]*(?: [^\W\d_][^\W\d_'.-]*){0,4}\Z")
_HAN_GAP = re.compile(r"(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])")
_TITLE = re.compile(r"(?:先生|女士|小姐|老师|总|经理|主任|医生|教授|师傅|老板)\Z")
_DOTS = str.maketrans({"•": "·", "・": "·", "‧": "·", "∙": "·", "．": "·", "●": "·"})


def is_person_name(text: str) -> bool:
    """True for what reads as a person's name: a known surname with one or two characters, 阿凡提·买买提, John Smith."""
    name = _HAN_GAP.sub("", normalise(text).translate(_DOTS))
    if _HAN_NAME.match(name):
        parts = split_surname(name)
        return parts is not None and len(parts[1]) <= 2 and not _TITLE.search(name)
    if _ETHNIC_NAME.match(name):
        return True
    return len(name) > 1 and max(name, default="") < "\u3400" and _LATIN_NAME.match(name) is not None


def mask_name(name: str) -> str:
    """Return 张* for 张伟, 欧阳** for 欧阳娜娜, J*** for John Smith; never the length of a Latin name."""
    text = normalise(name)
    if not text:
        return ""
    if text.isascii():
        return text[0] + "***"
    parts = split_surname(text)
    head = parts[0] if parts and len(text) <= 5 else text[0]
    return head + "*" * min(max(len(text) - len(head), 1), 4)
