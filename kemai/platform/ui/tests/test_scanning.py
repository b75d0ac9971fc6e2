"""Uploads where the operator has named a virus scanner: at every door for files, and nothing is kept unseen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from kemai.platform.models import ChangeSet, StoredFile
from kemai.platform.records import files
from tests.clamd_server import EICAR, StandIn, standing
from tests.factory import make
from tests.people import Person, browser

pytestmark = pytest.mark.django_db
PIECE = {"HX-Request": "true"}


@pytest.fixture
def scanner(settings: Any, tmp_path: Path) -> Iterator[StandIn]:
    settings.MEDIA_ROOT = str(tmp_path)
    with standing() as made:
        settings.CLAMD = made.place
        yield made


def upload(data: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("报价.txt", data)


def sent(page: Client, key: int, data: bytes, door: str = "files") -> tuple[int, str]:
    answer = page.post(f"/o/customer/{key}/{door}", {"file": upload(data), "body": "附件"}, headers=PIECE)
    return answer.status_code, answer.content.decode()


def kept(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_virus_is_refused_and_noted(people: dict[str, Person], scanner: StandIn, tmp_path: Path) -> None:
    key, page = make("customer", owner=people["alice"].user.pk).pk, browser(people["alice"])
    for door in ("files", "comments"):
        status, text = sent(page, key, b"hello " + EICAR, door)
        assert (status, "Eicar-Test-Signature" in text) == (422, True)
    assert not StoredFile.objects.exists()
    assert not kept(tmp_path)
    noted = ChangeSet.objects.filter(kind="infected").values_list("actor_name", "reason")
    assert list(noted) == [("Alice", "报价.txt · Eicar-Test-Signature")] * 2
    assert [sent(page, key, b"hello", door)[0] for door in ("files", "comments")] == [200, 200]
    assert StoredFile.objects.count() == 2


def test_without_an_answer_nothing_is_kept(
    people: dict[str, Person], scanner: StandIn, settings: Any, tmp_path: Path
) -> None:
    key, page = make("customer", owner=people["alice"].user.pk).pk, browser(people["alice"])
    scanner.mode = "close"
    for place in (scanner.place, "127.0.0.1:1", "/nowhere/clamd.ctl"):
        settings.CLAMD = place
        status, text = sent(page, key, b"hello")
        assert (status, "病毒扫描现在没有结果" in text) == (422, True)
    assert not kept(tmp_path)
    settings.CLAMD = ""
    assert sent(page, key, b"hello")[0] == 200


def test_imports_are_scanned_as_well(people: dict[str, Person], scanner: StandIn, tmp_path: Path) -> None:
    page = browser(people["boss"])
    for data, wanted in ((b"name\n" + EICAR, (422, True)), ("名称\n甲公司\n".encode(), (302, False))):
        file = SimpleUploadedFile("客户.csv", data)
        answer = page.post("/imports/new/customer", {"file": file})
        assert (answer.status_code, "Eicar-Test-Signature" in answer.content.decode()) == wanted
        assert len(kept(tmp_path)) == (wanted[0] == 302)
    assert ChangeSet.objects.filter(kind="infected", reason="客户.csv · Eicar-Test-Signature").count() == 1


def test_what_is_refused_leaves_another_upload_of_the_same_alone(
    people: dict[str, Person], scanner: StandIn, tmp_path: Path
) -> None:
    data = "名称\n甲公司\n".encode()
    _hash, _size, path = files.keep(upload(data))  # somebody else's, a moment before its row is written
    scanner.mode = "close"
    answer = browser(people["boss"]).post(
        "/imports/new/customer", {"file": SimpleUploadedFile("客户.csv", data)}
    )
    assert answer.status_code == 422
    assert kept(tmp_path) == [tmp_path / path]


def test_a_name_that_says_something_else_is_refused(
    people: dict[str, Person], tmp_path: Path, settings: Any
) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    key, page = make("customer", owner=people["alice"].user.pk).pk, browser(people["alice"])
    for door in ("files", "comments"):
        for name, wanted in (("合同.pdf", 422), ("合同.html", 200), ("合同", 200)):
            file = SimpleUploadedFile(name, b"<html>hello</html>")
            answer = page.post(f"/o/customer/{key}/{door}", {"file": file, "body": "附件"}, headers=PIECE)
            assert answer.status_code == wanted, (door, name)
            assert ("文件的内容不是 .pdf" in answer.content.decode()) == (wanted == 422)
    assert not StoredFile.objects.filter(name="合同.pdf").exists()
