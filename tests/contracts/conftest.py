"""Contract tests run over built-in and own objects alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from kemai.platform import access
from kemai.platform.objects import own
from tests.contracts.world import World, build
from tests.equipment import OWN, define_equipment


@pytest.fixture(autouse=True)
def own_objects(request: pytest.FixtureRequest) -> None:
    """The own object that a test is about is defined for it."""
    params = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    if params.get("key") in OWN:
        request.getfixturevalue("db")
        define_equipment(params["key"])


@pytest.fixture(scope="module")
def kept(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[World]:
    """One world of the attack matrix for all tests of a file."""
    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock(), transaction.atomic():
        quick(patch, str(tmp_path_factory.mktemp("files")))
        own.pretend(None)
        yield build()
        transaction.set_rollback(True)
        access.grants.load_rights.cache_clear()
    own.pretend(own.NOTHING)


def quick(patch: pytest.MonkeyPatch, files: str) -> None:
    """Who somebody is, is proven in kemai/staff/tests; here thousands of requests need not ask the database for it.
    What they may do is worked out for each, as ever."""
    from django.conf import settings

    from kemai.staff.adapter import Backend
    from kemai.staff.services import sessions

    people: dict[int, Any] = {}
    ask = Backend.get_user

    def known(self: Backend, user_id: int) -> Any:
        if user_id not in people:
            people[user_id] = ask(self, user_id)
        return people[user_id]

    patch.setattr(Backend, "get_user", known)
    patch.setattr(sessions, "seen", lambda request, user: True)
    patch.setattr(settings, "PASSWORD_HASHERS", ["django.contrib.auth.hashers.MD5PasswordHasher"])
    patch.setattr(settings, "SESSION_ENGINE", "django.contrib.sessions.backends.signed_cookies")
    patch.setattr(settings, "MEDIA_ROOT", files)


@pytest.fixture
def world(kept: World, db: None) -> World:
    """The same for each test, which leaves it as it was."""
    return kept
