"""Comments and following: who is told of what, and what nobody is told."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from kemai.collab.models import Comment, Follow, Notice
from kemai.collab.services import comments, follows, notices, options, preferences
from kemai.collab.services import people as colleagues
from kemai.collab.services.preferences import Choice
from kemai.platform import records
from kemai.platform.access import SYSTEM, Denied, NotVisible, actor_for, rights_changed
from kemai.platform.events import drain_all
from kemai.platform.models import Change, FieldRule, Grant
from kemai.platform.records import FieldErrors
from tests.factory import make
from tests.people import Person

pytestmark = pytest.mark.django_db
EVIL = "<script>alert(1)</script> <img src=x onerror=alert(2)> {{ 7*7 }} javascript:alert(3)"


@pytest.fixture(autouse=True)
def fresh() -> None:
    colleagues.forget()


@pytest.fixture
def customer(people: dict[str, Person]) -> Any:
    """Alice's; bob of her team may see it, charlie may not."""
    return make("customer", owner=people["alice"].user.pk, name="海天贸易")


def told(person: Person, kind: str = "") -> list[Notice]:
    found = Notice.objects.filter(user=person.user.pk).order_by("pk")
    return list(found.filter(kind=kind) if kind else found)


def browser(person: Person) -> Client:
    client = Client()
    client.force_login(person.user, backend="kemai.staff.adapter.Backend")
    return client


@pytest.mark.row(127)
def test_who_is_mentioned_is_told_with_the_way_there(people: dict[str, Person], customer: Any) -> None:
    about = ("customer", customer.pk)
    written = comments.write(about, "@Bob 看一下报价", by=people["alice"].actor)
    drain_all()
    drain_all()
    (notice,) = told(people["bob"])
    assert notice.kind == "mention"
    assert "海天贸易" in notice.title
    assert "报价" in notice.text
    assert notice.url.endswith(f"#comment-{written.comment.pk}")
    assert told(people["alice"]) == []


@pytest.mark.row(127)
def test_nobody_hears_of_what_they_may_not_see(people: dict[str, Person], customer: Any) -> None:
    written = comments.write(("customer", customer.pk), "@Charlie 秘密", by=people["alice"].actor)
    drain_all()
    assert written.unseen == [(people["charlie"].user.pk, "Charlie")]
    assert told(people["charlie"]) == []
    for act in (comments.one, comments.own):
        with pytest.raises(NotVisible):
            act(written.comment.pk, by=people["charlie"].actor)
    with pytest.raises(NotVisible):
        comments.write(("customer", customer.pk), "我也说", by=people["charlie"].actor)
    client = browser(people["charlie"])
    for name in ("comment_thread", "comment_reply", "comment_edit"):
        assert client.get(reverse(name, args=[written.comment.pk])).status_code == 404
    assert client.get(reverse("comments", args=["customer", customer.pk])).status_code == 404
    assert client.post(reverse("follow", args=["customer", customer.pk]), {"on": "1"}).status_code == 404
    options_url = f"{reverse('mention_options')}?q=b&type=customer&id={customer.pk}"
    assert client.get(options_url).status_code == 404
    assert Comment.objects.count() == 1


@pytest.mark.row(127)
def test_whoever_may_share_lets_the_mentioned_read_for_a_while(
    people: dict[str, Person], customer: Any
) -> None:
    about, alice, charlie = ("customer", customer.pk), people["alice"], people["charlie"]
    written = comments.write(about, "@Charlie 帮忙看看", by=alice.actor)
    again, part = {"body": "@Charlie 再看看"}, {"HX-Request": "true"}
    shown = browser(alice).post(reverse("comments", args=about), again, headers=part).content.decode()
    assert "Charlie 看不到这条记录" in shown
    assert "comment" not in shown.split('id="untold')[1].split("</div>")[0], "no right to share: no button"
    for role in alice.actor.role_ids:
        Grant.objects.create(role_id=role, type_key="customer", verb="share", scope="own")
    rights_changed()
    shown = browser(alice).post(reverse("comments", args=about), again, headers=part).content.decode()
    url = reverse("comment_share", args=[written.comment.pk])
    assert url.replace(str(written.comment.pk), str(Comment.objects.latest("pk").pk)) in shown
    assert browser(people["bob"]).post(url, {"user": alice.user.pk}).status_code == 404, "nobody was named so"
    drain_all()
    assert told(charlie) == []
    assert browser(alice).post(url, {"user": charlie.user.pk}).status_code in {200, 302}
    drain_all()
    assert [notice.kind for notice in told(charlie)] == ["mention"]
    (member,) = records.members_of(*about)
    assert (member.user_id, member.level) == (charlie.user.pk, "read")
    assert member.until is not None
    with pytest.raises(NotVisible):
        comments.share_with(written.comment.pk, charlie.user.pk, by=people["nobody"].actor)


def test_a_notice_says_nothing_more_after_the_right_is_lost(people: dict[str, Person], customer: Any) -> None:
    comments.write(("customer", customer.pk), "@Bob 机密内容", by=people["alice"].actor)
    drain_all()
    page = browser(people["bob"])
    assert "机密内容" in page.get(reverse("notices")).content.decode()
    records.update("customer", customer.pk, {"owner": people["charlie"].user.pk}, by=SYSTEM)
    body = page.get(reverse("notices")).content.decode()
    assert "机密内容" not in body
    assert "海天贸易" not in body
    assert "关于您已看不到的记录" in body


def test_a_thread_reaches_those_who_spoke_in_it(people: dict[str, Person], customer: Any) -> None:
    about = ("customer", customer.pk)
    first = comments.write(about, "谁去拜访？", by=people["bob"].actor)
    comments.write(about, "我去", by=people["dora"].actor, parent=first.comment.pk)
    drain_all()
    assert [notice.kind for notice in told(people["bob"])] == ["comment"]
    assert len(told(people["alice"])) == 2, "the owner hears of both"
    answer = Comment.objects.get(parent=first.comment.pk)
    below = comments.write(about, "谢谢", by=people["bob"].actor, parent=answer.pk)
    assert below.comment.parent_id == first.comment.pk, "threads have two floors"


def test_only_ones_own_comment_can_be_changed_and_the_log_keeps_it(
    people: dict[str, Person], customer: Any
) -> None:
    alice, bob = people["alice"].actor, people["bob"].actor
    written = comments.write(("customer", customer.pk), "原文", by=alice)
    key = written.comment.pk
    for act in (lambda: comments.edit(key, "改写", by=bob), lambda: comments.delete(key, by=bob)):
        with pytest.raises(Denied):
            act()
    comments.edit(key, "新文 @Bob", by=alice)
    drain_all()
    assert [notice.kind for notice in told(people["bob"])] == ["mention"]
    comments.delete(key, by=alice)
    diffs = list(Change.objects.filter(type_key="comment", object_id=key).values_list("action", "diff"))
    assert diffs == [
        ("create", None),
        ("update", {"body": ["原文", "新文 @Bob"]}),
        ("delete", {"body": ["新文 @Bob", None]}),
    ]
    with pytest.raises(NotVisible):
        comments.one(key, by=alice)
    body = browser(people["alice"]).get(f"/o/customer/{customer.pk}").content.decode()
    assert "新文" not in body


def test_a_deleted_comment_that_was_answered_leaves_a_line(people: dict[str, Person], customer: Any) -> None:
    about = ("customer", customer.pk)
    first = comments.write(about, "删掉我", by=people["alice"].actor)
    comments.write(about, "回答在此", by=people["bob"].actor, parent=first.comment.pk)
    comments.delete(first.comment.pk, by=people["alice"].actor)
    body = browser(people["alice"]).get(f"/o/customer/{customer.pk}").content.decode()
    assert "删掉我" not in body
    assert "评论已删除" in body
    assert "回答在此" in body


@pytest.mark.parametrize("key", ["customer", "task", "order", "product", "contact"])
def test_every_record_with_a_page_can_be_talked_about(key: str, people: dict[str, Person]) -> None:
    record = make(key)
    boss = browser(people["boss"])
    url = f"/o/{key}/{record.pk}"
    assert "mention" in boss.get(f"{url}/comments").content.decode()
    answer = boss.post(f"{url}/comments", {"body": f"关于{key}"}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert f"关于{key}" in boss.get(url).content.decode()
    only = boss.get(f"{url}/timeline?kind=comment").content.decode()
    assert f"关于{key}" in only


def test_what_is_said_is_never_run(people: dict[str, Person], customer: Any) -> None:
    file = SimpleUploadedFile("<b>x</b>.html", b"<script>alert(1)</script>", content_type="text/html")
    written = comments.write(
        ("customer", customer.pk),
        f"{EVIL} https://a.example/?q=<b>",
        by=people["alice"].actor,
        uploads=[file],
    )
    page = browser(people["alice"])
    body = page.get(f"/o/customer/{customer.pk}").content.decode()
    for raw in ("<script>alert(1)", "<img src=x", "<b>x</b>"):
        assert raw not in body
    assert "{{ 7*7 }}" in body
    assert 'href="https://a.example/?q="' in body
    stored = comments.files([written.comment.pk])[written.comment.pk][0]
    answer = page.get(reverse("comment_file", args=[written.comment.pk, stored.pk]))
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    other = browser(people["charlie"])
    assert other.get(reverse("comment_file", args=[written.comment.pk, stored.pk])).status_code == 404


def test_bad_comments_are_refused_and_kept_in_the_form(people: dict[str, Person], customer: Any) -> None:
    page, url = browser(people["alice"]), f"/o/customer/{customer.pk}/comments"
    assert page.post(url, {"body": "  "}, headers={"HX-Request": "true"}).status_code == 422
    long = "长" * 10_001
    answer = page.post(url, {"body": long}, headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert long in answer.content.decode()
    with pytest.raises(FieldErrors):
        comments.write(("customer", customer.pk), "x", by=people["alice"].actor, parent=999)
    other = make("customer", owner=people["alice"].user.pk)
    elsewhere = comments.write(("customer", other.pk), "那边", by=people["alice"].actor)
    with pytest.raises(FieldErrors):
        comments.write(("customer", customer.pk), "x", by=people["alice"].actor, parent=elsewhere.comment.pk)


def test_the_company_may_reserve_comments_for_those_who_may_edit(
    people: dict[str, Person], customer: Any
) -> None:
    options.set_option("comment_verb", "edit", by=SYSTEM)
    with pytest.raises(Denied):
        comments.write(("customer", customer.pk), "bob", by=people["bob"].actor)
    comments.write(("customer", customer.pk), "alice", by=people["alice"].actor)
    options.set_option("comment_verb", "view", by=SYSTEM)
    with pytest.raises(Denied):
        options.set_option("comment_verb", "edit", by=people["alice"].actor)


def test_colleagues_are_found_by_pinyin_initials_and_characters(people: dict[str, Person]) -> None:
    for username, name in (("zw", "张伟"), ("zwd", "张伟东"), ("oy", "欧阳娜娜")):
        record = people["bob"].user
        record.pk, record.username, record.name, record.email = None, f"new-{username}", name, ""
        record.save(force_insert=True)
    colleagues.forget()
    for typed, first in (
        ("张伟", "张伟"),
        ("zhangwei", "张伟"),
        ("zw", "张伟"),
        ("oynn", "欧阳娜娜"),
        ("娜", "欧阳娜娜"),
    ):
        assert names(typed)[0] == first, typed
    assert mentioned("@张伟东 请看") == ["张伟东"]
    assert mentioned("@张伟东 和 @张伟 请看") == ["张伟", "张伟东"]
    assert mentioned("mail zhang@张三 x") == []


def names(text: str) -> list[str]:
    return [one.name for one in colleagues.offers(text, None)]


def mentioned(text: str) -> list[str]:
    return sorted(name for _key, name in colleagues.mentioned(text, []))


@pytest.mark.row(126)
def test_followers_hear_of_changes_in_fields_that_they_may_know(
    people: dict[str, Person], customer: Any
) -> None:
    bob = people["bob"]
    follows.follow(("customer", customer.pk), by=bob.actor)
    FieldRule.objects.create(role_id=bob.actor.role_ids[0], type_key="customer", field="note", level="hidden")
    rights_changed()
    alice = people["alice"].actor.through("form")
    records.update("customer", customer.pk, {"note": "只有上级知道"}, by=alice)
    drain_all()
    assert told(bob) == [], "a hidden field is no news"
    records.update("customer", customer.pk, {"note": "b", "address": "人民路 1 号"}, by=alice)
    records.update("customer", customer.pk, {"website": "https://a.example"}, by=alice)
    drain_all()
    (notice,) = told(bob)
    assert (notice.kind, notice.times, notice.text) == ("change", 2, "网站")
    assert "Alice" in notice.title
    assert told(people["alice"]) == [], "nobody is told what they did themselves"
    follows.unfollow(("customer", customer.pk), by=bob.actor)
    notices.mark_read(bob.user.pk)
    records.update("customer", customer.pk, {"address": "人民路 2 号"}, by=alice)
    drain_all()
    assert len(told(bob)) == 1


@pytest.mark.row(126)
def test_owners_makers_and_speakers_follow_until_they_say_no(
    people: dict[str, Person], customer: Any
) -> None:
    alice, bob = people["alice"], people["bob"]
    about = ("customer", customer.pk)
    assert follows.followers(about) == {alice.user.pk}
    comments.write(about, "我说一句", by=bob.actor)
    assert follows.followers(about) == {alice.user.pk, bob.user.pk}
    made = records.create("customer", {"name": "新客户"}, by=people["dora"].actor.through("form"))
    records.create("customer", {"name": "导入的"}, by=people["dora"].actor.through("import"))
    drain_all()
    assert list(Follow.objects.filter(why="created").values_list("object_id", flat=True)) == [made.pk]
    follows.unfollow(about, by=alice.actor)
    assert follows.followers(about) == {bob.user.pk}
    comments.write(about, "我又说一句", by=alice.actor)
    assert alice.user.pk not in follows.followers(about), "a no stays a no"


def test_each_kind_is_told_as_the_person_wants(people: dict[str, Person], customer: Any) -> None:
    bob = people["bob"]
    preferences.choose(bob.user.pk, {"mention": Choice(False, "off")})
    comments.write(("customer", customer.pk), "@Bob 一", by=people["alice"].actor)
    drain_all()
    assert told(bob) == []
    page = browser(bob)
    answer = page.post(reverse("notice_settings"), {"app-mention": "1", "mail-mention": "daily"})
    assert answer.status_code == 302
    assert preferences.choices(bob.user.pk)["mention"] == Choice(True, "daily")
    assert preferences.choices(bob.user.pk)["job"].app is False
    assert page.post(reverse("notice_settings"), {"mail-mention": "hourly"}).status_code == 422
    page.post(reverse("notice_settings"), {"mail_off": "1"})
    assert {choice.mail for choice in preferences.choices(bob.user.pk).values()} == {"off"}


def test_the_notice_centre_filters_groups_and_leads_there(people: dict[str, Person], customer: Any) -> None:
    bob = people["bob"]
    for text in ("@Bob 一", "@Bob 二"):
        comments.write(("customer", customer.pk), text, by=people["alice"].actor)
    notices.notify(bob.user.pk, None, "别的消息", kind="job")
    drain_all()
    page = browser(bob)
    body = page.get(reverse("notices")).content.decode()
    assert "还有 1 条" in body
    assert "别的消息" not in page.get(reverse("notices") + "?kind=mention").content.decode()
    first = told(bob, "mention")[0]
    answer = page.get(reverse("notice_open", args=[first.pk]))
    assert answer.headers["Location"] == first.url
    assert page.get(reverse("notices_unread")).json() == {"unread": 2}
    unread = page.get(reverse("notices") + "?show=unread&kind=mention").content.decode()
    assert f'data-notice="{first.pk}"' not in unread
    theirs = notices.open_notice(people["alice"].user.pk, first.pk)
    assert theirs is None
    assert browser(people["alice"]).get(reverse("notice_open", args=[first.pk])).status_code == 404


def test_what_was_said_goes_with_the_record(people: dict[str, Person], customer: Any) -> None:
    comments.write(("customer", customer.pk), "一句", by=people["alice"].actor)
    assert comments.forget_orphans() == 0
    customer.delete()
    assert comments.forget_orphans() == 2
    assert Comment.objects.count() == Follow.objects.count() == 0


def test_a_reading_token_writes_no_comment(people: dict[str, Person], customer: Any) -> None:
    from dataclasses import replace

    reader = replace(actor_for(people["alice"].user), read_only=True)
    with pytest.raises(Denied):
        comments.write(("customer", customer.pk), "x", by=reader)
