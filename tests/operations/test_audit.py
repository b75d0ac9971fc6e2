"""`./run audit`: what is behind, and what is known to be weak, for how long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tools.audit import Part, advisories, behind, inside, npm_parts, python_parts, weak
from tools.frontend import FRONTEND, ROOT

NOW = datetime(2026, 11, 29, tzinfo=UTC)
OURS = {"django": Part("PyPI", "django", "5.2.3"), "htmx.org": Part("npm", "htmx.org", "4.0.1")}


def test_both_locks_are_read() -> None:
    python, npm = python_parts(ROOT / "uv.lock"), npm_parts(FRONTEND / "package-lock.json")
    assert python["django"].published is not None
    assert npm["htmx.org"].version
    assert "esbuild" not in npm, "what only builds does not run"


@pytest.mark.parametrize(("days", "late"), [(29, False), (31, True)])
def test_a_release_that_is_out_for_long_is_told(days: int, late: bool) -> None:
    new = {"django": Part("PyPI", "django", "5.2.4", NOW - timedelta(days=days))}
    assert list(behind(OURS, new, NOW)) == [(f"PyPI django 5.2.3: 5.2.4 is out for {days} days", late)]
    assert not list(behind(OURS, {"django": OURS["django"]}, NOW))


@pytest.mark.parametrize(
    ("version", "wanted"),
    [("5.2.3", True), ("5.2.4", False), ("4.1", False), ("4.2.1", True), ("5.1", False)],
)
def test_ranges(version: str, wanted: bool) -> None:
    events = [{"introduced": "4.2"}, {"fixed": "4.2.9"}, {"introduced": "5.2"}, {"fixed": "5.2.4"}]
    assert inside(version, events) == wanted


def test_weaknesses_by_their_gravity(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "id: A\npublished: 2026-11-20T00:00:00Z\naffected:\n- package: {ecosystem: PyPI, name: Django}\n"
        "  versions: ['5.2.3']\n"
    )
    (tmp_path / "b.json").write_text(
        '{"id": "B", "published": "2026-11-20T00:00:00Z", "database_specific": {"severity": "LOW"}, "affected": ['
        '{"package": {"ecosystem": "npm", "name": "htmx.org"},'
        '"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}]}]}'
    )
    (tmp_path / "c.json").write_text('{"id": "C", "published": "2026-11-20T00:00:00Z", "affected": []}')
    found = list(weak(OURS.values(), advisories(tmp_path), NOW))
    assert found == [
        ("PyPI django 5.2.3: A (HIGH) known for 9 days", True),
        ("npm htmx.org 4.0.1: B (LOW) known for 9 days", False),
    ]
