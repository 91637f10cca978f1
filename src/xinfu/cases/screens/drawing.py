"""The clocks as a picture: places on a drawing of a given width, from days. No model is known here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from xinfu.cases.screens.clocks import Lane
from xinfu.lib.workdays import Calendar

PAD, HEAD, TITLE, BAR, LINE, GAP = 6, 22, 22, 22, 18, 14
SHADED_DAYS = 93


@dataclass(frozen=True, slots=True)
class Box:
    """A stretch of a clock: `kind` is span (allowed), run, late or stop."""

    kind: str
    x: float
    y: float
    width: float
    height: float = BAR


@dataclass(frozen=True, slots=True)
class Flag:
    """A moment: a line through the bar, its words below on a row where nothing overlaps, and its shape."""

    kind: str
    x: float
    y: float
    words: str
    text_x: float
    text_y: float
    anchor: str


@dataclass(frozen=True, slots=True)
class Row:
    """One clock as drawn."""

    title: str
    title_y: float
    y: float
    boxes: list[Box]
    flags: list[Flag]


@dataclass(frozen=True, slots=True)
class Picture:
    """All places, in units of one pixel at the width that it was drawn for."""

    name: str
    width: int
    height: float
    rows: list[Row]
    shades: list[Box]
    now_x: float | None
    now_words: str
    now_anchor: str
    label: str


@dataclass(slots=True)
class _Scale:
    first: date
    days: int
    width: int
    taken: list[list[tuple[float, float]]] = field(default_factory=list)

    def x(self, day: date, *, end: bool = False) -> float:
        """Return where a day begins, or ends."""
        place = (day - self.first).days + (1 if end else 0)
        return round(PAD + place * (self.width - 2 * PAD) / self.days, 1)


def draw(lanes: Sequence[Lane], calendar: Calendar, today: date, width: int, name: str) -> Picture | None:
    """Return the picture of the clocks, or None where none has started."""
    if not lanes:
        return None
    is_open = any(lane.ended_on is None for lane in lanes)
    first = min(lane.started_on for lane in lanes)
    last = max(d for lane in lanes for d in _days_of(lane))
    scale = _Scale(first, (last - first).days + 1, width)
    y, rows = float(HEAD), []
    for lane in lanes:
        row, y = _row(lane, scale, y)
        rows.append(row)
    now_x = scale.x(today) if is_open and first <= today <= last else None
    if now_x is not None:
        now_x = round((now_x + scale.x(today, end=True)) / 2, 1)
    shades = list(_shades(calendar, scale, y)) if scale.days <= SHADED_DAYS else []
    label = " ".join(lane.sentence for lane in lanes)
    anchor = _anchor(now_x or 0, 80, width)
    return Picture(
        name, width, round(y, 1), rows, shades, now_x, f"今天 {_short(today, first, last)}", anchor, label
    )


def _days_of(lane: Lane) -> Iterator[date]:
    yield lane.started_on
    yield lane.ended_on or lane.now_on
    if lane.due_on:
        yield lane.due_on
    yield from (s.resumed_on for s in lane.stops if s.resumed_on and s.resumed_on <= lane.now_on)


def _short(day: date, first: date, last: date) -> str:
    return f"{day:%m-%d}" if first.year == last.year else f"{day:%Y-%m-%d}"


def _row(lane: Lane, scale: _Scale, top: float) -> tuple[Row, float]:
    y = top + TITLE
    boxes = list(_boxes(lane, scale, y))
    last = scale.first + timedelta(days=scale.days - 1)
    said = [
        (
            "start",
            scale.x(lane.started_on),
            f"{lane.start_label} {_short(lane.started_on, scale.first, last)}",
        )
    ]
    for stop in lane.stops:
        middle = (scale.x(stop.began_on) + scale.x(stop.resumed_on or lane.now_on)) / 2
        said.append(("stop", round(middle, 1), f"{stop.label}停{stop.workdays}个工作日"))
    if lane.due_on:
        said.append(("due", scale.x(lane.due_on, end=True), f"到期 {_short(lane.due_on, scale.first, last)}"))
    if lane.ended_on:
        said.append(
            (
                "end",
                scale.x(lane.ended_on, end=True),
                f"{lane.end_label} {_short(lane.ended_on, scale.first, last)}",
            )
        )
    flags, rows = _placed(said, y + BAR, scale.width)
    return Row(f"{lane.title}：{lane.word}", top + 15, y, boxes, flags), y + BAR + rows * LINE + GAP


def _boxes(lane: Lane, scale: _Scale, y: float) -> Iterator[Box]:
    start = scale.x(lane.started_on)
    reached = scale.x(lane.ended_on or lane.now_on, end=True)
    due = scale.x(lane.due_on, end=True) if lane.due_on else None
    if due is not None:
        yield Box("span", start, y, round(max(due - start, 2), 1))
    yield Box("run", start, y, round(max(min(reached, due or reached) - start, 2), 1))
    if due is not None and reached > due:
        yield Box("late", due, y, round(reached - due, 1))
    for stop in lane.stops:
        left = max(scale.x(stop.began_on), start)
        right = scale.x(stop.resumed_on) if stop.resumed_on else reached
        yield Box("stop", left, y, round(max(right - left, 4), 1))


def _width(words: str) -> float:
    return sum(13 if ord(c) > 0x2E80 else 7.5 for c in words) + 8


def _anchor(x: float, width: float, full: int) -> str:
    if x + width / 2 > full - 2:
        return "end"
    return "start" if x - width / 2 < 2 else "middle"


def _placed(said: Sequence[tuple[str, float, str]], top: float, full: int) -> tuple[list[Flag], int]:
    """Put each flag's words on the first row where they touch no others; return the flags and how many rows."""
    taken: list[list[tuple[float, float]]] = []
    flags = []
    for kind, x, words in sorted(said, key=lambda s: s[1]):
        width = _width(words)
        anchor = _anchor(x, width, full)
        left = {"start": x, "middle": x - width / 2, "end": x - width}[anchor]
        row = next(
            (i for i, spans in enumerate(taken) if all(left >= b or left + width <= a for a, b in spans)),
            len(taken),
        )
        if row == len(taken):
            taken.append([])
        taken[row].append((left, left + width))
        flags.append(Flag(kind, x, top - BAR, words, x, round(top + 15 + row * LINE, 1), anchor))
    return flags, len(taken)


def _shades(calendar: Calendar, scale: _Scale, height: float) -> Iterator[Box]:
    """Shade the days on which no clock runs."""
    for n in range(scale.days):
        day = scale.first + timedelta(days=n)
        if not calendar.is_workday(day):
            left = scale.x(day)
            yield Box("rest", left, HEAD, round(scale.x(day, end=True) - left, 1), round(height - HEAD, 1))
