"""Who acts on what: functions in `<app>/handlers.py`, registered by event name, imported on first use."""

from __future__ import annotations

import contextlib
import fnmatch
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module

from django.utils.module_loading import autodiscover_modules

from kemai.platform.models import OutboxEvent

PLATFORM = (
    "kemai.platform.search.handlers",
    "kemai.platform.imports.handlers",
    "kemai.platform.records.recompute",
)
"""The platform is one app of many packages; its handlers are named here."""

HandlerFunction = Callable[[OutboxEvent], object]


@dataclass(frozen=True)
class Handler:
    name: str
    pattern: str
    function: HandlerFunction


_handlers: dict[str, Handler] = {}


def on(pattern: str, *, name: str | None = None) -> Callable[[HandlerFunction], HandlerFunction]:
    """Call the function for every event whose name matches ("customer.*", "*.deleted").

    It runs in the transaction that notes the delivery, so what it writes happens once; whatever leaves the database
    (mail, HTTP) it must put in the queue instead. `name` stays the same for ever: deliveries are noted by it."""

    def register(function: HandlerFunction) -> HandlerFunction:
        handler = Handler(name or f"{function.__module__}.{function.__qualname__}", pattern, function)
        known = _handlers.get(handler.name)
        if known is not None and known.function.__module__ != function.__module__:
            raise ValueError(f"two handlers are called {handler.name}")
        _handlers[handler.name] = handler
        handlers_for.cache_clear()
        return function

    return register


@functools.cache
def _discover() -> None:
    autodiscover_modules("handlers")
    for module in PLATFORM:
        import_module(module)


@functools.lru_cache(maxsize=4096)
def handlers_for(event: str) -> tuple[Handler, ...]:
    """The handlers of an event name, in the order of their names."""
    _discover()
    found = (handler for handler in _handlers.values() if fnmatch.fnmatchcase(event, handler.pattern))
    return tuple(sorted(found, key=lambda handler: handler.name))


def handler_named(name: str) -> Handler | None:
    _discover()
    return _handlers.get(name)


@contextlib.contextmanager
def temporarily(pattern: str, function: HandlerFunction, *, name: str) -> Iterator[None]:
    """A handler for the length of a test."""
    _discover()
    on(pattern, name=name)(function)
    try:
        yield
    finally:
        _handlers.pop(name, None)
        handlers_for.cache_clear()
