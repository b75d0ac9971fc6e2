"""Does what is in a file agree with what its name says? By the first bytes (and for workbooks and documents the names
in their zip): enough to see that a "picture" is a program or a "PDF" a web page. Endings that are not known here claim
nothing, unless the file begins like a program's."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

HEAD = 4096
"""Bytes that are looked at."""
Look = Callable[[bytes], bool]


def begins(*marks: bytes) -> Look:
    return lambda head: head.startswith(marks)


def riff(kind: bytes) -> Look:
    return lambda head: head[:4] == b"RIFF" and head[8:12] == kind


def boxes(head: bytes) -> bool:
    """MP4 and what is made like it."""
    return head[4:8] in {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"}


def heif(head: bytes) -> bool:
    return head[4:8] == b"ftyp" and head[8:12] in {
        b"heic",
        b"heix",
        b"heif",
        b"mif1",
        b"msf1",
        b"hevc",
        b"avif",
        b"avis",
    }


def mp3(head: bytes) -> bool:
    return head.startswith(b"ID3") or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0)


def pdf(head: bytes) -> bool:
    """Readers allow for something before it."""
    return b"%PDF-" in head[:1024]


def text(head: bytes) -> bool:
    """No binary: whatever the encoding (UTF-16 begins with its mark), there is no NUL in it."""
    return head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" not in head


def xml(head: bytes) -> bool:
    return text(head) and b"<" in head.replace(b"\0", b"")


ZIP = begins(b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
OLE = begins(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
TIFF = begins(b"II*\0", b"MM\0*")
OGG = begins(b"OggS")
PROGRAM = begins(b"MZ", b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xfe\xed\xfa", b"\xca\xfe\xba\xbe", b"#!")
LOOKS: dict[str, Look] = {
    "pdf": pdf, "png": begins(b"\x89PNG\r\n\x1a\n"), "gif": begins(b"GIF87a", b"GIF89a"), "bmp": begins(b"BM"),
    **dict.fromkeys(("jpg", "jpeg", "jfif"), begins(b"\xff\xd8\xff")), "webp": riff(b"WEBP"),
    **dict.fromkeys(("tif", "tiff"), TIFF), "ico": begins(b"\0\0\1\0"), **dict.fromkeys(("heic", "heif", "avif"), heif),
    "svg": xml, "xml": xml,
    **dict.fromkeys(("zip", "docx", "xlsx", "pptx", "xlsm", "docm", "pptm", "odt", "ods", "odp", "epub", "ofd"), ZIP),
    **dict.fromkeys(("doc", "xls", "ppt", "msg", "wps", "et", "dps", "vsd"), OLE), "rtf": begins(b"{\\rtf"),
    "rar": begins(b"Rar!\x1a\x07"), "7z": begins(b"7z\xbc\xaf\x27\x1c"), "gz": begins(b"\x1f\x8b"),
    "tgz": begins(b"\x1f\x8b"), "bz2": begins(b"BZh"), "xz": begins(b"\xfd7zXZ\0"), "zst": begins(b"\x28\xb5\x2f\xfd"),
    "mp3": mp3, "wav": riff(b"WAVE"), "avi": riff(b"AVI "), "amr": begins(b"#!AMR"), "flac": begins(b"fLaC"),
    **dict.fromkeys(("mp4", "m4a", "m4v", "mov", "3gp"), boxes), **dict.fromkeys(("ogg", "oga", "ogv", "opus"), OGG),
    **dict.fromkeys(("webm", "mkv"), begins(b"\x1a\x45\xdf\xa3")), "wmv": begins(b"\x30\x26\xb2\x75"),
    "wma": begins(b"\x30\x26\xb2\x75"), "flv": begins(b"FLV"), "psd": begins(b"8BPS"), "dwg": begins(b"AC10"),
    **dict.fromkeys(("txt", "csv", "tsv", "md", "json", "log", "eml", "ics", "vcf", "html", "htm", "yaml"), text),
    "exe": begins(b"MZ"), "dll": begins(b"MZ"), "msi": OLE, "sqlite": begins(b"SQLite format 3\0"),
}  # fmt: skip
INSIDE = {
    "docx": "word/", "docm": "word/", "xlsx": "xl/", "xlsm": "xl/", "pptx": "ppt/", "pptm": "ppt/", "ofd": "OFD.xml",
    "odt": "mimetype", "ods": "mimetype", "odp": "mimetype", "epub": "mimetype",
}  # fmt: skip
"""What a package of this kind has a part of."""
OPEN_WITH = (
    "amr",
    "exe",
    "dll",
    "sh",
    "py",
    "pl",
    "rb",
    "run",
    "bin",
    "so",
    "class",
    "apk",
    "msi",
    "bat",
    "com",
    "sys",
)
"""Endings of which a program's first bytes are no surprise."""


def ending_of(name: str) -> str:
    return name.rpartition(".")[2].strip().lower() if "." in name else ""


def agrees(name: str, head: bytes, whole: Callable[[], bytes]) -> bool:
    """`head` are the first HEAD bytes; `whole` gives all, and is asked only for packages."""
    ending = ending_of(name)
    look = LOOKS.get(ending)
    if look is None:
        return ending in OPEN_WITH or not PROGRAM(head)
    if not look(head) and not locked_office(ending, head):
        return False
    return ending not in INSIDE or not ZIP(head) or has_part(whole(), INSIDE[ending])


def locked_office(ending: str, head: bytes) -> bool:
    """Office wraps what has a password in its older container; and saves new files under old endings."""
    if ending in {"docx", "xlsx", "pptx", "xlsm", "docm", "pptm"}:
        return OLE(head)
    return ending in {"doc", "xls", "ppt", "wps", "et", "dps"} and (
        ZIP(head) or head.startswith(b"{\\rtf") or xml(head)
    )


def has_part(data: bytes, part: str) -> bool:
    """By the zip's own directory; nothing is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            return any(name.startswith(part) for name in package.namelist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return False
