"""Periods, rounding, ranks, bands, and the gap: tables, and properties that hold for every number."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinfu.indicators import rules
from xinfu.indicators.rules import Period


@pytest.mark.parametrize(
    "period, before, why",
    [
        ((2023, 5, 1, 2023, 5, 31), (2023, 4, 1, 2023, 4, 30), "a month: the month before, though shorter"),
        ((2023, 3, 1, 2023, 3, 31), (2023, 2, 1, 2023, 2, 28), "February"),
        ((2023, 1, 1, 2023, 1, 31), (2022, 12, 1, 2022, 12, 31), "over the new year"),
        ((2023, 1, 1, 2023, 5, 31), (2022, 8, 1, 2022, 12, 31), "five whole months: the five before"),
        ((2023, 5, 15, 2023, 5, 21), (2023, 5, 8, 2023, 5, 14), "a week"),
        ((2023, 5, 1, 2023, 5, 18), (2023, 4, 13, 2023, 4, 30), "part of a month: as many days"),
    ],
)
def test_the_period_before(period: tuple[int, ...], before: tuple[int, ...], why: str) -> None:
    frm, to = date(*period[:3]), date(*period[3:])
    assert rules.previous(Period(frm, to)) == Period(date(*before[:3]), date(*before[3:])), why


def test_a_week_runs_from_monday_to_sunday_over_the_new_year() -> None:
    assert rules.week_of(date(2023, 1, 1)) == Period(date(2022, 12, 26), date(2023, 1, 1))
    assert rules.week_of(date(2023, 1, 1)).is_week


def test_the_usual_periods_hold_the_months_weeks_and_year_that_boards_show() -> None:
    found = rules.usual_periods(date(2023, 6, 1))
    assert Period(date(2023, 6, 1), date(2023, 6, 1)) in found
    assert Period(date(2023, 1, 1), date(2023, 5, 31)) in found
    assert sum(period.is_month for period in found) == 12
    assert sum(period.is_week for period in found) == 8
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    "numerator, denominator, unit, decimals, value",
    [
        (370_000, 373_323, "%", 2, "99.11"),
        (80_955, 81_129, "%", 2, "99.79"),
        (1, 8, "%", 1, "12.5"),
        (5, 1000, "%", 0, "1"),
        (1, 2000, "%", 1, "0.1"),
        (0, 7, "%", 2, "0.00"),
        (0, 0, "%", 2, None),
        (12, None, "件", 2, "12"),
        (7, 2, "工作日", 2, "3.50"),
        (-1, 3, "%", 2, "-33.33"),
        (-1, 100_000, "%", 2, "0.00"),
    ],
)
def test_values_are_rounded_half_up_and_nothing_divides_by_nothing(
    numerator: int, denominator: int | None, unit: str, decimals: int, value: str | None
) -> None:
    assert rules.shown(numerator, denominator, unit, decimals) == value


@given(st.integers(-(10**12), 10**12), st.integers(1, 10**9), st.integers(0, 6))
def test_rounding_on_whole_numbers_is_decimal_rounding_half_up(top: int, bottom: int, decimals: int) -> None:
    exact = Decimal(top) / Decimal(bottom)
    expected = exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    if abs(exact * 10**decimals * 2 % 1) > Decimal("1e-6"):  # beyond the reach of 28 digits
        assert Decimal(rules.rounded(Fraction(top, bottom), decimals)) == expected


@pytest.mark.parametrize(
    "text, number",
    [
        ("99.11", True),
        ("-3", True),
        ("0", True),
        ("", False),
        ("99.", False),
        ("1e5", False),
        ("９９", False),
        ("∞", False),
    ],
)
def test_a_printed_number_is_plain(text: str, number: bool) -> None:
    assert rules.is_number(text) is number


def test_an_exact_value_fits_a_printed_one_of_any_length() -> None:
    value = Fraction(370_000 * 100, 373_323)
    assert rules.same_as_printed(value, "99.11")
    assert rules.same_as_printed(value, "99.1")
    assert not rules.same_as_printed(value, "99.12")


def test_ties_share_a_rank_and_the_next_is_skipped() -> None:
    values = [Fraction(n) for n in (3, 5, 5, 1)]
    assert rules.ranks(values, "up") == [3, 1, 1, 4]
    assert rules.ranks(values, "down") == [2, 3, 3, 1]


@pytest.mark.parametrize(
    "rank, colour", [(1, "green"), (18, "green"), (19, "blue"), (36, "blue"), (54, "yellow"), (72, "orange"), (73, "red"), (90, "red")]
)  # fmt: skip
def test_the_default_bands_are_fifths_of_ninety_counties(rank: int, colour: str) -> None:
    assert rules.band_by_rank(rank, 90, rules.DEFAULT_BOUNDS) == colour


SCORE = rules.bounds_from([("green", "90"), ("blue", "75"), ("yellow", "60"), ("red", None)])


@pytest.mark.parametrize(
    "value, colour", [("90", "green"), ("89.99", "blue"), ("75", "blue"), ("60", "yellow"), ("0", "red")]
)
def test_bands_by_score_hold_their_limit(value: str, colour: str) -> None:
    assert rules.band_by_value(Fraction(value), "up", SCORE) == colour


def test_bands_by_gap_count_what_is_missing_to_the_target() -> None:
    bounds = rules.bounds_from([("green", "0"), ("yellow", "0.5"), ("red", None)])
    assert rules.band_by_gap(Fraction("99.2"), Fraction(99), "up", bounds) == "green"
    assert rules.band_by_gap(Fraction("98.5"), Fraction(99), "up", bounds) == "yellow"
    assert rules.band_by_gap(Fraction("1.6"), Fraction(1), "down", bounds) == "red"


@pytest.mark.parametrize(
    "method, up, bounds, wrong",
    [
        ("score", True, [("green", "90"), ("red", None)], False),
        ("score", True, [("green", "60"), ("blue", "90"), ("red", None)], True),
        ("score", False, [("green", "1"), ("blue", "2"), ("red", None)], False),
        ("rank_quantile", True, [("green", "0.2"), ("red", None)], False),
        ("rank_quantile", True, [("green", "20"), ("red", None)], True),
        ("rank_quantile", True, [("green", "0.2"), ("red", "0.8")], True),
        ("rank_quantile", True, [("green", "0.2"), ("green", None)], True),
        ("rank_quantile", True, [("pink", "0.2"), ("red", None)], True),
        ("rank_quantile", True, [("green", "0.2"), ("blue", "0.2"), ("red", None)], True),
        ("rank_quantile", True, [("green", None)], True),
    ],
)
def test_bounds_are_in_order_and_the_last_is_open(
    method: str, up: bool, bounds: list[tuple[str, str | None]], wrong: bool
) -> None:
    assert bool(rules.wrong_bounds(method, up, rules.bounds_from(bounds))) is wrong


COUNTS = st.integers(0, 5000).flatmap(lambda d: st.tuples(st.integers(0, d), st.just(d)))
LIMITS = st.fractions(0, 1, max_denominator=10_000)


def reached(numerator: int, denominator: int, limit: Fraction, better: str) -> bool:
    return denominator > 0 and rules.reaches(Fraction(numerator, denominator), limit, better)


@given(COUNTS, LIMITS, st.sampled_from(["up", "down"]))
def test_putting_right_exactly_that_many_cases_reaches_the_limit_and_one_fewer_does_not(
    counts: tuple[int, int], limit: Fraction, better: str
) -> None:
    n, d = counts
    need = rules.cases_to_reach(n, d, limit, better).corrected
    sign = 1 if better == "up" else -1
    possible = range(d - n + 1) if better == "up" else range(n + 1)
    if need is None:
        assert not any(reached(n + sign * k, d, limit, better) for k in possible)
        return
    assert reached(n + sign * need, d, limit, better)
    assert need == 0 or not reached(n + sign * (need - 1), d, limit, better)


@given(COUNTS, LIMITS, st.sampled_from(["up", "down"]))
def test_adding_exactly_that_many_good_cases_reaches_the_limit_and_one_fewer_does_not(
    counts: tuple[int, int], limit: Fraction, better: str
) -> None:
    n, d = counts
    up = 1 if better == "up" else 0
    need = rules.cases_to_reach(n, d, limit, better).added
    if need is None:
        assert not any(reached(n + up * k, d + k, limit, better) for k in (0, 1, 10, 10**9))
        return
    assert reached(n + up * need, d + need, limit, better)
    assert need == 0 or not reached(n + up * (need - 1), d + need - 1, limit, better)


@given(st.integers(0, 500), st.lists(st.integers(0, 50), max_size=20))
def test_the_largest_losses_put_right_the_most(need: int, losses: list[int]) -> None:
    shared = rules.share_out(need, list(enumerate(losses)))
    assert sum(taken for _, taken in shared) == min(need, sum(losses))
    assert all(0 < taken <= losses[key] for key, taken in shared)
    assert [losses[key] for key, _ in shared] == sorted((losses[key] for key, _ in shared), reverse=True)
