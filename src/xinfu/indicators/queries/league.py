"""League tables of units, and an indicator's history month by month."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from xinfu.core import local as local_rules
from xinfu.core.actor import Actor
from xinfu.core.registry import Indicator
from xinfu.indicators import labels, local, rules
from xinfu.indicators.access import Can
from xinfu.indicators.engine import Row, Value
from xinfu.indicators.queries import numbers, standing
from xinfu.indicators.queries.numbers import Counted, FigureRow
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

    @property
    def rank_change(self) -> int | None:
        """How many places it rose (negative: fell)."""
        known = self.rank is not None and self.rank_before is not None
        return self.rank_before - self.rank if known else None  # type: ignore[operator]


@dataclass(frozen=True, slots=True)
class Shown:
    """Which part of a table is wanted: a page of so many rows, of the units whose name or code holds the text."""

    page: int = 1
    size: int = 50
    text: str = ""


@dataclass(frozen=True, slots=True)
class League:
    """Units ranked by one indicator, the unranked ones after them; the minimum is a local rule.

    `rows` are those of one page where a part was asked for, `matched` counts them all; `most` is the largest value.
    """

    by: Indicator
    period: Period
    rows: list[LeagueRow]
    minimum: int
    minimum_source: str
    most: Fraction
    matched: int
    page: int = 1
    pages: int = 1
    digest: str = ""

    @property
    def ranked(self) -> list[LeagueRow]:
        return [row for row in self.rows if row.rank is not None]

    @property
    def apart(self) -> list[LeagueRow]:
        return [row for row in self.rows if row.rank is None]


Units = Mapping[Value, Mapping[str, Row]]


def league(
    actor: Actor,
    frm: date,
    to: date,
    codes: Sequence[str],
    by: str = "",
    grain: str = "department",
    counts: Counted | None = None,
    minimum: local_rules.Value | None = None,
    shown: Shown | None = None,
) -> League:
    """Return units in the order of one indicator (the first code unless `by`), with the others beside it.

    `counts`, `minimum`: figures of this period and the one before, and the local rule, that were read already.
    """
    actor.require(Can.SEE)
    numbers.check_period(frm, to)
    first = numbers.indicator(by or codes[0])
    wanted = numbers.chosen([first.code, *codes])
    grouping = numbers.checked_grouping([grain], wanted, named=True)
    period = Period(frm, to)
    earlier = rules.previous(period)
    found = counts or numbers.counted([(period, grouping)], wanted)
    before = counts or numbers.counted([(earlier, grouping)], [first])
    minimum = minimum or local_rules.on(local.MIN_CASES, to)
    least = int(minimum.value)
    now, then = (_units(c.rows[p, grouping], grain, wanted) for c, p in ((found, period), (before, earlier)))
    ranks, ranks_then = (_ranks(units, first, least) for units in (now, then))
    names = labels.names(grain, now)
    order = sorted(
        (unit for unit in now if unit is not None and _holds(names[unit], shown)),
        key=lambda unit: (unit not in ranks, ranks.get(unit, 0), names[unit][1]),
    )
    page, pages, listed = _part(order, shown)
    known = {grain: names, **({first.split: _names_of_split(now, first)} if first.split else {})}
    rows = [
        LeagueRow(
            label=names[unit][1],
            code=names[unit][0] or None,
            ids={grain: unit},
            rank=ranks.get(unit),
            rank_before=ranks_then.get(unit),
            figures={
                code: numbers.dress(row, known, period, found.digest) for code, row in now[unit].items()
            },
        )
        for unit in listed
    ]
    most = max((abs(value) for value in _values(now, first).values()), default=Fraction(0))
    return League(first, period, rows, least, minimum.source, most, len(order), page, pages, found.digest)


def _holds(name: tuple[str, str], shown: Shown | None) -> bool:
    return shown is None or not shown.text or any(shown.text.lower() in part.lower() for part in name)


def _part(order: Sequence[Value], shown: Shown | None) -> tuple[int, int, Sequence[Value]]:
    """Return the page, how many there are, and its units; a page too far is the last one."""
    if shown is None:
        return 1, 1, order
    pages = max(1, -(-len(order) // shown.size))
    page = min(max(1, shown.page), pages)
    return page, pages, order[(page - 1) * shown.size : page * shown.size]


def _units(rows: Iterable[Row], grain: str, wanted: Sequence[Indicator]) -> dict[Value, dict[str, Row]]:
    codes = {one.code for one in wanted}
    found: dict[Value, dict[str, Row]] = {}
    for row in rows:
        if row.indicator in codes:
            found.setdefault(row.group[row.grouping.index(grain)], {})[row.indicator] = row
    return found


def _names_of_split(units: Units, one: Indicator) -> labels.Names:
    rows = (figures[one.code] for figures in units.values() if one.code in figures)
    return labels.names(one.split, {row.group[row.grouping.index(one.split)] for row in rows})


def _values(units: Units, by: Indicator, least: int = 0) -> dict[Value, Fraction]:
    """Return the value of each unit with so many cases under the line; a plain count leaves nobody out."""
    return {
        unit: value
        for unit, figures in units.items()
        if unit is not None
        and (row := figures.get(by.code)) is not None
        and (row.denominator is None or row.denominator >= max(1, least))
        and (value := rules.exact(row.numerator, row.denominator, by.unit)) is not None
    }


def _ranks(units: Units, by: Indicator, least: int) -> dict[Value, int]:
    values = _values(units, by, least)
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
    official = {} if wanted else standing.own_values([one], periods)
    return [
        Point(period, _of_group(found[period], wanted), official.get((code, period))) for period in periods
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
