"""One read door, one write door, no signals, and walls between neighbours."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tools.lints.model import Rule, Source, called_name, imported

SCREENS = frozenset({"views", "api", "actions", "ui"})
MANAGERS = frozenset({"objects", "_default_manager", "_base_manager"})
# The machinery behind the write door keeps its own tables: rights, change sets, outbox, search, the job queue, what
# administrators define.
MACHINERY = frozenset({"backup", "access", "audit", "events", "search", "jobs", "define"})
WRITERS = frozenset({"records", "services", "migrations", "begin"})
SIGNALS = (
    "django.dispatch",
    "django.db.models.signals",
    "django.core.signals",
    "django.contrib.auth.signals",
)
ENGINES = ("duckdb", "ibis", "adbc_driver_manager", "adbc_driver_postgresql", "pyarrow")


class ReadDoor(Rule):
    """Screens, API and actions get querysets from access.scope, which knows who may see what."""

    name = "read-door"
    good = (
        ("kemai/customers/views.py", "rows = access.scope(actor, CUSTOMER, 'read')\n"),
        ("kemai/customers/services/pools.py", "Pool.objects.filter(enabled=True)\n"),
        ("kemai/customers/views.py", "names = payload['objects']; objects = []\n"),
    )
    bad = (
        ("kemai/customers/views.py", "rows = Customer.objects.filter(owner=user)\n"),
        ("kemai/sales/api/deal.py", "rows = type_.model._default_manager.all()\n"),
        ("kemai/platform/ui/views.py", "rows = models.Customer.objects.all()\n"),
    )

    def applies(self, source: Source) -> bool:
        inside = source.path.startswith("kemai/") and bool(SCREENS.intersection(source.parts))
        return source.is_python and inside and not source.is_test and not source.is_migration

    def find(self, source: Source) -> Iterator[tuple[int, str]]:
        for node in source.nodes:
            if isinstance(node, ast.Attribute) and node.attr in MANAGERS:
                yield (
                    node.lineno,
                    f"`.{node.attr}` goes round permissions; use access.scope(actor, type, verb)",
                )


class WriteDoor(Rule):
    """Rows are written by platform.records and by services, where permission, audit and events hang."""

    name = "write-door"
    good = (
        ("kemai/sales/services.py", "deal.save(update_fields=['stage'])\n"),
        ("kemai/platform/records/create.py", "obj.save()\n"),
        ("kemai/sales/actions.py", "records.update(DEAL, deal, {'stage': 'won'}, by=actor)\n"),
        (
            "kemai/sales/actions.py",
            "seen.update({1: 2}); digest.update(b'x'); cache.delete('key'); book.save(path)\n",
        ),
        ("kemai/platform/ui/templating.py", "env.globals.update(url=reverse)\n"),
        ("kemai/sales/tests/test_deal.py", "deal.delete()\n"),
        ("kemai/platform/jobs/queue.py", "Job.objects.filter(pk=1).update(state='done')\n"),
    )
    bad = (
        ("kemai/sales/actions.py", "deal.save()\n"),
        ("kemai/sales/rules.py", "deal.delete()\n"),
        ("kemai/sales/views.py", "rows.update(stage='won')\n"),
        ("kemai/analytics/store.py", "Run.objects.create(state='new')\n"),
        ("kemai/analytics/store.py", "Run.objects.bulk_create(rows)\n"),
    )

    def applies(self, source: Source) -> bool:
        if not source.is_python or not source.path.startswith("kemai/") or source.is_test:
            return False
        machinery = (
            source.parts[:2] == ("kemai", "platform")
            and len(source.parts) > 2
            and source.parts[2] in MACHINERY
        )
        return not machinery and not WRITERS.intersection(source.parts)

    def find(self, source: Source) -> Iterator[tuple[int, str]]:
        for node in source.nodes:
            if isinstance(node, ast.Call) and self._writes(node):
                verb = called_name(node)
                yield node.lineno, f"`.{verb}()` writes past the door; call platform.records or a service"

    @staticmethod
    def _writes(call: ast.Call) -> bool:
        if not isinstance(call.func, ast.Attribute):
            return False
        verb, chain = call.func.attr, call.func.value
        # Model.save() and .delete() take no positional arguments; files, caches and clients do
        if verb in {"save", "delete"}:
            return not call.args and not (isinstance(chain, ast.Name) and chain.id in {"records", "form"})
        # QuerySet.update() takes keywords only; dict and hash updates are positional
        if verb == "update":
            rows = not isinstance(chain, ast.Attribute) or chain.attr in {"queryset", *MANAGERS}
            return rows and not call.args and bool(call.keywords) and all(word.arg for word in call.keywords)
        if verb in {"bulk_create", "bulk_update", "create", "get_or_create", "update_or_create"}:
            return any(isinstance(part, ast.Attribute) and part.attr in MANAGERS for part in ast.walk(chain))
        return False


class NoSignals(Rule):
    """What happens is called by name where it happens, so a reader can follow it."""

    name = "no-signals"
    good = (
        (
            "kemai/sales/services.py",
            "from kemai.platform import events\nevents.emit('deal.won', deal, by=actor)\n",
        ),
    )
    bad = (
        ("kemai/sales/apps.py", "from django.db.models.signals import post_save\n"),
        ("kemai/sales/apps.py", "from django.dispatch import receiver\n"),
        ("kemai/sales/apps.py", "from django.db.models import signals\n"),
    )

    def applies(self, source: Source) -> bool:
        return source.is_python and source.path.startswith("kemai/") and not source.is_test

    def find(self, source: Source) -> Iterator[tuple[int, str]]:
        for line, name in imported(source):
            if name.startswith(SIGNALS):
                yield line, "no Django signals; call the service or emit an event by name"


class Walls(Rule):
    """Walls that import-linter cannot see because the folders behind them come and go."""

    name = "walls"
    good = (
        ("kemai/analytics/engine.py", "import duckdb\n"),
        (
            "kemai/channels/email/channel.py",
            "from kemai.channels.base import Channel\nfrom . import transport\n",
        ),
        ("kemai/analytics/analyses/rfm.py", "import ibis\nfrom kemai.analytics.result import Result\n"),
    )
    bad = (
        ("kemai/sales/services.py", "import duckdb\n"),
        ("kemai/platform/query/ibis.py", "import ibis\n"),
        ("kemai/channels/email/channel.py", "from kemai.channels.sms import transport\n"),
        ("kemai/channels/email/channel.py", "from ..sms.transport import send\n"),
        ("kemai/analytics/analyses/rfm.py", "from django.utils import timezone\n"),
    )
    _shared = frozenset(
        {"base", "models", "services", "rules", "objects", "actions", "registry", "apps", "sandbox"}
    )

    def applies(self, source: Source) -> bool:
        return source.is_python and source.path.startswith("kemai/") and not source.is_test

    def find(self, source: Source) -> Iterator[tuple[int, str]]:
        for line, name in imported(source):
            message = self._breach(source, name)
            if message:
                yield line, message

    def _breach(self, source: Source, name: str) -> str:
        where, top = ".".join(source.parts), name.split(".", maxsplit=1)[0]
        if top in ENGINES and not where.startswith("kemai.analytics"):
            return "only kemai.analytics knows the analytical engine; declare a dataset or ask analytics"
        if where.startswith("kemai.analytics.analyses.") and top == "django":
            allowed = name.startswith("django.utils.translation")
            return "" if allowed else "an analysis is tables in, result out, and knows no Django"
        if where.startswith("kemai.channels.") and name.startswith("kemai.channels."):
            own, other = source.parts[2], name.split(".")[2]
            if len(source.parts) > 3 and other != own and other not in self._shared:
                return "channels do not know one another; what two need goes to kemai.channels.base"
        return ""


RULES: tuple[Rule, ...] = (ReadDoor(), WriteDoor(), NoSignals(), Walls())
