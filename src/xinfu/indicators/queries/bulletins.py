"""What a 周通报 and a 月分析 say (hall.md §3.6): content only; screens and papers give it its form."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from xinfu.core import holidays
from xinfu.core import local as local_rules
from xinfu.core.actor import Actor
from xinfu.core.registry import Indicator
from xinfu.indicators import local, rules
from xinfu.indicators.access import Can
from xinfu.indicators.definitions import KEY
from xinfu.indicators.engine import Row, Value
from xinfu.indicators.queries import numbers, records, standing
from xinfu.indicators.queries.league import League, LeagueRow, Point, league, months_to
from xinfu.indicators.queries.numbers import Counted, FigureRow, Loaded, SnapshotState
from xinfu.indicators.queries.standing import Peer, Standing, standings
from xinfu.indicators.rules import Period
from xinfu.lib.workdays import Calendar

MOST_OVERDUE = 200
ENDS = 3
CAUSES = 5
GRAINS = ("department", "item", "channel")


@dataclass(frozen=True, slots=True)
class OverdueCase:
    """A case that was open past its due day at the end of the week; `days` working days late by then."""

    case: Any
    department: str
    days: int


@dataclass(frozen=True, slots=True)
class Demand:
    """What a unit is asked to do, until when: the draft of an assigned item (交办)."""

    department: str
    ids: Mapping[str, Value]
    text: str
    due_on: date


@dataclass(frozen=True, slots=True)
class Weekly:
    """周通报: key indicators, league table, overdue cases, the ends of the table, demands."""

    week: Period
    snapshot: SnapshotState | None
    key: list[Standing]
    league: League
    overdue: list[OverdueCase]
    overdue_total: int
    top: list[LeagueRow]
    bottom: list[LeagueRow]
    demands: list[Demand]
    demand_workdays: int


LEAGUE = ("one_net_rate", "late_acceptance_rate", "late_finish_rate", "cases_total")


def weekly(actor: Actor, week: date) -> Weekly:
    """Return the bulletin of the ISO week that holds the day."""
    actor.require(Can.SEE)
    period = rules.week_of(week)
    wanted = numbers.chosen([*KEY, *LEAGUE])
    asked = [(p, grouping) for p in (period, rules.previous(period)) for grouping in ((), ("department",))]
    counts = numbers.counted(asked, wanted)
    whole = numbers.Counted(counts.digest, {key: rows for key, rows in counts.rows.items() if not key[1]})
    rules_now = local_rules.all_on(period.to)
    table = league(actor, period.frm, period.to, LEAGUE, counts=counts, minimum=rules_now[local.MIN_CASES])
    calendar = holidays.calendar()
    total, overdue = _overdue(actor, period, calendar)
    workdays = int(rules_now[local.DEMAND_WORKDAYS].value)
    top, bottom = ends(table.ranked)
    return Weekly(
        week=period,
        snapshot=numbers.snapshot(actor),
        key=standings(actor, period.frm, period.to, KEY, loaded=numbers.dressed(whole)),
        league=table,
        overdue=overdue,
        overdue_total=total,
        top=top,
        bottom=bottom,
        demands=_demands(table, calendar.due_on(period.to, workdays)),
        demand_workdays=workdays,
    )


def ends(ranked: Sequence[LeagueRow]) -> tuple[list[LeagueRow], list[LeagueRow]]:
    """Return the first three and the last three, nobody in both; ties with the third stay with it."""
    if len({row.rank for row in ranked}) < 2:
        return [], []
    size = min(ENDS, len(ranked) // 2)
    top = [row for row in ranked if row.rank is not None and row.rank <= size]
    limit = ranked[len(ranked) - size].rank or 0
    return top, [row for row in ranked if (row.rank or 0) >= limit and row not in top]


def _overdue(actor: Actor, period: Period, calendar: Calendar) -> tuple[int, list[OverdueCase]]:
    """Return how many cases were open past their due day at the period's end, and the longest overdue of them."""
    total, ids = records.open_overdue(actor, period.to, MOST_OVERDUE)
    found = {row.pk: row for row in records.visible_cases(actor).filter(pk__in=ids)}
    return total, [
        OverdueCase(
            case=row,
            department=str(row.department or row.org_name or "未归属"),
            days=calendar.workdays_between(row.due_on, period.to),
        )
        for pk in ids
        if (row := found.get(pk)) is not None
    ]


def _demands(table: League, due_on: date) -> list[Demand]:
    """Return a demand for every unit with late cases in the week, the most cases first."""
    found = []
    for row in table.rows:
        accepted, finished = (_count(row, code) for code in ("late_acceptance_rate", "late_finish_rate"))
        told = [f"超期受理{accepted}件"] * bool(accepted) + [f"超期办结（含未办结）{finished}件"] * bool(
            finished
        )
        if told:
            text = f"本周{'、'.join(told)}，请逐件说明原因并整改"
            found.append((accepted + finished, Demand(row.label, row.ids, text, due_on)))
    return [demand for _, demand in sorted(found, key=lambda pair: (-pair[0], pair[1].department))]


def _count(row: LeagueRow, code: str) -> int:
    return (row.figures[code].numerator or 0) if code in row.figures else 0


# --- monthly analysis -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cause:
    """Where a unit's loss lies: by item or by channel."""

    label: str
    ids: Mapping[str, Value]
    lost: int


@dataclass(frozen=True, slots=True)
class Contribution:
    """A unit's part of the county's loss: `lost` cases of `of`; causes are the items that lost the most."""

    label: str
    ids: Mapping[str, Value]
    lost: int
    of: int
    figure: FigureRow

    @property
    def share(self) -> str | None:
        return rules.shown(self.lost, self.of, "%", 2)


@dataclass(frozen=True, slots=True)
class Analysis:
    """One indicator in the 月分析: trend, who lost how much, and where."""

    standing: Standing
    trend: list[Point]
    contributions: list[Contribution]
    by_item: list[Cause]
    by_channel: list[Cause]


@dataclass(frozen=True, slots=True)
class Monthly:
    """月分析 of one month; measure, owner and due day are for people to write."""

    month: Period
    snapshot: SnapshotState | None
    key: list[Standing]
    analyses: list[Analysis]


def monthly(actor: Actor, month: date) -> Monthly:
    """Return the analysis of the month that holds the day."""
    actor.require(Can.SEE)
    period = rules.month_of(month)
    months = months_to(period.to)
    wanted = numbers.chosen(KEY)
    asked = [(p, ()) for p in dict.fromkeys([*months, rules.previous(period)])]
    counts = numbers.counted([*asked, *((period, (grain,)) for grain in GRAINS)], wanted)
    loaded = numbers.dressed(_told(counts, wanted))
    official = standing.own_values(wanted, months)
    key = standings(actor, period.frm, period.to, KEY, loaded=loaded)
    analyses = [
        Analysis(one, _trend(one.indicator, months, loaded, official), *_where(one.indicator, period, loaded))
        for one in key
    ]
    return Monthly(period, numbers.snapshot(actor), key, analyses)


def _told(counts: Counted, wanted: Sequence[Indicator]) -> Counted:
    """Leave out the items and channels that are not told: those that lost less than the last one told did."""
    rows = dict(counts.rows)
    for (period, grouping), found in counts.rows.items():
        if grouping and grouping != ("department",):
            rows[period, grouping] = tuple(row for one in wanted for row in _heaviest(one, found))
    return Counted(counts.digest, rows)


def _heaviest(one: Indicator, rows: Iterable[Row]) -> list[Row]:
    if not _counts_cases(one):
        return []
    lost = [(_lost(row, one.better), row) for row in rows if row.indicator == one.code]
    limit = min(heapq.nlargest(CAUSES, (loss for loss, _ in lost)), default=0)
    return [row for loss, row in lost if loss >= max(limit, 1)]


def _trend(
    one: Indicator,
    months: Sequence[Period],
    loaded: Loaded,
    official: Mapping[tuple[str, Period], Peer],
) -> list[Point]:
    rows = {period: next((r for r in loaded[period, ()] if r.indicator == one), None) for period in months}
    return [Point(p, rows[p], official.get((one.code, p))) for p in months]


def _where(
    one: Indicator, period: Period, loaded: Loaded
) -> tuple[list[Contribution], list[Cause], list[Cause]]:
    """Return who lost how much, and by which items and channels."""
    units, items, channels = (_losses(one, loaded[period, (grain,)]) for grain in GRAINS)
    total = sum(lost for lost, _ in units)
    found = [Contribution(row.labels["department"], row.ids, lost, total, row) for lost, row in units]
    return found, _causes(items, "item"), _causes(channels, "channel")


def _causes(losses: Sequence[tuple[int, FigureRow]], grain: str) -> list[Cause]:
    return [Cause(row.labels[grain], row.ids, lost) for lost, row in losses[:CAUSES]]


def _losses(one: Indicator, rows: Iterable[FigureRow]) -> list[tuple[int, FigureRow]]:
    """Return (cases lost, figure) of each group that lost any, the largest loss first; none where cases do not count."""
    if not _counts_cases(one):
        return []
    found = [(_lost(row, one.better), row) for row in rows if row.indicator == one]
    return sorted(
        (pair for pair in found if pair[0]), key=lambda pair: (-pair[0], list(pair[1].labels.values()))
    )


def _counts_cases(one: Indicator) -> bool:
    return one.denominator is not None and one.numerator.measure == "1"


def _lost(row: FigureRow | Row, better: str) -> int:
    numerator, denominator = row.numerator or 0, row.denominator or 0
    return numerator if better == "down" else denominator - numerator
