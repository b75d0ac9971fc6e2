"""Who may see and do what."""

from kemai.platform.access.about import (
    abilities,
    binned,
    departments,
    people,
    principal_name,
    same_reach,
    sight_key,
)
from kemai.platform.access.actor import SYSTEM, Actor, Held, actor_for, versions
from kemai.platform.access.conditions import asking_levels, condition
from kemai.platform.access.explain import Explained, explain, explain_field, find_record, seers
from kemai.platform.access.grants import LEVELS, SCOPES, rights_changed, root_type, verb_scope, version_of
from kemai.platform.access.levels import field_levels
from kemai.platform.access.limits import Limits, limits, reading_limit
from kemai.platform.access.locks import lock_trees, locked, why_locked
from kemai.platform.access.scope import Denied, NotVisible, TooMany, may, one, require, scope
from kemai.platform.access.show import (
    Masked,
    levels_on,
    mask_fields,
    mask_personal,
    mask_rows,
    mask_title,
    narrowed,
    opens,
    order,
    revealable,
    title_mask,
    visible_specs,
)
from kemai.platform.access.wording import conditional, deciding_fields, range_text, why_not

__all__ = [
    "LEVELS",
    "SCOPES",
    "SYSTEM",
    "Actor",
    "Denied",
    "Explained",
    "Held",
    "Limits",
    "Masked",
    "NotVisible",
    "TooMany",
    "abilities",
    "actor_for",
    "asking_levels",
    "binned",
    "condition",
    "conditional",
    "deciding_fields",
    "departments",
    "explain",
    "explain_field",
    "field_levels",
    "find_record",
    "levels_on",
    "limits",
    "lock_trees",
    "locked",
    "mask_fields",
    "mask_personal",
    "mask_rows",
    "mask_title",
    "may",
    "narrowed",
    "one",
    "opens",
    "order",
    "people",
    "principal_name",
    "range_text",
    "reading_limit",
    "require",
    "revealable",
    "rights_changed",
    "root_type",
    "same_reach",
    "scope",
    "seers",
    "sight_key",
    "title_mask",
    "verb_scope",
    "version_of",
    "versions",
    "visible_specs",
    "why_locked",
    "why_not",
]
