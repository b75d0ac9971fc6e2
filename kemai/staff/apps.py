from django.apps import AppConfig


class StaffConfig(AppConfig):
    name = "kemai.staff"
    label = "staff"
