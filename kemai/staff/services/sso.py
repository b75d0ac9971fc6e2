"""Single sign-on as an administrator sets it up, and who of us somebody is that a provider knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.platform.access import Actor
from kemai.platform.records import FieldErrors
from kemai.staff.models import User
from kemai.staff.services import identities, oidc
from kemai.staff.services.identities import Store
from kemai.staff.services.oidc import Known, SignOnError
from kemai.staff.services.trail import require_admin

KEY = "staff.sso"
WORDS = {
    "unreachable": gettext_lazy("连不上这个地址，请检查地址和网络"),
    "forbidden_address": gettext_lazy(
        "这是内网地址。如果确实要用，请系统运维在 KEMAI_OUTGOING_ALLOW 中加上它，例如 KEMAI_OUTGOING_ALLOW=10.0.0.8"
    ),
    "not_a_provider": gettext_lazy(
        "这个地址没有按 OpenID Connect 介绍自己，请填写服务方给的“Issuer”，一字不差"
    ),
}


@dataclass(frozen=True, slots=True)
class Provider:
    enabled: bool = False
    label: str = ""
    """What the button on the log-in page says."""
    issuer: str = ""
    client_id: str = ""
    client_secret: str = ""
    """As it is; stored sealed."""
    match: str = "email"
    """"email": the provider's verified e-mail address is the account's; "username": its `sub` is the user name."""
    trust_email: bool = False
    """Take e-mail addresses that the provider does not call verified."""
    create: bool = False
    """Make an account, without any role, for whoever has none."""

    @property
    def client(self) -> oidc.Client:
        return oidc.Client(self.issuer, self.client_id, self.client_secret)


STORE = Store(Provider, KEY, "sign-on", "client_secret")


def stored() -> Provider:
    return STORE.read()


def provider() -> Provider | None:
    """None while single sign-on is off."""
    found = stored()
    return found if found.enabled and found.issuer and found.client_id else None


def save(typed: Mapping[str, str], *, by: Actor) -> Provider:
    """What the page holds; an empty secret keeps the one there is. A provider that is switched on is asked at once who
    it is. Raises FieldErrors, Denied."""
    require_admin(by)
    old = stored()
    text = {
        name: typed.get(name, "").strip()
        for name in ("label", "issuer", "client_id", "client_secret", "match")
    }
    flags = {name: bool(typed.get(name)) for name in ("enabled", "trust_email", "create")}
    secret = text["client_secret"] or (old.client_secret if text["issuer"] == old.issuer else "")
    new = Provider(
        label=text["label"][:40], issuer=text["issuer"][:300], client_id=text["client_id"][:200],
        client_secret=secret[:500], match=text["match"], **flags,
    )  # fmt: skip
    errors = problems(new)
    if new.enabled and not errors:
        try:
            oidc.discover(new.issuer, fresh=True)
        except SignOnError as error:
            errors["issuer"] = str(WORDS.get(error.code, WORDS["not_a_provider"]))
    if errors:
        raise FieldErrors(errors)
    STORE.keep(old, new, by=by)
    return new


def problems(one: Provider) -> dict[str, str]:
    errors: dict[str, str] = {}
    if one.match not in {"email", "username"}:
        errors["match"] = _("请从列表中选择")
    if not one.enabled and not one.issuer:
        return errors
    parts = urlsplit(one.issuer)
    if parts.scheme not in {"https", "http"} or not parts.hostname or parts.query or parts.fragment:
        errors["issuer"] = _("请填写以 https:// 开头的地址，例如 https://login.example.com/realms/main")
    if not one.client_id:
        errors["client_id"] = _("请填写服务方给的客户端编号")
    return errors


# Who somebody is ------------------------------------------------------------------------------------------------------


def may_ask(user: User) -> bool:
    """Is it the provider that can say whether it is they who sit there?"""
    of = provider()
    return of is not None and identities.is_linked(user, of.issuer)


def is_again(known: Known, user: User, since: float, of: Provider) -> bool:
    """Is it they, and did they show it to the provider only now? Who does not say when has not been asked."""
    linked = identities.linked(of.issuer, known.subject)
    return linked is not None and linked.pk == user.pk and known.shown_at >= since - oidc.LEEWAY


def person_of(known: Known, of: Provider) -> User | None:
    """The active member of staff: by the identity linked before, else by what the provider says, which is linked then;
    else, if the company wants that, a new one. None for whoever is nobody here."""
    linked = identities.linked(of.issuer, known.subject)
    if linked is not None:
        return linked if linked.is_active else None
    with transaction.atomic():
        found = named(known, of) or (made(known) if of.create else None)
        if found is not None:
            identities.link(found, of.issuer, known.subject, {"sign_on": [None, of.issuer]})
        return found


def named(known: Known, of: Provider) -> User | None:
    """Nobody for any doubt: two accounts, an address that is not verified, a person who is linked to another identity
    of this provider already."""
    rows = identities.unlinked(of.issuer)
    if of.match == "username":
        return identities.only(rows.filter(username__iexact=known.subject))
    if known.email and (known.email_verified or of.trust_email):
        return identities.only(rows.filter(email__iexact=known.email))
    return None


def made(known: Known) -> User | None:
    name = known.username or known.email or known.subject
    values = {"username": name[:150], "name": known.name or name[:80]}
    if known.email_verified:
        values["email"] = known.email
    return identities.made(values)
