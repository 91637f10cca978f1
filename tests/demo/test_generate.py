"""The made-up county: exact totals, the same files everywhere, nothing that could be a real person's."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinfu.core.access import Role
from xinfu.demo import county, generate, rows
from xinfu.demo.generate import Targets
from xinfu.lib.workdays import national_calendar

SMALL = Targets.scaled(10_800)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], Path]:
    return generate.write(tmp_path_factory.mktemp("made"), SMALL)


@pytest.fixture(scope="session")
def cases(made: tuple[list[Path], Path]) -> list[dict[str, str]]:
    out = []
    for path in made[0]:
        with path.open(encoding="utf-8", newline="") as file:
            out += list(csv.DictReader(file))
    return out


def test_the_reference_county_has_the_figures_of_the_report() -> None:
    whole = Targets.scaled(1_080_000)
    assert (whole.total, whole.unified) == (1_080_000, 370_000)
    assert round(whole.unified / whole.base * 100, 2) == 99.11


def test_totals_come_out_exactly(cases: list[dict[str, str]]) -> None:
    assert len(cases) == SMALL.total
    assert sum(row["is_unified_item"] == "1" for row in cases) == SMALL.base
    assert sum(row["is_unified"] == "1" for row in cases) == SMALL.unified
    assert len({row["project_no"] for row in cases}) == SMALL.total


def test_the_same_files_come_out_again(made: tuple[list[Path], Path], tmp_path: Path) -> None:
    again, pauses = generate.write(tmp_path, SMALL)
    for old, new in zip([*made[0], made[1]], [*again, pauses], strict=True):
        assert hashlib.sha256(old.read_bytes()).hexdigest() == hashlib.sha256(new.read_bytes()).hexdigest()


def test_identity_numbers_and_phones_belong_to_nobody(cases: list[dict[str, str]]) -> None:
    """No division starts with 99 and no phone with 120; the check character is right all the same."""
    weights = [pow(2, 17 - n, 11) for n in range(17)]
    for row in cases:
        number = row["applyer_page_code"]
        assert number.startswith("99")
        assert (
            number[17] == "10X98765432"[sum(int(c) * w for c, w in zip(number, weights, strict=False)) % 11]
        )
        assert row["contact_mobile"].startswith("120")


def test_every_case_says_that_it_is_made_up(cases: list[dict[str, str]]) -> None:
    assert all("演示数据" in row["project_name"] for row in cases)


def test_times_are_in_order_and_end_with_the_period(cases: list[dict[str, str]]) -> None:
    for row in cases:
        known = [row[name] for name in ("receive_time", "accept_date", "result_date") if row[name]]
        assert known == sorted(known), row
        assert known[-1] < "2023-06-01"


def test_the_lunar_new_year_dips_and_mondays_are_busy(cases: list[dict[str, str]]) -> None:
    days = Counter(date.fromisoformat(row["receive_time"][:10]) for row in cases)
    assert days[date(2023, 1, 23)] < days[date(2023, 2, 14)] / 4
    assert days[date(2023, 4, 10)] > days[date(2023, 4, 12)]


def test_the_first_quarter_is_weaker(cases: list[dict[str, str]]) -> None:
    base = [row for row in cases if row["is_unified_item"] == "1"]

    def rate(early: bool) -> float:
        mine = [row["is_unified"] == "1" for row in base if (row["receive_time"] < "2023-04-01") is early]
        return sum(mine) / len(mine)

    assert rate(early=True) < 0.99 < rate(early=False)


@given(st.integers(0, 10**6), st.lists(st.integers(1, 1000), min_size=1, max_size=60))
def test_sharing_out_gives_everything_away_and_stays_within_one(total: int, weights: list[int]) -> None:
    shares = generate.allot(total, weights)
    assert sum(shares) == total
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share * sum(weights) - total * weight) < sum(weights)


def test_days_of_the_period_all_have_a_weight() -> None:
    days = generate.day_weights(national_calendar())
    assert len(days) == 151
    assert all(weight > 0 for _, weight in days)


def test_the_county_has_what_the_report_counts() -> None:
    kinds = Counter(row["kind"] for row in rows.departments())
    assert (kinds["township"], kinds["village"], kinds["outlet"], len(rows.windows())) == (12, 292, 26, 26)
    assert sum(unit.volume for unit in county.UNITS) == 1000


def test_every_role_of_the_house_has_somebody() -> None:
    assert set(rows.demo_people()) == set(Role) - {Role.OUTSIDE, Role.SYSTEM_TOKEN}


def test_items_keep_their_promise_within_the_law() -> None:
    for item in generate.items():
        assert item.promise <= item.statutory
        assert len(item.code) == 31
        assert item.instant == (item.promise == 0)
