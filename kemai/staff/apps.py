from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StaffConfig(AppConfig):
    name = "kemai.staff"
    label = "staff"
    verbose_name = _("员工")

    def ready(self) -> None:
        from kemai.platform.access import Actor
        from kemai.platform.ui.nav import Page, UserLink, register_page, register_user_link
        from kemai.staff.services import configuration

        def administers(actor: Actor) -> bool:
            return actor.is_admin

        pages = (
            Page("users", _("员工"), "users", "settings", "user_list", order=10, allowed=administers),
            Page(
                "departments",
                _("部门"),
                "sitemap",
                "settings",
                "department_list",
                order=11,
                allowed=administers,
            ),
            Page("roles", _("角色"), "shield", "settings", "role_list", order=12, allowed=administers),
        )
        links = (
            UserLink(_("个人设置"), "settings", "preferences", order=10),
            UserLink(_("修改密码"), "lock", "account_change_password", order=11),
            UserLink(_("两步验证"), "shield", "mfa_index", order=12),
            UserLink(_("登录设备"), "device-desktop", "sessions", order=13),
        )
        configuration.register()
        for page in pages:
            register_page(page)
        for link in links:
            register_user_link(link)
