"""Stored markup: payloads in every text field of every object, in labels, options, file names, comments, tags and
names of people, through the pages that show them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from kemai.collab.services import comments
from kemai.platform import records
from kemai.platform.access import SYSTEM
from kemai.platform.define import fields, objects
from kemai.platform.objects import all_types, get
from kemai.platform.records import FieldErrors
from tests.contracts import doors, markup
from tests.contracts.markup import PAYLOADS, broken_out
from tests.contracts.matrix import BY_NAME, FRAGMENT, fill, leads_somewhere, text_of
from tests.people import Person, browser

pytestmark = [pytest.mark.django_db, pytest.mark.row(139)]
KEYS = [one.key for one in all_types() if one.creatable]


def made(key: str) -> Any:
    """A record with payloads; what a field refuses is left out."""
    values = markup.hostile(get(key))
    for _attempt in range(6):
        try:
            return records.create(key, values, by=SYSTEM)
        except FieldErrors as error:
            if not error.errors.keys() & values.keys():
                raise
            values = {name: value for name, value in values.items() if name not in error.errors}
    raise AssertionError(f"{key} takes none of it")


def addresses(key: str, pk: int) -> list[str]:
    """The pages on which texts of a record stand: its own, those below it, and its list."""
    kind = get(key)
    found = [f"/o/{key}/{pk}", f"/o/{key}/{pk}/edit", f"/o/{key}/", f"/bin/{key}"]
    found += [
        f"/o/{key}/{pk}/{part}" for part in ("timeline", "peek", "files", "history", "comments", "links")
    ]
    found += [f"/o/{key}/{pk}/panel/{one.key}" for one in kind.panels]
    found += [f"/o/{key}/?display=board"] if kind.board else []
    assert all(map(leads_somewhere, found))
    return found


def look(client: Client, paths: list[str], *, shown: int) -> None:
    """No page has markup out of a payload; so many at least show one, or the test would prove nothing."""
    wrong, told = [], 0
    for path in paths:
        answer = client.get(path, headers={} if path.count("/") <= 3 else FRAGMENT)
        assert answer.status_code < 500, path
        if answer.status_code != 200 or not answer.headers.get("Content-Type", "").startswith("text/html"):
            continue
        page = text_of(answer)
        told += markup.MARK in page or "xss-" in page
        wrong += [f"{path}: {one}" for one in broken_out(page)]
    assert not wrong, "\n".join(wrong[:40])
    assert told >= shown, f"only {told} of {len(paths)} pages show a payload"


@pytest.mark.parametrize("key", KEYS)
def test_every_text_of_every_object(key: str, people: dict[str, Person]) -> None:
    one = made(key)
    about = (key, one.pk)
    if not get(key).administered:
        records.attach(
            *about,
            SimpleUploadedFile(f"{PAYLOADS[4].replace('/', '')}.svg", b"<svg onload='kxss()'/>"),
            by=SYSTEM,
        )
    comments.write(about, markup.text(900), by=people["boss"].actor)
    look(browser(people["boss"]), addresses(key, one.pk), shown=2)


def test_labels_options_and_names(people: dict[str, Person]) -> None:
    """What administrators write, and what people are called."""
    boss = people["boss"]
    boss.user.name = markup.text(60)
    boss.user.save()
    label = {"label": markup.text(40, 4), "options": {"tags": True, "timeline": True}}
    objects.create_object(label, by=SYSTEM, key="hostile")
    options = [{"label": PAYLOADS[0]}, {"label": PAYLOADS[7]}, {"label": PAYLOADS[4]}]
    fields.create_field(
        "hostile", "choice", {"label": PAYLOADS[9], "options": options}, by=SYSTEM, key="state"
    )
    fields.create_field(
        "hostile", "text", {"label": PAYLOADS[1], "help": markup.text(150)}, by=SYSTEM, key="words"
    )
    fields.create_field("customer", "text", {"label": PAYLOADS[2]}, by=SYSTEM, key="hostile_words")
    values = {"words": markup.text(150, 8), "state": "1", "owner": boss.user.pk}
    title = get("hostile").title
    one = records.create(
        "hostile", {title: PAYLOADS[3], **{k: v for k, v in values.items() if k != "state"}}, by=SYSTEM
    )
    customer = made("customer")
    client = browser(boss)
    view = {"name": markup.text(70), "type_key": "customer", "state": json.dumps({"where": None})}
    client.post(fill(BY_NAME["view_new"], key="customer"), view)
    places = [
        fill(path, key="customer", type_key="hostile", pk=one.pk)
        for name, path in BY_NAME.items()
        if name in doors.MAY_SHOW_RECORDS
        or path.startswith("settings/")
        or name in {"sessions", "preferences"}
    ]
    paths = [*addresses("hostile", one.pk), f"/o/customer/{customer.pk}", "/o/customer/", "/o/customer/new"]
    look(client, paths, shown=8)
    look(client, places, shown=8)


def test_the_reader_finds_what_became_markup() -> None:
    """The control: each of these would be found."""
    for one in (
        "<xss-a>", "<p onclick='x'>", '<a href="javascript:kxss()">', "<p hx-get='/kxss'>", "<p x-init='kxss()'>",
        "<base href=//kxss>", "<style>", "<!--kxss-->", "<img src=kxss>", "<form action=//kxss>",
    ):  # fmt: skip
        assert broken_out(f"<div>{one}</div>"), one
    assert not broken_out(
        '<input value="&quot;&gt;&lt;xss-a&gt;"><a href="/o/x/?q=kxss">&lt;img onerror=kxss&gt;</a>'
    )
