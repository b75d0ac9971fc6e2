"""An upgrade on a copy: migrated, checked, compared and timed, then thrown away."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import click
from django.conf import settings
from django.db import connection

from kemai.platform.backup import snapshot
from kemai.project.cli.root import say

CHECK = (
    "import django, json; django.setup(); from kemai.platform.backup import snapshot; "
    "from django.db import connection as c; "
    "c.check_constraints() if c.vendor == 'sqlite' else None; print(json.dumps(dict(snapshot.counts())))"
)


def rehearse() -> bool:
    """Tells what an upgrade would do and how long it takes. False if it would fail or lose rows."""
    began = time.monotonic()
    try:
        with copied() as (where, before):
            copying = time.monotonic() - began
            click.echo(
                say(
                    f"  副本：{sum(before.values()):,} 行，{copying:.1f} 秒",
                    f"  Copy: {sum(before.values()):,} rows, {copying:.1f} s",
                )
            )
            return upgraded(where, before)
    except snapshot.NoTool as error:
        raise click.ClickException(
            say(f"不能复制数据库：{error}", f"The database cannot be copied: {error}")
        ) from error


def upgraded(where: dict[str, str], before: dict[str, int]) -> bool:
    began = time.monotonic()
    done = on_copy(where, "-m", "kemai.project.cli", "migrate")
    seconds = time.monotonic() - began
    if done.returncode:
        click.echo(done.stderr[-2000:], err=True)
        return False
    click.echo(say(f"  升级：{seconds:.1f} 秒", f"  Upgrade: {seconds:.1f} s"))
    looked = on_copy(where, "-c", f"from kemai.project import settings; {CHECK}")
    if looked.returncode:
        click.echo(looked.stderr[-2000:], err=True)
        return False
    return compare(before, looked.stdout)


def compare(before: dict[str, int], said: str) -> bool:
    """Says which tables are not as they were; fewer rows in a table that stays is a loss."""
    after: dict[str, int] = json.loads(said.strip().splitlines()[-1])
    lost = False
    for name in sorted({*before, *after}):
        then, now = before.get(name), after.get(name)
        if then == now or name == "django_migrations":
            continue
        if then is None:
            click.echo(say(f"  + {name}：新表，{now:,} 行", f"  + {name}: new, {now:,} rows"))
        elif now is None:
            click.echo(
                say(f"  - {name}：不再需要（{then:,} 行）", f"  - {name}: no longer needed ({then:,} rows)")
            )
        else:
            lost = lost or now < then
            click.echo(
                say(
                    f"  {'✗' if now < then else '~'} {name}：{then:,} → {now:,} 行",
                    f"  {'✗' if now < then else '~'} {name}: {then:,} → {now:,} rows",
                )
            )
    click.echo(
        say("✗ 有记录会丢失", "✗ Rows would be lost")
        if lost
        else say("✓ 预演通过：没有记录丢失", "✓ Rehearsed: no rows are lost")
    )
    return not lost


def on_copy(where: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **where, "DJANGO_SETTINGS_MODULE": str(settings.SETTINGS_MODULE)}
    return subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False
    )


@contextmanager
def copied() -> Iterator[tuple[dict[str, str], dict[str, int]]]:
    """A copy of the database in a place of its own: the environment that leads there, and the rows of each table.
    Raises snapshot.NoTool."""
    with tempfile.TemporaryDirectory(prefix="rehearsal-", dir=settings.DATA_DIR) as place:
        taken = snapshot.take(Path(place))
        where = {"KEMAI_DATA": place, "KEMAI_SECRET_KEY": settings.SECRET_KEY, "KEMAI_DATABASE_URL": ""}
        if connection.vendor == "sqlite":
            taken.path.rename(Path(place, "kemai.sqlite3"))
            yield where, taken.tables
            return
        name = f"kemai_rehearsal_{secrets.token_hex(4)}"
        statement(f'CREATE DATABASE "{name}"')
        try:
            snapshot.tool(
                "pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", f"--dbname={name}",
                str(taken.path), database=name,
            )  # fmt: skip
            yield {**where, "KEMAI_DATABASE_URL": url_of(name)}, taken.tables
        finally:
            statement(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def statement(sql: str) -> None:
    """Outside of a transaction, by a connection of its own. Raises snapshot.NoTool."""
    import psycopg

    try:
        with psycopg.connect(url_of(str(connection.settings_dict["NAME"])), autocommit=True) as own:
            own.execute(sql.encode())
    except psycopg.Error as error:
        raise snapshot.NoTool(str(error).strip()[:300]) from error


def url_of(name: str) -> str:
    made = {key: quote(str(connection.settings_dict[key]), safe="/") for key in ("USER", "PASSWORD", "HOST")}
    port = str(connection.settings_dict["PORT"] or 5432)
    user = f"{made['USER']}:{made['PASSWORD']}@" if made["USER"] else ""
    if made["HOST"].startswith("/"):
        return f"postgresql://{user}localhost:{port}/{name}?host={made['HOST']}"
    return f"postgresql://{user}{made['HOST'] or 'localhost'}:{port}/{name}"
