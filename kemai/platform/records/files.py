"""Files kept with records: stored under their content hash, served only as attachments."""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.kit import durable
from kemai.platform import access, audit, query
from kemai.platform.access import SYSTEM, Actor
from kemai.platform.fields import Ref
from kemai.platform.fields.base import clean_text
from kemai.platform.models import Change, ChangeSet, StoredFile
from kemai.platform.objects import ObjectType, get
from kemai.platform.records import scanning
from kemai.platform.records.errors import FieldErrors, Refused

log_of = logging.getLogger(__name__)
MOST_BYTES = 25 * 1024 * 1024
MOST_FILES = 500
"""Files a record may hold."""


class Upload(Protocol):
    """A file on its way in, as Django hands it over."""

    @property
    def name(self) -> str | None: ...

    @property
    def size(self) -> int | None: ...

    @property
    def content_type(self) -> str | None: ...

    def chunks(self) -> Iterable[bytes]: ...


def attach(type_key: str, key: int, upload: Upload, *, by: Actor) -> StoredFile:
    """Keeps an uploaded file with a record that the actor may edit. Raises FieldErrors (too large, empty, no name),
    access.NotVisible, access.Denied, Refused (too many)."""
    object_type = get(type_key)
    access.one(by, object_type, key, "edit")
    if files_of(object_type, key).count() >= MOST_FILES:
        raise Refused("too_many_files", _("一条记录最多保存 %(most)s 个文件") % {"most": MOST_FILES})
    stored = store(upload, by=by, type_key=type_key, object_id=key)
    log(type_key, key, [None, stored.name], by=by)
    return stored


def store(upload: Upload, *, by: Actor, type_key: str = "", object_id: int | None = None) -> StoredFile:
    """Writes an upload into the data folder and notes it. The same content is kept once. Raises FieldErrors."""
    return noted(receive(upload, by=by), by=by, type_key=type_key, object_id=object_id)


class Received(NamedTuple):
    """Bytes that lie in the data folder and belong to nothing yet."""

    name: str
    kind: str
    sha256: str
    size: int
    path: str


def examine(upload: Upload, *, by: Actor) -> str:
    """What is asked of every file before it is kept; returns its name. Raises FieldErrors."""
    name = safe_name(upload.name or "")
    if (upload.size or 0) > MOST_BYTES:
        most = MOST_BYTES // 1024 // 1024
        raise FieldErrors({"file": _("文件太大：最大 %(most)s MB") % {"most": most}})
    if upload.size:  # an empty one is refused as such
        scanning.check_kind(upload, name)
    scanning.check(upload, name, by=by)
    return name


def receive(upload: Upload, *, by: Actor) -> Received:
    """The first half of `store`, which takes its time: for who keeps a file within a longer transaction, and must not
    hold the database meanwhile. Raises FieldErrors (too large, empty, no name, not what its name says,
    infected, not to be scanned)."""
    name = examine(upload, by=by)
    return Received(name, clean_text(upload.content_type or "")[:120], *keep(upload))


def noted(received: Received, *, by: Actor, type_key: str = "", object_id: int | None = None) -> StoredFile:
    (stored,) = noted_many([(received, object_id)], by=by, type_key=type_key)
    return stored


def noted_many(
    files: Iterable[tuple[Received, int | None]],
    *,
    by: Actor,
    type_key: str,
    brought_by: ChangeSet | None = None,
) -> list[StoredFile]:
    """The rows of files received, each with the record it belongs to."""
    now = timezone.now()
    return StoredFile.objects.bulk_create(
        StoredFile(
            name=received.name, path=received.path, size=received.size, sha256=received.sha256,
            content_type=received.kind, type_key=type_key, object_id=key, user_id=by.user_id, created_at=now,
            brought_by=brought_by,
        )
        for received, key in files
    )  # fmt: skip


def settle_in(files: Sequence[StoredFile]) -> None:
    """Gives files to the records whose keys were not known when they were noted."""
    StoredFile.objects.bulk_update(files, ["object_id"], batch_size=500)


def take_back(type_key: str, brought: Mapping[int, Iterable[int]], by: ChangeSet) -> None:
    """Takes files {record: files} away from their records. They are kept while a redo of `by` may bring them back."""
    ids = [one for files in brought.values() for one in files]
    StoredFile.objects.filter(type_key=type_key, pk__in=ids).update(removed_by=by)


def bring_back(type_key: str, removed: Mapping[int, Iterable[int]], by: ChangeSet) -> None:
    """Gives files that an undo took away back to their records; taking `by` back in turn finds them."""
    ids = [one for files in removed.values() for one in files]
    StoredFile.everything.filter(type_key=type_key, pk__in=ids).update(removed_by=None, brought_by=by)


def safe_name(name: str) -> str:
    """The last part of a name, without what a path or a header could be broken with."""
    bare = clean_text(name.replace("\\", "/").rpartition("/")[2]).replace("\n", " ").replace("\r", " ")
    bare = bare.strip(". ")
    if not bare:
        raise FieldErrors({"file": _("文件没有名称，请重新选择")})
    if len(bare) > 200:
        stem, dot, ending = bare.rpartition(".")
        bare = f"{stem[: 199 - len(ending)]}.{ending}" if dot and len(ending) < 20 else bare[:200]
    return bare


def keep(upload: Upload, look: Callable[[Path, int], None] | None = None) -> tuple[str, int, str]:
    """(hash, size, path below the files folder). `look` sees the bytes and their number before anybody can find them,
    and may refuse them. Raises FieldErrors for an empty file, and what `look` raises."""
    root = Path(settings.MEDIA_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    handle, temporary = tempfile.mkstemp(dir=root, prefix=".upload-")
    try:
        with os.fdopen(handle, "wb") as out:
            for chunk in upload.chunks():
                digest.update(chunk)
                size += len(chunk)
                out.write(chunk)
        if not size:
            raise FieldErrors({"file": _("文件是空的，请重新选择")})
        if look is not None:
            look(Path(temporary), size)
        name = digest.hexdigest()
        relative = f"{name[:2]}/{name}"
        if not (root / name[:2]).is_dir():
            (root / name[:2]).mkdir(exist_ok=True)
            durable.flush(root)
        durable.into_place(Path(temporary), root / relative)
    finally:
        Path(temporary).unlink(missing_ok=True)
    return name, size, relative


def files_of(object_type: ObjectType, key: int, by: Actor = SYSTEM) -> QuerySet[StoredFile]:
    """The files of a record, newest first; whether the record may be seen is the caller's question. Files in fields
    that the actor does not see are not among them."""
    found = StoredFile.objects.filter(type_key=object_type.key, object_id=key)
    closed = in_closed_fields(object_type, [key], by)
    return (found.exclude(pk__in=closed) if closed else found).select_related("user").order_by("-id")


def in_closed_fields(object_type: ObjectType, keys: Sequence[int], by: Actor) -> set[int]:
    """The files of records that lie in fields which the actor sees not at all, or only that something is there."""
    if by.is_system:
        return set()
    fields = [spec for spec in object_type.fields.values() if spec.type.key in {"file", "image"}]
    levels = access.field_levels(by, object_type) if fields else {}
    closed = [spec for spec in fields if levels[spec.key] not in {"read", "edit"}]
    if not closed:
        return set()
    opened = access.revealable(by, object_type, keys)
    still = access.field_levels(by, object_type, revealed=True)
    rows = query.fetch(object_type.records().filter(pk__in=keys), object_type, closed)
    values = (
        row.get(spec.key)
        for row in rows
        for spec in closed
        if not (row["id"] in opened and still[spec.key] in {"read", "edit"})
    )
    return {value.id for value in values if isinstance(value, Ref)}


def one_file(type_key: str, key: int, file_id: int, *, by: Actor) -> StoredFile:
    """A file of a record that the actor sees. Raises access.NotVisible."""
    object_type = get(type_key)
    access.one(by, object_type, key)
    found = files_of(object_type, key, by).filter(pk=file_id).first()
    if found is None:
        raise access.NotVisible
    return found


def field_file(file_id: int) -> StoredFile:
    """The file that a field holds; whether the field may be seen is the caller's question. Raises access.NotVisible."""
    found = StoredFile.objects.filter(pk=file_id).first()
    if found is None:
        raise access.NotVisible
    return found


def claim(object_type: ObjectType, key: int, values: Mapping[str, Any], *, by: Actor) -> None:
    """The files that own fields of a record now hold become the record's. A file is named by its number: only one's
    own fresh upload, or what the record has already, may be. Raises FieldErrors."""
    for name, value in values.items():
        spec = object_type.fields.get(name)
        if spec is None or spec.own is None or spec.type.key not in {"file", "image"} or value is None:
            continue
        mine = Q(type_key=object_type.key, object_id=key)
        fresh = Q(object_id=None, type_key=object_type.key)
        if not by.is_system:
            fresh &= Q(user=by.user_id)
        taken = StoredFile.objects.filter(mine | fresh, pk=value.id)
        # or a file of a field that one does not see could be read by putting its number into another
        if not taken.exclude(pk__in=in_closed_fields(object_type, [key], by)).update(object_id=key):
            raise FieldErrors({name: _("没有找到这个文件，请重新上传")})


def location(stored: StoredFile) -> Path:
    """Where the bytes are. Raises access.NotVisible when they are gone."""
    root = Path(settings.MEDIA_ROOT).resolve()
    path = (root / stored.path).resolve()
    if not path.is_relative_to(root) or not path.is_file():
        raise access.NotVisible
    return path


def note_download(stored: StoredFile, type_key: str, key: int, *, by: Actor) -> None:
    """Who fetched which file. Looking at a record must not fail because this cannot be written (a full disk)."""
    try:
        with transaction.atomic():
            audit.note("download", type_key, key, by=by, reason=stored.name)
    except DatabaseError:
        log_of.warning("a download could not be noted", exc_info=True)


def detach(type_key: str, key: int, file_id: int, *, by: Actor) -> None:
    """Takes a file off a record that the actor may edit; the bytes go when no other file has the same content."""
    access.one(by, get(type_key), key, "edit")
    stored = one_file(type_key, key, file_id, by=by)
    with transaction.atomic():
        log(type_key, key, [stored.name, None], by=by)
        stored.delete()
    release(stored.path)


def discard(stored: StoredFile) -> None:
    """Removes a file that belongs to no record; the bytes go when no other file has the same content."""
    stored.delete()
    release(stored.path)


def forget_bytes(stored: StoredFile) -> None:
    """Keeps a file's name and size, and lets go of what stood in it."""
    stored.expires_at = timezone.now()
    stored.save(update_fields=["expires_at"])
    release(stored.path)


def release(path: str) -> None:
    if not StoredFile.everything.filter(path=path, expires_at=None).exists():
        (Path(settings.MEDIA_ROOT) / path).unlink(missing_ok=True)


def log(type_key: str, key: int, pair: list[str | None], *, by: Actor) -> None:
    changes = audit.open_set("update", type_key, by=by, count=1)
    Change.objects.create(
        changeset=changes, type_key=type_key, object_id=key, action="update", diff={audit.FILES: pair}
    )
