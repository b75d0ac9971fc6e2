"""Tasks."""

from django.utils.translation import gettext_lazy as _

from kemai.collab.models import Task
from kemai.platform.objects import ObjectType, Section, register

TASK = register(
    ObjectType(
        key="task",
        model=Task,
        title="title",
        icon="checkbox",
        nav="work",
        nav_order=20,
        columns=("title", "kind", "state", "due_at", "owner"),
        form=(Section(_("任务"), "title", "kind", "due_at", "owner", "state", "note"),),
        board="state",
        date="due_at",
        sort="due_at",
    )
)
