"""The files that own fields hold: fetched by field, so that the rights on the field are those on its file."""

from __future__ import annotations

from django.http import FileResponse, HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from kemai.platform import records
from kemai.platform.access import Actor, NotVisible
from kemai.platform.fields import Ref
from kemai.platform.models import StoredFile
from kemai.platform.ui.door import signed_in
from kemai.platform.ui.records.subject import FILES, Subject

PICTURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"RIFF": "image/webp",
}
"""What is shown as a picture, by its first bytes; what calls itself one and is none is only to be downloaded."""
LOCKED = "default-src 'none'; sandbox"


def stored_of(actor: Actor, type_key: str, pk: int, name: str) -> StoredFile:
    """Raises NotVisible where there is no such file for the actor."""
    subject = Subject(actor, type_key, pk)
    spec = subject.type.fields.get(name)
    value = subject.row.get(name)
    if (
        spec is None
        or spec.type.key not in FILES
        or not isinstance(value, Ref)
        or subject.levels[name] == "masked"
    ):
        raise NotVisible
    return records.field_file(value.id)


@signed_in
@require_safe
def value(request: HttpRequest, actor: Actor, type_key: str, pk: int, name: str) -> HttpResponseBase:
    """Downloads the file, never as anything a browser would run."""
    stored = stored_of(actor, type_key, pk, name)
    records.note_download(stored, type_key, pk, by=actor)
    return sent(stored, "application/octet-stream", attachment=True)


@signed_in
@require_safe
def picture(request: HttpRequest, actor: Actor, type_key: str, pk: int, name: str) -> HttpResponseBase:
    """The picture as a picture."""
    stored = stored_of(actor, type_key, pk, name)
    with records.location(stored).open("rb") as file:
        begin = file.read(16)
    kind = next((kind for mark, kind in PICTURES.items() if begin.startswith(mark)), "")
    if not kind:
        raise NotVisible
    return sent(stored, kind, attachment=False)


def sent(stored: StoredFile, kind: str, *, attachment: bool) -> FileResponse:
    response = FileResponse(
        records.location(stored).open("rb"), as_attachment=attachment, filename=stored.name, content_type=kind
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = LOCKED
    response.headers["Cache-Control"] = "private, max-age=300"
    return response
