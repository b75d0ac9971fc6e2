"""Stores the demo company through the write door, then runs the analyses and sets the scene."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kemai.customers.services.orders import Line, NewOrder, place_orders
from kemai.platform import audit, records
from kemai.platform.access import SYSTEM
from kemai.platform.fields import Ref
from kemai.platform.objects import get
from kemai.project.demo import cash, pools, scene, selling, team
from kemai.project.demo.company import SEED, Company, small_company
from kemai.project.demo.progress import Advance, Progress
from kemai.project.demo.services import mark, set_mark, set_passwords

CHUNK = 5000
BY = SYSTEM.through("demo")
REASON = "演示公司"
STORING, STORED, DONE = "storing", "stored", "done"
STEPS = (
    ("product", gettext_noop("产品")), ("shop", gettext_noop("门店")), ("customer", gettext_noop("客户")), ("contact", gettext_noop("联系人")),
    ("identifier", gettext_noop("标识")), ("consent", gettext_noop("授权同意")),
)  # fmt: skip


@dataclass(frozen=True)
class Loaded:
    """What was stored: when, which company, and the password of its people (empty if it was there before)."""

    as_of: dt.datetime
    password: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


def load(
    scale: float = 1.0,
    seed: int = SEED,
    as_of: dt.datetime | None = None,
    *,
    password: str = "",
    progress: Progress | None = None,
    analyse: bool = True,
) -> Loaded:
    """Store the demo company unless it is there. Without a password one is made up; it is returned and kept nowhere.

    What was cut off after the records were stored is finished by the next call. Raises Refused where there are data
    of others, or records of a load that was cut off earlier."""
    noted = mark()
    if noted is not None and noted["stage"] == DONE:
        return Loaded(moment_of(noted))
    started = timezone.now()
    progress = progress or Progress(None)
    password = password or secrets.token_urlsafe(9)
    made = begin(scale, seed, as_of, password, progress) if noted is None else again(noted, password)
    if analyse:
        scene.analyse(made, progress)
    scene.dress(made, progress)
    set_mark({**describe(made, scale, seed), "stage": DONE})
    seconds = (timezone.now() - started).total_seconds()
    counts = {key: len(table) for key, table in made.tables.items()}
    said = _("演示公司已就绪：%(customers)s 位客户，%(orders)s 张订单，用时 %(seconds)s 秒")
    progress.say(
        said % {"customers": counts["customer"], "orders": counts["order"], "seconds": round(seconds)}
    )
    return Loaded(made.as_of, password, counts, seconds)


def begin(scale: float, seed: int, as_of: dt.datetime | None, password: str, progress: Progress) -> Company:
    """Make the company and store its records."""
    if get("customer").model._default_manager.exists():
        raise records.Refused("not_empty", _("这里已经有客户：演示公司只能装进空的数据库"))
    made = small_company(scale, seed, as_of)
    set_mark({**describe(made, scale, seed), "stage": STORING})
    Loader(made, progress).store(password)
    set_mark({**describe(made, scale, seed), "stage": STORED})
    return made


def again(noted: Mapping[str, object], password: str) -> Company:
    """The company whose records are stored already; its people get a new password, the first one is lost."""
    if noted["stage"] != STORED:
        raise records.Refused(
            "half_loaded", _("上次装入中断，数据不完整：请删除演示公司的数据目录后重新启动")
        )
    made = small_company(float(str(noted["scale"])), int(str(noted["seed"])), moment_of(noted))
    set_passwords(made["user"].texts("username"), password)
    return made


def moment_of(noted: Mapping[str, object]) -> dt.datetime:
    return dt.datetime.fromisoformat(str(noted["as_of"]))


def describe(made: Company, scale: float, seed: int) -> dict[str, object]:
    """What makes the same company again."""
    return {"as_of": made.as_of.isoformat(), "seed": seed, "scale": scale}


class Loader:
    """One company on its way into the database. `ids` holds the stored keys of each table, in its order."""

    def __init__(self, made: Company, progress: Progress) -> None:
        self.made = made
        self.progress = progress
        self.ids: dict[str, Sequence[int]] = {}

    def store(self, password: str) -> None:
        """Everything, in the order of the references."""
        self.ids.update(team.store(self.made.staff, password, by=BY))
        self.categories()
        for key, label in STEPS:
            self.records(key, label)
        self.orders()
        self.records("interaction", gettext_noop("互动"))
        self.tags()
        self.records("task", gettext_noop("任务"))
        selling.store(self)
        cash.store(self)
        pools.store(self)

    def rows(self, key: str) -> Iterator[dict[str, object]]:
        """The values of a table as the door holds them: references as Ref."""
        table = self.made[key]
        fields = get(key).fields
        refs = [name for name in table.refs if name in fields]
        for row in table.rows(self.ids):
            for name in refs:
                found = row[name]
                row[name] = None if found is None else Ref(int(str(found)), "")
            yield row

    def records(self, key: str, label: str) -> None:
        """One table in chunks; each chunk is one transaction."""
        rows, keys = self.rows(key), list[int]()
        changes = audit.open_set("import", key, by=BY, reason=REASON)
        with self.progress.step(_(label), len(self.made[key])) as advance:
            while chunk := list(islice(rows, CHUNK)):
                keys += records.bulk_create(key, chunk, by=BY, changeset=changes, parsed=True)
                advance(len(chunk))
        self.ids[key] = keys

    def categories(self) -> None:
        """The upper ones first: the others refer to them."""
        table = self.made["category"]
        above = int((table.ints("parent") < 0).sum())
        for begin, end in ((0, above), (above, len(table))):
            rows = [dict(row) for row in table.rows(self.ids, start=begin, stop=end)]
            for row in rows:
                row["parent"] = None if row["parent"] is None else Ref(int(str(row["parent"])), "")
            keys = records.bulk_create("category", rows, by=BY, reason=REASON, parsed=True)
            self.ids["category"] = [*self.ids.get("category", ()), *keys]

    def orders(self) -> None:
        """Orders with their lines, which are part of them."""
        made, keys = self.new_orders(), list[int]()
        changes = audit.open_set("import", "order", by=BY, reason=REASON)
        with self.progress.step(_("订单"), len(self.made["order"])) as advance:
            while chunk := list(islice(made, CHUNK)):
                keys += place_orders(chunk, by=BY, changeset=changes)
                advance(len(chunk))
        self.ids["order"] = keys

    def new_orders(self) -> Iterator[NewOrder]:
        """Each order with its lines; both tables are in the order of the orders."""
        of = self.made["order_line"].ints("order").tolist()
        lines = zip(of, self.made["order_line"].rows({"product": self.ids["product"]}), strict=True)
        grouped = groupby(lines, key=lambda line: line[0])
        for row, (_order, group) in zip(self.rows("order"), grouped, strict=True):
            del row["amount"], row["quantity"]
            yield NewOrder(row, [line_of(one) for _at, one in group])

    def tags(self) -> None:
        """The tags, then who carries them, by source."""
        tags, taggings = self.made["tag"], self.made["tagging"]
        defined = [{**row, "valid_days": row["valid_days"] or None} for row in tags.rows()]
        records.bulk_create("tag", defined, by=BY, reason=REASON, parsed=True)
        names = [f"{row['group']}·{row['name']}" for row in defined]
        sources: dict[str, list[dict[str, object]]] = {}
        for row in taggings.rows({"customer": self.ids["customer"]}):
            row["tag"] = names[int(str(row["tag"]))]
            sources.setdefault(str(row["source"]), []).append(row)
        with self.progress.step(_("标签"), len(taggings)) as advance:
            for source, rows in sources.items():
                self.tag(rows, source, advance)

    def tag(self, rows: list[dict[str, object]], source: str, advance: Advance) -> None:
        """One transaction a chunk."""
        for at in range(0, len(rows), CHUNK):
            part = rows[at : at + CHUNK]
            with transaction.atomic():
                records.tag_many("customer", part, by=BY, source=source)
            advance(len(part))


def line_of(row: Mapping[str, Any]) -> Line:
    return Line(row["product"], row["quantity"], row["amount"], row["price"])
