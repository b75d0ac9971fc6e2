from django.apps import AppConfig


class CollabConfig(AppConfig):
    name = "kemai.collab"
    label = "collab"

    def ready(self) -> None:
        from kemai.collab.services import notices
        from kemai.platform.access import Actor
        from kemai.platform.ui.nav import Notices, register_notices

        def unread(actor: Actor) -> int:
            return notices.unread(actor.user_id or 0)

        register_notices(Notices("notices_drawer", "notices_unread", "notices", unread))
