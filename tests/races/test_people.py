"""Two connections at once: failures are all counted, a role is given once, the tree stays a tree."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

import pytest
from django.db import connection

from tests import make
from tests.people.test_second_factor import SECRET, code_at
from xinfu.core import journal, privacy
from xinfu.core.access import Role
from xinfu.core.refusal import Refused
from xinfu.people import actions
from xinfu.people.actions.second import first_codes
from xinfu.people.models import Account, Authenticator, Department, LoginLock, LoginRecord, Person, RoleGrant

DAY = date(2023, 5, 18)


@pytest.fixture
def county() -> make.Office:
    return make.office()


def at_once(*calls: Callable[[], Any]) -> list[str]:
    """Run the calls in threads of their own, begun together; return `ok` or the refusal's code of each."""
    start = threading.Barrier(len(calls))
    ends: list[str] = []
    faults: list[BaseException] = []

    def run(call: Callable[[], Any]) -> None:
        try:
            start.wait()
            call()
            ends.append("ok")
        except Refused as refused:
            ends.append(refused.code)
        except BaseException as fault:  # noqa: BLE001 - any fault of a thread fails the test
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not faults
    assert not list(journal.verify())
    return sorted(ends)


def _guess(username: str, address: str, at: datetime) -> Callable[[], Any]:
    return lambda: actions.log_in(username=username, password="x", address=address, at=at)


def _counts(keys: Sequence[str]) -> list[int]:
    return [LoginLock.objects.get(key=key).failures for key in keys]


def test_two_failures_at_once_count_two(county: make.Office, now: datetime) -> None:
    username = Account.objects.get(person=make.person(Role.WINDOW_CLERK, county.unit_a)).username
    calls = (_guess(username, "10.0.0.1", now), _guess(username, "10.0.0.1", now))
    assert at_once(*calls) == ["wrong", "wrong"]
    assert _counts([actions.account_key(username), "address:10.0.0.1"]) == [2, 2]


def test_a_burst_of_guesses_locks_after_the_fifth(county: make.Office, now: datetime) -> None:
    username = Account.objects.get(person=make.person(Role.WINDOW_CLERK, county.unit_a)).username
    ends = at_once(*[_guess(username, f"10.0.0.{n}", now) for n in range(8)])
    assert ends == ["account_locked"] * 4 + ["wrong"] * 4
    assert LoginRecord.objects.filter(outcome="wrong").count() == 5


def test_the_same_role_given_twice_at_once_is_given_once(county: make.Office, now: datetime) -> None:
    person = make.person(Role.WINDOW_CLERK, county.unit_a)
    guards = [make.actor(Role.SECURITY_ADMIN, county.root) for _ in range(2)]

    def give(n: int) -> Callable[[], Any]:
        return lambda: actions.give_role(
            person=person, role=Role.UNIT_LIAISON, department=county.unit_a, since=DAY, by=guards[n], at=now
        )

    assert at_once(give(0), give(1)) == ["ok", "role_twice"]
    assert person.grants.filter(role=Role.UNIT_LIAISON).count() == 1


def test_two_of_the_three_administrators_are_not_given_at_once(county: make.Office, now: datetime) -> None:
    person = make.person(Role.WINDOW_CLERK, county.root)
    guard = make.actor(Role.SECURITY_ADMIN, county.root)

    def give(role: Role) -> Callable[[], Any]:
        return lambda: actions.give_role(
            person=person, role=role, department=county.root, since=DAY, by=guard, at=now
        )

    assert at_once(give(Role.SYSTEM_ADMIN), give(Role.AUDITOR)) == ["ok", "roles_separate"]


def test_two_administrators_cannot_remove_each_other_at_once(county: make.Office, now: datetime) -> None:
    first, second = (make.actor(Role.SYSTEM_ADMIN, county.root) for _ in range(2))

    def remove(who: int | None, by: Any) -> Callable[[], Any]:
        return lambda: actions.leave(person=Person.objects.get(pk=who), by=by, at=now)

    assert at_once(remove(first.id, second), remove(second.id, first)) == ["last_administrator", "ok"]
    assert RoleGrant.objects.filter(role=Role.SYSTEM_ADMIN, ended_at=None).count() == 1


def test_two_units_moved_under_each_other_at_once_make_no_circle(county: make.Office, now: datetime) -> None:
    admin = make.actor(Role.SYSTEM_ADMIN, county.root)

    def move(unit: Department, parent: Department) -> Callable[[], Any]:
        return lambda: actions.move_department(department=unit, parent=parent, by=admin, at=now)

    ends = at_once(move(county.town_a, county.town_b), move(county.town_b, county.town_a))
    assert ends == ["ok", "own_subtree"]
    units = {unit.pk: unit for unit in Department.objects.order_by("pk")}
    for unit in units.values():
        above = units[unit.parent_id].path if unit.parent_id else "/"
        assert unit.path == f"{above}{unit.pk}/"


def test_a_unit_does_not_close_while_somebody_joins_it(county: make.Office, now: datetime) -> None:
    admin = make.actor(Role.SYSTEM_ADMIN, county.root)
    ends = at_once(
        lambda: actions.close_department(department=county.village, by=admin, at=now),
        lambda: actions.add_person(staff_no="1", name="甲", department=county.village, by=admin, at=now),
    )
    village = Department.objects.get(pk=county.village.pk)
    joined = Person.objects.filter(department=village).exists()
    assert (village.closed_on is None) == joined
    assert ends in (["department_closed", "ok"], ["ok", "still_used"])


def test_one_person_gets_one_account(county: make.Office, now: datetime) -> None:
    admin = make.actor(Role.SYSTEM_ADMIN, county.root)
    person = Person.objects.create(staff_no="2", name="乙", department=county.unit_a)

    def put(name: str) -> Callable[[], Any]:
        return lambda: actions.open_account(username=name, person=person, by=admin, at=now)

    assert at_once(put("yi.one"), put("yi.two")) == ["has_account", "ok"]


def test_the_same_list_loaded_twice_at_once_makes_each_unit_once(county: make.Office, now: datetime) -> None:
    rows = [
        {"code": f"V{n}", "name": f"村{n}", "kind": "village", "parent": county.town_a.code}
        for n in range(100)
    ]

    def load() -> Any:
        return actions.load_departments(rows=rows, by=make.SYSTEM, at=now)

    assert at_once(load, load) == ["ok", "ok"]
    assert Department.objects.filter(code__startswith="V").count() == 100


@pytest.mark.parametrize("kind", ["code", "recovery"])
def test_of_two_who_use_one_code_at_once_one_is_in(county: make.Office, now: datetime, kind: str) -> None:
    account = Account.objects.get(person=make.person(Role.WINDOW_CLERK, county.unit_a))
    sealed = privacy.seal({"secret": SECRET})
    Authenticator.objects.create(account=account, sealed=sealed, begun_at=now, confirmed_at=now)
    typed = {"code": code_at(now), "recovery": first_codes(account, now)[0]}[kind]

    def enter() -> Any:
        return actions.pass_code(account=account, code=typed, address="10.0.0.1", at=now)

    refusal = {"code": "code_used", "recovery": "wrong_code"}[kind]
    assert at_once(enter, enter, enter) == sorted(["ok", refusal, refusal])
