"""Lamps of assigned items: first and last day of each colour, and what a yellow after a yellow is."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from xinfu.assignments.rules import Lamp, Limits, lamp, monthly_lamp, raw_lamp

LIMITS = Limits(warn_days=10, warn_progress=80, red_days=10)
DUE = date(2023, 6, 30)


@pytest.mark.parametrize(
    ("days", "started", "progress", "shown", "why"),
    [
        (-11, False, 0, Lamp.GREY, "eleven days left and not begun"),
        (-11, True, 0, Lamp.GREEN, "eleven days left and begun"),
        (-10, True, 79, Lamp.YELLOW, "ten days left, below 80 %"),
        (-10, True, 80, Lamp.GREEN, "ten days left, 80 % done"),
        (-10, False, 0, Lamp.YELLOW, "nearly due outranks not begun"),
        (-11, False, 90, Lamp.GREY, "eleven days left, progress told but not begun"),
        (-10, False, 90, Lamp.YELLOW, "ten days left, progress told but not begun"),
        (1, False, 0, Lamp.YELLOW, "one day over it and not begun"),
        (0, True, 79, Lamp.YELLOW, "the due day itself is not over it"),
        (0, True, 80, Lamp.GREEN, "the due day itself, 80 % done"),
        (1, True, 99, Lamp.YELLOW, "one day over it, however far"),
        (10, True, 99, Lamp.YELLOW, "ten days over it"),
        (11, True, 99, Lamp.RED, "eleven days over it"),
        (11, False, 0, Lamp.RED, "never begun and eleven days over it"),
    ],
)
def test_the_lamp_of_a_day(days: int, started: bool, progress: int, shown: Lamp, why: str) -> None:
    day = DUE + timedelta(days=days)
    found = raw_lamp(day, is_started=started, is_done=False, due_on=DUE, progress=progress, limits=LIMITS)
    assert found == shown, why


def test_what_is_done_is_green_however_late() -> None:
    late = DUE + timedelta(days=400)
    assert (
        raw_lamp(late, is_started=True, is_done=True, due_on=DUE, progress=100, limits=LIMITS) == Lamp.GREEN
    )


@pytest.mark.parametrize(
    ("raw", "reviewed", "monthly", "between"),
    [
        (Lamp.YELLOW, "", Lamp.YELLOW, Lamp.YELLOW),
        (Lamp.YELLOW, "green", Lamp.YELLOW, Lamp.YELLOW),
        (Lamp.YELLOW, "yellow", Lamp.RED, Lamp.YELLOW),
        (Lamp.YELLOW, "red", Lamp.RED, Lamp.RED),
        (Lamp.GREEN, "yellow", Lamp.GREEN, Lamp.GREEN),
        (Lamp.GREEN, "red", Lamp.GREEN, Lamp.GREEN),
    ],
)
def test_two_yellow_reviews_running_are_red_and_stay_red_until_better(
    raw: Lamp, reviewed: str, monthly: Lamp, between: Lamp
) -> None:
    assert monthly_lamp(raw, reviewed=reviewed) == monthly
    assert lamp(raw, reviewed=reviewed, override="") == between


def test_the_heads_lamp_outranks_the_rule() -> None:
    assert lamp(Lamp.RED, reviewed="red", override="green") == Lamp.GREEN
