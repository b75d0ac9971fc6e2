"""Requests that lead nowhere are answered with a sentence, in a page or in JSON."""

from __future__ import annotations

import pytest
from django.test import Client


@pytest.mark.django_db
def test_an_address_that_is_not_ours_says_what_to_do(client: Client) -> None:
    answer = client.get("/login/", headers={"host": "crm.example"})
    assert answer.status_code == 400
    assert "KEMAI_HOSTS" in answer.content.decode()


@pytest.mark.django_db
def test_programs_get_json_where_there_is_no_endpoint(client: Client) -> None:
    answer = client.get("/api/v2/customer")
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"
    assert client.get("/nowhere").headers["Content-Type"].startswith("text/html")
