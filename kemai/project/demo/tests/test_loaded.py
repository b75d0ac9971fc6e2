"""The demo company goes through the write door whole, and only once."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.db import transaction
from django.db.models import F, Sum
from django.test import override_settings
from pytest_django.plugin import DjangoDbBlocker

from kemai.collab.models import Task
from kemai.customers.models import Customer, CustomerFacts, Interaction, Order, OrderLine
from kemai.platform import access
from kemai.platform.access import actor_for
from kemai.platform.models import Change, Tagging
from kemai.platform.objects import get, own
from kemai.project.demo.load import Loaded, load
from kemai.project.demo.progress import Progress
from kemai.project.demo.services import mark
from kemai.staff.models import User

AS_OF = dt.datetime(2026, 11, 20, 10, 30, tzinfo=dt.UTC)
pytestmark = pytest.mark.django_db


@dataclass
class Made:
    loaded: Loaded
    shown: str


@pytest.fixture(scope="module")
def kept(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Made]:
    """One company for all tests of the file: making it takes longer than they do."""
    shown = io.StringIO()
    quick = override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"])
    with django_db_blocker.unblock(), transaction.atomic():
        own.pretend(None)
        with quick:
            loaded = load(0.02, as_of=AS_OF, progress=Progress(shown), analyse=False)
        yield Made(loaded, shown.getvalue())
        transaction.set_rollback(True)
        access.grants.load_rights.cache_clear()
    own.pretend(own.NOTHING)


@pytest.fixture
def made(kept: Made, db: None) -> Made:
    return kept


def test_what_was_made_is_stored(made: Made) -> None:
    loaded = made.loaded
    assert Customer.objects.count() == CustomerFacts.objects.count() == loaded.counts["customer"]
    assert Order.objects.count() == loaded.counts["order"]
    assert OrderLine.objects.count() == loaded.counts["order_line"]
    assert Interaction.objects.count() == loaded.counts["interaction"]
    assert Tagging.objects.count() == loaded.counts["tagging"]
    sums = Order.objects.annotate(lines_amount=Sum("lines__amount"))
    assert not sums.exclude(lines_amount=F("amount")).exists()
    oldest = Customer.objects.earliest("created_at")
    assert oldest.created_at < AS_OF - dt.timedelta(days=1096)
    assert not Customer.objects.filter(name_sort="").exists()
    assert Change.objects.filter(type_key="order", action="create").count() == loaded.counts["order"]
    assert "订单" in made.shown


def test_a_second_start_does_nothing(made: Made) -> None:
    assert len(made.loaded.password) >= 10
    noted = mark()
    assert noted is not None
    assert noted["stage"] == "done"
    again = load(0.005, analyse=False)
    assert (again.password, again.as_of) == ("", AS_OF)
    assert Customer.objects.count() == made.loaded.counts["customer"]


def test_the_named_people_see_what_their_place_allows(made: Made) -> None:
    people = {user.username: user for user in User.objects.select_related("department")}
    assert people["demo"].check_password(made.loaded.password)
    seen = {
        name: set(access.scope(actor_for(people[name]), get("customer")).values_list("pk", flat=True))
        for name in ("demo", "guchen", "alice", "bob", "charlie")
    }
    everybody = set(Customer.objects.values_list("pk", flat=True))
    assert seen["demo"] == everybody
    pooled = set(Customer.objects.exclude(keeping__pool=None).values_list("pk", flat=True))
    assert pooled
    assert all(pooled <= found for found in seen.values())  # what lies in a pool is for everybody
    seen = {name: found - pooled for name, found in seen.items()}
    assert seen["alice"]
    assert not seen["alice"] & seen["bob"]
    assert seen["alice"] | seen["bob"] <= seen["guchen"] < everybody - pooled
    assert not seen["guchen"] & seen["charlie"]
    assert actor_for(people["demo"]).is_admin
    assert not actor_for(people["alice"]).is_admin
    assert Task.objects.filter(owner=people["alice"], state="open", type_key="customer").exists()
