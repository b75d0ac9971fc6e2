"""Templates and scripts: what the Content-Security-Policy forbids, and words that no catalogue knows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jinja2 import Environment, TemplateSyntaxError

from tools.lints.model import Rule, Source

JINJA = Environment(autoescape=True)

TRANSLATED = re.compile(r"\{%[-+]?\s*trans\b.*?\{%[-+]?\s*endtrans\s*[-+]?%\}", re.DOTALL)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
OPEN_TAG = re.compile(r"<[a-zA-Z][\w:-]*(?:[^>\"']|\"[^\"]*\"|'[^']*')*>")
STYLE = re.compile(r"\sstyle\s*=", re.IGNORECASE)
HANDLER = re.compile(r"\son[a-z]+\s*=", re.IGNORECASE)
DATA_SCRIPT = re.compile(r"type\s*=\s*[\"'](?:application/(?:ld\+)?json|importmap)[\"']", re.IGNORECASE)
HAN = re.compile(r"[\u3400-\u9fff]")
SCRIPT_COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'])//[^\n]*", re.DOTALL)


def blank(pattern: re.Pattern[str], text: str) -> str:
    """Replace every match by blanks, lines kept, so that positions still tell the line."""
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def markup(text: str) -> str:
    """What a template says outside Jinja's expressions, statements and comments, every line number kept."""
    kept: list[str] = []
    reached = 1
    try:
        for line, kind, value in JINJA.lex(text):
            # the lexer leaves out blanks that `-%}` eats, newlines included
            kept.append("\n" * max(0, line - reached))
            kept.append(value if kind == "data" else re.sub(r"[^\n]", " ", value))
            reached = max(reached, line) + value.count("\n")
    except TemplateSyntaxError:
        return ""  # the tests render every template and say it better
    return blank(COMMENT, "".join(kept))


def line_of(text: str, position: int) -> int:
    """The line number, from 1, of a position in a text."""
    return text.count("\n", 0, position) + 1


class InlineMarkup(Rule):
    """No style=, no on…=, no inline script: the policy has neither unsafe-inline nor unsafe-eval."""

    name = "inline-markup"
    good = (
        ("kemai/sales/templates/deal.html", '<p class="x" data-style="1">{% if a > b %}x{% endif %}</p>\n'),
        ("kemai/sales/templates/deal.html", '<script type="module" src="{{ url }}"></script>\n'),
        ("kemai/sales/templates/deal.html", '<script type="application/json" id="i18n">{}</script>\n'),
        ("kemai/sales/templates/deal.html", '{# never style="" here #}<a hx-on="x" href="/on=1">a</a>\n'),
    )
    bad = (
        ("kemai/sales/templates/deal.html", '<p style="color:red">x</p>\n'),
        ("kemai/sales/templates/deal.html", '<p\n  class="{{ a > b }}"\n  onclick="go()">x</p>\n'),
        ("kemai/sales/templates/deal.html", "<script>go()</script>\n"),
        ("kemai/sales/templates/deal.html", "<style>p{}</style>\n"),
        ("kemai/sales/templates/deal.html", '<a href="javascript:go()">x</a>\n'),
    )

    def applies(self, source: Source) -> bool:
        # mail programs know no style sheets: their templates stand in a folder called mail
        return source.is_page and "mail" not in source.parts

    def find(self, source: Source) -> Iterator[tuple[int, str]]:
        text = markup(source.text)
        for tag in OPEN_TAG.finditer(text):
            for message in self._faults(tag[0]):
                yield line_of(text, tag.start()), message

    @staticmethod
    def _faults(tag: str) -> Iterator[str]:
        names = re.sub(r"\"[^\"]*\"|'[^']*'", '""', tag)
        lower = tag.lower()
        if STYLE.search(names):
            yield "style= is refused by the policy; use a class or a data attribute"
        if HANDLER.search(names):
            yield "on…= handlers are refused by the policy; use an island"
        if "javascript:" in lower:
            yield "javascript: addresses are refused by the policy"
        if lower.startswith("<style"):
            yield "style sheets live in frontend/styles"
        if lower.startswith("<script") and " src=" not in names.lower() and not DATA_SCRIPT.search(tag):
            yield "inline scripts are refused by the policy; write an island"


class TranslatedPage(Rule):
    """Chinese in a template goes through gettext."""

    name = "translated-page"
    good = (
        ("kemai/sales/templates/deal.html", '<h1>{{ _("商机") }}</h1>{# 注释 #}\n'),
        (
            "kemai/sales/templates/deal.html",
            '{{ menu([{"label": _("深色"), "x": {"y": 1}}, {"label": 1}]) }}\n',
        ),
        ("kemai/sales/templates/deal.html", "{% trans n=n %}共 {{ n }} 条{% endtrans %}\n"),
        ("kemai/sales/templates/deal.html", '<!-- 注释 --><p title="{{ _("提示") }}">x</p>\n'),
    )
    bad = (
        ("kemai/sales/templates/deal.html", "<h1>商机</h1>\n"),
        ("kemai/sales/templates/deal.html", '<p title="提示">{{ x }}</p>\n'),
    )

    def applies(self, source: Source) -> bool:
        return source.is_page

    def find(self, source: Source) -> Iterator[tuple[int, str]]:
        text = markup(blank(TRANSLATED, source.text))
        for number, line in enumerate(text.splitlines(), 1):
            match = HAN.search(line)
            if match:
                yield number, f'{line.strip()[:30]!r} is shown in one language only; write {{{{ _("…") }}}}'


class ScriptWords(Rule):
    """Scripts get their words from the page (data attributes, the #i18n block), which has a catalogue."""

    name = "script-words"
    good = (
        ("frontend/src/islands/board.ts", "// 拖动 changes the stage\nconst text = i18n('moved')\n"),
        ("frontend/src/islands/board.ts", "/* 中文 */ const font = 'PingFang SC'\n"),
    )
    bad = (("frontend/src/islands/board.ts", "alert('已保存')\n"),)

    def applies(self, source: Source) -> bool:
        return source.path.startswith("frontend/src/") and source.path.endswith(".ts")

    def find(self, source: Source) -> Iterator[tuple[int, str]]:
        text = blank(SCRIPT_COMMENT, source.text)
        for number, line in enumerate(text.splitlines(), 1):
            if HAN.search(line):
                yield number, "words come from the page, not from the script"


RULES: tuple[Rule, ...] = (InlineMarkup(), TranslatedPage(), ScriptWords())
