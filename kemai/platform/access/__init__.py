"""Who may see and do what."""

from kemai.platform.access.about import abilities, binned, people
from kemai.platform.access.actor import SYSTEM, Actor, Held, actor_for
from kemai.platform.access.conditions import condition
from kemai.platform.access.grants import LEVELS, SCOPES, field_levels, rights_changed, verb_scope
from kemai.platform.access.scope import Denied, NotVisible, may, one, require, scope
from kemai.platform.access.show import Masked, levels_on, mask_rows, visible_specs

__all__ = [
    "LEVELS",
    "SCOPES",
    "SYSTEM",
    "Actor",
    "Denied",
    "Held",
    "Masked",
    "NotVisible",
    "abilities",
    "actor_for",
    "binned",
    "condition",
    "field_levels",
    "levels_on",
    "mask_rows",
    "may",
    "one",
    "people",
    "require",
    "rights_changed",
    "scope",
    "verb_scope",
    "visible_specs",
]
