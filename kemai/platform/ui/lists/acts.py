"""What a mass act does: the same function at once and in a worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from kemai.platform import access, records
from kemai.platform.access import SYSTEM, Actor
from kemai.platform.jobs import Fatal, Progress
from kemai.platform.models import ChangeSet
from kemai.platform.objects import ObjectType, get
from kemai.platform.query import QueryError

Outcome = dict[str, Any]
"""{"count": records changed, "changeset": key or None, "message": sentence, "file": key of a stored file}"""
Report = Callable[[int, int], object]


@dataclass(frozen=True)
class Chosen:
    """A selection: `ids`, or with None all records of the list at `query` (the address behind the ?)."""

    ids: tuple[int, ...] | None = None
    query: str = ""

    def plain(self) -> dict[str, Any]:
        return {"ids": None if self.ids is None else list(self.ids), "query": self.query}

    @staticmethod
    def of(plain: Mapping[str, Any]) -> Chosen:
        ids: Sequence[int] | None = plain["ids"]
        return Chosen(None if ids is None else tuple(ids), str(plain["query"]))


def perform(
    actor: Actor,
    type_key: str,
    act: str,
    chosen: Chosen,
    params: Mapping[str, Any],
    progress: Report | None = None,
) -> Outcome:
    """Raises Denied, FieldErrors, QueryError, Refused."""
    from kemai.platform.ui.lists import bulk

    object_type = get(type_key)
    every = bulk.chosen_records(actor, object_type, chosen)
    if act == "assign":
        access.require(actor, object_type, "bulk")
        changes = records.transfer(
            type_key, every, params["values"].get("owner"), by=actor, reason=params.get("reason", ""),
            along=params.get("along", ()), progress=progress,
        )  # fmt: skip
    elif act == "edit":
        changes = records.edit_many(type_key, every, params["values"], by=actor, progress=progress)
    elif act in {"tag", "untag"}:
        add, remove = (params["tags"], []) if act == "tag" else ([], params["tags"])
        changes = records.retag_many(type_key, every, add, remove, by=actor, progress=progress)
    elif act == "delete":
        changes = records.delete_many(type_key, every, by=actor, progress=progress)
    elif act == "export":
        return export(actor, type_key, chosen, params, progress)
    else:
        return action(actor, object_type, act, every)
    changes.refresh_from_db(fields=["count"])
    if act == "delete":
        return deleted(changes, type_key)
    return {"count": changes.count, "changeset": changes.pk}


def deleted(changes: ChangeSet, type_key: str) -> Outcome:
    """How many, and how much of theirs went along."""
    own = changes.changes.filter(type_key=type_key).count()
    text = _("已把 %(n)s 条移到回收站") % {"n": f"{own:,}"}
    if changes.count > own:
        text = _("已把 %(n)s 条移到回收站，连同属于它们的 %(more)s 条记录") % {
            "n": f"{own:,}", "more": f"{changes.count - own:,}",
        }  # fmt: skip
    return {"count": own, "changeset": changes.pk, "message": text}


def action(actor: Actor, object_type: ObjectType, act: str, every: QuerySet[Any]) -> Outcome:
    """An act that the type's own app has registered."""
    one = next(one for one in object_type.actions if f"do-{one.key}" == act)
    allowed = access.scope(actor, object_type, one.verb).filter(pk__in=every.order_by().values("pk"))
    ids = list(allowed.values_list("pk", flat=True))
    return {"count": len(ids), "changeset": None, "message": str(one.run(actor, ids) or "")}


def export(
    actor: Actor, type_key: str, chosen: Chosen, params: Mapping[str, Any], progress: Report | None
) -> Outcome:
    from kemai.platform import exports
    from kemai.platform.ui.lists.export_views import order_of

    if params.get("approved"):
        return exported(exports.write_approved(actor, int(params["approved"]), progress=progress))
    order = order_of(
        actor,
        type_key,
        chosen,
        str(params.get("format", "xlsx")),
        unmasked=bool(params.get("unmasked")),
        address=str(params.get("address", "")),
        files=bool(params.get("files")),
    )
    return exported(exports.write(actor, order, progress=progress))


def exported(stored: Any) -> Outcome:
    text = _("已导出 %(n)s 条") % {"n": f"{stored.rows:,}"}
    return {"count": stored.rows, "changeset": None, "file": stored.key, "message": text}


def work(
    progress: Progress,
    *,
    user_id: int,
    type_key: str,
    act: str,
    chosen: dict[str, Any],
    params: dict[str, Any],
    language: str,
) -> Outcome:
    """The task: the person's rights are those of the moment it runs."""
    user = access.scope(SYSTEM, "user").filter(pk=user_id, is_active=True).first()
    if user is None:
        raise Fatal("the user is gone")
    actor = access.actor_for(user)
    with translation.override(language):
        try:
            return perform(actor, type_key, act, Chosen.of(chosen), params, progress)
        except (access.Denied, records.FieldErrors, records.Refused, QueryError) as error:
            raise Fatal(str(error)) from error
