"""Accounts, sessions, log-ins and tokens as those who may read them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, QuerySet

from xinfu.core.actor import Actor
from xinfu.core.refusal import NotFound
from xinfu.people.access import Can
from xinfu.people.models import Account, ApiToken, LoginLock, LoginOutcome, LoginRecord, Person, SignIn


def accounts(actor: Actor) -> QuerySet[Account]:
    """Return all accounts for the three administrators, nobody's for others."""
    rows = Account.objects.order_by("username")
    return rows if actor.may(Can.SEE_ACCOUNTS) else rows.none()


def get_account(actor: Actor, pk: int) -> Account:
    found = accounts(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


def account_of_person(actor: Actor, person: Person) -> Account | None:
    return accounts(actor).filter(person=person).first()


def locked_until(key: str, at: datetime) -> datetime | None:
    """Return until when an account's key (`actions.sessions.account_key`) is locked, or None."""
    row = LoginLock.objects.filter(key=key, locked_until__gt=at).first()
    return row.locked_until if row else None


@dataclass(frozen=True, slots=True)
class OpenSession:
    """One open session of an account, and whether it is the one that asks."""

    sign_in: SignIn
    is_this: bool


def open_sessions(account: Account, key: str, at: datetime) -> list[OpenSession]:
    """Return the sessions of an account that are still alive, the latest first."""
    alive = Session.objects.filter(session_key=OuterRef("session_key"), expire_date__gt=at)
    rows = account.sign_ins.filter(Exists(alive)).order_by("-started_at", "-pk")
    return [OpenSession(row, row.session_key == key) for row in rows]


def online(actor: Actor, at: datetime) -> QuerySet[SignIn]:
    """Return the open sessions of all accounts (在线用户), for the three administrators."""
    if not actor.may(Can.SEE_ACCOUNTS):
        return SignIn.objects.none()
    alive = Session.objects.filter(session_key=OuterRef("session_key"), expire_date__gt=at)
    return (
        SignIn.objects.filter(Exists(alive)).select_related("account__person").order_by("-started_at", "-pk")
    )


def get_sign_in(pk: int) -> SignIn:
    found = SignIn.objects.select_related("account").filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


def logins(actor: Actor) -> QuerySet[LoginRecord]:
    """Return the log of attempts to log in (登录日志)."""
    rows = LoginRecord.objects.order_by("-at", "-pk")
    return rows if actor.may(Can.SEE_LOGINS) else rows.none()


def logins_of(account: Account, most: int = 10) -> list[LoginRecord]:
    """Return the last attempts on one's own account."""
    return list(LoginRecord.objects.filter(username=account.username).order_by("-at", "-pk")[:most])


def login_outcomes() -> list[tuple[str, str]]:
    return list(LoginOutcome.choices)


def tokens(actor: Actor) -> QuerySet[ApiToken]:
    rows = ApiToken.objects.select_related("department").order_by("name")
    return rows if actor.may(Can.SEE_TOKENS) else rows.none()


def get_token(actor: Actor, pk: int) -> ApiToken:
    found = tokens(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found
