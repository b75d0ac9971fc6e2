"""Facts in the past tense: written with the change that made them true, acted on by the worker afterwards."""

from kemai.platform.events.delivery import drain, drain_all
from kemai.platform.events.outbox import emit
from kemai.platform.events.registry import Handler, handlers_for, on, temporarily

__all__ = ["Handler", "drain", "drain_all", "emit", "handlers_for", "on", "temporarily"]
