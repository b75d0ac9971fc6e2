"""Stores the demo company through the write door, then runs the analyses and sets the scene."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from django.db import transaction
from django.utils import timezone

from kemai.customers.models import OrderLine
from kemai.platform import audit, records
from kemai.platform.access import SYSTEM
from kemai.platform.fields import Ref
from kemai.platform.objects import get
from kemai.platform.records import sql
from kemai.project.demo import scene, team
from kemai.project.demo.company import SEED, Company, small_company
from kemai.project.demo.progress import Advance, Progress
from kemai.project.demo.services import mark, set_mark

CHUNK = 5000
BY = SYSTEM.through("demo")
REASON = "演示公司"
STEPS = (
    ("product", "产品"), ("shop", "门店"), ("customer", "客户"), ("contact", "联系人"),
    ("identifier", "标识"), ("consent", "授权"),
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

    The first step refuses to mix the demo with data of others: Refused if there are customers already."""
    done = mark()
    if done is not None:
        return Loaded(dt.datetime.fromisoformat(str(done["as_of"])))
    if get("customer").model._default_manager.exists():
        raise records.Refused("not_empty", "数据库里已有客户：演示公司只装进空的数据库")
    started = timezone.now()
    progress = progress or Progress(None)
    password = password or secrets.token_urlsafe(9)
    made = small_company(scale, seed, as_of)
    loader = Loader(made, progress)
    loader.store(password)
    if analyse:
        scene.analyse(made, progress)
    scene.dress(loader.ids)
    seconds = (timezone.now() - started).total_seconds()
    counts = {key: len(table) for key, table in made.tables.items()}
    value = {"as_of": made.as_of.isoformat(), "seed": seed, "scale": scale, "counts": counts}
    set_mark(value)
    progress.say(
        f"演示公司已就绪：{counts['customer']} 位客户，{counts['order']} 张订单，用时 {seconds:.0f} 秒"
    )
    return Loaded(made.as_of, password, counts, seconds)


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
        self.records("interaction", "互动")
        self.tags()
        self.records("task", "任务")

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
        with self.progress.step(label, len(self.made[key])) as advance:
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
        """Orders with their lines, which are part of them, chunk by chunk in one transaction."""
        table, lines = self.made["order"], self.made["order_line"]
        rows, keys = self.rows("order"), list[int]()
        of = lines.ints("order")
        changes = audit.open_set("import", "order", by=BY, reason=REASON)
        with self.progress.step("订单", len(table)) as advance:
            while chunk := list(islice(rows, CHUNK)):
                begin, end = of.searchsorted((len(keys), len(keys) + len(chunk))).tolist()
                with transaction.atomic():
                    keys += records.bulk_create("order", chunk, by=BY, changeset=changes, parsed=True)
                    self.lines(keys, begin, end)
                advance(len(chunk))
        self.ids["order"] = keys

    def lines(self, orders: list[int], begin: int, end: int) -> None:
        """The lines from `begin` to `end` of the orders stored so far."""
        columns = ("order_id", "product_id", "quantity", "price", "amount")
        part = self.made["order_line"].rows(
            {"order": orders, "product": self.ids["product"]}, start=begin, stop=end
        )
        sql.insert(OrderLine, columns, (list(row.values()) for row in part))

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
        with self.progress.step("标签", len(taggings)) as advance:
            for source, rows in sources.items():
                self.tag(rows, source, advance)

    def tag(self, rows: list[dict[str, object]], source: str, advance: Advance) -> None:
        """One transaction a chunk."""
        for at in range(0, len(rows), CHUNK):
            part = rows[at : at + CHUNK]
            with transaction.atomic():
                records.tag_many("customer", part, by=BY, source=source)
            advance(len(part))
