"""Documents that would otherwise fall behind the code."""

from __future__ import annotations

import re
from pathlib import Path

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
