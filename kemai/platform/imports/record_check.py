"""Is a mapping of columns to the fields of a record good enough to begin with?"""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from kemai.platform.fields import FieldSpec
from kemai.platform.imports.mapping import ColumnMap, Options
from kemai.platform.objects import ObjectType
from kemai.platform.records.conditional import is_conditional


def check(object_type: ObjectType, columns: Sequence[ColumnMap], options: Options) -> list[str]:
    """What is wrong with a mapping."""
    mapped = {one.field for one in columns}
    found = []
    if options.creates:
        needed = [spec for spec in object_type.fields.values() if needs_column(spec)]
        missing = [spec for spec in needed if spec.key not in mapped]
        found += [_("新建记录需要“%(field)s”，请选择它在哪一列") % {"field": spec.label} for spec in missing]
    if options.updates and not options.creates and not options.match:
        found.append(_("只更新已有记录时，请选择按哪些字段识别"))
    for key in options.match:
        if key not in object_type.unique_keys:
            found.append(_("不能按“%(field)s”识别已有记录") % {"field": key})
        elif key not in mapped:
            label = object_type.fields[key].label
            found.append(_("要按“%(field)s”识别已有记录，请选择它在哪一列") % {"field": label})
    return found


def needs_column(spec: FieldSpec) -> bool:
    """Must every new record bring it?"""
    filled = spec.own is not None and spec.default is not None
    return spec.required and not is_conditional(spec) and not filled
