"""A real shop's year through the product's own import: households, till rows, and what was sent to them."""

from __future__ import annotations

import datetime as dt
import hashlib
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.analytics.run import run as analyse
from kemai.customers.models import Segment
from kemai.customers.services.segments import refresh_all
from kemai.platform import imports
from kemai.platform.access import SYSTEM
from kemai.platform.events.delivery import drain_all
from kemai.platform.models import ImportRun
from kemai.platform.objects import get
from kemai.platform.records import Refused
from kemai.project.demo import journey, services
from kemai.project.demo.load import DONE, STORING
from kemai.project.demo.progress import Advance, Progress
from kemai.project.demo.season import SHANGHAI

MARK = "real.loaded"
BY = SYSTEM.through("import")


class Step(NamedTuple):
    """One file: what it is about, in which shape, which fields its columns are."""

    file: str
    type_key: str
    shape: str
    label: str
    fields: tuple[str, ...]
    create: tuple[str, ...] = ()
    """References whose missing records the import makes."""


class Imported(NamedTuple):
    """What the imports counted, by file, and the days by which the year was moved."""

    counts: dict[str, dict[str, Any]]
    shifted_days: int
    seconds: float


def steps() -> tuple[Step, ...]:
    """In the order of the references."""
    till = ("customer_number", "ordered_at", "order_number", "shop", "product_number", "product", "category",
            "quantity", "amount")  # fmt: skip
    return (
        Step("households", "customer", "", _("客户"), ("number", "name", "kind", "source", "tags", "note")),
        Step("till", "order", "till", _("小票"), till, ("shop", "product", "category")),
        Step(
            "contacts",
            "interaction",
            "",
            _("互动"),
            ("customer", "at", "channel", "direction", "subject", "body"),
        ),
    )


def load_real(
    *, progress: Progress | None = None, households: int | None = None, until: dt.date | None = None
) -> Imported:
    """Import The Complete Journey unless it is there. The year 2017 is moved by whole weeks so that it ends in the week
    before `until` (today), or nothing would be recent; `households` keeps those with numbers up to it.

    One that was cut off goes on where it was. Raises journey.NotInstalled, Refused where there are data of others."""
    noted = services.mark(MARK)
    if noted is not None and noted["stage"] == DONE:
        return Imported({}, int(str(noted["shifted_days"])), 0.0)
    if noted is None and get("customer").model._default_manager.exists():
        raise Refused("not_empty", _("这里已经有客户：演示公司只能装进空的数据库"))
    started = timezone.now()
    progress = progress or Progress(None)
    # the year moves by the day of the first attempt, so that the files of a later one are the same
    until = noted_day(noted) or until or timezone.now().astimezone(dt.timezone(SHANGHAI)).date()
    services.set_mark({"stage": STORING, "until": until.isoformat()}, MARK)
    with tempfile.TemporaryDirectory() as folder:
        with progress.step(_("准备文件"), 3) as advance:
            files = journey.write_files(Path(folder), until=until, households=households)
            advance(3)
        counts = {step.file: bring_in(step, files, progress) for step in steps()}
    with progress.step(_("分析"), 1) as advance:
        analyse("nightly", by=BY)
        advance(1)
    if Segment.objects.exists():
        refresh_all()
    with progress.step(_("搜索"), 1) as advance:
        drain_all()
        advance(1)
    services.set_mark({"stage": DONE, "shifted_days": files.shifted_days}, MARK)
    return Imported(counts, files.shifted_days, (timezone.now() - started).total_seconds())


def noted_day(noted: dict[str, object] | None) -> dt.date | None:
    """The day for which an attempt that was cut off had moved the year."""
    return dt.date.fromisoformat(str(noted["until"])) if noted and "until" in noted else None


def bring_in(step: Step, files: journey.Files, progress: Progress) -> dict[str, Any]:
    """One file, as a person would: upload, mapping, run. Returns the import's counts. An import of the same file that
    was cut off goes on; one that is done is not made twice."""
    path: Path = getattr(files, step.file)
    run = begun(step, path)
    if run is None:
        run = imports.upload(path, path.name, step.type_key, step.shape, by=BY)
        columns = [
            imports.ColumnMap(at, field, create=field in step.create) for at, field in enumerate(step.fields)
        ]
        options = imports.suggestion(run, by=BY).options
        imports.configure(run, columns, options, by=BY)
    elif run.state == "done":
        return dict(run.counts)
    with progress.step(step.label, files.rows[step.file]) as advance:
        imports.execute(run, Watch(advance))
    return dict(run.counts)


def begun(step: Step, path: Path) -> ImportRun | None:
    """The import of this file that an earlier attempt began to write."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    found = ImportRun.objects.filter(file__sha256=digest, type_key=step.type_key, changeset__isnull=False)
    return found.select_related("file", "changeset").order_by("-pk").first()


class Watch:
    """Turns "so many of so many" into steps of a bar."""

    def __init__(self, advance: Advance) -> None:
        self.advance = advance
        self.done = 0

    def __call__(self, done: int, total: int, message: str = "") -> None:
        self.advance(done - self.done)
        self.done = done
