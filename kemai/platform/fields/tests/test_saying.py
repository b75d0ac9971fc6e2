"""Reasons that the system gives are kept in one language and read out in each reader's."""

from __future__ import annotations

from django.utils import translation

from kemai.platform.fields import Saying, read_out
from kemai.platform.fields.saying import later

NONE_THERE = Saying("没有负责人")
LATER = Saying("所关联的对象“%(key)s”已经不在了")


def test_a_reason_is_kept_in_chinese_whoever_wrote_it_and_read_in_the_readers_language() -> None:
    with translation.override("en"):
        kept = LATER.kept(key="设备")
        assert kept == "所关联的对象“设备”已经不在了"
        assert read_out(kept) == "The object it refers to, “设备”, is gone"
    with translation.override("zh-hans"):
        assert read_out(kept) == kept


def test_what_people_wrote_and_what_older_versions_kept_stays_as_it_is() -> None:
    with translation.override("en"):
        assert read_out("太远，没有负责人愿意去") == "太远，没有负责人愿意去"
        assert read_out("Made without an owner") == "Made without an owner"
        assert read_out("") == ""


def test_a_sentence_told_later_follows_whoever_reads_it() -> None:
    said = later("所关联的对象“%(key)s”已经不在了", key="x")
    with translation.override("en"):
        assert str(said) == "The object it refers to, “x”, is gone"
    with translation.override("zh-hans"):
        assert str(said) == "所关联的对象“x”已经不在了"
