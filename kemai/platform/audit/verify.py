"""Is the chain whole, and is what it sealed still there as it was? Says which row is wrong, and how."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef

from kemai.platform.audit import sealfile
from kemai.platform.audit.chain import REDACTED, START, ChangeRow, changes_between, entry_hash, slice_of
from kemai.platform.models import AuditEntry, Change, ChangeSet

CHUNK = 2000
SEALED = ("at", "kind", "actor_id", "actor_name", "source", "address", "via", "request_id", "reason", "rule")
"""What an entry took from its change set and must still be true of it."""
Report = Callable[[int, int], object]


@dataclass(frozen=True)
class Fault:
    """`seq` is the entry, where there is one. `what`:

    altered: the entry does not agree with its own hash; removed: entries are missing; chain: the entry before it is
    not the one it was made after (altered with its hash, or inserted); set: its change set was altered or removed;
    content: its changes were altered, removed or added to; unknown: a change set that claims an entry it does not
    have; file: a sealed file does not agree."""

    what: str
    seq: int
    changeset: int | None = None
    detail: str = ""


@dataclass
class Verdict:
    entries: int = 0
    changes: int = 0
    redacted: int = 0
    waiting: int = 0
    files: int = 0
    first: int = 0
    last: int = 0
    faults: list[Fault] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.faults


def verify(*, contents: bool = True, files: bool = True, progress: Report | None = None) -> Verdict:
    """Walks the chain from its first link. `contents` compares the change sets and changes as well, `files` the daily
    sealed files."""
    verdict = Verdict(waiting=ChangeSet.objects.filter(sealed=None).count())
    total = AuditEntry.objects.count()
    begun = start_of()
    walk = Walk(verdict, begun)
    for chunk in chunks():
        for entry in chunk:
            walk.take(entry)
        if contents:
            check_contents(chunk, verdict)
        if progress is not None:
            progress(verdict.entries, total)
    verdict.last = walk.seq
    check_unsealed(verdict, begun)
    if files:
        sealfile.check(verdict)
    return verdict


def start_of() -> tuple[int, str]:
    """The number and hash after which the chain begins: the retention notes what it took away."""
    noted = AuditEntry.objects.filter(kind="retention").order_by("-seq").first()
    change = Change.objects.filter(pk=noted.first_change).first() if noted and noted.first_change else None
    if change is None or not change.diff:
        return 0, START
    return int(change.diff["removed_to"][1]), str(change.diff["hash"][1])


def chunks() -> Iterator[list[AuditEntry]]:
    last = -1
    while rows := list(AuditEntry.objects.filter(seq__gt=last).order_by("seq")[:CHUNK]):
        yield rows
        last = rows[-1].seq


class Walk:
    """From link to link."""

    def __init__(self, verdict: Verdict, begun: tuple[int, str]) -> None:
        self.verdict = verdict
        self.seq, self.hash = begun

    def take(self, entry: AuditEntry) -> None:
        found = self.verdict
        found.entries += 1
        found.first = found.first or entry.seq
        if entry.seq > self.seq + 1:
            gap = f"{self.seq + 1}" if entry.seq == self.seq + 2 else f"{self.seq + 1}–{entry.seq - 1}"
            found.faults.append(Fault("removed", self.seq + 1, detail=gap))
        elif entry.previous != self.hash:
            found.faults.append(Fault("chain", entry.seq, entry.changeset_id))
        real = entry_hash(entry)
        if real != entry.hash:
            found.faults.append(Fault("altered", entry.seq, entry.changeset_id))
        self.seq, self.hash = entry.seq, entry.hash


def check_contents(chunk: list[AuditEntry], verdict: Verdict) -> None:
    sets = ChangeSet.objects.in_bulk({entry.changeset_id for entry in chunk})
    for entry in chunk:
        one = sets.get(entry.changeset_id)
        if one is None:
            verdict.faults.append(Fault("set", entry.seq, entry.changeset_id, "removed"))
            continue
        wrong = [name for name in SEALED if differs(getattr(one, name), getattr(entry, name), name)]
        if wrong:
            verdict.faults.append(Fault("set", entry.seq, one.pk, ", ".join(wrong)))
        check_changes(entry, verdict)


def differs(now: object, sealed: object, name: str) -> bool:
    if name == "actor_id" and now is None:
        return False  # the person has been removed; the entry still names them
    return now != sealed


def check_changes(entry: AuditEntry, verdict: Verdict) -> None:
    if entry.first_change is None:
        part = slice_of(changes_between(entry.changeset_id)) if entry.changes == 0 else None
        if part is not None and part.count and not later_slice(entry):
            verdict.faults.append(Fault("content", entry.seq, entry.changeset_id, f"+{part.count}"))
        return
    part = slice_of(
        counted(changes_between(entry.changeset_id, entry.first_change, entry.last_change), verdict)
    )
    verdict.changes += part.count
    if part.count != entry.changes:
        verdict.faults.append(
            Fault("content", entry.seq, entry.changeset_id, f"{part.count - entry.changes:+d}")
        )
    elif part.digest != entry.digest:
        verdict.faults.append(Fault("content", entry.seq, entry.changeset_id, "≠"))


def later_slice(entry: AuditEntry) -> bool:
    return AuditEntry.objects.filter(changeset_id=entry.changeset_id, seq__gt=entry.seq).exists()


def counted(changes: Iterable[ChangeRow], verdict: Verdict) -> Iterator[ChangeRow]:
    for change in changes:
        if change[4] and REDACTED in change[4]:
            verdict.redacted += 1
        yield change


def check_unsealed(verdict: Verdict, begun: tuple[int, str]) -> None:
    """Change sets that claim to be sealed and have no link were put in past the product."""
    claimed = ChangeSet.objects.exclude(sealed=None).exclude(sealed=0)
    linked = AuditEntry.objects.filter(changeset_id=OuterRef("pk"))
    missing = claimed.filter(~Exists(linked), sealed__gt=begun[0])
    for pk, seq in missing.order_by("pk").values_list("pk", "sealed")[:20]:
        verdict.faults.append(Fault("unknown", seq or 0, pk))
