"""Logging in and out, locks, sessions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, check_password
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from xinfu.core import journal, privacy
from xinfu.core.actor import ANONYMOUS, Actor, Kind, system
from xinfu.core.refusal import NotFound, Refused
from xinfu.people import limits, rules
from xinfu.people.access import Can
from xinfu.people.models import (
    Account,
    Authenticator,
    FactorReset,
    LoginLock,
    LoginOutcome,
    LoginRecord,
    Passkey,
    SignIn,
)
from xinfu.people.rules import Count
from xinfu.people.session import actor_of_account

WITHOUT_PASSWORD = frozenset({"passkey", "provider"})
"""Ways in on which no password of ours is typed: its term does not matter there."""


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """Who came in, when they were here last, how many attempts failed since, and whose reset they must be told.

    `waits` is set where only the first step is done and the second is to come, `is_strong` where a unified log-in
    vouched for both.
    """

    account: Account
    last: LoginRecord | None
    failures: int
    waits: bool = False
    is_strong: bool = False
    reset: FactorReset | None = None


@dataclass(frozen=True, slots=True)
class _Attempt:
    username: str
    address: str
    at: datetime

    @property
    def account_key(self) -> str:
        return account_key(self.username)

    @property
    def address_key(self) -> str:
        return f"address:{rules.address_key(self.address)}"


def account_key(username: str) -> str:
    """Return what failures of a name are counted under; names that do not exist are counted alike."""
    return f"account:{privacy.digest(username).hex()}"


def log_in(*, username: str, password: str, address: str, at: datetime) -> LoggedIn:
    """Check a name and password and record the attempt, in equal time for names that do not exist.

    Raises Refused: wrong, locked (until when), closed, temporary password past its days. The attempt is
    kept although it is refused, so this is not one transaction but two: nothing is locked while hashing.
    An account with a second factor is not in yet (`waits`): `second.pass_code` or `passkeys.pass_passkey` follows.
    """
    attempt = _Attempt(rules.clean_username(username)[:60], address, at)
    _refuse_locked(attempt)
    account = Account.objects.filter(username=attempt.username).first()
    stored = account.password if account is not None else UNUSABLE_PASSWORD_PREFIX
    good = check_password(password, stored) and account is not None
    outcome, key, count = _settle(attempt, account, good)
    if account is not None and outcome == LoginOutcome.HALF:
        return LoggedIn(account, None, 0, waits=True)
    if outcome != LoginOutcome.OK or account is None:
        raise _refusal(outcome, key, count, attempt.at)
    return _welcome(account, at)


def has_factor(account: Account) -> bool:
    """Return whether the account has a second factor in force."""
    codes = Authenticator.objects.filter(account=account, confirmed_at__isnull=False)
    return codes.exists() or Passkey.objects.filter(account=account).exists()


def finish(
    *, account: Account, check: Callable[[], Refused | None], how: str, address: str, at: datetime
) -> LoggedIn:
    """Do the last step of a log-in behind the locks of the account and the address.

    `check` runs in the same transaction and returns why not, or None. Raises Refused: its reason, a locked or
    closed account. A wrong step counts like a wrong password, and only a whole log-in clears the count.
    """
    attempt = _Attempt(account.username, address, at)
    _refuse_locked(attempt)
    fault = _last_step(attempt, account, check, how)
    if fault is not None:
        raise fault
    return _welcome(account, at, halves=0 if how in WITHOUT_PASSWORD else 1)


@transaction.atomic
def keep_stranger(name: str, address: str, at: datetime) -> None:
    """Record that somebody came in whom no account answers to; only a mark of the name is kept."""
    _keep(_Attempt(name, address, at), False, LoginOutcome.UNKNOWN)


def half_log_in(*, account: Account, address: str, at: datetime) -> LoggedIn:
    """Record a first step that a unified log-in vouched for; the second is to come. Raises Refused: locked, closed."""
    attempt = _Attempt(account.username, address, at)
    _refuse_locked(attempt)
    outcome = _outcome(account, True, at, by_password=False)
    with transaction.atomic():
        _keep(attempt, True, LoginOutcome.HALF if outcome == LoginOutcome.OK else outcome)
    if outcome != LoginOutcome.OK:
        raise _refusal(outcome, attempt.account_key, Count(), at)
    return LoggedIn(account, None, 0, waits=True)


@transaction.atomic
def _last_step(
    attempt: _Attempt, account: Account, check: Callable[[], Refused | None], how: str
) -> Refused | None:
    own, elsewhere = (locked_count(key) for key in (attempt.account_key, attempt.address_key))
    for key, count in ((attempt.account_key, own), (attempt.address_key, elsewhere)):
        if count.is_locked(attempt.at):
            _keep(attempt, True, LoginOutcome.LOCKED)
            return _locked_refusal(key, count)
    outcome = _outcome(account, True, attempt.at, by_password=how not in WITHOUT_PASSWORD)
    if outcome != LoginOutcome.OK:
        _keep(attempt, True, outcome)
        _journal(attempt, account, "account.login_failed", outcome)
        return _refusal(outcome, attempt.account_key, own, attempt.at)
    fault = check()
    if fault is None:
        _keep(attempt, True, LoginOutcome.OK)
        _enter(attempt, account, how)
        return None
    _keep(attempt, True, LoginOutcome.SECOND)
    own = add_failure(attempt.account_key, own, "account", attempt.at)
    add_failure(attempt.address_key, elsewhere, "address", attempt.at)
    locked = own.is_locked(attempt.at)
    _journal(attempt, account, "account.locked" if locked else "account.login_failed", LoginOutcome.SECOND)
    return _locked_refusal(attempt.account_key, own) if locked else fault


def _refuse_locked(attempt: _Attempt) -> None:
    with transaction.atomic():
        locked = {
            row.key: Count(row.failures, row.first_failed_at, row.locked_until)
            for row in LoginLock.objects.filter(key__in=[attempt.account_key, attempt.address_key])
        }
        found = next((key for key, count in sorted(locked.items()) if count.is_locked(attempt.at)), None)
        if found is None:
            return
        _keep(attempt, _known(attempt), LoginOutcome.LOCKED)
    raise _locked_refusal(found, locked[found])


def _known(attempt: _Attempt) -> bool:
    return Account.objects.filter(username=attempt.username).exists()


def _keep(attempt: _Attempt, known: bool, outcome: LoginOutcome) -> None:
    name = attempt.username if known else f"未知账号 {attempt.account_key[-8:]}"
    LoginRecord.objects.create(username=name, at=attempt.at, address=attempt.address, outcome=outcome)


@transaction.atomic
def _settle(attempt: _Attempt, account: Account | None, good: bool) -> tuple[LoginOutcome, str, Count]:
    """Count and record one attempt behind the locks of its name and address."""
    own, address = (locked_count(key) for key in (attempt.account_key, attempt.address_key))
    for key, count in ((attempt.account_key, own), (attempt.address_key, address)):
        if count.is_locked(attempt.at):  # locked by another attempt while this one was hashing
            _keep(attempt, account is not None, LoginOutcome.LOCKED)
            return LoginOutcome.LOCKED, key, count
    outcome = _outcome(account, good, attempt.at)
    if outcome == LoginOutcome.OK and account is not None and has_factor(account):
        outcome = LoginOutcome.HALF
    _keep(attempt, account is not None, outcome)
    if account is not None and outcome in {LoginOutcome.OK, LoginOutcome.HALF}:
        if outcome == LoginOutcome.OK:
            _enter(attempt, account, "password")
        return outcome, attempt.account_key, Count()
    own = add_failure(attempt.account_key, own, "account", attempt.at)
    after = add_failure(attempt.address_key, address, "address", attempt.at)
    if account is not None:
        _journal(attempt, account, "account.locked" if own.locked_until else "account.login_failed", outcome)
    elif after.locked_until:
        subject = f"people.LoginLock:{privacy.digest(attempt.address_key).hex()}"
        journal.record("address.locked", subject, by=ANONYMOUS, at=attempt.at, failures=after.failures)
    return outcome, attempt.account_key, own


def _journal(attempt: _Attempt, account: Account, event: str, outcome: LoginOutcome, **more: str) -> None:
    by = actor_of_account(account) if outcome == LoginOutcome.OK else ANONYMOUS
    address = journal.hidden(attempt.address, account)
    journal.record(event, account, by=by, at=attempt.at, outcome=outcome, address=address, **more)


def _enter(attempt: _Attempt, account: Account, how: str) -> None:
    LoginLock.objects.filter(key=attempt.account_key).update(
        failures=0, first_failed_at=None, locked_until=None
    )
    day = timezone.localdate(attempt.at)
    too_old = rules.is_too_old(account.password_changed_at, attempt.at, limits.number("password_days", day))
    if too_old and how != "provider":
        Account.objects.filter(pk=account.pk).update(must_change_password=True)
        account.must_change_password = True
    _journal(attempt, account, "account.logged_in", LoginOutcome.OK, how=how)


def _outcome(account: Account | None, good: bool, at: datetime, *, by_password: bool = True) -> LoginOutcome:
    if account is None:
        return LoginOutcome.UNKNOWN
    if not good:
        return LoginOutcome.WRONG
    organisation = account.organisation
    if not account.is_active or (organisation is not None and organisation.closed_on is not None):
        return LoginOutcome.CLOSED
    if (
        by_password
        and account.temporary_ends_on is not None
        and account.temporary_ends_on < timezone.localdate(at)
    ):
        return LoginOutcome.EXPIRED
    return LoginOutcome.OK


def locked_count(key: str) -> Count:
    """Return the failures of a key behind its lock."""
    LoginLock.objects.get_or_create(key=key)
    row = LoginLock.objects.select_for_update().get(key=key)
    return Count(row.failures, row.first_failed_at, row.locked_until)


def add_failure(key: str, count: Count, kind: str, at: datetime) -> Count:
    """Add one failure to a key whose lock is held; `kind` names the local numbers: account or address."""
    day = timezone.localdate(at)
    after = rules.after_failure(
        count,
        at,
        limit=limits.number(f"{kind}_failures", day),
        minutes=limits.number(f"{kind}_lock_minutes", day),
    )
    LoginLock.objects.filter(key=key).update(
        failures=after.failures, first_failed_at=after.since, locked_until=after.locked_until
    )
    return after


def _refusal(outcome: LoginOutcome, key: str, count: Count, at: datetime) -> Refused:
    if count.is_locked(at):
        return _locked_refusal(key, count)
    if outcome == LoginOutcome.CLOSED:
        return Refused("closed", "账号已停用，如需恢复请联系系统管理员。")
    if outcome == LoginOutcome.EXPIRED:
        return Refused("temporary_expired", "临时密码已过有效期，请联系系统管理员重置。")
    day = timezone.localdate(at)
    most = limits.number("account_failures", day)
    minutes = limits.number("account_lock_minutes", day)
    left = most - count.failures
    return Refused(
        "wrong",
        f"账号或密码不对，请检查后重试。连续错{most}次将锁定{minutes}分钟（本地规定），还可试{left}次。",
    )


def _locked_refusal(key: str, count: Count) -> Refused:
    assert count.locked_until is not None
    until = timezone.localtime(count.locked_until)
    clock = f"{until:%Y-%m-%d %H:%M}" if until.second == 0 else f"{until:%Y-%m-%d %H:%M:%S}"
    if key.startswith("address:"):
        return Refused(
            "address_locked", f"本机所在地址失败次数过多，{clock} 前不能登录（本地规定），请届时再试。"
        )
    return Refused(
        "account_locked",
        f"账号因连续输错密码已锁定，{clock} 自动解锁（本地规定）；急用请联系安全管理员解锁。",
    )


def _welcome(account: Account, at: datetime, halves: int = 0) -> LoggedIn:
    """Return what is told at the door. A log-in in two steps leaves one HALF; more of them are others' tries."""
    records = LoginRecord.objects.filter(username=account.username, at__lt=at)
    last = records.filter(outcome=LoginOutcome.OK).order_by("-at", "-pk").first()
    since = records if last is None else records.filter(at__gt=last.at)
    half = since.filter(outcome=LoginOutcome.HALF).count()
    failed = since.exclude(outcome__in=[LoginOutcome.OK, LoginOutcome.HALF]).count()
    found = LoggedIn(account, last, failed + max(half - halves, 0))
    reset = FactorReset.objects.filter(account=account, told_at=None).order_by("-reset_at", "-pk").first()
    if reset is None:
        return found
    FactorReset.objects.filter(account=account, told_at=None).update(told_at=at)
    return replace(found, reset=reset)


# --- sessions ------------------------------------------------------------------------------------


@transaction.atomic
def begin_session(*, account: Account, key: str, address: str, device: str, at: datetime) -> SignIn:
    """Remember an open session, so that its owner and the security administrator can end it."""
    return SignIn.objects.create(
        account=account, session_key=key, started_at=at, address=address, device=device[:60]
    )


def end_all(account: Account, keep: str = "") -> int:
    """End the sessions of an account but one; the caller journals the number."""
    keys = list(
        account.sign_ins.exclude(session_key=keep).order_by("pk").values_list("session_key", flat=True)
    )
    ended, _ = Session.objects.filter(session_key__in=keys).delete()
    SignIn.objects.filter(session_key__in=keys).delete()
    return ended


def owns(by: Actor, account: Account) -> bool:
    """Return whether the account is the actor's own; ids of people and of accounts are different numbers."""
    if by.kind == Kind.PERSON:
        return account.person_id is not None and account.person_id == by.id
    return by.kind == Kind.OUTSIDE and account.person_id is None and account.pk == by.id


@transaction.atomic
def end_session(*, sign_in: SignIn, by: Actor, at: datetime) -> None:
    """End one session: one's own, or anybody's by the security administrator."""
    account = sign_in.account
    if not owns(by, account) and not by.may(Can.SECURE):
        raise NotFound()
    Session.objects.filter(session_key=sign_in.session_key).delete()
    if not SignIn.objects.filter(pk=sign_in.pk).delete()[0]:
        raise Refused("session_over", "该会话已经结束。")
    journal.record("account.session_ended", account, by=by, at=at)


@transaction.atomic
def end_sessions(*, account: Account, keep: str = "", by: Actor, at: datetime) -> int:
    """End all sessions of an account, or all but the one in use (`keep`)."""
    if not owns(by, account):
        by.require(Can.SECURE)
    ended = end_all(account, keep)
    journal.record("account.sessions_ended", account, by=by, at=at, sessions=ended)
    return ended


@transaction.atomic
def log_out(*, account: Account, key: str, by: Actor, at: datetime) -> None:
    """Forget an open session that its owner ends; the web session itself is flushed by the screen."""
    SignIn.objects.filter(account=account, session_key=key).delete()
    journal.record("account.logged_out", account, by=by, at=at)


@transaction.atomic
def unlock_account(*, account: Account, by: Actor, at: datetime) -> None:
    """Open an account again that failures have locked."""
    by.require(Can.SECURE)
    if owns(by, account):
        raise Refused("own_account", "不能解锁本人的账号，请由另一名安全管理员办理。")
    locked = LoginLock.objects.filter(key=account_key(account.username), locked_until__gt=at)
    if not locked.update(failures=0, first_failed_at=None, locked_until=None):
        raise Refused("not_locked", f"账号 {account.username} 没有锁定。")
    journal.record("account.unlocked", account, by=by, at=at)


# --- tidying -------------------------------------------------------------------------------------


@transaction.atomic
def tidy_logins(*, at: datetime) -> None:
    """Remove counts a day old, sessions that are over, and log-in records past their local term."""
    LoginLock.objects.filter(first_failed_at__lt=at - timedelta(days=1)).exclude(locked_until__gt=at).delete()
    LoginLock.objects.filter(first_failed_at=None).delete()
    alive = Session.objects.filter(session_key=OuterRef("session_key"), expire_date__gt=at)
    over, _ = SignIn.objects.filter(~Exists(alive)).delete()
    days = limits.number("login_log_days", timezone.localdate(at))
    old, _ = LoginRecord.objects.filter(at__lt=at - timedelta(days=days)).delete()
    if over or old:
        journal.record(
            "logins.tidied", "people.LoginRecord", by=system("tidy"), at=at, sessions=over, records=old
        )
