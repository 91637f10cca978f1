"""Words and numbers as the office writes them (interface.md §c)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from xinfu.core.ui import text


@pytest.mark.parametrize(
    "num, den, said, why",
    [
        (370, 373, "99.20%", "half-up from the exact fraction"),
        (9911, 10000, "99.11%", "two decimals"),
        (1, 8, "12.50%", "trailing zero stays"),
        (1, 3, "33.33%", "down below the half"),
        (2, 3, "66.67%", "up above the half"),
        (12345, 1_000_000, "1.23%", "down at 1.2345"),
        (123_450, 10_000_000, "1.23%", "1.2345 is not a half of the second decimal"),
        (12_350, 1_000_000, "1.24%", "exactly half goes up"),
        (0, 5, "0.00%", "a real zero is 0.00%"),
        (0, 0, "—", "nothing to divide by"),
        (None, 5, "未报", "unknown"),
        (5, None, "未报", "unknown"),
        (999_999, 1_000_000, "100.00%", "rounding may reach the whole"),
    ],
)
def test_ratios_are_rounded_half_up_from_whole_numbers(num: int, den: int, said: str, why: str) -> None:
    assert text.ratio(num, den) == said, why


@pytest.mark.parametrize(
    "value, decimals, rounded",
    [
        (Fraction(1, 200), 2, "0.01"),
        (Fraction(-1, 200), 2, "-0.01"),
        (Decimal("2.675"), 2, "2.68"),
        (7, 0, "7"),
    ],
)
def test_half_up_is_away_from_zero_on_both_sides(value: Fraction, decimals: int, rounded: str) -> None:
    assert text.half_up(value, decimals) == Decimal(rounded)


def test_days_and_moments_are_in_the_countys_time() -> None:
    late = datetime(2026, 11, 23, 18, 2, tzinfo=UTC)
    assert text.when(late) == "2026-11-24 02:02"
    assert text.day(late) == "2026-11-24"
    assert text.day_cn(date(2026, 1, 5)) == "2026年1月5日"
    assert text.when_cn(late) == "2026年11月24日 02:02"
    assert text.when(None) == text.day(None) == text.day_cn(None) == text.when_cn(None) == ""


@pytest.mark.parametrize(
    "value, said",
    [
        (1_080_000, "108万件"),
        (370_000, "37万件"),
        (9_876, "9,876件"),
        (123_456_789, "1.23亿件"),
        (0, "0件"),
        (None, "—"),
    ],
)
def test_counts_in_prose_have_one_scale(value: int | None, said: str) -> None:
    assert text.wan(value, "件") == said


@pytest.mark.parametrize(
    "fen, said",
    [
        (308_300_000_000, "30.83亿元"),
        (7_400_000_000, "7,400万元"),
        (20_500_000_000, "2.05亿元"),
        (51_250, "512.5元"),
        (None, "—"),
    ],
)
def test_money_in_prose_has_one_scale(fen: int | None, said: str) -> None:
    assert text.wan_money(fen) == said


def test_money_in_tables_is_exact() -> None:
    assert text.money(123_450) == "1,234.50"
    assert text.money(None) == "—"


@pytest.mark.parametrize(
    "value, said", [("0.354", "升0.35个百分点"), ("-1.2", "降1.20个百分点"), ("0.004", "持平")]
)
def test_differences_of_ratios_are_points(value: str, said: str) -> None:
    assert text.points(Decimal(value)) == said


def test_points_come_from_the_exact_parts() -> None:
    assert text.points_between((2, 3), (1, 3)) == "升33.33个百分点"
    assert text.points_between((1, 0), (1, 3)) == text.points(None) == "—"


@pytest.mark.parametrize("state", text.LIGHTS)
def test_a_light_is_shape_and_word_and_the_shape_is_not_read_out(state: str) -> None:
    shape, word = text.LIGHTS[state]
    html = text.light(state)
    assert f'aria-hidden="true">{shape}</span>{word}</span>' in html


def test_an_unknown_state_has_the_neutral_light_and_words_are_escaped() -> None:
    assert "light-none" in text.light("?")
    assert "&lt;b&gt;" in text.light("bad", "<b>")
    assert "超期2个工作日" in text.light("bad", "超期2个工作日")


@pytest.mark.parametrize(
    "code, word", [("green", "绿"), ("blue", "蓝"), ("yellow", "黄"), ("red", "红"), ("x", "未分档")]
)
def test_bands_have_a_word_each(code: str, word: str) -> None:
    assert word in text.band(code)


def test_changes_are_words_with_a_triangle_and_ranks_rise_when_they_fall() -> None:
    assert "升</" not in text.change(1, 1)
    assert "▲" in text.change(5, 3)
    assert "升2" in text.change(5, 3)
    assert "降2" in text.change(3, 5)
    assert "升2" in text.change(1, 3, rank=True)
    assert "好转" in text.change(3, 5, better="down")
    assert "变差" in text.change(3, 5, better="up")
    assert text.change(None, 3) == "—"


def test_a_number_shows_its_tail_and_holds_the_whole() -> None:
    html = text.number("330624199901011234")
    assert "…01011234" in html
    assert 'data-copy="330624199901011234"' in html
    assert text.number("") == "—"


@pytest.mark.parametrize(
    "kind, value, said",
    [
        ("int", 1234, "1,234"),
        ("ratio", (1, 2), "50.00%"),
        ("day", date(2026, 1, 2), "2026-01-02"),
        ("text", None, "—"),
        ("text", "甲", "甲"),
        ("money", 100, "1.00"),
        ("when", datetime(2026, 1, 1, 0, 0, tzinfo=UTC), "2026-01-01 08:00"),
    ],
)
def test_columns_write_their_kind(kind: str, value: object, said: str) -> None:
    assert text.shown(kind, value) == said


def test_workdays_are_written_out() -> None:
    assert text.days(5) == "5个工作日"
    assert text.days(3, "自然日") == "3个自然日"
    assert text.days(None) == "—"
