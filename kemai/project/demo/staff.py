"""The people of the demo company: a tree of departments and who works there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kemai.project.demo.table import NONE, Table

DEPARTMENTS = (
    ("总经办", ""),
    ("销售中心", ""),
    ("华东销售部", "销售中心"),
    ("华东一组", "华东销售部"),
    ("华东二组", "华东销售部"),
    ("华北销售部", "销售中心"),
    ("华南销售部", "销售中心"),
    ("西南销售部", "销售中心"),
    ("门店运营部", ""),
    ("华东门店", "门店运营部"),
    ("华北门店", "门店运营部"),
    ("华南门店", "门店运营部"),
    ("西南门店", "门店运营部"),
    ("客服中心", ""),
    ("市场部", ""),
)
AREAS = ("华东", "华北", "华南", "西南")

# username, name, department, manager, role, shop (position) or area that is looked after
PEOPLE = (
    ("demo", "林知远", "销售中心", "", "director", ""),
    ("zhaomin", "赵敏之", "总经办", "", "director", ""),
    ("shenjiahe", "沈嘉禾", "华东销售部", "demo", "manager", ""),
    ("guchen", "顾辰", "华东一组", "shenjiahe", "manager", "华东"),
    ("alice", "苏晓琳", "华东一组", "guchen", "sales", "华东"),
    ("bob", "陈博文", "华东一组", "guchen", "sales", "华东"),
    ("lujia", "陆佳怡", "华东一组", "guchen", "sales", "华东"),
    ("tangyu", "唐宇", "华东二组", "shenjiahe", "manager", "华东"),
    ("xiayun", "夏芸", "华东二组", "tangyu", "sales", "华东"),
    ("fangze", "方泽", "华东二组", "tangyu", "sales", "华东"),
    ("jiangwen", "姜雯", "华东二组", "tangyu", "sales", "华东"),
    ("yanhong", "阎宏", "华北销售部", "demo", "manager", "华北"),
    ("mengfei", "孟菲", "华北销售部", "yanhong", "sales", "华北"),
    ("baiyang", "白杨", "华北销售部", "yanhong", "sales", "华北"),
    ("qinlan", "秦岚", "华北销售部", "yanhong", "sales", "华北"),
    ("huangli", "黄莉", "华南销售部", "demo", "manager", "华南"),
    ("charlie", "何俊杰", "华南销售部", "huangli", "sales", "华南"),
    ("ouyang", "欧阳楠", "华南销售部", "huangli", "sales", "华南"),
    ("liangjing", "梁静", "华南销售部", "huangli", "sales", "华南"),
    ("luochuan", "罗川", "西南销售部", "demo", "manager", "西南"),
    ("duanxue", "段雪", "西南销售部", "luochuan", "sales", "西南"),
    ("raoming", "饶鸣", "西南销售部", "luochuan", "sales", "西南"),
    ("panhui", "潘慧", "门店运营部", "zhaomin", "manager", ""),
    ("store01", "朱雅婷", "华东门店", "panhui", "shop", "0"),
    ("store02", "许文静", "华东门店", "panhui", "shop", "1"),
    ("store03", "曹俊", "华东门店", "panhui", "shop", "2"),
    ("store04", "章晓燕", "华东门店", "panhui", "shop", "3"),
    ("store05", "郑凯", "华东门店", "panhui", "shop", "4"),
    ("store06", "徐丽娟", "华东门店", "panhui", "shop", "5"),
    ("store07", "钱佳", "华东门店", "panhui", "shop", "6"),
    ("store08", "王思涵", "华北门店", "panhui", "shop", "7"),
    ("store09", "李强", "华北门店", "panhui", "shop", "8"),
    ("store10", "刘畅", "华北门店", "panhui", "shop", "9"),
    ("store11", "谢婉仪", "华南门店", "panhui", "shop", "10"),
    ("store12", "林伟健", "华南门店", "panhui", "shop", "11"),
    ("store13", "杨柳", "西南门店", "panhui", "shop", "12"),
    ("store14", "冉丽", "西南门店", "panhui", "shop", "13"),
    ("helen", "韩璐", "客服中心", "zhaomin", "manager", ""),
    ("kefu1", "邓婷", "客服中心", "helen", "service", ""),
    ("kefu2", "马骁", "客服中心", "helen", "service", ""),
    ("kefu3", "宋佳妮", "客服中心", "helen", "service", ""),
    ("kefu4", "丁一鸣", "客服中心", "helen", "service", ""),
    ("marketing", "叶青", "市场部", "zhaomin", "marketing", ""),
    ("market2", "范思琪", "市场部", "marketing", "marketing", ""),
)


@dataclass(frozen=True)
class Staff:
    """Departments and users, and who serves which area or shop (positions of users)."""

    departments: Table
    users: Table
    sales: dict[str, list[int]]
    shop: dict[int, int]
    service: list[int]
    marketing: list[int]


def staff(rng: np.random.Generator) -> Staff:
    """About forty people; the named ones of the tests are demo (all rights), alice and bob (one team) and
    charlie (another area)."""
    names = [name for name, _ in DEPARTMENTS]
    users = [person[0] for person in PEOPLE]
    departments = Table(
        {"name": names, "parent": np.array([names.index(up) if up else NONE for _, up in DEPARTMENTS])},
        refs={"parent": "department"},
    )
    tails = 10_000_000 + (rng.integers(0, 10**7) + np.arange(len(PEOPLE)) * 1_234_577) % 90_000_000
    table = Table(
        {
            "username": users,
            "name": [person[1] for person in PEOPLE],
            "department": np.array([names.index(person[2]) for person in PEOPLE]),
            "manager": np.array([users.index(person[3]) if person[3] else NONE for person in PEOPLE]),
            "role": [person[4] for person in PEOPLE],
            "email": [f"{name}@yunqi.example" for name in users],
            "phone": [f"+86139{tail}" for tail in tails.tolist()],
        },
        refs={"department": "department", "manager": "user"},
    )
    return Staff(
        departments,
        table,
        {area: [i for i, p in enumerate(PEOPLE) if p[5] == area] for area in AREAS},
        {int(p[5]): i for i, p in enumerate(PEOPLE) if p[5].isdigit()},
        [i for i, p in enumerate(PEOPLE) if p[4] == "service"],
        [i for i, p in enumerate(PEOPLE) if p[4] == "marketing"],
    )
