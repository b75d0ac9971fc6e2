"""Tasks: what the staff had to do, have to do, and have not done."""

from __future__ import annotations

import numpy as np

from kemai.project.demo import wording
from kemai.project.demo.season import DAYS, HOURS, moments, now
from kemai.project.demo.table import Table, texts
from kemai.project.demo.touches import Scene

TASKS = 3200
OWN = {"demo": 14, "alice": 22, "bob": 15, "charlie": 12}
"""Open tasks that the named people have at the least, so that their first page is never bare."""


def _customers(scene: Scene, count: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    owner = scene.owner
    owned = np.flatnonzero((owner >= 0) & (scene.known.recent > 0))
    if not len(owned):
        owned = np.flatnonzero(owner >= 0)
    weight = np.where(scene.people.company[owned], 8.0, 1.0)
    chosen = scene.rng.choice(owned, count, p=weight / weight.sum())
    names = scene.team.users.texts("username")
    extra = [chosen]
    for name, wanted in OWN.items():
        mine = owned[owner[owned] == names.index(name)]
        if len(mine):
            extra.append(scene.rng.choice(mine, wanted))
    return np.concatenate(extra)


def tasks(scene: Scene, scale: float) -> Table:
    """Done ones of the last months, open ones of the next two weeks, overdue ones, dropped ones. Tasks are about a
    customer and belong to the owner of it."""
    rng = scene.rng
    base = max(30, round(TASKS * scale))
    customer = _customers(scene, base)
    count = len(customer)
    own = np.arange(count) >= base
    state = rng.choice(4, count, p=[0.69, 0.20, 0.05, 0.06])
    state = np.where(own, rng.choice([1, 1, 1, 2], count), state)  # done, open, overdue, dropped
    day = DAYS - 1 - np.where(state == 0, rng.integers(0, 300, count), rng.integers(1, 90, count))
    soon = np.where(rng.random(count) < 0.35, 0, rng.integers(1, 15, count))
    day = np.where(state == 1, DAYS - 1 + soon, day)
    day = np.where(state == 2, DAYS - 1 - rng.geometric(0.25, count), day)
    since = scene.known.customers.times("created_at")[customer]
    due = np.maximum(moments(rng, scene.when, day, HOURS["work"]), since + np.timedelta64(1, "h"))
    end = now(scene.when)
    done_at = np.minimum(due + (rng.normal(-0.2, 0.8, count) * 86400).astype(np.int64).astype("m8[s]"), end)
    created = np.minimum(due - (rng.uniform(1, 12, count) * 86400).astype(np.int64).astype("m8[s]"), end)
    created = np.maximum(created, since)
    keys = list(wording.TASKS)
    kind = rng.choice(len(keys), count, p=[0.28, 0.14, 0.12, 0.24, 0.09, 0.13])
    names = scene.known.customers.texts("name")
    titles = []
    for k, c, u in zip(kind.tolist(), customer.tolist(), rng.random(count).tolist(), strict=True):
        pool = wording.TASKS[keys[k]]
        titles.append(pool[int(u * len(pool))].format(name=names[c]))
    never = np.datetime64("NaT", "s")
    return Table(
        {
            "title": titles,
            "kind": texts(keys, kind),
            "state": texts(("done", "open", "open", "dropped"), state),
            "due_at": due,
            "done_at": np.where(state == 0, np.maximum(done_at, created), never).astype("M8[s]"),
            "note": texts(wording.TASK_NOTES, rng.integers(0, len(wording.TASK_NOTES), count)),
            "type_key": ["customer"] * count,
            "origin": [""] * count,
            "object_id": customer,
            "owner": scene.owner[customer],
            "created_at": created,
        },
        refs={"object_id": "customer", "owner": "user"},
    )
