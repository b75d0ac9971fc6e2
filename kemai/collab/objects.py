"""Tasks."""

from django.utils.translation import gettext_lazy as _

from kemai.collab import panels
from kemai.collab.models import Task
from kemai.collab.services import tasks
from kemai.collab.services.hooks import prepare_task
from kemai.platform.objects import Hooks, ObjectType, Section, register
from kemai.platform.records.belongings import Belonging, register_belonging

register_belonging(
    Belonging(
        "task", tasks.still_open, about=tasks.about_records, follow=tasks.records_of, label=_("未完成的任务")
    )
)
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
        search=("title",),
        sort="due_at",
        badges=("kind", "state"),
        hooks=Hooks(prepare=prepare_task),
        panels=list(panels.PANELS),
        actions=list(panels.ACTIONS),
    )
)
