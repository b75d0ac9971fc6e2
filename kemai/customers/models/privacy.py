"""Personal data by the law (个人信息保护法): why we hold it, what people consented to, what they ask for, how long
it is kept; and how good the data are."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from kemai.customers.models.customer import Consent, Customer
from kemai.platform.models import ChoiceColumn, Option, OwnedRecord, RecordBase, SealedJSON

BASES = (
    Option("consent", _("取得个人同意"), "green"),
    Option("contract", _("订立或履行合同所必需"), "blue"),
    Option("duty", _("履行法定职责或义务"), "purple"),
    Option("emergency", _("应对突发事件"), "orange"),
    Option("public", _("处理已公开的信息"), "gray"),
)
"""个人信息保护法第十三条."""


class DataPurpose(RecordBase):
    """A line of the register: for what we process which data, on which ground, and for how long."""

    name = models.CharField(_("处理目的"), max_length=120)
    basis = ChoiceColumn(_("合法性基础"), options=BASES, default="consent")
    data = models.CharField(_("涉及的信息"), max_length=300)
    receivers = models.CharField(_("接收方"), max_length=300, blank=True, default="")
    abroad = models.BooleanField(_("是否出境"), default=False)
    keep_days = models.PositiveIntegerField(_("保存天数"), null=True, blank=True)
    assessed_on = models.DateField(_("影响评估日期"), null=True, blank=True)
    note = models.TextField(_("备注"), blank=True, default="")

    class Meta:
        verbose_name = _("处理目的")

    def __str__(self) -> str:
        return self.name


class ConsentText(RecordBase):
    """A version of what people are asked to agree to. A published text never changes: the next one is a new row."""

    edition = models.CharField(_("版本"), max_length=40)
    purpose = ChoiceColumn(_("用途"), options=Consent.PURPOSES, default="marketing")
    text = models.TextField(_("正文"))
    published_on = models.DateField(_("启用日期"), null=True, blank=True)

    class Meta:
        verbose_name = _("同意文本")
        constraints = (
            models.UniqueConstraint(
                fields=("edition",), condition=models.Q(deleted_at=None), name="consent_text_once",
                violation_error_message=_("这个版本号已经用过"),
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return self.edition


class PrivacyRequest(OwnedRecord):
    """What a person asks about their own data, and by when it must be answered (15 working days)."""

    KINDS = (
        Option("access", _("查阅、复制"), "blue"),
        Option("correct", _("更正、补充"), "azure"),
        Option("erase", _("删除"), "red"),
        Option("withdraw", _("撤回同意"), "orange"),
        Option("transfer", _("转移"), "purple"),
        Option("explain", _("解释说明"), "teal"),
    )
    STATES = (
        Option("received", _("已收到"), "azure"),
        Option("verified", _("已核验身份"), "blue"),
        Option("done", _("已完成"), "green"),
        Option("refused", _("已拒绝"), "gray"),
    )
    number = models.CharField(_("编号"), max_length=40, blank=True)
    customer = models.ForeignKey(
        Customer, models.PROTECT, related_name="privacy_requests", verbose_name=_("客户")
    )
    kind = ChoiceColumn(_("请求"), options=KINDS, default="access")
    state = ChoiceColumn(_("状态"), options=STATES, default="received", editable=False)
    channel = models.CharField(_("提出方式"), max_length=80, blank=True, default="")
    received_at = models.DateTimeField(_("收到时间"), null=True, blank=True)
    due_on = models.DateField(_("最晚答复日期"), null=True, editable=False)
    identity = models.CharField(_("身份核验方式"), max_length=200, blank=True, default="")
    answer = models.TextField(_("答复"), blank=True, default="")
    done_at = models.DateTimeField(_("完成时间"), null=True, editable=False)

    class Meta:
        verbose_name = _("个人信息请求")
        constraints = (
            models.UniqueConstraint(
                fields=("number",), condition=models.Q(deleted_at=None), name="privacy_request_once",
                violation_error_message=_("这个编号已经有人用了"),
            ),
        )  # fmt: skip
        indexes = (
            models.Index(fields=("state", "due_on", "id"), name="privacy_request_due"),
            models.Index(fields=("owner", "id"), name="privacy_request_owner"),
            models.Index(fields=("created_at", "id"), name="privacy_request_created"),
        )

    def __str__(self) -> str:
        return self.number


class Tombstone(models.Model):
    """A person who asked to be erased, as a keyed hash of each identifier: an import cannot bring them back, and nobody
    can read who they were."""

    digest = models.CharField(max_length=64, unique=True)
    at = models.DateTimeField()


class RetentionRule(RecordBase):
    """What is removed when it has stood for too long. Nothing runs before somebody has looked at its rehearsal."""

    TYPES = (
        Option("customer", _("客户")),
        Option("interaction", _("互动")),
        Option("contact", _("联系人")),
    )
    ACTS = (
        Option("bin", _("移到回收站"), "blue"),
        Option("erase", _("匿名化（不可恢复）"), "red"),
    )
    name = models.CharField(_("名称"), max_length=80)
    type_key = ChoiceColumn(_("对象"), options=TYPES, default="customer")
    days = models.PositiveIntegerField(_("保留天数"))
    """After the last order, contact or change (customers), the moment (interactions), the last change (contacts)."""
    act = ChoiceColumn(_("到期处理"), options=ACTS, default="bin")
    where = SealedJSON(default=dict, editable=False)
    """A condition that must hold besides."""
    active = models.BooleanField(_("已启用"), default=False, editable=False)
    rehearsed_at = models.DateTimeField(_("预演时间"), null=True, editable=False)
    rehearsed = models.IntegerField(_("预演条数"), null=True, editable=False)
    ran_at = models.DateTimeField(_("上次执行"), null=True, editable=False)
    removed = models.IntegerField(_("上次处理条数"), null=True, editable=False)

    class Meta:
        verbose_name = _("保存期限规则")

    def __str__(self) -> str:
        return self.name


class EntryStandard(RecordBase):
    """What a well-kept customer record looks like, as a condition; how many meet it is counted by owner."""

    KINDS = (Option("", _("全部客户")), Option("person", _("个人")), Option("company", _("企业")))

    name = models.CharField(_("标准"), max_length=120)
    kind = ChoiceColumn(_("适用于"), options=KINDS, blank=True, default="")
    where = SealedJSON(default=dict, editable=False)
    target = models.PositiveSmallIntegerField(_("目标（%%）"), default=90)
    active = models.BooleanField(_("启用"), default=True)
    position = models.IntegerField(_("顺序"), default=50)

    class Meta:
        verbose_name = _("录入标准")

    def __str__(self) -> str:
        return self.name


class HealthCount(models.Model):
    """How many of an owner's customers met a measure on a day; `owner` None for those without. `measure` is the key of
    a built-in measure or "standard/<id>"."""

    day = models.DateField()
    measure = models.CharField(max_length=40)
    owner = models.BigIntegerField(null=True)
    good = models.IntegerField()
    total = models.IntegerField()

    class Meta:
        indexes = (models.Index(fields=("day", "measure"), name="health_day"),)


class Incident(models.Model):
    """Something got out between two moments: an account, a key for programs or an exported file. Kept as a record;
    nobody changes what it was about, and nothing removes it. Numbers, no foreign keys: an account or a key that is
    done away with because of it is still what it was about."""

    KINDS = (
        Option("account", _("员工账号"), "orange"),
        Option("token", _("API 令牌"), "purple"),
        Option("export", _("导出文件"), "red"),
    )

    title = models.CharField(_("标题"), max_length=120)
    kind = ChoiceColumn(_("泄露的是"), options=KINDS, default="account")
    account = models.BigIntegerField(null=True)
    """Whose it was; None for a revoked key that never left a trace."""
    subject = models.CharField(max_length=200)
    """The account, the key or the export in words."""
    token = models.BigIntegerField(null=True)
    export = models.BigIntegerField(null=True)
    """The change set of the export."""
    began_at = models.DateTimeField(_("从"))
    ended_at = models.DateTimeField(_("到"))
    reason = models.TextField(_("经过和原因"))
    notice = models.TextField(_("告知个人（中文）"), blank=True, default="")
    notice_en = models.TextField(_("告知个人（英文）"), blank=True, default="")
    report = models.TextField(_("报告主管部门（中文）"), blank=True, default="")
    report_en = models.TextField(_("报告主管部门（英文）"), blank=True, default="")
    opened_by = models.BigIntegerField(null=True)
    opened_name = models.CharField(max_length=120)
    opened_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.title
