"""Single sign-on as an administrator sets it up, and who of us somebody is that a provider knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.platform.access import SYSTEM, Actor
from kemai.platform.models import Setting
from kemai.platform.records import FieldErrors
from kemai.staff.models import ExternalIdentity, User
from kemai.staff.services import oidc, people, sealing
from kemai.staff.services.oidc import Known, SignOnError
from kemai.staff.services.trail import keep_setting, leave, require_admin

KEY = "staff.sso"
PURPOSE = "sign-on"
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


def stored() -> Provider:
    found: Mapping[str, Any] = Setting.objects.filter(key=KEY).values_list("value", flat=True).first() or {}
    known = {name: value for name, value in found.items() if name in Provider.__dataclass_fields__}
    known["client_secret"] = sealing.unseal(PURPOSE, str(known.get("client_secret", "")))
    return Provider(**known)


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
    before, after = (asdict(replace(one, client_secret=sealed(one, old))) for one in (old, new))
    keep_setting(KEY, before, after, by=by, secret=("client_secret",))
    return new


def sealed(one: Provider, old: Provider) -> str:
    """The same secret stays sealed as it was: nothing has changed then."""
    if one.client_secret == old.client_secret:
        kept = Setting.objects.filter(key=KEY).values_list("value__client_secret", flat=True).first()
        if kept:
            return str(kept)
    return sealing.seal(PURPOSE, one.client_secret) if one.client_secret else ""


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


def person_of(known: Known, of: Provider) -> User | None:
    """The active member of staff: by the identity linked before, else by what the provider says, which is linked then;
    else, if the company wants that, a new one. None for whoever is nobody here."""
    linked = (
        ExternalIdentity.objects.filter(issuer=of.issuer, subject=known.subject)
        .select_related("user")
        .first()
    )
    if linked is not None:
        return linked.user if linked.user.is_active else None
    with transaction.atomic():
        found = named(known, of) or (made(known) if of.create else None)
        if found is not None:
            ExternalIdentity.objects.create(
                user=found, issuer=of.issuer, subject=known.subject, linked_at=timezone.now()
            )
            leave("update", "user", found.pk, by=SYSTEM, diff={"sign_on": [None, of.issuer]})
        return found


def named(known: Known, of: Provider) -> User | None:
    """Nobody for any doubt: two accounts, an address that is not verified, a person who is linked to another identity
    of this provider already."""
    rows = User.objects.filter(is_active=True).exclude(identities__issuer=of.issuer)
    if of.match == "username":
        found = list(rows.filter(username__iexact=known.subject)[:2])
    elif known.email and (known.email_verified or of.trust_email):
        found = list(rows.filter(email__iexact=known.email)[:2])
    else:
        found = []
    return found[0] if len(found) == 1 else None


def made(known: Known) -> User | None:
    """A new account with no role: it sees nothing until an administrator gives it one."""
    name = known.username or known.email or known.subject
    values = {"username": name[:150], "name": known.name or name[:80]}
    if known.email_verified:
        values["email"] = known.email
    try:
        with transaction.atomic():
            return people.create_user(values, by=SYSTEM)
    except FieldErrors:
        return (
            None  # the name or the address is somebody's, who may be dismissed: a person has to look at that
        )
