"""What the wizard's pages show of an import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.platform import access, imports
from kemai.platform.access import Actor
from kemai.platform.fields import FieldSpec
from kemai.platform.imports import ColumnMap, Options, Shape, Suggestion, services
from kemai.platform.imports.mapping import load_mapping, load_options
from kemai.platform.imports.messages import explain_code
from kemai.platform.imports.references import can_make, lookup_keys
from kemai.platform.models import ImportRun
from kemai.platform.objects import ObjectType, all_types, get

Context = dict[str, Any]
SAMPLES = 3
STATES = {option.value: option for option in ImportRun.STATES}


def shape_of(run: ImportRun) -> Shape:
    return imports.shape_of(run.type_key, run.shape)


def title_of(run: ImportRun) -> str:
    return str(shape_of(run).label)


def kinds(actor: Actor) -> list[Context]:
    """What a file may hold: every importable object, and the registered shapes behind their objects."""
    found = []
    for object_type in sorted(all_types(), key=lambda one: (one.nav == "", one.nav_order)):
        if not imports.may_import(actor, object_type):
            continue
        found.append(kind(imports.shape_of(object_type.key, ""), object_type))
        shapes = (one for one in imports.all_shapes() if one.type_key == object_type.key)
        found += [kind(shape, object_type) for shape in shapes]
    return found


def kind(shape: Shape, object_type: ObjectType) -> Context:
    value = f"{object_type.key}:{shape.key}" if shape.key else object_type.key
    return {"value": value, "label": str(shape.label), "text": str(shape.description), "icon": shape.icon}


def steps(run: ImportRun | None) -> list[Context]:
    """The five steps and where the import stands."""
    labels = (_("上传"), _("对应"), _("预演"), _("导入"), _("结果"))
    now = 0 if run is None else step_of(run)
    return [
        {"label": label, "number": place + 1, "now": place == now, "over": place < now}
        for place, label in enumerate(labels)
    ]


def step_of(run: ImportRun) -> int:
    match run.state:
        case "uploaded":
            return 1 if "header" in run.source else 0
        case "rehearsing" | "rehearsed":
            return 2
        case "running" | "paused":
            return 3
        case "failed":
            return 4 if run.changeset_id else 0 if "header" not in run.source else 2
    return 4


def trouble(run: ImportRun) -> str:
    """Why the import failed, in the reader's language; '' if it did not."""
    if run.state != "failed":
        return ""
    code = run.source.get("error")
    if code:
        return explain_code(str(code), run.source.get("params", {}))
    return str(run.counts.get("error") or _("导入没有完成，请稍后重试"))


def mapping_page(
    run: ImportRun, actor: Actor, columns: Sequence[ColumnMap] | None = None, options: Options | None = None
) -> Context:
    """The mapping table: chosen columns, the kept mapping, or the suggested one."""
    shape = shape_of(run)
    suggestion = imports.suggestion(run, by=actor)
    if columns is None and run.mapping.get("columns"):
        columns, options = load_mapping(run.mapping), load_options(run.options)
    shown = suggestion.columns if columns is None else columns
    specs = {spec.key: spec for spec in services.fields_of(run, actor)}
    by_column = {one.column: one for one in shown}
    return {
        "rows": [
            row(run, place, name, by_column.get(place), specs, suggestion, actor)
            for place, name in enumerate(run.source["header"])
        ],
        "fields": field_options(specs.values()),
        "rules": rules(run, shape, specs, options or suggestion.options, actor),
        "remembered": suggestion.remembered and columns is None,
        "renamed": [change for change in run.source.get("changed", []) if change[3] == "duplicate"],
        "required": [str(spec.label) for spec in specs.values() if spec.required],
        "by_language": locale_names(specs),
    }


def row(
    run: ImportRun, place: int, name: str, chosen: ColumnMap | None, specs: Mapping[str, FieldSpec],
    suggestion: Suggestion, actor: Actor,
) -> Context:  # fmt: skip
    column = run.source["columns"][place]
    samples = [line[place] for line in run.source["samples"] if place < len(line) and line[place]]
    field = chosen.field if chosen and chosen.field in specs else ""
    return {
        "column": place,
        "name": name,
        "samples": list(dict.fromkeys(samples))[:SAMPLES],
        "filled": round(column["filled"] * 100),
        "field": field,
        "guessed": bool(field) and suggestion.of(place).field == field and place not in suggestion.certain,
        "more": reference_choices(specs.get(field), chosen, actor),
    }


def reference_choices(spec: FieldSpec | None, chosen: ColumnMap | None, actor: Actor) -> Context | None:
    """How another record is named in the column, and whether a missing one is made."""
    if spec is None or not spec.ref:
        return None
    other = get(spec.ref)
    keys = [
        {"value": key, "label": str(other.fields[key].label)}
        for key in lookup_keys(other)
        if key in other.fields
    ]
    return {
        "label": str(other.label),
        "keys": keys,
        "by": chosen.by if chosen else "",
        "create": bool(chosen and chosen.create),
        "can_create": can_make(other, actor),
    }


def field_options(specs: Any) -> list[Context]:
    return [
        {"value": spec.key, "label": f"{spec.label} *" if spec.required else str(spec.label)}
        for spec in specs
    ]


def locale_names(specs: Mapping[str, FieldSpec]) -> dict[str, str]:
    return {key: str(spec.label) for key, spec in specs.items()}


def rules(
    run: ImportRun, shape: Shape, specs: Mapping[str, FieldSpec], options: Options, actor: Actor
) -> Context:
    object_type = get(run.type_key)
    words = {
        "both": (_("新建并更新"), _("文件里有、系统里没有的新建，已有的更新")),
        "create": (_("只新建"), _("已有的记录跳过，不改动")),
        "update": (_("只更新"), _("系统里没有的行跳过，不新建")),
    }
    keys = [key for key in object_type.unique_keys if key in specs] if shape.matches else []
    return {
        "modes": [{"value": mode, "label": words[mode][0], "text": words[mode][1]} for mode in shape.modes],
        "mode": options.mode,
        "match_keys": [{"value": key, "label": str(specs[key].label)} for key in keys],
        "match": list(options.match),
        "blank": options.blank,
        "cents": options.cents,
        "amounts": shape.matches and any(spec.type.key == "money" for spec in specs.values()),
        "tags": list(options.tags) if object_type.tags and shape.matches else None,
        "owners": people() if object_type.has_owner and shape.matches else None,
        "owner": options.owner,
        "plain": shape.matches,
    }


def people() -> list[Context]:
    users = access.scope(access.SYSTEM, "user").filter(is_active=True).order_by("name")[:500]
    return [{"value": user.pk, "label": str(user)} for user in users]


def rehearsal_page(run: ImportRun, actor: Actor) -> Context:
    found = run.rehearsal
    labels = other_labels(run) | {spec.key: str(spec.label) for spec in services.fields_of(run, actor)}
    header = run.source["header"]
    first = run.source["header_row"] + 2
    keys = [one.field for one in load_mapping(run.mapping)]
    return {
        "counts": found["counts"],
        "cards": cards(run, found["counts"]),
        "made": made(found.get("made", {})),
        "rounded": found["counts"].get("rounded", 0),
        "reasons": [
            {**one, "name": header[one["column"]] if 0 <= one["column"] < len(header) else _("整行")}
            for one in found["reasons"]
        ],
        "skips": found.get("skips", {}),
        "labels": labels,
        "keys": keys,
        "samples": found["samples"],
        "first": first,
        "header": header,
        "files": files_of(found.get("files")),
        "ready": bool(found["counts"]["create"] + found["counts"]["update"]),
    }


def files_of(found: Mapping[str, Any] | None) -> Context | None:
    """What lies beside the table: how much of it rows ask for, and what nobody does."""
    if found is None:
        return None
    size = found["bytes"]
    text = f"{size / 1024**2:,.1f} MB" if size >= 1024**2 else f"{size / 1024:,.0f} kB"
    more = max(found["unused"] - len(found["names"]), 0)
    return {
        "named": found["named"],
        "size": text,
        "unused": found["unused"],
        "names": found["names"],
        "more": more,
    }


def other_labels(run: ImportRun) -> dict[str, str]:
    return {spec.key: str(spec.label) for spec in get(run.type_key).fields.values()}


def cards(run: ImportRun, counts: Mapping[str, int]) -> list[Context]:
    left_out = counts["skip"] + counts.get("blank", 0)
    note = _("含 %(n)s 行明细") % {"n": f"{counts.get('lines', 0):,}"} if counts.get("lines") else ""
    return [
        {"key": "create", "label": _("新建"), "value": counts["create"], "note": note, "color": "green"},
        {"key": "update", "label": _("更新"), "value": counts["update"], "note": "", "color": "blue"},
        {"key": "skip", "label": _("跳过"), "value": left_out, "note": "", "color": "gray"},
        {"key": "refuse", "label": _("有错误"), "value": counts["refuse"], "note": "", "color": "red"},
    ]  # fmt: skip


def made(counts: Mapping[str, int]) -> list[str]:
    """What is made on the way: 客户 60, 产品 1,203."""
    return [f"{get(key).label} {number:,}" for key, number in counts.items() if number]


def result_page(run: ImportRun) -> Context:
    counts = {
        name: int(run.counts.get(name, 0))
        for name in ("create", "update", "skip", "blank", "lines", "refuse", "rows")
    }
    seconds = (
        (run.finished_at - (run.job.started_at or run.created_at)).total_seconds()
        if run.finished_at and run.job
        else 0
    )
    return {
        "counts": counts,
        "cards": cards(run, counts),
        "made": made(run.counts.get("made", {})),
        "rounded": int(run.counts.get("rounded", 0)),
        "skips": run.counts.get("skips", {}),
        "seconds": max(int(seconds), 0),
        "undone": run.counts.get("undone"),
        "kept": run.counts.get("kept", 0),
        "undoing": run.job is not None and run.job.task.endswith(".undo") and run.job.state in {"waiting", "running"},
        "undoable": run.changeset_id is not None and run.state in {"done", "cancelled", "failed"}
        and counts["create"] + counts["update"] > 0,
        "resumable": run.state == "failed" and run.changeset_id is not None,
    }  # fmt: skip


def progress_of(run: ImportRun) -> Context:
    """What the progress bar needs; the rate counts what this attempt has done."""
    job = run.job
    if job is None:
        return {"done": 0, "total": None, "rate": None, "eta": None, "state": "done", "message": ""}
    rate = eta = None
    begun = int(run.counts.get("from", 0)) if job.task.endswith(".execute") else 0
    if job.state == "running" and job.started_at is not None and job.done > begun:
        rate = (job.done - begun) / max((timezone.now() - job.started_at).total_seconds(), 0.1)
        eta = max((job.total or job.done) - job.done, 0) / rate
    message = job.error if job.state == "failed" else job.message
    if job.state == "running" and job.wish:
        message = _("正在暂停…") if job.wish == "pause" else _("正在取消…")
    return {
        "done": job.done,
        "total": job.total,
        "rate": rate,
        "eta": eta,
        "state": job.state,
        "message": message,
    }


def history_rows(runs: Sequence[ImportRun]) -> list[Context]:
    return [
        {
            "run": run,
            "title": run.file.name,
            "kind": title_of(run),
            "state": {"label": str(STATES[run.state].label), "color": STATES[run.state].color},
            "create": run.counts.get("create"),
            "update": run.counts.get("update"),
            "refuse": run.counts.get("refuse"),
        }
        for run in runs
    ]
