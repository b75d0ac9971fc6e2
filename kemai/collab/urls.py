"""Addresses of this app."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from kemai.collab.views import calendar, comments, following, notices, settings, tasks

ONE = "o/<slug:type_key>/<int:pk>"

urlpatterns: list[URLPattern | URLResolver] = [
    path("notices/", notices.page, name="notices"),
    path("notices/drawer/", notices.drawer, name="notices_drawer"),
    path("notices/part/", notices.part, name="notices_part"),
    path("notices/unread/", notices.unread, name="notices_unread"),
    path("notices/read/", notices.read, name="notices_read"),
    path("notices/<int:pk>/", notices.opened, name="notice_open"),
    path("me/notices/", notices.settings_page, name="notice_settings"),
    path(f"{ONE}/comments", comments.on_record, name="comments"),
    path(f"{ONE}/task", tasks.about_record, name="task_about"),
    path(f"{ONE}/follow", following.follow, name="follow"),
    path("comments/<int:pk>", comments.thread, name="comment_thread"),
    path("comments/<int:pk>/reply", comments.reply, name="comment_reply"),
    path("comments/<int:pk>/share", comments.share, name="comment_share"),
    path("comments/<int:pk>/edit", comments.edit, name="comment_edit"),
    path("comments/<int:pk>/delete", comments.delete, name="comment_delete"),
    path("comments/<int:pk>/files/<int:file_id>", comments.file, name="comment_file"),
    path("tasks/<int:pk>/later", tasks.later, name="task_later"),
    path("tasks/<int:pk>/reassign", tasks.reassign, name="task_reassign"),
    path("tasks/<int:pk>/nudge", tasks.nudge, name="task_nudge"),
    path("calendar/", calendar.page, name="calendar"),
    path("calendar/move/", calendar.move, name="calendar_move"),
    path("calendar/feeds/", calendar.feeds_page, name="calendar_feeds"),
    path("calendar/feeds/<int:pk>/revoke/", calendar.revoke, name="calendar_feed_revoke"),
    path("calendar/feed/<str:token>.ics", calendar.feed, name="calendar_feed"),
    path("settings/collab/", settings.page, name="collab_settings"),
    path("settings/collab/test-mail/", settings.test_mail, name="collab_test_mail"),
    path("people/mention", comments.mention_options, name="mention_options"),
]
