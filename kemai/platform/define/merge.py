"""Two options of a choice become one: every record that has the first gets the second, the first is archived."""

from __future__ import annotations

import dataclasses
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from kemai.platform import access, audit, jobs, records
from kemai.platform.access import Actor
from kemai.platform.define import changes, fields, kinds
from kemai.platform.define.changes import require_admin
from kemai.platform.models import ChangeSet, FieldDef, Job
from kemai.platform.objects import get
from kemai.platform.records import FieldErrors

CHUNK = 1000


def merge_options(type_key: str, key: str, source: str, into: str, *, by: Actor) -> Job:
    """Begins the merge; the job does it. Raises FieldErrors, NotVisible, Denied."""
    require_admin(by)
    with transaction.atomic():
        row = fields.locked(type_key, key)
        options = [dict(one) for one in row.settings.get("options") or ()]
        known = {one["value"] for one in options}
        if row.kind not in kinds.WITH_OPTIONS or not {source, into} <= known or source == into:
            raise FieldErrors({"into": _("请选择两个不同的选项")})
        before = fields.state_of(row)
        for one in options:
            if one["value"] == source:
                one["archived"] = True
        row.settings = {**row.settings, "options": options}
        row.version += 1
        row.save()
        opened = audit.open_set("bulk", type_key, by=by, reason=f"{row.label}: {source} → {into}")
        after = {**fields.state_of(row), "changeset": opened.pk}
        changes.note(fields.target(type_key, key), "merge", before, after, by=by)
        args = {"field": row.pk, "source": source, "into": into, "changeset": opened.pk, "name": by.name}
        title = _("合并选项“%(name)s”") % {"name": row.label}
        return jobs.enqueue("kemai.platform.define.jobs.merge", args, user=by.user_id, title=title)


def run(field_id: int, source: str, into: str, changeset: int, name: str, progress: Any = None) -> int:
    """The job: chunk by chunk through the write door. What is done already no longer has the first option."""
    row = FieldDef.objects.filter(pk=field_id, deleted_at=None).first()
    if row is None:
        return 0
    object_type, opened = get(row.type_key), ChangeSet.objects.get(pk=changeset)
    spec = object_type.fields[row.key]
    actor: Actor = dataclasses.replace(access.SYSTEM, name=name)
    holds = {f"{spec.path}__contains": f'"{source}"'} if row.kind == "multi_choice" else {spec.path: source}
    done = 0
    while found := list(object_type.records().filter(**holds, deleted_at=None).order_by("pk")[:CHUNK]):
        wanted = {one.pk: {row.key: replaced(one.extra.get(row.key), source, into)} for one in found}
        with transaction.atomic():
            records.update_chunk(object_type, wanted, by=actor, changeset=opened, parsed=True)
        done += len(found)
        if progress is not None:
            progress(done)
    return done


def replaced(value: Any, source: str, into: str) -> Any:
    if isinstance(value, list):
        return sorted({into if one == source else one for one in value})
    return into
