"""What is in a file against what its name says."""

from __future__ import annotations

import io
import zipfile

import pytest

from kemai.kit.signatures import agrees


def package(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name in names:
            made.writestr(name, "x")
    return out.getvalue()


BOOK, DOCUMENT = (
    package("[Content_Types].xml", "xl/workbook.xml"),
    package("[Content_Types].xml", "word/document.xml"),
)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)
PNG, JPEG = b"\x89PNG\r\n\x1a\n" + bytes(20), b"\xff\xd8\xff\xe0" + bytes(20)
PAGE, PROGRAM = b"<!doctype html><script>alert(1)</script>", b"MZ\x90\0" + bytes(60)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("合同.PDF", b"%PDF-1.7 ..."), ("a.pdf", b"\xef\xbb\xbf%PDF-1.4"), ("照片.jpg", JPEG), ("a.jpeg", JPEG),
        ("a.png", PNG), ("a.gif", b"GIF89a"), ("a.webp", b"RIFF\1\2\3\4WEBPVP8 "), ("表.xlsx", BOOK),
        ("a.docx", DOCUMENT), ("有密码.xlsx", OLE), ("旧.xls", OLE), ("其实新.xls", BOOK),
        ("网页.xls", b"<html><table>"), ("a.zip", package("x")), ("录音.amr", b"#!AMR\n"), ("a.mp3", b"ID3\4"),
        ("a.mp3", b"\xff\xfb\x90"), ("a.mp4", b"\0\0\0\x20ftypisom"), ("a.heic", b"\0\0\0\x18ftypheic"),
        ("a.txt", "客脉".encode("gbk")), ("a.csv", "a,客".encode("utf-16")),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"), ("图纸.stp", b"ISO-10303-21;"),
        ("没有后缀", b"whatever"), ("a.unknown", bytes(300)), ("setup.exe", PROGRAM), ("a.sh", b"#!/bin/sh"),
        ("a.html", PAGE),
    ],
)  # fmt: skip
def test_honest_names(name: str, data: bytes) -> None:
    assert agrees(name, data[:4096], lambda: data)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.pdf", PAGE), ("a.png", PAGE), ("a.png", JPEG), ("a.jpg", PNG), ("照片.jpg", PROGRAM), ("a.pdf", PROGRAM),
        ("a.xlsx", package("word/document.xml")), ("a.docx", BOOK), ("a.xlsx", package("evil.exe")), ("a.xlsx", PAGE),
        ("a.docx", b"PK\x03\x04 no zip at all"), ("a.mp3", PROGRAM), ("a.txt", PROGRAM), ("a.csv", OLE),
        ("a.doc", PROGRAM), ("a.zip", PROGRAM), ("a.unknown", PROGRAM), ("readme", b"\x7fELF\2"),
        ("a.webp", b"RIFF\1\2\3\4WAVE"), ("a.gif", b""), ("a.heic", b"\0\0\0\x20ftypisom"), ("a.dat", b"#!/bin/sh"),
    ],
)  # fmt: skip
def test_names_that_say_something_else(name: str, data: bytes) -> None:
    assert not agrees(name, data[:4096], lambda: data)
