"""Archives: a table and the files that its rows name, into fields and among the files of records."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from kemai.kit.archive import look
from kemai.kit.tests.test_archive import zipped
from kemai.platform import exports, imports, records
from kemai.platform.access import SYSTEM
from kemai.platform.define import fields
from kemai.platform.imports import services, work
from kemai.platform.imports.tests.conftest import IMPORTER, counts, customers, opened, rehearsed
from kemai.platform.imports.tests.test_running import Killed
from kemai.platform.models import Change, ChangeSet, ImportRun, StoredFile
from kemai.platform.objects import get
from kemai.platform.records import FieldErrors, purge, scanning

HEADER = ("客户编号", "名称", "执照", "附件")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(60)
LOCKED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 a workbook with a password"
ROWS = (
    ("M1", "张伟", "执照/张伟.png", "合同一.pdf; 合同二.pdf"),
    ("M2", "李娜", "", "报价单.xlsx"),
    ("M3", "王芳", "王芳.png", ""),
)
FILES = {
    "执照/张伟.png": PNG + b"1", "执照/王芳.png": PNG + b"2", "合同/合同一.pdf": b"%PDF-1.4 one",
    "合同/合同二.pdf": b"%PDF-1.4 two", "合同/报价单.xlsx": LOCKED, "说明.txt": "说明".encode(),
}  # fmt: skip


@pytest.fixture
def licence(db: None) -> str:
    return fields.create_field("customer", "file", {"label": "执照"}, by=SYSTEM).key


def table(rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return text.getvalue().encode("gb18030")


def archive(
    tmp_path: Path, rows: Sequence[Sequence[str]] = ROWS, files: dict[str, bytes] = FILES, **given: Any
) -> ImportRun:
    path = zipped(
        tmp_path / "资料.zip",
        {"资料/客户.csv": table(rows)} | {f"资料/{name}": content for name, content in files.items()},
        encoding="gb18030",
    )
    return opened(path, **given)


def files_of(number: str) -> list[str]:
    key = get("customer").model._default_manager.get(number=number).pk
    return sorted(
        StoredFile.objects.filter(type_key="customer", object_id=key).values_list("name", flat=True)
    )


def held(number: str, field: str) -> StoredFile | None:
    one: Any = get("customer").model._default_manager.get(number=number)
    return StoredFile.objects.filter(pk=one.extra.get(field)).first()


def reasons(run: ImportRun) -> dict[str, int]:
    return {one["reason"]: one["count"] for one in run.rehearsal["reasons"]}


@pytest.mark.row(9)
def test_files_come_with_their_rows(tmp_path: Path, licence: str) -> None:
    run = archive(tmp_path)
    assert [one["field"] for one in run.mapping["columns"]] == ["number", "name", licence, "@files"]
    assert rehearsed(run) == (3, 0, 0, 0)
    assert run.rehearsal["files"] == {
        "named": 5,
        "bytes": 162 + len(LOCKED),
        "unused": 1,
        "names": ["资料/说明.txt"],
    }
    assert not StoredFile.objects.filter(type_key="customer").exists()
    imports.execute(run)
    assert counts(run) == (3, 0, 0, 0)
    assert files_of("M1") == ["合同一.pdf", "合同二.pdf", "张伟.png"]
    assert (files_of("M2"), files_of("M3")) == (["报价单.xlsx"], ["王芳.png"])
    stored = held("M1", licence)
    assert stored is not None
    assert records.location(stored).read_bytes() == PNG + b"1"


def test_the_same_archive_once_more_changes_nothing(tmp_path: Path, licence: str) -> None:
    imports.execute(archive(tmp_path))
    again = archive(tmp_path)
    assert rehearsed(again) == (0, 0, 3, 0)
    imports.execute(again)
    assert (counts(again), StoredFile.objects.filter(type_key="customer").count()) == ((0, 0, 3, 0), 5)


def test_what_cannot_be_had_is_told_row_by_row(
    tmp_path: Path, licence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records.files, "MOST_BYTES", 300)

    def scan(upload: Any, name: str, **_how: Any) -> None:
        if name.endswith(".pdf") and b"virus" in b"".join(upload.chunks()):
            raise FieldErrors({"file": "有病毒"})

    monkeypatch.setattr(scanning, "check", scan)
    files = FILES | {
        "a/同名.pdf": b"1", "b/同名.pdf": b"2", "大.pdf": bytes(400), "坏.pdf": b"%PDF-1.4 virus", "包.zip": b"PK",
        "空.pdf": b"",
    }  # fmt: skip
    bad = ["没有.pdf", "同名.pdf", "大.pdf", "坏.pdf", "包.zip", "空.pdf"]
    rows = [
        *ROWS,
        *((f"N{n}", f"坏{n}", "", name) for n, name in enumerate(bad)),
        ("N9", "两个", "a/同名.pdf;b/同名.pdf", ""),
    ]
    run = archive(tmp_path, rows, files)
    assert rehearsed(run) == (3, 0, 0, 7)
    assert reasons(run) == {
        "压缩包里没有这个文件": 1, "压缩包里有几个同名文件，请写明文件夹": 1, "文件太大：最大 0 MB": 1, "有病毒": 1,
        "压缩包里的压缩包不导入": 1, "文件是空的": 1, "这一项只能放一个文件，这里写了 2 个": 1,
    }  # fmt: skip
    imports.execute(run)
    assert counts(run) == (3, 0, 0, 7)
    assert StoredFile.objects.filter(type_key="customer").count() == 5


def test_the_error_file_brings_its_files_and_can_be_uploaded_again(tmp_path: Path, licence: str) -> None:
    run = archive(tmp_path, [*ROWS, ("M4", "", "执照/张伟.png", "合同一.pdf"), ("M5", "少", "", "没有.pdf")])
    imports.execute(run)
    assert run.error_file is not None
    path = records.location(run.error_file)
    with zipfile.ZipFile(path) as found:
        assert sorted(found.namelist()) == ["资料/合同/合同一.pdf", "资料/执照/张伟.png", "资料/错误行.csv"]
        text = found.read("资料/错误行.csv").decode("utf-8-sig")
    mended = text.replace("M4,,", "M4,补上,").replace("没有.pdf", "合同一.pdf")
    with zipfile.ZipFile(path) as found:
        rest = {name: found.read(name) for name in found.namelist() if not name.endswith(".csv")}
    again = opened(zipped(tmp_path / "again.zip", {"资料/错误行.csv": mended.encode()} | rest))
    imports.execute(again)
    assert counts(again) == (2, 0, 0, 0)
    assert (files_of("M4"), files_of("M5")) == (["合同一.pdf", "张伟.png"], ["合同一.pdf"])


def test_undo_takes_the_files_away_and_redo_brings_them_back(tmp_path: Path, licence: str) -> None:
    records.create("customer", {"number": "M1", "name": "张伟"}, by=SYSTEM)
    imports.execute(archive(tmp_path, [("M1", "张伟", "王芳.png", "")], FILES))
    first = held("M1", licence)
    run = archive(tmp_path)
    imports.execute(run)
    assert counts(run) == (2, 1, 0, 0)
    diff = Change.objects.get(changeset=run.changeset_id, action="update").diff or {}
    assert (set(diff), diff["files"]) == ({licence, "files"}, [None, "合同一.pdf、合同二.pdf"])
    path = records.location(StoredFile.objects.get(name="报价单.xlsx"))
    gone = StoredFile.objects.get(name="合同二.pdf").path
    second = held("M1", licence)
    imports.undo(run, by=IMPORTER, now=True)
    assert (run.counts["undone"], run.counts["kept"]) == (3, 0)
    assert files_of("M1") == ["王芳.png"]
    assert held("M1", licence) == first
    assert customers("number") == [("M1",)]
    assert path.exists(), "a new record's file lies in the bin with it"
    assert (path.parents[1] / gone).exists(), "a redo may still bring it back"
    undone = ChangeSet.objects.get(kind="undo")
    told = records.preview(undone.pk, by=IMPORTER)
    assert (told.kept, told.undone) == ([], 4), "one of the records is touched twice: its field, its files"
    redone = records.undo(undone.pk, by=IMPORTER)
    assert redone.kept == []
    assert files_of("M1") == ["合同一.pdf", "合同二.pdf", "张伟.png", "王芳.png"]
    assert held("M1", licence) == second
    assert records.undo(redone.changeset.pk, by=IMPORTER).kept == []
    assert (files_of("M1"), held("M1", licence)) == (["王芳.png"], first), "and so on, to and fro"
    assert purge.drop_removed() == 0
    assert purge.drop_removed(timezone.now() + timedelta(days=31)) == 3
    assert not (path.parents[1] / gone).exists()
    assert path.exists()


@pytest.mark.parametrize("moment", ["inside", "after"])
def test_a_killed_run_attaches_nothing_twice(
    tmp_path: Path, licence: str, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    monkeypatch.setattr(work, "WITH_FILES", 2)
    run = archive(tmp_path)
    real = services.advance

    def deadly(*args: Any) -> None:
        real(*args)
        if moment == "inside":
            raise Killed

    def report(done: int, total: int | None = None) -> None:
        raise Killed

    monkeypatch.setattr(services, "advance", deadly)
    with pytest.raises(Killed):
        imports.execute(run, report)
    monkeypatch.undo()
    fresh = ImportRun.objects.get(pk=run.pk)
    assert fresh.cursor == (2 if moment == "after" else 0)
    imports.execute(fresh)
    assert counts(fresh) == (3, 0, 0, 0)
    assert files_of("M1") == ["合同一.pdf", "合同二.pdf", "张伟.png"]
    assert StoredFile.objects.filter(type_key="customer").count() == 5


def test_of_several_tables_one_is_chosen(tmp_path: Path, db: None) -> None:
    files = {
        "乙.csv": table([("M1", "甲", "", "")]),
        "甲.csv": table([("M2", "乙", "", "")]),
        "0.xlsx": b"PK\x03\x04 broken" * 9,
    }
    run = imports.upload(zipped(tmp_path / "a.zip", files), "a.zip", "customer", by=IMPORTER)
    assert run.source["packed"]["tables"] == ["0.xlsx", "乙.csv", "甲.csv"], "the largest first"
    assert run.state == "failed"
    imports.inspect(run, table="甲.csv")
    assert (run.state, run.source["packed"]["table"]) == ("uploaded", "甲.csv")
    imports.execute(imports.configure(run, by=IMPORTER))
    assert customers("number") == [("M2",)]


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"a.pdf": b"x"}, "zip_no_table"),
        ({"../a.csv": b"x"}, "zip_path"),
        ({"a.csv": bytes(30_000_000)}, "zip_bomb"),
    ],
)
def test_an_archive_is_refused_with_a_sentence(
    tmp_path: Path, db: None, files: dict[str, bytes], code: str
) -> None:
    run = imports.upload(zipped(tmp_path / "a.zip", files), "a.zip", "customer", by=IMPORTER)
    assert (run.state, run.source["error"]) == ("failed", code)


def test_without_an_archive_no_column_holds_files(tmp_path: Path, licence: str) -> None:
    (tmp_path / "a.csv").write_bytes(table(ROWS))
    run = opened(tmp_path / "a.csv")
    assert {one["field"] for one in run.mapping["columns"]} == {"number", "name"}


def test_our_own_export_with_files_changes_nothing(tmp_path: Path, licence: str) -> None:
    imports.execute(archive(tmp_path))
    one = get("customer").model._default_manager.get(number="M1")
    twin = imports.services.Chunks([b"%PDF-1.4 other"], "合同一.pdf")
    records.attach("customer", one.pk, twin, by=SYSTEM)
    made = exports.write(SYSTEM, exports.Order("customer", ("number", "name"), format="csv", files=True))
    found = look(made.path)
    assert f"附件/{one.pk}/合同一 (2).pdf" in {entry.name for entry in found.entries}
    assert (made.rows, len(found.entries)) == (3, 7)
    again = opened(made.path)
    assert [column["field"] for column in again.mapping["columns"]] == ["number", "name", licence, "@files"]
    assert rehearsed(again) == (0, 0, 3, 0)
    assert again.rehearsal["files"]["unused"] == 0
