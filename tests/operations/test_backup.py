"""A backup taken while others write, restored elsewhere and compared record by record; the erased stay erased."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from kemai.platform.backup import jobs, keeping
from kemai.platform.jobs import Fatal, Progress, run_all
from kemai.platform.models import BackupRun, Job
from tests.cells import COLUMN_KEY, OTHER_KEY
from tests.e2e.company import ROOT
from tests.operations.conftest import Place
from tests.people import Person

KEY = "ein langer Satz als Schlüssel 客脉"
STORY = Path(__file__).parent / "backup_story.py"
OFTEN_CHANGING = {"platform_backuprun", "django_session", "kemai_cache", "platform_ratecount"}


def kemai(place: Place, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kemai.project.cli", *arguments],
        cwd=ROOT, env=place.environment | more, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def story(place: Place, act: str, *arguments: str) -> Any:
    """Runs a chapter of `backup_story.py` on the place and returns what it printed."""
    done = subprocess.run(
        [sys.executable, str(STORY), act, *arguments],
        cwd=ROOT, env=place.environment | {"KEMAI_BACKUP_KEY": KEY, "KEMAI_COLUMN_KEY": COLUMN_KEY},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


@pytest.mark.django_db(transaction=True)
@pytest.mark.row(143)
def test_restored_elsewhere_it_is_the_same_and_the_erased_stay_erased(
    place: Place, other_place: Place, tmp_path: Path
) -> None:
    """One story, because each step is a process: fill, back up, erase somebody, restore, compare."""
    first = story(place, "fill")
    archive = Path(first["archive"])
    assert first["writers"] > 0, "somebody wrote while the backup was taken"

    wrong = kemai(
        other_place, "restore", str(archive), "--into", str(other_place.data), KEMAI_BACKUP_KEY="no"
    )
    assert wrong.returncode == 1
    assert not (other_place.data / "secret.key").exists()

    command = ("restore", str(archive), "--into", str(other_place.data), "--database", other_place.url)
    for keys in ({}, {"KEMAI_COLUMN_KEY": OTHER_KEY}):
        shut = kemai(other_place, *command, KEMAI_BACKUP_KEY=KEY, **keys)
        assert (shut.returncode, "KEMAI_COLUMN_KEY" in shut.stderr) == (1, True), shut.stderr
        assert not (other_place.data / "secret.key").exists(), (
            "nor is anything left in the database: it is tried again"
        )
    done = kemai(other_place, *command, KEMAI_BACKUP_KEY=KEY, KEMAI_COLUMN_KEY=COLUMN_KEY)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "重新删除了 1 位" in done.stdout

    restored = story(other_place, "look", str(first["erased"]))
    then = first["rows"]
    differ = {
        table for table in then if table not in OFTEN_CHANGING and then[table] != restored["rows"].get(table)
    }
    # what the second erasure touches, and nothing else
    assert differ <= {
        "customers_customer", "customers_tombstone", "customers_identifier", "platform_change", "platform_changeset",
        "platform_outboxevent", "platform_auditentry", "platform_searchdoc", "customers_interaction", "platform_job",
        "platform_typeslot", "platform_setting",
    }  # fmt: skip
    kept = [row for row in then["customers_customer"] if row[0] != first["erased"]]
    assert [row for row in restored["rows"]["customers_customer"] if row[0] != first["erased"]] == kept
    assert "欧阳春晓" in json.dumps(then["customers_customer"], ensure_ascii=False)
    assert "欧阳春晓" not in json.dumps(restored["rows"]["customers_customer"], ensure_ascii=False)
    assert restored["buried"] is True
    assert restored["file"] == "annual report"

    again = kemai(other_place, *command, KEMAI_BACKUP_KEY=KEY)
    assert again.returncode == 1
    assert "不是空的" in again.stderr
    rehearsed = kemai(other_place, "upgrade", "--rehearse", KEMAI_COLUMN_KEY=COLUMN_KEY)
    assert rehearsed.returncode == 0, rehearsed.stdout + rehearsed.stderr
    assert "没有记录丢失" in rehearsed.stdout


@pytest.mark.django_db
@pytest.mark.row(143)
def test_the_page_tells_runs_verifies_and_keeps_its_limits(
    client: Client, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Any
) -> None:
    settings.BACKUP_ROOT = str(tmp_path)
    assert client.get("/settings/backups/").status_code == 302
    client.force_login(people["alice"].user)
    assert client.get("/settings/backups/").status_code == 403
    client.force_login(people["boss"].user)
    page = client.get("/settings/backups/").content.decode()
    assert "还没有备份" in page
    assert "备份不加密" in page

    values = {"on": "1", "hour": "25", "days": "7", "weeks": "4", "months": "6"}
    assert client.post("/settings/backups/", values).status_code == 422
    client.post("/settings/backups/", values | {"hour": "4", "days": "3"})
    assert keeping.options() == {"on": 1, "hour": 4, "days": 3, "weeks": 4, "months": 6}

    client.post("/settings/backups/run/")
    assert Job.objects.filter(task=jobs.TASK, state="waiting").count() == 1

    def full(*_args: object, **_kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("kemai.platform.backup.snapshot.take", full)
    run_all()
    failed = BackupRun.objects.get()
    assert failed.state == "failed"
    assert "No space left" in client.get("/settings/backups/").content.decode()
    assert not list(tmp_path.glob("*.kbak"))
    assert not list(tmp_path.glob(".*partial"))

    gone = BackupRun.objects.create(
        started_at=timezone.now(), state="done", name="kemai-1.kbak", vendor="sqlite"
    )
    client.post(f"/settings/backups/{gone.pk}/verify/")
    run_all()
    assert "文件不见了" in client.get("/settings/backups/").content.decode()
    with pytest.raises(Fatal):
        jobs.run_now(Progress(Job.objects.order_by("-pk")[0]), name="x")


@pytest.mark.django_db
def test_due_once_a_day_and_made_up_for() -> None:
    at = timezone.localtime().replace(hour=3, minute=5)
    BackupRun.objects.create(started_at=at, state="done", vendor="sqlite")
    day = timedelta(days=1)
    assert not keeping.is_due(at + timedelta(hours=20))
    assert keeping.is_due(at + day)
    assert keeping.is_due(at + day + timedelta(hours=9)), "the server was off at night"
    BackupRun.objects.create(started_at=at + day, state="failed", vendor="sqlite")
    assert not keeping.is_due(at + day + timedelta(hours=1)), "a failed one is told, not tried for ever"
    BackupRun.objects.create(started_at=at + 400 * day, state="done", vendor="sqlite")
    assert keeping.is_due(at + 2 * day), "a clock that was a year ahead for a moment stops no backups"
