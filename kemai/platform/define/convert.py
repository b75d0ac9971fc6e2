"""Another kind for a field that has values: what would happen to them is told first, then done in the background.

While values are on their way the field is of the kind "converting": shown, but neither typed nor asked about, because
a list that sorted numbers among texts would fail. Every old value is kept in the change set, so that the whole can be
taken back as long as changes can."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.platform import audit, jobs
from kemai.platform.access import Actor
from kemai.platform.define import changes, fields, kinds, usage
from kemai.platform.define.changes import require_admin
from kemai.platform.define.clean import Errors, clean_settings
from kemai.platform.fields import KINDS, FieldSpec, Invalid, listed
from kemai.platform.fields.own import SEALABLE, SEALED, check_limits, own_spec, rounded
from kemai.platform.models import Change, ChangeSet, ConfigChange, FieldDef, Job, sealed
from kemai.platform.models.extra import dump, load
from kemai.platform.objects import get, meta_changed
from kemai.platform.records import FieldErrors, Refused, sql, undo
from kemai.platform.records.undo import Inverse, Report, UndoReport, register_inverse

CONVERTING = "converting"
SAMPLES = 8
MOST_OPTIONS = 200
"""Different values of a text that becomes a choice."""
CHUNK = 1000
AT_ONCE = 20_000
"""Values that are looked at while the administrator waits."""
PLAIN = frozenset(
    "text long_text number money percent rating date datetime time boolean choice multi_choice phone email url "
    "region".split()
)
BETWEEN: Sequence[frozenset[str]] = (
    PLAIN, frozenset({"reference", "multi_reference"}), frozenset({"file", "image"}),
)  # fmt: skip


@dataclass(frozen=True)
class Sample:
    id: int
    old: str
    new: str
    why: str = ""


@dataclass
class Preview:
    """What would happen: values that stay as they read, that read differently, that are lost."""

    total: int = 0
    same: int = 0
    changed: int = 0
    lost: int = 0
    changed_samples: list[Sample] = field(default_factory=list)
    lost_samples: list[Sample] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Recast:
    """One value on its way: `stored` is what will stand in the record (None: nothing)."""

    old: str
    new: str
    stored: Any
    why: str = ""


def kinds_for(kind: str) -> list[kinds.Kind]:
    """The kinds that a field of this kind can become."""
    group = next((group for group in BETWEEN if kind in group), frozenset())
    return [one for one in kinds.offered() if one.key in group and one.key != kind]


def as_kind(row: FieldDef, kind: str, settings: Mapping[str, Any]) -> FieldSpec:
    """The field as if it were of that kind."""
    twin = FieldDef(type_key=row.type_key, key=row.key, label=row.label, kind=kind, settings=dict(settings))
    return own_spec(twin, KINDS)


def recast(old: FieldSpec, new: FieldSpec, raw: Any) -> Recast:
    assert old.own is not None
    assert new.own is not None
    value = old.type.read(old, [load(old.own.letter, raw)])
    text = old.type.text(value, old)
    try:
        if {old.type.key, new.type.key} <= BETWEEN[1] | BETWEEN[2]:
            found = between_links(old, new, value)
        else:
            found = new.type.parse(text, new)
        found = rounded(new, found)
        check_limits(new, found)
    except Invalid as error:
        return Recast(text, "", None, error.message)
    stored = None if new.type.is_empty(found) else dump(new.own.letter, new.type.store(found))
    return Recast(text, new.type.text(found, new), stored)


def between_links(old: FieldSpec, new: FieldSpec, value: Any) -> Any:
    if new.type.key == "multi_reference":
        return [] if value is None else [value]
    if old.type.key == "multi_reference":
        return value[0] if value else None
    return value


def clean_target(row: FieldDef, kind: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of the new kind. A choice without options takes them from the values. Raises FieldErrors."""
    if kind not in {one.key for one in kinds_for(row.kind)}:
        raise FieldErrors(
            {"kind": _("不能从“%(old)s”转换成这个种类") % {"old": kinds.BY_KEY[row.kind].label}}
        )
    if row.settings.get("sealed") and kind not in SEALABLE:
        raise FieldErrors({"kind": _("这个字段加密存储，请先关闭加密存储再转换成这个种类")})
    given = {**row.settings, **raw}
    if kind in kinds.WITH_OPTIONS and not given.get("options"):
        given["options"] = [{"label": text} for text in distinct(row)]
    errors: Errors = {}
    found = clean_settings(row.type_key, kind, given, row.key, errors)
    if errors:
        raise FieldErrors(errors)
    return found


def distinct(row: FieldDef) -> list[str]:
    """The different values of a field as texts, the more frequent first."""
    spec = as_kind(row, row.kind, row.settings)
    counts: dict[str, int] = {}
    for _pk, raw in values(row):
        text = recast(spec, spec, raw).old
        for part in text.split("、") if spec.type.key == "multi_choice" else [text]:
            counts[part] = counts.get(part, 0) + 1
            if len(counts) > MOST_OPTIONS:
                raise FieldErrors({"kind": _("超过 %(n)s 个不同的值，不适合作选项") % {"n": MOST_OPTIONS}})
    return sorted(counts, key=lambda text: -counts[text])


def values(row: FieldDef, after: int = 0) -> Iterator[tuple[int, Any]]:
    """(record, stored value) of every record that has one, deleted ones too, in the order of their keys."""
    path = f"extra__t_{row.key}__isnull"
    rows = get(row.type_key).records().filter(**{path: False}, pk__gt=after).order_by("pk")
    for pk, extra in rows.values_list("pk", "extra").iterator(chunk_size=CHUNK):
        yield pk, extra.get(row.key)


def preview(type_key: str, key: str, kind: str, raw: Mapping[str, Any], *, by: Actor) -> Preview | Job:
    """What would happen to the values, without touching them; a job that finds out where there are many.
    Raises FieldErrors, NotVisible, Denied."""
    require_admin(by)
    row = fields.own_field(type_key, key)
    many = get(type_key).records().filter(**{f"extra__t_{key}__isnull": False})[:AT_ONCE].count() == AT_ONCE
    if not many:
        return look(row, kind, raw)
    job = jobs.enqueue(
        "kemai.platform.define.jobs.preview", {"field": row.pk, "kind": kind, "raw": dict(raw)},
        key=f"define-preview/{row.pk}/{row.version}/{kind}", user=by.user_id, title=_("预演种类转换"),
    )  # fmt: skip
    if job.state != "done":
        return job
    told = dict(job.result or {})
    for name in ("changed_samples", "lost_samples"):
        told[name] = [Sample(**one) for one in told[name]]
    return Preview(**told)


def look(row: FieldDef, kind: str, raw: Mapping[str, Any], progress: Report | None = None) -> Preview:
    found = Preview(settings=clean_target(row, kind, raw))
    old, new = as_kind(row, row.kind, row.settings), as_kind(row, kind, found.settings)
    for pk, stored in values(row):
        one = recast(old, new, stored)
        found.total += 1
        if one.why:
            found.lost += 1
            keep(found.lost_samples, pk, one)
        elif one.old != one.new:
            found.changed += 1
            keep(found.changed_samples, pk, one)
        else:
            found.same += 1
        if progress is not None and found.total % CHUNK == 0:
            progress(found.total, found.total)
    return found


def keep(samples: list[Sample], pk: int, one: Recast) -> None:
    if len(samples) < SAMPLES and one.old not in {sample.old for sample in samples}:
        samples.append(Sample(pk, one.old, one.new, one.why))


# ── doing it ──


def convert_field(type_key: str, key: str, kind: str, raw: Mapping[str, Any], *, by: Actor) -> Job:
    """Begins the conversion; the job does it. Raises FieldErrors, NotVisible, Denied."""
    require_admin(by)
    with transaction.atomic():
        row = fields.locked(type_key, key)
        return begin(row, kind, clean_target(row, kind, raw), by=by)


def seal_field(type_key: str, key: str, on: bool, *, by: Actor) -> Job:
    """Has the values of a field encrypted, or written plainly again. Like a conversion to another kind it is done in
    the background and goes on where it was cut off. Raises FieldErrors, NotVisible, Denied."""
    require_admin(by)
    with transaction.atomic():
        row = fields.locked(type_key, key)
        if on:
            check_sealable(row)
        settings = {name: value for name, value in row.settings.items() if name != "sealed"}
        return begin(row, row.kind, {**settings, "sealed": True} if on else settings, by=by)


def check_sealable(row: FieldDef) -> None:
    """What reads the values to work something out of them would leave that in the open. Raises FieldErrors."""
    uses = [one.name for one in usage.other_fields(row.type_key, row.key)]
    uses += [_("查重")] if row.key in get(row.type_key).compared else []
    uses += [_("搜索")] if row.key in get(row.type_key).searched else []
    problem = ""
    if row.kind not in SEALABLE:
        problem = _("这种字段不能加密存储")
    elif sealed.current() is None:
        problem = _("服务器没有设置加密密钥，请先让运维人员设置 KEMAI_COLUMN_KEY")
    elif uses:
        problem = _("“%(uses)s”用到了这个字段的值，请先改掉再加密存储") % {"uses": listed(uses)}
    if problem:
        raise FieldErrors({"sealed": problem})


def begin(row: FieldDef, kind: str, settings: dict[str, Any], *, by: Actor) -> Job:
    """Inside a transaction that has locked the field."""
    before = fields.state_of(row)
    opened = audit.open_set("convert", row.type_key, by=by, reason=f"{row.label} ({row.key})")
    move = {
        "from": row.kind, "from_settings": row.settings, "from_flags": flags(row), "to": kind,
        "settings": settings, "cursor": 0, "changeset": opened.pk,
    }  # fmt: skip
    row.kind, row.settings = CONVERTING, {"move": move}
    row.default, row.index_state = None, "none"
    row.version += 1
    row.save()
    after = {**before, "kind": kind, "settings": settings, "default": None}
    target = fields.target(row.type_key, row.key)
    changes.note(target, "convert", before, {**after, "changeset": opened.pk}, by=by)
    title = _("转换字段“%(name)s”") % {"name": row.label}
    return jobs.enqueue("kemai.platform.define.jobs.convert", {"field": row.pk}, user=by.user_id, title=title)


def flags(row: FieldDef) -> dict[str, Any]:
    return {"unique": row.unique, "indexed": row.indexed, "default": row.default}


def run(field_id: int, progress: Report | None = None) -> int:
    """The job: chunk by chunk, each with its place, so that one that was cut off goes on there. Returns the number of
    values dealt with."""
    row = FieldDef.objects.filter(pk=field_id, kind=CONVERTING).first()
    if row is None:
        return 0
    move = row.settings["move"]
    old, new = as_kind(row, move["from"], move["from_settings"]), as_kind(row, move["to"], move["settings"])
    opened = ChangeSet.objects.get(pk=move["changeset"])
    done = opened.count
    total = get(row.type_key).records().filter(**{f"extra__t_{row.key}__isnull": False}).count()
    while chunk := first(values(row, move["cursor"])):
        with transaction.atomic():
            done += write(row, old, new, chunk, opened)
            move["cursor"] = chunk[-1][0]
            FieldDef.objects.filter(pk=row.pk).update(settings={"move": move})
            ChangeSet.objects.filter(pk=opened.pk).update(count=done)
        if progress is not None:
            progress(done, max(total, done))
    finish(row, move)
    return done


def first(found: Iterator[tuple[int, Any]]) -> list[tuple[int, Any]]:
    return [pair for pair, _n in zip(found, range(CHUNK), strict=False)]


def write(
    row: FieldDef, old: FieldSpec, new: FieldSpec, chunk: Sequence[tuple[int, Any]], opened: ChangeSet
) -> int:
    if old.type.key == new.type.key:
        return rewrite(row, old, new, chunk)
    now, rows, log = timezone.now(), [], []
    for pk, raw in chunk:
        stored = recast(old, new, raw).stored
        rows.append([{row.key: stored}, now, pk])
        log.append(
            Change(
                changeset=opened,
                type_key=row.type_key,
                object_id=pk,
                action="update",
                diff={row.key: [raw, stored]},
            )
        )
    sql.update(get(row.type_key).model, ["extra", "updated_at"], rows)
    Change.objects.bulk_create(log, batch_size=CHUNK)
    return len(rows)


def rewrite(row: FieldDef, old: FieldSpec, new: FieldSpec, chunk: Sequence[tuple[int, Any]]) -> int:
    """The same values, stored in another way: nobody's record has changed."""
    assert old.own is not None
    assert new.own is not None
    rows = [[{row.key: dump(new.own.letter, load(SEALED, raw))}, pk] for pk, raw in chunk if not lost(raw)]
    sql.update(get(row.type_key).model, ["extra"], rows)
    return len(rows)


def lost(raw: Any) -> bool:
    """A value that cannot be read stays what it is."""
    return isinstance(load(SEALED, raw), sealed.Closed)


def finish(row: FieldDef, move: Mapping[str, Any]) -> None:
    with transaction.atomic():
        row.kind, row.settings = move["to"], move["settings"]
        row.unique = row.unique and row.kind in kinds.UNIQUE
        row.indexed = row.indexed and row.kind in kinds.SORTABLE and not row.settings.get("sealed")
        row.personal = row.personal or bool(row.settings.get("sealed"))
        row.version += 1
        row.save()
        meta_changed()


# ── taking it back ──


def undo_convert(original: ChangeSet, inverse: ChangeSet, by: Actor, progress: Report | None) -> UndoReport:
    """The old kind and the old values; a value that somebody changed since is converted back as it is now."""
    change = changes_of(original)
    key = change["key"]
    row = FieldDef.objects.select_for_update().filter(type_key=original.type_key, key=key).first()
    if row is None or row.kind != change["after"]["kind"]:
        raise Refused("moved", _("这个字段后来又变了，不能再撤销这次转换"))
    report = UndoReport(inverse)
    old, new = (
        as_kind(row, change["before"]["kind"], change["before"]["settings"]),
        as_kind(row, row.kind, row.settings),
    )
    before: dict[int, Any] = dict(original.changes.values_list("object_id", "diff"))
    with transaction.atomic():
        rows, now = [], timezone.now()
        for pk, raw in values(row):
            was, then = before.pop(pk, {}).get(key, (None, None))
            rows.append(
                [{key: was if raw == then and was is not None else recast(new, old, raw).stored}, now, pk]
            )
        rows += [[{key: diff[key][0]}, now, pk] for pk, diff in before.items() if diff[key][1] is None]
        sql.update(get(row.type_key).model, ["extra", "updated_at"], rows)
        report.undone = len(rows)
        back(row, change["before"], by)
    return report


def back(row: FieldDef, state: Mapping[str, Any], by: Actor) -> None:
    before = fields.state_of(row)
    row.kind = state["kind"]
    fields.apply(row, {name: state[name] for name in ("settings", "default", "unique", "indexed")})
    row.index_state = "none"
    fields.save(row, before, "rollback", by=by)


def changes_of(original: ChangeSet) -> dict[str, Any]:
    """The act that began the conversion: the field's key, its state before and after."""
    rows = ConfigChange.objects.filter(action="convert", target__startswith=f"field/{original.type_key}.")
    change = next(
        (row for row in rows.order_by("-pk") if (row.after or {}).get("changeset") == original.pk), None
    )
    if change is None:
        raise Refused("gone", _("找不到这次转换的记录"))
    return {"key": change.target.partition(".")[2], "before": change.before, "after": change.after}


def preview_undo(original: ChangeSet, by: Actor) -> UndoReport:
    return UndoReport(original, original.count)


register_inverse("convert", Inverse(preview_undo, undo_convert))


def last_conversion(type_key: str, key: str) -> ChangeSet | None:
    """The conversion that could still be taken back."""
    rows = ConfigChange.objects.filter(target=fields.target(type_key, key)).order_by("-pk")
    change = rows.filter(action__in=("convert", "rollback")).first()
    if change is None or change.action != "convert":
        return None
    key_of_set = int((change.after or {}).get("changeset") or 0)
    return ChangeSet.objects.filter(pk=key_of_set, undone_by=None).first()


def undo_conversion(type_key: str, key: str, *, by: Actor) -> None:
    require_admin(by)
    opened = last_conversion(type_key, key)
    if opened is None:
        raise Refused("nothing", _("没有可以撤销的转换"))
    undo(opened.pk, by=by)
