"""What the demo company sells and where: categories, products, shops."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kemai.project.demo.table import NONE, Table

COMPANY = "云栖良品"


class Line(NamedTuple):
    """One category: its parent, its share of the sales, its seasonal weights (January first), and its products
    as "name price", a season behind a slash where the product is only sold then."""

    name: str
    parent: str
    share: float
    season: tuple[float, ...]
    unit: str
    items: str


FLAT = (1.0,) * 12
LINES = (
    Line(
        "茶叶", "食品茶饮", 0.15, (1.5, 1.1, 1.1, 1.3, 1.1, 0.8, 0.7, 0.9, 1.3, 1.0, 1.0, 1.2), "罐",
        "明前西湖龙井 50g 298/345,雨前龙井 100g 168,碧螺春一级 100g 188,安吉白茶 100g 158,黄山毛峰 100g 128,"
        "六安瓜片 100g 148,信阳毛尖 100g 138,祁门红茶 100g 118,正山小种 100g 136,金骏眉 50g 268,滇红金芽 100g 98,"
        "铁观音浓香 250g 158,大红袍 125g 218,凤凰单丛蜜兰香 100g 198,福鼎白毫银针 50g 258,白牡丹饼茶 300g 228,"
        "古树普洱生茶 357g 326,陈年熟普 357g 288,茉莉龙珠 100g 96,桂花乌龙 100g 88,菊花决明子茶包 59,大麦茶 500g 36",
    ),
    Line(
        "节令礼盒", "食品茶饮", 0.06, (2.6, 0.9, 0.2, 0.2, 0.9, 1.1, 0.2, 1.0, 2.8, 0.5, 0.3, 1.3), "盒",
        "云栖月满中秋月饼礼盒 168/89,流心奶黄月饼八枚 128/89,苏式鲜肉月饼十二枚 96/89,五仁广式月饼铁盒 88/89,"
        "高定茶月礼盒 398/89,端午安康粽礼盒 118/56,嘉兴鲜肉粽十枚 69/56,青团八枚 49/34,年货坚果大礼包 159/121,"
        "福满新春糕点礼盒 138/121,瑞兽年礼茶具套装 468/121,腊味合家欢礼盒 228/121,阿胶糕礼盒 198,燕窝即食礼盒 688,"
        "山珍菌菇礼盒 178,新疆红枣核桃礼盒 108,蜂蜜双瓶礼盒 128,教师节花茶礼盒 99/9,商务茶礼尊享版 568,新婚喜糖礼盒 39",
    ),
    Line(
        "休闲食品", "食品茶饮", 0.12, (1.6, 0.9, 0.9, 0.9, 1.0, 1.1, 1.0, 1.0, 1.0, 1.0, 1.2, 1.4), "袋",
        "每日坚果 30 袋 109,手剥夏威夷果 500g 58,炭烧腰果 500g 66,开心果 500g 69,纸皮核桃 1kg 52,蔓越莓干 250g 26,"
        "冻干草莓 60g 24,风干牛肉干 250g 79,猪肉脯 200g 36,鸭脖卤味拼盘 42,海苔脆片 80g 22,手工沙琪玛 470g 28,"
        "桃酥 500g 25,绿豆糕 300g 32/5678,凤梨酥 12 枚 48,黑芝麻丸 252g 59,红豆薏米粉 500g 49,五谷代餐粥 600g 55,"
        "藕粉 400g 42,话梅三味 300g 29",
    ),
    Line(
        "茶具餐具", "家居生活", 0.09, (1.2, 0.9, 1.0, 1.0, 1.0, 0.9, 0.8, 0.9, 1.2, 1.0, 1.2, 1.1), "件",
        "汝窑开片茶壶 328,紫砂西施壶 598,白瓷盖碗 68,玻璃公道杯 45,龙泉青瓷品茗杯六只 158,旅行茶具一壶四杯 129,"
        "竹制茶盘 188,铁壶 1.2L 426,便携泡茶杯 450ml 79,骨瓷碗碟 28 件 399,日式手绘饭碗四只 88,釉下彩汤碗 46,"
        "楠竹筷十双 39,304 不锈钢勺叉套装 59,木柄咖啡杯 52,冷萃玻璃壶 1.5L 69/5678,玻璃密封罐三件 58,陶瓷调味罐 49,"
        "橡木砧板 128,酒器温酒壶套装 139",
    ),
    Line(
        "床品家纺", "家居生活", 0.10, (1.1, 0.8, 1.0, 1.0, 0.9, 1.0, 0.8, 0.9, 1.1, 1.3, 1.7, 1.3), "套",
        "60 支长绒棉四件套 499,水洗棉四件套 329,天丝凉感四件套 459/5678,竹纤维凉席三件 268/5678,蚕丝夏凉被 398/5678,"
        "桑蚕丝冬被 4 斤 1280/1012,95 白鹅绒被 1899/1012,大豆纤维春秋被 269,羊羔绒毛毯 199/1012,珊瑚绒盖毯 99/1012,"
        "记忆棉护颈枕 179,荞麦枕 89,乳胶枕 259,纯棉浴巾 79,毛巾四条装 69,全棉浴袍 169,居家拖鞋 39,亚麻抱枕套 45,"
        "遮光窗帘成品 238,羊毛地毯 1.6m 699",
    ),
    Line(
        "收纳清洁", "家居生活", 0.09, (1.4, 1.2, 1.1, 1.0, 1.0, 1.1, 0.9, 0.9, 0.9, 0.9, 1.2, 1.0), "件",
        "布艺收纳箱三只 89,可折叠衣物收纳盒 45,抽屉式内衣盒 36,真空压缩袋 8 只 49,厨房置物架 119,旋转调料架 59,"
        "脏衣篮 56,浴室免打孔架 69,桌面文件盒 42,洗衣凝珠 50 颗 49,浓缩洗衣液 3kg 59,除菌喷雾 500ml 32,厨房油污净 29,"
        "洗洁精 1.5kg 19,马桶清洁块 12 枚 25,平板拖把 99,静电除尘掸 35,无香湿巾 80 抽×5 39,抽纸 24 包 59,"
        "卷纸 27 卷 65,樟木条 24 根 38/456",
    ),
    Line(
        "香氛洗护", "个护美妆", 0.11, (0.9, 1.1, 1.2, 1.0, 1.2, 1.1, 0.9, 1.0, 1.0, 1.0, 1.5, 1.1), "瓶",
        "桂花香氛蜡烛 129,白茶无火香薰 168,雪松线香 78,沉香盘香 198,车载香片 49,氨基酸洁面 89,玻尿酸精华 199,"
        "山茶花面霜 229,烟酰胺面膜 20 片 129,防晒霜 SPF50 119/4567,润唇膏 39/1012,护手霜三支 79/1012,洋甘菊洗发水 99,"
        "生姜护发素 79,沐浴油 109,手工皂四块 68,牙膏三支 49,电动牙刷刷头 59,身体乳 89,驱蚊喷雾 42/5678",
    ),
    Line(
        "彩妆护肤", "个护美妆", 0.05, (0.8, 1.2, 1.3, 1.0, 1.2, 1.3, 0.8, 1.1, 1.0, 1.0, 2.0, 1.2), "件",
        "国风口红朱砂红 139,国风口红豆沙 139,气垫粉底 189,定妆散粉 119,九色眼影盘 159,眉笔双头 49,睫毛膏 79,"
        "腮红膏 69,卸妆膏 99,化妆刷七支 128,隔离霜 109,遮瑕三色盘 89,指甲油套装 59,香水小样五支 149,"
        "东方花语淡香水 30ml 298,眼霜 189,冻干粉面膜 159,修护精油 219,化妆棉 200 片 22,美妆蛋两只 29",
    ),
    Line(
        "母婴用品", "母婴儿童", 0.10, FLAT, "件",
        "超薄纸尿裤 NB 90 片 139,超薄纸尿裤 M 80 片 145,拉拉裤 L 76 片 149,拉拉裤 XL 68 片 152,婴儿湿巾 10 包 69,"
        "有机米粉 225g 68,果泥 6 袋 59,婴儿溶豆 20g 26,玻璃奶瓶 240ml 89,奶嘴两只 45,恒温调奶器 239,辅食机 299,"
        "婴儿润肤乳 79,婴儿洗发沐浴二合一 69,纱布浴巾 89,连体衣两件 119,婴儿睡袋 199/1012,儿童餐椅 459,学饮杯 65,"
        "防撞条套装 35",
    ),
    Line(
        "儿童玩具", "母婴儿童", 0.04, (1.2, 0.9, 0.8, 0.9, 1.3, 1.6, 1.0, 1.0, 0.9, 1.0, 1.3, 1.3), "件",
        "木质积木 100 粒 129,磁力片 86 片 159,儿童绘本十册 99,拼图 200 片 49,过家家厨房 189,毛绒熊猫 69,"
        "点读笔 299,儿童画架 169,彩泥 24 色 59,科学实验盒 129,平衡车 269,儿童帐篷 139,轨道小火车 119,"
        "亲子桌游 79,水彩笔 36 色 39,围棋五子棋套装 89,跳绳 25,儿童望远镜 59,陶泥手作盒 79,古诗词卡片 36",
    ),
    Line(
        "小家电", "数码家电", 0.07, (0.9, 0.8, 0.9, 0.9, 1.0, 1.5, 1.0, 0.9, 0.9, 1.0, 2.2, 1.2), "台",
        "养生壶 1.8L 199,电热水壶 129,迷你电饭煲 2L 239,空气炸锅 5L 329,破壁机 499,榨汁杯 119,咖啡机 899,"
        "手冲壶温控 268,多士炉 159,煮蛋器 59,桌面加湿器 129/1012,循环扇 269/5678,落地扇 299/5678,暖风机 239/1012,"
        "电热毯双人 159/1012,除螨仪 349,扫地机器人 1699,挂烫机 259,空气净化器 1099,电动牙刷 199",
    ),
    Line(
        "办公礼品", "企业采购", 0.02, (1.3, 0.6, 0.9, 0.9, 1.0, 1.0, 0.9, 1.0, 1.4, 1.0, 1.1, 1.6), "件",
        "定制保温杯 500ml 89,商务笔记本礼盒 68,金属签字笔对装 99,定制帆布袋 26,晴雨伞 59,桌面绿植 45,蓝牙音箱 129,"
        "无线充电笔筒 109,定制 U 盘 32G 49,茶水间茶包 100 袋 128,咖啡豆 1kg 118,一次性纸杯 1000 只 79,擦手纸 20 包 96,"
        "洗手液 5L 68,员工生日礼盒 158,入职欢迎礼包 199,会议茶歇套餐 288,客房易耗品套装 36,客房香薰机 228,"
        "员工福利提货卡 500 500",
    ),
)  # fmt: skip

SHOPS = (
    ("上海静安旗舰店", "310106", "南京西路 1266 号恒隆广场 B1-108"),
    ("上海徐汇日月光店", "310104", "漕宝路 33 号日月光中心 2 层 205"),
    ("上海浦东正大店", "310115", "陆家嘴西路 168 号正大广场 3 层"),
    ("杭州湖滨银泰店", "330102", "延安路 258 号湖滨银泰 C 区 1 层"),
    ("杭州未来科技城店", "330110", "文一西路 998 号海创园 7 幢"),
    ("南京新街口店", "320104", "中山南路 79 号中央商场 4 层"),
    ("苏州观前街店", "320508", "观前街 88 号 1 层"),
    ("北京朝阳大悦城店", "110105", "朝阳北路 101 号大悦城 5 层 12"),
    ("北京海淀五棵松店", "110108", "复兴路 69 号华熙 LIVE B1"),
    ("天津滨江道店", "120101", "滨江道 219 号恒隆广场 2 层"),
    ("广州天河城店", "440106", "天河路 208 号天河城 4 层"),
    ("深圳万象天地店", "440305", "深南大道 9668 号万象天地 NL215"),
    ("成都太古里店", "510104", "中纱帽街 8 号太古里 M68"),
    ("重庆解放碑店", "500103", "民族路 188 号环球购物中心 3 层"),
)
STORES = len(SHOPS)
ONLINE, MINI, B2B, PHONE = range(STORES, STORES + 4)
OTHERS = (
    (f"{COMPANY}官方旗舰店", "online"),
    (f"{COMPANY}小程序", "mini"),
    ("企业客户部", "b2b"),
    ("电话订购中心", "phone"),
)


def _months(text: str) -> tuple[int, ...]:
    """The months of a season: "1012" is October to December and January, "121" December and January."""
    known = {"1012": (10, 11, 12, 1), "121": (12, 1)}
    return known.get(text, tuple(int(digit) for digit in text))


class Catalogue(NamedTuple):
    categories: Table
    products: Table
    shops: Table
    category_of: NDArray[np.int64]
    """Position in `LINES` of each product (not in the table of categories, which has parents, too)."""
    price: NDArray[np.int64]
    """Today's list price in cents."""
    in_season: NDArray[np.float64]
    """Weight of each product in each month: products × 12."""


def _item(text: str) -> tuple[str, int, tuple[int, ...]]:
    name, _, tail = text.strip().rpartition(" ")
    price, _, season = tail.partition("/")
    return name, int(price) * 100, _months(season) if season else ()


def _categories() -> tuple[Table, dict[str, int]]:
    parents = list(dict.fromkeys(line.parent for line in LINES))
    names = [*parents, *(line.name for line in LINES)]
    above = [NONE] * len(parents) + [parents.index(line.parent) for line in LINES]
    table = Table({"name": names, "parent": np.array(above)}, refs={"parent": "category"})
    return table, {name: at for at, name in enumerate(names)}


def _shops() -> Table:
    return Table(
        {
            "name": [name for name, _, _ in SHOPS] + [name for name, _ in OTHERS],
            "channel": ["store"] * STORES + [channel for _, channel in OTHERS],
            "region": [region for _, region, _ in SHOPS] + [""] * len(OTHERS),
            "address": [address for _, _, address in SHOPS] + [""] * len(OTHERS),
        }
    )


def catalogue(rng: np.random.Generator) -> Catalogue:
    """Everything on offer. Popularity within a category falls like Zipf's law, in an order of its own."""
    categories, position = _categories()
    names, units, prices, of, weights = [], [], [], [], []
    for at, line in enumerate(LINES):
        items = [_item(text) for text in line.items.split(",")]
        ranks = rng.permutation(len(items)) + 1.0
        for (name, price, months), rank in zip(items, ranks.tolist(), strict=True):
            names.append(name)
            units.append(line.unit)
            prices.append(price)
            of.append(at)
            popular = rank**-0.7 * (4.0 if months else 1.0)
            weights.append([popular if not months or m in months else 0.0 for m in range(1, 13)])
    products = Table(
        {
            "number": [f"YQ{of[i] + 1:02d}{i + 1:04d}" for i in range(len(names))],
            "name": names,
            "category": np.array([position[LINES[i].name] for i in of]),
            "price": np.array(prices),
            "unit": units,
            "active": rng.random(len(names)) > 0.03,
        },
        refs={"category": "category"},
        cents=frozenset({"price"}),
    )
    return Catalogue(categories, products, _shops(), np.array(of), np.array(prices), np.array(weights))
