"""Pools 公海: where records without an owner lie, on what terms people take them, and when they come back."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kemai.customers.models import Customer
from kemai.platform.models import ChoiceColumn, DeadlineColumn, Option, ReasonColumn, RecordBase, SealedJSON
from kemai.sales.models.lead import Lead

POOL_KINDS = (Option("customer", _("客户公海"), "blue"), Option("lead", _("线索公海"), "teal"))
RETURN_EVENTS = (
    Option("two_way", _("没有双向沟通"), "orange"),
    Option("follow_up", _("没有跟进"), "yellow"),
    Option("deal", _("没有新商机"), "purple"),
    Option("won", _("没有成交"), "red"),
    Option("contract", _("合同到期未续"), "indigo"),
)
"""What has to be missing for so many days before a record returns to its pool."""


def today() -> dt.date:
    return timezone.localdate(timezone=timezone.get_default_timezone())


class Pool(RecordBase):
    """`users` and `departments` (keys) may claim, nobody named means everybody; `keepers` look after it. `shown` names
    personal fields that are not masked in it, `shut` further fields that it does not show."""

    name = models.CharField(_("名称"), max_length=80)
    kind = ChoiceColumn(_("类型"), options=POOL_KINDS, default="customer")
    position = models.IntegerField(_("顺序"), default=50)
    active = models.BooleanField(_("启用"), default=True)
    note = models.TextField(_("说明"), blank=True, default="")
    users = models.JSONField(default=list)
    departments = models.JSONField(default=list)
    keepers = models.JSONField(default=list)
    shown = models.JSONField(default=list)
    shut = models.JSONField(default=list)
    where = SealedJSON(default=dict)
    """Which records without an owner it takes; {} for all."""
    takes_new = models.BooleanField(_("新建时没有负责人的自动进入"), default=True)
    claimable = models.BooleanField(_("允许领取"), default=True)
    reason_required = models.BooleanField(_("领取要填理由"), default=False)
    hold_most = models.PositiveIntegerField(_("每人最多持有"), null=True, blank=True)
    hold_closed = models.BooleanField(_("已成交的也算在内"), default=False)
    daily_most = models.PositiveIntegerField(_("每人每天最多领取"), null=True, blank=True)
    view_most = models.PositiveIntegerField(_("每人每天最多查看几个的详情"), null=True, blank=True)
    former_days = models.PositiveIntegerField(_("前负责人几天内不能领取"), default=7)
    reclaim_hours = models.PositiveIntegerField(_("放手后几小时内不能再领"), default=12)
    fresh_hours = models.PositiveIntegerField(_("进入公海几小时内不能领取"), default=0)
    protect_most = models.PositiveIntegerField(_("每人最多保护"), default=20)
    protect_days = models.PositiveIntegerField(_("一次最多保护几天"), default=30)
    spare_deals = models.BooleanField(_("有进行中商机的不退回"), default=True)
    spare_contracts = models.BooleanField(_("合同期内的不退回"), default=True)
    spare_work = models.BooleanField(_("还在处理的不退回"), default=True)
    """Open approvals, tasks and visits planned for the coming weeks: `customers.at_work`."""
    extend_most = models.PositiveIntegerField(_("最多延期几次"), default=2)
    """How often an owner may ask for one record; 0 for never."""
    extend_days = models.PositiveIntegerField(_("一次最多延期几天"), default=15)

    class Meta:
        verbose_name = _("公海")

    def __str__(self) -> str:
        return self.name


class PoolRule(RecordBase):
    """When a record returns to the pool: `days` (working days with `workdays`) without `event`. It counts from
    `since`, the day it was switched on, so that switching on returns no stock at once; without it the rule is off."""

    pool = models.ForeignKey(Pool, models.CASCADE, related_name="rules", verbose_name=_("公海"))
    event = ChoiceColumn(_("条件"), options=RETURN_EVENTS, default="follow_up")
    days = models.PositiveIntegerField(_("天数"), default=30)
    workdays = models.BooleanField(_("只算工作日"), default=False)
    where = SealedJSON(default=dict)
    since = models.DateField(_("从哪天起算"), null=True, blank=True)

    class Meta:
        verbose_name = _("退回规则")

    def __str__(self) -> str:
        return f"{self.get_event_display()} · {self.days}"


class Keeping(models.Model):
    """In whose hands a record is, beside the record (docs/adr/005, 026): with its owner since `received_on` and until
    `return_due_on`, or in a `pool`. Days, not moments: a rule counts days, and the owner's history has the moment.
    A row is made together with its record."""

    pool = models.ForeignKey(
        Pool, models.SET_NULL, null=True, related_name="+", verbose_name=_("公海"), db_index=False
    )
    pooled_at = models.DateTimeField(_("进入公海时间"), null=True)
    pool_reason = ReasonColumn(_("进入公海的原因"), max_length=200, blank=True, default="")
    former_owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("前负责人"),
        db_index=False,
    )  # fmt: skip
    received_on = models.DateField(_("接手日期"), default=today)
    two_way_on = models.DateField(_("最近双向沟通"), null=True)
    follow_up_on = models.DateField(_("最近跟进日期"), null=True)
    protected_until = models.DateField(_("保护到"), null=True)
    extended_until = models.DateField(_("延期到"), null=True)
    """The last day that an approved extension adds; a new owner begins without."""
    work_until = models.DateField(_("工作安排到"), null=True)
    open_work = models.IntegerField(_("未结的审批数"), default=0)
    return_due_on = DeadlineColumn(_("退回日期"), null=True)
    return_rule = models.ForeignKey(PoolRule, models.SET_NULL, null=True, related_name="+", db_index=False)
    given_basis = models.JSONField(default=dict)
    """Why it was given to its owner, where a rule did so: {"route", "version", "method", "at", "steps": […]}."""

    class Meta:
        abstract = True


class CustomerKeeping(Keeping):
    customer = models.OneToOneField(Customer, models.CASCADE, primary_key=True, related_name="keeping")
    deal_on = models.DateField(_("最近商机日期"), null=True)
    won_on = models.DateField(_("最近成交日期"), null=True)
    contract_until = models.DateField(_("合同到期日"), null=True)
    open_deals = models.IntegerField(_("进行中商机数"), default=0)

    class Meta:
        indexes = (
            models.Index(fields=("pool", "pooled_at", "customer"), name="customer_pool"),
            models.Index(fields=("return_due_on", "customer"), name="customer_return"),
            models.Index(fields=("received_on", "customer"), name="customer_received"),
            models.Index(
                fields=("protected_until",), condition=models.Q(protected_until__isnull=False),
                name="customer_protected",
            ),
        )  # fmt: skip


class LeadKeeping(Keeping):
    lead = models.OneToOneField(Lead, models.CASCADE, primary_key=True, related_name="keeping")

    class Meta:
        indexes = (
            models.Index(fields=("pool", "pooled_at", "lead"), name="lead_pool"),
            models.Index(fields=("return_due_on", "lead"), name="lead_return"),
            models.Index(fields=("received_on", "lead"), name="lead_received"),
            models.Index(
                fields=("protected_until",), condition=models.Q(protected_until__isnull=False), name="lead_protected"
            ),
        )  # fmt: skip


class PoolMove(models.Model):
    """A record went into a pool or out of it: what quotas are counted from, and the figures of the stock."""

    MOVES = (
        Option("enter", _("进入"), "gray"),
        Option("claim", _("领取"), "green"),
        Option("assign", _("分配"), "blue"),
        Option("route", _("自动分配"), "teal"),
        Option("return", _("退回"), "orange"),
    )
    type_key = models.CharField(max_length=40)
    object_id = models.BigIntegerField()
    pool = models.ForeignKey(Pool, models.SET_NULL, null=True, related_name="+", db_index=False)
    move = ChoiceColumn(options=MOVES)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False
    )
    """Whoever had it before it went in, or has it since it came out."""
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False
    )
    reason = models.CharField(max_length=200, blank=True, default="")
    route = models.ForeignKey("sales.LeadRoute", models.SET_NULL, null=True, related_name="+")
    changeset_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=("user", "move", "at"), name="pool_move_user"),
            models.Index(fields=("pool", "move", "at"), name="pool_move_pool"),
            models.Index(fields=("type_key", "object_id", "id"), name="pool_move_record"),
        )


class PoolLook(models.Model):
    """Somebody opened the details of a record in a pool on a day: once a record, however often it is opened."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    pool = models.ForeignKey(Pool, models.CASCADE, related_name="+", db_index=False)
    type_key = models.CharField(max_length=40)
    object_id = models.BigIntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("user", "day", "pool", "type_key", "object_id"), name="pool_look_once"
            ),
        )
        indexes = (
            models.Index(fields=("day",), name="pool_look_day"),
            models.Index(fields=("pool",), name="pool_look_pool"),
        )


class ReturnExtension(models.Model):
    """An owner asks that a record may stay with him longer, and whoever looks after the pool grants some days or says
    no. `changeset` is the grant as an act: taken back, the days are gone and the request does not count."""

    STATES = (
        Option("asked", _("待处理"), "yellow"),
        Option("granted", _("已同意"), "green"),
        Option("refused", _("未同意"), "red"),
        Option("lapsed", _("已失效"), "gray"),
    )
    type_key = models.CharField(max_length=40)
    object_id = models.BigIntegerField()
    pool = models.ForeignKey(Pool, models.CASCADE, related_name="+")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    asked_at = models.DateTimeField()
    reason = models.CharField(max_length=200)
    days = models.PositiveIntegerField()
    due_on = models.DateField()
    """When it would have gone back."""
    state = ChoiceColumn(options=STATES, default="asked")
    granted = models.PositiveIntegerField(default=0)
    until = models.DateField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False
    )
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=200, blank=True, default="")
    changeset_id = models.BigIntegerField(null=True)
    merge_keeps = True
    """It was asked for this record's sake, like the owner's history."""

    class Meta:
        indexes = (models.Index(fields=("type_key", "object_id", "id"), name="extension_record"),)
        constraints = (
            models.UniqueConstraint(
                fields=("type_key", "object_id"),
                condition=models.Q(state="asked"),
                name="extension_asked_once",
            ),
        )


class LeadRoute(RecordBase):
    """Who gets a new lead: the first active route in order whose condition the lead meets, by `method`. `people` are
    [{"user", "weight", "away_until"}]; hours are minutes after midnight."""

    METHODS = (
        Option("rotation", _("轮流"), "blue"),
        Option("weighted", _("按比例"), "purple"),
        Option("least_load", _("谁手上少给谁"), "teal"),
    )
    name = models.CharField(_("名称"), max_length=80)
    position = models.IntegerField(_("顺序"), default=50)
    active = models.BooleanField(_("启用"), default=True)
    method = ChoiceColumn(_("方式"), options=METHODS, default="rotation")
    sticky = models.BooleanField(_("同公司、同地区优先给原来的人"), default=True)
    people = models.JSONField(default=list)
    where = SealedJSON(default=dict)
    capacity = models.PositiveIntegerField(_("每人最多在跟线索"), null=True, blank=True)
    opens = models.PositiveIntegerField(_("开始时间"), default=9 * 60)
    closes = models.PositiveIntegerField(_("结束时间"), default=18 * 60)
    workdays = models.BooleanField(_("只在工作日分配"), default=True)

    class Meta:
        verbose_name = _("线索分配规则")

    def __str__(self) -> str:
        return self.name
