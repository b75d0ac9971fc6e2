"""What is given a name is flushed before, and the folder after."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kemai.kit import durable


def test_bytes_before_their_name_and_the_name_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int | str] = []
    fsync, replace = os.fsync, os.replace

    def flushed(descriptor: int) -> None:
        done.append(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    def named(one: Path, other: Path) -> None:
        done.append("name")
        replace(one, other)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(os, "replace", named)
    part, whole = tmp_path / "part", tmp_path / "whole"
    part.write_text("new")
    whole.write_text("old")
    bytes_of = part.stat().st_ino
    durable.into_place(part, whole)
    assert done == [bytes_of, "name", tmp_path.stat().st_ino]
    assert (whole.read_text(), part.exists()) == ("new", False)


def test_the_first_keeps_the_name(tmp_path: Path) -> None:
    for text, first in (("one", True), ("two", False)):
        part = tmp_path / text
        part.write_text(text)
        assert durable.first_there(part, tmp_path / "secret") is first
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]
    assert (tmp_path / "secret").read_text() == "one"
