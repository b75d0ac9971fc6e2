"""What people brought in is not kept for ever; what it became, and taking it back, does not need the file."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from kemai.platform import access, imports, records
from kemai.platform.imports import retention
from kemai.platform.imports.tests.conftest import IMPORTER, Load, customers
from kemai.platform.jobs import Progress
from kemai.platform.models import ImportRun, Job, StoredFile

HEADER = ["客户编号", "名称", "电话"]
ROWS = [["M1", "甲", "13800130001"], ["M2", "乙", "不是号码"]]


def sweep() -> object:
    return retention.sweep(Progress(Job(pk=0)))


def aged(run: ImportRun, days: int) -> None:
    then = timezone.now() - timedelta(days=days)
    finished = then if run.finished_at else None
    ImportRun.objects.filter(pk=run.pk).update(created_at=then, finished_at=finished)


def kept(stored: Any) -> bool:
    return Path(settings.MEDIA_ROOT, stored.path).exists()


def test_the_files_of_a_finished_import_go_after_a_season_and_the_import_can_still_be_undone(
    load: Load,
) -> None:
    run = load(HEADER, ROWS)
    imports.execute(run)
    aged(run, 89)
    assert sweep() == 0
    assert kept(run.file)
    aged(run, 91)
    assert sweep() == 1
    assert sweep() == 0
    run.refresh_from_db()
    assert not kept(run.file)
    assert run.file.name == "customer.csv"
    assert run.error_file is None
    with pytest.raises(access.NotVisible):
        records.location(run.file)
    assert len(customers("id")) == 1
    imports.undo(run, by=IMPORTER, now=True)
    assert customers("id") == []


def test_an_upload_that_nobody_ran_goes_after_a_month(load: Load) -> None:
    run = load(HEADER, ROWS)
    imports.rehearse(run)
    aged(run, 29)
    assert sweep() == 0
    aged(run, 31)
    assert sweep() == 1
    assert not ImportRun.objects.exists()
    assert not StoredFile.objects.exists()
    assert not kept(run.file)


def test_the_same_content_stays_for_whoever_still_needs_it(load: Load) -> None:
    old = load(HEADER, ROWS)
    imports.execute(old)
    young = load(HEADER, ROWS)
    aged(old, 91)
    assert sweep() == 1
    assert kept(young.file)
