"""Tokens of other systems: their last use, their rotation with an overlap, the warning before they end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests import make
from xinfu.core import inbox, local
from xinfu.core.access import Role
from xinfu.core.actor import Actor
from xinfu.core.refusal import Forbidden, Refused
from xinfu.people import actions
from xinfu.people.models import ApiToken

ME = "/api/v1/me"


def issue(by: Actor, name: str = "省办件库", **more: Any) -> tuple[ApiToken, str]:
    return actions.issue_token(name=name, scopes=["cases.see"], by=by, at=timezone.now(), **more)


def call(client: Client, secret: str) -> int:
    return client.get(ME, headers={"Authorization": f"Bearer {secret}"}).status_code


def test_the_last_use_is_kept_and_written_at_most_once_a_minute(client: Client, admin: Actor) -> None:
    token, secret = issue(admin)
    assert token.last_used_at is None
    start = timezone.now()
    seen = []
    for seconds in (0, 59, 61):
        with time_machine.travel(start + timedelta(seconds=seconds), tick=False):
            assert call(client, secret) == 200
        token.refresh_from_db()
        assert token.last_used_at is not None
        seen.append(round((token.last_used_at - start).total_seconds()))
    assert seen == [0, 0, 61]


def test_a_wrong_secret_leaves_no_trace_of_use(client: Client, admin: Actor) -> None:
    token, secret = issue(admin)
    assert call(client, f"{secret}x") == 401
    token.refresh_from_db()
    assert token.last_used_at is None


def test_a_rotation_gives_a_new_secret_and_the_old_one_opens_for_the_overlap(
    client: Client, admin: Actor, told: Callable[[str], dict[str, Any]]
) -> None:
    token, old = issue(admin)
    at = timezone.now()
    row, new = actions.rotate_token(token=token, by=admin, at=at)
    assert told("token.rotated")["overlap_hours"] == 24
    assert new != old
    assert (call(client, old), call(client, new)) == (200, 200)
    assert row.earlier_until is not None
    with time_machine.travel(row.earlier_until - timedelta(seconds=1), tick=False):
        assert call(client, old) == 200
    with time_machine.travel(row.earlier_until, tick=False):
        assert (call(client, old), call(client, new)) == (401, 200)


def test_the_overlap_is_a_local_number(client: Client, admin: Actor, now: datetime) -> None:
    local.set_rule(code="people.token_overlap_hours", since=timezone.localdate(), value=1, source="本单位规定",
                   by=admin, at=now)  # fmt: skip
    token, _ = issue(admin)
    at = timezone.now()
    assert actions.rotate_token(token=token, by=admin, at=at)[0].earlier_until == at + timedelta(hours=1)


def test_a_revocation_ends_both_secrets(client: Client, admin: Actor) -> None:
    token, old = issue(admin)
    _, new = actions.rotate_token(token=token, by=admin, at=timezone.now())
    actions.revoke_token(token=token, by=admin, at=timezone.now())
    assert (call(client, old), call(client, new)) == (401, 401)


def test_what_is_not_rotated(
    admin: Actor, guard: Actor, refused: Callable[..., Refused], told: Callable[[str], dict[str, Any]]
) -> None:
    at = timezone.now()
    token, _ = issue(admin)
    with pytest.raises(Forbidden):
        actions.rotate_token(token=token, by=guard, at=at)
    yesterday = timezone.localdate() - timedelta(days=1)
    assert refused("ends_past", actions.rotate_token, token=token, ends_on=yesterday, by=admin, at=at).field
    actions.rotate_token(token=token, by=admin, at=at)
    refused("overlap_running", actions.rotate_token, token=token, by=admin, at=at + timedelta(hours=23))
    actions.rotate_token(token=token, by=admin, at=at + timedelta(hours=24))
    ended, _ = issue(admin, "旧系统", ends_on=timezone.localdate())
    later = at + timedelta(days=1)
    refused("token_ended", actions.rotate_token, token=ended, by=admin, at=later)
    actions.revoke_token(token=token, by=admin, at=at)
    refused("already_revoked", actions.rotate_token, token=token, by=admin, at=at)


@pytest.mark.parametrize(
    "days, told_of, why",
    [(0, True, "its last day"), (30, True, "the first day of the warning"), (31, False, "not yet")],
)
def test_the_system_administrator_is_warned_before_a_token_ends(
    admin: Actor, guard: Actor, days: int, told_of: bool, why: str
) -> None:
    at = timezone.now()
    issue(admin, ends_on=timezone.localdate(at) + timedelta(days=days))
    mine = [todo for todo in inbox.todos(admin, at) if todo.kind == "接口令牌"]
    assert bool(mine) == told_of, why
    assert not [todo for todo in inbox.todos(guard, at) if todo.kind == "接口令牌"]


def test_the_list_shows_all_and_the_screen_rotates(as_role: Any, office: make.Office) -> None:
    client = as_role(Role.SYSTEM_ADMIN)
    today = timezone.localdate()
    soon, _ = issue(client.actor, ends_on=today + timedelta(days=5))
    gone, _ = issue(client.actor, "停用的系统")
    actions.revoke_token(token=gone, by=client.actor, at=timezone.now())
    page = client.get(reverse("people:tokens")).content.decode()
    for words in ("省办件库", "停用的系统", "从未使用", "即将到期", "撤销"):
        assert words in page, words
    url = reverse("people:rotate_token", args=[soon.pk])
    assert "再有效24小时" in client.get(url).content.decode()
    answer = client.post(url, {"ends_on": str(today + timedelta(days=365))})
    assert "xf_" in answer.content.decode()
    assert "原令牌到" in answer.content.decode()
    assert "失效" in client.get(reverse("people:tokens")).content.decode()
    assert client.post(url, {"ends_on": ""}).status_code == 422
    assert as_role(Role.AUDITOR).get(url).status_code == 403
