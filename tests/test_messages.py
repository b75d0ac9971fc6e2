"""The catalogue tool finds what it must, and loses nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import messages


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project with one app, kemai/shop."""
    app = tmp_path / "kemai" / "shop"
    (app / "templates").mkdir(parents=True)
    (app / "apps.py").write_text("")
    monkeypatch.setattr(messages, "ROOT", tmp_path)
    return app


def po(project: Path) -> str:
    return (project / messages.LOCALE).read_text("utf-8")


def translate(project: Path, msgid: str, english: str) -> None:
    """Do a translator's work in the catalogue."""
    text = po(project).replace(f'msgid "{msgid}"\nmsgstr ""', f'msgid "{msgid}"\nmsgstr "{english}"')
    (project / messages.LOCALE).write_text(text, "utf-8")


def test_texts_are_found_in_python_and_in_templates(project: Path) -> None:
    (project / "rules.py").write_text('x = _("客户")\ny = ngettext("%(n)s 天", "%(n)s 天", n)\n')
    (project / "templates" / "a.html").write_text("{{ _('订单') }}{% trans n=n %}共 {{ n }} 条{% endtrans %}")
    found = messages.extract_app(project)
    assert {key.id for key in found} == {"客户", "%(n)s 天", "订单", "共 %(n)s 条"}
    assert found[messages.Key("客户")].places == [("kemai/shop/rules.py", 1)]


def test_a_text_without_english_fails_the_check_with_its_place(project: Path) -> None:
    (project / "rules.py").write_text('\nx = _("客户")\n')
    assert messages.update() == 1
    assert list(messages.problems()) == ["kemai/shop/rules.py:2 no English for '客户'"]


def test_fragments_fill_what_is_missing_and_nothing_else(project: Path) -> None:
    (project / "rules.py").write_text('x = _("客户"), _("订单")\n')
    fragments = project / "locale_fragments"
    fragments.mkdir()
    (fragments / "first.en.json").write_text('{"客户": "customer", "订单": "order"}', "utf-8")
    assert messages.update() == 0
    (fragments / "first.en.json").write_text('{"客户": "client"}', "utf-8")
    assert messages.update() == 0
    assert 'msgstr "customer"' in po(project)
    assert "client" not in po(project)


def test_what_the_sources_drop_comes_back_with_them(project: Path) -> None:
    rules = project / "rules.py"
    rules.write_text('x = _("客户")\n')
    messages.update()
    translate(project, "客户", "customer")
    rules.write_text("")
    messages.update()
    assert '#~ msgid "客户"' in po(project)
    rules.write_text('x = _("客户")\n')
    assert messages.update() == 0
    assert '#~ msgid "客户"' not in po(project)


def test_update_twice_changes_nothing(project: Path) -> None:
    (project / "rules.py").write_text(
        'x = _("客户"), ngettext("%(n)s 天", "%(n)s 天", n), pgettext("人", "客户")\n'
    )
    messages.update()
    first = po(project)
    messages.update()
    assert po(project) == first


def test_english_msgids_are_refused(project: Path) -> None:
    (project / "rules.py").write_text('x = _("Save all changes")\n')
    messages.update()
    assert any("msgids are Chinese" in problem for problem in messages.problems())


@pytest.mark.parametrize(
    ("id_", "plural", "strings", "says"),
    [
        ("客户", None, ["客户"], "Chinese"),
        ("完成。", None, ["Done。"], "Chinese"),
        ("共 %(n)s 条", None, ["%(m)s rows"], "placeholders"),
        ("共 %(n)s 条", None, ["rows"], "placeholders"),
        ("%(n)s 天", "%(n)s 天", ["one day", "days"], "placeholders"),
        ("{name} 的客户", None, ["{nom}'s customers"], "placeholders"),
    ],
)
def test_bad_translations_are_told(id_: str, plural: str | None, strings: list[str], says: str) -> None:
    assert any(says in fault for fault in messages.faults(id_, plural, strings))


@pytest.mark.parametrize(
    ("id_", "plural", "strings"),
    [
        ("客户", None, ["customer"]),
        ("%(n)s 天", "%(n)s 天", ["one day", "%(n)s days"]),
        ("折扣 50%%", None, ["50%% off"]),
        ("欢迎使用客脉", None, ["Welcome to Kemai 客脉"]),
    ],
)
def test_good_translations_pass(id_: str, plural: str | None, strings: list[str]) -> None:
    assert list(messages.faults(id_, plural, strings)) == []


def test_a_comment_allows_chinese(project: Path) -> None:
    (project / "rules.py").write_text('x = _("简体中文")\n')
    messages.update()
    text = po(project).replace(
        'msgid "简体中文"\nmsgstr ""', '# chinese: ok\nmsgid "简体中文"\nmsgstr "简体中文"'
    )
    (project / messages.LOCALE).write_text(text, "utf-8")
    messages.update()
    assert list(messages.problems()) == []


def test_compiling_writes_only_what_is_stale(project: Path) -> None:
    (project / "rules.py").write_text('x = _("客户")\n')
    messages.update()
    assert messages.compile_catalogues() == 1
    assert messages.compile_catalogues() == 0
    assert (project / messages.LOCALE).with_suffix(".mo").exists()
