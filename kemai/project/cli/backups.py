"""Backup, restore and the rehearsal of an upgrade."""

from __future__ import annotations

import getpass
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kemai.project import environment as env
from kemai.project.cli.root import about, say, set_up

if TYPE_CHECKING:
    from kemai.platform.backup.archive import Manifest
    from kemai.platform.backup.cipher import BadArchive

WRONG = {
    "none": ("这不是客脉的备份文件", "This is no backup of Kemai"),
    "version": ("这份备份由更新的版本制作，请先升级客脉", "A newer Kemai made this backup; upgrade first"),
    "damaged": ("备份文件已损坏或不完整", "The backup is damaged or cut off"),
    "key": ("密码或密钥不对（或文件开头已损坏）", "The key is wrong (or the file's beginning is damaged)"),
    "no_key": (
        "这份备份已加密：请给出 --key-file，或设置 KEMAI_BACKUP_KEY",
        "This backup is encrypted: give --key-file or set KEMAI_BACKUP_KEY",
    ),
    "vendor": (
        "备份的数据库种类与目标不同，请用同一种数据库（KEMAI_DATABASE_URL）",
        "The backup is of another kind of database; restore it into the same kind (KEMAI_DATABASE_URL)",
    ),
    "database": ("备份里的数据库有错误", "The database in the backup is faulty"),
    "counts": ("备份里的行数与清单不符", "The rows in the backup differ from its list"),
}


def wrong(code: str, detail: str = "") -> click.ClickException:
    text = say(*WRONG[code])
    return click.ClickException(f"{text} [{detail}]" if detail and detail != code else text)


def bad(error: BadArchive) -> click.ClickException:
    return wrong(error.code, str(error))


def counter(label: str) -> Callable[[int], None]:
    """Shows megabytes on a terminal, and nothing in a log."""
    last = [0.0]

    def told(done: int) -> None:
        if sys.stderr.isatty() and time.monotonic() - last[0] > 0.3:
            last[0] = time.monotonic()
            click.echo(f"\r{label} {done / 1e6:,.0f} MB ", nl=False, err=True)

    return told


def key_of(key_file: Path | None) -> str:
    """The key: of the file, else of the environment; '' if there is none."""
    if key_file is not None:
        return key_file.read_text(encoding="utf-8").strip()
    return env.text("KEMAI_BACKUP_KEY")


KEY_FILE = click.option(
    "--key-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=say("密钥文件（否则用 KEMAI_BACKUP_KEY）", "File with the key (else KEMAI_BACKUP_KEY)"),
)


@click.group("backup", invoke_without_command=True, help=about("backup"))
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    help=say("放到这个目录", "Put it into this folder"),
)
@click.pass_context
def backup_command(ctx: click.Context, into: Path | None) -> None:
    if ctx.invoked_subcommand is not None:
        return
    from django.conf import settings

    from kemai.platform.backup import keeping
    from kemai.platform.backup.making import Failed, make

    if not settings.BACKUP_KEY:
        click.echo(
            say(
                "! 没有设置 KEMAI_BACKUP_KEY，备份不加密",
                "! KEMAI_BACKUP_KEY is not set: the backup is not encrypted",
            ),
            err=True,
        )
    began = time.monotonic()
    try:
        run = make(folder=into, told=counter(say("备份", "Backup")))
    except Failed as failed:
        raise click.ClickException(str(failed)) from failed
    if into is None:
        keeping.remove_old()
    place = (into or Path(settings.BACKUP_ROOT)) / run.name
    size, seconds = f"{run.size / 1e6:,.1f} MB", f"{time.monotonic() - began:.1f}"
    click.echo(
        say(
            f"✓ {place}（{size}，{run.rows:,} 行，{run.files:,} 个文件，{seconds} 秒）",
            f"✓ {place} ({size}, {run.rows:,} rows, {run.files:,} files, {seconds} s)",
        )
    )


@backup_command.command("verify", help=say("检查一份备份能否恢复", "Check that a backup can be restored"))
@click.argument(
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=say("备份文件（.kbak）", "Backup file (.kbak)"),
)
@KEY_FILE
def verify_backup(file: Path, key_file: Path | None) -> None:
    from kemai.platform.backup.verifying import verify

    verdict = verify(file, key_of(key_file), told=counter(say("校验", "Verifying")))
    if not verdict.ok:
        raise wrong(verdict.code, verdict.detail)
    rows, files = f"{verdict.rows:,}", f"{verdict.files:,}"
    click.echo(say(f"✓ 完好：{rows} 行，{files} 个文件", f"✓ Whole: {rows} rows, {files} files"))


@backup_command.command("list", help=say("列出备份", "List the backups"))
def list_backups() -> None:
    from django.utils import timezone

    from kemai.platform.backup import keeping
    from kemai.platform.models import BackupRun

    for run in BackupRun.objects.filter(state="done", removed=False).order_by("-started_at"):
        at = timezone.localtime(run.started_at).strftime("%Y-%m-%d %H:%M")
        place = keeping.place(run)
        lies = str(place)
        if not place.exists():
            lies = say(
                f"{run.name}（不在 {place.parent} 里：用 --into 放到了别处，或已移走）",
                f"{run.name} (not in {place.parent}: put elsewhere with --into, or moved)",
            )
        click.echo(f"{at}\t{run.size / 1e6:,.1f} MB\t{run.verified or '-'}\t{lies}")


@click.command("restore", help=about("restore"))
@click.argument(
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=say("备份文件（.kbak）", "Backup file (.kbak)"),
)
@click.option(
    "--into", required=True, type=click.Path(file_okay=False, path_type=Path),
    help=say("空的数据目录", "An empty data folder"),
)  # fmt: skip
@click.option(
    "--database",
    default="",
    help=say("空的 PostgreSQL 数据库的地址", "Address of an empty PostgreSQL database"),
)
@click.option(
    "--erased", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=say("被依法删除者的名册（erased.jsonl）", "Ledger of erased people (erased.jsonl)"),
)  # fmt: skip
@KEY_FILE
def restore_command(
    file: Path, into: Path, database: str, erased: tuple[Path, ...], key_file: Path | None
) -> None:
    from kemai.platform.backup import restoring
    from kemai.platform.backup.cipher import BadArchive

    into = into.resolve()
    began = time.monotonic()
    try:
        manifest = restoring.unpacked(
            file, asked_key(file, key_file), into, counter(say("恢复", "Restoring"))
        )
    except BadArchive as error:
        raise bad(error) from error
    except restoring.NotEmpty as place:
        raise click.ClickException(
            say(f"{place} 不是空的：请另选一个空目录", f"{place} is not empty: choose an empty folder")
        ) from place
    os.environ["KEMAI_DATA"] = str(into)
    os.environ["KEMAI_DATABASE_URL"] = database
    for name in ("KEMAI_SECRET_KEY", "KEMAI_SECRET_KEY_FILE", "KEMAI_FILES", "KEMAI_AUDIT"):
        os.environ.pop(name, None)  # those of the archive count
    set_up("restore")
    ledgers = (into / "erased.jsonl", file.parent / "erased.jsonl", *erased)
    report = finish(manifest, into, ledgers)
    tell(report, time.monotonic() - began, into)
    sys.exit(0 if not report.differs else 1)


def asked_key(file: Path, key_file: Path | None) -> str:
    """The key, asked for at a terminal where it is needed and nobody gave it."""
    from kemai.platform.backup import archive
    from kemai.platform.backup.cipher import BadArchive

    secret = key_of(key_file)
    try:
        sealed = archive.about(file).get("cipher")
    except BadArchive as error:
        raise bad(error) from error
    if sealed and not secret and sys.stdin.isatty():
        return getpass.getpass(say("备份的密码：", "Key of the backup: "))
    return secret


def finish(manifest: Manifest, into: Path, ledgers: tuple[Path, ...]) -> Any:
    """With the product on the new place: fill the database, compare, bring it up to date, do again what must be."""
    from django.db import connection

    from kemai.platform.backup import ledger, replay, restoring, snapshot
    from kemai.platform.backup.cipher import BadArchive
    from kemai.project.cli.columns import check
    from kemai.project.cli.upkeep import prepare

    report = restoring.Report(manifest)
    try:
        restoring.check_vendor(manifest)
        if manifest.vendor == "postgresql":
            restoring.load_dump(into)
    except BadArchive as error:
        restoring.take_away(into)
        raise bad(error) from error
    except restoring.OtherKey as error:
        restoring.take_away(into)
        raise click.ClickException(str(error)) from error
    except (restoring.NotEmpty, snapshot.NoTool) as error:
        restoring.take_away(into)
        text = say(f"数据库没有恢复：{error}", f"The database was not restored: {error}")
        raise click.ClickException(text) from error
    report.differs = restoring.compared(manifest)
    try:
        check()  # what was erased is erased again below: not in documents that cannot be read
    except click.ClickException:
        connection.close()
        restoring.take_away(into)
        raise
    prepare()
    entries = ledger.read(*ledgers)
    report.done = replay.run(entries)
    if entries:
        for entry in entries:
            ledger.note(str(entry.pop("kind")), entry)
    (into / "erased.jsonl").unlink(missing_ok=True)
    return report


def tell(report: Any, seconds: float, into: Path) -> None:
    rows = f"{sum(report.manifest.tables.values()):,}"
    tables = len(report.manifest.tables)
    click.echo(
        say(
            f"✓ 已恢复 {report.manifest.at[:19]} 的备份：{tables} 张表 {rows} 行，用时 {seconds:.1f} 秒",
            f"✓ Restored the backup of {report.manifest.at[:19]}: {tables} tables, {rows} rows, {seconds:.1f} s",
        )
    )
    for name, then, now in report.differs:
        click.echo(
            say(f"✗ {name}：备份时 {then} 行，现在 {now} 行", f"✗ {name}: {then} rows then, {now} now")
        )
    again = report.done.get("erased_again", 0)
    if again:
        click.echo(
            say(
                f"  重新删除了 {again} 位已被依法删除的人",
                f"  {again} people who had been erased were erased again",
            )
        )
    click.echo(say(f"  启动：KEMAI_DATA={into} kemai serve", f"  Start: KEMAI_DATA={into} kemai serve"))


@click.command("upgrade", help=about("upgrade"))
@click.option("--rehearse", is_flag=True, help=say("只在副本上预演", "Only rehearse on a copy"))
@click.option("--no-backup", is_flag=True, help=say("升级前不备份", "Make no backup before"))
def upgrade_command(rehearse: bool, no_backup: bool) -> None:
    from kemai.project.cli import rehearsal
    from kemai.project.cli.upkeep import pending_migrations, prepare

    pending = pending_migrations()
    click.echo(say(f"待升级步骤：{pending}", f"Pending migrations: {pending}"))
    ok = rehearsal.rehearse()
    if not ok:
        raise click.ClickException(
            say("预演没有通过，数据库没有改动", "The rehearsal failed; nothing was changed")
        )
    if rehearse or not pending:
        return
    if not no_backup:
        subprocess.run([sys.executable, "-m", "kemai.project.cli", "backup"], check=True)
    prepare()
    click.echo(say("✓ 数据库已升级", "✓ The database is upgraded"))
