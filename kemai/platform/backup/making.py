"""Making a backup: snapshot, files, audit and secret into one archive, which gets its name when it is whole."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils import timezone

from kemai.kit import durable
from kemai.platform import audit
from kemai.platform.access import SYSTEM, Actor
from kemai.platform.backup import archive, ledger, snapshot
from kemai.platform.backup.cipher import BadArchive
from kemai.platform.models import BackupRun

ENDING = ".kbak"
Told = Callable[[int], None]
"""Called with the bytes read so far; may raise to give up."""


class Failed(Exception):
    """No backup was made; the text is for people."""


def nothing(_done: int) -> None:
    return None


def make(*, by: Actor = SYSTEM, folder: Path | None = None, told: Told = nothing) -> BackupRun:
    """Makes a backup and notes how it went. Raises Failed, or whatever `told` raises."""
    run = BackupRun.objects.create(started_at=timezone.now(), vendor=connection.vendor, actor_name=by.name)
    target = (
        folder or ledger.folder()
    ) / f"kemai-{timezone.localtime(run.started_at):%Y%m%d-%H%M%S}-{run.pk}{ENDING}"
    try:
        manifest = written(target, told)
    except BaseException as error:
        text = (
            str(error)
            if isinstance(error, snapshot.NoTool | BadArchive)
            else f"{type(error).__name__}: {error}"
        )
        close(run, state="failed", error=text[:400])
        if isinstance(error, OSError | snapshot.NoTool):
            raise Failed(text) from error
        raise
    close(
        run, state="done", name=target.name, size=target.stat().st_size, sealed=bool(settings.BACKUP_KEY),
        rows=sum(manifest.tables.values()), files=sum(name.startswith("files/") for name in manifest.members),
    )  # fmt: skip
    audit.note("setting", "backup", run.pk, by=by, reason=target.name)
    return run


def close(run: BackupRun, **values: object) -> None:
    for name, value in values.items():
        setattr(run, name, value)
    run.finished_at = timezone.now()
    run.save()


def written(target: Path, told: Told) -> archive.Manifest:
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    try:
        with tempfile.TemporaryDirectory(prefix="backup-", dir=target.parent) as place:
            taken = snapshot.take(Path(place), alive=lambda: told(0))
            manifest = archive.Manifest(
                connection.vendor,
                version("kemai"),
                timezone.now().isoformat(),
                taken.tables,
                snapshot.applied(),
            )
            about = {"vendor": manifest.vendor, "version": manifest.version, "at": manifest.at}
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with (
                os.fdopen(descriptor, "wb") as out,
                archive.writing(out, settings.BACKUP_KEY, about, manifest, told) as writer,
            ):
                fill(writer, taken)
        durable.into_place(partial, target)
        return manifest
    finally:
        partial.unlink(missing_ok=True)


def fill(writer: archive.Writer, taken: snapshot.Snapshot) -> None:
    """The database first: a file that is added later is of no record in it, one that is missing would be missed."""
    writer.add_bytes("secret.key", settings.SECRET_KEY.encode())
    writer.add_file(taken.name, taken.path)
    if ledger.path().exists():
        writer.add_bytes("erased.jsonl", ledger.path().read_bytes())
    for below, root in (("files", Path(settings.MEDIA_ROOT)), ("audit", Path(settings.AUDIT_ROOT))):
        for path in below_of(root):
            name = f"{below}/{path.relative_to(root).as_posix()}"
            if archive.ALLOWED.fullmatch(name):
                add_if_there(writer, name, path)


def add_if_there(writer: archive.Writer, name: str, path: Path) -> None:
    """A file that somebody has just removed is of no record any more."""
    try:
        source = path.open("rb")
    except FileNotFoundError:
        return
    with source:
        writer.add(name, source, os.fstat(source.fileno()).st_size)


def below_of(root: Path) -> Iterator[Path]:
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
            yield path
