"""Meeting mode: one indicator a page, its last 12 months, the county or one responsible unit."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from django.test import Client

from tests import make
from tests.indicators.test_screens import row
from xinfu.cases import actions as cases
from xinfu.core.access import Role
from xinfu.indicators import actions
from xinfu.indicators.screens.meeting import AGENDA

PAGE = "/indicators/meeting/one_net_rate/"


@pytest.fixture(autouse=True)
def _demo_day(settings: Any) -> None:
    """The meeting is in June: its newest month is May."""
    settings.DEMO_DAY = date(2023, 6, 1)


@pytest.fixture
def counted(office: make.Office, now: datetime) -> make.Office:
    """Ten cases of May: six of unit A (one outside the platform), four of unit B."""
    rows = [row(n, office.unit_a, unified=n > 0) for n in range(6)]
    rows += [row(n, office.unit_b, unified=True) for n in range(4)]
    assert cases.push_cases(records=rows, by=make.SYSTEM, at=now).created == len(rows)
    actions.precompute(by=make.SYSTEM, at=now)
    return office


def figure_on(page: str) -> str:
    found = re.search(r'class="figure opens"[^>]*>([^<]*)<', page)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("code", AGENDA)
def test_every_item_of_the_agenda_opens_with_twelve_months_and_few_queries(
    counted: make.Office, as_role: Callable[..., Client], code: str, django_assert_max_num_queries: Any
) -> None:
    client = as_role(Role.LEADER)
    client.get("/indicators/catalogue/")  # the first page after the log-in writes the session
    with django_assert_max_num_queries(12):
        page = client.get(f"/indicators/meeting/{code}/")
    assert page.status_code == 200
    assert page.content.decode().count("<tr data-row>") == 12
    assert "数据截至" in page.content.decode()


def test_a_unit_is_chosen_and_kept_while_turning_to_the_next_item(
    counted: make.Office, as_role: Callable[..., Client]
) -> None:
    client = as_role(Role.LEADER)
    assert figure_on(client.get(PAGE).content.decode()) == "90.00%"
    unit = counted.unit_a
    page = client.get(PAGE, {"department": unit.pk}).content.decode()
    assert figure_on(page) == "83.33%"
    assert f'/indicators/meeting/late_acceptance_rate/?department={unit.pk}" rel="next"' in page


def test_the_month_leads_to_exactly_its_records(counted: make.Office, as_role: Callable[..., Client]) -> None:
    client = as_role(Role.LEADER)
    page = client.get(PAGE, {"department": counted.unit_a.pk}).content.decode()
    address, shown = re.findall(r'<a href="([^"]*/numerator/records/[^"]*)">([\d,]+)</a>', page)[0]
    records = client.get(address.replace("&amp;", "&")).content.decode()
    assert shown == "5"
    assert "共 <strong>5</strong> 条" in records


def test_a_unit_without_cases_stays_chosen_and_says_so(
    counted: make.Office, as_role: Callable[..., Client]
) -> None:
    unit = counted.town_a
    page = as_role(Role.LEADER).get(PAGE, {"department": unit.pk}).content.decode()
    assert "最近12个月没有符合条件的记录" in page
    assert f'<option value="{unit.pk}" selected>' in page


def test_the_board_leads_to_the_meeting(counted: make.Office, as_role: Callable[..., Client]) -> None:
    assert 'href="/indicators/meeting/"' in as_role(Role.LEADER).get("/indicators/").content.decode()


def test_what_is_not_on_the_agenda_is_refused_in_words(
    counted: make.Office, as_role: Callable[..., Client]
) -> None:
    page = as_role(Role.LEADER).get("/indicators/meeting/cases_total/")
    assert page.status_code == 409
    assert "会议模式只列" in page.content.decode()


def test_before_the_first_snapshot_it_says_what_to_do(
    office: make.Office, as_role: Callable[..., Client]
) -> None:
    assert "立即更新" in as_role(Role.GENERAL).get(PAGE).content.decode()


def test_strangers_are_sent_to_the_log_in_page(office: make.Office, client: Client) -> None:
    answer = client.get(PAGE)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/login/")
