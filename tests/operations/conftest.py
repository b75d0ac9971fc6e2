"""A migrated, empty database of one's own, copied from the test database: making one anew takes a dozen seconds."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker

from tests.e2e.company import environment


@dataclass(frozen=True)
class Place:
    """A data folder with a database that nobody else uses, and the environment of a process that works on it."""

    data: Path
    url: str

    @property
    def environment(self) -> dict[str, str]:
        found = environment(self.data) | {"KEMAI_DATABASE_URL": self.url}
        return found | {"KEMAI_SECRET_KEY": settings.SECRET_KEY}


@pytest.fixture
def place(tmp_path: Path, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Place]:
    with django_db_blocker.unblock():
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute("VACUUM INTO %s", [str(tmp_path / "kemai.sqlite3")])
            connection.close_if_unusable_or_obsolete()
            yield Place(tmp_path, "")
            return
        name, template = f"place_{secrets.token_hex(6)}", str(connection.settings_dict["NAME"])
        connection.close()
        with administrator() as cursor:
            cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield Place(tmp_path, url_of(name))
    finally:
        with administrator() as cursor:
            cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def other_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """An empty folder, and on PostgreSQL an empty database."""
    folder = tmp_path_factory.mktemp("other")
    if connection.vendor == "sqlite":
        yield Place(folder, "")
        return
    name = f"place_{secrets.token_hex(6)}"
    with administrator() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}"')
    try:
        yield Place(folder, url_of(name))
    finally:
        with administrator() as cursor:
            cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def administrator() -> Any:
    import psycopg

    return psycopg.connect(url_of("template1"), autocommit=True)


def owner_of_server() -> tuple[int, int]:
    """User and group that the server's folders belong to (on this machine)."""
    with administrator() as database:
        found = database.execute("SHOW data_directory").fetchone()
    about = Path(found[0]).stat()
    return about.st_uid, about.st_gid


def url_of(name: str) -> str:
    """The address of another database on the same server as the tests'."""
    made = connection.settings_dict
    netloc = f"{made['USER']}:{made['PASSWORD']}@{made['HOST']}:{made['PORT']}"
    return urlunsplit(urlsplit(f"postgresql://{netloc}/{name}"))
