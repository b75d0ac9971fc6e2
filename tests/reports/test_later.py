"""A report that takes too long is worked out in the background, for the person who asked, with the rights they had."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from kemai.collab.models import Notice
from kemai.platform import jobs
from kemai.platform.access import rights_changed
from kemai.platform.events.delivery import drain_all
from kemai.platform.jobs.progress import Progress
from kemai.platform.models import Job
from kemai.platform.query.patience import TooSlow
from kemai.platform.reports import asking, later
from tests.people import Person, browser, customer

pytestmark = pytest.mark.django_db
FRAGMENT = {"HX-Request": "true"}
REPORT = "type=customer&row1=region&column=stage&measure=sum%3Aamount_12m&measure=count%3A&measure=avg%3Aamount_12m"


def figures(page: str) -> list[str]:
    return re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", page.partition("<table")[2], re.DOTALL)


def asked_for(client: Client, monkeypatch: pytest.MonkeyPatch) -> Job:
    """Asked for on the page that would not wait, and worked out."""

    def slow(*_given: Any) -> Any:
        raise TooSlow

    with monkeypatch.context() as patch:
        patch.setattr(asking, "asked", slow)
        page = client.get(f"/reports/result?{REPORT}", headers=FRAGMENT).content.decode()
    assert "在后台算" in page
    way = re.findall(r'hx-post="(/reports/later[^"]*)"', page)[0].replace("&amp;", "&")
    answer = client.post(way, headers=FRAGMENT)
    again = client.post(way, headers=FRAGMENT)
    assert answer.headers["HX-Redirect"] == again.headers["HX-Redirect"], "asked twice, worked out once"
    jobs.run_all()
    return Job.objects.get(task=later.TASK)


def test_it_is_told_and_read_by_the_one_who_asked(
    people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, region in (("红一", "330106"), ("红二", "310104"), ("红三", "")):
        customer(people["alice"], name=name, region=region)
    customer(people["charlie"], name="蓝", region="310104")
    client = browser(people["alice"])
    job = asked_for(client, monkeypatch)
    drain_all()
    assert Notice.objects.filter(user=people["alice"].user, kind="job", url=f"/jobs/{job.pk}").exists()
    way = f"/reports/later/{job.pk}"
    assert way in client.get(f"/jobs/{job.pk}").content.decode()
    kept = client.get(way)
    assert kept.status_code == 200
    assert "截至" in kept.content.decode()
    live = client.get(f"/reports/result?{REPORT}").content.decode()
    assert figures(kept.content.decode()) == figures(live)
    customer(people["alice"], name="红四", region="330106")
    assert figures(client.get(way).content.decode()) == figures(live), "the figures of that moment"
    for other in ("bob", "boss", "dora"):
        assert browser(people[other]).get(way).status_code == 404, other


def test_it_ends_with_the_rights_and_with_the_day(
    people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = people["alice"]
    customer(alice, name="红一", region="330106")
    client = browser(alice)
    job = asked_for(client, monkeypatch)
    way = f"/reports/later/{job.pk}"
    alice.user.roles.set([*people["boss"].user.roles.all()])
    rights_changed()
    gone = client.get(way)
    assert gone.status_code == 422
    assert "范围变了" in gone.content.decode()
    alice.user.roles.clear()
    rights_changed()
    assert client.get(way).status_code == 403
    assert later.sweep(Progress(job)) == 0
    Job.objects.filter(pk=job.pk).update(finished_at=timezone.now() - timedelta(days=1, minutes=1))
    assert later.sweep(Progress(job)) == 1
    assert client.get(way).status_code == 404
