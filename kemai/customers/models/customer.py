"""Customers, the people at them, and what identifies them."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from kemai.platform.models import (
    ChoiceColumn,
    CreditCodeColumn,
    EmailColumn,
    MoneyColumn,
    MultiChoiceColumn,
    Option,
    OwnedRecord,
    PhoneColumn,
    RecordBase,
    RegionColumn,
    SealedColumn,
)

GENDERS = (Option("male", _("男"), "azure"), Option("female", _("女"), "pink"))
SOURCES = (
    Option("store", _("门店"), "teal"),
    Option("online", _("网店"), "blue"),
    Option("website", _("官网"), "azure"),
    Option("wecom", _("企业微信"), "green"),
    Option("social", _("社交媒体"), "purple"),
    Option("exhibition", _("展会"), "orange"),
    Option("referral", _("转介绍"), "pink"),
    Option("phone", _("电话"), "yellow"),
    Option("questionnaire", _("问卷"), "indigo"),
    Option("import", _("导入"), "gray"),
    Option("other", _("其他"), "gray"),
)


def first_roles() -> list[str]:
    return ["prospect"]


class Customer(OwnedRecord):
    """A person or a company that buys or may buy. What is derived about it lives in `CustomerFacts`."""

    KINDS = (Option("person", _("个人"), "blue"), Option("company", _("企业"), "purple"))
    VALIDITY = (
        Option("unverified", _("未核实"), "gray"),
        Option("valid", _("有效"), "green"),
        Option("invalid", _("无效"), "red"),
    )
    INVALID_REASONS = (
        Option("dead_number", _("空号")),
        Option("suspended", _("停机")),
        Option("duplicate", _("重复")),
        Option("not_target", _("非目标客户")),
        Option("refused", _("拒绝联系")),
        Option("closed_down", _("倒闭")),
    )
    STAGES = (
        Option("new", _("新客户"), "azure"),
        Option("contacted", _("已联系"), "blue"),
        Option("interested", _("有意向"), "yellow"),
        Option("customer", _("已成交"), "green"),
        Option("paused", _("暂停跟进"), "gray"),
    )

    ROLES = (
        Option("customer", _("客户"), "green"),
        Option("prospect", _("潜客"), "azure"),
        Option("partner", _("合作伙伴"), "purple"),
        Option("supplier", _("供应商"), "orange"),
        Option("competitor", _("竞争对手"), "red"),
    )

    number = models.CharField(_("客户编号"), max_length=40, blank=True)
    name = models.CharField(_("名称"), max_length=120)
    name_sort = models.CharField(max_length=60, editable=False, default="")
    """Pinyin of the name: names are listed in the order that people look them up in."""
    match_name = models.CharField(max_length=60, editable=False, default="")
    """How the name sounds, of a company its 字号 alone: what doubles have in common."""
    match_place = models.CharField(max_length=60, editable=False, default="")
    """City, road and number."""
    kind = ChoiceColumn(_("类型"), options=KINDS, default="person")
    stage = ChoiceColumn(_("跟进阶段"), options=STAGES, default="new")
    roles = MultiChoiceColumn(_("角色"), options=ROLES, default=first_roles)
    """What they are to us, at once: a partner may buy as well. Whoever buys becomes a customer (services.roles)."""
    important = models.BooleanField(_("重要客户"), default=False)
    phone = PhoneColumn(_("电话"))
    email = EmailColumn(_("邮箱"), max_length=200, blank=True, default="")
    wecom_id = models.CharField(_("企业微信 ID"), max_length=64, blank=True, default="")
    credit_code = CreditCodeColumn(_("统一社会信用代码"))
    region = RegionColumn(_("地区"))
    address = models.CharField(_("详细地址"), max_length=200, blank=True, default="")
    source = ChoiceColumn(_("来源"), options=SOURCES, default="other")
    validity = ChoiceColumn(_("有效性"), options=VALIDITY, default="unverified")
    invalid_reason = ChoiceColumn(_("无效原因"), options=INVALID_REASONS, blank=True, default="")
    gender = ChoiceColumn(_("性别"), options=GENDERS, blank=True, default="")
    birthday = models.DateField(_("生日"), null=True, blank=True)
    industry = models.CharField(_("行业"), max_length=60, blank=True, default="")
    website = models.URLField(_("网站"), blank=True, default="")
    note = models.TextField(_("备注"), blank=True, default="")

    class Meta:
        verbose_name = _("客户")
        constraints = (
            models.UniqueConstraint(
                fields=("number",), condition=models.Q(deleted_at=None), name="customer_number_once",
                violation_error_message=_("这个客户编号已经有人用了"),
            ),
        )  # fmt: skip
        indexes = (
            models.Index(fields=("owner", "created_at", "id"), name="customer_owner_created"),
            # whose a customer is, and whether it is there at all, without the row: what a salesperson's list asks of
            # every candidate on its way
            models.Index(fields=("owner", "id", "deleted_at"), name="customer_owner"),
            models.Index(fields=("name_sort", "id"), name="customer_name_sort"),
            models.Index(fields=("created_at", "id"), name="customer_created"),
            models.Index(fields=("region", "id"), name="customer_region"),
            models.Index(fields=("phone",), condition=~models.Q(phone=""), name="customer_phone"),
            models.Index(fields=("email",), condition=~models.Q(email=""), name="customer_email"),
            models.Index(
                fields=("credit_code",), condition=~models.Q(credit_code=""), name="customer_credit_code"
            ),
            models.Index(fields=("wecom_id",), condition=~models.Q(wecom_id=""), name="customer_wecom"),
            models.Index(
                fields=("match_name",), condition=~models.Q(match_name=""), name="customer_match_name"
            ),
            models.Index(
                fields=("match_place",), condition=~models.Q(match_place=""), name="customer_match_place"
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def verified_at(self) -> datetime | None:
        """When somebody last made sure of it."""
        facts = getattr(self, "facts", None)
        return facts.verified_at if facts is not None else None


class CustomerFacts(models.Model):
    """What is derived about a customer, never typed. A row is made together with its customer; analyses and
    services own the columns (docs/adr/005). Nothing here changes by the mere passing of a day, but states and
    windows, which the nightly run recomputes: recency is kept as the moment of the last order, not as days."""

    CLASSES = (
        Option("high", _("高价值"), "orange"),
        Option("potential", _("潜在"), "purple"),
        Option("regular", _("普通"), "blue"),
        Option("none", _("未成交"), "gray"),
    )
    ACTIVITIES = (
        Option("prospect", _("未成交"), "gray"),
        Option("new", _("新"), "azure"),
        Option("active", _("活跃"), "green"),
        Option("dormant", _("沉睡"), "yellow"),
        Option("lost", _("流失"), "red"),
        Option("recovered", _("已挽回"), "teal"),
    )
    FRESHNESS = (
        Option("fresh", _("新鲜"), "green"),
        Option("ageing", _("该核对了"), "yellow"),
        Option("stale", _("已过期"), "red"),
        Option("unchecked", _("没核实过"), "gray"),
    )
    CELLS = (
        Option("champion", _("重要价值"), "orange"),
        Option("develop", _("重要发展"), "yellow"),
        Option("keep", _("重要保持"), "purple"),
        Option("rescue", _("重要挽留"), "red"),
        Option("g_value", _("一般价值"), "blue"),
        Option("g_develop", _("一般发展"), "azure"),
        Option("g_keep", _("一般保持"), "teal"),
        Option("g_rescue", _("一般挽留"), "gray"),
    )

    customer = models.OneToOneField(Customer, models.CASCADE, primary_key=True, related_name="facts")
    value_class = ChoiceColumn(_("价值类别"), options=CLASSES, default="none")
    class_since = models.DateTimeField(_("类别起始"), null=True)
    activity = ChoiceColumn(_("活跃状态"), options=ACTIVITIES, default="prospect")
    activity_since = models.DateTimeField(_("状态起始"), null=True)
    rfm_cell = ChoiceColumn(_("RFM 分类"), options=CELLS, default="", blank=True)
    r_score = models.SmallIntegerField(_("R 分"), null=True)
    f_score = models.SmallIntegerField(_("F 分"), null=True)
    m_score = models.SmallIntegerField(_("M 分"), null=True)
    first_order_at = models.DateTimeField(_("首次购买"), null=True)
    last_order_at = models.DateTimeField(_("最近购买"), null=True)
    orders_total = models.IntegerField(_("累计订单数"), default=0)
    amount_total = MoneyColumn(_("累计金额"), default=0)
    orders_12m = models.IntegerField(_("近 12 个月订单数"), default=0)
    amount_12m = MoneyColumn(_("近 12 个月金额"), default=0)
    gap_median_days = models.FloatField(_("购买间隔中位数（天）"), null=True)
    favourite_category = models.ForeignKey(
        "customers.Category",
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("偏好品类"),
        db_index=False,
    )
    preferred_channel = models.CharField(_("偏好渠道"), max_length=24, blank=True, default="")
    preferred_hour = models.SmallIntegerField(_("偏好时段"), null=True)
    silence_limit_days = models.FloatField(_("流失期限（天）"), null=True)
    """The silence after which this customer counts as lost, by their own rhythm or by the calendar."""
    comeback_on = models.DateField(_("挽回日期"), null=True)
    last_inbound_at = models.DateTimeField(_("客户最近来访"), null=True)
    last_outbound_at = models.DateTimeField(_("我方最近联系"), null=True)
    completeness = models.SmallIntegerField(_("资料完整度"), default=0)
    last_contact_at = models.DateTimeField(_("最近联系"), null=True)
    verified_at = models.DateTimeField(_("最近核实"), null=True)
    """When somebody last made sure that the record is right; services.recheck owns it."""
    freshness = ChoiceColumn(_("资料新鲜度"), options=FRESHNESS, default="unchecked")
    """How long ago that was: at once with it, else by the night."""
    conflicts = models.SmallIntegerField(_("待处理的资料冲突"), default=0)
    """How many values were brought that differ from verified ones; services.conflicts owns it."""
    next_contact_at = models.DateTimeField(_("下次联系"), null=True)
    run_id = models.BigIntegerField(null=True)
    """The analysis run whose basis (cut points, as-of) explains the states and scores."""
    computed_at = models.DateTimeField(_("计算时间"), null=True)

    class Meta:
        indexes = (
            models.Index(fields=("value_class", "customer"), name="facts_class"),
            models.Index(fields=("activity", "customer"), name="facts_activity"),
            # a class's best customers and a state's latest: filter and order go together in the data as well
            models.Index(fields=("value_class", "amount_12m", "customer"), name="facts_class_amount"),
            models.Index(fields=("activity", "last_order_at", "customer"), name="facts_activity_last"),
            models.Index(fields=("amount_12m", "customer"), name="facts_amount"),
            models.Index(fields=("orders_12m", "customer"), name="facts_orders"),
            models.Index(fields=("last_order_at", "customer"), name="facts_last_order"),
            models.Index(fields=("last_contact_at", "customer"), name="facts_last_contact"),
            models.Index(fields=("verified_at", "customer"), name="facts_verified"),
            models.Index(fields=("last_inbound_at", "customer"), name="facts_last_inbound"),
            models.Index(fields=("last_outbound_at", "customer"), name="facts_last_outbound"),
            models.Index(
                fields=("conflicts", "customer"), condition=models.Q(conflicts__gt=0), name="facts_conflicts"
            ),
        )


class FactTransition(models.Model):
    """A derived state changed: countable, so that 非活跃 → 活跃 can be measured, and explained by its run."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="transitions")
    field = models.CharField(max_length=24)
    old = models.CharField(max_length=24)
    new = models.CharField(max_length=24)
    at = models.DateTimeField()
    run_id = models.BigIntegerField(null=True)
    inputs = models.JSONField(default=dict)

    class Meta:
        indexes = (
            models.Index(fields=("customer", "field", "at"), name="transition_customer"),
            models.Index(fields=("field", "at"), name="transition_at"),
        )


class Contact(RecordBase):
    """A person at a company customer, or close to a private one."""

    ROLES = (
        Option("decider", _("决策人"), "red"),
        Option("influencer", _("影响者"), "orange"),
        Option("user", _("使用者"), "blue"),
        Option("buyer", _("采购"), "purple"),
        Option("finance", _("财务"), "teal"),
        Option("other", _("其他"), "gray"),
    )
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="contacts", verbose_name=_("客户"))
    name = models.CharField(_("姓名"), max_length=80)
    title = models.CharField(_("职务"), max_length=80, blank=True, default="")
    role = ChoiceColumn(_("角色"), options=ROLES, blank=True, default="")
    phone = PhoneColumn(_("电话"))
    email = EmailColumn(_("邮箱"), max_length=200, blank=True, default="")
    wecom_id = models.CharField(_("企业微信 ID"), max_length=64, blank=True, default="")
    gender = ChoiceColumn(_("性别"), options=GENDERS, blank=True, default="")
    birthday = models.DateField(_("生日"), null=True, blank=True)
    primary = models.BooleanField(_("首要联系人"), default=False)
    note = models.TextField(_("备注"), blank=True, default="")

    class Meta:
        verbose_name = _("联系人")
        indexes = (
            models.Index(fields=("name", "id"), name="contact_name"),
            models.Index(fields=("phone",), condition=~models.Q(phone=""), name="contact_phone"),
        )

    def __str__(self) -> str:
        return self.name


class Identifier(RecordBase):
    """A further key under which a customer is known (a second phone, a member number, an openid). The first phone,
    e-mail, WeCom id and credit code are columns of the customer; matching asks both."""

    KINDS = (
        Option("phone", _("电话"), "blue"),
        Option("email", _("邮箱"), "azure"),
        Option("wecom", _("企业微信 ID"), "green"),
        Option("openid", _("微信 OpenID"), "green"),
        Option("member", _("会员号"), "orange"),
        Option("credit_code", _("统一社会信用代码"), "purple"),
    )
    STATES = (
        Option("unverified", _("未核实"), "gray"),
        Option("valid", _("有效"), "green"),
        Option("invalid", _("无效"), "red"),
        Option("opted_out", _("已退订"), "yellow"),
    )
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="identifiers", verbose_name=_("客户"))
    kind = ChoiceColumn(_("类型"), options=KINDS)
    raw = SealedColumn(_("原始值"), max_length=200)
    value = SealedColumn(_("标识"), max_length=200, editable=False)
    state = ChoiceColumn(_("状态"), options=STATES, default="unverified")

    class Meta:
        verbose_name = _("标识")
        constraints = (
            models.UniqueConstraint(
                fields=("kind", "value"), condition=models.Q(deleted_at=None), name="identifier_once",
                violation_error_message=_("这个标识已属于另一位客户"),
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return self.value


class Consent(RecordBase):
    """A customer's yes or no to being approached for a purpose on a channel, with its proof."""

    CHANNELS = (
        Option("any", _("全部渠道")),
        Option("sms", _("短信")),
        Option("mail", _("邮件")),
        Option("phone", _("电话")),
        Option("wecom", _("企业微信")),
    )
    STATES = (Option("granted", _("同意"), "green"), Option("withdrawn", _("撤回"), "red"))
    PURPOSES = (
        Option("marketing", _("营销信息")),
        Option("service", _("服务通知")),
        Option("profiling", _("个性化推荐")),
    )
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="consents", verbose_name=_("客户"))
    purpose = ChoiceColumn(_("用途"), options=PURPOSES, default="marketing")
    channel = ChoiceColumn(_("渠道"), options=CHANNELS, default="any")
    state = ChoiceColumn(_("状态"), options=STATES, default="granted")
    text_version = models.CharField(_("文本版本"), max_length=40, blank=True, default="")
    proof = models.CharField(_("凭证"), max_length=300, blank=True, default="")
    at = models.DateTimeField(_("时间"))

    class Meta:
        verbose_name = _("授权同意")
        indexes = (models.Index(fields=("customer", "purpose", "channel", "at"), name="consent_latest"),)
