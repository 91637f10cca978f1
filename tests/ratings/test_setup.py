"""Reasons of ratings: core ones fixed, extension ones switched from a day on, the citizen's page follows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests.conftest import CHINA
from xinfu.core import clock
from xinfu.core.access import Role
from xinfu.core.models import JournalEntry
from xinfu.core.refusal import Forbidden, Refused
from xinfu.ratings import actions, codes
from xinfu.ratings.models import ReasonSwitch

AT = datetime(2023, 5, 18, 9, 0, tzinfo=CHINA)
TODAY = AT.date()
URL = "/ratings/reasons/"


@pytest.fixture(autouse=True)
def _a_day_of_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: AT)


@pytest.fixture
def switch(office: Any, as_role: Callable[..., Any]) -> Callable[..., None]:
    by = as_role(Role.APPRAISAL).actor

    def call(
        code: str = "513", *, on: bool = True, since: date = TODAY, source: str = "考评科会议", **said: Any
    ) -> None:
        actions.switch_reason(code=code, is_on=on, since=since, source=source, **{"by": by, "at": AT, **said})

    return call


def offered(level: int, at: datetime) -> set[str]:
    return {reason.code for reason in codes.offered(level, actions.switched_on(at))}


def test_an_option_is_offered_from_its_day_on_until_it_is_switched_off(switch: Callable[..., None]) -> None:
    tomorrow = TODAY + timedelta(days=1)
    assert offered(5, AT) == {"510", "511", "512"}
    switch(since=tomorrow)
    switch(on=False, since=TODAY + timedelta(days=9))
    assert "513" not in offered(5, AT)
    assert "513" in offered(5, AT + timedelta(days=1))
    assert "513" in offered(5, AT + timedelta(days=8))
    assert "513" not in offered(5, AT + timedelta(days=9))


def test_a_switch_that_has_not_come_into_force_is_replaced(switch: Callable[..., None]) -> None:
    later = TODAY + timedelta(days=5)
    switch(since=later)
    switch(on=False, since=later + timedelta(days=5))
    with pytest.raises(Refused, match="已是启用状态"):
        switch(since=later)
    switch(on=False, since=later, source="暂缓")
    row = ReasonSwitch.objects.get(since=later)
    assert (row.is_on, row.source) == (False, "暂缓")
    assert "513" not in offered(5, AT + timedelta(days=6))


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"code": "510"}, "core_reason"),
        ({"code": "501"}, "unknown_reason"),
        ({"code": "x" * 40}, "unknown_reason"),
        ({"since": date(2023, 5, 17)}, "past_day"),
        ({"source": "  "}, "no_source"),
        ({"source": "长" * 201}, "source_too_long"),
        ({"on": False}, "same_state"),
    ],
)
def test_what_cannot_be_switched_is_refused(
    switch: Callable[..., None], said: dict[str, Any], code: str
) -> None:
    with pytest.raises(Refused) as refused:
        switch(**said)
    assert refused.value.code == code
    assert not ReasonSwitch.objects.exists()


def test_what_is_in_force_since_today_changes_tomorrow_at_the_earliest(switch: Callable[..., None]) -> None:
    switch()
    with pytest.raises(Refused, match="请从明天起"):
        switch(on=False)
    switch(on=False, since=TODAY + timedelta(days=1))


def test_only_the_appraisal_office_switches(switch: Callable[..., None], as_role: Callable[..., Any]) -> None:
    with pytest.raises(Forbidden):
        switch(by=as_role(Role.WINDOW_CHIEF).actor)
    assert as_role(Role.WINDOW_CHIEF).get(URL).status_code == 403


def test_a_switch_is_journalled_with_its_ground(switch: Callable[..., None]) -> None:
    switch()
    body = bytes(JournalEntry.objects.get(event="rating_reason.switched").body).decode()
    assert "考评科会议" in body
    assert "513" in body


def test_the_screen_shows_the_list_by_level_and_switches_one(as_role: Callable[..., Any]) -> None:
    client = as_role(Role.APPRAISAL)
    page = client.get(URL).content.decode()
    assert page.index("非常满意") < page.index("非常不满意")
    assert page.count("启用（核心，固定）") == 15
    assert "国家目录40条，本县今天启用15条" in page
    form = {"is_on": "1", "since": "2023-05-20", "source": "第3次例会"}
    assert client.post(f"{URL}513/", form).status_code == 302
    assert "2023-05-20起启用" in client.get(URL).content.decode()
    one = client.get(f"{URL}513/").content.decode()
    assert "第3次例会" in one
    wrong = client.post(f"{URL}513/", {**form, "since": "2023-05-01"})
    assert wrong.status_code == 422
    assert "不能早于今天" in wrong.content.decode()
    assert client.post(f"{URL}513/", {}).status_code == 422
    assert "不能停用" in client.get(f"{URL}510/").content.decode()
    assert client.post(f"{URL}510/", form).status_code == 422
    assert client.get(f"{URL}999/").status_code == 404
