"""Errors: Chinese, with what to do and a code that finds the log line; no work is lost."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests import make
from xinfu.core import local
from xinfu.core.access import Role
from xinfu.core.models import LocalRule
from xinfu.core.permissions import Can


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> str:
    """A declared number that 综合科 may set."""
    known = dict(local._DECLARED)
    monkeypatch.setattr(local, "_DECLARED", known)
    local.declare(
        "test.limit", title="试用限期", default=5, unit="工作日", source="试用", check=local.whole(1, 30),
        permission=Can.SET_LOCAL_RULES,
    )  # fmt: skip
    return reverse("site:local_rule", args=["test.limit"])


GOOD = {"value": "7", "since": "2026-01-05", "source": "县政务办〔2026〕1号"}


def test_an_unknown_page_says_so_in_chinese(as_role: Any) -> None:
    answer = as_role(Role.GENERAL).get("/no-such-page/")
    page = answer.content.decode()
    assert answer.status_code == 404
    assert "<title>错误：没有找到 · 馨服</title>" in page
    assert "请核对地址，或从首页进入" in page


def test_a_refused_page_says_why(as_role: Any) -> None:
    answer = as_role(Role.WINDOW_CLERK).get("/journal/")
    assert answer.status_code == 403
    assert "您的角色没有这项权限，如需办理请联系本单位管理员。" in answer.content.decode()


def test_a_wrong_method_says_so(as_role: Any) -> None:
    answer = as_role(Role.GENERAL).get("/display")
    assert answer.status_code == 405
    assert "不能这样打开" in answer.content.decode()
    assert answer["Allow"] == "POST"


def test_a_fault_of_ours_shows_a_code_that_finds_its_log_line(
    as_role: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from xinfu.site.screens import home

    def broken(*_: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(home.queries, "grouped_todos", broken)
    client = as_role(Role.GENERAL)
    client.raise_request_exception = False
    with caplog.at_level(logging.ERROR):
        answer = client.get("/")
    page = answer.content.decode()
    assert answer.status_code == 500
    assert "系统暂时出错" in page
    assert answer["X-Request-Id"] in page
    assert "boom" not in page
    assert any("GET / failed" in r.getMessage() for r in caplog.records)


def test_a_log_line_is_json_and_carries_the_code() -> None:
    import json

    from xinfu.site.logs import JsonLines, request_id

    request_id.set("A7K3QP")
    line = json.loads(
        JsonLines().format(logging.makeLogRecord({"msg": "出错 %s", "args": ("了",), "levelname": "ERROR"}))
    )
    assert (line["request"], line["message"], line["level"]) == ("A7K3QP", "出错 了", "ERROR")


def test_an_old_page_shows_what_was_typed_to_be_sent_again(office: Any, limit: str) -> None:
    who = make.person(Role.GENERAL, office.general)
    client = Client(enforce_csrf_checks=True)
    client.force_login(who.account)
    answer = client.post(limit, {**GOOD, "csrfmiddlewaretoken": "old", "password": "secret"})
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "请再提交一次" in page
    assert "县政务办〔2026〕1号" in page
    assert "secret" not in page
    assert not LocalRule.objects.exists()


def test_a_form_sent_twice_is_done_once_and_leads_to_the_same_place(as_role: Any, limit: str) -> None:
    client = as_role(Role.GENERAL)
    first = client.post(limit, {**GOOD, "_once": "abcdefgh12345678"})
    again = client.post(limit, {**GOOD, "value": "9", "_once": "abcdefgh12345678"})
    assert (first.status_code, again.status_code) == (302, 302)
    assert again["Location"] == first["Location"]
    assert LocalRule.objects.get().value == 7


def test_a_form_that_came_back_with_errors_may_be_sent_again(as_role: Any, limit: str) -> None:
    client = as_role(Role.GENERAL)
    wrong = client.post(limit, {**GOOD, "value": "99", "_once": "abcdefgh12345678"})
    assert wrong.status_code == 422
    assert "请填 1 到 30 之间的整数。" in wrong.content.decode()
    assert client.post(limit, {**GOOD, "_once": "abcdefgh12345678"}).status_code == 302


def test_the_key_of_one_person_is_no_hindrance_to_another(as_role: Any, limit: str) -> None:
    as_role(Role.GENERAL).post(limit, {**GOOD, "_once": "abcdefgh12345678"})
    other = as_role(Role.GENERAL).post(limit, {**GOOD, "value": "9", "_once": "abcdefgh12345678"})
    assert other.status_code == 302
    assert LocalRule.objects.get().value == 9


def test_a_second_sending_while_the_first_runs_is_told_to_wait(
    as_role: Any, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.core.cache import cache

    from xinfu.site.middleware import Once

    monkeypatch.setattr(Once, "WAIT", 0.2)
    client = as_role(Role.GENERAL)
    cache.add(f"once:{client.actor.key}:abcdefgh12345678", "", 60)
    answer = client.post(limit, {**GOOD, "_once": "abcdefgh12345678"})
    assert answer.status_code == 409
    assert "请勿重复提交" in answer.content.decode()


@pytest.mark.parametrize("name, status", [("RequestDataTooBig", 413), ("SuspiciousOperation", 400)])
def test_bad_requests_have_their_pages(as_role: Any, rf: Any, name: str, status: int) -> None:
    from django.core import exceptions

    from xinfu.core.actor import ANONYMOUS
    from xinfu.site import errors

    request = rf.get("/")
    request.actor = ANONYMOUS
    request.resolver_match = None
    assert errors.bad_request(request, getattr(exceptions, name)()).status_code == status
