"""Unified log-ins: which account an identity opens. Never by name or e-mail, and no account is made by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q

from xinfu.core import journal
from xinfu.core.actor import Actor, Kind
from xinfu.core.refusal import Forbidden, NotFound, Refused
from xinfu.people.access import SEPARATE, Can
from xinfu.people.actions.accounts import administration_fault
from xinfu.people.actions.sessions import LoggedIn, finish, half_log_in, has_factor, keep_stranger
from xinfu.people.identity import STRONG, OpenIdProvider
from xinfu.people.models import Account, ProviderLink, RoleGrant
from xinfu.people.session import actor_of_account


def link_fault(account: Account, by: Actor) -> Refused | None:
    """Return why the actor may not say which identity opens the account, or None.

    Who links an account to an identity can come in with it: for the three administrators only on the server.
    """
    if not by.may(Can.LINK_PROVIDERS):
        return Forbidden()
    fault = administration_fault(account, by)
    separate = RoleGrant.objects.filter(person=account.person_id, role__in=SEPARATE, ended_at=None)
    if fault is None and by.kind != Kind.SYSTEM and separate.exists():
        return Forbidden("三员的账号只能在服务器上用命令关联，请联系运维人员。")
    return fault


@transaction.atomic
def allow_provider(
    *, account: Account, provider: OpenIdProvider, subject: str = "", by: Actor, at: datetime
) -> ProviderLink:
    """Let an identity of a unified log-in open an account.

    `subject`: how the provider names it; empty: the first identity whose claim carries the person's staff number.
    Refuses: no subject where the provider carries no staff number, an identity or account that is linked already.
    """
    fault = link_fault(account, by)
    if fault is not None:
        raise fault
    subject = subject.strip()
    if not subject and not (provider.staff_no_claim and account.person_id):
        raise Refused("no_subject", f"{provider.label}不提供工号，请填写对方用户标识。", field="subject")
    row = ProviderLink(
        account=account,
        provider=provider.code,
        issuer=provider.issuer,
        subject=subject,
        made_at=at,
        made_by=by.name,
        bound_at=at if subject else None,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        own = ProviderLink.objects.filter(account=account, issuer=provider.issuer).exists()
        said = (
            f"账号 {account.username} 已关联{provider.label}。" if own else "这个用户标识已关联另一个账号。"
        )
        raise Refused("linked_already", said, field="subject") from error
    journal.record(
        "account.provider_allowed", account, by=by, at=at, provider=provider.code, named=bool(subject)
    )
    return row


@transaction.atomic
def remove_provider(*, account: Account, pk: int, by: Actor, at: datetime) -> None:
    """Take the link of an account to a unified log-in away; what is open stays open until it ends."""
    fault = link_fault(account, by)
    if fault is not None:
        raise fault
    row = ProviderLink.objects.filter(account=account, pk=pk).first()
    if row is None:
        raise NotFound()
    ProviderLink.objects.filter(pk=row.pk).delete()
    journal.record("account.provider_removed", account, by=by, at=at, provider=row.provider)


def enter_by_provider(
    *, provider: OpenIdProvider, claims: Mapping[str, Any], address: str, at: datetime
) -> LoggedIn:
    """Log in whom a unified log-in names; `claims` are those of a checked ID token.

    Raises Refused: an identity that no administrator linked, a locked or closed account. Where the provider does not
    count for two steps and the account has a second factor, that is still to come (`waits`).
    """
    subject = str(claims["sub"])
    link = ProviderLink.objects.filter(issuer=provider.issuer, subject=subject).first()
    link = link or _bound(provider, claims, subject, at)
    if link is None:
        keep_stranger(f"{provider.issuer} {subject}", address, at)
        raise Refused(
            "unknown_subject",
            f"{provider.label}的这个用户没有关联本系统的账号，请联系系统管理员关联后再登录。",
        )
    account = Account.objects.get(pk=link.account_id)
    ProviderLink.objects.filter(pk=link.pk).update(last_used_at=at)
    strong = counts_double(provider, claims)
    if not strong and has_factor(account):
        return half_log_in(account=account, address=address, at=at)
    found = finish(account=account, check=lambda: None, how="provider", address=address, at=at)
    return replace(found, is_strong=strong)


def counts_double(provider: OpenIdProvider, claims: Mapping[str, Any]) -> bool:
    """Return whether the provider's log-in counts for two steps, as the installation trusts it to say."""
    if provider.second_factor == "amr":
        said = claims.get("amr")
        return isinstance(said, list) and bool(STRONG & {str(one) for one in said})
    return provider.second_factor == "always"


@transaction.atomic
def _bound(
    provider: OpenIdProvider, claims: Mapping[str, Any], subject: str, at: datetime
) -> ProviderLink | None:
    """Bind a prepared link to the identity whose claim carries the person's staff number; from then on only to it."""
    number = str(claims.get(provider.staff_no_claim) or "") if provider.staff_no_claim else ""
    if not number:
        return None
    person = Q(account__person__staff_no=number, account__person__left_on=None)
    waiting = ProviderLink.objects.filter(person, issuer=provider.issuer, subject="")
    link = waiting.select_for_update(of=("self",)).first()
    if link is None:
        return None
    if not ProviderLink.objects.filter(pk=link.pk, subject="").update(subject=subject, bound_at=at):
        return None
    account = Account.objects.get(pk=link.account_id)
    journal.record(
        "account.provider_bound", account, by=actor_of_account(account), at=at, provider=provider.code
    )
    return link
