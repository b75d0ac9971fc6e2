"""Which backups stay: so many of the newest days, weeks and months. A plain rule, and what it removes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone

from kemai.platform.access import Actor, Denied
from kemai.platform.backup import ledger
from kemai.platform.models import BackupRun, Setting

DEFAULTS: Mapping[str, int] = {"on": 1, "hour": 3, "days": 7, "weeks": 4, "months": 6}
LIMITS = {"on": (0, 1), "hour": (0, 23), "days": (1, 365), "weeks": (0, 52), "months": (0, 120)}
KEY = "backup"
STALE_HOURS = 48
SKEW = timedelta(minutes=5)


def options() -> dict[str, int]:
    stored = Setting.objects.filter(key=KEY).values_list("value", flat=True).first() or {}
    return {name: int(stored.get(name, default)) for name, default in DEFAULTS.items()}


def set_options(values: Mapping[str, int], *, by: Actor) -> None:
    """Raises access.Denied, ValueError (a number out of its limits)."""
    if not (by.is_admin or by.is_system):
        raise Denied
    for name, (low, high) in LIMITS.items():
        if not low <= values[name] <= high:
            raise ValueError(name)
    Setting.objects.update_or_create(key=KEY, defaults={"value": dict(values)})


def kept(moments: Iterable[datetime], days: int, weeks: int, months: int) -> set[datetime]:
    """The moments to be kept: of each of the newest `days` days, weeks and months that have one, the newest; and all of
    the last 24 hours before the newest of all, so that a backup made by hand pushes out none of the same day."""
    newest = sorted(moments, reverse=True)
    found = {moment for moment in newest if moment > newest[0] - timedelta(days=1)}
    for most, slot in ((days, "%Y-%m-%d"), (weeks, "%G-%V"), (months, "%Y-%m")):
        seen: dict[str, datetime] = {}
        for moment in newest:
            seen.setdefault(moment.strftime(slot), moment)
        found |= set(list(seen.values())[:most])
    return found


def remove_old() -> int:
    """Removes the archives that the rule lets go; returns how many."""
    chosen = options()
    runs = list(BackupRun.objects.filter(state="done", removed=False))
    local = {timezone.localtime(run.started_at): run for run in runs}
    stay = kept(local, chosen["days"], chosen["weeks"], chosen["months"])
    gone = [run for moment, run in local.items() if moment not in stay]
    for run in gone:
        place(run).unlink(missing_ok=True)
        BackupRun.objects.filter(pk=run.pk).update(removed=True)
    return len(gone)


def place(run: BackupRun) -> Path:
    return ledger.folder() / run.name


def last_due(now: datetime, hour: int) -> datetime:
    """The latest moment at or before `now` at which a backup should have begun, by the clock of the company."""
    local = timezone.localtime(now, timezone.get_default_timezone())
    moment = local.replace(hour=hour, minute=0, second=0, microsecond=0, fold=0)
    return moment if moment <= local else moment - timedelta(days=1)


def next_due(now: datetime, hour: int) -> datetime:
    return last_due(now, hour) + timedelta(days=1)


def is_due(now: datetime) -> bool:
    """Whether the last moment was missed so far. On the first day nothing is: an installation of this morning has
    nothing of last night."""
    chosen = options()
    if not chosen["on"]:
        return False
    # one from the future is of a clock that was wrong: it must not keep the next ones from being made
    past = BackupRun.objects.filter(started_at__lte=now + SKEW)
    begun = past.order_by("-started_at").values_list("started_at", flat=True).first()
    due = last_due(now, chosen["hour"])
    return begun < due if begun is not None else now - due < timedelta(hours=1)


def runs(most: int) -> list[BackupRun]:
    """The tries whose archives are there, and the failed ones; the newest first."""
    return list(BackupRun.objects.filter(removed=False).order_by("-started_at")[:most])


def archive(key: int) -> BackupRun | None:
    return BackupRun.objects.filter(pk=key, state="done", removed=False).first()


def newest() -> BackupRun | None:
    past = BackupRun.objects.filter(state="done", removed=False, started_at__lte=timezone.now() + SKEW)
    return past.order_by("-started_at").first()


def state() -> dict[str, Any]:
    """For doctor, the figures and the page: the newest good backup, its age in seconds, whether that is too old."""
    last, chosen = newest(), options()
    age = (timezone.now() - last.started_at).total_seconds() if last else None
    stale = bool(chosen["on"]) and (age is None or age > STALE_HOURS * 3600)
    return {"last": last, "age": age, "stale": stale, "on": bool(chosen["on"])}
