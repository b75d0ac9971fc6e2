"""Drafts of what the persons affected and the authority are told (个人信息保护法第五十七条), in Chinese and English."""

from __future__ import annotations

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from kemai.customers.services.incident_effects import Effects
from kemai.platform.audit.seal import seal_all
from kemai.platform.fields import listed


def drafts(effects: Effects) -> dict[str, str]:
    """{field of the incident: text}; what only people know stands in square brackets."""
    seal_all()  # which fields were touched is read from the sealed entries
    certain = effects.page("customer", 0).total
    contacts = effects.page("contact", 0).total
    reach = effects.reach("customer")
    found = {}
    for language, ending in (("zh-hans", ""), ("en", "_en")):
        with translation.override(language):
            facts = facts_of(effects) | {"certain": certain, "contacts": contacts, "reach": reach}
            found[f"notice{ending}"] = notice() % facts
            found[f"report{ending}"] = report() % facts
    return found


def facts_of(effects: Effects) -> dict[str, object]:
    one = effects.incident
    whats = {
        "account": _("我方一个员工账号"),
        "token": _("我方一个程序访问令牌"),
        "export": _("我方一份导出的文件"),
    }
    zone = timezone.get_default_timezone()
    return {
        "what": whats[one.kind],
        "began": f"{timezone.localtime(one.began_at, zone):%Y-%m-%d %H:%M}",
        "ended": f"{timezone.localtime(one.ended_at, zone):%Y-%m-%d %H:%M}",
        "reason": one.reason,
        "kinds": listed(effects.kinds()) or _("[请填写涉及的信息种类]"),
    }


def notice() -> str:
    return _(
        "关于个人信息安全事件的告知\n\n"
        "一、发生了什么\n%(began)s 至 %(ended)s，%(what)s可能被他人使用，其中有您的个人信息。原因：%(reason)s\n\n"
        "二、涉及的信息种类\n%(kinds)s\n\n"
        "三、可能造成的危害\n他人可能冒用这些信息与您联系，您可能收到骚扰或诈骗电话、短信。\n\n"
        "四、我们已经采取的措施\n[请填写：何时结束了登录、吊销了令牌、停用了账号，以及其他措施]\n\n"
        "五、您可以采取的措施\n对自称我方人员的来电、短信和链接保持警惕，不要提供验证码和密码，不要转账；"
        "如有损失请报警并告诉我们。\n\n"
        "六、联系我们\n[请填写个人信息保护负责人的姓名、电话、邮箱]"
    )


def report() -> str:
    return _(
        "个人信息安全事件报告\n\n"
        "一、事件\n%(began)s 至 %(ended)s，%(what)s可能被他人使用。原因：%(reason)s\n\n"
        "二、涉及的信息种类和人数\n%(kinds)s\n按操作日志，确定涉及客户 %(certain)s 名、联系人 %(contacts)s 名；"
        "按今天的权限，可能被看到的客户最多 %(reach)s 名。\n\n"
        "三、可能造成的危害\n他人可能冒用这些信息与当事人联系，实施骚扰或诈骗。\n\n"
        "四、已经采取的补救措施\n[请填写：何时结束了登录、吊销了令牌、停用了账号，以及其他措施]\n\n"
        "五、个人可以采取的减轻危害的措施\n警惕自称我方人员的来电、短信和链接，不提供验证码和密码，不转账。\n\n"
        "六、联系方式\n[请填写个人信息保护负责人的姓名、电话、邮箱]"
    )
