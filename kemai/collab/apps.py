from django.apps import AppConfig


class CollabConfig(AppConfig):
    name = "kemai.collab"
    label = "collab"
