"""Addresses of the pages of definition."""

from django.urls import path

from kemai.platform.ui.define import (
    config_views,
    convert_views,
    field_acts,
    field_views,
    layout_views,
    menu,
    object_views,
)

menu.register()

OBJECT = "settings/objects/<slug:type_key>/"
FIELD = OBJECT + "fields/<slug:key>/"
LAYOUT = OBJECT + "layouts/<slug:kind>/"

urlpatterns = [
    path("settings/configuration/", config_views.page, name="define_config"),
    path("settings/configuration/file", config_views.download, name="define_config_file"),
    path("settings/configuration/apply", config_views.apply, name="define_config_apply"),
    path("settings/configuration/history/", config_views.history_page, name="define_history"),
    path("settings/configuration/history/<int:key>/back", config_views.roll_back, name="define_roll_back"),
    path("settings/objects/", object_views.page, name="define_objects"),
    path("settings/objects/new", object_views.new, name="define_object_new"),
    path("settings/objects/key", object_views.suggest_key, name="define_object_key"),
    path(OBJECT, object_views.fields_tab, name="define_object"),
    path(OBJECT + "edit", object_views.edit, name="define_object_edit"),
    path(OBJECT + "rules", object_views.rules_tab, name="define_rules"),
    path(OBJECT + "uses", object_views.uses_tab, name="define_uses"),
    path(OBJECT + "history", object_views.history_tab, name="define_object_history"),
    path(OBJECT + "delete", object_views.delete, name="define_object_delete"),
    path(OBJECT + "restore", object_views.restore, name="define_object_restore"),
    path(OBJECT + "order", field_acts.order, name="define_order"),
    path(OBJECT + "relate", object_views.relate, name="define_relate"),
    path(OBJECT + "fields/new", field_views.choose, name="define_field_new"),
    path(OBJECT + "fields/new/<slug:kind>", field_views.new, name="define_field_make"),
    path(OBJECT + "fields/key", field_views.suggest_key, name="define_field_key"),
    path(OBJECT + "rollup/<slug:kind>", field_views.rollup_part, name="define_rollup_part"),
    path(OBJECT + "layouts/", layout_views.tab, name="define_layouts"),
    path(OBJECT + "layouts/order", layout_views.order_roles, name="define_layout_roles"),
    path(LAYOUT, layout_views.design, name="define_layout"),
    path(LAYOUT + "preview", layout_views.preview, name="define_layout_preview"),
    path(LAYOUT + "discard", layout_views.discard, name="define_layout_discard"),
    path(LAYOUT + "<int:version>/compare", layout_views.compare, name="define_layout_compare"),
    path(LAYOUT + "<int:version>/back", layout_views.roll_back, name="define_layout_back"),
    path(FIELD, field_views.edit, name="define_field"),
    path(FIELD + "rights", field_acts.rights_page, name="define_field_rights"),
    path(FIELD + "delete", field_acts.delete, name="define_field_delete"),
    path(FIELD + "restore", field_acts.restore, name="define_field_restore"),
    path(FIELD + "convert", convert_views.page, name="define_convert"),
    path(FIELD + "convert/undo", convert_views.undo, name="define_convert_undo"),
    path(FIELD + "merge", convert_views.merge_page, name="define_merge"),
    path(FIELD + "index", field_acts.index_state, name="define_field_index"),
]
