"""Data in and out, and analyses, from the command line; the same services as the pages."""

from __future__ import annotations

import shutil
import zipfile
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson
from django.contrib.auth import get_user_model

from kemai.kit.tabular import profile, rows
from kemai.platform import query
from kemai.platform.access import SYSTEM, Actor, Denied, actor_for
from kemai.platform.objects import UnknownObject, all_types, get
from kemai.platform.records import FieldErrors, Refused, location
from kemai.project.cli.root import about, say

if TYPE_CHECKING:
    from kemai.platform.models import ImportRun

SHOWN_REASONS = 10


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
@click.option(
    "--columns",
    default="",
    help=say(
        "字段，逗号分隔；all 为全部；不给则为列表的各列",
        "Fields, comma-separated; all of them by all; else the list's",
    ),
)
@click.option("--as", "username", default="", help=say("以谁的权限", "With whose rights"))
def export_command(type_key: str, path: Path, where: str, columns: str, username: str) -> None:
    from kemai.platform.exports import Order, write

    actor = acting(username, "export")
    try:
        tree: Any = orjson.loads(where) if where else None
        order = Order(
            known_type(type_key),
            columns=columns_of(type_key, columns),
            where=tree,
            format="xlsx" if path.suffix == ".xlsx" else "csv",
        )
        stored = write(actor, order, progress=lambda done, total: show_progress("", done, total))
    except orjson.JSONDecodeError as error:
        raise click.ClickException(say("条件不是有效的 JSON", "The condition is not JSON")) from error
    except (Denied, Refused, query.QueryError) as error:
        raise click.ClickException(error.message) from error
    shutil.copyfile(stored.path, path)
    click.echo("", err=True)
    click.echo(say(f"已导出 {stored.rows:,} 条到 {path}", f"Exported {stored.rows:,} records to {path}"))


def columns_of(type_key: str, wanted: str) -> tuple[str, ...]:
    fields = get(type_key).fields
    if wanted == "all":
        return tuple(fields)
    keys = tuple(key.strip() for key in wanted.split(",") if key.strip())
    unknown = [key for key in keys if key not in fields]
    if unknown:
        names = ", ".join(fields)
        text = say(f"没有字段 {unknown[0]}，可用：{names}", f"No field {unknown[0]}; there are: {names}")
        raise click.ClickException(text)
    return keys


@click.command("import", help=about("import"))
@click.argument(
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=say("要导入的文件：.csv 或 .xlsx", "File to import: .csv or .xlsx"),
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
    from kemai.platform.imports.messages import explain_code

    actor = acting(username, "import")
    try:
        run = imports.upload(path, path.name, known_type(type_key), shape, by=actor)
        if run.state == "failed":
            raise click.ClickException(explain_code(run.source["error"], run.source.get("params", {})))
        guessed = imports.suggestion(run, by=actor)
        options = guessed.options
        if match:
            options = replace(options, match=tuple(key for key in match.split(",") if key))
        imports.configure(run, guessed.columns, options, by=actor)
        if rehearse_only:
            imports.rehearse(run, rows_progress)
        else:
            run = imports.execute(run, rows_progress)
    except (Denied, Refused) as error:
        raise click.ClickException(str(error)) from error
    except FieldErrors as error:
        raise click.ClickException("; ".join(error.errors.values())) from error
    click.echo("", err=True)
    show_result(run, path)


def show_result(run: ImportRun, path: Path) -> None:
    """What became of the columns and the rows, and where those that were refused lie with their reasons."""
    taken = {column["column"] for column in run.mapping["columns"]}
    left = [name for index, name in enumerate(run.source["header"]) if index not in taken]
    if left:
        names = say("、", ", ").join(left)
        click.echo(say(f"没有导入的列：{names}", f"Columns left out: {names}"))
    counts = run.rehearsal["counts"] if run.state == "rehearsed" else run.counts
    figures = {
        name: f"{int(counts.get(name, 0)):,}" for name in ("rows", "create", "update", "skip", "refuse")
    }
    sentence = say(
        "共 {rows} 行：新建 {create}，更新 {update}，跳过 {skip}，拒绝 {refuse}",
        "{rows} rows: {create} new, {update} updated, {skip} skipped, {refuse} refused",
    )
    click.echo(sentence.format(**figures))
    if run.error_file is not None:
        show_refused(location(run.error_file), path)


def show_refused(errors: Path, path: Path) -> None:
    """The first reasons; the whole file goes beside the one that was imported, to be mended and imported again."""
    for row in islice(rows(profile(errors)), SHOWN_REASONS):
        if isinstance(row, list):
            click.echo(f"  ✗ {row[-1]}"[:300])
    kind = ".xlsx" if zipfile.is_zipfile(errors) else ".csv"
    target = path.with_name(f"{path.stem}.refused{kind}")
    try:
        shutil.copyfile(errors, target)
    except OSError:
        target = errors
    click.echo(
        say(
            f"被拒绝的行及原因：{target}，改好后可再次导入",
            f"Refused rows and why: {target}; mend and import it again",
        )
    )


def rows_progress(done: int, total: int, *_more: object) -> None:
    show_progress(say("行", "rows"), done, total)
