"""A new database is made at once, an old one walks through its migrations: both come to the same."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from kemai.project import environment as settings_of

AT_ONCE = "from django.core.management import call_command; call_command('migrate', verbosity=0)"
WALK = (
    "from django.core.management.commands.migrate import Command;"
    "from django.core.management import call_command; call_command(Command(), verbosity=0)"
)
CONTENT = {
    "roles": "SELECT key, name, description, is_admin, builtin FROM platform_role",
    "grants": "SELECT r.key, type_key, verb, scope FROM platform_grant g JOIN platform_role r ON r.id = g.role_id",
    "pipelines": "SELECT key, name, position, active FROM sales_pipeline",
    "stages": "SELECT s.key, p.key, s.name, s.color, s.state, s.position, s.win_rate, s.max_days, s.may_go_back,"
    " s.required, s.checklist, s.tasks, s.next FROM sales_stage s JOIN sales_pipeline p ON p.id = s.pipeline_id",
    "reasons": "SELECT name, position, active FROM sales_lostreason",
    "migrations": "SELECT app, name FROM django_migrations",
}


def made(folder: Path, code: str) -> sqlite3.Connection:
    folder.mkdir()
    begin = "import os; from kemai.project import settings; import django; django.setup();"
    environment = {
        **os.environ, "KEMAI_DATA": str(folder), "KEMAI_DATABASE_URL": "",
        "DJANGO_SETTINGS_MODULE": "kemai.project.settings",
    }  # fmt: skip
    subprocess.run([sys.executable, "-c", begin + code], env=environment, check=True, timeout=300)
    return sqlite3.connect(folder / "kemai.sqlite3")


FILLED = re.compile(r" DEFAULT (?:'(?:[^']|'')*'|[\w.+-]+)")
"""A column that came later keeps the value that it brought for the rows of then (docs/adr/067)."""


def shapes(database: sqlite3.Connection) -> dict[tuple[str, str], object]:
    """Tables by their columns and conditions in any order; indexes and triggers as they are written."""
    found: dict[tuple[str, str], object] = {}
    for kind, name, text in database.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
    ):
        inside = FILLED.sub("", text[text.index("(") + 1 : text.rindex(")")]) if kind == "table" else ""
        pieces = sorted(one.strip() for one in re.split(r",(?![^()]*\))", inside))
        found[kind, name] = pieces if kind == "table" else text
    return found


def test_a_new_database_is_what_an_old_one_becomes(tmp_path: Path, on_postgres: bool) -> None:
    if on_postgres:
        pytest.skip("the shapes are compared on SQLite")
    new, old = made(tmp_path / "new", AT_ONCE), made(tmp_path / "old", WALK)
    assert shapes(new) == shapes(old)
    for name, question in CONTENT.items():
        assert set(new.execute(question)) == set(old.execute(question)), name
        assert list(new.execute(question)), name
    new.close()
    old.close()


def test_the_secret_is_made_once_and_an_empty_one_is_not_taken(tmp_path: Path) -> None:
    made = settings_of.secret(tmp_path, "KEMAI_NO_SUCH_SECRET")
    assert len(made) > 60
    assert settings_of.secret(tmp_path, "KEMAI_NO_SUCH_SECRET") == made
    assert [(path.name, path.stat().st_mode & 0o777) for path in tmp_path.iterdir()] == [
        ("secret.key", 0o600)
    ]
    (tmp_path / "secret.key").write_text("")
    with pytest.raises(settings_of.BadSetting, match="backup"):
        settings_of.secret(tmp_path, "KEMAI_NO_SUCH_SECRET")
