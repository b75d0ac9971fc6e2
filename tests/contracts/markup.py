"""Text that wants to be more than text, and a reader of pages that finds where it became so."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from kemai.platform.objects import ObjectType
from tests.factory import values_for

MARK = "kxss"
PAYLOADS = (
    f'"><xss-a {MARK}=1>', f"'><xss-b {MARK}>", "</script><xss-c>", "</textarea></title></style></select><xss-d>",
    f"<img src={MARK} onerror={MARK}()>", f"<svg/onload={MARK}()>", f'<a href="javascript:{MARK}()">x</a>',
    f'<p hx-get="/{MARK}" hx-trigger="load">', f'<p x-data x-init="{MARK}()" @click="{MARK}()">',
    f'" onmouseover={MARK}() x="', f'" hx-on:click="{MARK}()', f"' autofocus onfocus={MARK}() '",
    f"javascript:{MARK}()", f"[x](javascript:{MARK}())", f"<base href=//{MARK}>", f"<form action=//{MARK}>",
    f"<style>{MARK}</style>", f"<meta http-equiv=refresh content=0;url=//{MARK}>", "&lt;xss-e&gt;",
    f"{{{{{MARK}}}}}", "{% xss %}", f"${{{MARK}}}", "\u2028<xss-f>", "<xss-g\n>", f"<!--{MARK}--!><xss-h>",
    f"<iframe srcdoc='<script>{MARK}()</script>'>", f"<math><mtext></mtext><xss-i {MARK}>", f"<x-{MARK}:xss>",
)  # fmt: skip
"""Tag and attribute breakers, handlers, what htmx and Alpine would act on, addresses, templates, markdown."""
ACTING = re.compile(
    r"^(hx-|x-|@|:|on)|^(href|src|srcdoc|action|formaction|style|srcset|poster|http-equiv|is)$"
)
"""Attributes that do something with their value."""
NEVER = frozenset({"base", "style", "iframe", "object", "embed", "math"})
ADDRESS = re.compile(r"^[\s\x00-\x20]*(javascript|vbscript|data)\s*:", re.IGNORECASE)


def acts(name: str, value: str) -> bool:
    """Does this attribute do something that a payload wants?"""
    if MARK in name or name.startswith("on"):
        return True
    if ADDRESS.match(value) and not value.startswith("data:image/"):
        return True
    if name == "hx-confirm":  # a question, shown as text; only what begins with js: would be run
        return value.startswith(("js:", "javascript:"))
    asked = value[:1] == "/" and "?" in value  # an address of ours may carry what was asked
    return MARK in value and ACTING.search(name) is not None and not asked


class Reader(HTMLParser):
    """Collects tags and attributes that are not the product's."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in NEVER or "xss" in tag:
            self.wrong.append(f"<{tag}>")
        self.wrong += [
            f"<{tag} {name}={(value or '')[:60]!r}>" for name, value in attrs if acts(name, value or "")
        ]

    handle_startendtag = handle_starttag

    def handle_decl(self, decl: str) -> None:
        if MARK in decl:
            self.wrong.append(f"<!{decl[:40]}>")

    def handle_comment(self, data: str) -> None:
        if MARK in data:
            self.wrong.append(f"<!--{data[:40]}-->")


def broken_out(page: str) -> list[str]:
    """What of the payloads became markup on the page."""
    reader = Reader()
    reader.feed(page)
    reader.close()
    return reader.wrong


def text(most: int, start: int = 0) -> str:
    """As many payloads as fit into so many characters, from a place of the list on."""
    found = ""
    for number in range(len(PAYLOADS)):
        one = PAYLOADS[(start + number) % len(PAYLOADS)]
        if len(found) + len(one) + 1 <= most:
            found += (" " if found else "") + one
    return found


def hostile(object_type: ObjectType) -> dict[str, Any]:
    """Values for a record with payloads in everything that takes text."""
    found = values_for(object_type)
    for number, spec in enumerate(object_type.fields.values()):
        if spec.readonly or spec.compute or spec.private or spec.key in {"number", "raw", "tax_number"}:
            continue
        if spec.type.key in {"text", "long_text"}:
            found[spec.key] = text(spec.max_length or 2000, number * 7)
        elif spec.type.key == "tags":
            found[spec.key] = [PAYLOADS[0], PAYLOADS[4], PAYLOADS[7]]
    return found
