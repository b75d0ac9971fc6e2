"""The database and the health of an installation."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import click
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from kemai.project import environment as env
from kemai.project.cli.columns import check as check_fits
from kemai.project.cli.columns import check_columns, ready
from kemai.project.cli.outside import (
    check_certificate,
    check_forward,
    check_lines,
    check_scanner,
    check_stolen,
)
from kemai.project.cli.root import about, say

LOW_DISK = 2 * 1024**3


def pending_migrations() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def prepare() -> None:
    """Brings the database up to date; what is there already costs a look."""
    check_fits()  # migrations write
    if pending_migrations():
        click.echo(say("正在准备数据库…", "Preparing the database…"))
        call_command("migrate", verbosity=0, interactive=False)
    from kemai.project.defaults import ensure_defaults

    ready()
    ensure_defaults()


@click.command("migrate", help=about("migrate"))
def migrate_command() -> None:
    prepare()
    click.echo(say("数据库已是最新", "The database is up to date"))


Check = Callable[[], tuple[bool, str, str]]
"""Whether all is well, what was found, and what to do if not."""


def check_sqlite() -> tuple[bool, str, str]:
    found = sqlite3.sqlite_version
    ok = connection.vendor != "sqlite" or sqlite3.sqlite_version_info >= (3, 51, 3)
    name = "PostgreSQL" if connection.vendor == "postgresql" else f"SQLite {found}"
    return (
        ok,
        say(f"数据库：{name}", f"Database: {name}"),
        say("请运行 ./run 重新安装依赖", "Run ./run to reinstall"),
    )


def check_migrations() -> tuple[bool, str, str]:
    count = pending_migrations()
    return count == 0, say(f"待升级步骤：{count}", f"Pending migrations: {count}"), "kemai migrate"


def check_disk() -> tuple[bool, str, str]:
    free = shutil.disk_usage(settings.DATA_DIR).free
    text = f"{free / 1024**3:.1f} GB"
    return (
        free > LOW_DISK,
        say(f"数据盘剩余 {text}（{settings.DATA_DIR}）", f"Free disk {text} ({settings.DATA_DIR})"),
        say("请清理磁盘或更换数据目录", "Free some space or move the data folder"),
    )


def check_worker() -> tuple[bool, str, str]:
    from kemai.platform.models import Job

    late = Job.objects.filter(state="waiting", run_at__lt=timezone.now() - timedelta(minutes=10)).count()
    return (
        late == 0,
        say(f"等待超过 10 分钟的任务：{late}", f"Jobs waiting for over 10 minutes: {late}"),
        say("请启动后台任务：kemai worker", "Start a worker: kemai worker"),
    )


def check_outbox() -> tuple[bool, str, str]:
    from kemai.platform.models import OutboxEvent

    old = OutboxEvent.objects.filter(
        done_at=None, created_at__lt=timezone.now() - timedelta(minutes=10)
    ).count()
    return (
        old == 0,
        say(f"未处理超过 10 分钟的事件：{old}", f"Events undelivered for over 10 minutes: {old}"),
        say("请查看后台任务日志", "Look at the worker's log"),
    )


def check_assets() -> tuple[bool, str, str]:
    built = Path(settings.BASE_DIR, "platform", "ui", "static", "dist", "app.css").exists()
    return built, say("页面资源", "Page assets"), say("请运行 ./run 重新构建", "Run ./run to build them")


def check_admin() -> tuple[bool, str, str]:
    from kemai.staff.models import User

    count = User.objects.filter(is_active=True, roles__is_admin=True).distinct().count()
    return (
        count > 0,
        say(f"管理员：{count} 人", f"Administrators: {count}"),
        "kemai user create --admin",
    )


def check_backup() -> tuple[bool, str, str]:
    from kemai.platform.backup import keeping

    now = keeping.state()
    last = f"{timezone.localtime(now['last'].started_at):%Y-%m-%d %H:%M}" if now["last"] else "-"
    return (
        now["on"] and not now["stale"] and (now["last"] is None or now["last"].verified != "bad"),
        say(f"最近的备份：{last}", f"Latest backup: {last}"),
        say(
            "请运行 kemai backup，并在“设置 › 备份”中打开每日备份",
            "Run kemai backup; switch on daily backups in the settings",
        ),
    )


def check_backup_key() -> tuple[bool, str, str]:
    sealed = bool(settings.BACKUP_KEY)
    return (
        sealed,
        say(
            "备份加密" if sealed else "备份没有加密",
            "Backups are encrypted" if sealed else "Backups are not encrypted",
        ),
        say(
            "请设置 KEMAI_BACKUP_KEY_FILE（见 docs/operations.md）",
            "Set KEMAI_BACKUP_KEY_FILE (docs/operations.md)",
        ),
    )


def check_durable() -> tuple[bool, str, str]:
    """Whether an acknowledged write is on the disk."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA synchronous")
            safe, found = cursor.fetchone()[0] >= 2, "synchronous"
        else:
            cursor.execute("SELECT current_setting('fsync'), current_setting('synchronous_commit')")
            fsync, commit = cursor.fetchone()
            safe, found = fsync == "on" and commit != "off", f"fsync={fsync}, synchronous_commit={commit}"
    return (
        safe,
        say(
            f"写入落盘：{'是' if safe else '否'}（{found}）",
            f"Writes reach the disk: {'yes' if safe else 'no'} ({found})",
        ),
        say(
            "请在 postgresql.conf 中打开 fsync 和 synchronous_commit",
            "Switch on fsync and synchronous_commit",
        ),
    )


@click.command("doctor", help=about("doctor"))
def doctor_command() -> None:
    bad = 0
    checks: list[Check] = [check_sqlite, check_migrations, check_disk, check_assets]
    checks += [check_stolen] if settings.STOLEN_PASSWORDS else []
    checks += [check_scanner] if settings.CLAMD else []
    checks += [check_forward] if env.log_receiver("KEMAI_LOG_FORWARD") else []
    checks += [check_certificate] if settings.PUBLIC_URL.startswith("https://") else []
    if pending_migrations() == 0:
        checks += [check_durable, check_worker, check_outbox, check_admin, check_backup, check_backup_key]
        checks += [check_lines]
        checks += [check_columns]
    for check in checks:
        ok, found, advice = check()
        bad += not ok
        click.echo(f"{'✓' if ok else '✗'} {found}" + ("" if ok else f"  →  {advice}"))
    sys.exit(1 if bad else 0)
