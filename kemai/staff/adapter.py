"""How allauth behaves here: nobody signs up by himself, and nothing it does leaves the company's own pages."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """People are taken on by an administrator."""
        return False
