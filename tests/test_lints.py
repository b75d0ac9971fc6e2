"""Every lint is tested by its own examples."""

from __future__ import annotations

import pytest

from tools.lints.__main__ import RULES, check
from tools.lints.model import Rule, Source

GOOD = [
    pytest.param(rule, path, text, id=f"{rule.name}-{n}")
    for rule in RULES
    for n, (path, text) in enumerate(rule.good)
]
BAD = [
    pytest.param(rule, path, text, id=f"{rule.name}-{n}")
    for rule in RULES
    for n, (path, text) in enumerate(rule.bad)
]


@pytest.mark.parametrize(("rule", "path", "text"), GOOD)
def test_good_example_passes(rule: Rule, path: str, text: str) -> None:
    assert list(check(Source(path, text), (rule,))) == []


@pytest.mark.parametrize(("rule", "path", "text"), BAD)
def test_bad_example_is_found(rule: Rule, path: str, text: str) -> None:
    found = list(check(Source(path, text), (rule,)))
    assert {finding.rule for finding in found} == {rule.name}
    assert all(finding.line >= 1 for finding in found)


def test_an_allowance_covers_its_own_line_and_the_line_below_its_comment() -> None:
    same = "deal.save()  # lint: allow write-door — draft, no record yet\n"
    above = "# lint: allow write-door — draft, no record yet\ndeal.save()\n"
    for text in (same, above):
        assert list(check(Source("kemai/sales/actions.py", text))) == []


def test_an_allowance_at_the_end_of_a_line_does_not_cover_the_next() -> None:
    text = "deal.save()  # lint: allow write-door — draft\nother.save()\n"
    assert [finding.line for finding in check(Source("kemai/sales/actions.py", text))] == [2]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("deal.save()  # lint: allow write-door\n", "no reason"),
        ("x = 1  # lint: allow write-door — left over\n", "allows nothing"),
    ],
)
def test_allowances_are_checked_themselves(text: str, says: str) -> None:
    (finding,) = check(Source("kemai/sales/actions.py", text))
    assert says in finding.message


def test_a_finding_names_file_line_and_rule() -> None:
    (finding,) = check(Source("kemai/sales/actions.py", "\n\ndeal.save()\n"))
    assert str(finding).startswith("kemai/sales/actions.py:3 write-door: ")


def test_lines_in_a_template_survive_whitespace_control() -> None:
    page = "{% if a -%}\n\n\n{%- endif %}\n{{ {'a': {'b': 1}} }}\n<p onclick='x()'>x</p>\n"
    (finding,) = check(Source("kemai/sales/templates/deal.html", page))
    assert finding.line == 6
