"""What a browser says of itself, in few words: for the list of places where somebody is logged in."""

from __future__ import annotations

import re
from typing import NamedTuple

BROWSERS = (
    ("wxwork", "WeCom"), ("MicroMessenger", "WeChat"), ("DingTalk", "DingTalk"), ("Lark", "Lark"), ("Edg", "Edge"),
    ("OPR/", "Opera"), ("QQBrowser", "QQ Browser"), ("UCBrowser", "UC Browser"), ("HuaweiBrowser", "Huawei Browser"),
    ("MiuiBrowser", "Mi Browser"), ("Firefox", "Firefox"), ("FxiOS", "Firefox"), ("CriOS", "Chrome"),
    ("Chrome", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
"""The first that fits counts: most browsers name others as well."""
SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("HarmonyOS", "HarmonyOS"), ("OpenHarmony", "HarmonyOS"),
    ("Android", "Android"), ("Windows", "Windows"), ("Mac OS X", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip
HANDHELD = re.compile(r"iPhone|iPad|Android|Mobile|HarmonyOS")


class Device(NamedTuple):
    """Names as their makers write them, '' for what is not known."""

    browser: str
    system: str
    handheld: bool

    def __str__(self) -> str:
        return " · ".join(part for part in (self.browser, self.system) if part)


def device_of(agent: str) -> Device:
    def first(words: tuple[tuple[str, str], ...]) -> str:
        return next((name for word, name in words if word in agent), "")

    return Device(first(BROWSERS), first(SYSTEMS), HANDHELD.search(agent) is not None)
