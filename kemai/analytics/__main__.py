"""The child process of an analysis; kemai.analytics.jobs starts it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from kemai.platform.access import SYSTEM, Actor, actor_for
from kemai.platform.jobs import child


def work(
    report: child.Report,
    *,
    key: str,
    params: Mapping[str, object],
    as_of: str | None,
    full: bool,
    write: bool | None,
    quick: bool,
    user_id: int | None,
) -> dict[str, object]:
    """Run what was asked for, or say that it cannot be run."""
    from kemai.analytics.analysis import BadParams
    from kemai.analytics.registry import UnknownAnalysis
    from kemai.analytics.run import run

    try:
        done = run(
            key,
            params or None,
            by=actor_of(user_id),
            as_of=datetime.fromisoformat(as_of) if as_of else None,
            full=full,
            write=write,
            quick=quick,
            report=lambda message, done, total: report(done, total, message),
        )
    except (BadParams, UnknownAnalysis) as error:
        return {"refused": f"{type(error).__name__}: {error}"}
    return {"run": done.pk, "written": done.rows_written}


def actor_of(user_id: int | None) -> Actor:
    from django.contrib.auth import get_user_model

    user = get_user_model()._default_manager.filter(pk=user_id).first() if user_id else None
    return actor_for(user, source="analysis") if user is not None else SYSTEM.through("analysis")


if __name__ == "__main__":
    child.main(work)
