"""The configuration on the command line: out, compared, rehearsed, in."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from django.utils.encoding import force_str

from kemai.project.cli.root import about, say

SIGNS = {"add": "+", "change": "~", "remove": "-"}


@click.group("config", help=about("config"))
def config_command() -> None:
    return None


@config_command.command(
    "export", help=say("写出全部配置（默认写到屏幕）", "Write the whole configuration (to the screen)")
)
@click.argument(
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    required=False,
    help=say("写入的文件，不给则输出", "File to write; printed when left out"),
)
def export(file: Path | None) -> None:
    from kemai.platform.define import config

    text = config.export()
    if file is None:
        click.echo(text, nl=False)
        return
    file.write_text(text, encoding="utf-8")
    click.echo(say(f"已写入 {file}", f"Written to {file}"))


@config_command.command("diff", help=say("比较文件和正在运行的配置", "Compare a file with what runs"))
@click.argument(
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=say("配置文件", "Configuration file"),
)
@click.option("--remove", is_flag=True, help=say("也列出文件里没有的", "List what the file lacks, too"))
def diff(file: Path, remove: bool) -> None:
    steps = read_steps(file, remove=remove)
    sys.exit(1 if steps else 0)


@config_command.command("import", help=say("导入配置文件", "Import a configuration file"))
@click.argument(
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=say("配置文件", "Configuration file"),
)
@click.option("--rehearse", is_flag=True, help=say("只预演，不修改", "Rehearse only, change nothing"))
@click.option("--remove", is_flag=True, help=say("删除文件里没有的", "Remove what the file lacks"))
def import_(file: Path, rehearse: bool, remove: bool) -> None:
    from kemai.platform.access import SYSTEM
    from kemai.platform.define import config
    from kemai.platform.records import Refused

    steps = read_steps(file, remove=remove)
    if rehearse or not steps:
        sys.exit(1 if any(step.problem for step in steps) else 0)  # type: ignore[attr-defined]
    states, as_of = config.load(file.read_text("utf-8-sig"))
    try:
        outcome = config.import_file(states, as_of, by=SYSTEM, remove=remove)
    except Refused as refused:
        raise click.ClickException(refused.message) from refused
    n = len(outcome.steps)
    click.echo(say(f"已导入 {n} 处修改", f"{n} changes imported"))


def read_steps(file: Path, *, remove: bool) -> list[object]:
    """The steps, told line by line."""
    from kemai.platform.access import SYSTEM
    from kemai.platform.define import config

    try:
        states, as_of = config.load(file.read_text("utf-8-sig"))
    except config.BadFile as bad:
        raise click.ClickException(bad.message) from bad
    steps = config.rehearse(states, as_of, by=SYSTEM, remove=remove)
    for step in steps:
        click.echo(f"{SIGNS[step.action]} {step.part.key}/{step.place}  {force_str(step.name)}")
        for key, old, new in step.lines if step.action == "change" else ():
            click.echo(f"    {key}: {old!r} → {new!r}")
        for note in (step.problem, step.conflict):
            if note:
                click.echo(f"    ! {note}")
    if not steps:
        click.echo(say("没有不同", "No differences"))
    return list(steps)
