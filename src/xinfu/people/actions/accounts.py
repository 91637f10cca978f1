"""Accounts: opened with a temporary password that is shown once, closed, given new passwords."""

from __future__ import annotations

import secrets
from datetime import date, datetime, timedelta

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from xinfu.core import journal
from xinfu.core.actor import Actor, Kind
from xinfu.core.refusal import Forbidden, NotFound, Refused
from xinfu.people import limits, rules
from xinfu.people.access import SEPARATE, Can
from xinfu.people.actions.departments import filled
from xinfu.people.actions.sessions import account_key, add_failure, end_all, locked_count, owns
from xinfu.people.models import Account, LoginLock, Organisation, Person, RoleGrant

READABLE = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Letters and digits that cannot be mistaken for each other when read out."""


def temporary_password() -> str:
    """Return a new password of four groups, such as `Kx7m-9TqW-hR3d-v2Pa`, with all kinds of characters."""
    while True:
        groups = ("".join(secrets.choice(READABLE) for _ in range(4)) for _ in range(4))
        password = "-".join(groups)
        if rules.character_kinds(password) == 4:
            return password


@transaction.atomic
def _save_new(account: Account, by: Actor, at: datetime) -> None:
    if account.person_id is not None:
        person = Person.objects.select_for_update(of=("self",)).get(pk=account.person_id)
        if person.left_on is not None:
            raise Refused("person_left", f"{person.name}已于{person.left_on}离岗。")
        if by.kind != Kind.SYSTEM and person.grants.filter(role__in=SEPARATE, ended_at=None).exists():
            raise Forbidden("三员的账号只能在服务器上用命令开立，请联系运维人员。")
        if Account.objects.filter(person=person).exists():
            raise Refused("has_account", f"{person.name}已有账号，如忘记密码请重置。", field="person")
    try:
        with transaction.atomic():
            account.save(force_insert=True)
    except IntegrityError as error:
        raise Refused(
            "username_taken", f"账号 {account.username} 已被使用，请换一个。", field="username"
        ) from error
    journal.record(
        "account.opened",
        account,
        by=by,
        at=at,
        person=account.person_id,
        organisation=account.organisation_id,
    )


def open_account(
    *,
    username: str,
    person: Person | None = None,
    organisation: Organisation | None = None,
    agent_name: str = "",
    by: Actor,
    at: datetime,
) -> tuple[Account, str]:
    """Open an account of a person, or of an organisation's agent; return it with its temporary password.

    The password is made here, kept only as a digest, must be changed at the first log-in and ends by itself.
    Refuses: a bad or taken name, a person who left or has an account, a closed organisation.
    """
    by.require(Can.OPEN_ACCOUNTS if organisation is None else Can.ORGANISATIONS)
    if (person is None) == (organisation is None):
        raise Refused("one_owner", "请选择人员或外部单位，二选一。", field="person")
    name = rules.clean_username(username)
    fault = rules.username_fault(name)
    if fault:
        raise Refused("bad_username", fault, field="username")
    if organisation is not None:
        agent_name = filled(agent_name, "经办人", "agent_name", 60)
        if organisation.closed_on is not None:
            raise Refused("organisation_closed", f"“{organisation.name}”已停用。", field="organisation")
    password = temporary_password()
    account = Account(
        username=name,
        person=person,
        organisation=organisation,
        agent_name=agent_name if organisation else "",
        password=make_password(password),
        must_change_password=True,
        password_changed_at=at,
        temporary_ends_on=_temporary_ends_on(at),
    )
    _save_new(account, by, at)
    return account, password


def _temporary_ends_on(at: datetime) -> date:
    day = timezone.localdate(at)
    return day + timedelta(days=limits.number("temporary_password_days", day))


def administration_fault(account: Account, by: Actor) -> Refused | None:
    """Return why the actor may not administer the account, or None."""
    if not by.may(Can.OPEN_ACCOUNTS if account.organisation_id is None else Can.ORGANISATIONS):
        return Forbidden()
    if owns(by, account):
        return Refused("own_account", "不能对本人的账号办理，请由另一名系统管理员办理。")
    return None


def reset_fault(account: Account, by: Actor) -> Refused | None:
    """Return why the actor may not reset the account's password, or None.

    An administrator's is reset on the server only, so that one of the three cannot become another.
    """
    fault = administration_fault(account, by)
    separate = RoleGrant.objects.filter(person=account.person_id, role__in=SEPARATE, ended_at=None)
    if fault is None and by.kind != Kind.SYSTEM and separate.exists():
        return Forbidden("三员账号的密码只能在服务器上用命令重置，请联系运维人员。")
    return fault


def _require_administrator(account: Account, by: Actor) -> None:
    fault = administration_fault(account, by)
    if fault is not None:
        raise fault


def reset_password(*, account: Account, by: Actor, at: datetime) -> str:
    """Give an account a new temporary password, end its sessions and lift its lock; return the password."""
    fault = reset_fault(account, by)
    if fault is not None:
        raise fault
    password = temporary_password()
    hashed = make_password(password)
    with transaction.atomic():
        row = _locked(account)
        Account.objects.filter(pk=row.pk).update(
            password=hashed,
            must_change_password=True,
            password_changed_at=at,
            temporary_ends_on=_temporary_ends_on(at),
        )
        LoginLock.objects.filter(key=account_key(row.username)).update(
            failures=0, first_failed_at=None, locked_until=None
        )
        journal.record("account.password_reset", row, by=by, at=at, sessions=end_all(row))
    return password


def _locked(account: Account) -> Account:
    found = Account.objects.select_for_update(of=("self",)).filter(pk=account.pk).first()
    if found is None:
        raise NotFound()
    return found


@transaction.atomic
def close_account(*, account: Account, by: Actor, at: datetime) -> None:
    """Close an account and end its sessions. Refuses one's own."""
    _require_administrator(account, by)
    row = _locked(account)
    if not row.is_active:
        raise Refused("already_closed", f"账号 {row.username} 已经停用。")
    Account.objects.filter(pk=row.pk).update(is_active=False)
    journal.record("account.closed", row, by=by, at=at, sessions=end_all(row))


@transaction.atomic
def reopen_account(*, account: Account, by: Actor, at: datetime) -> None:
    """Open a closed account again; its owner must still be there."""
    _require_administrator(account, by)
    row = _locked(account)
    if row.is_active:
        raise Refused("not_closed", f"账号 {row.username} 正在使用。")
    if row.person is not None and row.person.left_on is not None:
        raise Refused("person_left", f"{row.person.name}已于{row.person.left_on}离岗。")
    if row.organisation is not None and row.organisation.closed_on is not None:
        raise Refused("organisation_closed", f"“{row.organisation.name}”已停用。")
    Account.objects.filter(pk=row.pk).update(is_active=True)
    journal.record("account.reopened", row, by=by, at=at)


def change_password(*, account: Account, old: str, new: str, by: Actor, at: datetime) -> None:
    """Change one's own password; all sessions end, and the screen begins the present one anew.

    Refuses: somebody else's, a wrong old one (which counts towards the lock), a weak or unchanged new one.
    """
    if not owns(by, account):
        raise Forbidden("只能修改本人的密码。")
    prove_password(account, old, at, "old", "原密码")
    faults = _faults(account, old, new, at)
    if faults:
        raise Refused("weak_password", "".join(faults), field="new")
    hashed = make_password(new)
    with transaction.atomic():
        row = _locked(account)
        if row.password != account.password:
            raise Refused("changed_meanwhile", "密码刚刚被改过，请重新登录后再试。")
        Account.objects.filter(pk=row.pk).update(
            password=hashed, must_change_password=False, password_changed_at=at, temporary_ends_on=None
        )
        journal.record("account.password_changed", row, by=by, at=at, sessions=end_all(row))
    account.refresh_from_db()


def prove_password(account: Account, password: str, at: datetime, field: str, label: str) -> None:
    """Refuse a wrong password and count it: a session left open is no place to guess in."""
    key = account_key(account.username)
    with transaction.atomic():
        count = locked_count(key)
    if not count.is_locked(at):
        if check_password(password, account.password):
            return
        with transaction.atomic():
            count = add_failure(key, locked_count(key), "account", at)
    if count.is_locked(at):
        raise Refused("account_locked", f"{label}连续输错，账号已锁定，请联系安全管理员解锁。", field=field)
    raise Refused(f"wrong_{field}", f"{label}不对，请重新输入。", field=field)


def _faults(account: Account, old: str, new: str, at: datetime) -> list[str]:
    day = timezone.localdate(at)
    faults = rules.password_faults(
        new,
        username=account.username,
        length=limits.number("password_length", day),
        kinds=limits.number("password_kinds", day),
    )
    if new == old:
        faults.append("新密码不能与原密码相同。")
    if not faults:
        try:
            validate_password(new, account)
        except ValidationError as error:
            faults += [f"{message.rstrip('。')}。" for message in error.messages]
    return faults


@transaction.atomic
def prefer_large_type(*, account: Account, large: bool, by: Actor, at: datetime) -> None:
    """Remember whether one reads in large type (大字版)."""
    if not owns(by, account):
        raise Forbidden()
    if account.large_type == large:
        return
    Account.objects.filter(pk=account.pk).update(large_type=large)
    journal.record("account.type_size_chosen", account, by=by, at=at, large=large)
