"""Documents that would otherwise fall behind the code."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from kemai.platform.fields.base import LEVELS
from kemai.platform.objects import registry

DOCS = Path(__file__).resolve().parent.parent / "docs"


def test_every_object_key_is_in_the_glossary() -> None:
    words = set(re.findall(r"`(\w+)`", (DOCS / "glossary.md").read_text("utf-8")))
    missing = sorted({object_type.key for object_type in registry.all_types()} - words)
    assert not missing, f"docs/glossary.md lacks {missing}"


def test_every_decision_is_in_the_index_and_has_its_three_parts() -> None:
    index = (DOCS / "adr" / "README.md").read_text("utf-8")
    for page in sorted((DOCS / "adr").glob("[0-9]*.md")):
        text = page.read_text("utf-8")
        assert f"({page.name})" in index
        assert text.startswith(f"# {page.name[:3]} ")
        assert all(part in text for part in ("**Context.**", "**Decision.**", "**Consequences.**"))


def test_the_table_of_asvs_is_whole_and_its_sums_are_right() -> None:
    text = (DOCS / "asvs.md").read_text("utf-8")
    rows = re.findall(
        r"^\| (\d+\.\d+\.\d+) \| ([12]) \| (met|partly|open|n/a) \| (.+) \|$", text, re.MULTILINE
    )
    assert len({number for number, *_rest in rows}) == len(rows) == 253
    for level, total in (("1", 70), ("2", 183)):
        states = Counter(state for _number, of, state, _by in rows if of == level)
        met, others = states["met"], total - states["n/a"]
        sums = f"| {total} | {states['n/a']} | {met} of {others} ({met / others:.0%}) | "
        sums += f"{states['partly']} | {states['open']} |"
        assert sums in text, (level, states)
    named = {
        name for *_rest, by in rows for name in re.findall(r"`((?:tests|kemai|docs|deploy)[\w/.-]*)`", by)
    }
    assert not [name for name in sorted(named) if not (DOCS.parent / name).exists()]


def test_links_between_documents_lead_somewhere() -> None:
    root = DOCS.parent
    pages = [*root.glob("*.md"), *DOCS.rglob("*.md")]
    dead = [
        f"{page.relative_to(root)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8"))
        if not (page.parent / target).exists()
    ]
    assert not dead


def test_every_field_has_a_level_and_every_level_its_handling() -> None:
    text = (DOCS / "inventories.md").read_text("utf-8")
    assert all(f"`{level}`" in text for level in LEVELS)
    levels = Counter(spec.level for one in registry.all_types() for spec in one.fields.values())
    assert set(levels) <= set(LEVELS)
    assert levels["personal"]
