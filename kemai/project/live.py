"""The live process as granian runs it."""

from __future__ import annotations

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kemai.project.settings")
django.setup()

from kemai.collab.live.server import Live  # noqa: E402  (needs the apps)

application = Live()
