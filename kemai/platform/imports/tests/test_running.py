"""What becomes of the rows: created, updated, skipped, refused; exactly once, and never half."""

from __future__ import annotations

import csv
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from kemai.kit.tabular import profile
from kemai.platform import access, imports, jobs, records
from kemai.platform.imports import existing, running, services
from kemai.platform.imports import jobs as tasks
from kemai.platform.imports.tests.conftest import IMPORTER, Load, counts, customers, opened, rehearsed
from kemai.platform.models import Change, ChangeSet, ImportRun, Job, Tagging
from kemai.platform.records import Refused
from tests.people import Person

HEADER = ["客户编号", "名称", "电话", "邮箱", "城市", "生日"]
GOOD = [
    [f"M{n}", f"客户{n}", f"1380013{n:04d}", f"u{n}@example.com", "杭州", "1990-01-02"] for n in range(10)
]


def test_a_rehearsal_says_what_the_run_then_does_and_writes_nothing(load: Load) -> None:
    records.create("customer", {"number": "M1", "name": "旧名"}, by=IMPORTER)
    records.create("customer", {"number": "M2", "name": "客户2", "phone": "13800130002"}, by=IMPORTER)
    rows = [
        *GOOD,
        ["M3", "重复", "", "", "", ""],
        ["M90", "", "", "", "", ""],
        ["M91", "坏", "123", "不是", "朝阳区", "1990-02-30"],
    ]
    run = load(HEADER, [*rows, ["", "", "", "", "", ""]])
    before = ChangeSet.objects.count()
    assert rehearsed(run) == (8, 2, 0, 3)
    assert len(customers("id")) == 2
    assert ChangeSet.objects.count() == before
    reasons = {(one["column"], one["reason"]): one["count"] for one in run.rehearsal["reasons"]}
    assert sum(reasons.values()) == 6
    assert len(run.rehearsal["samples"]["create"]) == 8
    assert run.rehearsal["samples"]["update"][0]["changes"]["name"] == ["旧名", "客户1"]
    imports.execute(run)
    assert counts(run) == (8, 2, 0, 3)
    assert run.state == "done"
    assert len(customers("id")) == 10
    assert dict(customers("number", "name"))["M1"] == "客户1"


def test_values_are_read_as_people_write_them(load: Load) -> None:
    row = ["M1", "张  伟 ", "+86 138-0013-8000", "A@Example.COM", "浙江省杭州市西湖区", "1990/1/2"]
    imports.execute(load(HEADER, [row]))
    (found,) = customers("name", "phone", "email", "region", "birthday", "name_sort", "kind")
    assert found[:4] == ("张 伟", "+8613800138000", "a@example.com", "330106")
    assert str(found[4]) == "1990-01-02"
    assert found[5:] == ("zhangwei", "person")


@pytest.mark.parametrize(
    ("mode", "expected"), [("both", (1, 1, 0, 0)), ("create", (1, 0, 1, 0)), ("update", (0, 1, 1, 0))]
)
def test_modes(load: Load, mode: str, expected: tuple[int, ...]) -> None:
    records.create("customer", {"number": "M1", "name": "旧名"}, by=IMPORTER)
    run = load(["客户编号", "名称"], [["M1", "新名"], ["M2", "另一位"]], mode=mode)
    assert rehearsed(run) == expected
    imports.execute(run)
    assert counts(run) == expected
    assert ("新名" in {name for (name,) in customers("name")}) is (mode != "create")


@pytest.mark.parametrize(("blank", "phone"), [("keep", "+8613800138000"), ("clear", "")])
def test_empty_cells_keep_or_clear(load: Load, blank: str, phone: str) -> None:
    records.create("customer", {"number": "M1", "name": "张伟", "phone": "13800138000"}, by=IMPORTER)
    imports.execute(load(["客户编号", "名称", "电话"], [["M1", "张伟", ""]], blank=blank))
    assert customers("phone") == [(phone,)]


def test_required_fields_cannot_be_cleared(load: Load) -> None:
    records.create("customer", {"number": "M1", "name": "张伟"}, by=IMPORTER)
    run = load(["客户编号", "名称"], [["M1", ""]], blank="clear")
    imports.execute(run)
    assert (counts(run), customers("name")) == ((0, 0, 0, 1), [("张伟",)])


def test_tags_and_owner_for_every_row(load: Load, people: dict[str, Person]) -> None:
    boss = people["boss"].actor
    records.create("customer", {"number": "M1", "name": "张伟", "tags": ["老客"]}, by=boss)
    run = load(
        ["客户编号", "名称", "标签"], [["M1", "张伟", "VIP"], ["M2", "李娜", ""]],
        by=boss, tags=("2026 展会",), owner=people["alice"].user.pk,
    )  # fmt: skip
    imports.execute(run)
    found = {(t.object_id, t.tag.name): t.source for t in Tagging.objects.select_related("tag")}
    ids = dict(customers("number", "id"))
    assert found[ids["M1"], "VIP"] == found[ids["M2"], "2026 展会"] == "import"
    assert {name for key, name in found if key == ids["M1"]} == {"老客", "VIP", "2026 展会"}
    assert dict(customers("number", "owner")) == {"M1": boss.user_id, "M2": people["alice"].user.pk}
    imports.undo(run, by=boss, now=True)
    assert records.names_of("customer", ids["M1"]) == ["老客"]


def test_a_second_key_finds_the_record_and_contradictions_are_refused(load: Load) -> None:
    records.create("customer", {"number": "M1", "name": "甲", "phone": "13800138001"}, by=IMPORTER)
    records.create("customer", {"number": "M2", "name": "乙", "phone": "13800138002"}, by=IMPORTER)
    rows = [["", "甲改", "13800138001"], ["M2", "乙改", "13800138001"]]
    run = load(["客户编号", "名称", "电话"], rows, match=("number", "phone"))
    imports.execute(run)
    assert counts(run) == (0, 1, 0, 1)
    assert customers("name") == [("甲改",), ("乙",)]


def test_two_records_with_the_same_key_are_never_guessed_between(load: Load) -> None:
    for name in ("甲", "乙"):
        records.create("customer", {"name": name, "phone": "13800138001"}, by=IMPORTER)
    run = load(["名称", "电话"], [["丙", "13800138001"]], match=("phone",))
    imports.execute(run)
    assert counts(run) == (0, 0, 0, 1)


def test_a_further_identifier_is_a_match_too(load: Load) -> None:
    kept = records.create("customer", {"name": "甲"}, by=IMPORTER)
    records.create("identifier", {"customer": kept.pk, "kind": "phone", "raw": "13800138001"}, by=IMPORTER)
    imports.execute(load(["名称", "电话"], [["甲改", "13800138001"]], match=("phone",)))
    assert customers("name") == [("甲改",)]


def test_repeated_rows_are_refused_within_and_across_chunks(load: Load, small_chunks: None) -> None:
    numbers = ["A", "B", "A", "C", "D", "A", "B", "E"]
    run = load(["客户编号", "名称"], [[number, f"{number}{n}"] for n, number in enumerate(numbers)])
    assert rehearsed(run) == (5, 0, 0, 3)
    imports.execute(run)
    assert counts(run) == (5, 0, 0, 3)
    assert customers("name") == [("A0",), ("B1",), ("C3",), ("D4",), ("E7",)]


def test_repeated_numbers_are_found_when_matching_by_something_else(load: Load, small_chunks: None) -> None:
    records.create("customer", {"number": "C", "name": "旧"}, by=IMPORTER)
    rows = [[n, f"x{i}", f"1380013{i:04d}"] for i, n in enumerate(["A", "A", "B", "C", "A"])]
    run = load(["客户编号", "名称", "电话"], rows, match=("phone",))
    assert rehearsed(run) == (2, 0, 0, 3)
    imports.execute(run)
    assert counts(run) == (2, 0, 0, 3)


def test_a_file_imported_twice_changes_nothing_the_second_time(load: Load) -> None:
    imports.execute(load(HEADER, GOOD))
    again = load(HEADER, GOOD)
    imports.execute(again)
    assert counts(again) == (0, 0, 10, 0)


class Killed(BaseException):
    """Stands for kill -9: nothing gets to tidy up."""


@pytest.mark.parametrize("moment", ["before", "inside", "after"])
def test_a_killed_run_goes_on_exactly_where_it_was(
    load: Load, small_chunks: None, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    rows = [[*row[:2], "123" if n in {1, 5, 8} else row[2], *row[3:]] for n, row in enumerate(GOOD)]
    run = load(HEADER, rows)
    real = services.advance
    calls = 0

    def deadly(*args: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 2 and moment == "before":
            raise Killed
        real(*args)
        if calls == 2 and moment == "inside":
            raise Killed

    monkeypatch.setattr(services, "advance", deadly)
    seen = 0

    def report(done: int, total: int | None = None) -> None:
        nonlocal seen
        seen += 1
        if seen == 2 and moment == "after":
            raise Killed

    with pytest.raises(Killed):
        imports.execute(run, report)
    monkeypatch.undo()
    fresh = ImportRun.objects.get(pk=run.pk)
    assert fresh.cursor == (6 if moment == "after" else 3)
    imports.execute(fresh)
    assert counts(fresh) == (7, 0, 0, 3)
    assert [n for (n,) in customers("number")] == [row[0] for n, row in enumerate(rows) if n not in {1, 5, 8}]
    assert ChangeSet.objects.get(pk=fresh.changeset_id or 0).count == 7
    assert Change.objects.filter(changeset=fresh.changeset_id).count() == 7
    assert [line["客户编号"] for line in error_lines(fresh)] == ["M1", "M5", "M8"]


def error_lines(run: ImportRun) -> list[dict[str, str]]:
    assert run.error_file is not None
    with records.location(run.error_file).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_second_process_does_not_write_the_same_rows(load: Load, small_chunks: None) -> None:
    run = load(HEADER, GOOD)
    rival = ImportRun.objects.get(pk=run.pk)

    def report(done: int, total: int | None = None) -> None:
        if done == 3:
            imports.execute(rival)

    with pytest.raises(services.Stopped):
        imports.execute(run, report)
    assert len(customers("id")) == 10
    assert counts(ImportRun.objects.get(pk=run.pk)) == (10, 0, 0, 0)


def test_pause_go_on_and_cancel(
    load: Load, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    from kemai.platform.imports import work

    monkeypatch.setattr(work, "CHUNK", 3)
    boss = people["boss"].actor
    run = imports.start(load(HEADER, GOOD, by=boss), by=boss)
    assert (run.state, len(customers("id"))) == ("running", 0)
    asked = iter(["pause", "", "cancel", "", ""])
    real = jobs.Progress._read_wish

    def wish(self: jobs.Progress) -> None:
        Job.objects.filter(pk=self.job_id).update(wish=next(asked))
        real(self)

    monkeypatch.setattr(jobs.Progress, "_read_wish", wish)
    jobs.run_all()
    run = imports.get_run(boss, run.pk)
    assert (run.state, run.cursor, len(customers("id"))) == ("paused", 3, 3)
    imports.resume(run, by=boss)
    jobs.run_all()
    run = imports.get_run(boss, run.pk)
    assert (run.state, run.cursor, len(customers("id"))) == ("cancelled", 9, 9)
    imports.undo(run, by=boss)
    monkeypatch.undo()
    jobs.run_all()
    assert (imports.get_run(boss, run.pk).state, customers("id")) == ("undone", [])


def test_cancelling_before_it_begins(load: Load, people: dict[str, Person]) -> None:
    boss = people["boss"].actor
    run = imports.cancel(imports.start(load(HEADER, GOOD, by=boss), by=boss), by=boss)
    jobs.run_all()
    assert imports.get_run(boss, run.pk).state in {"uploaded", "cancelled"}
    assert customers("id") == []


def test_undo_takes_back_what_nobody_has_touched_since(load: Load, people: dict[str, Person]) -> None:
    boss = people["boss"].actor
    records.create("customer", {"number": "M1", "name": "旧名"}, by=boss)
    run = load(["客户编号", "名称"], [["M1", "新名"], ["M2", "李娜"], ["M3", "王芳"]], by=boss)
    imports.execute(run)
    kept = dict(customers("number", "id"))["M3"]
    records.update("customer", kept, {"note": "谈过了"}, by=boss)
    imports.undo(run, by=boss, now=True)
    assert customers("number", "name") == [("M1", "旧名"), ("M3", "王芳")]
    assert run.counts["kept"] == 1
    with pytest.raises(Refused):
        imports.undo(run, by=boss, now=True)


def test_an_undo_that_was_cut_off_goes_on(
    load: Load, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    undoing: Any = import_module("kemai.platform.records.undo")
    boss = people["boss"].actor
    records.create("customer", {"number": "M1", "name": "旧名"}, by=boss)
    run = imports.execute(load(HEADER, GOOD, by=boss))
    real, cut = undoing.chunks, iter([True])

    def small(items: Any, size: int) -> Any:
        for number, chunk in enumerate(real(items, 3)):
            if number == 2 and next(cut, False):
                raise Killed
            yield chunk

    monkeypatch.setattr(undoing, "chunks", small)
    imports.undo(run, by=boss)
    with pytest.raises(Killed):
        jobs.run_all()
    assert len(customers("id")) == 5
    Job.objects.filter(state="running").update(state="waiting")
    jobs.run_all()
    assert customers("number", "name") == [("M1", "旧名")]
    run = imports.get_run(boss, run.pk)
    assert (run.state, run.counts["undone"], run.counts["kept"]) == ("undone", 10, 0)


def test_the_error_file_can_be_mended_and_uploaded_again(load: Load, tmp_path: Path) -> None:
    rows = [
        ["M1", "张伟", "123"],
        ["M2", "=1+1", "13800138002"],
        ["M3", "李娜", "456"],
        ["M4", "", "13800138004"],
    ]
    run = load(["客户编号", "名称", "电话"], rows)
    imports.execute(run)
    lines = error_lines(run)
    assert [line["客户编号"] for line in lines] == ["M1", "M3", "M4"]
    assert "123" in lines[0]["错误原因"]
    assert "第 2 行" in lines[0]["错误原因"]
    for line, phone in zip(lines, ("13800138001", "13800138003", "13800138004"), strict=True):
        line["电话"] = phone
        line["名称"] = line["名称"] or "王芳"
    path = tmp_path / "mended.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    again = opened(path)
    assert "错误原因" not in {again.source["header"][one["column"]] for one in again.mapping["columns"]}
    imports.execute(again)
    assert counts(again) == (3, 0, 0, 0)
    assert sorted(customers("number", "name")) == [
        ("M1", "张伟"),
        ("M2", "=1+1"),
        ("M3", "李娜"),
        ("M4", "王芳"),
    ]


def test_a_workbooks_error_file_is_a_workbook(tmp_path: Path, db: None) -> None:
    from kemai.kit.tabular import write_xlsx

    write_xlsx(tmp_path / "f.xlsx", ["名称", "电话"], [["张伟", "123"], ["李娜", 13800138000.0]])
    run = imports.execute(opened(tmp_path / "f.xlsx", match=()))
    assert (counts(run), customers("phone")) == ((1, 0, 0, 1), [("+8613800138000",)])
    assert run.error_file is not None
    found = profile(records.location(run.error_file))
    assert (found.kind, found.header) == ("xlsx", ("名称", "电话", "错误原因"))


def test_references_by_number_phone_or_name_and_made_where_allowed(load: Load) -> None:
    jia = records.create("customer", {"number": "M1", "name": "甲", "phone": "13800138001"}, by=IMPORTER)
    yi = records.create("customer", {"number": "M2", "name": "乙"}, by=IMPORTER)
    rows = [
        ["S1", "M1", "2026-01-02", "12.50", "一店"], ["S2", "13800138001", "2026-01-03", "1,234", "二店"],
        ["S3", "乙", "2026-01-04", "1.2万", "一店"], ["S4", "丁", "2026-01-05", "3", ""],
    ]  # fmt: skip
    run = load(["订单号", "客户", "下单日期", "金额", "门店"], rows, "order")
    assert rehearsed(run) == (3, 0, 0, 1)
    assert run.rehearsal["made"] == {"shop": 2}
    imports.execute(run)
    from kemai.platform.imports.tests.conftest import rows_of

    assert [row[:2] for row in rows_of("order", "number", "customer")] == [
        ("S1", jia.pk),
        ("S2", jia.pk),
        ("S3", yi.pk),
    ]
    assert [str(amount) for (amount,) in rows_of("order", "amount")] == ["12.50", "1234.00", "12000.00"]
    assert rows_of("shop", "name") == [("一店",), ("二店",)]
    assert run.counts["made"] == {"shop": 2}


def test_a_row_that_only_the_database_refuses_does_not_take_its_chunk_along(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody saves the same number between our look and our write."""
    records.create("customer", {"number": "M3", "name": "抢先"}, by=IMPORTER)
    monkeypatch.setattr(existing.Uniqueness, "taken", lambda *_: {})
    run = load(HEADER, GOOD, match=())
    imports.execute(run)
    assert counts(run) == (9, 0, 0, 1)
    assert len(customers("id")) == 10


def test_own_export_comes_back_unchanged(load: Load, people: dict[str, Person], tmp_path: Path) -> None:
    from kemai.platform import exports

    boss = people["boss"].actor
    imports.execute(
        load([*HEADER, "备注", "标签"], [[*row, "=cmd|' /C calc'!A0", "VIP"] for row in GOOD], by=boss)
    )
    columns = (
        "number",
        "name",
        "phone",
        "email",
        "region",
        "birthday",
        "note",
        "tags",
        "owner",
        "kind",
        "important",
    )
    for kind in ("csv", "xlsx"):
        stored = exports.one_export(
            boss, exports.write(boss, exports.Order("customer", columns, format=kind, unmasked=True)).key
        )
        path = tmp_path / f"export.{kind}"
        path.write_bytes(records.location(stored).read_bytes())
        run = opened(path, by=boss)
        assert {one["field"] for one in run.mapping["columns"]} == set(columns)
        imports.execute(run)
        assert counts(run) == (0, 0, 10, 0)


def test_without_the_right_nothing_is_read_or_written(
    load: Load, people: dict[str, Person], tmp_path: Path
) -> None:
    alice, dora, boss = (people[name].actor for name in ("alice", "dora", "boss"))
    with pytest.raises(access.Denied):
        load(HEADER, GOOD, by=alice)
    run = load(HEADER, GOOD, by=dora)
    with pytest.raises(access.NotVisible):
        imports.get_run(boss, run.pk)
    with pytest.raises(access.NotVisible):
        imports.undo(run, by=boss)
    people["dora"].user.roles.clear()
    with pytest.raises(access.Denied):
        imports.execute(ImportRun.objects.get(pk=run.pk))
    assert customers("id") == []


def test_records_out_of_reach_are_neither_changed_nor_doubled(load: Load, people: dict[str, Person]) -> None:
    charlie, dora = people["charlie"].actor, people["dora"].actor
    records.create("customer", {"number": "M1", "name": "远方"}, by=charlie)
    mine = records.create("customer", {"number": "M2", "name": "近处"}, by=people["alice"].actor)
    run = load(["客户编号", "名称"], [["M1", "改"], ["M2", "改了"]], by=dora)
    assert rehearsed(run) == (0, 1, 0, 1)
    assert "远方" not in str(run.rehearsal)
    imports.execute(run)
    assert dict(customers("number", "name")) == {"M1": "远方", "M2": "改了"}
    assert mine.pk


def test_a_job_whose_right_was_taken_away_ends_with_a_sentence(load: Load, people: dict[str, Person]) -> None:
    dora = people["dora"]
    run = imports.start(load(HEADER, GOOD, by=dora.actor), by=dora.actor)
    dora.user.roles.clear()
    jobs.run_all()
    job = Job.objects.get(pk=run.job_id or 0)
    assert (job.state, ImportRun.objects.get(pk=run.pk).state) == ("failed", "failed")
    assert "权限" in job.error


def test_large_files_go_to_a_process_of_their_own(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    run = load(HEADER, GOOD)
    called: list[dict[str, object]] = []
    monkeypatch.setattr(tasks, "IN_CHILD_BYTES", 1)
    monkeypatch.setattr(
        jobs, "run_in_child", lambda module, args, progress: called.append({"module": module, **args})
    )
    imports.start(run, by=IMPORTER)
    jobs.run_all()
    assert called == [{"module": tasks.CHILD, "what": "execute", "run": run.pk}]


def test_the_rate_of_a_resumed_run_counts_only_its_own_rows(load: Load, small_chunks: None) -> None:
    run = load(HEADER, GOOD)

    def stop(done: int, total: int | None = None) -> None:
        raise Killed

    with pytest.raises(Killed):
        imports.execute(run, stop)
    fresh = ImportRun.objects.get(pk=run.pk)
    services.begin(fresh, IMPORTER)
    assert fresh.counts["from"] == 3


def test_lookups_use_the_indexes(load: Load) -> None:
    """A duplicate check that read the whole table would take hours at a million."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    imports.execute(load(HEADER, GOOD))
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL reads ten rows as a whole whatever the indexes")
    run = load(HEADER, GOOD, match=("number", "phone", "email"))
    with CaptureQueriesContext(
        connection,
    ) as seen:
        imports.rehearse(run)
    asked = [one["sql"] for one in seen if "json_each" in one["sql"] and "customers_customer" in one["sql"]]
    assert len(asked) >= 3
    with connection.cursor() as cursor:
        for column in ("number", "phone", "email"):
            among = f"{column} IN (SELECT value FROM json_each('[\"a\"]'))"
            where = f"{among} AND NOT ({column} = '') AND deleted_at IS NULL"
            cursor.execute(f"EXPLAIN QUERY PLAN SELECT id FROM customers_customer WHERE {where}")
            plan = " ".join(str(row) for row in cursor.fetchall())
            assert "SEARCH customers_customer USING" in plan, plan


def test_reports_come_while_it_runs(load: Load, small_chunks: None) -> None:
    seen: list[tuple[int, int | None]] = []
    imports.execute(load(HEADER, GOOD), lambda done, total: seen.append((done, total)))
    assert seen == [(3, 10), (6, 10), (9, 10), (10, 10)]
    assert running.CACHE_KB
