"""What pages, the command line and the demo call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

from django.db import transaction
from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from kemai.platform import access, jobs, records
from kemai.platform.access import Actor
from kemai.platform.imports import jobs as tasks
from kemai.platform.imports import running, services
from kemai.platform.imports.mapping import (
    ATTACH,
    BLANKS,
    MODES,
    MOST_TAGS,
    ColumnMap,
    Options,
    Suggestion,
    twice,
)
from kemai.platform.imports.shapes import shape_of
from kemai.platform.imports.suggest import suggest
from kemai.platform.jobs import enqueue
from kemai.platform.models import ImportRun
from kemai.platform.objects import get
from kemai.platform.records import FieldErrors, Refused


class Touched(NamedTuple):
    """A page of what an import did: (object key, record, 'create' | 'update' | 'delete'); `next` is where the next
    page begins, 0 at the end."""

    rows: list[tuple[str, int, str]]
    next: int


AT_ONCE_BYTES = 512 * 1024
AT_ONCE_ROWS = 2_000
"""Files up to here are looked at and rehearsed while the person waits."""


def upload(
    source: str | Path | IO[bytes] | Iterable[bytes], name: str, type_key: str, shape: str = "", *, by: Actor,
    inspect_now: bool = True,
) -> ImportRun:  # fmt: skip
    """Keeps a file (a path, an open file, blocks of bytes) and looks at it. A file that cannot be read leaves the
    import in state 'failed' with the reason in `source`. Raises access.Denied, FieldErrors, objects.UnknownObject."""
    run = services.store_upload(source, name, type_key, shape, by)
    if inspect_now:
        services.save_profile(run)
    return run


def inspect(run: ImportRun, *, sheet: str | None = None, table: str | None = None) -> ImportRun:
    """Looks at the file (again): at once if it is small, else in the background. `sheet` of a workbook, `table` of an
    archive."""
    if run.file.size <= AT_ONCE_BYTES:
        services.save_profile(run, sheet=sheet, table=table)
    else:
        job = queue(run, "inspect", _("查看文件：%(name)s"), sheet=sheet, table=table)
        services.put(run, job=job, source={})
    return run


def suggestion(run: ImportRun, *, by: Actor) -> Suggestion:
    """The guessed or remembered mapping."""
    return suggest(run, by)


def configure(
    run: ImportRun, columns: Sequence[ColumnMap] | None = None, options: Options | None = None, *, by: Actor
) -> ImportRun:
    """Takes a mapping and its rules, by default the suggested ones. Raises FieldErrors({"": sentences}), Refused."""
    if run.state not in {*services.OPEN_STATES, "failed"} or run.cursor or "header" not in run.source:
        raise Refused("not_open", _("这次导入已经开始，不能再改对应关系"))
    if columns is None or options is None:
        guessed = suggest(run, by)
        columns = guessed.columns if columns is None else columns
        options = guessed.options if options is None else options
    chosen = [one for one in columns if one.field]
    problems = problems_of(run, chosen, options, by)
    if problems:
        raise FieldErrors({str(place) if place else "": text for place, text in enumerate(problems)})
    services.keep_choices(run, chosen, options)
    return run


def problems_of(run: ImportRun, columns: Sequence[ColumnMap], options: Options, by: Actor) -> list[str]:
    shape = shape_of(run.type_key, run.shape)
    fields = {spec.key: spec for spec in services.fields_of(run, by)}
    found = []
    width = len(run.source["header"])
    if not columns:
        found.append(_("请至少为一列选择字段"))
    if any(one.field not in fields or not 0 <= one.column < width for one in columns):
        found.append(_("有一列对应的字段不存在，或您没有权限填写"))
    found += [
        _("有不止一列对应“%(field)s”，请只留一列") % {"field": fields[key].label}
        for key in twice(columns)
        if key in fields
    ]
    if options.mode not in shape.modes or options.mode not in MODES or options.blank not in BLANKS:
        found.append(_("请选择导入方式"))
    found += bad_tags(options)
    found += may_not_attach(run, columns, by)
    found += [str(sentence) for sentence in shape.check(columns, options)]
    for type_key, verb in shape.verbs(options) if shape.verbs else ():
        if not access.may(by, type_key, verb):
            found.append(_("您没有权限用这种方式导入，请换一种导入方式"))
    return list(dict.fromkeys(found))


def may_not_attach(run: ImportRun, columns: Sequence[ColumnMap], by: Actor) -> list[str]:
    attaches = any(one.field == ATTACH for one in columns)
    if attaches and not access.may(by, get(run.type_key), "edit"):
        return [_("附件要有修改记录的权限才能导入，请把附件那一列设为“不导入”")]
    return []


def bad_tags(options: Options) -> list[str]:
    if len(options.tags) > MOST_TAGS or any(len(tag) > 160 for tag in options.tags):
        return [_("标签太多或太长：最多 %(most)s 个") % {"most": MOST_TAGS}]
    return []


def rehearse(run: ImportRun, progress: running.Report | None = None) -> dict[str, Any]:
    """Here and now: {"counts", "samples", "reasons", "skips", "made"}; kept in `run.rehearsal`."""
    return running.rehearse(run, progress)


def start_rehearsal(run: ImportRun, *, by: Actor) -> ImportRun:
    """At once for a small file, else in the background."""
    require_state(run, services.OPEN_STATES)
    running.check_rights(shape_of(run.type_key, run.shape), run, by)
    if int(run.source.get("rows", 0)) <= AT_ONCE_ROWS and run.file.size <= AT_ONCE_BYTES:
        running.rehearse(run)
        return run
    with transaction.atomic():
        services.attach_job(run, queue(run, "rehearse", _("预演导入：%(name)s")), "rehearsing")
    return run


def start(run: ImportRun, *, by: Actor) -> ImportRun:
    """Begins the run in the background. Raises access.Denied, Refused."""
    require_state(run, services.OPEN_STATES)
    running.check_rights(shape_of(run.type_key, run.shape), run, by)
    with transaction.atomic():
        services.attach_job(run, queue(run, "execute", _("导入：%(name)s")), "running")
    return run


def execute(run: ImportRun, progress: running.Report | None = None) -> ImportRun:
    """Here and now, to the end; goes on where an earlier attempt stopped."""
    return running.execute(run, progress)


def pause(run: ImportRun, *, by: Actor) -> ImportRun:
    """The run stops after the chunk at hand."""
    require_own(run, by)
    if run.job_id is not None and run.state == "running":
        jobs.pause(run.job_id)
        run.refresh_from_db()
        services.sync(run)
    return run


def resume(run: ImportRun, *, by: Actor) -> ImportRun:
    """Goes on after a pause, or after a failure whose cause is gone."""
    require_own(run, by)
    if run.state == "paused" and run.job_id is not None and jobs.resume(run.job_id):
        services.mark(run, "running")
    elif run.state == "failed" and run.changeset_id is not None:
        with transaction.atomic():
            services.attach_job(run, queue(run, "execute", _("导入：%(name)s")), "running")
    return run


def cancel(run: ImportRun, *, by: Actor) -> ImportRun:
    """Ends a run or a rehearsal; what has been written stays and may be undone."""
    require_own(run, by)
    if run.job_id is not None and run.state in {"running", "paused", "rehearsing"}:
        jobs.cancel(run.job_id)
        run.refresh_from_db()
        if run.job is not None and run.job.state == "cancelled" and run.changeset_id is not None:
            running.end_cancelled(run)
        else:
            services.sync(run)
    return run


def undo(run: ImportRun, *, by: Actor, now: bool = False, progress: Any = None) -> ImportRun:
    """Takes everything back: in the background, or `now`. Raises Refused when there is nothing to undo."""
    require_own(run, by)
    if run.changeset_id is None or run.state not in {"done", "cancelled", "failed"}:
        raise Refused("nothing", _("这次导入没有可撤销的内容"))
    if not now:
        with transaction.atomic():
            services.put(run, job=queue(run, "undo", _("撤销导入：%(name)s")))
        return run
    with translation.override(by.language):
        report = records.undo(run.changeset_id, by=by, progress=progress)
        counts = run.counts | {"undone": report.undone, "kept": report.kept_count}
        services.put(run, state="undone", counts=counts)
    return run


def reopen(run: ImportRun, *, by: Actor) -> ImportRun:
    """Back to the mapping, as long as nothing has been written."""
    require_own(run, by)
    require_state(run, ("uploaded", "rehearsed", "failed"))
    if run.changeset_id is not None:
        raise Refused("state", _("这次导入已经开始或已经结束"))
    if "header" in run.source:
        services.mark(run, "uploaded")
    return run


def touched(run: ImportRun, *, after: int = 0, size: int = 50) -> Touched:
    """The records that the run has made or changed, in their order; whoever shows them asks `access` first."""
    found = services.changes_of(run, after, size + 1)
    more = found[size - 1][0] if len(found) > size else 0
    return Touched([row[1:] for row in found[:size]], more)


def history(by: Actor) -> QuerySet[ImportRun]:
    """The actor's own imports, newest first."""
    return services.runs_of(by)


def get_run(by: Actor, key: int) -> ImportRun:
    """Raises access.NotVisible."""
    return services.run_for(by, key)


def require_state(run: ImportRun, states: Iterable[str]) -> None:
    if run.state not in states:
        raise Refused("state", _("这次导入已经开始或已经结束"))


def require_own(run: ImportRun, by: Actor) -> None:
    if not by.is_system and run.user_id != by.user_id:
        raise access.NotVisible


def queue(run: ImportRun, what: str, title: str, **args: object) -> Any:
    shown = title % {"name": run.file.name[:120]}
    key = f"import-{run.pk}-{what}"
    wanted = {"run": run.pk, **{name: value for name, value in args.items() if value is not None}}
    return enqueue(tasks.HERE + what, wanted, key=key, again=True, user=run.user_id, title=shown)
