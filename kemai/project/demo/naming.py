"""Made-up people and companies: names, telephone numbers, mail addresses. Nobody real is meant."""

from __future__ import annotations

import random

import numpy as np
from numpy.typing import NDArray

from kemai.kit.credit_code import make_valid
from kemai.project.demo.place import CITIES
from kemai.project.demo.table import texts

# The commonest surnames with their shares of the population in per mille (public census summaries).
_SURNAMES = (
    "王72 李71 张68 刘54 陈45 杨31 黄22 赵21 吴20 周19 徐17 孙15 马13 朱12 胡12 郭11 何11 林11 高10 罗9 郑9 梁8 谢7 "
    "宋7 唐7 许6 韩6 冯6 邓6 曹6 彭6 曾6 肖6 田5 董5 袁5 潘5 于5 蒋5 蔡5 余4 杜4 叶4 程4 苏4 魏4 吕4 丁4 任4 沈4 姚4 "
    "卢4 姜4 崔4 钟4 谭4 陆3 汪3 范3 金3 石3 廖3 贾3 夏3 韦3 付3 方3 白3 邹3 孟3 熊3 秦3 邱3 江3 尹3 薛2 闫2 段2 雷2 "
    "侯2 龙2 史2 陶2 黎2 贺2 顾2 毛2 郝2 龚2 邵2 万2 钱2 严2 覃2 武2 戴2 莫2 孔2 向2 汤2 温1 康1 施1 文1 牛1 樊1 葛1 "
    "单1 解1 仇1 翟1 欧阳1 司马1 上官1 诸葛1 慕容1"
)
SURNAMES = tuple(part.rstrip("0123456789") for part in _SURNAMES.split())
_SHARES = np.array(
    [int(part[len(name) :]) for part, name in zip(_SURNAMES.split(), SURNAMES, strict=True)], float
)
_MEN = (
    "建国 志强 国强 建军 卫东 永强 德明 国平 文斌 金龙 海涛 志刚 建华 学军 光明 红军 立新 长江 玉林 福生",
    "伟 强 磊 军 勇 杰 涛 超 明 鹏 斌 辉 波 凯 俊 峰 浩 宇 志伟 建波 海波 晓东 文杰 志远 少华 永亮 国栋 俊峰 嘉伟 家豪",
    "浩然 子轩 宇航 俊杰 博文 明轩 天佑 思远 梓豪 浩宇 一鸣 子涵 嘉懿 晨阳 睿 泽宇 皓轩 亦凡 景行 昊天 逸飞 煜城 星宇 书豪",
)
_WOMEN = (
    "秀英 桂英 秀兰 玉兰 桂兰 秀珍 凤英 玉珍 丽华 淑珍 惠芳 美玲 素琴 红梅 春梅 月娥 建萍 爱华 玉梅 金凤",
    "静 敏 丽 娟 艳 芳 燕 娜 霞 婷 玲 雪 慧 莹 洁 倩 晶 萍 琳 蕾 丽娟 晓燕 海燕 文静 雅琴 小红 晓琳 佳慧 丹丹 思思 媛媛 颖",
    "梓涵 诗涵 雨桐 欣怡 梦瑶 佳怡 思琪 雅婷 紫萱 语嫣 一诺 可欣 若曦 晨曦 静怡 雨欣 芷若 婉清 书瑶 安琪 沐晴 知夏 嘉宁 悦",
)
_MOBILE = ("134 135 136 137 138 139 150 151 152 157 158 159 182 183 187 188 178 130 131 132 155 156 185 186 176 "
           "133 153 180 181 189 177 173 199 198 191").split()  # fmt: skip
_MAIL = ("qq.com", "163.com", "126.com", "foxmail.com", "outlook.com", "sina.com", "139.com")
_MAIL_SHARE = np.array([0.46, 0.22, 0.09, 0.08, 0.06, 0.05, 0.04])
INDUSTRIES = (
    ("酒店", 0.13, "酒店管理 大酒店 精品酒店 国际酒店 度假酒店"),
    ("餐饮", 0.13, "餐饮管理 茶餐厅 餐饮服务 酒楼 咖啡"),
    ("科技", 0.14, "信息技术 网络科技 软件 智能科技 数据服务 电子科技"),
    ("物业", 0.06, "物业服务 物业管理 资产管理"),
    ("教育", 0.07, "教育科技 教育咨询 培训 文化教育"),
    ("医疗健康", 0.06, "医疗科技 健康管理 口腔医院 医药"),
    ("商贸", 0.13, "商贸 贸易 供应链管理 进出口 百货"),
    ("广告文化", 0.07, "广告 文化传媒 会展服务 品牌策划 礼品"),
    ("建筑装饰", 0.06, "装饰工程 建筑设计 建设工程 家居"),
    ("金融", 0.04, "投资管理 融资租赁 财务咨询 保险经纪"),
    ("母婴护理", 0.03, "母婴护理 月子会所 家政服务"),
    ("制造", 0.08, "机械制造 电子 精密制造 纺织 食品"),
)
_BRAND = tuple("华 恒 盛 瑞 锦 鑫 泰 嘉 宏 祥 德 和 安 信 天 云 明 远 博 卓 星 智 诚 汇 金 永 新 润 佳 海 东 方 中 联 达 通 丰 康 益 美 雅 思 创 元 凯 宇 亿 合 博 优 禾 木 青 蓝".split())  # fmt: skip
_LEGAL = (
    ("有限公司", 0.74),
    ("有限责任公司", 0.1),
    ("股份有限公司", 0.05),
    ("集团有限公司", 0.05),
    ("（普通合伙）", 0.02),
)
TITLES = (
    ("decider", "总经理"), ("decider", "行政总监"), ("influencer", "人力资源经理"), ("buyer", "采购经理"),
    ("buyer", "采购专员"), ("user", "行政主管"), ("user", "前厅经理"), ("finance", "财务经理"), ("finance", "会计"),
    ("other", "总经理助理"), ("influencer", "工会主席"), ("user", "后勤主管"),
)  # fmt: skip
_PINYIN = tuple("wang li zhang liu chen yang huang zhao wu zhou xu sun ma zhu hu guo he lin gao luo".split())


def person_names(rng: np.random.Generator, female: NDArray[np.bool_], age: NDArray[np.int64]) -> list[str]:
    """A name for each person, in the fashion of the years they were born in."""
    surnames = texts(SURNAMES, rng.choice(len(SURNAMES), len(age), p=_SHARES / _SHARES.sum()))
    cohort = np.clip(np.where(age >= 50, 0, np.where(age >= 29, 1, 2)), 0, 2)
    pools = [[text.split() for text in group] for group in (_MEN, _WOMEN)]
    draw = rng.random((2, len(age)))
    given = []
    for f, c, u, second in zip(female.tolist(), cohort.tolist(), *draw.tolist(), strict=True):
        pool = pools[f][c]
        first = pool[int(u * len(pool))]
        given.append(first + pool[int(second * 30) % 18][-1] if len(first) == 1 and second < 0.45 else first)
    return [a + b for a, b in zip(surnames, given, strict=True)]


def mobiles(rng: np.random.Generator, count: int) -> list[str]:
    """Different mobile numbers in E.164."""
    prefixes = texts(_MOBILE, rng.integers(0, len(_MOBILE), count))
    # a step that has no factor in common with 10^8 walks through all tails without meeting one twice
    tails = (rng.integers(0, 10**8) + np.arange(count) * 61_803_399) % 10**8
    return [f"+86{prefix}{tail:08d}" for prefix, tail in zip(prefixes, tails.tolist(), strict=True)]


def landlines(rng: np.random.Generator, city: NDArray[np.int64]) -> list[str]:
    """Fixed lines of these cities in E.164, a few with an extension."""
    tails = rng.integers(0, 10**7, len(city)).tolist()
    extension = np.where(rng.random(len(city)) < 0.12, rng.integers(800, 899, len(city)), 0).tolist()
    short = {"592", "551"}
    out = []
    for c, tail, ext in zip(city.tolist(), tails, extension, strict=True):
        trunk = CITIES[c].trunk
        number = (
            f"+86{trunk}{5 + tail % 4}{tail % 10**6:06d}"
            if trunk in short
            else f"+86{trunk}{5 + tail % 4}{tail:07d}"
        )
        out.append(f"{number};{ext}" if ext else number)
    return out


def mails(rng: np.random.Generator, count: int) -> list[str]:
    """Private mail addresses, all different."""
    hosts = texts(_MAIL, rng.choice(len(_MAIL), count, p=_MAIL_SHARE))
    stems = rng.integers(0, len(_PINYIN), count).tolist()
    numbers = (rng.integers(10**8, 3 * 10**8) + np.arange(count) * 7919 % 10**8).tolist()
    return [
        f"{number}@qq.com" if host == "qq.com" else f"{_PINYIN[stem]}{number}@{host}"
        for host, stem, number in zip(hosts, stems, numbers, strict=True)
    ]


def company_names(
    rng: np.random.Generator, city: NDArray[np.int64], industry: NDArray[np.int64]
) -> tuple[list[str], list[str]]:
    """Registered names, all different, and each one's 字号."""
    trades = [words.split() for _, _, words in INDUSTRIES]
    legal = [name for name, _ in _LEGAL]
    shares = np.array([share for _, share in _LEGAL])
    forms = texts(legal, rng.choice(len(legal), len(city), p=shares / shares.sum()))
    names: list[str] = []
    brands: list[str] = []
    seen: set[str] = set()
    for c, trade, form in zip(city.tolist(), industry.tolist(), forms, strict=True):
        while True:
            picks = rng.integers(0, len(_BRAND), 3).tolist()
            brand = "".join(_BRAND[i] for i in picks[: 3 if picks[2] < 9 else 2])
            kind = trades[trade][picks[0] % len(trades[trade])]
            style = f"{CITIES[c].name}{brand}{kind}" if picks[1] % 5 else f"{brand}{kind}（{CITIES[c].name}）"
            if style + form not in seen:
                break
        seen.add(style + form)
        names.append(style + form)
        brands.append(brand)
    return names, brands


LONG_NAMES = (
    "中国（浙江）自由贸易试验区杭州高新技术产业开发区云栖国际数字健康产业发展投资管理集团股份有限公司滨江分公司",
    "上海浦东新区陆家嘴国际金融文化艺术交流促进中心与长三角一体化品牌创新发展联合会展服务有限责任公司",
    "内蒙古呼伦贝尔草原生态农牧业科技产业化国家重点龙头企业集团有限公司驻华东地区营销服务总部（上海）办事处",
)


def credit_codes(rng: np.random.Generator, regions: list[str]) -> list[str]:
    """Valid codes, all different, of companies registered in these districts."""
    source = random.Random(int(rng.integers(0, 2**60)))
    seen: set[str] = set()
    out = []
    for region in regions:
        code = make_valid(source, region)
        while code in seen:
            code = make_valid(source, region)
        seen.add(code)
        out.append(code)
    return out
