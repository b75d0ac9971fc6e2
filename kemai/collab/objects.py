"""Tasks."""

from django.utils.translation import gettext_lazy as _

from kemai.collab import panels
from kemai.collab.models import Task
from kemai.collab.services import tasks
from kemai.collab.services.hooks import after_task, prepare_task
from kemai.platform.objects import Hooks, ObjectType, Section, View, register
from kemai.platform.records.belongings import Belonging, register_belonging

register_belonging(
    Belonging(
        "task", tasks.still_open, about=tasks.about_records, follow=tasks.records_of, label=_("未完成的任务")
    )
)
OPEN = {"field": "state", "op": "in", "value": ["open"]}
TASK = register(
    ObjectType(
        key="task",
        model=Task,
        title="title",
        icon="checkbox",
        nav="work",
        nav_order=20,
        columns=("title", "kind", "state", "due_at", "owner"),
        form=(
            Section(_("任务"), "title", "kind", "due_at", "owner", "state", "note"),
            Section(_("提醒和重复"), "remind_minutes", "repeat", "repeat_until"),
        ),
        views=(
            View("open", _("未完成"), OPEN, "due_at"),
            View(
                "my_open",
                _("我的未完成"),
                {"all": [OPEN, {"field": "owner", "op": "in", "value": ["me"]}]},
                "due_at",
            ),
            View(
                "week",
                _("本周到期"),
                {"all": [OPEN, {"field": "due_at", "op": "this", "value": "week"}]},
                "due_at",
            ),
        ),
        first_view="open",
        board="state",
        date="due_at",
        search=("title",),
        sort="-due_at",
        badges=("kind", "state"),
        hooks=Hooks(prepare=prepare_task, after=after_task),
        panels=list(panels.PANELS),
        actions=list(panels.ACTIONS),
    )
)
