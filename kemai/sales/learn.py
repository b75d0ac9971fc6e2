"""The child process that learns the chances of leads; kemai.sales.jobs starts it."""

from __future__ import annotations

from django.utils import timezone

from kemai.platform.jobs import child


def work(report: child.Report) -> dict[str, object]:
    from kemai.sales.services import chance_training, leads

    made = chance_training.train(timezone.now())
    return {"shown": made.shown, "reason": made.report["reason"], "scored": leads.rescore_all()}


if __name__ == "__main__":
    child.main(work)
