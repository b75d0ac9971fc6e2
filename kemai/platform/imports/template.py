"""A file to begin with: an archive with a table of the right headings, a file that its example names, and a page that
explains both."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path
from typing import IO

from django.utils.translation import gettext as _

from kemai.kit.tabular import XlsxWriter
from kemai.platform.access import Actor
from kemai.platform.fields import FieldSpec
from kemai.platform.imports.mapping import ATTACH
from kemai.platform.imports.parsers import FILE_KINDS
from kemai.platform.imports.shapes import file_fields, importable
from kemai.platform.objects import ObjectType


def columns(object_type: ObjectType, by: Actor) -> list[FieldSpec]:
    """What must be filled in first, then the rest, then what holds files."""
    plain = sorted(importable(object_type, by), key=lambda spec: not spec.required)
    return [*plain, *file_fields(object_type, by)]


def write(object_type: ObjectType, by: Actor, out: IO[bytes]) -> None:
    specs = columns(object_type, by)
    folder, sample = _("附件"), _("示例.txt")
    example = {object_type.title: _("示例（导入前请删去这一行）"), ATTACH: f"{folder}/{sample}"}
    with tempfile.TemporaryDirectory() as room, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        table = Path(room) / "table.xlsx"
        with XlsxWriter(table, [str(spec.label) for spec in specs], sheet=str(object_type.label)) as book:
            book.write([example.get(spec.key) for spec in specs])
        packed.write(table, f"{object_type.label}.xlsx")
        packed.writestr(f"{folder}/{sample}", _("这个文件会附在示例那一行的记录上。"))
        packed.writestr(_("说明.txt"), "\ufeff" + "\r\n".join(explained(object_type, specs)))


def explained(object_type: ObjectType, specs: list[FieldSpec]) -> list[str]:
    needed = [str(spec.label) for spec in specs if spec.required]
    holding = [str(spec.label) for spec in specs if spec.type.key in FILE_KINDS]
    lines = [
        _("1. 在“%(name)s.xlsx”里每行填一条记录；不用的列可以删去，列的顺序随意。")
        % {"name": object_type.label},
        _("2. 新建时必填：%(names)s。") % {"names": _("、").join(needed)} if needed else "",
        _("3. 要带上的文件放进“附件”文件夹（可以再分文件夹），在“附件”一列写文件名，几个文件用分号隔开。"),
        _("   文件名在整个压缩包里唯一时只写名称；不唯一时写上文件夹，例如“附件/合同/一期.pdf”。"),
        _("   这些列各放一个文件：%(names)s。") % {"names": _("、").join(holding)} if holding else "",
        _("4. 把表格和文件夹一起压缩成 ZIP 上传。每个文件最大 25 MB，整个压缩包解压后最大 2 GB。"),
        _("5. 上传后先预演：缺的、太大的、重名的文件会逐行列出原因，没有写入任何内容。"),
    ]
    return [line for line in lines if line]
