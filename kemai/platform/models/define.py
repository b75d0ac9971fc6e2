"""What an administrator defines on screen: own object types, own fields, layouts, and the history of all of it.

These rows describe; `platform.objects` reads them (appended to the declared types, cached by `Setting` "meta_version"),
`platform.define` is the only writer."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from kemai.platform.models.base import OwnedRecord
from kemai.platform.models.columns import ChoiceColumn, Option
from kemai.platform.models.extra import TypeKeyColumn
from kemai.platform.models.sealed import SealedJSON

KEY_LENGTH = 40
INDEX_STATES = (
    Option("none", _("未建索引"), "gray"),
    Option("building", _("建立中"), "blue"),
    Option("ready", _("已建立"), "green"),
    Option("failed", _("失败"), "red"),
)


class ObjectDef(models.Model):
    """An own object type. Its records are `Record` rows with `type_key` = `key`; from the registry on, nothing tells
    it from a declared type. `key` is ASCII and never changes; labels are free."""

    key = models.SlugField(max_length=KEY_LENGTH, unique=True)
    label = models.CharField(_("名称"), max_length=80)
    label_en = models.CharField(_("英文名称"), max_length=80, blank=True, default="")
    icon = models.CharField(_("图标"), max_length=40, blank=True, default="box")
    nav = models.CharField(_("导航分组"), max_length=24, blank=True, default="customers")
    position = models.IntegerField(default=50)
    purpose = models.CharField(_("用途"), max_length=300, blank=True, default="")
    title_label = models.CharField(_("标题字段的名称"), max_length=80, blank=True, default="")
    prefix = models.CharField(_("编号前缀"), max_length=12, blank=True, default="")
    digits = models.PositiveSmallIntegerField(_("编号位数"), default=6)
    parent = models.CharField(max_length=KEY_LENGTH, blank=True, default="")
    """The key of its own reference field whose record decides the rights; '' where the owner decides."""
    board = models.CharField(max_length=KEY_LENGTH, blank=True, default="")
    date = models.CharField(max_length=KEY_LENGTH, blank=True, default="")
    options = models.JSONField(default=dict)
    """{"tags": bool, "timeline": bool, "columns": [...], "search": [...], "badges": [...], "unique": [[...], ...]}"""
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.label


class FieldDef(models.Model):
    """An own field of any object type. Its values stand in the record's `extra` under `key`, which is ASCII and never
    changes. `settings` holds what only some kinds have:

    {"min", "max", "pattern", "pattern_hint", "places", "currency", "options": [{"value", "label", "label_en",
    "color", "archived"}], "ref": object key, "formula": text, "kind": result kind of a formula or roll-up, "rollup":
    {"object", "field", "of", "agg", "where"}, "columns": [sub-table columns], "prefix", "digits", "stars"}"""

    type_key = models.CharField(max_length=KEY_LENGTH)
    key = models.SlugField(max_length=KEY_LENGTH)
    label = models.CharField(_("名称"), max_length=80)
    label_en = models.CharField(_("英文名称"), max_length=80, blank=True, default="")
    kind = models.CharField(_("种类"), max_length=24)
    help = models.CharField(_("提示"), max_length=300, blank=True, default="")
    required = models.BooleanField(_("必填"), default=False)
    unique = models.BooleanField(_("唯一"), default=False)
    indexed = models.BooleanField(_("可排序"), default=False)
    index_state = ChoiceColumn(_("索引"), options=INDEX_STATES, default="none")
    default = models.JSONField(null=True)
    rule = models.TextField(_("校验公式"), blank=True, default="")
    rule_message = models.CharField(_("校验失败时的提示"), max_length=200, blank=True, default="")
    show_if = SealedJSON(null=True)
    """A condition tree over the record's own fields: shown (and required) only where it passes."""
    require_if = SealedJSON(null=True)
    personal = models.BooleanField(_("个人信息"), default=False)
    settings = models.JSONField(default=dict)
    position = models.IntegerField(default=50)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("type_key", "key"), name="field_def_once"),
        )  # keys of deleted fields are not given out again: old values and logs still name them  # fmt: skip

    def __str__(self) -> str:
        return f"{self.type_key}.{self.key}"


class Layout(models.Model):
    """How a type's records are laid out on one surface, as drafted and published on screen. The newest published row
    counts; without one (or with an empty one) a role has the layout of everybody, and everybody what the type declares.
    `state`:

    form, page: {"sections": [{"title", "title_en", "columns": 1|2, "fields": [...]}]};
    list: {"columns": [...]}; board: {"field", "card": [...]}."""

    KINDS = (
        Option("form", _("表单")), Option("page", _("详情页")), Option("list", _("列表")), Option("board", _("看板")),
    )  # fmt: skip

    type_key = models.CharField(max_length=KEY_LENGTH)
    kind = ChoiceColumn(options=KINDS)
    role = models.CharField(max_length=40, blank=True, default="")
    """The key of the role that it is for; "" is for everybody else."""
    state = models.JSONField(default=dict)
    version = models.PositiveIntegerField()
    published = models.BooleanField(default=False)
    note = models.CharField(max_length=200, blank=True, default="")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("type_key", "kind", "role", "version"), name="layout_version_once"
            ),
        )


class ConfigChange(models.Model):
    """One act on the configuration: what the definition was before and after, so that it can be compared and taken
    back. `target` names it: "object/equipment", "field/customer.size", "layout/customer.form"
    (for a role: "layout/customer.form@sales"), "file" (an import)."""

    target = models.CharField(max_length=120, db_index=True)
    action = models.CharField(max_length=16)
    before = SealedJSON(null=True)
    after = SealedJSON(null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    by_name = models.CharField(max_length=120, blank=True, default="")
    at = models.DateTimeField(db_index=True)


class Record(OwnedRecord):
    """A record of an own object type: a title, a number, an owner; everything else is in `extra`."""

    type_key = TypeKeyColumn(max_length=KEY_LENGTH, editable=False)
    number = models.CharField(_("编号"), max_length=40, blank=True, default="")
    name = models.CharField(_("名称"), max_length=200)
    name_sort = models.CharField(max_length=60, editable=False, default="")

    class Meta:
        indexes = (
            models.Index(fields=("type_key", "id"), name="record_type"),
            models.Index(fields=("type_key", "name_sort", "id"), name="record_name"),
            models.Index(fields=("type_key", "created_at", "id"), name="record_created"),
            models.Index(fields=("type_key", "updated_at", "id"), name="record_updated"),
            models.Index(fields=("type_key", "owner", "id"), name="record_owner"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("type_key", "number"), condition=models.Q(deleted_at=None) & ~models.Q(number=""),
                name="record_number_once", violation_error_message=_("这个编号已经有人用了"),
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return self.name
