"""How often one caller may ask within a minute: a system, an account, a stranger; and what the counting costs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import make
from tests.conftest import CHINA
from xinfu.core import county, links, local
from xinfu.core.access import Role
from xinfu.core.models import TryCount
from xinfu.people.models import Account, ApiToken
from xinfu.ratings.ways import FIRST
from xinfu.site import limits

AT = datetime(2023, 6, 29, 10, 30, tzinfo=CHINA)
MOST = 10
LIMITS = (limits.SYSTEM, limits.KEYLESS, limits.ACCOUNT, limits.STRANGER)
HERE, THERE = "10.0.0.1", "10.0.0.2"

Ask = Callable[[], Any]
Send = Callable[[Client], Any]


@pytest.fixture(autouse=True)
def clock(db: None, time_machine: Any) -> Any:
    time_machine.move_to(AT, tick=False)
    return time_machine


@pytest.fixture
def few() -> None:
    """The county lets everybody ask ten times a minute."""
    for limit in LIMITS:
        local.set_rule(
            code=limit.code, since=date(2023, 1, 1), value=MOST, source="办公会", by=make.SYSTEM, at=AT
        )


def bearer(secret: str) -> dict[str, str]:
    """Return what a system with a token of its own sends."""
    digest = hashlib.sha256(secret.encode()).digest()
    ApiToken.objects.create(name=secret, digest=digest, scopes=[], made_at=AT, made_by="测试")
    return {"Authorization": f"Bearer {secret}"}


def system(secret: str, address: str) -> Ask:
    client, headers = Client(REMOTE_ADDR=address), bearer(secret)
    return lambda: client.get("/api/v1/me", headers=headers)


def without_a_token(address: str) -> Ask:
    return lambda: Client(REMOTE_ADDR=address).get("/api/v1/me")


def with_a_wrong_token(address: str) -> Ask:
    wrong = {"Authorization": "Bearer guessed"}
    return lambda: Client(REMOTE_ADDR=address).get("/api/v1/me", headers=wrong)


def account(as_role: Any) -> Ask:
    client = as_role(Role.GENERAL)
    return lambda: client.post("/display", {"keys": "on"})


def stranger(address: str) -> Ask:
    return lambda: Client(REMOTE_ADDR=address).post("/login/", {"username": ""})


def rate(browser: Client) -> Any:
    """Send the rating form of a case that is not there."""
    page = f"/ratings/r/{links.make(FIRST, '17', until=AT + timedelta(days=30))}/"
    return browser.post(page, {"level": "5"})


@pytest.fixture(params=["system", "no token", "wrong token", "account", "stranger"])
def two(request: pytest.FixtureRequest, as_role: Any) -> tuple[str, Ask, Ask]:
    """Two callers of one kind; the two systems and the two accounts sit behind one address."""
    kind: str = request.param
    made: dict[str, Callable[[], tuple[Ask, Ask]]] = {
        "system": lambda: (system("one", HERE), system("two", HERE)),
        "no token": lambda: (without_a_token(HERE), without_a_token(THERE)),
        "wrong token": lambda: (with_a_wrong_token(HERE), with_a_wrong_token(THERE)),
        "account": lambda: (account(as_role), account(as_role)),
        "stranger": lambda: (stranger(HERE), stranger(THERE)),
    }
    return (kind, *made[kind]())


ANSWERED = {"system": 200, "no token": 401, "wrong token": 401, "account": 302, "stranger": 422}
SAID = {
    "system": "接口请求太频繁：一个接口令牌一分钟最多10次，请一分钟后再试。",
    "no token": "接口请求太频繁：没有有效令牌的，同一网络地址一分钟最多10次，请一分钟后带上有效的接口令牌再试。",
    "account": "提交得太频繁：同一账号一分钟最多10次，请一分钟后返回上一页再提交。",
    "stranger": "提交得太频繁：未登录的，同一网络地址一分钟最多10次，请一分钟后返回上一页再提交。",
}
SAID["wrong token"] = SAID["no token"]


# --- the numbers -----------------------------------------------------------------------------------


def test_the_county_that_sets_nothing_has_these_numbers() -> None:
    assert {limit.code: local.on(limit.code, AT.date()).value for limit in LIMITS} == {
        "site.system_a_minute": 600,
        "site.keyless_a_minute": 60,
        "site.account_a_minute": 120,
        "site.stranger_a_minute": 300,
    }


def test_the_first_and_the_last_are_answered_and_the_next_is_refused(
    few: None, two: tuple[str, Ask, Ask]
) -> None:
    kind, ask, _ = two
    answers = [ask().status_code for _ in range(MOST + 1)]
    assert answers == [*[ANSWERED[kind]] * MOST, 429]


def test_the_refusal_says_how_many_and_when_to_come_back(few: None, two: tuple[str, Ask, Ask]) -> None:
    kind, ask, _ = two
    answer = [ask() for _ in range(MOST + 1)][-1]
    assert answer["Retry-After"] == "60"
    if "token" in kind or kind == "system":
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == "too_many_requests"
        assert answer.json()["request"] == answer["X-Request-Id"]
        assert answer.json()["detail"] == SAID[kind]
    else:
        assert SAID[kind] in answer.content.decode()


def test_another_of_the_same_kind_is_not_concerned(few: None, two: tuple[str, Ask, Ask]) -> None:
    kind, ask, other = two
    for _ in range(MOST + 1):
        ask()
    assert (ask().status_code, other().status_code) == (429, ANSWERED[kind])


def test_a_minute_after_the_first_it_goes_on(few: None, two: tuple[str, Ask, Ask], clock: Any) -> None:
    kind, ask, _ = two
    for _ in range(MOST):
        ask()
    for seconds, status in ((59, 429), (60, ANSWERED[kind])):
        clock.move_to(AT + timedelta(seconds=seconds), tick=False)
        assert ask().status_code == status, seconds


# --- who is counted with whom ------------------------------------------------------------------------


def test_who_guesses_tokens_keeps_no_system_behind_the_same_address_out(few: None) -> None:
    good, guessed = system("good", HERE), with_a_wrong_token(HERE)
    for _ in range(MOST + 1):
        guessed()
    assert (guessed().status_code, good().status_code) == (429, 200)


def test_with_and_without_a_wrong_token_is_one_count(few: None) -> None:
    for _ in range(MOST // 2):
        without_a_token(HERE)(), with_a_wrong_token(HERE)()
    assert without_a_token(HERE)().status_code == 429


def test_a_token_that_is_no_longer_valid_counts_as_none(few: None) -> None:
    ask = system("old", HERE)
    ApiToken.objects.update(revoked_at=AT, revoked_by="测试")
    assert [ask().status_code for _ in range(MOST + 1)] == [*[401] * MOST, 429]


def test_two_browsers_of_one_account_are_one(few: None, as_role: Any) -> None:
    first, second = as_role(Role.GENERAL), Client()
    second.force_login(Account.objects.get(person=first.actor.id))
    for browser in (first, second) * (MOST // 2):
        assert browser.post("/display").status_code == 302
    assert (first.post("/display").status_code, second.post("/display").status_code) == (429, 429)


def test_an_export_started_by_a_button_is_a_sent_form(few: None, as_role: Any) -> None:
    client = as_role(Role.AUDITOR)
    for status in (*[200] * MOST, 429):
        answer = client.post("/journal/", {"export": "csv"})
        assert b"".join(answer)  # read to its end: only so it is closed without the test's connection
        assert answer.status_code == status


def test_what_a_person_sends_to_the_api_counts_with_the_forms(few: None, as_role: Any) -> None:
    """Else scripts of a logged-in browser would send there what they may not send here."""
    client = as_role(Role.GENERAL)
    for _ in range(MOST):
        client.post("/display")
    answer = client.post("/api/v1/proposals", "{}", content_type="application/json")
    assert (answer.status_code, answer.json()["detail"]) == (429, SAID["account"])


def test_a_form_that_was_forged_counts_too(few: None) -> None:
    browser = Client(enforce_csrf_checks=True, REMOTE_ADDR=HERE)
    assert [browser.post("/login/").status_code for _ in range(MOST + 1)] == [*[403] * MOST, 429]


def test_the_log_in_opens_the_account_that_was_named(few: None, as_role: Any) -> None:
    """Counting asks nobody who acts before the form has logged in; from then on the account is counted."""
    for _ in range(MOST - 1):
        stranger(HERE)()
    who = Account.objects.get(person=as_role(Role.GENERAL).actor.id)
    who.set_password("Longer-Word-7")
    who.save()
    browser = Client(REMOTE_ADDR=HERE)
    assert browser.post("/login/", {"username": who.username, "password": "Longer-Word-7"}).status_code == 302
    assert browser.post("/display").status_code == 302, "the address has used up its ten, the account has not"


# --- who is not counted ------------------------------------------------------------------------------


def test_reading_goes_on_for_people_and_strangers(few: None, as_role: Any) -> None:
    client = as_role(Role.GENERAL)
    for _ in range(MOST + 1):
        client.post("/display")
        stranger(HERE)()
    for _ in range(2 * MOST):
        assert client.get("/phrases/").status_code == 200
        assert client.get("/api/v1/me").status_code == 200
        assert Client(REMOTE_ADDR=HERE).get("/login/").status_code == 200


def test_a_halls_tablets_behind_one_address_are_not_counted(few: None) -> None:
    answers = {Client(REMOTE_ADDR=HERE).post("/ratings/tablet/seen/").status_code for _ in range(2 * MOST)}
    assert answers == {204}


def test_the_rating_form_goes_by_its_own_hourly_limit_alone(few: None) -> None:
    for _ in range(MOST + 1):
        stranger(HERE)()
    assert {rate(Client(REMOTE_ADDR=HERE)).status_code for _ in range(2 * MOST)} == {404}
    assert stranger(HERE)().status_code == 429


# --- what it costs -----------------------------------------------------------------------------------


def statements(send: Send, cookies: Any) -> int:
    """Return how often a request asks the database, where the process has just read the local rules."""
    client = Client(REMOTE_ADDR=HERE)
    client.cookies = cookies
    county.forget()
    county.keep_recent()
    with CaptureQueriesContext(connection) as asked:
        send(client)
    return len(asked)


@pytest.fixture
def cost(settings: Any) -> Callable[..., int]:
    """Return how many statements a request makes because of the limits."""

    def measure(send: Send, of: Client | None = None) -> int:
        cookies = (of or Client()).cookies
        statements(send, cookies)  # the first of a session, of a token, of a process asks more
        with_limits, kept = statements(send, cookies), settings.MIDDLEWARE
        settings.MIDDLEWARE = [name for name in kept if name != "xinfu.site.limits.Limits"]
        without = statements(send, cookies)
        settings.MIDDLEWARE = kept
        return with_limits - without

    return measure


def test_a_rating_costs_no_statement_more(cost: Callable[..., int]) -> None:
    assert cost(rate) == 0


def test_reading_costs_no_statement_more(cost: Callable[..., int], as_role: Any) -> None:
    client = as_role(Role.GENERAL)
    assert cost(lambda browser: browser.get("/phrases/"), client) == 0
    assert cost(lambda browser: browser.get("/api/v1/me"), client) == 0
    assert cost(lambda browser: browser.get("/login/")) == 0


def test_what_is_counted_costs_one_statement_more(cost: Callable[..., int], as_role: Any) -> None:
    headers = bearer("one")
    assert cost(lambda caller: caller.get("/api/v1/me", headers=headers)) == 1
    assert cost(lambda caller: caller.get("/api/v1/me")) == 1
    assert cost(lambda browser: browser.post("/display"), as_role(Role.GENERAL)) == 1
    assert cost(lambda browser: browser.post("/login/", {"username": ""})) == 1


def test_a_refusal_reads_nothing_but_who_calls(few: None) -> None:
    """Token, count: what a flood costs."""
    ask = system("one", HERE)
    for _ in range(MOST + 1):
        ask()
    with CaptureQueriesContext(connection) as asked:
        assert ask().status_code == 429
    assert len(asked) == 2, [query["sql"] for query in asked]


def test_what_is_kept_of_a_caller_is_a_digest(few: None) -> None:
    stranger(HERE)()
    assert HERE.encode() not in b"".join(bytes(row.key) for row in TryCount.objects.all())
    assert TryCount.objects.count() == 1
