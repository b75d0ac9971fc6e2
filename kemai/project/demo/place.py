"""Where the demo company's customers live: cities with real district codes (GB/T 2260)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kemai.project.demo.staff import AREAS


class City(NamedTuple):
    """A city: its sales area, share of customers, trunk code, the shops in it and its districts' codes."""

    name: str
    area: str
    share: float
    trunk: str
    shops: tuple[int, ...]
    districts: tuple[str, ...]


def _codes(prefix: str, tails: str) -> tuple[str, ...]:
    return tuple(prefix + tail for tail in tails.split())


CITIES = (
    City("上海", "华东", 0.22, "21", (0, 1, 2), _codes("3101", "01 04 05 06 07 09 10 12 13 14 15 17")),
    City("杭州", "华东", 0.14, "571", (3, 4), _codes("3301", "02 05 06 08 09 10")),
    City("南京", "华东", 0.06, "25", (5,), _codes("3201", "02 04 05 06 11 13 14 15")),
    City("苏州", "华东", 0.06, "512", (6,), _codes("3205", "05 06 07 08 09 83")),
    City("宁波", "华东", 0.025, "574", (), _codes("3302", "03 05 06 12")),
    City("合肥", "华东", 0.02, "551", (), _codes("3401", "03 04 11")),
    City("厦门", "华东", 0.015, "592", (), _codes("3502", "03 06 11")),
    City("北京", "华北", 0.12, "10", (7, 8), _codes("1101", "01 02 05 06 07 08 12 14 15")),
    City("天津", "华北", 0.04, "22", (9,), _codes("1201", "01 02 03 04 05 10")),
    City("青岛", "华北", 0.018, "532", (), _codes("3702", "02 03 12 13")),
    City("郑州", "华北", 0.015, "371", (), _codes("4101", "02 03 05")),
    City("广州", "华南", 0.06, "20", (10,), _codes("4401", "03 04 05 06 11 12 13")),
    City("深圳", "华南", 0.065, "755", (11,), _codes("4403", "03 04 05 06 07")),
    City("长沙", "华南", 0.015, "731", (), _codes("4301", "02 03 04 05 11")),
    City("成都", "西南", 0.06, "28", (12,), _codes("5101", "04 05 06 07 08")),
    City("重庆", "西南", 0.04, "23", (13,), _codes("5001", "03 04 06 07 08 13")),
    City("武汉", "西南", 0.02, "27", (), _codes("4201", "02 03 04 05 06 07 11")),
    City("昆明", "西南", 0.012, "871", (), _codes("5301", "02 03")),
)
SHARE = np.array([city.share for city in CITIES]) / sum(city.share for city in CITIES)
AREA_OF = np.array([AREAS.index(city.area) for city in CITIES])
ROADS = tuple(
    "人民路 解放路 中山路 建设路 文化路 新华路 和平路 长江路 黄河路 青年路 学院路 花园路 滨江路 湖滨路 江南大道 迎宾大道 "
    "东风路 朝阳路 胜利路 延安路 北京路 环城东路 环城西路 科技路 创新路 梧桐路 桂花路 香樟路 玉兰路 银杏路 竹林路 凤凰路 "
    "龙湖路 明珠路 丰泽路 康宁路 祥云路 锦绣路 翠微路 望江路 古墩路 天目山路 宜山路 虹桥路 莲花路 春申路 广场路 体育路".split()
)
ESTATES = tuple(
    "绿城桂花园 万科城市花园 翡翠湾 阳光花园 金色家园 保利香槟国际 中海寰宇天下 龙湖春江郦城 融创玉兰公馆 锦绣江南 "
    "滨江壹号 紫金华府 御景园 世纪新城 碧桂园凤凰城 云栖小镇公寓 天鹅湖花苑 湖畔名邸 幸福里 和睦新村 康桥水郡 "
    "华润悦府 招商雍景湾 金地格林 九龙仓雍景山 新湖明珠城 橡树湾 东方明珠苑 海棠苑 书香门第".split()
)
OFFICES = tuple(
    "国际商务中心 环球金融中心 创智大厦 科技园 A 座 银泰中心 软件园 星光大厦 时代广场 恒隆中心 写字楼 B 座 "
    "产业园 3 号楼 云谷中心 财富广场 天际大厦 文创园".replace(" A 座", "A座").replace(" B 座", "B座")
    .replace(" 3 号楼", "3号楼").split()
)  # fmt: skip


def districts(rng: np.random.Generator, city: NDArray[np.int64]) -> list[str]:
    """A district of each of these cities (positions in `CITIES`)."""
    draw = rng.random(len(city))
    return [
        CITIES[c].districts[int(u * len(CITIES[c].districts))]
        for c, u in zip(city.tolist(), draw, strict=True)
    ]


def homes(rng: np.random.Generator, count: int) -> list[str]:
    """Addresses below the district, of flats."""
    road, estate = rng.integers(0, len(ROADS), count), rng.integers(0, len(ESTATES), count)
    numbers = rng.integers(1, 900, (4, count))
    return [
        f"{ROADS[r]} {a} 号{ESTATES[e]} {b % 38 + 1} 幢 {c % 4 + 1} 单元 {d % 32 + 1:d}0{b % 4 + 1}"
        for r, e, a, b, c, d in zip(road, estate, *numbers, strict=True)
    ]


def offices(rng: np.random.Generator, count: int) -> list[str]:
    """Addresses below the district, of offices."""
    road, house = rng.integers(0, len(ROADS), count), rng.integers(0, len(OFFICES), count)
    numbers = rng.integers(1, 2000, (2, count))
    return [
        f"{ROADS[r]} {a} 号{OFFICES[h]} {b % 30 + 1} 层 {b % 30 + 1:d}{b % 12 + 1:02d} 室"
        for r, h, a, b in zip(road, house, *numbers, strict=True)
    ]
