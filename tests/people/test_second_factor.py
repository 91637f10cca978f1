"""The second step of a log-in: enrolled, asked, counted once, taken away, compelled by role."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from io import StringIO
from typing import Any

import pyotp
import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests import make
from tests.people.conftest import GOOD
from xinfu.core import access, local, privacy
from xinfu.core.access import Role
from xinfu.core.actor import Actor
from xinfu.core.refusal import Forbidden, Refused
from xinfu.people import actions, rules
from xinfu.people.access import WEIGHTY
from xinfu.people.models import (
    Account,
    Authenticator,
    FactorReset,
    LoginRecord,
    Person,
    RecoveryCode,
    RoleGrant,
    SignIn,
)
from xinfu.people.session import SECOND

HERE = "10.1.2.3"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def code_at(at: datetime, secret: str = SECRET, step: int = 0) -> str:
    return pyotp.TOTP(secret).generate_otp(int(at.timestamp()) // 30 + step)


@pytest.fixture
def me(clerk: Person, as_person: Callable[[Person], Actor]) -> Actor:
    return as_person(clerk)


@pytest.fixture
def enrolled(account: Account, now: datetime) -> Account:
    """The clerk's account with one-time codes in force since yesterday."""
    yesterday = now - timedelta(days=1)
    Authenticator.objects.create(
        account=account, sealed=privacy.seal({"secret": SECRET}), begun_at=yesterday, confirmed_at=yesterday
    )
    return account


def first_step(account: Account, at: datetime, password: str = GOOD) -> Any:
    return actions.log_in(username=account.username, password=password, address=HERE, at=at)


def second_step(account: Account, code: str, at: datetime) -> Refused | None:
    try:
        actions.pass_code(account=account, code=code, address=HERE, at=at)
    except Refused as refused:
        return refused
    return None


# --- logging in ----------------------------------------------------------------------------------


def test_the_password_alone_is_half_a_log_in(enrolled: Account, now: datetime) -> None:
    found = first_step(enrolled, now)
    assert found.waits
    assert LoginRecord.objects.get().outcome == "half"
    assert second_step(enrolled, code_at(now), now) is None
    assert [r.outcome for r in LoginRecord.objects.order_by("pk")] == ["half", "ok"]


@pytest.mark.parametrize(
    "step, good, why",
    [
        (0, True, "the present one"),
        (-1, True, "typed a moment late, or the telephone is slow"),
        (1, True, "the telephone is fast"),
        (-2, False, "a minute old"),
        (2, False, "a minute ahead"),
    ],
)
def test_a_code_holds_for_its_step_and_one_beside_it(
    enrolled: Account, now: datetime, step: int, good: bool, why: str
) -> None:
    refused = second_step(enrolled, code_at(now, step=step), now)
    assert (refused.code if refused else "") == ("" if good else "wrong_code"), why


def test_a_code_counts_once_and_an_earlier_one_not_after_it(enrolled: Account, now: datetime) -> None:
    assert second_step(enrolled, code_at(now), now) is None
    again = second_step(enrolled, code_at(now), now)
    assert again is not None
    assert again.code == "code_used"
    before = second_step(enrolled, code_at(now, step=-1), now)
    assert before is not None
    assert before.code == "code_used"
    assert second_step(enrolled, code_at(now, step=1), now) is None


def test_wrong_codes_lock_like_wrong_passwords_and_the_password_does_not_clear_them(
    enrolled: Account, now: datetime, told: Callable[[str], dict[str, Any]]
) -> None:
    for n in range(4):
        first_step(enrolled, now)
        refused = second_step(enrolled, "000000", now)
        assert refused is not None
        assert refused.code == "wrong_code", n
    fifth = second_step(enrolled, "000000", now)
    assert fifth is not None
    assert fifth.code == "account_locked"
    assert told("account.locked")["outcome"] == "second"
    with pytest.raises(Refused, match="锁定"):
        first_step(enrolled, now)
    good = second_step(enrolled, code_at(now), now)
    assert good is not None
    assert good.code == "account_locked"


def test_a_whole_log_in_clears_the_count_and_tells_how(
    enrolled: Account, now: datetime, told: Callable[[str], dict[str, Any]]
) -> None:
    second_step(enrolled, "000000", now)
    assert second_step(enrolled, code_at(now), now) is None
    assert told("account.logged_in")["how"] == "code"
    for _ in range(4):
        second_step(enrolled, "000000", now)
    assert second_step(enrolled, code_at(now, step=1), now) is None


def test_somebody_elses_half_log_ins_are_told_to_the_owner(enrolled: Account, now: datetime) -> None:
    """Who knew the password but had no code is the very thing that the owner must hear of."""
    first_step(enrolled, now)
    second_step(enrolled, code_at(now), now)
    first_step(enrolled, now + timedelta(minutes=5))
    mine = now + timedelta(minutes=10)
    first_step(enrolled, mine - timedelta(seconds=5))
    found = actions.pass_code(account=enrolled, code=code_at(mine), address=HERE, at=mine)
    assert found.failures == 1


def test_a_closed_account_does_not_come_in_by_its_second_step(enrolled: Account, now: datetime) -> None:
    Account.objects.filter(pk=enrolled.pk).update(is_active=False)
    refused = second_step(Account.objects.get(pk=enrolled.pk), code_at(now), now)
    assert refused is not None
    assert refused.code == "closed"


# --- enrolling -----------------------------------------------------------------------------------


def enrol(account: Account, by: Actor, at: datetime, **more: Any) -> list[str]:
    actions.begin_codes(account=account, by=by, at=at)
    secret = actions.secret_of(Authenticator.objects.get(account=account))
    values = {"password": GOOD, "code": code_at(at, secret), "keep": "", **more}
    return actions.confirm_codes(account=account, **values, by=by, at=at)


def test_codes_are_in_force_once_one_was_shown(account: Account, me: Actor, now: datetime) -> None:
    actions.begin_codes(account=account, by=me, at=now)
    assert not actions.has_factor(account)
    assert not first_step(account, now).waits
    enrol(account, me, now)
    assert actions.has_factor(account)
    assert first_step(account, now).waits


def test_the_secret_is_sealed_and_known_to_the_change_of_keys(
    account: Account, me: Actor, now: datetime
) -> None:
    actions.begin_codes(account=account, by=me, at=now)
    row = Authenticator.objects.get()
    assert actions.secret_of(row).encode() not in bytes(row.sealed)
    assert any(c.model is Authenticator for c in actions.sealed_columns())


def test_enrolling_ends_other_sessions_and_uses_up_its_code(
    account: Account, me: Actor, now: datetime, told: Callable[[str], dict[str, Any]]
) -> None:
    for key in ("this", "other"):
        SignIn.objects.create(account=account, session_key=key, started_at=now, address=HERE)
    enrol(account, me, now, keep="this")
    assert [s.session_key for s in SignIn.objects.all()] == ["this"]
    secret = actions.secret_of(Authenticator.objects.get())
    assert secret not in str(told("account.codes_on"))
    again = second_step(account, code_at(now, secret), now)
    assert again is not None
    assert again.code == "code_used"


def test_enrolling_refuses_a_wrong_password_a_wrong_code_and_a_second_time(
    account: Account, me: Actor, now: datetime, refused: Callable[..., Refused]
) -> None:
    assert refused("not_begun", actions.confirm_codes, account=account, password=GOOD, code="1", keep="",
                   by=me, at=now)  # fmt: skip
    actions.begin_codes(account=account, by=me, at=now)
    shared = {"account": account, "keep": "", "by": me, "at": now}
    assert (
        refused("wrong_password", actions.confirm_codes, password="x", code="1", **shared).field == "password"
    )
    assert (
        refused("wrong_code", actions.confirm_codes, password=GOOD, code="000000", **shared).field == "code"
    )
    enrol(account, me, now)
    refused("codes_on", actions.begin_codes, account=account, by=me, at=now)


def test_nobody_enrols_for_another(account: Account, guard: Actor, now: datetime) -> None:
    with pytest.raises(Forbidden):
        actions.begin_codes(account=account, by=guard, at=now)


# --- recovery codes ------------------------------------------------------------------------------


def test_ten_recovery_codes_are_shown_once_and_kept_as_digests(
    account: Account, me: Actor, now: datetime
) -> None:
    codes = enrol(account, me, now)
    assert len(set(codes)) == 10
    kept = b"".join(bytes(r.digest) for r in RecoveryCode.objects.all())
    assert all(c.replace("-", "").encode() not in kept for c in codes)
    assert second_step(account, codes[0].upper(), now) is None
    again = second_step(account, codes[0], now)
    assert again is not None
    assert again.code == "wrong_code"
    assert second_step(account, codes[1].replace("-", " "), now) is None


def test_a_recovery_code_of_another_account_opens_nothing(
    account: Account, me: Actor, now: datetime, office: make.Office
) -> None:
    codes = enrol(account, me, now)
    other = Account.objects.get(person=make.person(Role.WINDOW_CLERK, office.unit_b))
    assert second_step(other, codes[0], now) is not None


def test_new_recovery_codes_end_the_old(
    account: Account, me: Actor, now: datetime, refused: Callable[..., Refused]
) -> None:
    shared = {"account": account, "by": me, "at": now}
    refused("no_factor", actions.renew_recovery_codes, password=GOOD, **shared)
    old = enrol(account, me, now)
    refused("wrong_password", actions.renew_recovery_codes, password="x", **shared)
    new = actions.renew_recovery_codes(password=GOOD, **shared)
    assert second_step(account, old[0], now) is not None
    assert second_step(account, new[0], now) is None


# --- taking away ---------------------------------------------------------------------------------


def test_removal_takes_the_password_and_a_code(
    enrolled: Account, me: Actor, now: datetime, refused: Callable[..., Refused]
) -> None:
    shared = {"account": enrolled, "by": me, "at": now}
    refused("wrong_password", actions.remove_codes, password="x", code=code_at(now), **shared)
    refused("wrong_code", actions.remove_codes, password=GOOD, code="000000", **shared)
    actions.remove_codes(password=GOOD, code=code_at(now), **shared)
    assert not actions.has_factor(enrolled)
    assert not RecoveryCode.objects.exists()
    refused("codes_off", actions.remove_codes, password=GOOD, code="1", **shared)


def test_guessing_codes_in_an_open_session_locks(enrolled: Account, me: Actor, now: datetime) -> None:
    for _ in range(5):
        with pytest.raises(Refused) as caught:
            actions.remove_codes(account=enrolled, password=GOOD, code="000000", by=me, at=now)
    assert caught.value.code == "account_locked"


def test_the_security_administrator_resets_with_a_reason_and_the_person_is_told(
    enrolled: Account, guard: Actor, admin: Actor, now: datetime, told: Callable[[str], dict[str, Any]]
) -> None:
    SignIn.objects.create(account=enrolled, session_key="open", started_at=now, address=HERE)
    with pytest.raises(Forbidden):
        actions.reset_factors(account=enrolled, reason="手机丢失", by=admin, at=now)
    with pytest.raises(Refused, match="理由"):
        actions.reset_factors(account=enrolled, reason=" ", by=guard, at=now)
    actions.reset_factors(account=enrolled, reason="手机丢失，已当面核实", by=guard, at=now)
    assert told("account.factors_reset")["reason"] == "手机丢失，已当面核实"
    assert not SignIn.objects.exists()
    found = first_step(enrolled, now + timedelta(minutes=1))
    assert not found.waits
    assert found.reset is not None
    assert found.reset.reset_by == "安全员"
    assert first_step(enrolled, now + timedelta(minutes=2)).reset is None
    assert FactorReset.objects.get().told_at is not None


def test_nobody_resets_what_is_not_there_or_ones_own(
    account: Account, guard: Actor, now: datetime, refused: Callable[..., Refused]
) -> None:
    refused("no_factor", actions.reset_factors, account=account, reason="x", by=guard, at=now)
    own = Account.objects.get(person=guard.id)
    refused("own_account", actions.reset_factors, account=own, reason="x", by=guard, at=now)


def test_on_the_server_it_is_reset_for_whoever_has_nobody_else_to_ask(enrolled: Account) -> None:
    out = StringIO()
    with pytest.raises(CommandError, match="没有这个账号"):
        call_command("reset_factors", "nobody", reason="x")
    call_command("reset_factors", enrolled.username, reason="唯一的安全管理员手机丢失", stdout=out)
    assert "已重置" in out.getvalue()
    assert not actions.has_factor(enrolled)
    with pytest.raises(CommandError, match="没有启用"):
        call_command("reset_factors", enrolled.username, reason="x")


# --- compelled by role ---------------------------------------------------------------------------


def test_every_role_that_publishes_judges_or_administers_is_named() -> None:
    """A permission of weight that is granted to another role must bring that role into the table, or this fails."""
    weighty = re.compile(r"\.(publish|judge|issue|seal|set_local_rules|give_roles|open_accounts|tokens)$")
    found = {p: roles for p, (_, roles) in access.grants().items() if weighty.search(p)}
    assert {"indicators.publish", "ratings.judge", "people.give_roles"} <= set(found)
    for permission, roles in found.items():
        assert set(roles) - {Role.SYSTEM_TOKEN} <= WEIGHTY, permission


@pytest.mark.parametrize(
    "given, ruled, grace, due, why",
    [
        (date(2023, 5, 1), None, 0, date(2023, 5, 1), "from the day of the role"),
        (date(2023, 5, 1), None, 7, date(2023, 5, 8), "grace counts from the role"),
        (date(2023, 5, 1), date(2023, 6, 1), 7, date(2023, 6, 8), "a later rule starts the grace anew"),
        (date(2023, 7, 1), date(2023, 6, 1), 7, date(2023, 7, 8), "a later role too"),
    ],
)
def test_from_which_day_it_is_compelled(
    given: date, ruled: date | None, grace: int, due: date, why: str
) -> None:
    assert rules.second_due_on(given, ruled, grace) == due, why


def test_a_role_of_weight_is_led_to_enrol_before_anything_else(as_role: Any, settings: Any) -> None:
    settings.SECOND_FACTOR = "required"
    client, clerk = as_role(Role.GENERAL), as_role(Role.WINDOW_CLERK)
    assert client.get("/").url == reverse("people:security")
    assert client.get("/", headers={"HX-Request": "true"}).headers["HX-Redirect"] == "/account/security/"
    problem = client.get("/api/v1/me")
    assert (problem.status_code, problem.json()["code"]) == (403, "second_factor_first")
    page = client.get(reverse("people:security")).content.decode()
    assert "须有第二步验证" in page
    assert clerk.get("/").status_code == 200


def test_the_rule_may_ask_it_of_all_staff_and_give_grace(
    as_role: Any, settings: Any, admin: Actor, now: datetime
) -> None:
    settings.SECOND_FACTOR = "required"
    day = timezone.localdate()
    values = (("people.second_factor_for", "staff"), ("people.second_factor_grace_days", 10))
    for code, value in values:
        local.set_rule(code=code, since=day, value=value, source="本单位规定", by=admin, at=now)
    clerk = as_role(Role.WINDOW_CLERK)
    assert clerk.get("/").status_code == 200
    assert "届时未启用的不能办理业务" in clerk.get(reverse("people:security")).content.decode()
    with time_machine.travel(timezone.now() + timedelta(days=10), tick=False):
        late = as_role(Role.WINDOW_CLERK)
        RoleGrant.objects.filter(person=late.actor.id).update(since=day)
        assert late.get("/").url == reverse("people:security")


def test_the_whole_way_in_the_browser_without_scripts(
    client: Client, account: Account, settings: Any
) -> None:
    """First log-in leads to enrolment; the next one asks for the code; a code once used is refused."""
    settings.SECOND_FACTOR = "required"
    Account.objects.filter(pk=account.pk).update(password_changed_at=timezone.now())
    RoleGrant.objects.filter(person=account.person_id).update(role=Role.GENERAL)
    client.post("/login/", {"username": account.username, "password": GOOD})
    assert client.get("/").url == "/account/security/"
    client.post(reverse("people:begin_codes"))
    page = client.get(reverse("people:codes")).content.decode()
    secret = actions.secret_of(Authenticator.objects.get())
    assert secret[:4] in page
    assert "<svg" in page
    answer = client.post(reverse("people:codes"), {"password": GOOD, "code": code_at(timezone.now(), secret)})
    assert answer.content.decode().count('<li class="code">') == 10
    assert client.session[SECOND] == "enrolled"
    assert client.get("/").status_code == 200
    client.post("/logout/")
    half = client.post("/login/", {"username": account.username, "password": GOOD, "next": "/account/"})
    assert half.url == reverse("people:second")
    assert client.get("/account/").status_code == 302, "half a log-in opens nothing"
    wrong = client.post(reverse("people:second"), {"code": "000000"})
    assert wrong.status_code == 422
    assert "不对" in wrong.content.decode()
    done = client.post(reverse("people:second"), {"code": code_at(timezone.now(), secret, 1)})
    assert done.url == "/account/"
    assert client.get("/").status_code == 200


def test_half_a_log_in_is_forgotten_after_five_minutes(client: Client, enrolled: Account) -> None:
    Account.objects.filter(pk=enrolled.pk).update(password_changed_at=timezone.now())
    client.post("/login/", {"username": enrolled.username, "password": GOOD})
    assert client.get(reverse("people:second")).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(minutes=5, seconds=1), tick=False):
        assert client.get(reverse("people:second")).url == "/login/"
        assert client.post(reverse("people:second"), {"code": code_at(timezone.now())}).url == "/login/"


def test_a_stranger_finds_no_second_step(client: Client, db: None) -> None:
    assert client.get(reverse("people:second")).url == "/login/"
    assert client.post(reverse("people:second"), {"code": "123456"}).url == "/login/"


def test_a_changed_password_ends_half_a_log_in(client: Client, enrolled: Account) -> None:
    Account.objects.filter(pk=enrolled.pk).update(password_changed_at=timezone.now())
    client.post("/login/", {"username": enrolled.username, "password": GOOD})
    enrolled.set_password("Another-Word-8")
    enrolled.save()
    assert client.get(reverse("people:second")).url == "/login/"


def test_the_screens_of_ones_own_and_of_the_administrator(as_role: Any, office: make.Office) -> None:
    clerk, guard = as_role(Role.WINDOW_CLERK), as_role(Role.SECURITY_ADMIN)
    account = Account.objects.get(person=clerk.actor.id)
    account.set_password(GOOD)
    account.save()
    clerk.force_login(account)
    clerk.post(reverse("people:begin_codes"))
    secret = actions.secret_of(Authenticator.objects.get())
    clerk.post(reverse("people:codes"), {"password": GOOD, "code": code_at(timezone.now(), secret)})
    assert "启用。登录时" in clerk.get(reverse("people:security")).content.decode()
    made = clerk.post(reverse("people:renew_recovery"), {"password": GOOD})
    code = re.findall(r'<li class="code">([^<]+)</li>', made.content.decode())[0]
    detail = guard.get(reverse("people:account_detail", args=[account.pk])).content.decode()
    assert "动态口令" in detail
    url = reverse("people:reset_factors", args=[account.pk])
    assert url in detail
    assert clerk.get(url).status_code == 403
    assert guard.post(url, {"reason": ""}).status_code == 422
    removed = clerk.post(reverse("people:remove_codes"), {"password": GOOD, "code": code})
    assert removed.url == reverse("people:security")
    answer = guard.post(url, {"reason": "测试"})
    assert answer.status_code == 422
    assert "没有启用" in answer.content.decode()
