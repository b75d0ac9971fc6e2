"""Keys for programs: from where they may be used, for what and how long."""

from __future__ import annotations

from datetime import timedelta

import pytest
from click.testing import CliRunner
from django.test import Client
from django.utils import timezone

from kemai.platform.access import tokens
from kemai.platform.models import ApiToken
from kemai.project.cli.people import token_command
from tests.factory import make
from tests.people import Person

pytestmark = pytest.mark.django_db


def status(path: str, key: str, address: str = "127.0.0.1") -> int:
    headers = {"Authorization": f"Bearer {key}"}
    return Client(REMOTE_ADDR=address).get(f"/api/v1/{path}", headers=headers).status_code


def test_a_token_ends_within_a_year(people: dict[str, Person]) -> None:
    user = people["boss"].user
    year = timezone.now() + timedelta(days=366)
    for wish in (None, timezone.now() + timedelta(days=4000)):
        made = tokens.issue(user, "x", expires_at=wish)[0]
        assert made.expires_at is not None
        assert made.expires_at < year
    token, key = tokens.issue(user, "x")
    assert status("customer", key) == 200
    ApiToken.objects.filter(pk=token.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert status("customer", key) == 401


def test_a_stolen_one_is_of_no_use_elsewhere(people: dict[str, Person]) -> None:
    key = tokens.issue(people["boss"].user, "x", addresses=["10.1.0.0/16", "2001:db8::/32", "192.0.2.7"])[1]
    for address in ("10.1.2.3", "::ffff:10.1.2.3", "2001:db8::9", "192.0.2.7"):
        assert status("customer", key, address) == 200, address
    for address in ("10.2.0.1", "192.0.2.8", "127.0.0.1", "", "nonsense"):
        assert status("customer", key, address) == 401, address
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    asked = {"Authorization": f"Bearer {key}"}
    answer = Client(REMOTE_ADDR="10.2.0.1").post(
        "/api/mcp", body, content_type="application/json", headers=asked
    )
    assert answer.status_code == 401
    with pytest.raises(ValueError, match="here"):
        tokens.issue(people["boss"].user, "x", addresses=["here"])


def test_for_some_objects_only(people: dict[str, Person]) -> None:
    boss = people["boss"].user
    lead, customer = make("lead"), make("customer")
    key = tokens.issue(boss, "x", types=["lead"])[1]
    headers = {"Authorization": f"Bearer {key}"}
    assert status("lead", key) == status(f"lead/{lead.pk}", key) == 200
    assert {status("customer", key), status(f"customer/{customer.pk}", key), status("deal", key)} <= {
        403,
        404,
    }
    refused = Client().patch(
        f"/api/v1/customer/{customer.pk}", {"note": "x"}, content_type="application/json", headers=headers
    )
    assert refused.status_code in {403, 404}
    assert tokens.issue(boss, "x", types=["contact"])[0].types == ["contact", "customer"], (
        "what it belongs to"
    )


def test_made_and_listed_by_the_operator(people: dict[str, Person]) -> None:
    name = people["boss"].user.username
    bounds = ["--read-only", "--from", "10.1.2.3/16", "--type", "lead"]
    made = CliRunner().invoke(token_command, ["create", name, *bounds])
    assert (made.exit_code, status("lead", made.output.strip(), "10.1.0.1")) == (0, 200)
    assert "read 10.1.0.0/16 lead" in CliRunner().invoke(token_command, ["list"]).output
    for wrong in (["--from", "here"], ["--type", "nothing"], ["--days", "366"]):
        assert CliRunner().invoke(token_command, ["create", name, *wrong]).exit_code != 0
