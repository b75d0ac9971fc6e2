"""The archive without a database: what is read is what was written, and whatever was touched is noticed."""

from __future__ import annotations

import io
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kemai.platform.backup import archive, cipher
from kemai.platform.backup.cipher import BadArchive
from kemai.platform.backup.keeping import kept

CONTENT = {"database.sqlite3": os.urandom(3_100_000), "files/ab/abcd": b"", "secret.key": b"s" * 86}


@pytest.fixture(autouse=True)
def cheap_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cipher, "COST", 2**4)


def made(path: Path, secret: str) -> Path:
    manifest = archive.Manifest("sqlite", "1", "2026-01-01T00:00:00+00:00", {"t": 3})
    with (
        path.open("wb") as out,
        archive.writing(out, secret, {"vendor": "sqlite"}, manifest, lambda _n: None) as writer,
    ):
        for name, data in CONTENT.items():
            writer.add_bytes(name, data)
    return path


@pytest.mark.parametrize("secret", ["", "geheim"])
def test_comes_back_as_it_was(tmp_path: Path, secret: str) -> None:
    path = made(tmp_path / "a.kbak", secret)
    manifest = archive.unpack(path, secret, lambda name: tmp_path / "out" / name)
    assert manifest.tables == {"t": 3}
    for name, data in CONTENT.items():
        assert (tmp_path / "out" / name).read_bytes() == data
    assert archive.about(path)["vendor"] == "sqlite"
    if secret:
        assert CONTENT["secret.key"] not in path.read_bytes()


@pytest.mark.parametrize("secret", ["", "geheim"])
def test_a_touched_or_cut_off_file_is_refused(tmp_path: Path, secret: str) -> None:
    whole = made(tmp_path / "a.kbak", secret).read_bytes()
    start, size = whole.index(b"\n") + 1, len(whole)
    broken = {
        "flipped": whole[: size // 2] + bytes([whole[size // 2] ^ 1]) + whole[size // 2 + 1 :],
        "cut": whole[: size - 200],
        "cut at a piece": whole[: start + cipher.PIECE + cipher.TAG],
        "lengthened": whole + b"x" * 40,
        "no archive": b"PK\x03\x04" + whole,
        "first line": whole.replace(b'"sqlite"', b'"sqlitf"', 1) if secret else b"",
        "empty": b"",
    }
    if secret:
        piece = cipher.PIECE + cipher.TAG
        first, second = whole[start : start + piece], whole[start + piece : start + 2 * piece]
        broken["swapped"] = whole[:start] + second + first + whole[start + 2 * piece :]
    path = tmp_path / "b.kbak"
    for what, data in broken.items():
        path.write_bytes(data)
        try:
            archive.unpack(path, secret, lambda _name: None)
        except BadArchive:
            continue
        pytest.fail(what)


def test_the_wrong_key_and_none_are_said_so(tmp_path: Path) -> None:
    path = made(tmp_path / "a.kbak", "geheim")
    for secret, code in (("other", "key"), ("", "no_key")):
        with pytest.raises(BadArchive) as caught:
            archive.unpack(path, secret, lambda _name: None)
        assert caught.value.code == code


def test_no_member_leads_out_of_its_folder(tmp_path: Path) -> None:
    manifest = archive.Manifest("sqlite", "1", "")
    path = tmp_path / "a.kbak"
    for name in ("../x", "files/../../x", "/etc/passwd", "files//x", "kemai.sqlite3"):
        with path.open("wb") as out, archive.writing(out, "", {}, manifest, lambda _n: None) as writer:
            writer.add(name, io.BytesIO(b"x"), 1)
        with pytest.raises(BadArchive):
            archive.unpack(path, "", lambda name: tmp_path / "out" / name)
    assert not (tmp_path / "x").exists()


START = datetime(2026, 1, 1, 3, tzinfo=UTC)


@settings(max_examples=40)
@given(
    st.lists(st.integers(0, 500 * 24), max_size=60), st.integers(1, 10), st.integers(0, 6), st.integers(0, 12)
)
def test_what_is_kept(hours: list[int], days: int, weeks: int, months: int) -> None:
    moments = {START + timedelta(hours=hour) for hour in hours}
    stay = kept(moments, days, weeks, months)
    assert stay <= moments
    fresh = {moment for moment in moments if moment > max(moments) - timedelta(days=1)}
    assert fresh <= stay
    assert len(stay - fresh) <= days + weeks + months
    if moments:
        assert max(moments) in stay
    newest_days = sorted({moment.date() for moment in moments}, reverse=True)[:days]
    for day in newest_days:
        assert max(moment for moment in moments if moment.date() == day) in stay


def test_a_year_of_nights_keeps_seventeen() -> None:
    nights = [START + timedelta(days=day) for day in range(365)]
    stay = kept(nights, 7, 4, 6)
    assert len(stay) in range(13, 18)
    assert min(stay) >= nights[-1] - timedelta(days=6 * 31)
