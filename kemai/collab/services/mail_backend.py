"""Django's own mails (the reset of a password) through the same server as the notices."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from kemai.collab.services.mail_server import server
from kemai.collab.services.wire import connected


class Backend(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """How many went; 0 while no server is set."""
        through = server()
        if through is None or not email_messages:
            return 0
        with connected(through) as client:
            for message in email_messages:
                message.from_email = through.sender
                client.sendmail(through.sender, message.recipients(), message.message().as_bytes())
        return len(email_messages)
