"""Second factors of an account as its owner and the administrators may read them, and tokens that end soon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Q, QuerySet

from xinfu.core.actor import Actor
from xinfu.people import limits
from xinfu.people.access import Can
from xinfu.people.models import (
    Account,
    ApiToken,
    Authenticator,
    FactorReset,
    Passkey,
    ProviderLink,
)


@dataclass(frozen=True, slots=True)
class Factors:
    """What an account logs in with besides its password; never a secret."""

    codes: Authenticator | None
    begun: bool
    passkeys: Sequence[Passkey]
    codes_left: int
    resets: Sequence[FactorReset]
    links: Sequence[ProviderLink]

    @property
    def has_any(self) -> bool:
        return self.codes is not None or bool(self.passkeys)

    @property
    def words(self) -> str:
        """Return in words what is in force."""
        parts = ["动态口令"] if self.codes else []
        parts += [f"通行密钥{len(self.passkeys)}个"] if self.passkeys else []
        return "、".join(parts) or "未启用"


def factors_of(account: Account) -> Factors:
    """Return the second factors of an account; whose account it is, the caller has settled."""
    unused = Count("recovery_codes", filter=Q(recovery_codes__used_at=None))
    known = Account.objects.select_related("authenticator").annotate(unused=unused).get(pk=account.pk)
    row = getattr(known, "authenticator", None)
    return Factors(
        codes=row if row is not None and row.confirmed_at is not None else None,
        begun=row is not None and row.confirmed_at is None,
        passkeys=list(Passkey.objects.filter(account=account).order_by("made_at", "pk")),
        codes_left=known.unused,
        resets=list(FactorReset.objects.filter(account=account).order_by("-reset_at", "-pk")[:5]),
        links=list(ProviderLink.objects.filter(account=account).order_by("provider")),
    )


def ending_tokens(actor: Actor, today: date) -> QuerySet[ApiToken]:
    """Return the tokens that end within the local number of days, for who may replace them."""
    last = today + timedelta(days=limits.number("token_warning_days", today))
    rows = ApiToken.objects.filter(revoked_at=None, ends_on__gte=today, ends_on__lte=last)
    return rows.order_by("ends_on", "name") if actor.may(Can.TOKENS) else rows.none()


def has_factor_of(actor: Actor) -> bool:
    """Return whether the person who acts has a second factor in force."""
    codes = Authenticator.objects.filter(account__person=actor.id, confirmed_at__isnull=False)
    return codes.exists() or Passkey.objects.filter(account__person=actor.id).exists()
