"""A person of the office secures the log-in: one-time codes on a telephone, a passkey in the computer."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pyotp
import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests import make
from tests.journeys.conftest import PHONE, overflows
from xinfu.core.access import Role
from xinfu.people import actions
from xinfu.people.models import Account, Authenticator, Passkey

PASSWORD = "Longer-Word-7"


@pytest.fixture
def account(county: make.Office, settings: Any, live_server: Any) -> Account:
    """The account of somebody in the appraisal section, where two steps are asked for and passkeys offered."""
    settings.SECOND_FACTOR = "required"
    settings.PASSKEY_DOMAIN = "localhost"
    settings.PASSKEY_ORIGINS = [live_server.url]
    row = Account.objects.get(person=make.person(Role.APPRAISAL, county.root, "周考评"))
    row.set_password(PASSWORD)
    row.password_changed_at = timezone.now()
    row.save()
    return row


def device(page: Page, *, counts: bool = True) -> tuple[Any, str]:
    """Put an authenticator into the browser, as a laptop with a fingerprint reader has one."""
    session: Any = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    made = session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    return session, made["authenticatorId"]


def type_password(page: Page, account: Account) -> None:
    page.goto("/login/")
    page.get_by_label("账号", exact=True).fill(account.username)
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()


def leave(page: Page) -> None:
    page.locator(".site-tools details.menu summary").click()
    page.get_by_role("button", name="退出登录").click()


def code(account: Account, step: int = 0) -> str:
    secret = actions.secret_of(Authenticator.objects.get(account=account))
    return pyotp.TOTP(secret).generate_otp(int(timezone.now().timestamp()) // 30 + step)


@pytest.mark.parametrize("size", [None, PHONE], ids=["desk", "phone"])
def test_one_time_codes_from_the_first_log_in_to_the_next(
    page_as: Callable[..., Page], axe: Callable[[Page], None], picture: Any, account: Account, size: Any
) -> None:
    """Given a role of weight, when its holder logs in first, then codes are enrolled before anything else."""
    page, kind = page_as(None, size=size), "phone" if size else "desk"
    type_password(page, account)
    expect(page.get_by_role("heading", name="登录安全", level=1)).to_be_visible()
    axe(page)
    picture(page, f"second-security-{kind}", full=True)
    page.get_by_role("button", name="启用动态口令").click()
    expect(page.get_by_role("heading", name="启用动态口令", level=1)).to_be_visible()
    axe(page)
    assert overflows(page) <= 0
    picture(page, f"second-enrol-{kind}", full=True)
    page.get_by_label("手机上现在的6位口令").fill("000000")
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="启用", exact=True).click()
    expect(page.get_by_text("动态口令不对").first).to_be_visible()
    axe(page)
    page.get_by_label("手机上现在的6位口令").fill(code(account))
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="启用", exact=True).click()
    expect(page.locator(".recovery-codes li")).to_have_count(10)
    axe(page)
    assert overflows(page) <= 0
    picture(page, f"second-recovery-{kind}", full=True)
    page.get_by_role("link", name="已抄下，完成").click()
    leave(page)
    type_password(page, account)
    expect(page.get_by_role("heading", name="第二步验证", level=1)).to_be_visible()
    axe(page)
    picture(page, f"second-step-{kind}", full=True)
    page.get_by_label("动态口令或恢复码").fill(code(account, 1))
    page.get_by_role("button", name="验证", exact=True).click()
    expect(page).to_have_url(re.compile(r"//[^/]+/$"))


def test_a_passkey_is_registered_and_opens_alone_and_as_the_second_step(
    page_as: Callable[..., Page], axe: Callable[[Page], None], picture: Any, account: Account
) -> None:
    page = page_as(None)
    session, key = device(page)
    type_password(page, account)
    page.get_by_role("link", name="登记通行密钥").click()
    page.get_by_role("textbox", name="名称").fill("办公电脑")
    axe(page)
    picture(page, "passkey-new-desk", full=True)
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.locator(".recovery-codes li")).to_have_count(10)
    made = Passkey.objects.get(account=account)
    assert (made.name, made.last_used_at) == ("办公电脑", None)
    page.get_by_role("link", name="已抄下，完成").click()
    expect(page.get_by_role("rowheader", name="办公电脑")).to_be_visible()
    axe(page)
    picture(page, "passkey-listed-desk", full=True)
    leave(page)

    axe(page)
    picture(page, "passkey-login-desk", full=True)
    page.get_by_role("button", name="用通行密钥登录").click()
    expect(page).to_have_url(re.compile(r"//[^/]+/$"))
    used = Passkey.objects.get(account=account)
    assert used.last_used_at is not None
    assert used.sign_count > made.sign_count
    leave(page)

    type_password(page, account)
    axe(page)
    page.get_by_role("button", name="用通行密钥验证").click()
    expect(page).to_have_url(re.compile(r"//[^/]+/$"))
    leave(page)

    # A copied key betrays itself: its counter stands below the one that was seen last.
    Passkey.objects.filter(account=account).update(sign_count=10_000)
    page.get_by_role("button", name="用通行密钥登录").click()
    expect(page.get_by_text("通行密钥没有通过验证").first).to_be_visible()
    session.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": key})


def test_a_device_without_its_owners_check_does_not_open_alone(
    page_as: Callable[..., Page], account: Account
) -> None:
    """Given a key that is only held, when it is tried alone, then the password is still needed."""
    page = page_as(None)
    session, key = device(page)
    type_password(page, account)
    page.get_by_role("link", name="登记通行密钥").click()
    page.get_by_role("textbox", name="名称").fill("安全密钥")
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="登记", exact=True).click()
    page.get_by_role("link", name="已抄下，完成").click()
    leave(page)
    session.send("WebAuthn.setUserVerified", {"authenticatorId": key, "isUserVerified": False})
    page.get_by_role("button", name="用通行密钥登录").click()
    expect(page.get_by_text("没有完成").first).to_be_visible()
