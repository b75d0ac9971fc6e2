"""The roles that every installation begins with."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

from kemai.platform.models import Grant, Role
from kemai.staff.builtin import ROLES, grants_of


def begin(connection: BaseDatabaseWrapper) -> None:
    del connection
    for one in ROLES:
        role = Role.objects.create(
            key=one.key, name=one.name, description=one.description, is_admin=one.is_admin, builtin=True
        )
        Grant.objects.bulk_create(
            Grant(role=role, type_key=type_key, verb=verb, scope=scope)
            for type_key, verb, scope in grants_of(one)
        )
