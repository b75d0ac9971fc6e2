"""Addresses of one record's pages."""

from __future__ import annotations

from django.urls import path

from kemai.platform.ui.records import (
    act_views,
    choice_views,
    file_views,
    link_views,
    page_views,
    sharing_views,
)

ONE = "o/<slug:type_key>/<int:pk>"

urlpatterns = [
    path("people/options", choice_views.people, name="people"),
    path("people/principals", sharing_views.principals, name="principals"),
    path("tags/options", choice_views.tags, name="tag_options"),
    path("regions", choice_views.regions, name="regions"),
    path("undo/<int:changeset>", act_views.undo, name="undo"),
    path("o/<slug:type_key>/new", act_views.create, name="create"),
    path("o/<slug:type_key>/options", choice_views.options, name="options"),
    path("o/<slug:type_key>/similar", choice_views.similar, name="similar"),
    path(ONE, page_views.record, name="record"),
    path(f"{ONE}/edit", act_views.edit, name="edit"),
    path(f"{ONE}/delete", act_views.delete, name="delete"),
    path(f"{ONE}/restore", act_views.restore, name="restore"),
    path(f"{ONE}/history", page_views.history, name="history"),
    path(f"{ONE}/peek", page_views.peek, name="peek"),
    path(f"{ONE}/timeline", page_views.timeline, name="timeline"),
    path(f"{ONE}/links", link_views.links, name="links"),
    path(f"{ONE}/links/options", link_views.options, name="link_options"),
    path(f"{ONE}/links/<int:link_id>/remove", link_views.remove, name="unlink"),
    path(f"{ONE}/files", act_views.files, name="files"),
    path(f"{ONE}/files/<int:file_id>", act_views.file, name="file"),
    path(f"{ONE}/members", sharing_views.members, name="members"),
    path(f"{ONE}/members/<int:member_id>/remove", sharing_views.member_remove, name="member_remove"),
    path(f"{ONE}/access", sharing_views.who_sees, name="who_sees"),
    path(f"{ONE}/related/<str:child>", page_views.related_list, name="related"),
    path(f"{ONE}/panel/<slug:key>", page_views.panel, name="panel"),
    path(f"{ONE}/why/<slug:name>", page_views.why, name="why"),
    path(f"{ONE}/field/<slug:name>", act_views.field, name="field"),
    path(f"{ONE}/reveal/<slug:name>", act_views.reveal, name="reveal"),
    path(f"{ONE}/value/<slug:name>", file_views.value, name="field_file"),
    path(f"{ONE}/picture/<slug:name>", file_views.picture, name="field_picture"),
    path(f"{ONE}/act/<slug:key>", act_views.act, name="act"),
]
