"""Ibis, loaded when it is first used: pages name the analyses without computing any, and the library with its engines
takes 150 MB and two seconds of a web process."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ibis
else:

    class _Ibis:
        def __getattr__(self, name: str) -> Any:
            return getattr(import_module("ibis"), name)

    ibis = _Ibis()

__all__ = ["ibis"]
