"""The audit from the command line: is the chain whole, and taking it out."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path
from typing import IO

import click
import orjson

from kemai.project.cli.root import about, say

WORDS = {
    "altered": ("记录被改动过", "the entry was altered"),
    "removed": ("记录被删除", "entries were removed"),
    "chain": (
        "与前一条接不上（被改动或有插入）",
        "does not follow the entry before it (altered or inserted)",
    ),
    "set": ("对应的变更被改动或删除", "its change set was altered or removed"),
    "content": ("变更的明细被改动、删除或增加", "its changes were altered, removed or added to"),
    "unknown": ("变更自称已封存，但链条里没有", "a change set claims an entry that is not there"),
    "file": ("与封存文件不符", "differs from the sealed file"),
}


@click.group("audit", help=about("audit"))
def audit_command() -> None:
    return None


@audit_command.command("verify", help=say("校验审计链", "Verify the audit chain"))
@click.option(
    "--chain-only", is_flag=True, help=say("只校验链条，不比对明细", "The chain alone, without contents")
)
def verify_chain(chain_only: bool) -> None:
    from kemai.platform.audit.verify import verify

    found = verify(contents=not chain_only)
    click.echo(
        say(
            f"{found.entries:,} 条记录（{found.first}–{found.last}），{found.changes:,} 条修改，"
            f"{found.files} 个封存文件，{found.waiting} 条等待封存，{found.redacted} 条依法清除内容",
            f"{found.entries:,} entries ({found.first}–{found.last}), {found.changes:,} changes, "
            f"{found.files} sealed files, {found.waiting} waiting, {found.redacted} erased by law",
        )
    )
    for fault in found.faults:
        zh, en = WORDS[fault.what]
        of = f" (change set {fault.changeset})" if fault.changeset else ""
        click.echo(f"✗ #{fault.seq}{of}: {say(zh, en)} {fault.detail}".rstrip())
    if found.ok:
        click.echo(say("✓ 审计链完整", "✓ The audit chain is whole"))
    sys.exit(0 if found.ok else 1)


@audit_command.command(
    "seal", help=say("封存等待的记录并写出每日文件", "Seal what waits and write the daily files")
)
def seal_now() -> None:
    from kemai.platform.audit.seal import seal_all
    from kemai.platform.audit.sealfile import files

    count = seal_all()
    click.echo(say(f"已封存 {count} 条，{len(files())} 个文件", f"Sealed {count}, {len(files())} files"))


@audit_command.command("export", help=say("导出审计记录（JSON 行）", "Export entries as lines of JSON"))
@click.option("--from", "first", type=click.DateTime(["%Y-%m-%d"]), help=say("从这一天", "From this day"))
@click.option(
    "--to", "last", type=click.DateTime(["%Y-%m-%d"]), help=say("到这一天（含）", "To this day, included")
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help=say("文件，不给则输出", "File; else printed"),
)
def export_entries(first: datetime | None, last: datetime | None, out: Path | None) -> None:
    from kemai.platform.access import SYSTEM
    from kemai.platform.audit import open_set
    from kemai.platform.audit.seal import seal_all

    seal_all()
    told = f"{first.date() if first else ''}–{last.date() if last else ''}"
    if out is None:
        count = write(sys.stdout.buffer, first, last)
    else:
        with out.open("wb") as file:
            count = write(file, first, last)
        click.echo(say(f"已导出 {count} 条到 {out}", f"Exported {count} entries to {out}"))
    open_set("export", "audit", by=SYSTEM, reason=told, count=count)


@audit_command.command("trace", help=say("这个文件是谁导出的", "Whose export is this file"))
@click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help=say("流出的文件", "The leaked file")
)  # fmt: skip
def trace_file(file: Path) -> None:
    """By its hash, or by the mark that a workbook carries with it."""
    from kemai.platform.exports import trace

    found = list(trace(file))
    for one in found:
        click.echo(
            f"#{one.pk}\t{one.at.isoformat()}\t{one.actor_name}\t{one.address}\t{one.via}\t{one.count}\t{one.reason}"
        )
    if not found:
        raise click.ClickException(
            say("不是这里导出的文件，或已被改动", "Not exported here, or changed since")
        )


def write(file: IO[bytes], first: datetime | None, last: datetime | None) -> int:
    from datetime import time, timedelta

    from django.utils import timezone

    from kemai.platform.audit.chain import bare
    from kemai.platform.models import AuditEntry

    def begin(day: date) -> datetime:
        return datetime.combine(day, time.min, timezone.get_default_timezone())

    rows = AuditEntry.objects.order_by("seq")
    if first is not None:
        rows = rows.filter(at__gte=begin(first.date()))
    if last is not None:
        rows = rows.filter(at__lt=begin(last.date() + timedelta(days=1)))
    count = 0
    for entry in rows.iterator(chunk_size=2000):
        file.write(orjson.dumps(bare(entry)) + b"\n")
        count += 1
    return count
