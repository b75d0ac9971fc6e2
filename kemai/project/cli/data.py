"""Data in and out, and analyses, from the command line; the same services as the pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import orjson
from django.contrib.auth import get_user_model

from kemai.platform import query
from kemai.platform.access import SYSTEM, Actor, Denied, actor_for
from kemai.platform.objects import UnknownObject, all_types, get
from kemai.platform.records import FieldErrors, Refused
from kemai.project.cli.root import about, say


def acting(username: str, source: str) -> Actor:
    """Whose rights apply: a member of staff's, or the system's where none is named (whoever may run commands on the
    server holds the database anyway)."""
    if not username:
        return SYSTEM.through(source)
    user = get_user_model().objects.select_related("department").filter(username=username).first()
    if user is None:
        raise click.ClickException(say(f"没有账号 {username}", f"There is no account {username}"))
    return actor_for(user, source=source)


def known_type(key: str) -> str:
    try:
        return get(key).key
    except UnknownObject:
        keys = ", ".join(one.key for one in all_types())
        text = say(f"没有对象 {key}，可用：{keys}", f"No object {key}; there are: {keys}")
        raise click.ClickException(text) from None


def show_progress(message: str, done: int, total: int | None) -> None:
    figure = f"{done:,}/{total:,}" if total else f"{done:,}"
    click.echo(f"\r{message} {figure}   ", nl=False, err=True)


@click.command("analyse", help=about("analyse"))
@click.argument(
    "analysis",
    default="nightly",
    help=say("分析的名称，不给则全部", "The analysis; all of them when left out"),
)
@click.option("--full", is_flag=True, help=say("重新读取全部数据", "Read all data anew"))
@click.option("--params", default="{}", help=say("参数（JSON）", "Parameters (JSON)"))
def analyse_command(analysis: str, full: bool, params: str) -> None:
    from kemai.analytics.registry import all_analyses
    from kemai.analytics.run import run

    if analysis != "nightly" and analysis not in all_analyses():
        names = ", ".join(["nightly", *all_analyses()])
        raise click.ClickException(
            say(f"没有分析 {analysis}，可用：{names}", f"No {analysis}; there are: {names}")
        )
    try:
        given = orjson.loads(params)
    except orjson.JSONDecodeError as error:
        raise click.ClickException(say("参数不是有效的 JSON", "The parameters are not JSON")) from error
    row = run(analysis, given, by=SYSTEM.through("analysis"), full=full, report=show_progress)
    click.echo("", err=True)
    read, written = f"{row.rows_read:,}", f"{row.rows_written:,}"
    click.echo(say(f"读取 {read} 行，写回 {written} 行", f"Read {read}, wrote {written} rows"))


@click.command("export", help=about("export"))
@click.argument(
    "type_key", metavar="OBJECT", help=say("对象，如 customer、order", "Object, e.g. customer, order")
)
@click.argument(
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help=say("写入的文件：.csv 或 .xlsx", "File to write: .csv or .xlsx"),
)
@click.option("--where", default="", help=say("条件树（JSON）", "Condition tree (JSON)"))
@click.option("--as", "username", default="", help=say("以谁的权限", "With whose rights"))
def export_command(type_key: str, path: Path, where: str, username: str) -> None:
    import shutil

    from kemai.platform.exports import Order, write

    actor = acting(username, "export")
    try:
        tree: Any = orjson.loads(where) if where else None
        order = Order(known_type(type_key), where=tree, format="xlsx" if path.suffix == ".xlsx" else "csv")
        stored = write(actor, order, progress=lambda done, total: show_progress("", done, total))
    except orjson.JSONDecodeError as error:
        raise click.ClickException(say("条件不是有效的 JSON", "The condition is not JSON")) from error
    except (Denied, Refused, query.QueryError) as error:
        raise click.ClickException(error.message) from error
    shutil.copyfile(stored.path, path)
    click.echo("", err=True)
    click.echo(say(f"已导出 {stored.rows:,} 条到 {path}", f"Exported {stored.rows:,} records to {path}"))


@click.command("import", help=about("import"))
@click.argument(
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=say("要导入的文件：.csv、.xlsx 或 .zip", "File to import: .csv, .xlsx or .zip"),
)
@click.option("--to", "type_key", default="customer", show_default=True, help=say("对象", "Object"))
@click.option("--shape", default="", help=say("格式：till 为收银明细", "Shape: till for till rows"))
@click.option("--match", default="", help=say("匹配字段，逗号分隔", "Match fields, comma-separated"))
@click.option(
    "--rehearse", "rehearse_only", is_flag=True, help=say("只预演，不写入", "Rehearse, write nothing")
)
@click.option("--as", "username", default="", help=say("以谁的权限", "With whose rights"))
def import_command(
    path: Path, type_key: str, shape: str, match: str, rehearse_only: bool, username: str
) -> None:
    from dataclasses import replace

    from kemai.platform import imports

    actor = acting(username, "import")
    try:
        run = imports.upload(path, path.name, known_type(type_key), shape, by=actor)
        if run.state == "failed":
            raise click.ClickException(str(run.source.get("error", "")))
        guessed = imports.suggestion(run, by=actor)
        options = guessed.options
        if match:
            options = replace(options, match=tuple(key for key in match.split(",") if key))
        imports.configure(run, guessed.columns, options, by=actor)
        report = imports.rehearse(run, rows_progress) if rehearse_only else None
        counts = report["counts"] if report is not None else imports.execute(run, rows_progress).counts
    except (Denied, Refused) as error:
        raise click.ClickException(str(error)) from error
    except FieldErrors as error:
        raise click.ClickException("; ".join(error.errors.values())) from error
    click.echo("", err=True)
    click.echo(orjson.dumps(counts, option=orjson.OPT_INDENT_2, default=str).decode())


def rows_progress(done: int, total: int, *_more: object) -> None:
    show_progress(say("行", "rows"), done, total)
