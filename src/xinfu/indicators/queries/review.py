"""落后指标分析: the worst indicators of a period, who lost how much of them, and the tables that a meeting has before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone

from xinfu.core import local as local_rules
from xinfu.core.actor import Actor
from xinfu.core.registry import Indicator
from xinfu.core.ui import text
from xinfu.indicators import local
from xinfu.indicators.access import Can
from xinfu.indicators.definitions import KEY
from xinfu.indicators.engine import grouping_of
from xinfu.indicators.queries import numbers
from xinfu.indicators.queries.bulletins import _losses as losses
from xinfu.indicators.queries.numbers import FigureRow
from xinfu.indicators.queries.standing import Standing, standings
from xinfu.indicators.rules import Period, shown

BADNESS = {"red": 0, "yellow": 1, "": 2, "none": 2, "blue": 3, "green": 4}
"""Which band comes first in the talk: what is red, what is not banded, what is well."""


@dataclass(frozen=True, slots=True)
class ReviewLine:
    """One unit's loss in one indicator: `lost` cases of the county's `of`."""

    figure: FigureRow
    label: str
    department: int | None
    lost: int
    of: int

    @property
    def ref(self) -> str:
        """The line's name in a meeting's agenda, the same for the same figure."""
        return f"{self.figure.code}:{'' if self.department is None else self.department}"

    @property
    def share(self) -> str:
        return shown(self.lost, self.of, "%", 2) or text.DASH

    @property
    def facts(self) -> str:
        """The line in words: value, parts, cases lost and their share."""
        row, one = self.figure, self.figure.indicator
        value = text.DASH if row.value is None else f"{row.value}{one.unit}"
        parts = f"{row.numerator or 0:,}÷{row.denominator or 0:,}"
        return f"{one.title}{value}（{parts}），失分{self.lost:,}件，占全县失分{self.share}%。"


@dataclass(frozen=True, slots=True)
class ReviewPart:
    """One indicator: how the county stands, the units that lost the most, and how many more lost something."""

    standing: Standing
    lines: list[ReviewLine]
    units: int
    lost: int

    @property
    def indicator(self) -> Indicator:
        return self.standing.indicator

    @property
    def more(self) -> int:
        return self.units - len(self.lines)


@dataclass(frozen=True, slots=True)
class Review:
    """What the meeting on underperforming indicators talks about, the worst first."""

    period: Period
    snapshot: numbers.SnapshotState | None
    parts: list[ReviewPart]

    @property
    def lines(self) -> list[ReviewLine]:
        return [line for part in self.parts for line in part.lines]


def review(actor: Actor, frm: date, to: date) -> Review:
    """Return the key indicators that lost cases in a period, the worst first, each with its worst units."""
    actor.require(Can.SEE)
    numbers.check_period(frm, to)
    period = Period(frm, to)
    wanted = [one for one in numbers.chosen(KEY) if _is_share(one)]
    rows = numbers.of_periods([period], grouping_of(["department"]), wanted)[period]
    most = int(local_rules.all_on(to)[local.REVIEW_UNITS].value)
    parts = [
        part
        for one in standings(actor, frm, to, [one.code for one in wanted])
        if (part := _part(one, rows, most)) is not None
    ]
    parts.sort(key=lambda part: (part.standing.gap == 0, BADNESS.get(part.standing.band, 2), -part.lost))
    return Review(period, numbers.snapshot(actor), parts)


def _is_share(one: Indicator) -> bool:
    return one.denominator is not None and one.numerator.measure == "1" and one.better != "none"


def _part(one: Standing, rows: Sequence[FigureRow], most: int) -> ReviewPart | None:
    found = losses(one.indicator, rows)
    if not found:
        return None
    total = sum(lost for lost, _ in found)
    lines = [
        ReviewLine(row, row.labels["department"], _unit(row.ids["department"]), lost, total)
        for lost, row in found[:most]
    ]
    return ReviewPart(one, lines, len(found), total)


def _unit(value: Any) -> int | None:
    return int(value) if value is not None else None


def worst_units(actor: Actor, frm: date, to: date, codes: Sequence[str]) -> dict[str, ReviewLine]:
    """Return for each indicator the unit that lost the most cases; nothing where cases do not count."""
    actor.require(Can.SEE)
    wanted = [one for one in numbers.chosen(codes) if _is_share(one) and "department" in one.grains]
    if not wanted:
        return {}
    period = Period(frm, to)
    rows = numbers.of_periods([period], grouping_of(["department"]), wanted)[period]
    found = {}
    for one in wanted:
        if worst := losses(one, rows):
            lost, row = worst[0]
            total = sum(count for count, _ in worst)
            found[one.code] = ReviewLine(
                row, row.labels["department"], _unit(row.ids["department"]), lost, total
            )
    return found


# --- the tables of the meeting -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReviewTable:
    """A table as a paper's text has it: columns, rows of texts or figures, and the figures' sources."""

    title: str
    columns: list[Mapping[str, Any]]
    rows: list[list[Any]]
    figures: list[Mapping[str, str]]


def review_tables(found: Review) -> list[ReviewTable]:
    """Return the key indicators as a table, and each indicator's worst units as another."""
    cutoff = (
        text.day_cn(min(found.period.to, timezone.localdate(found.snapshot.as_of))) if found.snapshot else ""
    )
    return [_whole(found, cutoff), *(_units(part, cutoff) for part in found.parts)]


def _whole(found: Review, cutoff: str) -> ReviewTable:
    heads = [_head("指标", 46), _head("数值", 30, "right"), _head("目标", 26, "right"), _head("档次", 22),
             _head("全县失分（件）", 32, "right")]  # fmt: skip
    rows, figures = [], []
    for part in found.parts:
        one = part.standing
        figures.append(_source(one.figure, "全县", cutoff))
        goal = f"{one.goal.value}{one.indicator.unit}" if one.goal else "未设"
        rows.append(
            [
                one.indicator.title,
                _run(one.figure, "全县"),
                goal,
                one.band_label or text.DASH,
                f"{part.lost:,}",
            ]
        )
    return ReviewTable("落后指标情况", heads, rows, figures)


def _units(part: ReviewPart, cutoff: str) -> ReviewTable:
    one = part.indicator
    heads = [_head("单位", 50), _head(f"{one.title}", 40, "right"), _head("失分（件）", 32, "right"),
             _head("占全县失分（%）", 34, "right")]  # fmt: skip
    rows = [[line.label, _run(line.figure, line.label), f"{line.lost:,}", line.share] for line in part.lines]
    figures = [_source(line.figure, line.label, cutoff) for line in part.lines]
    return ReviewTable(f"{one.title}失分单位", heads, rows, figures)


def _head(title: str, width: int, align: str = "left") -> Mapping[str, Any]:
    return {"title": title, "width": width, "align": align}


def _key(row: FigureRow, label: str) -> str:
    return f"{row.code}:{row.frm}:{row.to}:{label}"


def _run(row: FigureRow, label: str) -> Any:
    if row.value is None:
        return text.DASH
    return {"text": f"{row.value}{row.indicator.unit}", "figure": _key(row, label)}


def _source(row: FigureRow, label: str, cutoff: str) -> Mapping[str, str]:
    """Return where a figure comes from, by the keys of a paper's table of sources."""
    one = row.indicator
    group = {grain: "" if value is None else str(value) for grain, value in row.ids.items()}
    query = urlencode({"frm": row.frm.isoformat(), "to": row.to.isoformat(), **group})
    return {
        "key": _key(row, label), "title": f"{label}{one.title}",
        "text": text.DASH if row.value is None else f"{row.value}{one.unit}",
        "definition": f"{one.counts}；{one.formula}（按{one.dated_label}计，{one.mark}）",
        "period": f"{text.day_cn(row.frm)}至{text.day_cn(row.to)}",
        "numerator": "" if row.numerator is None else f"{row.numerator:,}",
        "denominator": "" if row.denominator is None else f"{row.denominator:,}",
        "snapshot": f"sha256:{row.snapshot}", "cutoff": cutoff, "origin": "computed", "evidence": row.source,
        "url": f"{reverse('indicators:number', args=[row.code])}?{query}",
    }  # fmt: skip
