"""People taken on, moved and leaving; roles and deputies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests import make
from tests.people.conftest import GOOD
from xinfu.core import local
from xinfu.core.access import Role
from xinfu.core.actor import Actor
from xinfu.core.models import JournalEntry
from xinfu.core.refusal import Forbidden, NotFound, Refused
from xinfu.people import actions, queries
from xinfu.people.access import SEPARATE, Can
from xinfu.people.actions import persons
from xinfu.people.models import Account, Deputy, Person, RoleGrant
from xinfu.people.session import actor_of_account, actor_standing_in

Told = Callable[[str], dict[str, Any]]
DAY = date(2023, 5, 18)
SCOPE = min(actions.grantable())


@pytest.fixture
def add(office: make.Office, admin: Actor, now: datetime) -> Callable[..., Person]:
    def call(**changes: Any) -> Person:
        usual = {"staff_no": "0001", "name": "张三", "department": office.unit_a}
        return actions.add_person(**{**usual, **changes}, by=admin, at=now)

    return call


def test_a_person_is_taken_on_without_personal_data_in_the_journal(
    office: make.Office, add: Callable[..., Person], told: Told
) -> None:
    person = add(phone="１３９ 0000 1234", window=office.window_a1, name="𬱟㛃")
    assert told("person.added")["department"] == office.unit_a.pk
    whole = b"".join(bytes(entry.body) for entry in JournalEntry.objects.order_by("n")).decode()
    assert "𬱟" not in whole
    assert "13900001234" not in whole
    row = Person.objects.get(pk=person.pk)
    assert b"13900001234" not in bytes(row.contact_sealed)
    assert row.phone_tail == "1234"
    assert queries.masked_phone(row) == "139****1234"


def test_a_person_is_found_by_name_number_and_phone(add: Callable[..., Person], admin: Actor) -> None:
    person = add(phone="13900001234")
    for text in ("张三", "000", "1234", "13900001234", "１３９０００01234"):
        assert person in queries.find_people(admin, text), text
    assert not queries.find_people(admin, "13900009999").exists()


def test_bad_people_are_refused(
    office: make.Office, add: Callable[..., Person], admin: Actor, now: datetime, refused: Any
) -> None:
    add()
    refused("staff_no_taken", add)
    refused("empty", add, staff_no="2", name=" ")
    refused("other_window", add, staff_no="2", window=office.window_b1)
    refused("bad_phone", add, staff_no="2", phone="139")
    actions.close_department(department=office.village, by=admin, at=now)
    refused("department_closed", add, staff_no="2", department=office.village)
    actions.close_window(window=office.window_a2, by=admin, at=now)
    office.window_a2.refresh_from_db()
    refused("window_closed", add, staff_no="2", window=office.window_a2)


def test_a_person_is_corrected(add: Callable[..., Person], admin: Actor, now: datetime, told: Told) -> None:
    person = add(phone="13900001234")
    change = actions.change_person
    change(person=person, name="张三丰", post="首席代表", phone="13900005678", by=admin, at=now)
    assert told("person.changed")["fields"] == ["姓名", "岗位", "电话"]
    count = JournalEntry.objects.count()
    change(person=person, name="张三丰", post="首席代表", phone=None, by=admin, at=now)
    change(person=person, name="张三丰", post="首席代表", phone="13900005678", by=admin, at=now)
    assert JournalEntry.objects.count() == count


def test_moving_takes_the_old_units_roles_back(
    office: make.Office, clerk: Person, admin: Actor, now: datetime, told: Told, as_person: Any
) -> None:
    actions.move_person(
        person=clerk, department=office.unit_a, window=office.window_a1, post="窗口", by=admin, at=now
    )
    assert told("person.moved")["roles_ended"] == 0
    assert as_person(Person.objects.get(pk=clerk.pk)).roles
    actions.move_person(person=clerk, department=office.unit_b, post="窗口", by=admin, at=now)
    assert told("person.moved")["roles_ended"] == 1
    assert not as_person(Person.objects.get(pk=clerk.pk)).roles


def test_leaving_ends_roles_deputies_account_and_sessions(
    office: make.Office,
    clerk: Person,
    account: Account,
    admin: Actor,
    now: datetime,
    told: Told,
    refused: Any,
) -> None:
    other = make.person(Role.WINDOW_CLERK, office.unit_a)
    Deputy.objects.create(person=clerk, deputy=other, since=DAY, until=DAY)
    actions.leave(person=clerk, by=admin, at=now)
    assert told("person.left") == {"roles_ended": 1, "account_closed": True}
    assert Person.objects.get(pk=clerk.pk).left_on == DAY
    assert not Account.objects.get(pk=account.pk).is_active
    assert Deputy.objects.get().ended_at == now
    refused("person_left", actions.leave, person=clerk, by=admin, at=now)
    refused(
        "person_left", actions.change_person, person=clerk, name="x", post="", phone=None, by=admin, at=now
    )
    refused("person_left", actions.reopen_account, account=account, by=admin, at=now)


@pytest.fixture
def open_work() -> Iterator[None]:
    actions.before_leaving("test", lambda person, at: "还有3件在办件，请先转交。")
    yield
    persons._LEAVING.pop("test")


@pytest.mark.usefixtures("open_work")
def test_open_work_is_handed_over_before_leaving(
    clerk: Person, admin: Actor, now: datetime, refused: Any
) -> None:
    assert "3件" in refused("work_open", actions.leave, person=clerk, by=admin, at=now).reason


def test_nobody_records_the_own_leaving_and_the_last_administrator_stays(
    office: make.Office, admin: Actor, now: datetime, refused: Any
) -> None:
    me = Person.objects.get(pk=admin.id)
    refused("own_leaving", actions.leave, person=me, by=admin, at=now)
    refused("last_administrator", actions.leave, person=me, by=make.SYSTEM, at=now)
    refused(
        "last_administrator",
        actions.move_person,
        person=me,
        department=office.unit_a,
        post="",
        by=make.SYSTEM,
        at=now,
    )
    make.person(Role.SYSTEM_ADMIN, office.root)
    actions.leave(person=me, by=make.SYSTEM, at=now)


def test_a_full_phone_is_shown_for_a_reason_and_journalled(
    office: make.Office, add: Callable[..., Person], admin: Actor, now: datetime, told: Told, refused: Any
) -> None:
    person = add(phone="13900001234")
    show = actions.show_phone
    assert show(person=person, reason="联系办件", by=admin, at=now) == "13900001234"
    assert told("person.phone_shown")["reason"] == "联系办件"
    refused("empty", show, person=person, reason=" ", by=admin, at=now)
    refused("no_phone", show, person=add(staff_no="9"), reason="联系", by=admin, at=now)
    stranger = make.actor(Role.UNIT_LIAISON, office.unit_b)
    refused("not_found", show, person=person, reason="联系", by=stranger, at=now)
    with pytest.raises(Forbidden):
        show(person=person, reason="联系", by=make.actor(Role.WINDOW_CLERK, office.unit_a), at=now)


# --- roles ---------------------------------------------------------------------------------------


@pytest.fixture
def give(office: make.Office, clerk: Person, guard: Actor, now: datetime) -> Callable[..., RoleGrant]:
    def call(**changes: Any) -> RoleGrant:
        usual = {
            "person": clerk,
            "role": Role.UNIT_LIAISON,
            "department": office.unit_a,
            "since": DAY,
            "by": guard,
            "at": now,
        }
        return actions.give_role(**{**usual, **changes})

    return call


def test_a_role_holds_from_its_first_to_its_last_day(
    clerk: Person, give: Callable[..., RoleGrant], told: Told
) -> None:
    give(since=DAY, until=DAY + timedelta(days=2))
    assert told("role.given")["until"] == "2023-05-20"

    def holds(day: date) -> bool:
        return clerk.grants.in_force(day).filter(role=Role.UNIT_LIAISON).exists()

    assert [holds(DAY + timedelta(days=n)) for n in (-1, 0, 2, 3)] == [False, True, True, False]
    assert list(queries.people_with(Role.UNIT_LIAISON, DAY)) == [clerk]


def test_nobody_gives_or_takes_a_role_of_their_own(
    office: make.Office, give: Callable[..., RoleGrant], guard: Actor, now: datetime, refused: Any
) -> None:
    me = Person.objects.get(pk=guard.id)
    refused("own_role", give, person=me, role=Role.GENERAL)
    refused("own_role", actions.end_role, grant=me.grants.get(), by=guard, at=now)


def test_bad_grants_are_refused(
    office: make.Office,
    clerk: Person,
    give: Callable[..., RoleGrant],
    admin: Actor,
    now: datetime,
    refused: Any,
) -> None:
    refused("bad_role", give, role=Role.OUTSIDE)
    refused("bad_role", give, role=Role.SYSTEM_TOKEN)
    refused("bad_role", give, role="emperor")
    refused("bad_days", give, until=DAY - timedelta(days=1))
    refused("role_twice", give, role=Role.WINDOW_CLERK)
    give(until=DAY + timedelta(days=5))
    refused("role_twice", give, since=DAY + timedelta(days=5))
    give(since=DAY + timedelta(days=6))
    actions.close_department(department=office.village, by=admin, at=now)
    refused("department_closed", give, department=office.village)
    with pytest.raises(Forbidden):
        give(by=admin)
    actions.leave(person=clerk, by=admin, at=now)
    refused("person_left", give, role=Role.GENERAL)


@pytest.mark.parametrize("first", sorted(SEPARATE))
@pytest.mark.parametrize("second", sorted(SEPARATE))
def test_the_three_administrators_are_three_people(
    give: Callable[..., RoleGrant], refused: Any, first: Role, second: Role
) -> None:
    give(role=first)
    if first == second:
        refused("role_twice", give, role=second)
    else:
        assert "三员分立" in refused("roles_separate", give, role=second).reason


def test_a_role_is_taken_back_at_once_and_may_be_given_anew_the_same_day(
    clerk: Person, give: Callable[..., RoleGrant], guard: Actor, now: datetime, told: Told, refused: Any
) -> None:
    grant = give()
    actions.end_role(grant=grant, by=guard, at=now)
    assert told("role.ended")["role"] == Role.UNIT_LIAISON
    assert not clerk.grants.in_force(DAY).filter(role=Role.UNIT_LIAISON).exists()
    refused("role_ended", actions.end_role, grant=grant, by=guard, at=now)
    give()


def test_the_last_security_administrator_keeps_the_role(
    office: make.Office, guard: Actor, now: datetime, refused: Any
) -> None:
    only = RoleGrant.objects.get(person=guard.id)
    refused("last_administrator", actions.end_role, grant=only, by=make.SYSTEM, at=now)
    second = make.person(Role.SECURITY_ADMIN, office.root)
    actions.end_role(grant=second.grants.get(), by=guard, at=now)
    refused("last_administrator", actions.end_role, grant=only, by=make.SYSTEM, at=now)


# --- deputies (AB岗) ------------------------------------------------------------------------------


@pytest.fixture
def pair(office: make.Office, clerk: Person, as_person: Any) -> tuple[Person, Person, Actor]:
    return clerk, make.person(Role.WINDOW_CHIEF, office.unit_a, "李代"), as_person(clerk)


def test_a_deputy_acts_with_the_others_roles_and_in_both_names(
    pair: tuple[Person, Person, Actor], now: datetime, told: Told
) -> None:
    clerk, other, me = pair
    row = actions.set_deputy(person=clerk, deputy=other, since=DAY, until=DAY, by=me, at=now)
    assert told("deputy.set") == {"deputy": other.pk, "since": "2023-05-18", "until": "2023-05-18"}
    acting = actor_standing_in(row, DAY)
    assert (acting.id, acting.name, acting.behalf_of) == (other.pk, "李代", "王小花")
    assert acting.roles == {Role.WINDOW_CLERK}
    actions.stand_in(deputy=row, by=acting, at=now)
    assert told("deputy.acted")["behalf_of"] == f"person:{clerk.pk}"
    actions.stand_in(deputy=None, by=acting, at=now)
    told("deputy.rested")


def test_administrators_powers_are_never_lent(office: make.Office, admin: Actor) -> None:
    boss = Person.objects.get(pk=admin.id)
    other = make.person(Role.GENERAL, office.root)
    row = Deputy.objects.create(person=boss, deputy=other, since=DAY, until=DAY)
    assert not actor_standing_in(row, DAY).may(Can.MANAGE)


def test_bad_deputies_are_refused(
    office: make.Office,
    pair: tuple[Person, Person, Actor],
    guard: Actor,
    admin: Actor,
    now: datetime,
    refused: Any,
) -> None:
    clerk, other, me = pair

    def put(**changes: Any) -> Deputy:
        usual = {"person": clerk, "deputy": other, "since": DAY, "until": DAY, "by": me, "at": now}
        return actions.set_deputy(**{**usual, **changes})

    stranger = make.person(Role.WINDOW_CLERK, office.unit_b)
    refused("deputy_self", put, deputy=clerk)
    refused("bad_days", put, since=DAY + timedelta(days=1))
    refused("deputy_past", put, since=DAY - timedelta(days=1))
    refused("deputy_long", put, until=DAY + timedelta(days=90))
    refused("deputy_elsewhere", put, deputy=stranger)
    refused("forbidden", put, person=other, deputy=clerk)
    put(until=DAY + timedelta(days=89))
    refused("deputy_twice", put, since=DAY + timedelta(days=89), until=DAY + timedelta(days=95))
    put(person=other, deputy=stranger, by=guard)
    row = Deputy.objects.get(person=clerk)
    acting = actor_standing_in(row, DAY)
    refused("forbidden", put, person=other, by=acting)
    actions.leave(person=stranger, by=admin, at=now)
    refused("person_left", put, person=other, deputy=stranger, by=guard)


def test_a_stand_in_ends_early_by_either_of_the_two(
    office: make.Office,
    pair: tuple[Person, Person, Actor],
    as_person: Any,
    now: datetime,
    told: Told,
    refused: Any,
) -> None:
    clerk, other, me = pair
    row = actions.set_deputy(person=clerk, deputy=other, since=DAY, until=DAY, by=me, at=now)
    stranger = make.actor(Role.WINDOW_CLERK, office.unit_a)
    refused("not_found", actions.end_deputy, deputy=row, by=stranger, at=now)
    refused("not_deputy", actions.stand_in, deputy=row, by=stranger, at=now)
    actions.end_deputy(deputy=row, by=as_person(other), at=now)
    told("deputy.ended")
    refused("deputy_over", actions.end_deputy, deputy=row, by=me, at=now)
    refused("not_deputy", actions.stand_in, deputy=row, by=as_person(other), at=now)
    refused("forbidden", actions.stand_in, deputy=None, by=make.SYSTEM, at=now)


# --- accounts ------------------------------------------------------------------------------------


def test_an_account_opens_with_a_temporary_password_that_is_kept_nowhere(
    office: make.Office, add: Callable[..., Person], admin: Actor, now: datetime, told: Told
) -> None:
    account, password = actions.open_account(username="Zhang.San", person=add(), by=admin, at=now)
    assert account.username == "zhang.san"
    assert account.must_change_password
    assert account.temporary_ends_on == DAY + timedelta(days=7)
    assert account.check_password(password)
    assert password not in str(told("account.opened"))
    assert actor_of_account(account).name == "张三"


def test_bad_accounts_are_refused(
    office: make.Office,
    add: Callable[..., Person],
    clerk: Person,
    admin: Actor,
    guard: Actor,
    now: datetime,
    refused: Any,
) -> None:
    person = add()
    put = actions.open_account
    refused("bad_username", put, username="张三", person=person, by=admin, at=now)
    refused("one_owner", put, username="zhang", by=admin, at=now)
    refused("has_account", put, username="zhang", person=clerk, by=admin, at=now)
    taken = Account.objects.get(person=clerk).username
    refused("username_taken", put, username=taken, person=person, by=admin, at=now)
    refused("forbidden", put, username="zhang", person=person, by=guard, at=now)
    actions.leave(person=person, by=admin, at=now)
    refused("person_left", put, username="zhang", person=person, by=admin, at=now)


def test_an_organisations_agent_gets_an_account_that_dies_with_it(
    office: make.Office, admin: Actor, now: datetime, told: Told, refused: Any
) -> None:
    firm = actions.add_organisation(
        uscc="91350100m000100y43", name="某咨询公司", kind="intermediary", by=admin, at=now
    )
    assert told("organisation.added")["uscc"] == "91350100M000100Y43"
    put = actions.open_account
    refused("empty", put, username="agent1", organisation=firm, by=admin, at=now)
    account, _ = put(username="agent1", organisation=firm, agent_name="赵经办", by=admin, at=now)
    actor = actor_of_account(account)
    assert (actor.kind, actor.unit_name, actor.roles) == ("outside", "某咨询公司", {Role.OUTSIDE})
    assert list(queries.organisations(actor)) == [firm]
    actions.change_organisation(
        organisation=firm, name="某咨询有限公司", kind="intermediary", by=admin, at=now
    )
    assert told("organisation.changed")["after"] == {"name": "某咨询有限公司"}
    actions.close_organisation(organisation=firm, by=admin, at=now)
    assert told("organisation.closed")["accounts_closed"] == 1
    firm.refresh_from_db()
    account = Account.objects.get(pk=account.pk)
    assert not actor_of_account(account).roles
    refused("already_closed", actions.close_organisation, organisation=firm, by=admin, at=now)
    refused(
        "organisation_closed", put, username="agent2", organisation=firm, agent_name="钱", by=admin, at=now
    )
    refused("organisation_closed", actions.reopen_account, account=account, by=admin, at=now)


def test_bad_organisations_are_refused(
    office: make.Office, admin: Actor, now: datetime, refused: Any
) -> None:
    good = {"uscc": "91350100M000100Y43", "name": "某公司", "kind": "owner"}
    put = actions.add_organisation
    refused("bad_uscc", put, **{**good, "uscc": "91350100M000100Y44"}, by=admin, at=now)
    refused("bad_kind", put, **{**good, "kind": "shop"}, by=admin, at=now)
    put(**good, by=admin, at=now)
    refused("uscc_taken", put, **good, by=admin, at=now)


def test_a_reset_password_ends_what_was_open(
    account: Account, clerk: Person, admin: Actor, guard: Actor, now: datetime, told: Told
) -> None:
    password = actions.reset_password(account=account, by=admin, at=now)
    assert told("account.password_reset")["sessions"] == 0
    account.refresh_from_db()
    assert account.check_password(password)
    assert account.must_change_password


def test_administrators_are_reset_on_the_server_only(
    office: make.Office, admin: Actor, guard: Actor, now: datetime, refused: Any
) -> None:
    theirs = Account.objects.get(person=guard.id)
    refused("forbidden", actions.reset_password, account=theirs, by=admin, at=now)
    third = Person.objects.create(staff_no="A3", name="审计", department=office.root)
    RoleGrant.objects.create(person=third, role=Role.AUDITOR, department=office.root, since=DAY)
    refused("forbidden", actions.open_account, username="third", person=third, by=admin, at=now)
    own = Account.objects.get(person=admin.id)
    refused("own_account", actions.reset_password, account=own, by=admin, at=now)
    refused("own_account", actions.close_account, account=own, by=admin, at=now)
    assert actions.reset_password(account=theirs, by=make.SYSTEM, at=now)


def test_an_account_closes_and_opens_again(
    account: Account, admin: Actor, now: datetime, told: Told, refused: Any
) -> None:
    refused("not_closed", actions.reopen_account, account=account, by=admin, at=now)
    actions.close_account(account=account, by=admin, at=now)
    told("account.closed")
    refused("already_closed", actions.close_account, account=account, by=admin, at=now)
    actions.reopen_account(account=account, by=admin, at=now)
    told("account.reopened")


def test_a_password_changes_by_its_owner_only(
    account: Account, as_person: Any, clerk: Person, admin: Actor, now: datetime, told: Told, refused: Any
) -> None:
    me = as_person(clerk)
    change = actions.change_password
    refused("forbidden", change, account=account, old=GOOD, new="Another-Word-8", by=admin, at=now)
    refused("wrong_old", change, account=account, old="x", new="Another-Word-8", by=me, at=now)
    for weak in ("short", "alllowercase", GOOD, f"{account.username}-Ab-12345", "Password123"):
        assert (
            refused("weak_password", change, account=account, old=GOOD, new=weak, by=me, at=now).field
            == "new"
        )
    change(account=account, old=GOOD, new="Another-Word-8", by=me, at=now)
    told("account.password_changed")
    assert Account.objects.get(pk=account.pk).check_password("Another-Word-8")


def test_guessing_the_old_password_locks(
    account: Account, as_person: Any, clerk: Person, now: datetime, refused: Any
) -> None:
    me = as_person(clerk)
    guess = {"account": account, "old": "x", "new": "Another-Word-8", "by": me, "at": now}
    for _ in range(4):
        refused("wrong_old", actions.change_password, **guess)
    refused("account_locked", actions.change_password, **guess)
    refused("account_locked", actions.change_password, **{**guess, "old": GOOD})


def test_two_changes_of_one_password_let_the_first_win(
    account: Account, as_person: Any, clerk: Person, now: datetime, refused: Any
) -> None:
    stale = Account.objects.get(pk=account.pk)
    me = as_person(clerk)
    actions.change_password(account=account, old=GOOD, new="Another-Word-8", by=me, at=now)
    refused(
        "changed_meanwhile",
        actions.change_password,
        account=stale,
        old=GOOD,
        new="Third-Word-99",
        by=me,
        at=now,
    )


def test_the_local_numbers_are_shown_with_their_source_and_can_be_set(
    office: make.Office,
    account: Account,
    clerk: Person,
    as_person: Any,
    admin: Actor,
    now: datetime,
    refused: Any,
) -> None:
    assert "GB/T 22239" in local.on("people.account_failures", DAY).source
    local.set_rule(
        code="people.password_length", since=DAY, value=20, source="县办〔2023〕1号", by=admin, at=now
    )
    change = actions.change_password
    sentence = refused(
        "weak_password", change, account=account, old=GOOD, new="Another-Word-8", by=as_person(clerk), at=now
    ).reason
    assert "至少20位" in sentence


def test_reading_large_type_is_remembered(
    account: Account, clerk: Person, as_person: Any, admin: Actor, now: datetime, told: Told, refused: Any
) -> None:
    actions.prefer_large_type(account=account, large=True, by=as_person(clerk), at=now)
    assert told("account.type_size_chosen") == {"large": True}
    refused("forbidden", actions.prefer_large_type, account=account, large=False, by=admin, at=now)


def test_people_and_outside_accounts_of_one_number_are_not_confused(
    office: make.Office, account: Account, clerk: Person, admin: Actor, now: datetime
) -> None:
    firm = actions.add_organisation(uscc="91350100M000100Y43", name="甲", kind="owner", by=admin, at=now)
    theirs = Account.objects.create(pk=clerk.pk + 1000, username="agent9", organisation=firm, agent_name="乙")
    someone = Person.objects.create(pk=theirs.pk, staff_no="Z1", name="丙", department=office.unit_a)
    with pytest.raises(Refused):
        actions.change_password(
            account=theirs, old="x", new="Another-Word-8", by=make.actor_of_person(someone, DAY), at=now
        )


# --- tokens --------------------------------------------------------------------------------------


def test_a_token_is_shown_once_and_works_until_it_is_revoked(
    office: make.Office, admin: Actor, guard: Actor, now: datetime, told: Told, refused: Any
) -> None:
    from xinfu.people.session import actor_of_token

    token, secret = actions.issue_token(
        name="省办件库", scopes=[SCOPE], department=office.town_a, by=admin, at=now
    )
    assert secret not in str(told("token.issued"))
    assert secret.encode() not in bytes(token.digest)
    actor = actor_of_token(secret)
    assert actor is not None
    assert actor.scope(SCOPE).units == {office.town_a.pk, office.village.pk}
    refused("forbidden", actions.revoke_token, token=token, by=guard, at=now)
    actions.revoke_token(token=token, by=admin, at=now)
    told("token.revoked")
    assert actor_of_token(secret) is None
    assert actor_of_token("xf_nonsense") is None
    refused("already_revoked", actions.revoke_token, token=token, by=admin, at=now)


def test_bad_tokens_are_refused(office: make.Office, admin: Actor, now: datetime, refused: Any) -> None:
    put = actions.issue_token
    refused("bad_scopes", put, name="x", scopes=[], by=admin, at=now)
    refused("bad_scopes", put, name="x", scopes=["people.manage"], by=admin, at=now)
    refused("ends_past", put, name="x", scopes=[SCOPE], ends_on=DAY - timedelta(days=1), by=admin, at=now)
    put(name="x", scopes=[SCOPE], ends_on=DAY, by=admin, at=now)
    refused("name_taken", put, name="x", scopes=[SCOPE], by=admin, at=now)
    actions.close_department(department=office.village, by=admin, at=now)
    office.village.refresh_from_db()
    refused("department_closed", put, name="y", scopes=[SCOPE], department=office.village, by=admin, at=now)


def test_what_is_not_there_is_not_found(office: make.Office, admin: Actor) -> None:
    for get in (
        queries.get_department,
        queries.get_window,
        queries.get_person,
        queries.get_grant,
        queries.get_account,
        queries.get_token,
        queries.get_organisation,
    ):
        with pytest.raises(NotFound):
            get(admin, 0)
    for find in (queries.get_deputy, queries.get_sign_in):
        with pytest.raises(NotFound):
            find(0)
