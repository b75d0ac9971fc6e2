"""What the files of the attack matrix share: who tries, which addresses there are, how a case is counted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve

from kemai.collab.models import Comment
from kemai.platform.models import Link, Member, StoredFile, Tagging
from kemai.platform.objects import all_types
from tests.contracts import doors
from tests.contracts.world import OWN_PARENTS, PHONE, World

KEYS = [one.key for one in all_types() if one.creatable] + list(OWN_PARENTS)
"""Every type that records can be made of: those of the code, then those that an administrator has defined."""
RECORD = re.compile(r"^o/<slug:type_key>/<int:pk>")
LIST = re.compile(r"^(o|bin)/<slug:(key|type_key)>")
FRAGMENT = {"HX-Request": "true"}
CLOSED = {403, 404, 405, 409}
INLINE = re.compile(
    r"<script(?![^>]*\ssrc=)[^>]*>\s*[^<\s]|<style[\s>]|\sstyle=|\son[a-z]+=[\"']|javascript:", re.IGNORECASE
)
"""What a content policy without unsafe-inline and unsafe-eval would stop."""
DATA = re.compile(r"<script type=[\"']application/json[\"'][^>]*>.*?</script>", re.DOTALL)


def routes() -> list[tuple[str, str]]:
    """(pattern, name) of every address."""

    def walk(resolver: Any, before: str = "") -> Iterator[tuple[str, str]]:
        for one in resolver.url_patterns:
            path = before + str(one.pattern)
            if isinstance(one, URLResolver):
                yield from walk(one, path)
            elif isinstance(one, URLPattern):
                yield path, one.name or ""

    return list(walk(get_resolver()))


ROUTES = routes()
BELOW_RECORD = [path for path, _name in ROUTES if RECORD.match(path)]
BELOW_LIST = [path for path, _name in ROUTES if LIST.match(path) and not RECORD.match(path)]
BY_NAME = {name: path for path, name in ROUTES}


def fill(path: str, **values: Any) -> str:
    """The address with something in every place."""

    def value(match: re.Match[str]) -> str:
        kind, _colon, name = match.group(1).rpartition(":")
        return str(values.get(name, doors.ARGS.get(name, 1 if kind == "int" else "x")))

    return "/" + re.sub(r"<([^>]+)>", value, path)


def leads_somewhere(address: str) -> bool:
    """An address that fits no route would be closed to everybody and prove nothing."""
    try:
        resolve(address.partition("?")[0])
    except Resolver404:
        return False
    return True


def record_addresses(world: World, key: str) -> list[str]:
    """Every address below the record: with the type's own panels, actions, related lists and fields, and with the
    file, link and member that the record has."""
    one = world.records[key]
    extra: dict[str, list[str]] = {
        "panel": [panel.key for panel in one.type.panels],
        "act": [action.key for action in one.type.actions],
        "related": [child for child, _field in one.type.related],
        "field": [one.type.title], "why": [one.type.title], "reveal": ["phone"],
    }  # fmt: skip
    found = []
    for path in BELOW_RECORD:
        kind = path.partition("<int:pk>/")[2].partition("/")[0]
        last = re.findall(r"<[a-z]+:([a-z_]+)>", path)[-1]
        for value in extra.get(kind) or ["x"]:
            chosen = {last: value} if kind in extra else {}
            found.append(fill(path, **{"type_key": key, "pk": one.id, **one.places, **chosen}))
    return found


def text_of(response: Any) -> str:
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return str(body.decode("utf-8", "replace"))


def digits(text: str) -> str:
    return re.sub(r"[\s\-]|%20|<[^>]*>", "", text)


def may_reveal(who: str) -> bool:
    return who in {"alice", "noexport"}


class Report:
    """Counts cases and collects what is wrong, so that one run shows all holes of a type at once."""

    def __init__(self, what: str = "") -> None:
        self.what = what
        self.who = ""
        self.wrong: list[str] = []

    def check(self, good: bool, what: str) -> None:
        if not good:
            self.wrong.append(f"{self.who} {self.what}: {what}")

    def page(self, answer: Any, what: str) -> str:
        """What holds of every answer: no fault, a policy that forbids what is inline, and nothing inline."""
        body = text_of(answer)
        self.check(answer.status_code < 500, f"{what} {answer.status_code}")
        policy = answer.headers.get("Content-Security-Policy", "")
        self.check("default-src 'none'" in policy and "unsafe" not in policy, f"{what} policy {policy!r}")
        html = answer.headers.get("Content-Type", "").startswith("text/html")
        if html and self.who in {"alice", "admin", "stranger"}:
            inline = INLINE.search(DATA.sub("", body))
            self.check(inline is None, f"{what} has {inline and inline.group(0)!r} inline")
        return body

    def hides_phone(self, body: str, what: str) -> None:
        self.check(may_reveal(self.who) or PHONE not in digits(body), f"{what} tells the phone")

    def done(self) -> None:
        assert not self.wrong, "\n".join(self.wrong[:80])


def state(world: World, key: str) -> tuple[Any, ...]:
    """The record as it is in the database, whoever asks, with what hangs on it."""
    one = world.records[key]
    about = {"type_key": key, "object_id": one.id}
    row = one.type.model._default_manager.filter(pk=one.id).values().first()
    return (
        {name: value for name, value in (row or {}).items() if name != "last_viewed_at"},
        list(Member.objects.filter(**about).values_list("pk", "level", "user", "department")),
        StoredFile.objects.filter(**about).count(),
        list(Comment.objects.filter(**about).values_list("pk", "body", "deleted_at")),
        Link.objects.filter(a_type=key, a_id=one.id).count(),
        Tagging.objects.filter(**about).count(),
    )


class Writes:
    """Counts what is sent to the database that is no question: where nothing is, no record can have changed, and none
    need be read again."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.count += not sql.lstrip("( ").startswith(HARMLESS)
        return execute(sql, params, many, context)


HARMLESS = ("SELECT", "SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT")


def whose_own_act(address: str, who: str) -> bool:
    """Acts that one needs no right to change the record for: leaving it as a member, saying something to it."""
    return ("/remove" in address and who == "member") or address.endswith("/comments")
