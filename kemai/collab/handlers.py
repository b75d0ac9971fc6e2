"""Who is told of what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from django.urls import NoReverseMatch, reverse
from django.utils import translation
from django.utils.translation import gettext_noop as _

from kemai.collab.models import Comment, Follow, Task
from kemai.collab.services.about import known, person, sees, title_for
from kemai.collab.services.comments import participants
from kemai.collab.services.follows import auto_follow, followers
from kemai.collab.services.mails import owner_of_account
from kemai.collab.services.notices import gather, notify
from kemai.platform import access
from kemai.platform.access import Actor, actor_for
from kemai.platform.access.auditor import overseers
from kemai.platform.events import on
from kemai.platform.exports import approval
from kemai.platform.fields import listed
from kemai.platform.jobs import enqueue
from kemai.platform.models import Change, ExportRequest, OutboxEvent
from kemai.platform.objects import ObjectType, UnknownObject, get
from kemai.platform.records.naming import title_of

BY_HAND = frozenset({"form", "api", "mcp"})
"""The doors through which a person changes one record; what programs change is nobody's news."""


@on("job.*", name="collab.job_over")
def tell_of_job(event: OutboxEvent) -> None:
    """Long work that somebody started and that has ended."""
    said = {
        "job.done": (_("已完成：%(title)s"), "success"),
        "job.failed": (_("未能完成：%(title)s"), "danger"),
        "job.cancelled": (_("已取消：%(title)s"), "info"),
    }.get(event.name)
    if said is not None:
        values = {"title": event.payload.get("title", "")}
        url = page_named("job", event.object_id)
        notify(
            event.payload["user"], f"job/{event.pk}", said[0], url, kind="job", values=values, level=said[1]
        )


KEYS_OF_ACCOUNT = {
    "password": _("您的密码已被修改。如果不是您要求的，请马上联系管理员"),
    "two_step": _("您的两步验证已被关闭。如果不是您要求的，请马上联系管理员"),
    "email": _("您账号的邮箱已被修改。如果不是您要求的，请马上联系管理员"),
}


@on("user.updated", name="collab.keys_of_account")
def tell_of_account(event: OutboxEvent) -> None:
    """What opens one's account is another than before: whoever did not want that hears of it."""
    if event.object_id is None:
        return
    rows = Change.objects.filter(changeset=event.changeset_id, type_key="user", object_id=event.object_id)
    changed = {name for diff in rows.values_list("diff", flat=True) for name in diff or {}}
    for name in KEYS_OF_ACCOUNT.keys() & changed:
        key = f"account/{event.pk}/{name}"
        notify(event.object_id, key, KEYS_OF_ACCOUNT[name], page_named("sessions"), level="warning")


@on("pages.quota_near", name="collab.reading_near")
def warn_reader(event: OutboxEvent) -> None:
    """Somebody comes near the number of records that they may read in an hour: they hear of it before it is reached."""
    said = _("您这一小时已经查看了约 %(n)s 条不同的记录，到 %(most)s 条后要等下一个整点才能继续")
    values = {"n": f"{event.payload['rows']:,}", "most": f"{event.payload['most']:,}"}
    key = f"reading/{event.object_id}/{event.payload['window']}"
    notify(event.object_id, key, said, values=values, level="warning")


@on("*.quota_reached", name="collab.reading_reached")
def tell_of_reading(event: OutboxEvent) -> None:
    """Reading record after record is an export by another name: auditors and administrators hear of it, once."""
    said = {
        "api.quota_reached": _("%(name)s 一小时内通过接口读取的记录超过了 %(most)s 条的上限，已被拒绝"),
        "pages.quota_reached": _("%(name)s 一小时内在页面上查看的记录超过了 %(most)s 条的上限，已被拒绝"),
    }.get(event.name)
    if said is None:
        return
    values = {"name": event.payload.get("name", ""), "most": f"{event.payload['most']:,}"}
    for user_id in overseers():
        key = f"{event.name}/{event.object_id}/{event.payload['window']}/{user_id}"
        url = f"{page_named('audit')}?kind=limit&who={event.object_id}"
        notify(user_id, key, said, url, values=values, level="warning")


@on("emergency.begun", name="collab.emergency")
def tell_of_emergency(event: OutboxEvent) -> None:
    """An administrator sees all business data for a while: auditors and the other administrators hear of it."""
    said = _("%(name)s 开始应急访问，到 %(until)s 可以查看全部业务数据。原因：%(reason)s")
    values = {name: str(event.payload[name]) for name in ("name", "until", "reason")}
    for user_id in overseers():
        if user_id != event.object_id:
            key = f"emergency/{event.payload['emergency']}/{user_id}"
            notify(user_id, key, said, page_named("emergency"), values=values, level="danger")


@on("*.created", name="collab.new_task")
def tell_of_task(event: OutboxEvent) -> None:
    """A task that somebody has given to somebody else."""
    if event.type_key != "task" or event.object_id is None:
        return
    task = Task.objects.filter(pk=event.object_id).first()
    if task is None or task.owner_id is None or task.owner_id == _doer(event):
        return
    values = {"name": event.changeset.actor_name if event.changeset else "", "title": task.title}
    notify(
        task.owner_id,
        f"task/{event.pk}",
        _("%(name)s 给您安排了任务：%(title)s"),
        page("task", task.pk),
        kind="task",
        values=values,
        about=("task", task.pk),
    )


@on("*.updated", name="collab.new_owner")
def tell_new_owner(event: OutboxEvent) -> None:
    """A record has been handed to somebody."""
    change = (event.payload.get("diff") or {}).get("owner")
    if not change or not change[1] or event.object_id is None or change[1] == _doer(event):
        return
    object_type = _type(event)
    if object_type is None:
        return
    title = object_type.records().filter(pk=event.object_id).values_list(object_type.title, flat=True)
    values = {"object": str(object_type.label), "title": title.first() or ""}
    url = page(event.type_key, event.object_id)
    about = (event.type_key, event.object_id)
    said, kind = _("%(object)s 已转到您名下：%(title)s"), "task" if event.type_key == "task" else "owner"
    notify(change[1], f"owner/{event.pk}", said, url, kind=kind, values=values, about=about)


@on("*.bulk_*", name="collab.new_owners")
def tell_new_owners(event: OutboxEvent) -> None:
    """Many records have been handed over, or many tasks given, in one act: one notice a person and chunk."""
    if event.changeset is not None and event.changeset.kind == "handover":
        return  # told once, when it is over: tell_of_handover
    if event.name == "task.bulk_created":
        counts, title = _task_owners(event), _("您有 %(n)s 个新任务")
    elif event.name.endswith(".bulk_updated") and "owner" in (event.payload.get("fields") or []):
        counts, title = _new_owners(event), _("%(object)s 有 %(n)s 条已转到您名下")
    else:
        return
    object_type = _type(event)
    for user_id, number in counts.items():
        if object_type is not None and user_id != _doer(event):
            values = {"n": number, "object": str(object_type.label)}
            key, url = f"owners/{event.pk}/{user_id}", page(event.type_key)
            kind = "task" if event.type_key == "task" else "owner"
            notify(user_id, key, title, url, kind=kind, values=values)


@on("*.created", name="collab.follow_own")
def follow_what_one_made(event: OutboxEvent) -> None:
    """Whoever makes a record by hand follows it."""
    if event.object_id is None or event.changeset is None or event.changeset.source not in BY_HAND:
        return
    if event.changeset.actor_id is not None and _type(event) is not None:
        auto_follow((event.type_key, event.object_id), [event.changeset.actor_id], "created")


@on("*.updated", name="collab.followed_change")
def tell_followers(event: OutboxEvent) -> None:
    """Somebody has changed a record that others follow: which fields, of those that each may know of."""
    diff = event.payload.get("diff") or {}
    object_type = _type(event)
    if object_type is None or event.object_id is None or event.changeset is None or not diff:
        return
    if event.changeset.source not in BY_HAND:
        return
    about = (event.type_key, event.object_id)
    new_owner = (diff.get("owner") or [None, None])[1]
    for user_id in sorted(followers(about) - {event.changeset.actor_id, new_owner}):
        member = person(user_id)
        if member is None or not sees(member, about):
            continue
        actor = actor_for(member)
        with translation.override(member.language):
            labels = changed_labels(actor, object_type, diff)
            values = {
                "name": event.changeset.actor_name, "object": str(object_type.label), "title": title_for(actor, about)
            }  # fmt: skip
        if labels:
            url = page(*about)
            said = _("%(name)s 修改了%(object)s：%(title)s")
            gather(member, about, said, url, kind="change", values=values, text=labels)


def changed_labels(actor: Actor, object_type: ObjectType, diff: Mapping[str, object]) -> str:
    levels = access.field_levels(actor, object_type)
    specs = [object_type.fields[key] for key in diff if levels.get(key, "hidden") != "hidden"]
    return listed(str(spec.label) for spec in specs if not spec.private)


@on("comment.written", name="collab.comment")
def tell_of_comment(event: OutboxEvent) -> None:
    """Those who are mentioned; then those who spoke in the thread and those who follow the record."""
    comment = Comment.objects.filter(pk=event.object_id or 0, deleted_at=None).first()
    if comment is None:
        return
    named = {key for key, _name in comment.mentions} - {comment.author_id}
    for user_id in sorted(named):
        tell_of(comment, user_id, _("%(name)s 在%(object)s“%(title)s”的评论中提到了您"), "mention")
    about = (comment.type_key, comment.object_id)
    others = (participants(comment) | followers(about)) - named - {comment.author_id}
    muted = Follow.objects.filter(type_key=about[0], object_id=about[1], muted=True)
    for user_id in sorted(others - set(muted.values_list("user", flat=True))):
        tell_of(comment, user_id, _("%(name)s 评论了%(object)s“%(title)s”"), "comment")


@on("comment.shared", name="collab.comment_shared")
@on("comment.edited", name="collab.comment_edited")
def tell_of_new_mentions(event: OutboxEvent) -> None:
    comment = Comment.objects.filter(pk=event.object_id or 0, deleted_at=None).first()
    for user_id in event.payload.get("added") or ():
        if comment is not None and user_id != comment.author_id:
            tell_of(comment, user_id, _("%(name)s 在%(object)s“%(title)s”的评论中提到了您"), "mention")


@on("task.nudged", name="collab.nudged")
def tell_of_nudge(event: OutboxEvent) -> None:
    task = Task.objects.filter(pk=event.object_id or 0, deleted_at=None).first()
    if task is None or task.owner_id is None:
        return
    values = {"name": event.payload.get("name", ""), "title": task.title}
    notify(
        task.owner_id, f"nudge/{event.pk}", _("%(name)s 督促您：%(title)s"), page("task", task.pk), kind="nudge",
        values=values, text=str(event.payload.get("reason", "")), level="warning", about=("task", task.pk),
    )  # fmt: skip


@on("staff.forgot", name="collab.forgot")
def mail_link(event: OutboxEvent) -> None:
    """Somebody says that they have forgotten a password; whether there is such an account only the worker learns."""
    member = owner_of_account(str(event.payload.get("who", "")))
    if member is not None:
        enqueue("kemai.collab.jobs.mail_link", {"user": member.pk}, key=f"link/{event.pk}")


@on("export_request.asked", name="collab.export_asked")
def tell_approvers(event: OutboxEvent) -> None:
    """Somebody asks for more rows than leave the house at once."""
    asked = _export(event)
    if asked is None:
        return
    for user_id in approval.approvers(asked.type_key, but=asked.user_id):
        notify(
            user_id, f"export/{asked.pk}/{user_id}", _("%(name)s 申请导出 %(n)s 条%(object)s，请您处理"),
            page_named("export_requests"), kind="task", values=_export_values(user_id, asked, str(asked.user)),
            text=asked.reason, level="warning",
        )  # fmt: skip


@on("export_request.decided", name="collab.export_decided")
def tell_who_asked(event: OutboxEvent) -> None:
    asked = _export(event)
    if asked is None:
        return
    said = {
        "approved": _("%(name)s 批准了导出 %(n)s 条%(object)s，24 小时内可以导出一次"),
        "refused": _("%(name)s 没有批准导出 %(n)s 条%(object)s"),
    }.get(str(event.payload.get("state")))
    if said is not None:
        notify(
            asked.user_id, f"export/{asked.pk}/decided", said, page_named("export_requests"), kind="task",
            values=_export_values(asked.user_id, asked, str(asked.decided_by or "")), text=asked.note,
            level="success" if asked.state == "approved" else "warning",
        )  # fmt: skip


def _export(event: OutboxEvent) -> ExportRequest | None:
    rows = ExportRequest.objects.select_related("user", "decided_by")
    found = rows.filter(pk=event.object_id or 0).first()
    return found if found is not None and known(found.type_key) is not None else None


def _export_values(user_id: int, asked: ExportRequest, name: str) -> dict[str, object]:
    member = person(user_id)
    with translation.override(member.language if member is not None else "zh-hans"):
        label = get(asked.type_key).plural
    return {"name": name, "n": f"{asked.count:,}", "object": label}


def tell_of(comment: Comment, user_id: int, said: str, kind: str) -> None:
    """Only whoever may see the record; in their language, with the title as they may see it."""
    about, member = (comment.type_key, comment.object_id), person(user_id)
    object_type = known(comment.type_key)
    if member is None or object_type is None or not sees(member, about):
        return
    with translation.override(member.language):
        label = str(object_type.label)
    values = {"name": comment.author_name, "object": label, "title": title_for(actor_for(member), about)[:60]}
    url = f"{page(*about)}?kind=comment#comment-{comment.pk}"
    key = f"comment/{comment.pk}/{user_id}"
    text = comment.body[:300]
    notify(member, key, said, url, kind=kind, values=values, text=text, about=about)


@on("handover.done", name="collab.handover")
def tell_of_handover(event: OutboxEvent) -> None:
    """What each has received from somebody who leaves: one notice each."""
    received: dict[int, list[str]] = {}
    lines = event.payload.get("lines") or {}
    for part, to in sorted(lines.items(), key=lambda one: (-sum(one[1].values()), one[0])):
        for user_id, number in to.items():
            received.setdefault(int(user_id), []).append(f"{title_of(part)} {number:,}")
    for user_id, parts in received.items():
        values = {"name": event.payload.get("name", ""), "what": listed(parts)}
        title = _("%(name)s 离职，交接给您：%(what)s")
        notify(user_id, f"handover/{event.pk}/{user_id}", title, page("customer"), values=values)


def _task_owners(event: OutboxEvent) -> Counter[int]:
    span = (event.payload.get("first") or 0, event.payload.get("last") or 0)
    owners = Task.objects.filter(pk__range=span, owner__is_active=True)
    return Counter(owners.values_list("owner", flat=True))


def _new_owners(event: OutboxEvent) -> Counter[int]:
    span = (event.payload.get("first") or 0, event.payload.get("last") or 0)
    changes = Change.objects.filter(
        changeset=event.changeset_id, type_key=event.type_key, object_id__range=span
    )
    pairs = (diff.get("owner") for diff in changes.values_list("diff", flat=True) if diff)
    return Counter(pair[1] for pair in pairs if pair and pair[1])


def _doer(event: OutboxEvent) -> int | None:
    return event.changeset.actor_id if event.changeset else None


def _type(event: OutboxEvent) -> ObjectType | None:
    try:
        return get(event.type_key)
    except UnknownObject:
        return None


def page_named(name: str, key: int | None = None) -> str:
    try:
        return reverse(name, args=[] if key is None else [key])
    except NoReverseMatch:
        return ""


def page(type_key: str, key: int | None = None) -> str:
    """The address of a record or a list; '' where the pages are not installed."""
    try:
        return reverse("list", args=[type_key]) if key is None else reverse("record", args=[type_key, key])
    except NoReverseMatch:
        return ""
