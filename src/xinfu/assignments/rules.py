"""Lamps of assigned items (亮灯): pure; the numbers are a choice of this house, so each is a local rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Lamp(StrEnum):
    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    GREY = "none"


LAMPS = {Lamp.GREEN: "绿灯", Lamp.YELLOW: "黄灯", Lamp.RED: "红灯", Lamp.GREY: "灰灯（未启动）"}
WITHDRAWN = "灰灯（已撤销）"
"""The grey of a withdrawn item in words."""


@dataclass(frozen=True, slots=True)
class LampTerm:
    """From a day on: how near to the due day and how little done is yellow, and how far over it is red."""

    since: date
    warn_days: int
    warn_progress: int
    red_days: int
    source: str


TERMS: Sequence[LampTerm] = (LampTerm(date(2023, 1, 1), 10, 80, 10, "默认值，未见上位规定"),)


@dataclass(frozen=True, slots=True)
class Limits:
    """What is in force in this county on a day; days are calendar days (自然日)."""

    warn_days: int
    warn_progress: int
    red_days: int


def raw_lamp(
    day: date, *, is_started: bool, is_done: bool, due_on: date, progress: int, limits: Limits
) -> Lamp:
    """Return the lamp of one day without its history; what is late or nearly so outranks not having begun."""
    if is_done:
        return Lamp.GREEN
    over = (day - due_on).days
    if over > limits.red_days:
        return Lamp.RED
    if over > 0:
        return Lamp.YELLOW
    # Only work that has begun may be far enough: grey must not hide a near due day.
    if -over <= limits.warn_days and (not is_started or progress < limits.warn_progress):
        return Lamp.YELLOW
    return Lamp.GREEN if is_started else Lamp.GREY


def lamp(raw: Lamp, *, reviewed: str, override: str) -> Lamp:
    """Return the lamp that is shown: the head's own, else red while a yellow goes on that the last review made red."""
    if override:
        return Lamp(override)
    return Lamp.RED if raw == Lamp.YELLOW and reviewed == Lamp.RED else raw


def monthly_lamp(raw: Lamp, *, reviewed: str) -> Lamp:
    """Return the lamp of a monthly review: the second yellow running is red."""
    return Lamp.RED if raw == Lamp.YELLOW and reviewed in (Lamp.YELLOW, Lamp.RED) else raw
