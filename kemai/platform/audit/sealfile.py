"""The daily sealed file: yesterday's links outside the database, so that a chain written anew is found out.

One gzipped file a day under KEMAI_AUDIT (by default `audit/` in the data folder; better another disk): a line of JSON
for every entry, and a last line with their number, the hash of the last one, the digest of the day before's file, and
a seal made with the installation's secret."""

from __future__ import annotations

import gzip
import hashlib
import hmac
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from django.conf import settings
from django.utils import timezone

from kemai.kit import durable
from kemai.platform.audit.chain import START, bare, entry_hash
from kemai.platform.audit.seal import seal_all
from kemai.platform.jobs import Progress, schedule
from kemai.platform.models import AuditEntry

if TYPE_CHECKING:
    from kemai.platform.audit.verify import Verdict


def folder() -> Path:
    return Path(settings.AUDIT_ROOT)


def files() -> list[Path]:
    return sorted(folder().glob("kemai-audit-*.jsonl.gz"))


def write_day(day: date) -> Path | None:
    """The file of a day; None where nothing happened. Written once: a file that is there is left alone."""
    path = folder() / f"kemai-audit-{day.isoformat()}.jsonl.gz"
    if path.exists():
        return path
    entries = of_day(day)
    first = next(entries, None)
    if first is None:
        return None
    folder().mkdir(parents=True, exist_ok=True)
    before = [one for one in files() if one.name < path.name]
    temporary = path.with_suffix(".part")
    count, last = 0, first
    with gzip.open(temporary, "wb") as out:
        for entry in chain_of(first, entries):
            out.write(orjson.dumps(bare(entry)) + b"\n")
            count, last = count + 1, entry
        seal = {
            "sealed": day.isoformat(), "entries": count, "first": first.seq, "last": last.seq, "hash": last.hash,
            "file_before": digest(before[-1]) if before else START,
        }  # fmt: skip
        out.write(orjson.dumps(seal | {"seal": sign(seal)}) + b"\n")
    temporary.chmod(0o440)
    durable.into_place(temporary, path)
    return path


def of_day(day: date) -> Iterator[AuditEntry]:
    """By the moment of the act; the chain's own order."""
    zone = timezone.get_default_timezone()
    begin = datetime.combine(day, time.min, zone)
    rows = AuditEntry.objects.filter(at__gte=begin, at__lt=begin + timedelta(days=1))
    return rows.order_by("seq").iterator(chunk_size=2000)


def chain_of(first: AuditEntry, rest: Iterator[AuditEntry]) -> Iterator[AuditEntry]:
    yield first
    yield from rest


def sign(seal: dict[str, Any], secret: str = "") -> str:
    key = hashlib.sha256(b"kemai audit " + (secret or settings.SECRET_KEY).encode()).digest()
    return hmac.new(key, orjson.dumps(seal, option=orjson.OPT_SORT_KEYS), hashlib.sha256).hexdigest()


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@schedule("audit.file", at="00:20")
def write_yesterday(progress: Progress) -> int:
    """The files of the last days that lack one; returns how many were written."""
    seal_all()
    today = timezone.localdate()
    written = 0
    for back in range(7, 0, -1):
        day = today - timedelta(days=back)
        had = (folder() / f"kemai-audit-{day.isoformat()}.jsonl.gz").exists()
        written += write_day(day) is not None and not had
        progress(written)
    return written


def check(verdict: Verdict) -> None:
    """Every sealed file: its own seal, the file before it, and the entries that the database still has."""
    before: Path | None = None
    for path in files():
        verdict.files += 1
        for what in faults_of(path, before):
            verdict.faults.append(what)
        before = path


def faults_of(path: Path, before: Path | None) -> Iterator[Any]:
    from kemai.platform.audit.verify import Fault

    try:
        with gzip.open(path, "rb") as file:
            *lines, last = file.read().splitlines()
        seal = orjson.loads(last)
        given = seal.pop("seal")
    except (OSError, ValueError, KeyError, EOFError):
        yield Fault("file", 0, detail=f"{path.name}: ?")
        return
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    if (
        not any(hmac.compare_digest(given, sign(seal, secret)) for secret in secrets)
        or len(lines) != seal["entries"]
    ):
        yield Fault("file", seal.get("first", 0), detail=path.name)
    if before is not None and seal["file_before"] not in {digest(before), START}:
        yield Fault("file", seal["first"], detail=f"{path.name} / {before.name}")
    yield from compared([orjson.loads(line) for line in lines], path)


def compared(lines: list[dict[str, Any]], path: Path) -> Iterator[Any]:
    """Entries that the database lacks or has otherwise; those that the retention took away are fine."""
    from kemai.platform.audit.verify import Fault, start_of

    kept_from = start_of()[0]
    for begin in range(0, len(lines), 500):
        part = [line for line in lines[begin : begin + 500] if line["seq"] > kept_from]
        stored = AuditEntry.objects.in_bulk([line["seq"] for line in part])
        for line in part:
            entry = stored.get(line["seq"])
            if entry is None or entry.hash != line["hash"] or entry_hash(entry) != line["hash"]:
                yield Fault("file", line["seq"], line["changeset_id"], path.name)
