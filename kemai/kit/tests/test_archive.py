"""Archives as Chinese offices make them, and as attackers do."""

from __future__ import annotations

import io
import struct
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kemai.kit.archive import Archive, ArchiveError, Limits, is_archive, look

Files = dict[str, bytes]


class Unsaid(zipfile.ZipInfo):
    """An entry whose name stands in the archive in some encoding, without a word about which."""

    encoding = "gb18030"

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:
        return self.filename.encode(self.encoding), self.flag_bits & ~0x800


def zipped(path: Path, files: Files, *, encoding: str = "", method: int = zipfile.ZIP_DEFLATED) -> Path:
    """An archive; with an `encoding` as Windows writes them."""
    with zipfile.ZipFile(path, "w", method) as out:
        for name, content in files.items():
            info = Unsaid(name) if encoding else zipfile.ZipInfo(name)
            info.compress_type = method
            if isinstance(info, Unsaid):
                info.encoding = encoding
            out.writestr(info, content)
    return path


def names(archive: Archive) -> list[str]:
    return [one.name for one in archive.entries]


@pytest.mark.parametrize("encoding", ["", "gb18030", "utf-8"])
def test_chinese_names_however_they_are_written(tmp_path: Path, encoding: str) -> None:
    files = {
        "客户资料.csv": b"a",
        "合同/一期合同（终稿）.pdf": b"one",
        "照片/㐱.jpg": b"two",
        "readme.txt": b"",
    }
    archive = look(zipped(tmp_path / "a.zip", files, encoding=encoding))
    assert names(archive) == list(files)
    (found,) = archive.find("合同\\一期合同（终稿）.pdf")
    assert b"".join(archive.read(found)) == b"one"


@pytest.mark.parametrize("name", ["一", "聂卫平", "联通", "中文", "丁"])
def test_short_names_in_gbk_are_not_taken_for_other_letters(tmp_path: Path, name: str) -> None:
    path = zipped(tmp_path / "a.zip", {f"资料夹子/{name}.txt": b"x"}, encoding="gbk")
    assert names(look(path)) == [f"资料夹子/{name}.txt"]


def test_a_file_is_found_by_path_or_by_its_name_alone_where_that_is_plain(tmp_path: Path) -> None:
    files = {
        "数据/表.csv": b"x",
        "数据/图/a.PNG": b"1",
        "图/a.png": b"22",
        "数据/图/b.png": b"333",
        "b.png": b"4",
    }
    archive = look(zipped(tmp_path / "a.zip", files))
    found = Archive(archive.path, archive.entries, "数据/")
    assert [one.name for one in found.find("图/a.png")] == ["数据/图/a.PNG"]
    assert [one.name for one in archive.find("图/a.png")] == ["图/a.png"]
    assert [one.name for one in found.find("./b.png")] == ["b.png"]
    assert len(archive.find("A.png")) == 2
    assert [one.name for one in archive.find("a.PNG")] == ["数据/图/a.PNG"]
    assert archive.find("c.png") == archive.find("  ") == archive.find("g") == []


def test_what_systems_put_beside_is_no_file(tmp_path: Path) -> None:
    files = {"a.csv": b"x", "__MACOSX/._a.csv": b"x", "图/.DS_Store": b"x", "图/Thumbs.db": b"x", "图/": b""}
    assert names(look(zipped(tmp_path / "a.zip", files))) == ["a.csv"]


def test_a_workbook_is_no_archive(tmp_path: Path) -> None:
    assert not is_archive(zipped(tmp_path / "a.zip", {"xl/workbook.xml": b"<x/>"}))
    assert is_archive(zipped(tmp_path / "b.zip", {"资料/a.xlsx": b"x"}))
    (tmp_path / "c.csv").write_bytes(b"PK,name\r\n")
    assert not is_archive(tmp_path / "c.csv")


def refused(path: Path, limits: Limits | None = None) -> str:
    with pytest.raises(ArchiveError) as caught:
        look(path, limits)
    return caught.value.code


@pytest.mark.parametrize(
    "name",
    ["../a.csv", "a/../../b.csv", "/etc/passwd", "C:/a.csv", "..\\a.csv", "a//b.csv", "a\x01.csv", "x/" * 30],
)
def test_paths_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    assert refused(zipped(tmp_path / "a.zip", {name: b"x"})) == "zip_path"


def test_bombs_are_refused_before_a_byte_is_unpacked(tmp_path: Path) -> None:
    swollen = zipped(tmp_path / "a.zip", {"a.csv": bytes(40 * 1024 * 1024)})
    assert refused(swollen) == "zip_bomb"
    assert refused(swollen, Limits(unpacked=1024)) == "zip_too_large"
    many = zipped(tmp_path / "b.zip", {f"{n}.txt": b"" for n in range(20)})
    assert refused(many, Limits(entries=19)) == "zip_too_many_entries"
    assert refused(zipped(tmp_path / "c.zip", {"a.csv": b"x"}, method=zipfile.ZIP_LZMA)) == "zip_method"


def test_links_and_locked_files_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as out:
        link = zipfile.ZipInfo("a.csv")
        link.external_attr = 0o120777 << 16
        out.writestr(link, "/etc/passwd")
    assert refused(tmp_path / "a.zip") == "zip_path"
    path = zipped(tmp_path / "b.zip", {"a.csv": b"x"})
    path.write_bytes(with_directory(path.read_bytes(), 8, struct.pack("<H", 1)))
    assert refused(path) == "zip_encrypted"


def with_directory(data: bytes, offset: int, value: bytes) -> bytes:
    """The archive with other bytes in the first line of its directory."""
    start = data.index(b"PK\x01\x02") + offset
    return data[:start] + value + data[start + len(value) :]


def test_overlapping_files_are_refused(tmp_path: Path) -> None:
    data = zipped(tmp_path / "a.zip", {"a.txt": b"x" * 100, "b.txt": b"y" * 100}).read_bytes()
    second = data.rindex(b"PK\x01\x02") + 42
    (tmp_path / "a.zip").write_bytes(data[:second] + struct.pack("<I", 0) + data[second + 4 :])
    assert refused(tmp_path / "a.zip") == "zip_overlap"


def test_a_size_that_lies_does_not_let_more_through(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a.txt": b"x" * 5000})
    path.write_bytes(with_directory(path.read_bytes(), 24, struct.pack("<I", 10)))
    archive = look(path)
    with pytest.raises(ArchiveError) as caught:
        assert len(b"".join(archive.read(archive.entries[0]))) <= 10
    assert caught.value.code == "zip_file_broken"


@given(st.binary(max_size=300), st.integers(0, 400))
def test_damage_is_told_as_such(tmp_path_factory: pytest.TempPathFactory, noise: bytes, place: int) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("客户.csv", "名称\n张伟\n" * 20)
        out.writestr("图/a.png", b"\x89PNG" * 9)
    data = buffer.getvalue()
    path = tmp_path_factory.mktemp("damage") / "a.zip"
    path.write_bytes(data[:place] + noise + data[place + len(noise) :])
    with suppress(ArchiveError):  # and nothing else
        archive = look(path)
        for entry in archive.entries:
            b"".join(archive.read(entry))


@given(
    st.lists(
        st.text("中文件夹合同照片一二三abAB（）-_ .", min_size=1, max_size=12),
        min_size=1,
        max_size=6,
        unique_by=str.casefold,
    )
)
def test_every_name_is_read_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, words: list[str]
) -> None:
    files = {f"资料/{word}.pdf": b"x" for word in words if word.strip(". ") and ".." not in word}
    path = tmp_path_factory.mktemp("names") / "a.zip"
    assert names(look(zipped(path, {"名单.csv": b"x", **files}, encoding="gb18030"))) == ["名单.csv", *files]
