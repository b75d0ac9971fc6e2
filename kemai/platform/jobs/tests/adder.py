"""A child process for the tests: adds numbers, or misbehaves when told to."""

from __future__ import annotations

import os
import time

from kemai.platform.jobs.child import Report, main


def add(report: Report, *, numbers: list[int]) -> int:
    print("libraries talk")  # noqa: T201
    if numbers == [13]:
        raise ValueError("unlucky")
    if numbers == [66]:
        os._exit(66)
    if numbers == [99]:
        time.sleep(60)
    for place, _number in enumerate(numbers, 1):
        report(place, len(numbers), "adding")
    return sum(numbers)


if __name__ == "__main__":
    main(add)
