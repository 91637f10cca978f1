"""What happens when a thing is gone, the same again, or met by two at once; tokens at the door; the deputy's inbox."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from itertools import chain, cycle
from typing import Any

import pytest
from django.db import IntegrityError
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from tests import make
from xinfu.core import inbox
from xinfu.core.access import Role
from xinfu.core.actor import ANONYMOUS, Actor
from xinfu.core.models import JournalEntry
from xinfu.people import actions, queries, rules
from xinfu.people.access import Can
from xinfu.people.actions import accounts, load
from xinfu.people.models import Account, ApiToken, Department, Deputy, Organisation, Person
from xinfu.people.session import ActorMiddleware, actor_of

GONE: list[tuple[Any, dict[str, Any]]] = [
    (actions.close_department, {"department": Department(pk=0)}),
    (actions.leave, {"person": Person(pk=0)}),
    (actions.close_account, {"account": Account(pk=0, person_id=0)}),
    (actions.close_organisation, {"organisation": Organisation(pk=0)}),
    (actions.revoke_token, {"token": ApiToken(pk=0)}),
    (actions.end_deputy, {"deputy": Deputy(pk=0)}),
]


@pytest.mark.parametrize("call, thing", GONE, ids=lambda x: getattr(x, "__name__", ""))
def test_what_is_gone_is_not_found(
    admin: Actor, now: datetime, refused: Any, call: Callable[..., Any], thing: dict[str, Any]
) -> None:
    refused("not_found", call, **thing, by=admin, at=now)


def test_a_role_is_not_given_to_somebody_who_is_not_there(
    office: make.Office, guard: Actor, now: datetime, refused: Any
) -> None:
    role = {"role": Role.GENERAL, "department": office.root, "since": date(2023, 5, 18)}
    refused("not_found", actions.give_role, person=Person(pk=0), **role, by=guard, at=now)


def test_the_same_again_is_not_journalled(
    office: make.Office, admin: Actor, account: Account, clerk: Person, as_person: Any, now: datetime
) -> None:
    firm = actions.add_organisation(uscc="91350100M000100Y43", name="甲", kind="owner", by=admin, at=now)
    count = JournalEntry.objects.count()
    actions.change_organisation(organisation=firm, name="甲", kind="owner", by=admin, at=now)
    actions.prefer_large_type(account=account, large=False, by=as_person(clerk), at=now)
    assert JournalEntry.objects.count() == count


def test_a_temporary_password_always_has_every_kind_of_character(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = chain("a" * 16, cycle("aB2c"))
    monkeypatch.setattr(accounts.secrets, "choice", lambda letters: next(drawn))
    assert rules.character_kinds(actions.temporary_password()) == 4


def test_a_list_met_by_another_import_is_refused_whole(
    office: make.Office, admin: Actor, now: datetime, refused: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken(*_: Any) -> None:
        raise IntegrityError

    monkeypatch.setattr(load, "_write", taken)
    row = {"code": "N1", "name": "科", "kind": "科室"}
    refused("changed_meanwhile", actions.load_departments, rows=[row], by=admin, at=now)


def test_a_command_that_fails_half_way_leaves_nothing(office: make.Office) -> None:
    from django.core.management import CommandError, call_command

    args = ("--staff-no", "g9", "--name", "甲", "--department", "综合科")
    with pytest.raises(CommandError, match="以字母开头"):
        call_command("open_account", "甲", *args)
    assert not Person.objects.filter(staff_no="G9").exists()
    call_command("open_account", "jia", *args)
    account = Account.objects.get(username="jia")
    with pytest.raises(CommandError, match="已有账号"):
        call_command("open_account", "jia.two", "--staff-no", "G9")
    assert account.person is not None


# --- the door ------------------------------------------------------------------------------------


def actor_behind(rf: RequestFactory, path: str, secret: str) -> Actor:
    request = rf.get(path, headers={"Authorization": f"Bearer {secret}"})
    request.session = Client().session
    seen: list[Actor] = []
    ActorMiddleware(lambda r: seen.append(actor_of(r)) or None)(request)  # type: ignore[arg-type, func-returns-value, return-value]
    return seen[0]


def test_a_token_opens_the_api_only_and_only_until_its_last_day(
    office: make.Office, admin: Actor, now: datetime, rf: RequestFactory
) -> None:
    scope = min(actions.grantable())
    token, secret = actions.issue_token(name="系统", scopes=[scope], by=admin, at=now)
    acting = actor_behind(rf, "/api/v1/cases", secret)
    assert (acting.kind, acting.name, acting.may(scope)) == ("token", "系统", True)
    assert acting.scope(scope).everything
    assert not acting.may(Can.MANAGE)
    assert actor_behind(rf, "/people/", secret) == ANONYMOUS
    assert actor_behind(rf, "/api/v1/cases", "xf_wrong") == ANONYMOUS
    ApiToken.objects.filter(pk=token.pk).update(ends_on=timezone.localdate())
    assert actor_behind(rf, "/api/v1/cases", secret).kind == "token"
    ApiToken.objects.filter(pk=token.pk).update(ends_on=date(2023, 5, 18))
    assert actor_behind(rf, "/api/v1/cases", secret) == ANONYMOUS


def test_the_api_too_waits_for_the_first_password(client: Client, account: Account, admin: Actor) -> None:
    actions.reset_password(account=account, by=admin, at=timezone.now())
    client.force_login(Account.objects.get(pk=account.pk))
    answer = client.get("/api/v1/cases/")
    if answer.status_code != 404:  # an installation without cases has no such address
        assert answer.status_code == 403
        assert answer.json()["code"] == "password_first"


# --- deputies on screen --------------------------------------------------------------------------


def test_a_deputy_is_reminded_in_the_inbox_until_they_switch(
    office: make.Office, clerk: Person, as_person: Any, now: datetime
) -> None:
    helper = make.actor(Role.WINDOW_CLERK, office.unit_a, "李代")
    today = timezone.localdate()
    row = actions.set_deputy(
        person=clerk,
        deputy=Person.objects.get(pk=helper.id),
        since=today,
        until=today,
        by=as_person(clerk),
        at=timezone.now(),
    )
    todo = next(todo for todo in inbox.todos(helper, timezone.now()) if todo.kind == "代理")
    assert "王小花" in todo.title
    assert todo.due_on == row.until
    from xinfu.people.session import actor_standing_in

    switched = actor_standing_in(row, today)
    assert not [todo for todo in inbox.todos(switched, timezone.now()) if todo.kind == "代理"]
    assert not [todo for todo in inbox.todos(make.SYSTEM, timezone.now()) if todo.kind == "代理"]


def test_a_stand_in_that_is_over_is_refused_on_screen(as_role: Any, office: make.Office) -> None:
    boss, helper = as_role(Role.WINDOW_CHIEF, office.unit_a), as_role(Role.WINDOW_CLERK, office.unit_a)
    past = date(2020, 1, 1)
    row = Deputy.objects.create(person_id=boss.actor.id, deputy_id=helper.actor.id, since=past, until=past)
    answer = helper.post(reverse("people:stand_in"), {"deputy": row.pk}, follow=True)
    assert "代理期已过" in answer.content.decode()
    session = helper.session
    session["stand_in"] = row.pk  # a session that outlived the stand-in
    session.save()
    assert f"代{boss.actor.name}办理" not in helper.get(reverse("people:account")).content.decode()


# --- filters -------------------------------------------------------------------------------------


def test_people_are_narrowed_by_unit_role_and_state(office: make.Office, admin: Actor, now: datetime) -> None:
    clerk = make.person(Role.WINDOW_CLERK, office.unit_a)
    left = make.person(Role.WINDOW_CHIEF, office.unit_b)
    actions.leave(person=left, by=admin, at=now)
    day = date(2023, 5, 18)
    rows = queries.people_of(admin, day)

    def found(**wanted: Any) -> set[int]:
        return {person.pk for person in queries.narrow_people(rows, wanted, day)}

    assert found(department="县市场监管局") == {clerk.pk}
    assert found(department="没有") == set()
    assert found(role=Role.WINDOW_CLERK) == {clerk.pk}
    assert found(state="left") == {left.pk}
    assert found(state="serving", q=clerk.staff_no) == {clerk.pk}
    assert [queries.role_words(person) for person in rows.filter(pk=clerk.pk)] == ["窗口人员"]


def test_lists_are_narrowed_on_screen(as_role: Any, office: make.Office, admin: Actor, now: datetime) -> None:
    client = as_role(Role.SYSTEM_ADMIN)
    actions.close_window(window=office.window_a2, by=admin, at=now)
    windows = client.get(reverse("people:windows"), {"state": "closed"}).content.decode()
    assert "市场监管窗口二" in windows
    assert "市场监管窗口一" not in windows
    open_ones = client.get(reverse("people:accounts"), {"state": "open"}).content.decode()
    closed = client.get(reverse("people:accounts"), {"state": "closed"}).content.decode()
    name = Account.objects.get(person=client.actor.id).username
    assert name in open_ones
    assert f">{name}<" not in closed
    auditor = as_role(Role.AUDITOR)
    assert auditor.get(reverse("people:logins"), {"address": "10.0.0.1"}).status_code == 200
    assert auditor.get(reverse("people:logins"), {"outcome": "wrong"}).status_code == 200
    assert client.get(reverse("people:organisations"), {"kind": "bank"}).status_code == 200
