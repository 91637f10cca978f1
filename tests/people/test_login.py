"""Logging in: what is told, what is counted, what is locked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests import make
from tests.people.conftest import GOOD
from xinfu.core.access import Role
from xinfu.core.actor import Actor
from xinfu.core.models import JournalEntry
from xinfu.core.refusal import Refused
from xinfu.people import actions, queries
from xinfu.people.models import Account, LoginRecord, SignIn

Told = Callable[[str], dict[str, Any]]
HERE = "10.1.2.3"


def attempt(username: str, password: str, at: datetime, address: str = HERE) -> Refused | None:
    try:
        actions.log_in(username=username, password=password, address=address, at=at)
    except Refused as refused:
        return refused
    return None


def test_the_right_password_comes_in_and_is_recorded(account: Account, now: datetime, told: Told) -> None:
    found = actions.log_in(username=f" {account.username.upper()} ", password=GOOD, address=HERE, at=now)
    assert found.account == account
    assert found.last is None
    assert HERE not in str(told("account.logged_in"))
    record = LoginRecord.objects.get()
    assert (record.username, record.address, record.outcome) == (account.username, HERE, "ok")


def test_the_last_login_and_failures_since_are_told(account: Account, now: datetime) -> None:
    assert attempt(account.username, GOOD, now) is None
    for minute in (1, 2):
        assert attempt(account.username, "x", now + timedelta(minutes=minute))
    found = actions.log_in(
        username=account.username, password=GOOD, address="10.9.9.9", at=now + timedelta(minutes=3)
    )
    assert found.last is not None
    assert (found.last.at, found.last.address, found.failures) == (now, HERE, 2)


def test_wrong_and_unknown_sound_the_same(account: Account, now: datetime) -> None:
    wrong = attempt(account.username, "x", now)
    unknown = attempt("nobody", "x", now)
    assert wrong is not None
    assert unknown is not None
    assert (wrong.code, wrong.reason) == (unknown.code, unknown.reason)
    assert "还可试4次" in wrong.reason
    assert "本地规定" in wrong.reason


def test_an_unknown_name_is_not_kept_for_it_may_be_a_password(now: datetime, db: None) -> None:
    assert attempt("my-secret-password", "x", now)
    record = LoginRecord.objects.get()
    assert record.outcome == "unknown"
    assert "secret" not in record.username


def test_unknown_names_cost_one_hash_as_known_ones_do(
    account: Account, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.settings import CheapArgon2

    hashed: list[str] = []
    kept = CheapArgon2.encode, CheapArgon2.verify
    monkeypatch.setattr(CheapArgon2, "encode", lambda *a: (hashed.append("encode"), kept[0](*a))[1])
    monkeypatch.setattr(CheapArgon2, "verify", lambda *a: (hashed.append("verify"), kept[1](*a))[1])
    attempt(account.username, "x", now)
    known, hashed[:] = len(hashed), []
    attempt("nobody", "x", now)
    assert known == len(hashed) == 1


def test_the_fifth_failure_locks_the_account_for_a_quarter_of_an_hour(
    account: Account, now: datetime, told: Told
) -> None:
    for n in range(4):
        refusal = attempt(account.username, "x", now)
        assert refusal is not None
        assert refusal.code == "wrong", n
        told("account.login_failed")
    fifth = attempt(account.username, "x", now)
    assert fifth is not None
    assert fifth.code == "account_locked"
    assert "2023-05-18 09:15" in fifth.reason
    assert told("account.locked")["outcome"] == "wrong"
    locked = attempt(account.username, GOOD, now + timedelta(minutes=15) - timedelta(seconds=1))
    assert locked is not None
    assert locked.code == "account_locked"
    assert LoginRecord.objects.order_by("-pk").first().outcome == "locked"  # type: ignore[union-attr]
    assert attempt(account.username, GOOD, now + timedelta(minutes=15)) is None


def test_names_that_do_not_exist_lock_in_the_same_words(account: Account, now: datetime) -> None:
    for _ in range(4):
        attempt(account.username, "x", now)
        attempt("nobody", "x", now)
    known, unknown = attempt(account.username, "x", now), attempt("nobody", "x", now)
    assert known is not None
    assert unknown is not None
    assert known.reason == unknown.reason


def test_success_clears_the_count(account: Account, now: datetime) -> None:
    for _ in range(4):
        attempt(account.username, "x", now)
    assert attempt(account.username, GOOD, now) is None
    for _ in range(4):
        refusal = attempt(account.username, "x", now)
        assert refusal is not None
        assert refusal.code == "wrong"


def test_failures_spread_over_time_do_not_lock(account: Account, now: datetime) -> None:
    for n in range(10):
        refusal = attempt(account.username, "x", now + timedelta(minutes=16 * n))
        assert refusal is not None
        assert refusal.code == "wrong"


def test_one_address_that_tries_many_names_is_locked(account: Account, now: datetime, told: Told) -> None:
    for n in range(30):
        attempt(f"name{n}", "x", now)
    assert told("address.locked") == {"failures": 30}
    refusal = attempt(account.username, GOOD, now)
    assert refusal is not None
    assert refusal.code == "address_locked"
    assert "09:15" in refusal.reason
    assert attempt(account.username, GOOD, now, address="10.1.2.4") is None


def test_a_lock_made_while_hashing_stops_a_right_password(
    account: Account, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    from xinfu.people.actions import sessions

    monkeypatch.setattr(sessions, "_refuse_locked", lambda attempt: None)
    for _ in range(5):
        attempt(account.username, "x", now)
    refusal = attempt(account.username, GOOD, now)
    assert refusal is not None
    assert refusal.code == "account_locked"


def test_a_closed_account_and_an_old_temporary_password_do_not_come_in(
    account: Account, admin: Actor, now: datetime
) -> None:
    password = actions.reset_password(account=account, by=admin, at=now)
    assert attempt(account.username, password, now + timedelta(days=7)) is None
    late = attempt(account.username, password, now + timedelta(days=8))
    assert late is not None
    assert late.code == "temporary_expired"
    actions.close_account(account=account, by=admin, at=now)
    closed = attempt(account.username, password, now)
    assert closed is not None
    assert closed.code == "closed"


def test_an_old_password_must_be_changed(account: Account, now: datetime) -> None:
    assert attempt(account.username, GOOD, now + timedelta(days=90)) is None
    assert not Account.objects.get(pk=account.pk).must_change_password
    assert attempt(account.username, GOOD, now + timedelta(days=91)) is None
    assert Account.objects.get(pk=account.pk).must_change_password


def test_the_security_administrator_unlocks(
    office: make.Office, account: Account, admin: Actor, guard: Actor, now: datetime, told: Told, refused: Any
) -> None:
    refused("not_locked", actions.unlock_account, account=account, by=guard, at=now)
    for _ in range(5):
        attempt(account.username, "x", now)
    assert queries.locked_until(actions.account_key(account.username), now) == now + timedelta(minutes=15)
    refused("forbidden", actions.unlock_account, account=account, by=admin, at=now)
    actions.unlock_account(account=account, by=guard, at=now)
    told("account.unlocked")
    assert attempt(account.username, GOOD, now) is None
    own = Account.objects.get(person=guard.id)
    refused("own_account", actions.unlock_account, account=own, by=guard, at=now)


def test_sessions_are_ended_by_their_owner_or_the_security_administrator(
    office: make.Office,
    account: Account,
    clerk: Any,
    as_person: Any,
    admin: Actor,
    guard: Actor,
    now: datetime,
    told: Told,
    refused: Any,
) -> None:
    def begin(key: str) -> SignIn:
        return actions.begin_session(account=account, key=key, address=HERE, device="Windows", at=now)

    one, two, three = begin("a"), begin("b"), begin("c")
    me = as_person(clerk)
    refused("not_found", actions.end_session, sign_in=one, by=admin, at=now)
    actions.end_session(sign_in=one, by=me, at=now)
    told("account.session_ended")
    refused("session_over", actions.end_session, sign_in=one, by=guard, at=now)
    actions.end_session(sign_in=two, by=guard, at=now)
    refused("forbidden", actions.end_sessions, account=account, by=admin, at=now)
    begin("d")
    actions.end_sessions(account=account, keep="d", by=me, at=now)
    assert told("account.sessions_ended") == {"sessions": 0}  # their web sessions were gone already
    assert not SignIn.objects.filter(pk=three.pk).exists()
    assert SignIn.objects.get().session_key == "d"
    actions.log_out(account=account, key="d", by=me, at=now)
    told("account.logged_out")
    assert not SignIn.objects.exists()


def test_the_login_log_is_for_auditors(
    office: make.Office, account: Account, now: datetime, admin: Actor
) -> None:
    attempt(account.username, "x", now)
    auditor = make.actor(Role.AUDITOR, office.root)
    assert queries.logins(auditor).count() == 1
    assert queries.logins(admin).count() == 0
    assert [record.outcome for record in queries.logins_of(account)] == ["wrong"]
    assert JournalEntry.objects.filter(event="account.login_failed").exists()
