"""The page of a security incident, and opening one with its drafts (docs/adr/066), for an account that read, changed and
exported much: 1,000 exports whose records the log names (two thirds of all customers between them), 60 whose filter alone is
known, 5,000 telephones revealed, 100,000 customers changed in mass."""

from __future__ import annotations

import json
import os
import random
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.utils import timezone

from bench.imports import Peak
from bench.measure import Table, measure
from kemai.customers.models import Customer, Incident
from kemai.platform.audit.seal import seal_all
from kemai.platform.models import Change, ChangeSet

EXPORTS, OF_EACH, BY_FILTER, REVEALED, CHANGED = 1000, 1000, 60, 5_000, 100_000


def run(label: str) -> None:
    user = get_user_model().objects.get(username="boss")
    fill(user)
    seal_all()
    client = Client()
    client.force_login(user)
    day = timezone.localtime()
    asked = {
        "title": "账号被盗", "kind": "account", "who": str(user.pk), "reason": "钓鱼邮件",
        "from": f"{day - timedelta(days=2):%Y-%m-%dT%H:%M}", "to": f"{day + timedelta(days=1):%Y-%m-%dT%H:%M}",
    }  # fmt: skip

    def told(answer: Any, status: int = 200) -> Any:
        if answer.status_code != status:
            raise RuntimeError(f"{answer.status_code} {answer.content[:300]!r}")
        return answer

    table = Table(f"Security incident · {label}, load {os.getloadavg()[0]:.1f}")
    with Peak() as peak:
        told(client.post("/privacy/incidents", asked), 302)
        path = f"/privacy/incidents/{Incident.objects.latest('pk').pk}"
        page = told(client.get(path)).content.decode()
        middle = f"{path}?after={Customer.objects.count() // 2}"
        for name, act in {
            "opened, drafts written": lambda _n: told(client.post("/privacy/incidents", asked), 302),
            "page": lambda _n: told(client.get(path)),
            "page in the middle": lambda _n: told(client.get(middle)),
            "page of contacts": lambda _n: told(client.get(f"{path}?type=contact")),
        }.items():
            table.add(measure(name, act, times=5, warm=1))
    table.print()
    affected = page.partition('data-affected="customer">')[2].partition("<")[0]
    print(f"affected: {affected} customers; memory +{peak.above:.0f} MB", flush=True)
    connection.close()


def fill(user: Any) -> None:
    chance, now = random.Random(7), timezone.now()
    keys = list(Customer.objects.order_by("pk").values_list("pk", flat=True))
    common = {"type_key": "customer", "actor": user, "actor_name": "boss", "source": "page", "at": now}
    asked = {"columns": ["name", "phone"], "format": "csv"}
    cities = ("330100", "320000", "310000", "330000", "110000")

    def filtered(n: int) -> str:
        amount = {"field": "amount_12m", "op": "gt", "value": 100 * (n % 6)}
        where = {"all": [{"field": "region", "op": "within", "value": [cities[n % 5]]}, amount]}
        return json.dumps({**asked, "where": where})

    ChangeSet.objects.bulk_create(
        ChangeSet(
            kind="export", reason=json.dumps({**asked, "ids": OF_EACH}), count=OF_EACH,
            outcome={"keys": chance.sample(keys, OF_EACH)}, **common,
        )
        for _ in range(EXPORTS)
    )  # fmt: skip
    ChangeSet.objects.bulk_create(
        ChangeSet(kind="export", reason=filtered(n), count=30_000, **common) for n in range(BY_FILTER)
    )
    sets = ChangeSet.objects.bulk_create(ChangeSet(kind="reveal", count=1, **common) for _ in range(REVEALED))
    mass = ChangeSet.objects.bulk_create(ChangeSet(kind="bulk", count=10_000, **common) for _ in range(10))
    acts = [Change(changeset=one, object_id=chance.choice(keys), action="reveal") for one in sets]
    acts += [
        Change(changeset=chance.choice(mass), object_id=key, action="update", diff={"note": ["", "改"]})
        for key in chance.sample(keys, min(CHANGED, len(keys) // 2))
    ]
    for one in acts:
        one.type_key = "customer"
    Change.objects.bulk_create(acts, batch_size=5_000)
