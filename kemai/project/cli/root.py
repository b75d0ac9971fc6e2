"""The root of the commands. Django is set up once, before the first command's own imports."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from kemai.project.cli.words import speak_chinese
from kemai.project.environment import default_data

COMMANDS = {
    "serve": "server",
    "worker": "server",
    "live": "server",
    "demo": "company",
    "real": "company",
    "migrate": "upkeep",
    "doctor": "upkeep",
    "backup": "backups",
    "restore": "backups",
    "upgrade": "backups",
    "user": "people",
    "token": "people",
    "import": "data",
    "export": "data",
    "analyse": "data",
    "audit": "audit",
    "config": "configuration",
    "columns": "columns",
}
HELP = {
    "serve": ("启动网站和后台任务", "Start the web server and the worker"),
    "worker": ("只启动后台任务", "Start a worker only"),
    "live": ("只启动实时更新进程", "Start the live process only"),
    "demo": ("启动演示公司", "Start the demo company"),
    "real": ("导入真实零售数据并启动", "Import real retail records and start"),
    "migrate": ("创建或升级数据库", "Create or upgrade the database"),
    "doctor": ("检查安装并给出建议", "Check the installation and say what to do"),
    "backup": ("备份：数据库、文件、密钥", "Back up the database, the files and the secret"),
    "restore": ("把备份恢复到空的位置", "Restore a backup into an empty place"),
    "upgrade": ("预演并升级数据库", "Rehearse and do an upgrade of the database"),
    "user": ("管理员工账号", "Manage staff accounts"),
    "token": ("管理 API 令牌", "Manage API tokens"),
    "import": ("导入 CSV 或 Excel 文件", "Import a CSV or Excel file"),
    "export": ("导出为 CSV 或 Excel", "Export to CSV or Excel"),
    "analyse": ("运行分析", "Run analyses"),
    "audit": ("校验和导出审计记录", "Verify and export the audit"),
    "config": ("导出、比较、导入配置", "Export, compare and import the configuration"),
    "columns": ("管理字段加密的密钥", "Manage the key of encrypted fields"),
}


def chinese() -> bool:
    """Chinese unless the terminal's language says otherwise; KEMAI_LANG decides where it is set."""
    chosen = os.environ.get("KEMAI_LANG") or os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    return not chosen.lower().startswith("en")


def say(zh: str, en: str) -> str:
    """One sentence in the language of the terminal. (The command line speaks before Django's catalogues are read.)"""
    return zh if chinese() else en


class Commands(click.Group):
    """Finds a command's module when it is used: `kemai --help` needs no Django."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        if cmd_name not in WITHOUT_DJANGO:
            set_up(cmd_name)
        found = getattr(import_module(f"kemai.project.cli.{module}"), f"{cmd_name}_command")
        return found if isinstance(found, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(say("命令", "Commands")):
            formatter.write_dl([(name, say(*HELP[name])) for name in COMMANDS])


WITHOUT_DJANGO = ("serve", "worker", "live", "restore")
"""Commands that load it themselves, in other processes or with another data folder."""
SEPARATE = ("demo", "real")
"""Companies that live in data folders of their own: playing with them never touches real data."""


def set_up(command: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kemai.project.settings")
    if command in SEPARATE:
        os.environ.setdefault("KEMAI_DATA", str(default_data() / command))
    import django

    from kemai.project import settings  # noqa: F401 - puts the newer SQLite in place before Django looks for it

    django.setup()
    activate_language()


def activate_language() -> None:
    """Django speaks the language of the terminal from here on."""
    from django.utils import translation

    translation.activate("zh-hans" if chinese() else "en")


def about(name: str) -> str:
    """The help of a command, in the language of the terminal."""
    return say(*HELP[name])


TITLE = ("Kemai 客脉客户关系管理系统", "Kemai, the customer relationship management system")


@click.command(cls=Commands, help=say(*TITLE))
@click.version_option(
    package_name="kemai", prog_name="kemai", help=say("显示版本并退出。", "Show the version and exit.")
)
def root() -> None:
    return None


def main() -> None:
    """The entry point. What is wrong with a command's input ends with a sentence, not with a trace."""
    if chinese():
        speak_chinese()
    sys.exit(run(root))


def run(command: Callable[..., Any]) -> int:
    try:
        command(standalone_mode=False)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo(say("已中断", "Interrupted"), err=True)
        return 130
    except Exception as error:
        told = about_database(error)
        if told is None:
            raise
        click.echo(told, err=True)
        return 1
    return 0


def unwritable(folder: Path) -> str:
    return say(
        f"数据文件夹 {folder} 不能写入：请检查它的所有者和权限，以及磁盘是否变成了只读（mount、dmesg）",
        f"The data folder {folder} cannot be written: check its owner and rights, and whether the disk has become "
        "read-only (mount, dmesg)",
    )


def about_database(error: Exception) -> str | None:
    """What to do when there is no database, or none in the place that was named; None for any other trouble."""
    from django.db.utils import OperationalError, ProgrammingError

    if not isinstance(error, OperationalError | ProgrammingError):
        return None
    from django.conf import settings

    place = os.environ.get("KEMAI_DATABASE_URL", "").rpartition("@")[2] or settings.DATA_DIR
    why = str(error).splitlines()[0] if str(error) else ""
    if "no such table" in why or "does not exist" in why:
        zh = f"{place} 里还没有客脉的数据：请检查 KEMAI_DATA 与 KEMAI_DATABASE_URL；全新安装请先运行 kemai migrate"
        en = f"No data of Kemai in {place}: check KEMAI_DATA and KEMAI_DATABASE_URL; kemai migrate makes a new one"
        return say(zh, en)
    if isinstance(place, Path) and not os.access(place, os.W_OK | os.X_OK):
        return unwritable(place)
    return say(f"数据库用不了（{place}）：{why}", f"The database cannot be used ({place}): {why}")
