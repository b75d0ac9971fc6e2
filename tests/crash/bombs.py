"""Bombs and a million bad rows, sent to a running server: what becomes of them, how long the others wait meanwhile, and
what memory the server with its worker needs.

    python -m tests.crash.bombs [--rows 1000000] [--megabytes 600]

Somebody else opens a page every tenth of a second all the time."""

from __future__ import annotations

import argparse
import http.client
import os
import struct
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash.others import Browser, Clicker, Sampler, part
from tests.e2e.company import environment, load, running

WAITS_AT_MOST, MORE_MEMORY = 3.0, 300 * 1024 * 1024
MB = 1024 * 1024
PIECE = b"0" * MB
SETTLES_WITHIN = 1500.0
MARK = "--bomb"
NO_COLUMN = "no column that could be mapped"
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE x ['
    '<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]>"
)


@dataclass
class Story:
    port: int
    pid: int
    browser: Browser
    folder: Path
    megabytes: int
    rows: int
    wrong: list[str] = field(default_factory=list)
    others: Browser | None = None

    def tried(self, what: str, act: Callable[[Story], str], expected: set[str]) -> None:
        """`act` returns what became of it."""
        assert self.others is not None
        clicker, sampler = Clicker(self.others), Sampler(self.pid)
        clicker.start()
        sampler.start()
        began = time.monotonic()
        became = act(self)
        seconds = time.monotonic() - began
        clicker.end()
        sampler.end()
        worst = max(clicker.waits)
        bad = [
            *([f"became {became}"] if became not in expected else []),
            *(["others waited"] if worst > WAITS_AT_MOST else []),
            *(["memory"] if sampler.more_memory > MORE_MEMORY else []),
            *clicker.wrong[:3],
        ]
        self.wrong += [f"{what}: {one}" for one in bad]
        print(
            f"{'WRONG' if bad else 'ok   '} {what}: {became} after {seconds:.1f} s; {len(clicker.waits)} pages of "
            f"others, p90 {part(clicker.waits, 0.9):.2f} s, worst {worst:.2f} s; {sampler.said()}; "
            f"load {os.getloadavg()[0]:.1f} {bad or ''}",
            flush=True,
        )

    # sending

    def send(self, path: str, name: str, body: Iterator[bytes], size: int) -> http.client.HTTPResponse | None:
        """A file as a browser sends it; None where the server hung up before it had heard all."""
        lines = f'Content-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        head, tail = f"--{MARK}\r\n{lines}".encode(), f"\r\n--{MARK}--\r\n".encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        cookies = self.browser.cookies
        connection.putrequest("POST", path)
        for key, value in (
            ("Cookie", "; ".join(f"{name}={one.value}" for name, one in cookies.items())),
            ("X-CSRFToken", cookies["csrftoken"].value),
            ("Content-Type", f"multipart/form-data; boundary={MARK}"),
            ("Content-Length", str(len(head) + size + len(tail))),
        ):
            connection.putheader(key, value)
        connection.endheaders()
        try:
            connection.send(head)
            for piece in body:
                connection.send(piece)
            connection.send(tail)
        except OSError:
            pass  # it has heard enough; perhaps it has said why
        try:
            answer = connection.getresponse()
            answer.read()
            return answer
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def upload(self, path: Path) -> str:
        """As an import of customers: what becomes of it, once it has been looked at."""
        from kemai.platform.models import ImportRun

        answer = self.send("/imports/new/customer", path.name, pieces(path), path.stat().st_size)
        if answer is None:
            return "hung up"
        if answer.status not in {302, 303}:
            return str(answer.status)
        pk = int((answer.getheader("Location") or "").rstrip("/").rpartition("/")[2])
        until = time.monotonic() + SETTLES_WITHIN
        while time.monotonic() < until:
            run = ImportRun.objects.get(pk=pk)
            if run.state == "failed":
                return "refused"
            if "header" in run.source:
                return self.imported(pk)
            time.sleep(0.3)
        return "never looked at"

    def imported(self, pk: int) -> str:
        from bench.load import start_import
        from kemai.customers.models import Customer
        from kemai.platform.models import ImportRun
        from kemai.platform.records import FieldErrors

        before = Customer.objects.count()
        try:
            start_import(pk)
        except (ValueError, FieldErrors):
            return NO_COLUMN
        until = time.monotonic() + SETTLES_WITHIN
        while time.monotonic() < until:
            run = ImportRun.objects.get(pk=pk)
            if run.state in {"done", "failed"}:
                made = Customer.objects.count() - before
                return "all refused" if not made else f"{made} records were made"
            time.sleep(0.5)
        return "never ended"


def pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(MB):
            yield piece


def packed(story: Story, name: str, parts: dict[str, Iterator[bytes]]) -> Path:
    path = story.folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out:
        for inner, content in parts.items():
            with out.open(inner, "w", force_zip64=True) as entry:
                for piece in content:
                    entry.write(piece)
    return path


def whole(text: str) -> Iterator[bytes]:
    yield text.encode()


TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
RELS = f'<?xml version="1.0"?><Relationships xmlns="{PACKAGE}">{{}}</Relationships>'
ROOT = RELS.format(f'<Relationship Id="r1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/>')
BOOK_RELS = RELS.format(
    f'<Relationship Id="r1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="r2" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
)
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SHEET = '<sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets>'
BOOK = f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{SHEET}</workbook>'


def book(
    story: Story, name: str, sheet: Iterator[bytes], head: str = "", strings: Iterator[bytes] | None = None
) -> Path:
    parts = {
        "[Content_Types].xml": whole(TYPES),
        "_rels/.rels": whole(ROOT),
        "xl/workbook.xml": whole(head + BOOK),
        "xl/_rels/workbook.xml.rels": whole(BOOK_RELS),
        "xl/worksheets/sheet1.xml": sheet,
        **({"xl/sharedStrings.xml": strings} if strings is not None else {}),
    }
    return packed(story, name, parts)


def cells(megabytes: int, salt: Callable[[], bytes]) -> Iterator[bytes]:
    head = '<row r="1"><c r="A1" t="inlineStr"><is><t>客户名称</t></is></c></row>'
    yield f'<worksheet xmlns="{MAIN}"><sheetData>{head}'.encode()
    row, made = 2, 0
    while made < megabytes * MB:
        text = b"".join(
            b'<row r="%d"><c r="A%d" t="inlineStr"><is><t>%s</t></is></c></row>' % (row + n, row + n, salt())
            for n in range(500)
        )
        row, made = row + 500, made + len(text)
        yield text
    yield b"</sheetData></worksheet>"


def strings(megabytes: int) -> Iterator[bytes]:
    """Texts that are packed 1 to 100 or so: below the ratio that is refused."""
    yield f'<sst xmlns="{MAIN}">'.encode()
    for _n in range(megabytes):
        yield b"".join(
            b"<si><t>%s%s</t></si>" % (os.urandom(5).hex().encode(), b"x" * 1000) for _m in range(1024)
        )
    yield b"</sst>"


def salted() -> bytes:
    return os.urandom(2).hex().encode() + b"x" * 500


def announced(story: Story) -> str:
    size = story.megabytes * MB
    answer = story.send("/o/customer/1/files", "a.txt", (PIECE for _n in range(story.megabytes)), size)
    return str(answer.status) if answer is not None else "hung up"


def zeros(story: Story) -> str:
    path = story.folder / "zeros.csv"
    with path.open("wb") as out:
        for _n in range(story.megabytes):
            out.write(bytes(MB))
    return story.upload(path)


def one_line(story: Story) -> str:
    path = story.folder / "line.csv"
    with path.open("wb") as out:
        for _n in range(story.megabytes):
            out.write(PIECE)
    return story.upload(path)


def sheet_bomb(story: Story) -> str:
    return story.upload(book(story, "sheet.xlsx", cells(story.megabytes, lambda: b"x" * 500)))


def salted_sheet(story: Story) -> str:
    return story.upload(book(story, "salted.xlsx", cells(story.megabytes, salted)))


def salted_strings(story: Story) -> str:
    sheet = whole(
        f'<worksheet xmlns="{MAIN}"><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c></row></sheetData></worksheet>'
    )
    return story.upload(book(story, "strings.xlsx", sheet, strings=strings(story.megabytes)))


def laughs(story: Story) -> str:
    sheet = whole(
        f'{LAUGHS}<worksheet xmlns="{MAIN}"><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>&j;</t></is></c></row>'
        "</sheetData></worksheet>"
    )
    return story.upload(book(story, "laughs.xlsx", sheet))


def archive(story: Story) -> str:
    return story.upload(
        packed(story, "archive.zip", {"rows.csv": (bytes(MB) for _n in range(story.megabytes))})
    )


def picture(story: Story) -> str:
    """A picture of 30,000 × 30,000 points: kept as it is and never unpacked here."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    press = zlib.compressobj(9)
    rows = b"".join([*(press.compress(bytes(30_001 * 100)) for _n in range(300)), press.flush()])
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0))
    data += chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    answer = story.send("/o/customer/1/files", "a.png", iter([data]), len(data))
    return str(answer.status) if answer is not None else "hung up"


def bad_rows(story: Story) -> str:
    path = story.folder / "bad.csv"
    with path.open("w", encoding="utf-8") as out:
        out.write("客户名称,电话,邮箱\n")
        for row in range(story.rows):
            out.write(f",{row},不是邮箱{row}\n")
    return story.upload(path)


TRIED: tuple[tuple[str, Callable[[Story], str], set[str]], ...] = (
    ("an attachment of 600 MB", announced, {"413", "hung up"}),
    ("a table of 600 MB of nothing", zeros, {"refused", "all refused"}),
    ("a table of one line of 600 MB", one_line, {"refused", "all refused"}),
    ("a workbook that unpacks to 600 MB", sheet_bomb, {"refused", "422", "all refused", NO_COLUMN}),
    ("the same, packed less well", salted_sheet, {"refused", "422", "all refused", NO_COLUMN}),
    ("a workbook with 600 MB of texts", salted_strings, {"refused", "422", "all refused", NO_COLUMN}),
    ("a billion laughs in a workbook", laughs, {"refused", "422"}),
    ("an archive with 600 MB of nothing", archive, {"refused", "422"}),
    ("a picture that unpacks to 900 MB", picture, {"200", "204", "302", "303", "404"}),
    ("a million bad rows", bad_rows, {"all refused"}),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--megabytes", type=int, default=600)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kemai-bombs-") as name:
        data = Path(name, "data")
        data.mkdir()
        os.environ.update(environment(data))
        load(data, 0.02)
        import django

        django.setup()
        with running(data, settings={"KEMAI_LOG_LEVEL": "CRITICAL"}) as company:
            port = int(company.address.rpartition(":")[2])
            people = [Browser(port), Browser(port)]
            for one in people:
                assert one.log_in("demo", company.password).status == 302
                for path in ("/", "/o/customer/", "/dashboard"):
                    one.ask("GET", path)
            story = Story(
                port, company.pid, people[0], Path(name), options.megabytes, options.rows, others=people[1]
            )
            for what, act, expected in TRIED:
                if options.only in what:
                    story.tried(what, act, expected)
    return 1 if story.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
