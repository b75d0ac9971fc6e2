"""What is said to people when a file is refused: one sentence for every code that the readers of files know."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.kit.errors import KitError

FILE_MESSAGES: Mapping[str, Promise] = {
    "file_missing": gettext_lazy("文件已不在服务器上，请重新上传"),
    "file_empty": gettext_lazy("文件是空的，请选择有数据的文件"),
    "file_too_large": gettext_lazy("文件有 %(size)s，超过上限 %(limit)s，请拆成几个文件"),
    "kind_unknown": gettext_lazy("认不出文件类型，请另存为 CSV 或 XLSX"),
    "not_text": gettext_lazy("这不是表格文件，请另存为 CSV 或 XLSX"),
    "encodings_mixed": gettext_lazy(
        "文件里有几种编码（大概是几个文件拼成的），请分开导入，或另存为“CSV UTF-8”"
    ),
    "encodings_glued": gettext_lazy(
        "文件里有几种编码：从第 %(line)s 行起与前面的不同（大概是几个文件拼成的），请分开导入，或另存为“CSV UTF-8”"
    ),
    "encoding_unknown": gettext_lazy("认不出文件的编码，请在 Excel 中另存为“CSV UTF-8”"),
    "too_many_columns": gettext_lazy("文件有 %(columns)s 列，最多 %(limit)s 列，请删去不用的列"),
    "too_many_rows": gettext_lazy("文件超过 %(limit)s 行，请拆成几个文件"),
    "sheet_missing": gettext_lazy("工作簿里没有名为“%(sheet)s”的工作表"),
    "no_header": gettext_lazy("没有找到标题行，请在第一行写上各列的名称"),
    "xlsx_bomb": gettext_lazy("工作簿解压后大得不正常（%(ratio)s 倍），为了安全没有打开"),
    "xlsx_too_large": gettext_lazy("工作簿解压后有 %(size)s，超过上限 %(limit)s，请另存为 CSV"),
    "xlsx_too_many_entries": gettext_lazy("工作簿里的部件太多，为了安全没有打开，请另存为 CSV"),
    "xlsx_too_many_cells": gettext_lazy("工作表“%(sheet)s”的范围太大，请删去空白的行和列，或另存为 CSV"),
    "xlsx_broken": gettext_lazy("工作簿已损坏，打不开，请在 Excel 中修复后另存"),
    "xlsx_encrypted": gettext_lazy("工作簿有密码，请去掉密码后再上传"),
    "xlsx_kind": gettext_lazy("不支持这种文件（%(kind)s），请另存为 CSV 或 XLSX"),
    "xlsx_full": gettext_lazy("工作表最多 %(limit)s 行，请改用 CSV"),
    "zip_broken": gettext_lazy("压缩包已损坏，打不开，请重新压缩后上传"),
    "zip_encrypted": gettext_lazy("压缩包有密码，请去掉密码后再上传"),
    "zip_too_many_entries": gettext_lazy(
        "压缩包里有 %(entries)s 个文件，最多 %(limit)s 个，请分成几个压缩包"
    ),
    "zip_too_large": gettext_lazy("压缩包解压后有 %(size)s，超过上限 %(limit)s，请分成几个压缩包"),
    "zip_bomb": gettext_lazy("压缩包解压后大得不正常（%(ratio)s 倍），为了安全没有打开"),
    "zip_path": gettext_lazy("压缩包里有不安全的路径“%(name)s”，为了安全没有打开"),
    "zip_method": gettext_lazy("不支持这种压缩方式，请压缩成普通的 ZIP"),
    "zip_overlap": gettext_lazy("压缩包里的文件互相重叠，为了安全没有打开"),
    "zip_file_broken": gettext_lazy("压缩包里的文件“%(name)s”已损坏，读不出来"),
    "zip_no_table": gettext_lazy("压缩包里没有表格，请把一个 CSV 或 XLSX 和要导入的文件放在一起压缩"),
    "cell_too_long": gettext_lazy("单元格有 %(length)s 个字，最多 %(limit)s 个"),
    "line_too_long": gettext_lazy("这一行超过 %(limit)s 个字，请检查文件里的换行和引号"),
    "too_many_cells": gettext_lazy("这一行有 %(cells)s 格，标题只有 %(columns)s 列"),
    "broken_quotes": gettext_lazy("引号不成对，读不出这一行"),
    "bad_encoding": gettext_lazy("这一行有不能识别的字符，请检查文件编码"),
    "bad_cell_value": gettext_lazy("单元格里的值不能识别"),
}
SIZES = frozenset({"file_too_large", "xlsx_too_large", "zip_too_large"})
UNKNOWN = gettext_lazy("文件读不出来（%(code)s），请另存为 CSV 或 XLSX 后重试")


def explain(error: KitError) -> str:
    """The sentence for a refusal, in the language of the moment."""
    return explain_code(error.code, error.params)


def explain_code(code: str, params: Mapping[str, object]) -> str:
    """The same from a stored code: what was refused yesterday is told in today's reader's language."""
    template = FILE_MESSAGES.get(code)
    if template is None:
        return str(UNKNOWN) % {"code": code}
    shown = {key: plain(value, size=code in SIZES) for key, value in params.items()}
    try:
        return str(template) % shown
    except KeyError:
        return str(UNKNOWN) % {"code": code}


def plain(value: object, *, size: bool) -> str:
    if size and isinstance(value, int):
        return f"{value / 1024**2:,.0f} MB" if value >= 1024**2 else f"{value / 1024:,.0f} kB"
    return f"{value:,}" if isinstance(value, int) else str(value)[:80]


def row_error(code: str, params: Mapping[str, object]) -> str:
    return _("读不出这一行：%(why)s") % {"why": explain_code(code, params)}
