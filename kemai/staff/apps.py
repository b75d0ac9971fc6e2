from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


def share_counts() -> None:
    """Wrong log-ins and used codes are counted by all processes together: allauth takes the default cache, which is
    each process's own."""
    import allauth.core.internal.ratelimit as rates
    import allauth.mfa.totp.internal.auth as codes
    from django.core.cache import caches
    from django.utils.connection import ConnectionProxy

    shared = ConnectionProxy(caches, "shared")
    rates.cache = shared
    codes.cache = shared


class StaffConfig(AppConfig):
    name = "kemai.staff"
    label = "staff"
    verbose_name = _("员工")

    def ready(self) -> None:
        share_counts()
        from kemai.platform.access import Actor
        from kemai.platform.access.auditor import may_audit
        from kemai.platform.ui.nav import Page, UserLink, register_page, register_user_link
        from kemai.staff.services import configuration

        def administers(actor: Actor) -> bool:
            return actor.is_admin

        pages = (
            Page(
                "users",
                _("员工"),
                "users",
                "settings:people",
                "user_list",
                order=10,
                purpose=_("添加、停用员工，重置密码，交接离职人员的客户"),
                allowed=administers,
            ),
            Page(
                "departments",
                _("部门"),
                "sitemap",
                "settings:people",
                "department_list",
                order=11,
                purpose=_("公司的组织，决定“本部门及下级”看到什么"),
                allowed=administers,
                many=True,
            ),
            Page(
                "roles",
                _("角色"),
                "shield",
                "settings:people",
                "role_list",
                order=12,
                purpose=_("谁能看、改、导出哪些记录和字段"),
                allowed=administers,
                many=True,
            ),
            Page(
                "sharing",
                _("共享与上限"),
                "users-group",
                "settings:people",
                "sharing",
                order=13,
                purpose=_("把一类记录按条件开放给部门或个人，限制一次能导出多少"),
                allowed=administers,
            ),
            Page(
                "security",
                _("登录与安全"),
                "lock",
                "settings:people",
                "security",
                order=15,
                purpose=_("密码规则、两步验证、单点登录、登录时限"),
                allowed=administers,
            ),
            Page(
                "simulator",
                _("权限查询"),
                "help-circle",
                "settings:people",
                "simulator",
                order=14,
                purpose=_("以某位员工的身份看：能看到什么，为什么"),
                allowed=administers,
            ),
        )
        emergencies = Page(
            "emergency",
            _("应急访问"),
            "alert-triangle",
            "settings:people",
            "emergency",
            order=16,
            purpose=_("系统管理员说明原因后查看业务数据两小时，以及历次应急访问"),
            allowed=may_audit,
        )
        links = (
            UserLink(_("个人设置"), "settings", "preferences", order=10),
            UserLink(_("修改密码"), "lock", "account_change_password", order=11),
            UserLink(_("两步验证"), "shield", "mfa_index", order=12),
            UserLink(_("登录设备"), "device-desktop", "sessions", order=13),
        )
        configuration.register()
        for page in (*pages, emergencies):
            register_page(page)
        for link in links:
            register_user_link(link)
