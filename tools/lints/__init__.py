"""Checks that ruff, mypy and import-linter cannot make: the dangers particular to this project, as rules.

Each rule is a class with good and bad examples, which are its tests (tests/test_lints.py). A place that must break a
rule says so, with its reason, on the same line or alone on the line above, where a search finds all of them:

    # lint: allow write-door — the job table is the queue's own, no record of a person
    {# lint: allow inline-markup — printed page, no policy applies #}

A rule about a whole file is allowed anywhere in its first ten lines. An allowance without a reason, or one that
allows nothing, is a finding itself.
"""
