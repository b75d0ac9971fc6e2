"""Names of modules, translatable words, and markup in Python."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tools.lints.model import Rule, Source, called_name

GETTEXT = frozenset({
    "_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy",
    "npgettext", "npgettext_lazy",
})  # fmt: skip
# functions whose text is compared with or cut away, not shown
COVERED = GETTEXT | {
    *("compile", "maketrans", "sub", "match", "fullmatch", "search", "split", "startswith", "endswith"),
    *("strip", "lstrip", "rstrip", "replace"),
}
VAGUE = frozenset({"utils", "util", "helpers", "helper", "common", "misc", "tools", "shared"})
HAN = re.compile(r"[\u3400-\u9fff]")
TAG = re.compile(
    r"</?(?:div|span|a|p|b|i|em|strong|ul|ol|li|table|tr|td|th|thead|tbody|img|svg|input|select|option|button|form|"
    r"label|script|style|h[1-6]|br|hr|small|code|pre|svg|use|time|html|body|section|nav)(?:[\s/>]|$)"
)
MARKUP = frozenset({"mark_safe", "format_html", "format_html_join", "Markup", "SafeString"})


def literal(node: ast.AST) -> str:
    """The text of a string literal, empty for anything else; named groups of patterns are no tags."""
    text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
    return text.replace("(?P<", "(").replace("(?<", "(")


class ModuleName(Rule):
    """A module is named after what it holds."""

    name = "module-name"
    whole_file = True
    good = (("kemai/kit/money.py", ""), ("kemai/sales/services/deals.py", ""))
    bad = (
        ("kemai/sales/utils.py", ""),
        ("kemai/common/__init__.py", ""),
        ("kemai/sales/helpers/dates.py", ""),
    )

    def applies(self, source: Source) -> bool:
        return source.is_python and source.path.startswith("kemai/")

    def find(self, source: Source) -> Iterator[tuple[int, str]]:
        for part in VAGUE.intersection(source.parts):
            yield 1, f"a module called {part!r} holds anything; name it after the noun it is about"


class WholeMessages(Rule):
    """Translators need whole sentences, and the extractor needs literals."""

    name = "whole-messages"
    good = (
        ("kemai/sales/rules.py", "_('共 %(n)s 条') % {'n': n}\n"),
        ("kemai/sales/rules.py", "ngettext('%(n)s 天', '%(n)s 天', n) % {'n': n}\n"),
        ("kemai/platform/fields/choice.py", "gettext(self.label)\n"),
    )
    bad = (
        ("kemai/sales/rules.py", "_(f'共 {n} 条')\n"),
        ("kemai/sales/rules.py", "gettext('共 %s 条' % n)\n"),
        ("kemai/sales/rules.py", "_('共 {} 条'.format(n))\n"),
        ("kemai/sales/rules.py", "_('共' + unit)\n"),
    )

    def applies(self, source: Source) -> bool:
        return source.is_python and source.path.startswith("kemai/")

    def find(self, source: Source) -> Iterator[tuple[int, str]]:
        for node in source.nodes:
            if isinstance(node, ast.Call) and called_name(node) in GETTEXT:
                for argument in node.args[:2]:
                    if self._built(argument):
                        yield (
                            node.lineno,
                            "a message is one literal; put values in by name: _('共 %(n)s 条') % {'n': n}",
                        )

    @staticmethod
    def _built(argument: ast.expr) -> bool:
        if isinstance(argument, ast.JoinedStr | ast.BinOp):
            return True
        return isinstance(argument, ast.Call) and called_name(argument) == "format"


class Translated(Rule):
    """Chinese words in Python that a person may see go through gettext."""

    name = "translated"
    good = (
        ("kemai/sales/objects.py", 'title = _("客户")\n'),
        ("kemai/sales/rules.py", '"""文档可以是中文。"""\n'),
        ("kemai/kit/names.py", 'SURNAMES = "赵钱孙李"\n'),
        ("kemai/sales/rules.py", 'if word in {"是", "有"} or word == "对": pass\n'),
        ("kemai/sales/samples.py", 'CITIES = ("上海", "苏州")\n'),
        ("kemai/sales/rules.py", 'pattern = re.compile("[\\u4e00-\\u9fff]")\n'),
    )
    bad = (
        ("kemai/sales/objects.py", 'title = "客户"\n'),
        ("kemai/sales/rules.py", 'raise Refused("limit", "超过上限")\n'),
        ("kemai/sales/rules.py", 'text = f"共 {n} 条"\n'),
    )
    # data rather than words of the interface
    _data = frozenset({"samples", "demo", "kit", "search", "project"})

    def applies(self, source: Source) -> bool:
        skip = source.is_test or source.is_migration or bool(self._data.intersection(source.parts))
        return source.is_python and source.path.startswith("kemai/") and not skip

    def find(self, source: Source) -> Iterator[tuple[int, str]]:
        fine = set(self._words_of_no_screen(source)) | set(self._docstrings(source))
        for node in source.nodes:
            if id(node) not in fine and HAN.search(literal(node)):
                yield (
                    getattr(node, "lineno", 1),
                    f"{literal(node)[:20]!r} is shown in one language only; wrap it in gettext",
                )

    @staticmethod
    def _words_of_no_screen(source: Source) -> Iterator[int]:
        """What is translated already, and what is compared with rather than shown: patterns, sets, `in` tests."""
        for node in source.nodes:
            if isinstance(node, ast.Call) and called_name(node) in COVERED:
                yield from (id(part) for argument in node.args for part in ast.walk(argument))
            elif isinstance(node, ast.Set | ast.Compare):
                yield from (id(part) for part in ast.walk(node))

    @staticmethod
    def _docstrings(source: Source) -> Iterator[int]:
        # a string that is a statement of its own is a docstring or an attribute's description
        for node in source.nodes:
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                yield id(node.value)


class MarkupInPython(Rule):
    """HTML stands in templates; only a field's cell may make any, and does so through fields."""

    name = "markup-in-python"
    good = (
        ("kemai/platform/fields/cell.py", "return Markup('<span>') + text\n"),
        ("kemai/sales/views.py", "if a < b and c > d: render(request, 'deal.html')\n"),
        ("kemai/sales/views.py", '"""Renders <div> blocks."""\n'),
        ("kemai/sales/tests/test_page.py", "assert '<div>' in page\n"),
    )
    bad = (
        ("kemai/sales/views.py", "return HttpResponse('<div>saved</div>')\n"),
        ("kemai/sales/views.py", "from django.utils.safestring import mark_safe\nx = mark_safe(name)\n"),
        ("kemai/sales/objects.py", "cell = f'<a href={url}>{name}</a>'\n"),
    )

    def applies(self, source: Source) -> bool:
        cells = source.path.startswith(("kemai/platform/fields", "kemai/platform/ui/cells"))
        skip = cells or source.is_test or source.is_migration
        return source.is_python and source.path.startswith("kemai/") and not skip

    def find(self, source: Source) -> Iterator[tuple[int, str]]:
        docs = set(Translated._docstrings(source))
        for node in source.nodes:
            if isinstance(node, ast.Call) and called_name(node) in MARKUP:
                yield node.lineno, f"{called_name(node)}() makes HTML in Python; use a template"
            elif id(node) not in docs and TAG.search(literal(node)):
                yield getattr(node, "lineno", 1), "HTML in a Python string; use a template"


RULES: tuple[Rule, ...] = (ModuleName(), WholeMessages(), Translated(), MarkupInPython())
