"""Files that are there after the power has gone: a name is given only to bytes that are on the disk, and the name
itself is flushed as well. Without that a file system may keep the name and forget what stood behind it."""

from __future__ import annotations

import os
from pathlib import Path


def flush(path: Path) -> None:
    """What was written to this file, or which names this folder holds, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def into_place(temporary: Path, target: Path) -> None:
    """The whole file under its name, in place of what had it, or nothing of it."""
    flush(temporary)
    os.replace(temporary, target)
    flush(target.parent)


def first_there(temporary: Path, target: Path) -> bool:
    """The same where nobody may be overtaken; False where there is such a name already. The temporary one goes."""
    flush(temporary)
    try:
        os.link(temporary, target)
    except FileExistsError:
        return False
    finally:
        temporary.unlink()
    flush(target.parent)
    return True
