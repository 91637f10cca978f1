"""The way to the next band: how many cases, and from which units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from xinfu.core.actor import Actor
from xinfu.core.refusal import Refused
from xinfu.core.registry import Indicator
from xinfu.indicators import rules
from xinfu.indicators.access import Can
from xinfu.indicators.engine import Grouping, Value, grouping_of
from xinfu.indicators.models import ColourMethod
from xinfu.indicators.queries import numbers, standing
from xinfu.indicators.queries.numbers import FigureRow
from xinfu.indicators.queries.standing import Goal, Peer, Scale
from xinfu.indicators.rules import Need, Period


@dataclass(frozen=True, slots=True)
class Share:
    """A unit's part: how many cases it lost, and how many of them it should put right."""

    label: str
    ids: Mapping[str, Value]
    lost: int
    needed: int


@dataclass(frozen=True, slots=True)
class Gap:
    """What it takes to reach the next better band, or the target: `limit` is the value to reach, `goal` its name."""

    figure: FigureRow
    band: str
    next_band: str
    limit: Fraction | None
    goal: str
    need: Need | None
    shares: list[Share]
    scale: Scale


def gap(actor: Actor, code: str, frm: date, to: date, grain: str = "department") -> Gap:
    """Return how many cases, and from which units, bring a rate to its next band (exact whole numbers).

    Without a band to reach, the target is taken. Refused: indicators that are no share of cases.
    """
    actor.require(Can.SEE)
    one = numbers.indicator(code)
    plain = one.denominator is not None and one.numerator.measure == one.denominator.measure == "1"
    if not plain or one.view != "cases" or one.better == "none" or one.split:
        raise Refused("no_gap", f"“{one.title}”不是办件的比例，不能换算为件数。")
    numbers.check_period(frm, to)
    period = Period(frm, to)
    (figure,) = numbers.of_periods([period], (), [one])[period]
    table = standing.imported([one], [period]).get((code, period), [])
    scale = standing.scales_on(to)
    rule, goal = scale.get(code) or scale[""], standing.goals_on(to).get(code)
    now = standing.band(rule, figure, standing.own_of(table), len(table), goal)
    next_band, limit = _next(rule, now, table, one.better, goal)
    name = f"{rules.COLOURS[next_band]}档" if next_band else ""
    if (
        limit is None
        and goal is not None
        and figure.exact is not None
        and not rules.reaches(figure.exact, goal.exact, one.better)
    ):
        limit, name = goal.exact, "目标"
    need, shares = None, []
    if limit is not None:
        need = rules.cases_to_reach(figure.numerator or 0, figure.denominator or 0, limit / 100, one.better)
        shares = _shares(one, period, grouping_of([grain]), need.corrected or 0)
    return Gap(figure, now, next_band, limit, name, need, shares, rule)


def _next(
    scale: Scale, now: str, table: Sequence[Peer], better: str, goal: Goal | None
) -> tuple[str, Fraction | None]:
    """Return the next better band and the value that reaches it."""
    colours = [colour for colour, _ in scale.bounds]
    place = colours.index(now) if now in colours else 0
    if place == 0:
        return "", None
    colour, bound = scale.bounds[place - 1]
    if bound is None or scale.method == ColourMethod.IMPORTED:
        return "", None
    if scale.method == ColourMethod.SCORE:
        return colour, bound
    if scale.method == ColourMethod.GAP_TO_TARGET and goal is not None:
        return colour, goal.exact + bound if better == "down" else goal.exact - bound
    others = sorted(
        (p.exact for p in table if not p.is_own and p.exact is not None), reverse=better != "down"
    )
    place_wanted = int(bound * len(table))
    if not 1 <= place_wanted <= len(others):
        return "", None
    return colour, others[place_wanted - 1]


def _shares(one: Indicator, period: Period, grouping: Grouping, need: int) -> list[Share]:
    """Return the units that lost cases, the largest loss first, and what each should put right."""
    rows = numbers.of_periods([period], grouping, [one])[period]
    up = one.better == "up"
    lost = {
        i: (r.denominator or 0) - (r.numerator or 0) if up else r.numerator or 0 for i, r in enumerate(rows)
    }
    taken = dict(rules.share_out(need, list(lost.items())))
    found = [
        Share("、".join(row.labels.values()), row.ids, lost[i], taken.get(i, 0))
        for i, row in enumerate(rows)
        if lost[i] > 0
    ]
    return sorted(found, key=lambda share: (-share.lost, share.label))
