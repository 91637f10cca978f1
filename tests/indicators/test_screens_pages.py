"""Long tables are paged and searched; every page says in the same words when its data is older than its period."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from tests import make
from xinfu.cases import actions as cases
from xinfu.core.access import Role
from xinfu.indicators import actions, snapshots
from xinfu.indicators.rules import Period
from xinfu.indicators.screens import freshness, league

PERIOD = "frm=2023-01-01&to=2023-05-31"
UNITS = 7


@pytest.fixture(autouse=True)
def _demo_day(settings: Any, now: datetime) -> None:
    settings.DEMO_DAY = now.date()


@pytest.fixture
def many(office: make.Office, now: datetime) -> list[str]:
    """Seven units, the n-th with n cases outside the platform of forty; the snapshot is made. Returns their names."""
    units = [
        make.department(f"11330624MB01{n:02}", f"第{n}镇", "sending_unit", office.root) for n in range(UNITS)
    ]
    rows = [
        {
            "case_no": f"{unit.code}{k:04}", "item_name": "企业设立登记", "department": unit.code, "channel": "2",
            "is_unified": k >= n, "is_unified_item": True, "received_at": "2023-05-10T09:00:00+08:00",
            "accepted_at": "2023-05-10T10:00:00+08:00", "finished_at": "2023-05-11T10:00:00+08:00",
            "promise_days": 2, "project_type": "2", "state": "finished", "finish_kind": "0",
        }
        for n, unit in enumerate(units)
        for k in range(40)
    ]  # fmt: skip
    assert cases.push_cases(records=rows, by=make.SYSTEM, at=now).created == len(rows)
    actions.precompute(by=make.SYSTEM, at=now)
    return [unit.name for unit in units]


def labels_on(page: str, names: list[str]) -> list[str]:
    return sorted((name for name in names if f">{name}</a>" in page), key=page.index)


def test_a_long_league_is_paged_and_ranks_run_on(
    many: list[str], as_role: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(league, "PAGE", 3)
    client, found = as_role(Role.LEADER), []
    for number in (1, 2, 3):
        page = client.get(f"/indicators/league/?{PERIOD}&page={number}").content.decode()
        assert f"第 {number} / 3 页，共 7 个部门" in page
        found += labels_on(page, many)
    assert found == many
    assert '<td class="place">7</td>' in page
    beyond = client.get(f"/indicators/league/?{PERIOD}&page=999").content.decode()
    assert "第 3 / 3 页" in beyond
    every = b"".join(client.get(f"/indicators/league/?{PERIOD}&format=csv")).decode()  # type: ignore[call-overload]
    assert all(name in every for name in many)


def test_a_unit_found_by_name_keeps_its_rank(many: list[str], as_role: Callable[..., Client]) -> None:
    client = as_role(Role.LEADER)
    page = client.get(f"/indicators/league/?{PERIOD}&q=第4").content.decode()
    assert labels_on(page, many) == ["第4镇"]
    assert '<td class="place">5</td>' in page
    nobody = client.get(f"/indicators/league/?{PERIOD}&q=没有这样的").content.decode()
    assert labels_on(nobody, many) == []
    assert "清除" in nobody


PAGES = (
    f"/indicators/?{PERIOD}",
    f"/indicators/league/?{PERIOD}",
    f"/indicators/wall/?{PERIOD}",
    "/indicators/meeting/",
    f"/indicators/of/one_net_rate/number/?{PERIOD}",
    f"/indicators/of/one_net_rate/numerator/records/?{PERIOD}",
    "/indicators/of/one_net_rate/",
    "/indicators/weekly/",
    "/indicators/monthly/",
)


@pytest.mark.parametrize("url", PAGES)
def test_a_page_whose_data_missed_its_update_says_so_and_shows_no_colours(
    many: list[str], as_role: Callable[..., Client], settings: Any, now: datetime, url: str
) -> None:
    client = as_role(Role.LEADER)
    assert "数据未更新" not in client.get(url).content.decode()
    settings.DEMO_DAY = now.date() + timedelta(days=60)
    late = client.get(url).content.decode()
    assert "数据未更新（应于 2023-0" in late
    assert "更新）" in late
    assert 'class="verdict-' not in late


@pytest.mark.parametrize(
    "to, at, due, why",
    [
        ("2023-05-16", "2023-05-18 09:00", "2023-05-17 01:30", "a past period: the night after its last day"),
        ("2023-05-31", "2023-05-18 09:00", "2023-05-18 01:30", "a running period: last night"),
        ("2023-05-18", "2023-05-18 09:00", "2023-05-18 01:30", "a period that ends today: last night"),
        ("2023-05-31", "2023-05-18 02:00", "2023-05-17 01:30", "an update may take an hour"),
        ("2023-05-31", "2023-05-18 02:30", "2023-05-18 01:30", "and no longer"),
    ],
)
def test_when_data_should_have_been_updated(now: datetime, to: str, at: str, due: str, why: str) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=now.tzinfo)
    found = freshness.due_at(Period(date(2023, 5, 1), date.fromisoformat(to)), moment)
    assert found is not None
    assert found.strftime("%Y-%m-%d %H:%M") == due, why


def test_before_the_first_snapshot_nothing_is_late(office: make.Office) -> None:
    assert snapshots.current() is None
    assert freshness.of(None, Period(date(2023, 5, 1), date(2023, 5, 31))) is None
