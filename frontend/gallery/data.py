"""Sample data for the gallery: realistic, with the awkward cases (long names, empty values, many tags)."""

from __future__ import annotations

from datetime import datetime, timedelta

NOW = datetime.now()  # noqa: DTZ005 - the templates want local times


def shell(lang: str, theme: str) -> dict[str, object]:
    en = lang == "en"

    def t(zh: str, english: str) -> str:
        return english if en else zh

    def item(key: str, zh: str, english: str, icon: str, **more: object) -> dict[str, object]:
        return {
            "key": key,
            "label": t(zh, english),
            "icon": icon,
            "url": f"#{key}",
            "active": False,
            "count": None,
            "views": [],
            **more,
        }

    views = [
        {"label": t(z, e), "url": "#", "active": i == 0}
        for i, (z, e) in enumerate(
            [("全部客户", "All customers"), ("我负责的", "Mine"), ("90 天未联系", "Silent 90 days")]
        )
    ]
    nav = [
        {
            "label": t("工作台", "Work"),
            "items": [
                item("today", "今日", "Today", "sun", count=12, hot=True),
                item("inbox", "消息", "Inbox", "bell", count=5),
                item("calendar", "日历", "Calendar", "calendar"),
            ],
        },
        {
            "label": t("客户", "Customers"),
            "items": [
                item("customer", "客户", "Customers", "building", active=True, views=views),
                item("contact", "联系人", "Contacts", "address-book"),
                item("pool", "公海", "Pool", "users-group", count=38),
            ],
        },
        {
            "label": t("销售", "Sales"),
            "items": [
                item("lead", "线索", "Leads", "target-arrow"),
                item("deal", "商机", "Deals", "briefcase"),
                item("quote", "报价", "Quotes", "file-text"),
                item("receipt", "回款", "Receipts", "cash"),
            ],
        },
        {
            "label": t("营销", "Marketing"),
            "items": [
                item("campaign", "活动", "Campaigns", "speakerphone"),
                item("segment", "分群", "Segments", "filter"),
                item("journey", "旅程", "Journeys", "route"),
            ],
        },
        {
            "label": t("服务", "Service"),
            "items": [
                item("ticket", "工单", "Tickets", "ticket", count=3),
                item("callback", "回访", "Call-backs", "phone"),
            ],
        },
        {
            "label": t("洞察", "Insight"),
            "items": [
                item("dashboard", "看板", "Dashboards", "chart-bar"),
                item("analysis", "分析", "Analyses", "chart-dots"),
            ],
        },
    ]
    return {
        "nav": nav,
        "unread": 5,
        "version": "0.1.0",
        "company": t("远帆贸易", "Yuanfan Trading"),
        "home_url": "#",
        "palette_url": "/palette/",
        "notices_url": "#n",
        "logout_url": "#",
        "user": {
            "name": t("张伟", "Zhang Wei"),
            "initial": "张",
            "language": lang,
            "theme": theme,
            "density": "cozy",
            "links": [
                {"label": t("密码与两步登录", "Password and two-step"), "url": "#", "icon": "shield"},
                {"label": t("登录设备", "Sessions"), "url": "#", "icon": "device-mobile"},
            ],
        },
        "quick_create": [
            {"label": t("客户", "Customer"), "url": "#", "icon": "building"},
            {"label": t("商机", "Deal"), "url": "#", "icon": "briefcase"},
            {"label": t("记录跟进", "Log a touch"), "url": "#", "icon": "note"},
            {"label": t("任务", "Task"), "url": "#", "icon": "checkbox"},
            {"label": t("工单", "Ticket"), "url": "#", "icon": "ticket"},
        ],
    }


def ago(**kw: float) -> datetime:
    return NOW - timedelta(**kw)


CUSTOMERS = [
    (
        "上海华漕精密机械制造有限公司",
        "C-2026-00128",
        ("重要价值", "green"),
        ("活跃", "teal"),
        "李娜",
        "上海",
        1285600.0,
        23,
        ago(hours=3),
        [("长三角", "blue"), ("设备", "gray")],
    ),
    (
        "苏州工业园区博瑞特自动化科技股份有限公司华东分公司",
        "C-2026-00097",
        ("重要发展", "blue"),
        ("活跃", "teal"),
        "王芳",
        "苏州",
        862300.5,
        15,
        ago(days=1, hours=2),
        [("自动化", "purple")],
    ),
    (
        "杭州云栖生鲜供应链",
        "C-2026-00311",
        ("重要挽留", "orange"),
        ("沉睡", "orange"),
        "张伟",
        "杭州",
        431900.0,
        9,
        ago(days=96),
        [("生鲜", "green"), ("KA", "indigo"), ("账期 60 天", "yellow"), ("连锁", "pink")],
    ),
    (
        "广州天河区恒泰医疗器械经营部",
        "C-2025-01844",
        ("一般价值", "gray"),
        ("活跃", "teal"),
        "刘洋",
        "广州",
        98000.0,
        4,
        ago(days=6),
        [],
    ),
    (
        "成都锦里文创",
        "C-2026-00452",
        ("重要保持", "azure"),
        ("流失预警", "red"),
        "陈静",
        "成都",
        276540.88,
        12,
        ago(days=44),
        [("文创", "purple")],
    ),
    (
        "北京中关村智谱数据服务有限公司",
        "C-2026-00501",
        ("重要价值", "green"),
        ("活跃", "teal"),
        "李娜",
        "北京",
        2046000.0,
        31,
        ago(minutes=12),
        [("政企", "blue")],
    ),
    (
        "宁波北仑港捷运国际物流",
        "C-2026-00077",
        ("重要发展", "blue"),
        ("活跃", "teal"),
        "王芳",
        "宁波",
        512000.0,
        8,
        ago(days=2),
        [],
    ),
    ("武汉光谷光电子", "C-2026-00610", ("新客户", "purple"), ("首购", "blue"), "", "武汉", None, 0, None, []),
    (
        "深圳前海跨境优选电子商务有限公司",
        "C-2026-00222",
        ("重要挽留", "orange"),
        ("沉睡", "orange"),
        "张伟",
        "深圳",
        664210.0,
        18,
        ago(days=131),
        [("跨境", "teal")],
    ),
    (
        "西安曲江餐饮管理集团",
        "C-2026-00389",
        ("一般发展", "gray"),
        ("活跃", "teal"),
        "刘洋",
        "西安",
        45210.0,
        2,
        ago(days=11),
        [],
    ),
    (
        "青岛啤酒城商贸",
        "C-2026-00091",
        ("重要保持", "azure"),
        ("活跃", "teal"),
        "陈静",
        "青岛",
        388800.0,
        14,
        ago(days=4),
        [],
    ),
    (
        "重庆两江新区新能源汽车零部件配套产业园运营有限公司",
        "C-2026-00733",
        ("重要价值", "green"),
        ("活跃", "teal"),
        "李娜",
        "重庆",
        1930400.0,
        27,
        ago(hours=20),
        [("汽配", "orange"), ("KA", "indigo")],
    ),
    (
        "南京玄武湖酒店",
        "C-2026-00154",
        ("一般保持", "gray"),
        ("活跃", "teal"),
        "王芳",
        "南京",
        76300.0,
        6,
        ago(days=9),
        [],
    ),
    (
        "厦门鼓浪屿民宿联盟",
        "C-2026-00845",
        ("一般挽留", "yellow"),
        ("沉睡", "orange"),
        "刘洋",
        "厦门",
        21900.0,
        3,
        ago(days=203),
        [],
    ),
]
KEYS = ("name", "number", "value", "stage", "owner", "city", "amount", "orders", "last", "tags")
MONTHS = ["6月", "7月", "8月", "9月", "10月", "11月"]
FILTER_CONFIG: dict[str, object] = {
    "fields": [
        {
            "key": "city",
            "label": "城市",
            "group": "基本信息",
            "type": "choice",
            "operators": [
                {"key": "in", "label": "是", "arity": "many"},
                {"key": "nin", "label": "不是", "arity": "many"},
                {"key": "empty", "label": "为空", "arity": 0},
            ],
            "choices": [
                {"value": c, "label": c, "color": k}
                for c, k in [("上海", "blue"), ("苏州", "teal"), ("杭州", "green"), ("广州", "orange")]
            ],
        },
        {
            "key": "amount",
            "label": "近 365 天金额",
            "group": "衍生指标",
            "type": "money",
            "operators": [
                {"key": "gte", "label": "≥", "arity": 1},
                {"key": "between", "label": "介于", "arity": 2},
            ],
        },
        {
            "key": "last_order",
            "label": "最近下单",
            "group": "衍生指标",
            "type": "date",
            "operators": [
                {
                    "key": "before_days",
                    "label": "早于 N 天前",
                    "arity": 1,
                    "text": "早于 {0} 天前",
                    "input": "number",
                },
                {"key": "on", "label": "等于", "arity": 1},
            ],
        },
        {
            "key": "orders",
            "label": "订单数",
            "group": "订单",
            "type": "number",
            "related": "order.customer",
            "agg": "count",
            "operators": [{"key": "gte", "label": "≥", "arity": 1}],
            "fields": [
                {
                    "key": "placed",
                    "label": "下单日期",
                    "type": "date",
                    "operators": [
                        {
                            "key": "last_days",
                            "label": "最近 N 天",
                            "arity": 1,
                            "text": "最近 {0} 天",
                            "input": "number",
                        }
                    ],
                }
            ],
        },
        {
            "key": "vip",
            "label": "是否重点",
            "group": "基本信息",
            "type": "bool",
            "operators": [{"key": "is", "label": "是", "arity": 1}],
        },
    ]
}
FILTER_VALUE = {
    "all": [
        {"field": "city", "op": "in", "value": ["上海", "苏州"]},
        {
            "any": [
                {"field": "amount", "op": "gte", "value": 100000},
                {"field": "last_order", "op": "before_days", "value": 90},
            ]
        },
        {
            "related": "order.customer",
            "agg": "count",
            "op": "gte",
            "value": 3,
            "where": {"all": [{"field": "placed", "op": "last_days", "value": 90}]},
        },
        {"not": {"field": "vip", "op": "is", "value": True}},
    ]
}
CHARTS: dict[str, dict[str, object]] = {
    "line": {
        "type": "line",
        "title": "回款趋势",
        "unit": "元",
        "x": MONTHS,
        "series": [
            {"name": "回款", "data": [820000, 932000, 901000, 1134000, 1290000, 1330000]},
            {"name": "目标", "data": [900000, 950000, 1000000, 1050000, 1200000, 1300000]},
        ],
        "drill": ["#a"] * 6,
    },
    "bar": {
        "type": "bar",
        "title": "各价值类客户数",
        "unit": "位",
        "x": ["重要价值", "重要发展", "重要保持", "重要挽留", "一般价值"],
        "series": [{"name": "客户数", "data": [128, 233, 96, 71, 412]}],
        "drill": ["#b"] * 5,
    },
    "stacked": {
        "type": "stacked",
        "title": "渠道新客",
        "unit": "位",
        "x": MONTHS,
        "series": [
            {"name": "线上", "data": [32, 40, 38, 52, 61, 48]},
            {"name": "展会", "data": [12, 0, 18, 9, 22, 14]},
            {"name": "转介绍", "data": [8, 11, 9, 15, 13, 19]},
        ],
    },
    "pie": {
        "type": "pie",
        "title": "商机阶段金额",
        "unit": "元",
        "x": ["初步接洽", "方案报价", "商务谈判", "合同审批"],
        "series": [{"name": "金额", "data": [1200000, 2300000, 860000, 430000]}],
    },
    "heatmap": {
        "type": "heatmap",
        "title": "联系热度",
        "unit": "次",
        "x": ["周一", "周二", "周三", "周四", "周五"],
        "series": [
            {"name": f"{h}:00", "data": [(h * d) % 17 for d in range(1, 6)]} for h in (9, 11, 14, 16, 18)
        ],
    },
    "scatter": {
        "type": "scatter",
        "title": "频次与金额",
        "unit": "元",
        "x": [],
        "series": [{"name": "客户", "data": [[c[7], c[6] or 0] for c in CUSTOMERS]}],
    },
    "gap": {
        "type": "gap",
        "title": "购买间隔与本人中位数",
        "unit": "天",
        "x": ["3-02", "4-01", "4-29", "6-02", "6-30", "8-03", "9-01", "10-20"],
        "series": [{"name": "间隔", "data": [31, 30, 28, 34, 28, 34, 29, 49]}],
        "median": 30,
    },
    "empty": {"type": "bar", "title": "投诉原因", "unit": "件", "x": [], "series": []},
}
TIMELINE = [
    {
        "icon": "phone",
        "color": "blue",
        "who": "李娜",
        "what": "打了电话 · 6 分 12 秒",
        "when": ago(hours=3),
        "text": "对方采购部确认 12 月初复购 40 台，要求账期从 30 天延长到 45 天。已答应周三前回复。",
    },
    {
        "icon": "shopping-cart",
        "color": "green",
        "who": "订单",
        "what": "SO-20261119-0031 · ¥ 128,000.00",
        "when": ago(days=2),
        "text": "",
    },
    {
        "icon": "mail",
        "color": "purple",
        "who": "王志强（客户）",
        "what": "回复了邮件《关于 2027 年度框架协议》",
        "when": ago(days=3),
        "text": "附件是我们法务改过的版本，第 6 条付款方式请再看一下。谢谢！",
    },
    {
        "icon": "map-pin",
        "color": "teal",
        "who": "李娜",
        "what": "拜访 · 上海市闵行区华漕镇",
        "when": ago(days=9),
        "text": "参观了新厂房，预计明年产能翻倍。",
    },
]
CTX: dict[str, object] = {
    "customers": [dict(zip(KEYS, c, strict=False)) for c in CUSTOMERS],
    "charts": CHARTS,
    "filter_config": FILTER_CONFIG,
    "filter_value": FILTER_VALUE,
    "timeline": TIMELINE,
    "now": NOW,
    "ago": ago,
    "colors": [
        "blue",
        "azure",
        "indigo",
        "purple",
        "pink",
        "red",
        "orange",
        "yellow",
        "green",
        "teal",
        "gray",
    ],
}
PAGES: dict[str, tuple[str, dict[str, object]]] = {
    "gallery": ("components.html", CTX),
    "list": ("list.html", CTX),
    "record": ("record.html", CTX),
    "dashboard": ("dashboard.html", CTX),
    "login": ("login.html", CTX),
    "error": ("ui/error.html", {"code": 404}),
    "board": ("board.html", CTX),
}
