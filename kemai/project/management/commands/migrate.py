"""Django's `migrate`, which makes a new database at once instead of walking through its past.

A walk from the first migration works out the state of all models hundreds of times: 20 seconds of a processor for
tables that are empty. On a database without tables those of today's models are made, each app's `begin` puts in what
every installation begins with, and all migrations count as applied: they are the way of databases that are there
already. tests/operations/test_install.py holds both ways together."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.apps import apps
from django.core.management.commands import migrate
from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.executor import MigrationExecutor

BEGINNING = ("kemai.platform", "kemai.staff", "kemai.sales")
"""In this order: sales gives rights to the roles of staff."""
PARTIAL = ("app_label", "migration_name", "plan", "check_unapplied", "fake", "fake_initial", "prune")


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        connection.prepare_database()
        if not any(options.get(name) for name in PARTIAL) and is_empty(connection):
            install(connection)
        super().handle(*args, **options)


def is_empty(connection: BaseDatabaseWrapper) -> bool:
    with connection.cursor() as cursor:
        return not connection.introspection.table_names(cursor)


def install(connection: BaseDatabaseWrapper) -> None:
    """Makes the tables of all models and puts in what a new database begins with, in one transaction."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    with connection.schema_editor(atomic=True) as editor:
        make_tables(connection, editor)
        for app in BEGINNING:
            import_module(f"{app}.begin").begin(connection)
        for migration, _backwards in plan:
            executor.recorder.record_applied(migration.app_label, migration.name)


def make_tables(connection: BaseDatabaseWrapper, editor: BaseDatabaseSchemaEditor) -> None:
    for app in apps.get_app_configs():
        for model in router.get_migratable_models(app, connection.alias, include_auto_created=False):
            if model._meta.can_migrate(connection):
                editor.create_model(model)
    # what else belongs to the tables, before the first row
    waiting, editor.deferred_sql = editor.deferred_sql, []
    for statement in waiting:
        editor.execute(statement, None)
