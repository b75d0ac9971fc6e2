from django.apps import AppConfig


class PlatformConfig(AppConfig):
    name = "kemai.platform"
    label = "platform"

    def ready(self) -> None:
        from kemai.platform.objects.registry import discover

        discover()
        from kemai.platform import reports  # noqa: F401 - says which reports name a field, and which are configuration
