"""Behind HTTPS: what comes by http."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

PAGE = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture(autouse=True)
def _behind_https(settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 31536000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True


def test_a_page_leads_to_https(client: Client) -> None:
    answer = client.get("/login/", headers=PAGE)
    assert (answer.status_code, answer.headers["Location"]) == (301, "https://testserver/login/")


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("get", "/api/v1/customer", PAGE), ("post", "/api/mcp", {}), ("get", "/calendar/feed/x.ics", PAGE),
        ("post", "/login/", PAGE), ("get", "/o/customer/", {**PAGE, "Authorization": "Bearer x"}),
        ("get", "/o/customer/", {"Accept": "*/*"}),
    ],
)  # fmt: skip
def test_a_program_is_told_and_not_led(
    client: Client, method: str, path: str, headers: dict[str, str]
) -> None:
    answer = getattr(client, method)(path, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "https_required")
    assert "Location" not in answer.headers


@pytest.mark.django_db
def test_every_answer_over_https_keeps_browsers_there_for_a_year_and_all_hosts_below(client: Client) -> None:
    for path, size in (("/login/", ""), ("/api/nothing", ""), ("/login/", "9" * 20)):
        answer = client.get(path, headers=PAGE, secure=True, CONTENT_LENGTH=size)
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains", path
