"""Whether what the operator has named outside this product answers: for `kemai doctor`."""

from __future__ import annotations

from django.conf import settings

from kemai.kit import clamd
from kemai.kit.clamd import ScanError
from kemai.kit.outgoing import Allowed
from kemai.kit.stolen import StolenError, is_stolen
from kemai.project.cli.root import say

KNOWN_BAD = "password"
"""Stands on every list of stolen passwords there is."""


def check_scanner() -> tuple[bool, str, str]:
    try:
        found = clamd.version(settings.CLAMD)
    except ScanError as error:
        found, ok = str(error), False
    else:
        ok = True
    return (
        ok,
        say(f"病毒扫描（{settings.CLAMD}）：{found}", f"Virus scanner ({settings.CLAMD}): {found}"),
        say(
            "文件现在不能上传；请启动 clamd，或改正 KEMAI_CLAMD",
            "No file can be uploaded; start clamd or mend KEMAI_CLAMD",
        ),
    )


def check_stolen() -> tuple[bool, str, str]:
    try:
        ok = is_stolen(KNOWN_BAD, settings.STOLEN_PASSWORDS, Allowed.of(settings.OUTGOING_ALLOW))
        found = say("可用", "works") if ok else say("里面没有最常见的密码", "lacks the most common password")
    except StolenError as error:
        ok, found = False, str(error)
    place = settings.STOLEN_PASSWORDS
    return (
        ok,
        say(f"泄露密码名单（{place}）：{found}", f"List of stolen passwords ({place}): {found}"),
        say(
            "新密码现在不对照它检查；请改正 KEMAI_STOLEN_PASSWORDS",
            "New passwords are not compared with it; mend KEMAI_STOLEN_PASSWORDS",
        ),
    )
