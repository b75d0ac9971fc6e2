"""The analyses there are: every module of `analyses/` that has an ANALYSIS. Adding one edits no shared file."""

from __future__ import annotations

import functools
import pkgutil
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any

from kemai.analytics import analyses
from kemai.analytics.analysis import Analysis, build_params


class UnknownAnalysis(LookupError):
    """No analysis has this key; `allowed` are those there are."""

    def __init__(self, key: str, allowed: Iterable[str]) -> None:
        super().__init__(key)
        self.key = key
        self.allowed = tuple(allowed)


@functools.cache
def all_analyses() -> Mapping[str, Analysis]:
    found = {}
    for info in pkgutil.iter_modules(analyses.__path__):
        analysis = getattr(import_module(f"{analyses.__name__}.{info.name}"), "ANALYSIS", None)
        if isinstance(analysis, Analysis):
            found[analysis.key] = analysis
    return found


def get_analysis(key: str) -> Analysis:
    known = all_analyses()
    if key not in known:
        raise UnknownAnalysis(key, known)
    return known[key]


def params_for(key: str, given: Mapping[str, object] | None = None) -> Any:
    """Checked parameters: those given, over those that the company has set (`analysis.<key>`), over the defaults."""
    from kemai.platform.models import Setting

    analysis = get_analysis(key)
    row = Setting.objects.filter(key=f"analysis.{key}").first()
    standing = row.value if row is not None and isinstance(row.value, dict) else {}
    return build_params(analysis.params, {**standing, **dict(given or {})})
