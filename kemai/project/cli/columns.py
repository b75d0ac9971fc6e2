"""The key that encrypts fields and the log in the database: making one, going through the data, giving it up."""

from __future__ import annotations

import os

import click

from kemai.kit.columnseal import Unreadable, make_key
from kemai.project.cli.root import about, say


@click.group("columns", help=about("columns"))
def columns_command() -> None:
    return None


@columns_command.command("key", help=say("生成一把新密钥", "Make a new key"))
def new_key() -> None:
    click.echo(make_key())
    click.echo(
        say(
            "请存到数据目录和备份之外，用 KEMAI_COLUMN_KEY_FILE 指向它。丢了它，加密的内容就再也读不出来。",
            "Keep it outside the data folder and the backups, and point KEMAI_COLUMN_KEY_FILE to it. "
            "Whoever loses it loses what it encrypted.",
        ),
        err=True,
    )


@columns_command.command(
    "encrypt",
    help=say("加密已有的内容；换密钥后用新的重写", "Encrypt what is there; after a change of key, anew"),
)
def encrypt_columns() -> None:
    from django.conf import settings

    from kemai.platform.records import encrypting

    if not settings.COLUMN_KEYS:
        raise click.ClickException(say("没有设置 KEMAI_COLUMN_KEY", "KEMAI_COLUMN_KEY is not set"))
    check()
    try:
        count = encrypting.encrypt(told)
    except Unreadable as error:
        raise click.ClickException(unreadable(error)) from error
    for name in readers():
        click.echo(
            say(
                f"! “{name}”用到了加密的字段：它不能再计算，原来算出的值还没有加密，请修改或删除",
                f"! “{name}” reads an encrypted field: it cannot any more; what it worked out is not encrypted; "
                "change or remove it",
            )
        )
    click.echo(say(f"✓ 已加密 {count:,} 行", f"✓ {count:,} rows encrypted"))


@columns_command.command(
    "decrypt",
    help=say("全部解密，不再加密（先停止服务）", "Decrypt all and encrypt no more (stop the servers first)"),
)
def decrypt_columns() -> None:
    from kemai.platform.records import encrypting

    check()
    try:
        count = encrypting.decrypt(told)
    except Unreadable as error:
        raise click.ClickException(unreadable(error)) from error
    click.echo(
        say(
            f"✓ 已解密 {count:,} 行；现在请去掉 KEMAI_COLUMN_KEY 再启动",
            f"✓ {count:,} rows decrypted; take KEMAI_COLUMN_KEY away before the next start",
        )
    )


def readers() -> list[str]:
    """Own fields that name an encrypted built-in field in a formula or roll-up."""
    from kemai.platform.define import usage
    from kemai.platform.objects import all_types

    sealed = [(one.key, spec) for one in all_types() for spec in one.fields.values() if spec.encrypted]
    found = [use.name for key, spec in sealed for use in usage.other_fields(key, spec.key)]
    return sorted(set(found))


def told(table: str, count: int) -> None:
    click.echo(f"  {table}: {count:,}")


def unreadable(error: Unreadable) -> str:
    if error.other:
        return say(
            "有内容是用别的密钥加密的：请把那把密钥放进 KEMAI_COLUMN_KEY_OLD",
            "Something was encrypted by another key: put that into KEMAI_COLUMN_KEY_OLD",
        )
    return say(
        "有加密的内容被改动过，无法读取；什么都没有丢弃，请从备份恢复那一行",
        "Something encrypted was altered and cannot be read; nothing was thrown away: restore that row from a backup",
    )


def check() -> None:
    """Nothing is begun on a database that another key has encrypted. Raises ClickException."""
    from kemai.platform.records import encrypting

    if encrypting.is_made() and (found := encrypting.problem()):
        raise click.ClickException(found)


def ready() -> None:
    """Before serving: the key fits, and the database knows it from now on. Raises ClickException."""
    from kemai.platform.records import encrypting

    check()
    encrypting.note()


def check_columns() -> tuple[bool, str, str]:
    """For `kemai doctor`."""
    from django.conf import settings

    from kemai.platform.records import encrypting

    wrong = encrypting.problem()
    if wrong:
        return False, say("字段加密", "Encrypted fields"), wrong
    if encrypting.unfinished():
        return (
            False,
            say("字段加密：密钥正在更换", "Encrypted fields: the key is being changed"),
            "kemai columns encrypt",
        )
    near = encrypting.inside(os.environ.get("KEMAI_COLUMN_KEY_FILE", ""))
    on = bool(settings.COLUMN_KEYS)
    return (
        not near,
        say(
            f"字段加密：{'有密钥' if on else '未启用'}",
            f"Encrypted fields: {'with a key' if on else 'not in use'}",
        ),
        say(
            "密钥文件在数据目录或备份目录里，请移到别处",
            "The key lies in the data folder or with the backups: move it elsewhere",
        ),
    )
