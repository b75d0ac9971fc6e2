from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CollabConfig(AppConfig):
    name = "kemai.collab"
    label = "collab"

    def ready(self) -> None:
        from kemai.collab.services import composing, heading, notices, talking
        from kemai.platform.access import Actor
        from kemai.platform.objects import Panel, add_panel_everywhere, add_source_everywhere
        from kemai.platform.ui.nav import (
            Notices,
            Page,
            UserLink,
            register_notices,
            register_page,
            register_user_link,
        )

        def unread(actor: Actor) -> int:
            return notices.unread(actor.user_id or 0)

        register_notices(Notices("notices_drawer", "notices_unread", "notices", unread))

        def administers(actor: Actor) -> bool:
            return actor.is_admin

        register_page(
            Page(
                "calendar",
                _("日历"),
                "calendar-event",
                "work",
                "calendar",
                order=25,
                words=_("日程 生日 节日"),
            )
        )
        register_page(
            Page(
                "collab",
                _("协作与邮件"),
                "mail",
                "settings:system",
                "collab_settings",
                order=30,
                purpose=_("发信服务器、通知邮件和日历订阅"),
                allowed=administers,
            )
        )
        register_user_link(UserLink(_("通知方式"), "bell", "notice_settings", order=14))
        add_panel_everywhere(Panel("follow", _("关注"), "collab/heading.html", heading.panel, place="head"))
        add_panel_everywhere(
            Panel("comment", _("评论"), "collab/composer.html", composing.panel, place="composer")
        )
        add_source_everywhere(talking.COMMENTS)
