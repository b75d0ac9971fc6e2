"""Staff accounts and API tokens."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

import click
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils import timezone

from kemai.platform.access import SYSTEM
from kemai.platform.audit import note
from kemai.platform.models import ApiToken, Role
from kemai.project.cli.root import about, say
from kemai.staff.models import User


def find_user(username: str) -> User:
    user = User.objects.filter(username=username).first()
    if user is None:
        raise click.ClickException(say(f"没有账号 {username}", f"There is no account {username}"))
    return user


@click.group("user", help=about("user"))
def user_command() -> None:
    return None


@user_command.command("create", help=say("新建账号", "Create an account"))
@click.argument("username", help=say("登录名", "Log-in name"))
@click.option("--name", default="", help=say("姓名", "Full name"))
@click.option("--email", default="", help=say("邮箱", "E-mail"))
@click.option(
    "--role", "roles", multiple=True, help=say("角色，可多次给出", "Role; may be given several times")
)
@click.option("--admin", is_flag=True, help=say("同时作为系统管理员", "Also a system administrator"))
@click.option("--password", default="", help=say("不给则生成一个", "Generated when left out"))
@click.option(
    "--without-two-step",
    is_flag=True,
    help=say("第一位管理员也不必两步验证", "The first administrator needs no second step either"),
)
def create_user(
    username: str,
    name: str,
    email: str,
    roles: tuple[str, ...],
    admin: bool,
    password: str,
    without_two_step: bool,
) -> None:
    users = get_user_model()
    first = not users.objects.filter(is_active=True, roles__is_admin=True).exists()
    if users.objects.filter(username=username).exists():
        raise click.ClickException(say(f"账号 {username} 已经存在", f"The account {username} exists already"))
    wanted = {*roles, *(["admin"] if admin else [])}
    found = {role.key: role for role in Role.objects.filter(key__in=wanted)}
    missing = wanted - set(found)
    if missing:
        known = ", ".join(Role.objects.values_list("key", flat=True))
        raise click.ClickException(
            say(
                f"没有角色 {', '.join(missing)}，可用：{known}",
                f"No role {', '.join(missing)}; there are: {known}",
            )
        )
    given = password or secrets.token_urlsafe(9)
    try:
        validate_password(given)
    except ValidationError as error:
        raise click.ClickException(" ".join(error.messages)) from error
    user = users.objects.create_user(username, email, given, name=name or username)
    user.roles.set(found.values())
    shown = "" if password else say(f"，密码：{given}", f", password: {given}")
    click.echo(say(f"已创建 {username}", f"Created {username}") + shown)
    if first and not without_two_step and any(role.is_admin for role in found.values()):
        want_two_step()


def want_two_step() -> None:
    """Whoever may change everything shows more than a password, from the first log-in of an installation on."""
    from kemai.staff.services.roles import want_two_step_of_admins

    want_two_step_of_admins(by=SYSTEM)
    click.echo(
        say(
            "系统管理员登录后先启用两步验证（设置 › 角色 可以修改）",
            "Administrators set up a second step when they log in (Settings › Roles changes that)",
        )
    )


@user_command.command("list", help=say("列出账号", "List accounts"))
def list_users() -> None:
    for user in get_user_model().objects.prefetch_related("roles").order_by("username"):
        state = "" if user.is_active else say("（已停用）", " (inactive)")
        click.echo(f"{user.username}\t{user.name}\t{', '.join(role.key for role in user.roles.all())}{state}")


@user_command.command("password", help=say("重设密码", "Set a new password"))
@click.argument("username", help=say("登录名", "Log-in name"))
def set_password(username: str) -> None:
    from kemai.staff.services.people import set_password as renew

    given = secrets.token_urlsafe(9)
    renew(find_user(username), given, by=SYSTEM)
    click.echo(say(f"新密码：{given}", f"New password: {given}"))


@click.group("token", help=about("token"))
def token_command() -> None:
    return None


@token_command.command("create", help=say("新建令牌（只显示一次）", "Create a token (shown once)"))
@click.argument("username", help=say("登录名", "Log-in name"))
@click.option(
    "--name", default="cli", show_default=True, help=say("给令牌起的名字", "What the token is called")
)
@click.option("--read-only", is_flag=True, help=say("只能读取", "May only read"))
@click.option(
    "--days",
    default=365,
    show_default=True,
    type=click.IntRange(1, 365),
    help=say("几天内有效", "Valid for so many days"),
)
@click.option(
    "--from", "networks", multiple=True, metavar="NETWORK",
    help=say("只能从这个网段使用（可重复）", "Usable from this network only (repeatable)"),
)  # fmt: skip
@click.option(
    "--type", "types", multiple=True, metavar="OBJECT",
    help=say("只能读写这种对象（可重复）及其上级，如 lead", "Reaches this object (repeatable), and those above it"),
)  # fmt: skip
def create_token(
    username: str, name: str, read_only: bool, days: int, networks: tuple[str, ...], types: tuple[str, ...]
) -> None:
    from kemai.platform.access.tokens import issue

    bounds: Any = {"read_only": read_only, "addresses": networks, "types": types}
    try:
        token, key = issue(
            find_user(username), name, expires_at=timezone.now() + timedelta(days=days), **bounds
        )
    except (ValueError, LookupError) as error:
        raise click.ClickException(str(error)) from error
    note("setting", "token", token.pk, by=SYSTEM, reason=f"+ {username}: {name}")
    click.echo(key)


@token_command.command("list", help=say("列出令牌", "List tokens"))
def list_tokens() -> None:
    for token in ApiToken.objects.select_related("user").order_by("id"):
        bounds = " ".join([*(["read"] if token.read_only else []), *token.addresses, *token.types]) or "-"
        until = token.expires_at.date().isoformat() if token.expires_at else "-"
        click.echo(f"{token.pk}\t{token.user.username}\t{token.name}\t…{token.hint}\t{until}\t{bounds}")


@token_command.command("revoke", help=say("作废令牌", "Revoke a token"))
@click.argument("number", type=int, help=say("令牌的编号（见 list）", "The token's number (see list)"))
def revoke_token(number: int) -> None:
    from kemai.platform.access.tokens import revoke

    if revoke(number):
        note("setting", "token", number, by=SYSTEM, reason="-")
    else:
        raise click.ClickException(say("没有这个令牌", "There is no such token"))
    click.echo(say("已作废", "Revoked"))
