"""The screens of people, from outside: coming in, one's own account, administration, who may what."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import URLPattern, reverse
from django.utils import timezone

from tests import make
from tests.people.conftest import GOOD
from xinfu.core.access import Role
from xinfu.core.actor import Actor
from xinfu.core.models import JournalEntry
from xinfu.people import actions, queries
from xinfu.people import screens as people_screens
from xinfu.people.models import (
    Account,
    ApiToken,
    Department,
    Deputy,
    LoginRecord,
    Organisation,
    Person,
    SignIn,
    Window,
)

AsRole = Callable[..., Any]
LOGIN, HOME = "/login/", "/"


@pytest.fixture
def fresh(account: Account) -> Account:
    """The clerk's account with a password set just now."""
    account.password_changed_at = timezone.now()
    account.save()
    return account


def enter(client: Client, account: Account, password: str = GOOD, **more: str) -> Any:
    return client.post(LOGIN, {"username": account.username, "password": password, **more})


# --- coming in -----------------------------------------------------------------------------------


def test_the_login_page_lets_paste_and_has_no_captcha(client: Client, db: None) -> None:
    page = client.get(LOGIN).content.decode()
    assert 'autocomplete="current-password"' in page
    assert 'autocomplete="username"' in page
    assert "onpaste" not in page
    assert "验证码" not in page
    assert "演示账号" not in page


def test_who_comes_in_goes_where_they_were_going(client: Client, fresh: Account) -> None:
    asked = client.get(reverse("people:account"))
    assert asked.url == "/login/?next=%2Faccount%2F"
    assert 'value="/account/"' in client.get(asked.url).content.decode()
    assert enter(client, fresh, next="/account/").url == "/account/"
    assert client.get("/login/?next=/account/").url == "/account/"


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "\\\\evil.example", ""]
)
def test_nobody_is_sent_to_another_house(client: Client, fresh: Account, elsewhere: str) -> None:
    assert enter(client, fresh, next=elsewhere).url == HOME


def test_a_session_key_planted_before_is_worth_nothing(client: Client, fresh: Account) -> None:
    planted = client.session
    planted.save()
    for _ in range(2):  # from nobody, and again over one's own session
        before = client.session.session_key
        enter(client, fresh)
        assert client.session.session_key != before
        assert not Session.objects.filter(session_key=before).exists()
        assert SignIn.objects.filter(session_key=client.session.session_key).exists()


def test_a_wrong_password_is_said_in_the_form_and_keeps_the_name(client: Client, fresh: Account) -> None:
    answer = enter(client, fresh, "wrong")
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "账号或密码不对" in page
    assert f'value="{fresh.username}"' in page
    assert "wrong" not in page.replace("people:wrong", "")


def test_a_lock_is_said_with_its_time(client: Client, fresh: Account) -> None:
    for _ in range(4):
        enter(client, fresh, "wrong")
    answer = enter(client, fresh, "wrong")
    assert "已锁定" in answer.content.decode()
    assert enter(client, fresh).status_code == 422


def test_the_last_login_is_shown_at_the_next_one(client: Client, fresh: Account) -> None:
    enter(client, fresh)
    client.post(reverse("people:logout"))
    enter(client, fresh, "wrong")
    enter(client, fresh)
    page = client.get(reverse("people:account")).content.decode()
    assert "上次登录" in page
    assert "1 次失败" in page


def test_logging_out_is_a_post_and_ends_the_session(client: Client, fresh: Account) -> None:
    enter(client, fresh)
    assert client.get(reverse("people:logout")).status_code == 405
    assert client.post(reverse("people:logout")).url == LOGIN
    assert "已退出登录" in client.get(LOGIN).content.decode()
    assert "已退出登录" not in client.get(LOGIN).content.decode()
    assert not SignIn.objects.exists()
    assert client.get(reverse("people:account")).status_code == 302
    assert client.post(reverse("people:logout")).status_code == 302


def test_an_idle_session_ends_and_says_so(client: Client, fresh: Account) -> None:
    enter(client, fresh)
    idle = timezone.now() + timedelta(minutes=settings.IDLE_MINUTES, seconds=5)
    with time_machine.travel(idle):
        assert client.get(reverse("people:account")).status_code == 302
        assert "没有操作" in client.get(LOGIN).content.decode()


def test_use_keeps_a_session_alive_and_polling_does_not(client: Client, fresh: Account) -> None:
    enter(client, fresh)
    start, half = timezone.now(), timedelta(minutes=settings.IDLE_MINUTES * 2 / 3)
    with time_machine.travel(start + half):
        assert client.get(reverse("people:account")).status_code == 200
    with time_machine.travel(start + 2 * half):
        assert client.get(reverse("people:account"), headers={"X-Xinfu-Poll": "1"}).status_code == 200
    with time_machine.travel(start + 3 * half):
        assert client.get(reverse("people:account")).status_code == 302


def test_a_temporary_password_must_be_changed_before_anything_else(
    client: Client, fresh: Account, admin: Actor
) -> None:
    password = actions.reset_password(account=fresh, by=admin, at=timezone.now())
    enter(client, fresh, password)
    must = reverse("people:password")
    assert client.get(reverse("people:account")).url == must
    assert client.get(HOME, headers={"HX-Request": "true"})["HX-Redirect"] == must
    assert client.get("/api/v1/openapi.json").status_code in (403, 404)
    assert "须先修改密码" in client.get(must).content.decode()
    weak = client.post(must, {"old": password, "new": "weak", "again": "weak"})
    assert weak.status_code == 422
    differing = client.post(must, {"old": password, "new": "Another-Word-8", "again": "Another-Word-9"})
    assert "不一致" in differing.content.decode()
    done = client.post(must, {"old": password, "new": "Another-Word-8", "again": "Another-Word-8"})
    assert done.url == HOME
    assert client.get(reverse("people:account")).status_code == 200


def test_changing_the_password_ends_the_other_sessions(client: Client, fresh: Account) -> None:
    other = Client()
    enter(client, fresh)
    enter(other, fresh)
    url = reverse("people:password")
    done = client.post(url, {"old": GOOD, "new": "Another-Word-8", "again": "Another-Word-8"})
    assert done.url == reverse("people:account")
    assert client.get(done.url).status_code == 200
    assert other.get(done.url).status_code == 302


def test_the_demonstration_lists_its_accounts_without_passwords(
    client: Client, db: None, settings: Any
) -> None:
    path = settings.HOME / "demo-accounts.json"
    path.write_text(json.dumps([{"username": "leader", "role": "班子领导", "password": "secret"}]))
    try:
        assert "leader" not in client.get(LOGIN).content.decode()
        settings.DEMO = True
        page = client.get(LOGIN).content.decode()
        assert "leader" in page
        assert "班子领导" in page
        assert "secret" not in page
    finally:
        path.unlink()


def test_the_address_behind_our_proxy_is_recorded(client: Client, fresh: Account, settings: Any) -> None:
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    client.post(
        LOGIN,
        {"username": fresh.username, "password": GOOD},
        headers={"X-Forwarded-For": "6.6.6.6, 10.7.7.7"},
    )
    assert LoginRecord.objects.get().address == "10.7.7.7"


# --- one's own account ---------------------------------------------------------------------------


def test_own_sessions_are_listed_and_ended(client: Client, fresh: Account, office: make.Office) -> None:
    other = Client(headers={"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Chrome/90"})
    enter(other, fresh)
    enter(client, fresh)
    page = client.get(reverse("people:account")).content.decode()
    assert "Windows · Chrome" in page
    assert "本会话" in page
    there = SignIn.objects.get(device="Windows · Chrome")
    stranger = make.client_of(office, Role.WINDOW_CLERK)
    assert stranger.post(reverse("people:end_own_session", args=[there.pk])).status_code == 404
    client.post(reverse("people:end_own_session", args=[there.pk]))
    assert other.get(reverse("people:account")).status_code == 302
    enter(other, fresh)
    client.post(reverse("people:end_other_sessions"))
    assert other.get(reverse("people:account")).status_code == 302
    assert client.get(reverse("people:own_logins")).status_code == 200


def test_a_colleague_stands_in_from_the_own_page(as_role: AsRole, office: make.Office) -> None:
    boss, helper = as_role(Role.WINDOW_CHIEF, office.unit_a), as_role(Role.WINDOW_CLERK, office.unit_a)
    today = timezone.localdate()
    form = {"deputy": helper.actor.id, "since": today.isoformat(), "until": today.isoformat()}
    assert boss.post(reverse("people:set_deputy"), {**form, "until": "2020-01-01"}).status_code == 422
    assert boss.post(reverse("people:set_deputy"), form).status_code == 302
    row = Deputy.objects.get()
    assert "代为办理" in helper.get(reverse("people:account")).content.decode()
    assert helper.get(reverse("people:people")).status_code == 403
    helper.post(reverse("people:stand_in"), {"deputy": row.pk})
    page = helper.get(reverse("people:account")).content.decode()
    assert f"代{boss.actor.name}" in page
    assert helper.get(reverse("people:people")).status_code == 200
    helper.post(reverse("people:stand_in"), {"deputy": ""})
    assert helper.get(reverse("people:people")).status_code == 403
    helper.post(reverse("people:stand_in"), {"deputy": row.pk})
    boss.post(reverse("people:end_deputy", args=[row.pk]))
    assert helper.get(reverse("people:people")).status_code == 403


# --- who is let in where -------------------------------------------------------------------------

MATRIX = {
    "people:departments": {
        Role.SYSTEM_ADMIN,
        Role.SECURITY_ADMIN,
        Role.AUDITOR,
        Role.UNIT_LIAISON,
        Role.LEADER,
    },
    "people:add_department": {Role.SYSTEM_ADMIN},
    "people:windows": {Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR, Role.UNIT_LIAISON, Role.LEADER},
    "people:people": {Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR, Role.UNIT_LIAISON, Role.LEADER},
    "people:add_person": {Role.SYSTEM_ADMIN},
    "people:accounts": {Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR},
    "people:online": {Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR},
    "people:logins": {Role.SECURITY_ADMIN, Role.AUDITOR},
    "people:tokens": {Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR},
    "people:issue_token": {Role.SYSTEM_ADMIN},
    "people:organisations": {Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR, Role.LEADER},
    "people:add_organisation": {Role.SYSTEM_ADMIN},
    "people:may": set(Role) - {Role.OUTSIDE, Role.SYSTEM_TOKEN},
}
ASKED = (
    Role.SYSTEM_ADMIN,
    Role.SECURITY_ADMIN,
    Role.AUDITOR,
    Role.LEADER,
    Role.UNIT_LIAISON,
    Role.WINDOW_CLERK,
)


@pytest.mark.parametrize("role", ASKED)
def test_each_role_opens_what_the_table_says_and_nothing_else(as_role: AsRole, role: Role) -> None:
    client = as_role(role)
    found = {name: client.get(reverse(name)).status_code for name in MATRIX}
    assert found == {name: 200 if role in roles else 403 for name, roles in MATRIX.items()}


def _urls() -> list[str]:
    return [
        reverse(
            f"people:{p.name}",
            args=[role] if "<str:role>" in str(p.pattern) else [1] * str(p.pattern).count("<int"),
        )
        for p in people_screens.urlpatterns
        for role in ["leader"]
        if isinstance(p, URLPattern) and getattr(p.callback, "permission", "") != "public"
    ]


@pytest.mark.parametrize("url", _urls())
def test_a_stranger_gets_the_login_page_whatever_they_guess(client: Client, db: None, url: str) -> None:
    for answer in (client.get(url), client.post(url)):
        assert answer.status_code == 302, url
        assert answer["Location"].startswith("/login/")


@pytest.mark.parametrize("url", _urls())
def test_a_window_clerk_reaches_no_administration_by_guessing(as_role: AsRole, url: str) -> None:
    client = as_role(Role.WINDOW_CLERK)
    own = url.startswith(("/account", "/login", "/logout", "/may/")) and url != "/may/leader/"
    if not own:
        assert client.get(url).status_code == 403
        assert client.post(url).status_code == 403


def test_a_liaison_does_not_find_another_departments_people(as_role: AsRole, office: make.Office) -> None:
    theirs = make.person(Role.WINDOW_CLERK, office.unit_b)
    mine = make.person(Role.WINDOW_CLERK, office.unit_a, "孙小明")
    client = as_role(Role.UNIT_LIAISON, office.unit_a)
    assert client.get(reverse("people:person", args=[mine.pk])).status_code == 200
    for name, pk in (
        ("person", theirs.pk),
        ("department", office.unit_b.pk),
        ("window", office.window_b1.pk),
    ):
        assert client.get(reverse(f"people:{name}", args=[pk])).status_code == 404, name
    page = client.get(reverse("people:people")).content.decode()
    assert "孙小明" in page
    assert theirs.name not in page
    assert client.post(reverse("people:show_phone", args=[theirs.pk]), {"reason": "x"}).status_code == 404


# --- administration ------------------------------------------------------------------------------


def test_a_unit_is_registered_changed_moved_and_closed(as_role: AsRole, office: make.Office) -> None:
    client = as_role(Role.SYSTEM_ADMIN)
    new = {"code": "N1", "name": "公管科", "kind": "section", "parent": office.root.pk, "order": 5}
    bad = client.post(reverse("people:add_department"), {**new, "code": "XC-ZH"})
    assert bad.status_code == 422
    assert "已被使用" in bad.content.decode()
    assert "公管科" in bad.content.decode()
    made = client.post(reverse("people:add_department"), new)
    unit = Department.objects.get(code="N1")
    assert made.url == reverse("people:department", args=[unit.pk])
    client.post(reverse("people:rename_department", args=[unit.pk]), {"name": "公共资源科", "short_name": ""})
    client.post(
        reverse("people:change_department", args=[unit.pk]),
        {"phone": "86020000", "division_code": "", "order": 1},
    )
    client.post(reverse("people:move_department", args=[unit.pk]), {"parent": office.unit_b.pk})
    page = client.get(made.url).content.decode()
    assert "公共资源科" in page
    assert "86020000" in page
    assert office.unit_b.short_name in page
    wrong = client.post(reverse("people:move_department", args=[office.unit_b.pk]), {"parent": unit.pk})
    assert "不能作为它的上级" in wrong.content.decode()
    client.post(reverse("people:close_department", args=[unit.pk]))
    assert "公共资源科" not in client.get(reverse("people:departments")).content.decode()
    assert "公共资源科" in client.get(reverse("people:departments"), {"closed": "1"}).content.decode()
    client.post(reverse("people:close_department", args=[unit.pk]))
    assert Department.objects.get(pk=unit.pk).closed_on is None
    refused = client.post(reverse("people:close_department", args=[office.unit_a.pk]), follow=True)
    assert "2个窗口" in refused.content.decode()


def test_the_tree_is_searched_and_says_when_nothing_fits(as_role: AsRole) -> None:
    client = as_role(Role.LEADER)
    url = reverse("people:departments")
    assert "桃源村" in client.get(url, {"q": "桃源"}).content.decode()
    nothing = client.get(url, {"q": "不存在"}).content.decode()
    assert "没有符合这些条件的记录" in nothing
    assert "清除筛选" in nothing


def test_a_window_is_registered_changed_and_closed(as_role: AsRole, office: make.Office) -> None:
    client = as_role(Role.SYSTEM_ADMIN)
    form = {"code": "c9", "name": "税务窗口", "department": office.unit_a.pk, "order": 1, "hall": "县中心"}
    made = client.post(f"{reverse('people:add_window')}?department={office.unit_a.pk}", form)
    window = Window.objects.get(code="C9")
    assert made.url == reverse("people:window", args=[window.pk])
    client.post(reverse("people:change_window", args=[window.pk]), {**form, "name": "税务综合窗口"})
    assert (
        "税务综合窗口"
        in client.get(reverse("people:windows"), {"q": "税务", "state": "open"}).content.decode()
    )
    client.post(reverse("people:close_window", args=[window.pk]))
    assert "撤销" in client.get(made.url).content.decode()


def test_a_person_is_registered_moved_and_leaves(as_role: AsRole, office: make.Office) -> None:
    client = as_role(Role.SYSTEM_ADMIN)
    form = {"staff_no": "77", "name": "𬱟小妹", "department": office.unit_a.pk, "phone": "13900001234"}
    assert "11位" in client.post(reverse("people:add_person"), {**form, "phone": "139"}).content.decode()
    url = client.post(reverse("people:add_person"), form).url
    person = Person.objects.get(staff_no="77")
    page = client.get(url).content.decode()
    assert "𬱟小妹" in page
    assert "139****1234" in page
    assert "13900001234" not in page
    edit = {"name": "𬱟大妹", "post": "受理", "phone": ""}
    client.post(reverse("people:change_person", args=[person.pk]), edit)
    person.refresh_from_db()
    assert (person.name, person.phone_tail) == ("𬱟大妹", "1234")
    move = {"department": office.unit_b.pk, "window": office.window_b1.pk, "post": "受理"}
    client.post(reverse("people:move_person", args=[person.pk]), move)
    found = client.get(
        reverse("people:people"), {"q": "1234", "department": "县人力社保局", "state": "serving"}
    )
    assert "𬱟大妹" in found.content.decode()
    leave = reverse("people:leave", args=[person.pk])
    asked = client.post(leave)
    assert "确认离岗" in asked.content.decode()
    assert Person.objects.get(pk=person.pk).left_on is None
    client.post(leave, {"_confirmed": "离岗"})
    assert Person.objects.get(pk=person.pk).left_on is not None
    assert "已离岗" in client.get(url).content.decode()


def test_a_full_phone_needs_a_reason(as_role: AsRole, office: make.Office, admin: Actor) -> None:
    person = actions.add_person(
        staff_no="78", name="周", department=office.unit_a, phone="13900001234", by=admin, at=timezone.now()
    )
    client = as_role(Role.UNIT_LIAISON, office.unit_a)
    url = reverse("people:show_phone", args=[person.pk])
    assert client.post(url, {"reason": ""}).status_code == 422
    shown = client.post(url, {"reason": "联系补正"})
    assert "13900001234" in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]


def test_roles_are_given_and_taken_back_on_the_persons_page(as_role: AsRole, office: make.Office) -> None:
    client = as_role(Role.SECURITY_ADMIN)
    person = make.person(Role.WINDOW_CLERK, office.unit_a)
    url = reverse("people:give_role", args=[person.pk])
    form = {"role": "unit_liaison", "department": office.unit_a.pk, "since": "20230101"}
    assert client.post(url, form).status_code == 302
    again = client.post(url, form)
    assert again.status_code == 422
    assert "已有角色" in again.content.decode()
    grant = person.grants.get(role="unit_liaison")
    client.post(reverse("people:end_role", args=[grant.pk]))
    page = client.get(reverse("people:person", args=[person.pk])).content.decode()
    assert f"{client.actor.name}" in page
    assert "收回" in page
    own = reverse("people:give_role", args=[client.actor.id])
    assert "不能给本人授予" in client.post(own, form).content.decode()


def test_an_account_is_opened_and_its_password_shown_once(as_role: AsRole, office: make.Office) -> None:
    client = as_role(Role.SYSTEM_ADMIN)
    person = Person.objects.create(staff_no="79", name="吴", department=office.unit_a)
    url = reverse("people:open_account", args=[person.pk])
    assert "以字母开头" in client.post(url, {"username": "吴"}).content.decode()
    shown = client.post(url, {"username": "wu.one"})
    account = Account.objects.get(username="wu.one")
    page = shown.content.decode()
    password = page.split('<dt>临时密码</dt><dd class="code">')[1].split("<")[0]
    assert account.check_password(password)
    assert "no-store" in shown["Cache-Control"]
    detail = reverse("people:account_detail", args=[account.pk])
    assert password not in client.get(detail).content.decode()
    assert (
        password not in client.get(reverse("people:accounts"), {"q": "wu", "state": "first"}).content.decode()
    )
    assert "临时密码" in client.post(reverse("people:reset_password", args=[account.pk])).content.decode()
    client.post(reverse("people:close_account", args=[account.pk]))
    assert "已停用" in client.get(detail).content.decode()
    client.post(reverse("people:close_account", args=[account.pk]))
    assert Account.objects.get(pk=account.pk).is_active


def test_refused_resets_are_said(as_role: AsRole, guard: Actor) -> None:
    client = as_role(Role.SYSTEM_ADMIN)
    theirs = Account.objects.get(person=guard.id)
    answer = client.post(reverse("people:reset_password", args=[theirs.pk]))
    assert answer.status_code == 403
    assert "只能在服务器上" in answer.content.decode()
    own = Account.objects.get(person=client.actor.id)
    assert (
        "不能对本人的账号办理"
        in client.post(reverse("people:reset_password", args=[own.pk])).content.decode()
    )


def test_the_security_administrator_unlocks_and_ends_sessions(
    as_role: AsRole, fresh: Account, client: Client
) -> None:
    enter(client, fresh)
    for _ in range(5):
        enter(Client(), fresh, "wrong")
    guard = as_role(Role.SECURITY_ADMIN)
    detail = reverse("people:account_detail", args=[fresh.pk])
    assert "已锁定至" in guard.get(detail).content.decode()
    assert fresh.username in guard.get(reverse("people:online")).content.decode()
    guard.post(reverse("people:unlock", args=[fresh.pk]))
    assert "已锁定至" not in guard.get(detail).content.decode()
    assert client.get(reverse("people:account")).status_code == 200
    guard.post(reverse("people:end_sessions", args=[fresh.pk]))
    assert client.get(reverse("people:account")).status_code == 302
    found = guard.get(
        reverse("people:logins"), {"q": fresh.username, "outcome": "wrong", "address": "127.0.0.1"}
    )
    assert "密码不对" in found.content.decode()


def test_an_organisation_and_its_agent(as_role: AsRole) -> None:
    client = as_role(Role.INTERMEDIARY)
    form = {"uscc": "91350100M000100Y43", "name": "某咨询公司", "kind": "intermediary"}
    bad = client.post(reverse("people:add_organisation"), {**form, "uscc": "91350100M000100Y44"})
    assert "校验位不对" in bad.content.decode()
    url = client.post(reverse("people:add_organisation"), form).url
    row = Organisation.objects.get()
    client.post(
        reverse("people:change_organisation", args=[row.pk]),
        {"name": "某咨询有限公司", "kind": "intermediary"},
    )
    assert (
        "某咨询有限公司"
        in client.get(reverse("people:organisations"), {"q": "9135", "kind": "intermediary"}).content.decode()
    )
    agent = reverse("people:open_agent", args=[row.pk])
    assert client.post(agent, {"username": "a", "agent_name": "赵"}).status_code == 422
    assert "临时密码" in client.post(agent, {"username": "agent.zhao", "agent_name": "赵"}).content.decode()
    assert "agent.zhao" in client.get(url).content.decode()
    assert "确认停用" in client.post(reverse("people:close_organisation", args=[row.pk])).content.decode()
    client.post(reverse("people:close_organisation", args=[row.pk]), {"_confirmed": "停用"})
    assert not Account.objects.get(username="agent.zhao").is_active


def test_an_outside_account_sees_its_own_page_and_no_administration(as_role: AsRole, admin: Actor) -> None:
    firm = actions.add_organisation(
        uscc="91350100M000100Y43", name="某公司", kind="owner", by=admin, at=timezone.now()
    )
    account = Account.objects.create(
        username="agent", organisation=firm, agent_name="钱", must_change_password=False, password="!"
    )
    client = Client()
    client.force_login(account)
    assert "某公司" in client.get(reverse("people:account")).content.decode()
    for name in ("people:departments", "people:may", "people:organisations"):
        assert client.get(reverse(name)).status_code == 403
    assert client.post(reverse("people:stand_in"), {"deputy": ""}).status_code == 404


def test_a_token_is_issued_shown_once_and_revoked(as_role: AsRole) -> None:
    client = as_role(Role.SYSTEM_ADMIN)
    scope = min(actions.grantable())
    form = {"name": "省办件库", "scopes": [scope], "ends_on": "2020-01-01"}
    assert "已过" in client.post(reverse("people:issue_token"), form).content.decode()
    shown = client.post(reverse("people:issue_token"), {**form, "ends_on": ""})
    secret = shown.content.decode().split('<dt>令牌</dt><dd class="code">')[1].split("<")[0]
    assert secret.startswith("xf_")
    page = client.get(reverse("people:tokens")).content.decode()
    assert "省办件库" in page
    assert secret not in page
    token = ApiToken.objects.get()
    assert "确认撤销" in client.post(reverse("people:revoke_token", args=[token.pk])).content.decode()
    client.post(reverse("people:revoke_token", args=[token.pk]), {"_confirmed": "撤销"})
    assert client.actor.name in client.get(reverse("people:tokens")).content.decode()


def test_the_matrix_is_made_from_the_grant_tables(as_role: AsRole) -> None:
    client = as_role(Role.AUDITOR)
    page = client.get(reverse("people:may")).content.decode()
    assert "授予和收回角色" in page
    assert "派驻单位联络员" in page
    one = client.get(reverse("people:may"), {"role": "auditor"}).content.decode()
    assert "以该角色查看" in one
    table = queries.may_table(Role.SECURITY_ADMIN)
    cells = {row.code: row.cells for _, rows in table.apps for row in rows}
    assert cells["people.give_roles"] == (True,)
    assert cells["people.manage"] == (False,)


def test_a_role_is_looked_at_without_becoming_it(as_role: AsRole) -> None:
    client = as_role(Role.SECURITY_ADMIN)
    before = JournalEntry.objects.count()
    page = client.get(reverse("people:view_as", args=["window_clerk"])).content.decode()
    assert "以“窗口人员”查看" in page
    assert "登录日志" not in page.split('id="main"')[1].split("may-table")[0]
    assert client.get(reverse("people:view_as", args=["emperor"])).status_code == 404
    assert JournalEntry.objects.count() == before
    assert client.get(reverse("people:logins")).status_code == 200


def test_lists_answer_htmx_with_the_region_alone_and_few_queries(
    as_role: AsRole, office: make.Office, django_assert_max_num_queries: Any
) -> None:
    for _ in range(30):
        make.person(Role.WINDOW_CLERK, office.unit_a)
    client = as_role(Role.LEADER)
    client.get(reverse("people:people"))
    with django_assert_max_num_queries(12):
        whole = client.get(reverse("people:people")).content.decode()
    region = client.get(
        reverse("people:people"), headers={"HX-Request": "true", "HX-Target": "list"}
    ).content.decode()
    assert "<html" not in region
    assert "约" not in region
    assert region.split("</title>")[1].strip()[:200] in whole
    with django_assert_max_num_queries(12):
        client.get(reverse("people:departments"))
    with django_assert_max_num_queries(14):
        client.get(reverse("people:department", args=[office.unit_a.pk]))


def test_search_finds_units_and_people_one_may_see(as_role: AsRole, office: make.Office) -> None:
    from xinfu.people import telling

    make.person(Role.WINDOW_CLERK, office.unit_a, "钱多多")
    leader, liaison = as_role(Role.LEADER).actor, as_role(Role.UNIT_LIAISON, office.unit_b).actor
    assert [found.kind for found in telling.find(leader, "市场监管", 5)] == ["机构", "窗口", "窗口"]
    assert [found.title for found in telling.find(leader, "钱多多", 5)] == ["钱多多"]
    assert not telling.find(liaison, "钱多多", 5)
    assert not telling.find(as_role(Role.WINDOW_CLERK, office.unit_a).actor, "钱多多", 5)


def test_old_locks_sessions_and_records_are_tidied(account: Account, client: Client) -> None:
    from xinfu.people import jobs
    from xinfu.people.models import LoginLock

    start = timezone.now()
    with time_machine.travel(start - timedelta(days=401)):
        account.password_changed_at = timezone.now()
        account.save()
        enter(client, account)
        enter(Client(), account, "wrong")
    assert LoginLock.objects.exists()
    jobs.tidy(start)
    assert not LoginLock.objects.exists()
    assert not SignIn.objects.exists()
    assert not LoginRecord.objects.exists()
    count = JournalEntry.objects.count()
    jobs.tidy(start)
    assert JournalEntry.objects.count() == count
