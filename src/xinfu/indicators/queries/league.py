"""League tables of units, and an indicator's history month by month."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from xinfu.core import local as local_rules
from xinfu.core.actor import Actor
from xinfu.core.registry import Indicator
from xinfu.indicators import local, rules
from xinfu.indicators.access import Can
from xinfu.indicators.engine import Value
from xinfu.indicators.queries import numbers, standing
from xinfu.indicators.queries.numbers import FigureRow, Loaded
from xinfu.indicators.queries.standing import Peer
from xinfu.indicators.rules import Period

TREND_MONTHS = 12


@dataclass(frozen=True, slots=True)
class LeagueRow:
    """One unit of a league table: `rank` is None for units with fewer cases than the minimum, which stand apart."""

    label: str
    code: str | None
    ids: Mapping[str, Value]
    rank: int | None
    rank_before: int | None
    figures: Mapping[str, FigureRow]
    before: Mapping[str, FigureRow]

    @property
    def rank_change(self) -> int | None:
        """How many places it rose (negative: fell)."""
        known = self.rank is not None and self.rank_before is not None
        return self.rank_before - self.rank if known else None  # type: ignore[operator]


@dataclass(frozen=True, slots=True)
class League:
    """Units ranked by one indicator, the unranked ones after them; the minimum is a local rule."""

    by: Indicator
    period: Period
    rows: list[LeagueRow]
    minimum: int
    minimum_source: str

    @property
    def ranked(self) -> list[LeagueRow]:
        return [row for row in self.rows if row.rank is not None]

    @property
    def apart(self) -> list[LeagueRow]:
        return [row for row in self.rows if row.rank is None]


def league(
    actor: Actor,
    frm: date,
    to: date,
    codes: Sequence[str],
    by: str = "",
    grain: str = "department",
    loaded: Loaded | None = None,
    minimum: local_rules.Value | None = None,
) -> League:
    """Return units in the order of one indicator (the first code unless `by`), with the others beside it.

    `loaded`, `minimum`: figures and the local rule that were read already.
    """
    actor.require(Can.SEE)
    numbers.check_period(frm, to)
    first = numbers.indicator(by or codes[0])
    wanted = numbers.chosen([first.code, *codes])
    grouping = numbers.checked_grouping([grain], wanted, named=True)
    period = Period(frm, to)
    earlier = rules.previous(period)
    found = loaded or numbers.load([(period, grouping), (earlier, grouping)], wanted)
    minimum = minimum or local_rules.on(local.MIN_CASES, to)
    now, then = (_units(found[p, grouping], grain, wanted) for p in (period, earlier))
    ranks, ranks_then = (_ranks(units, first, int(minimum.value)) for units in (now, then))
    rows = [
        LeagueRow(
            label=next(iter(figures.values())).labels[grain],
            code=next(iter(figures.values())).group[grain],
            ids={grain: unit},
            rank=ranks.get(unit),
            rank_before=ranks_then.get(unit),
            figures=figures,
            before=then.get(unit, {}),
        )
        for unit, figures in now.items()
        if unit is not None
    ]
    rows.sort(key=lambda row: (row.rank is None, row.rank or 0, row.label))
    return League(first, period, rows, int(minimum.value), minimum.source)


def _units(
    rows: Iterable[FigureRow], grain: str, wanted: Sequence[Indicator]
) -> dict[Value, dict[str, FigureRow]]:
    found: dict[Value, dict[str, FigureRow]] = {}
    for row in rows:
        if row.indicator in wanted:
            found.setdefault(row.ids[grain], {})[row.code] = row
    return found


def _ranks(units: Mapping[Value, Mapping[str, FigureRow]], by: Indicator, minimum: int) -> dict[Value, int]:
    """Rank the units with enough cases under the line; a plain count ranks everybody."""
    values = {
        unit: exact
        for unit, figures in units.items()
        if unit is not None
        and (row := figures.get(by.code)) is not None
        and (row.denominator is None or row.denominator >= max(1, minimum))
        and (exact := row.exact) is not None
    }
    return dict(zip(values, rules.ranks(list(values.values()), by.better), strict=True))


@dataclass(frozen=True, slots=True)
class Point:
    """One period of a history: computed and official value side by side."""

    period: Period
    figure: FigureRow | None
    official: Peer | None


def history(
    actor: Actor, code: str, last: date, months: int = TREND_MONTHS, group: Mapping[str, Value] | None = None
) -> list[Point]:
    """Return an indicator month by month up to the month of `last`, each as it stood at that month's end.

    `group`: one unit, such as {"department": 3}; the whole county without it.
    """
    actor.require(Can.SEE)
    one = numbers.indicator(code)
    wanted = dict(group or {})
    grouping = numbers.checked_grouping(wanted, [one], named=True)
    periods = months_to(last, months)
    found = numbers.of_periods(periods, grouping, [one])
    official = {} if wanted else standing.imported([one], periods)
    return [
        Point(period, _of_group(found[period], wanted), standing.own_of(official.get((code, period), [])))
        for period in periods
    ]


def histories(
    actor: Actor, codes: Sequence[str], last: date, months: int = TREND_MONTHS
) -> dict[str, list[Point]]:
    """Return several indicators month by month for the whole county, with one reading of the figures."""
    actor.require(Can.SEE)
    wanted = numbers.chosen(codes)
    periods = months_to(last, months)
    found = numbers.load([(period, ()) for period in periods], wanted)
    rows = {(row.code, period): row for period in periods for row in found[period, ()]}
    return {
        one.code: [Point(period, rows.get((one.code, period)), None) for period in periods] for one in wanted
    }


def months_to(last: date, months: int = TREND_MONTHS) -> list[Period]:
    """Return the months up to the one of `last`, oldest first."""
    return [rules.month_of(rules.months_before(last.replace(day=1), n)) for n in range(months - 1, -1, -1)]


def _of_group(rows: Iterable[FigureRow], wanted: Mapping[str, Value]) -> FigureRow | None:
    return next((row for row in rows if all(row.ids.get(g) == v for g, v in wanted.items())), None)
