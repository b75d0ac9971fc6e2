"""Object types and their registry."""

from kemai.platform.objects.registry import (
    UnknownObject,
    add_action,
    add_panel,
    all_types,
    by_model,
    get,
    register,
    relate,
)
from kemai.platform.objects.types import (
    VERBS,
    Action,
    Hooks,
    Numbering,
    ObjectType,
    Panel,
    Section,
    UnknownField,
)

__all__ = [
    "VERBS",
    "Action",
    "Hooks",
    "Numbering",
    "ObjectType",
    "Panel",
    "Section",
    "UnknownField",
    "UnknownObject",
    "add_action",
    "add_panel",
    "all_types",
    "by_model",
    "get",
    "register",
    "relate",
]
