"""What is private about a person stays so on every generic surface, whatever is asked for by name."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from kemai.platform.access import SYSTEM
from kemai.platform.models import Role
from kemai.staff.services import people

pytestmark = pytest.mark.django_db
MARK = "pbkdf2_"


@pytest.fixture
def client() -> Client:
    keys = list(Role.objects.filter(key__in=("admin", "director")).values_list("pk", flat=True))
    values = {"username": "boss", "name": "Boss", "roles": keys}
    user = people.create_user(values, by=SYSTEM, password="ganz-geheim-42")
    client = Client()
    client.force_login(user, backend="kemai.staff.adapter.Backend")
    return client


def test_no_page_shows_a_password_hash(client: Client) -> None:
    addresses = [
        f"{reverse('list', args=['user'])}?col=name&col=password&col=is_superuser",
        f"{reverse('list', args=['user'])}?cols=name,password&columns=password&sort=password",
        f"{reverse('list', args=['user'])}?sort=-password",
        "/api/user?fields=name,password,is_superuser",
        "/api/user/?fields=name,password",
        "/api/v1/user?fields=name,password",
        "/api/user/1?fields=password",
    ]
    for address in addresses:
        page = client.get(address, follow=True)
        assert page.status_code < 500, address
        assert MARK not in page.content.decode(), address
