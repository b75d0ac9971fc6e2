"""The bill of materials: true to the schema, and to the lock files."""

from __future__ import annotations

import json
import tomllib

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tools import sbom
from tools.frontend import FRONTEND, ROOT

UNNAMED = {"colorama", "fido2", "pysqlite3", "htmx.org"}
"""Of other systems, or without a word on their licence in package and lock."""


def test_the_bill_of_materials_holds_what_runs_and_nothing_else() -> None:
    bom = sbom.whole()
    assert JsonStrictValidator(SchemaVersion.V1_5).validate_str(json.dumps(bom)) is None
    listed = {(one["name"], one["version"]) for one in bom["components"]}
    names = {name for name, _version in listed}
    locked = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
    own = next(one for one in locked if one["name"] == "kemai")
    assert {one["name"] for one in own["dependencies"]} <= names
    assert ("django", next(one["version"] for one in locked if one["name"] == "django")) in listed
    pages = json.loads((FRONTEND / "package.json").read_text(encoding="utf-8"))
    assert set(pages["dependencies"].items()) <= listed
    assert (
        not {"pytest", "mypy", "cyclonedx-python-lib", "esbuild", "typescript", *pages["devDependencies"]}
        & names
    )
    refs = {one["bom-ref"] for one in [*bom["components"], bom["metadata"]["component"]]}
    assert all({one["ref"], *one.get("dependsOn", [])} <= refs for one in bom["dependencies"])
    assert {one["name"] for one in bom["components"] if not one.get("licenses")} <= UNNAMED
    assert all(
        one.get("hashes") or one.get("externalReferences")
        for one in bom["components"]
        if one["name"] != "frontend"
    )
