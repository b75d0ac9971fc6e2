"""Visits of the sales people: the last two months with their reports, and what is planned for the next two weeks."""

from __future__ import annotations

import numpy as np

from kemai.project.demo.place import ROADS
from kemai.project.demo.season import DAYS, HOURS, moments, now
from kemai.project.demo.table import NONE, Table, texts
from kemai.project.demo.touches import Scene

VISITS = 620
BACK, AHEAD = 60, 14
PURPOSES = (
    "看样品，确认礼盒方案", "续约沟通", "认识新的采购负责人", "送样并介绍新品", "对账和催款", "了解明年预算", "交付回访",
    "陪同主管拜访", "年度框架谈判", "处理包装破损",
)  # fmt: skip
REPORTS = (
    "见到采购经理，样品满意，下周给报价。", "对方预算要等总部批，月底前再联系。", "谈妥付款方式，合同走内部流程。",
    "负责人出差，和助理确认了需求数量。", "对新品感兴趣，想先试订 50 份。", "提到竞争对手价格更低，需要主管支持。",
    "货都收到了，对包装很满意，愿意介绍兄弟公司。", "账目已核对，承诺月底前付清。",
)  # fmt: skip
PLACES = ("公司前台", "三楼会议室", "一楼大堂", "采购部办公室")


def visits(scene: Scene, scale: float) -> Table:
    rng = scene.rng
    owner = scene.owner
    companies = np.flatnonzero(scene.people.company & (owner >= 0) & (scene.people.join < DAYS - BACK - 5))
    count = max(20, round(VISITS * scale))
    customer = rng.choice(companies, count)
    day = DAYS - 1 + rng.integers(-BACK, AHEAD + 1, count)
    # nobody is out at the week-end
    day = day - np.where((scene.when.weekday[0] + day) % 7 >= 5, 2, 0)
    starts = moments(rng, scene.when, day, HOURS["work"])
    end = now(scene.when)
    past = starts < end - np.timedelta64(3, "h")
    draw = rng.random(count)
    state = np.where(
        past, np.where(draw < 0.88, "done", np.where(draw < 0.93, "cancelled", "planned")), "planned"
    )
    done = state == "done"
    there = starts + (rng.normal(4, 9, count) * 60).astype(np.int64).astype("m8[s]")
    there = np.minimum(there, end)
    located = done & (rng.random(count) < 0.85)
    never = np.datetime64("NaT", "s")
    nothing = np.full(count, np.nan)
    spot = rng.integers(0, len(PLACES), count).tolist()
    road = rng.integers(0, len(ROADS), count).tolist()
    said = rng.integers(0, len(REPORTS), count).tolist()
    contacts: dict[int, int] = {}
    for at, c in enumerate(scene.known.contacts.ints("customer").tolist()):
        contacts.setdefault(c, at)
    return Table(
        {
            "purpose": texts(PURPOSES, rng.integers(0, len(PURPOSES), count)),
            "customer": customer,
            "contact": np.array([contacts.get(c, NONE) for c in customer.tolist()]),
            "starts_at": starts,
            "state": state.tolist(),
            "checked_in_at": np.where(done, there, never),
            "place": [f"{ROADS[r]} {PLACES[p]}" if d else "" for r, p, d in zip(road, spot, done.tolist(), strict=True)],
            "latitude": np.where(located, np.round(rng.uniform(22.5, 40.0, count), 5), nothing),
            "longitude": np.where(located, np.round(rng.uniform(104.0, 121.5, count), 5), nothing),
            "accuracy": np.where(located, np.round(rng.lognormal(3.0, 0.8, count), 1), nothing),
            "outcome": np.where(done, texts(("reached", "later"), (rng.random(count) < 0.2).astype(np.int64)), "").tolist(),
            "report": [REPORTS[n] if d else "" for n, d in zip(said, done.tolist(), strict=True)],
            "reported_at": np.where(done, np.minimum(there + np.timedelta64(7200, "s"), end), never),
            "owner": owner[customer],
            "created_at": np.minimum(starts - np.timedelta64(5, "D"), end),
        },
        refs={"customer": "customer", "contact": "contact", "owner": "user"},
    )  # fmt: skip
