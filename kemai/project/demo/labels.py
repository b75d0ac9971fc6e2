"""Tags and who carries them: some set by hand, some by rules or models, some brought from the old system."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kemai.project.demo.crowd import CATEGORY, Bools, Floats, Ints
from kemai.project.demo.season import DAYS, now
from kemai.project.demo.table import NONE, Table
from kemai.project.demo.touches import Scene

# group, colour, days valid (0: for ever), the tags
GROUPS = (
    ("生活阶段", "pink", 0, "备婚 新婚 备孕 孕期 0–1 岁宝宝 1–3 岁宝宝 学龄儿童 空巢 退休生活 刚搬家 装修中"),
    (
        "兴趣",
        "purple",
        365,
        "绿茶 红茶 普洱 白茶 手冲咖啡 香氛 花艺 烘焙 露营 瑜伽 养宠 摄影 书法 国风 极简收纳",
    ),
    (
        "购买偏好",
        "blue",
        180,
        "新品尝鲜 囤货型 套装优先 小包装 礼盒 大件家电 换季添置 只买爆款 复购稳定 跨品类",
    ),
    ("价格敏感", "yellow", 180, "只在大促买 满减凑单 用券达人 原价也买 比价多 退差价"),
    (
        "沟通偏好",
        "green",
        0,
        "微信优先 电话优先 短信即可 晚上联系 上午联系 周末联系 不喜来电 喜欢寒暄 只看图片 需要发票",
    ),
    ("送礼习惯", "red", 365, "春节送礼 中秋送礼 端午送礼 长辈礼 客户礼 婚礼回礼 生日礼 贺卡代写"),
    (
        "服务记录",
        "orange",
        180,
        "曾投诉 投诉已解决 退货两次以上 送货上门 发票常客 易碎品破损 评价达人 售后满意",
    ),
    (
        "活动参与",
        "azure",
        365,
        "双十一 618 双十二 年货节 茶会 会员日 直播间 新店开业 春日唤醒 老友回家 展会扫码 亲子课堂",
    ),
    ("会员权益", "teal", 365, "银卡 金卡 黑卡 生日券已用 积分即将到期 免邮卡 体验官 推荐官"),
    (
        "企业属性",
        "indigo",
        0,
        "连锁 单店 国企 外企 上市公司 专精特新 框架协议 月结客户 预付款 招投标 多网点 统一采购",
    ),
    (
        "采购场景",
        "blue",
        0,
        "员工福利 客房用品 茶水间 会议茶歇 节日礼品 开业礼 年会奖品 前台香氛 样板间 入职礼包",
    ),
    ("风险提示", "red", 90, "用量下降 间隔变长 联系人离职 回款慢 竞品接触 长期未联系 地址失效 重复建档"),
)
OLD_GROUP = "老系统标签"
_OLD = ("会员日", "团购", "茶友会", "换购", "满赠", "扫码礼", "地推", "短信", "体验装", "问卷")
OLD = tuple(f"{year} {what}" for year in range(2015, 2024) for what in _OLD)


class Labels(NamedTuple):
    tags: Table
    """name, group, color, description, valid_days (0: for ever)."""
    taggings: Table
    """object_id (customer), tag (position in `tags`), source, evidence, confidence, set_at, expires_at, user."""


class _Maker:
    """Collects (customers, tag, source, evidence, confidence)."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        rows: list[tuple[str, str, str, int]] = []
        for group, color, days, words in GROUPS:
            merged = words.replace(" 岁", "~岁").split()
            rows += [(group, word.replace("~", " "), color, days) for word in merged]
        rows += [(OLD_GROUP, word, "azure", 0) for word in OLD]
        self.rows = rows
        self.position = {f"{group}·{name}": at for at, (group, name, _, _) in enumerate(rows)}
        self.customers: list[Ints] = []
        self.what: list[tuple[int, str, str, float]] = []

    def give(
        self,
        tag: str,
        mask: Bools | Ints,
        share: float,
        source: str = "manual",
        evidence: str = "",
        sure: float = np.nan,
    ) -> None:
        """Some of these customers get the tag."""
        rows = np.flatnonzero(mask) if mask.dtype == np.bool_ else mask
        chosen = np.asarray(rows[self.scene.rng.random(len(rows)) < share], np.int64)
        if len(chosen):
            self.customers.append(chosen)
            self.what.append((self.position[tag], source, evidence, sure))


def _mean_hour(scene: Scene) -> tuple[Floats, Floats]:
    """(mean local hour of orders, share of orders on weekends) of each customer."""
    orders = scene.bought
    hour = ((orders.orders.times("ordered_at") + np.timedelta64(8, "h")).astype(np.int64) % 86400) / 3600
    count = np.maximum(np.bincount(orders.customer, minlength=len(scene.people)), 1)
    weekend = (scene.when.weekday[orders.day] >= 5).astype(float)
    hours = np.bincount(orders.customer, hour, len(scene.people)) / count
    return hours, np.bincount(orders.customer, weekend, len(scene.people)) / count


def _life(make: _Maker) -> None:
    people = make.scene.people
    baby = people.of("baby")
    for tag, low, high, share in (
        ("备婚", 24, 33, 0.04), ("新婚", 25, 34, 0.05), ("备孕", 25, 36, 0.03), ("学龄儿童", 32, 47, 0.12),
        ("空巢", 50, 66, 0.1), ("退休生活", 60, 90, 0.3), ("刚搬家", 24, 50, 0.03), ("装修中", 26, 55, 0.03),
    ):  # fmt: skip
        make.give(
            f"生活阶段·{tag}",
            ~people.company & (people.age >= low) & (people.age <= high),
            share,
            evidence="沟通中得知",
        )
    month = (DAYS - people.join) / 30
    make.give("生活阶段·孕期", baby & (month < 6), 0.5, "model", "近 60 天浏览与购买", 0.71)
    make.give("生活阶段·0–1 岁宝宝", baby & (month < 14), 0.8, "rule", "购买 NB/M 码纸尿裤", 0.9)
    make.give(
        "生活阶段·1–3 岁宝宝", baby & (month >= 12) & (month < 36), 0.8, "rule", "购买 L/XL 码拉拉裤", 0.9
    )


def _likes(make: _Maker) -> None:
    scene = make.scene
    taste, person = scene.people.taste, ~scene.people.company
    tea = taste[:, CATEGORY["茶叶"]]
    for tag in ("绿茶", "红茶", "普洱", "白茶"):
        make.give(
            f"兴趣·{tag}",
            person & (tea > 0.25),
            0.24,
            "model",
            "近一年茶叶购买占比",
            round(0.6 + len(tag) / 20, 2),
        )
    for tag, category in (
        ("香氛", "香氛洗护"), ("极简收纳", "收纳清洁"), ("国风", "彩妆护肤"), ("烘焙", "小家电"), ("手冲咖啡", "茶具餐具"),
    ):  # fmt: skip
        make.give(
            f"兴趣·{tag}",
            person & (taste[:, CATEGORY[category]] > 0.22),
            0.35,
            "model",
            f"{category}购买占比",
            0.68,
        )
    for tag in ("花艺", "露营", "瑜伽", "养宠", "摄影", "书法"):
        make.give(f"兴趣·{tag}", person, 0.012, evidence="聊天提到")


def _buying(make: _Maker) -> None:
    people, orders = make.scene.people, make.scene.known.orders
    bargain, gift, regular = people.of("bargain"), people.of("gift"), people.of("regular")
    many = orders >= 6
    give = make.give
    give("购买偏好·复购稳定", regular & many, 0.75, "rule", "购买间隔变异系数 < 0.5")
    give("购买偏好·跨品类", many & (people.taste.max(axis=1) < 0.3), 0.5, "rule", "近一年购买 5 个以上品类")
    give("购买偏好·礼盒", gift, 0.8, "rule", "礼盒类占消费一半以上")
    give("购买偏好·囤货型", bargain & many, 0.45, "rule", "单次 4 件以上占比高")
    give("购买偏好·换季添置", people.of("summer") | people.of("winter"), 0.7, "rule", "订单集中在同一季节")
    for tag, share in (
        ("新品尝鲜", 0.05),
        ("套装优先", 0.04),
        ("小包装", 0.04),
        ("大件家电", 0.02),
        ("只买爆款", 0.04),
    ):
        give(f"购买偏好·{tag}", ~people.company & (orders > 2), share, evidence="导购观察")
    give("价格敏感·只在大促买", bargain & (orders > 1), 0.85, "rule", "80% 以上订单在大促日")
    give("价格敏感·满减凑单", bargain, 0.3, "model", "凑单品出现频率", 0.63)
    give("价格敏感·用券达人", ~people.company & many, 0.08, "rule", "用券订单占比 > 30%")
    give("价格敏感·原价也买", regular & (people.spend > 1.4), 0.5, "rule", "折扣订单占比 < 10%")
    give("价格敏感·比价多", ~people.company, 0.02, evidence="门店反馈")
    give("价格敏感·退差价", bargain, 0.04, evidence="客服记录")
    for tag, share in (
        ("春节送礼", 0.6),
        ("中秋送礼", 0.55),
        ("端午送礼", 0.25),
        ("长辈礼", 0.2),
        ("客户礼", 0.15),
    ):
        give(f"送礼习惯·{tag}", gift, share, "rule", "节前 30 天订单")
    for tag in ("婚礼回礼", "生日礼", "贺卡代写"):
        give(f"送礼习惯·{tag}", ~people.company, 0.01, evidence="订单备注")


def _contact(make: _Maker) -> None:
    scene = make.scene
    hours, weekend = _mean_hour(scene)
    orders, person = scene.known.orders > 3, ~scene.people.company
    wecom = np.array([bool(v) for v in scene.known.customers.texts("wecom_id")])
    give = make.give
    give("沟通偏好·微信优先", wecom, 0.22, evidence="客户自述")
    give("沟通偏好·电话优先", scene.people.company | (scene.people.age > 58), 0.25, evidence="客户自述")
    give("沟通偏好·短信即可", person, 0.05, evidence="客户自述")
    give("沟通偏好·晚上联系", orders & (hours > 18), 0.5, "rule", "下单时段集中在 18 点以后")
    give("沟通偏好·上午联系", orders & (hours < 12.5), 0.4, "rule", "下单时段集中在上午")
    give("沟通偏好·周末联系", orders & person & (weekend > 0.55), 0.5, "rule", "周末订单占比 > 55%")
    give("沟通偏好·需要发票", scene.people.company, 0.7, evidence="开票记录")
    for tag in ("不喜来电", "喜欢寒暄", "只看图片"):
        give(f"沟通偏好·{tag}", person, 0.015, evidence="回访记录")


def _service(make: _Maker, complained: Ints) -> None:
    people, known = make.scene.people, make.scene.known
    give = make.give
    give("服务记录·曾投诉", complained, 0.95, "rule", "近一年有投诉记录")
    give("服务记录·投诉已解决", complained, 0.6, evidence="结案回访")
    give("服务记录·易碎品破损", complained, 0.1, evidence="投诉照片")
    give("服务记录·退货两次以上", known.orders > 15, 0.05, "rule", "退款订单 ≥ 2")
    for tag, share in (("送货上门", 0.05), ("发票常客", 0.02), ("评价达人", 0.02), ("售后满意", 0.03)):
        give(f"服务记录·{tag}", known.orders > 3, share, evidence="客服记录")
    give("风险提示·间隔变长", (known.orders > 5) & (people.end < DAYS - 20) & (people.end > DAYS - 200), 0.7, "model",
         "当前间隔超过本人中位数 2 倍", 0.77)  # fmt: skip
    give(
        "风险提示·用量下降",
        people.company & (people.growth < -0.15) & (known.orders > 3),
        0.6,
        "model",
        "近三月用量同比",
        0.74,
    )
    for tag, share in (("联系人离职", 0.05), ("回款慢", 0.05), ("竞品接触", 0.07)):
        give(f"风险提示·{tag}", people.company, share, evidence="销售跟进")
    give("风险提示·长期未联系", people.end < DAYS - 500, 0.3, "rule", "365 天无双向联系")
    give("风险提示·地址失效", ~people.company, 0.008, evidence="快递退回")
    seconds = np.array([second for _, second in known.showcase.duplicates], np.int64)
    give("风险提示·重复建档", seconds, 0.3, "model", "查重得分 0.93", 0.93)


def _events(make: _Maker) -> None:
    scene = make.scene
    f, day, who = scene.when.festivals, scene.bought.day, scene.bought.customer
    spans: tuple[tuple[str, Ints, int, int], ...] = (
        ("双十一", f.singles, -3, 1),
        ("618", f.midyear, -3, 0),
        ("双十二", f.twelve, 0, 0),
        ("年货节", f.spring, -24, -8),
    )
    recent = day > DAYS - 370
    for tag, away, low, high in spans:
        make.give(
            f"活动参与·{tag}",
            np.unique(who[recent & (away[day] >= low) & (away[day] <= high)]),
            0.6,
            "rule",
            "活动期间下单",
        )
    for campaign in scene.bought.campaigns[-2:]:
        make.give(
            f"活动参与·{campaign.name.split()[1]}",
            campaign.addressed,
            0.9,
            "rule",
            f"{campaign.name} 触达名单",
        )
    person = ~scene.people.company
    for tag, share in (
        ("茶会", 0.02),
        ("会员日", 0.04),
        ("直播间", 0.03),
        ("新店开业", 0.01),
        ("展会扫码", 0.02),
        ("亲子课堂", 0.005),
    ):
        make.give(f"活动参与·{tag}", person, share, evidence="签到记录")
    spent = np.where(person, scene.known.recent, 0) / 100
    for tag, least, below in (("银卡", 1500, 4000), ("金卡", 4000, 10_000), ("黑卡", 10_000, 10**9)):
        reason = f"近 12 个月消费满 {least} 元"
        make.give(f"会员权益·{tag}", (spent >= least) & (spent < below), 1.0, "rule", reason)
    for tag, share in (
        ("生日券已用", 0.05),
        ("积分即将到期", 0.04),
        ("免邮卡", 0.03),
        ("体验官", 0.004),
        ("推荐官", 0.01),
    ):
        make.give(f"会员权益·{tag}", person & (spent > 0), share, "rule", "会员系统")


def _business(make: _Maker) -> None:
    people = make.scene.people
    large = people.company & (people.size > 5)
    give = make.give
    for tag, share in (
        ("国企", 0.07),
        ("外企", 0.06),
        ("上市公司", 0.04),
        ("专精特新", 0.05),
        ("预付款", 0.15),
        ("单店", 0.3),
    ):
        give(f"企业属性·{tag}", people.company, share, evidence="工商信息")
    for tag, share in (
        ("连锁", 0.35),
        ("框架协议", 0.45),
        ("月结客户", 0.6),
        ("招投标", 0.1),
        ("多网点", 0.4),
        ("统一采购", 0.3),
    ):
        give(f"企业属性·{tag}", large, share, evidence="合同")
    for tag in ("员工福利", "茶水间", "会议茶歇", "开业礼", "年会奖品", "前台香氛", "入职礼包"):
        give(f"采购场景·{tag}", people.company, 0.11, evidence="拜访了解")
    give("采购场景·客房用品", people.company & (people.industry == 0), 0.7, "rule", "行业为酒店")
    give("采购场景·样板间", people.company & (people.industry == 8), 0.3, evidence="拜访了解")
    give("采购场景·节日礼品", people.of("b2b_gift"), 0.9, "rule", "节前订单占比")


def _all(make: _Maker, complained: Ints) -> None:
    for part in (_life, _likes, _buying, _contact, _events, _business):
        part(make)
    _service(make, complained)
    for tag in OLD:
        make.give(f"{OLD_GROUP}·{tag}", make.scene.people.old, 0.012, "import", "旧会员系统导出 2023-10")
    row = np.array([make.scene.known.showcase.tags])
    for tag in list(make.position)[:200]:
        make.give(tag, row, 1.0, "import", "多系统合并")


def _taggings(make: _Maker) -> Table:
    scene, rng = make.scene, make.scene.rng
    customer = np.concatenate(make.customers)
    which = np.repeat(np.arange(len(make.what)), [len(rows) for rows in make.customers])
    tag = np.array([what[0] for what in make.what])[which]
    # the first reason why somebody got a tag stands
    first = np.sort(np.unique(customer * 1000 + tag, return_index=True)[1])
    customer, which, tag = customer[first], which[first], tag[first]
    end = now(scene.when)
    created = scene.known.customers.times("created_at")[customer]
    life = (end - created).astype(np.int64)
    valid = np.array([row[3] for row in make.rows])[tag]
    # what expires was set lately enough to be still valid for most
    back = rng.random(len(tag)) * np.minimum(life, np.where(valid > 0, valid * 86400 * 1.02, 1e12))
    set_at: NDArray[np.datetime64] = end - back.astype(np.int64).astype("m8[s]")
    never = np.datetime64("NaT", "s")
    expires = np.where(valid > 0, set_at + (valid * 86400).astype("m8[s]"), never).astype("M8[s]")
    fresh = np.isnat(expires) | (expires > end)
    keep = np.flatnonzero(fresh)
    source = [make.what[w][1] for w in which[keep].tolist()]
    by_hand = np.array([s == "manual" for s in source])
    user = np.where(by_hand, scene.served(customer[keep]), NONE)
    return Table(
        {
            "object_id": customer[keep],
            "tag": tag[keep],
            "source": source,
            "evidence": [make.what[w][2] for w in which[keep].tolist()],
            "confidence": np.array([what[3] for what in make.what])[which[keep]],
            "set_at": set_at[keep],
            "expires_at": expires[keep],
            "user": user,
        },
        refs={"object_id": "customer", "tag": "tag", "user": "user"},
    )


def labels(scene: Scene, complained: Ints) -> Labels:
    """About 210 tags in 13 groups, four or five to a customer."""
    make = _Maker(scene)
    _all(make, complained)
    groups, names, colors, days = (list(column) for column in zip(*make.rows, strict=True))
    tags = Table(
        {
            "name": [str(v) for v in names],
            "group": [str(v) for v in groups],
            "color": [str(v) for v in colors],
            "description": ["" if g != OLD_GROUP else "自旧会员系统带来，仅供参考" for g in groups],
            "valid_days": np.array([int(str(d)) for d in days]),
        }
    )
    return Labels(tags, _taggings(make))
