"""What people say to and owe one another: tasks, comments, follows, notices, calendar feeds."""

from kemai.collab.models.calendar import CalendarFeed
from kemai.collab.models.notice import KINDS, LiveMessage, Notice, NoticeSettings
from kemai.collab.models.talk import Comment, Follow
from kemai.collab.models.task import Task

__all__ = ["KINDS", "CalendarFeed", "Comment", "Follow", "LiveMessage", "Notice", "NoticeSettings", "Task"]
