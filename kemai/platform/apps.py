from django.apps import AppConfig


class PlatformConfig(AppConfig):
    name = "kemai.platform"
    label = "platform"

    def ready(self) -> None:
        from kemai.platform.objects.registry import discover

        discover()
