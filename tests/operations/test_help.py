"""The command line explains itself: every command, argument and option, in the language of the terminal."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from django.contrib.auth import get_user_model

from kemai.platform.models import Role
from kemai.project.cli.company import check_apart
from kemai.project.cli.people import user_command
from kemai.project.cli.root import COMMANDS, root
from tests.e2e.company import ROOT


def every(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        for key, child in command.commands.items():
            yield from every(child, f"{name} {key}")


def test_every_command_and_its_words_are_explained() -> None:
    context = click.Context(root)
    for name in COMMANDS:
        found = root.get_command(context, name)
        assert found is not None
        for path, command in every(found, name):
            assert command.help, path
            for given in command.params:
                help_text = getattr(given, "help", "")
                assert help_text, f"{path}: {given.name}"


def test_help_and_refusals_are_chinese_where_the_terminal_is() -> None:
    def said(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "kemai.project.cli", *words],
            cwd=ROOT, env={"KEMAI_LANG": "zh", "PATH": ""}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.stdout + done.stderr

    assert "用法：" in said("serve", "--help")
    assert "网站的端口" in said("serve", "--help")
    for text in (said("serve", "--help"), said("serve", "--port", "0"), said("imprt")):
        assert not [word for word in ("Usage", "Options:", "Show", "Error", "Invalid", "Try") if word in text]
    assert "不在范围" in said("serve", "--port", "0")


@pytest.mark.django_db
def test_import_says_what_was_left_out_and_refused(tmp_path: Path) -> None:
    from kemai.project.cli.data import import_command

    (tmp_path / "customers.csv").write_text("名称,地区,不认识的列\n甲,火星省,1\n乙,,2\n", encoding="utf-8")
    done = CliRunner().invoke(import_command, [str(tmp_path / "customers.csv")])
    assert done.exit_code == 0
    assert "不认识的列" in done.output
    assert "火星省" in done.output
    assert "火星省" in (tmp_path / "customers.refused.csv").read_text(encoding="utf-8-sig")
    (tmp_path / "broken.xlsx").write_bytes(b"PK\x03\x04" + bytes(500))
    refused = CliRunner().invoke(import_command, [str(tmp_path / "broken.xlsx")])
    assert refused.exit_code == 1
    assert "工作簿" in refused.output
    assert "xlsx_broken" not in refused.output


def test_a_missing_database_is_a_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kemai.project.cli", "user", "list"],
        cwd=ROOT, env={"KEMAI_LANG": "en", "PATH": "", "KEMAI_DATA": str(tmp_path)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "kemai migrate" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.django_db
def test_the_first_administrator_needs_a_second_step() -> None:
    for name, more, wanted in (("root", ["--without-two-step"], False), ("second", [], False)):
        done = CliRunner().invoke(user_command, ["create", name, "--admin", *more])
        assert (done.exit_code, Role.objects.get(key="admin").two_step) == (0, wanted), done.output
    get_user_model().objects.all().delete()
    assert CliRunner().invoke(user_command, ["create", "third", "--admin"]).exit_code == 0
    assert Role.objects.get(key="admin").two_step


@pytest.mark.django_db
def test_nothing_to_look_at_is_put_where_people_work(settings: Any) -> None:
    check_apart()
    settings.BEHIND_HTTPS = True
    with pytest.raises(click.ClickException):
        check_apart()
    settings.BEHIND_HTTPS = False
    user = get_user_model().objects.create_user("wang", "", "x", name="王")
    with pytest.raises(click.ClickException):
        check_apart()
    user.username = "demo"
    user.save()
    check_apart()
