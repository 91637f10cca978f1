"""How boards put numbers into words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from django.test import Client

from tests import make
from tests.indicators.test_screens import row
from xinfu.cases import actions as cases
from xinfu.core.access import Role
from xinfu.indicators import actions
from xinfu.indicators.screens.board import measured, moved


@pytest.mark.parametrize(
    "value, unit, words",
    [
        ("99.13", "%", "99.13%"),
        ("0.04", "次", "0.04次"),
        ("0.29", "工作日", "0.29个工作日"),
        ("7", "件", "7件"),
    ],
)
def test_a_value_stands_with_its_unit_as_the_office_writes_it(value: str, unit: str, words: str) -> None:
    assert measured(value, unit) == words


@pytest.mark.parametrize(
    "change, decimals, unit, words",
    [
        (Fraction(35, 100), 2, "%", "▲ 升0.35个百分点"),
        (Fraction(-7, 10), 2, "%", "▼ 降0.70个百分点"),
        (Fraction(1, 10), 2, "工作日", "▲ 升0.10个工作日"),
        (Fraction(10), 2, "%", "▲ 升10.00个百分点"),
        (Fraction(-1200), 0, "件", "▼ 降1,200件"),
        (Fraction(0), 2, "%", "持平"),
        (Fraction(1, 1000), 2, "%", "基本持平"),
    ],
)
def test_a_change_is_told_in_words_and_never_as_a_rise_of_nothing(
    change: Fraction, decimals: int, unit: str, words: str
) -> None:
    assert moved(change, decimals, unit) == words


@pytest.fixture
def counted(office: make.Office, now: Any, settings: Any) -> make.Office:
    """Seven cases of one week in May, fewer than a ranking needs, and nothing before."""
    settings.DEMO_DAY = date(2023, 6, 1)
    rows = [row(n, office.unit_a, unified=n > 0) for n in range(7)]
    assert cases.push_cases(records=rows, by=make.SYSTEM, at=now).created == len(rows)
    actions.precompute(by=make.SYSTEM, at=now)
    return office


def test_a_count_with_nothing_before_it_is_not_called_a_rise(
    counted: make.Office, as_role: Callable[..., Client]
) -> None:
    page = as_role(Role.LEADER).get("/indicators/?frm=2023-05-01&to=2023-05-31").content.decode()
    assert "7件" in page
    assert "升7件" not in page


def test_the_weekly_bulletin_says_why_units_have_no_rank(
    counted: make.Office, as_role: Callable[..., Client]
) -> None:
    page = as_role(Role.LEADER).get("/indicators/weekly/?day=2023-05-10").content.decode()
    assert "件的单位列在后面，不排名次" in page
