"""Companies to look at: the simulated one, and a real shop's records."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click
from django.conf import settings
from django.contrib.auth import get_user_model

from kemai.project.cli.root import about, say
from kemai.project.cli.server import serve
from kemai.project.cli.upkeep import prepare

ACCOUNT = "demo"


def account_file() -> Path:
    return Path(settings.DATA_DIR, "account.txt")


def remember(password: str) -> None:
    """The demo's password, made up once, readable by the one who started it: the next start prints it again."""
    descriptor = os.open(account_file(), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(password)


def announce(port: int) -> None:
    password = account_file().read_text(encoding="utf-8") if account_file().exists() else ""
    click.echo("")
    click.echo(say("  地址    ", "  Address   ") + f"http://127.0.0.1:{port}/")
    click.echo(say("  账号    ", "  Account   ") + ACCOUNT)
    if password:
        click.echo(say("  密码    ", "  Password  ") + password)
    click.echo("")
    click.echo(say("按 Ctrl+C 停止", "Ctrl+C stops"))


def check_apart() -> None:
    """A company to look at is never put where a real one works: not beside its people, and not where strangers come."""
    users = get_user_model()._default_manager
    real_people = users.exists() and not users.filter(username=ACCOUNT).exists()
    if settings.BEHIND_HTTPS or real_people:
        raise click.ClickException(
            say(
                f"{settings.DATA_DIR} 里是正式使用的客脉，演示数据不会放进去：请去掉 KEMAI_HTTPS、KEMAI_DATA 和 "
                "KEMAI_DATABASE_URL，演示会用自己的文件夹",
                f"{settings.DATA_DIR} holds a Kemai that is worked with; nothing to look at is put there: leave "
                "KEMAI_HTTPS, KEMAI_DATA and KEMAI_DATABASE_URL out, and the demo has a folder of its own",
            )
        )


def run_company(port: int, *, load_only: bool) -> None:
    announce(port)
    sys.stdout.flush()
    if not load_only:
        serve("127.0.0.1", port, prepare=False)


@click.command("demo", help=about("demo"))
@click.option(
    "--port",
    default=settings.PORT,
    show_default=True,
    type=click.IntRange(1, 65535),
    help=say("网站的端口", "Port of the web server"),
)
@click.option(
    "--data",
    type=click.Choice(["company", "completejourney"]),
    default="company",
    show_default=True,
    help=say("模拟的公司，或一家商店的真实记录", "A simulated company, or a real shop's records"),
)
@click.option(
    "--scale",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0.01, 5.0),
    help=say("1 为两万客户、二十万订单", "1 makes 20,000 customers and 200,000 orders"),
)
@click.option("--load-only", is_flag=True, help=say("只装入数据，不启动网站", "Load the data, do not serve"))
def demo_command(port: int, data: str, scale: float, load_only: bool) -> None:
    if data == "completejourney":
        return real(port, load_only=load_only)
    from kemai.project.demo.load import load
    from kemai.project.demo.progress import Progress

    prepare()
    check_apart()
    loaded = load(scale=scale, progress=Progress(sys.stdout))
    if loaded.password:
        remember(loaded.password)
    return run_company(port, load_only=load_only)


@click.command("real", help=about("real"))
@click.option(
    "--port",
    default=settings.PORT,
    show_default=True,
    type=click.IntRange(1, 65535),
    help=say("网站的端口", "Port of the web server"),
)
@click.option("--load-only", is_flag=True, help=say("只装入数据，不启动网站", "Load the data, do not serve"))
def real_command(port: int, load_only: bool) -> None:
    real(port, load_only=load_only)


def real(port: int, *, load_only: bool) -> None:
    """The Complete Journey's households through the product's own import."""
    from kemai.project.demo.progress import Progress
    from kemai.project.demo.real import load_real

    prepare()
    check_apart()
    if not get_user_model().objects.filter(username=ACCOUNT).exists():
        remember(make_account())
    load_real(progress=Progress(sys.stdout))
    run_company(port, load_only=load_only)


def make_account() -> str:
    """The one account of a company that has no staff of its own: it may do everything."""
    import secrets

    from kemai.platform.models import Role

    password = secrets.token_urlsafe(9)
    user = get_user_model().objects.create_user(ACCOUNT, "", password, name=say("演示", "Demo"))
    user.roles.set(Role.objects.filter(key__in=("admin", "director")))
    return password
