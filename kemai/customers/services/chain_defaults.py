"""The strategies that a new installation begins with, one for each value class; everything can be edited later.

They are stored in the language of the moment in which they are made."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django.utils.translation import gettext_noop as _


@dataclass(frozen=True)
class Step:
    """One task of a play: it falls due `after_days` after the customer's turn has come."""

    title: str
    kind: str
    after_days: int = 0

    def as_json(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True)
class Default:
    objective: str
    strategy: str
    metric: str
    contact_every_days: int
    play: tuple[Step, ...]


DEFAULTS: dict[str, Default] = {
    "high": Default(
        _("留住并做深：保持活跃，扩大品类"),
        _("专人维护；新品和活动优先告知；生日、节日问候；每季度一次满意度回访；购买节奏一断，三天内联系"),
        _("活跃率 ≥ 85%，复购率 ≥ 80%"),
        30,
        (
            Step(_("电话问候并了解近期需求"), "call"),
            Step(_("推荐新品或专属权益"), "message", 7),
            Step(_("回访满意度"), "callback", 21),
        ),
    ),
    "potential": Default(
        _("提高频次：买得多但买得少次，培养成高价值"),
        _("找出没有多次购买的原因；按偏好品类推荐搭配；约定下次补货时间；给出限期复购优惠"),
        _("平均订单数 +1，半年内 20% 升为高价值"),
        45,
        (Step(_("电话了解使用情况和未复购原因"), "call"), Step(_("按偏好品类发送搭配建议"), "message", 10)),
    ),
    "regular": Default(
        _("低成本触达：提高客单价和复购率"),
        _("以群发和自助服务为主；满额优惠带动客单价；沉睡前自动提醒；有明显上升的客户转为一对一跟进"),
        _("复购率 +5 个百分点，客单价 +10%"),
        120,
        (Step(_("发送当季活动信息"), "message"), Step(_("查看响应，有意向的电话跟进"), "call", 14)),
    ),
    "none": Default(
        _("促成首单"),
        _("核实联系方式和需求；首单优惠；三次联系无回应则降低频率，不再占用人力"),
        _("首单转化率 ≥ 8%，有效联系方式 ≥ 90%"),
        60,
        (
            Step(_("核实联系方式并了解需求"), "call"),
            Step(_("发送首单优惠"), "message", 3),
            Step(_("跟进首单意向"), "call", 10),
        ),
    ),
}  # fmt: skip
