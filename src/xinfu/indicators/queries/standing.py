"""Where the county stands: rank, colour, target, change, history, league tables, and the way to the next band."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from django.db.models import Count, Q

from xinfu.core.actor import Actor
from xinfu.core.registry import Indicator
from xinfu.indicators import rules
from xinfu.indicators.access import Can
from xinfu.indicators.models import ColourMethod, ColourRule, ImportedValue, Target
from xinfu.indicators.queries import numbers
from xinfu.indicators.queries.numbers import FigureRow
from xinfu.indicators.rules import Bounds, Period


@dataclass(frozen=True, slots=True)
class Scale:
    """The colour rule in force on a day; `since` is None for the default."""

    method: str
    bounds: Bounds
    since: date | None
    source: str

    @property
    def is_default(self) -> bool:
        return self.since is None


@dataclass(frozen=True, slots=True)
class Goal:
    """The target in force on a day."""

    value: str
    since: date
    source: str

    @property
    def exact(self) -> Fraction:
        return Fraction(self.value)


@dataclass(frozen=True, slots=True)
class Peer:
    """One county of an imported table; `rank` as printed, or computed from the values where none was printed."""

    region: str
    printed: str
    rank: int | None
    colour: str
    is_own: bool
    rank_printed: bool
    source: str
    revision: int
    corrected_at: datetime | None = None

    @property
    def exact(self) -> Fraction | None:
        return Fraction(self.printed) if self.printed else None


@dataclass(frozen=True, slots=True)
class Standing:
    """One indicator of the county over a period, with all that a card or a bulletin says about it.

    `change`: exact difference to the period before (百分点 for rates); `rank_change` > 0 is a rise. `gap`: what is
    missing to the target (0 where reached). `band`: colour code, blank where the rule cannot tell.
    """

    figure: FigureRow
    official: FigureRow | None
    before: FigureRow | None
    change: Fraction | None
    rank: int | None
    peers: int
    rank_change: int | None
    band: str
    band_before: str
    scale: Scale
    goal: Goal | None
    gap: Fraction | None

    @property
    def indicator(self) -> Indicator:
        return self.figure.indicator

    @property
    def band_label(self) -> str:
        return rules.COLOURS.get(self.band, "")

    @property
    def improved(self) -> bool | None:
        """Whether the change is for the better; None where there is none or nothing is better."""
        if not self.change or self.indicator.better == "none":
            return None
        return (self.change > 0) == (self.indicator.better == "up")

    def points(self, number: Fraction | None) -> str:
        """Return a difference as printed, with its sign left to the caller."""
        return "" if number is None else rules.rounded(abs(number), self.indicator.decimals)


def standings(
    actor: Actor,
    frm: date,
    to: date,
    codes: Iterable[str] | None = None,
    loaded: numbers.Loaded | None = None,
) -> list[Standing]:
    """Return how the county stands on each indicator over a period, beside the period before; shares left out.

    `loaded`: figures that were read already.
    """
    actor.require(Can.SEE)
    numbers.check_period(frm, to)
    wanted = [one for one in numbers.chosen(codes) if not one.split]
    period = Period(frm, to)
    earlier = rules.previous(period)
    found = loaded or numbers.load([(period, ()), (earlier, ())], wanted)
    values = imported(wanted, [period, earlier])
    scales, goals = scales_on(to), goals_on(to)
    before = {row.code: row for row in found[earlier, ()]}
    return [
        _standing(row, before.get(row.code), values, (period, earlier), scales, goals.get(row.code))
        for row in found[period, ()]
        if row.indicator in wanted
    ]


def _standing(
    row: FigureRow,
    before: FigureRow | None,
    values: Mapping[tuple[str, Period], list[Peer]],
    periods: tuple[Period, Period],
    scales: Mapping[str, Scale],
    goal: Goal | None,
) -> Standing:
    now, then = (values.get((row.code, period), []) for period in periods)
    own, own_then = own_of(now), own_of(then)
    scale = scales.get(row.code) or scales[""]
    exact, exact_then = row.exact, before.exact if before else None
    rank, rank_then = own.rank if own else None, own_then.rank if own_then else None
    return Standing(
        figure=row,
        official=_official(row, own),
        before=before,
        change=exact - exact_then if exact is not None and exact_then is not None else None,
        rank=rank,
        peers=len(now),
        rank_change=rank_then - rank if rank is not None and rank_then is not None else None,
        band=band(scale, row, own, len(now), goal),
        band_before=band(scale, before, own_then, len(then), goal) if before else "",
        scale=scale,
        goal=goal,
        gap=rules.shortfall(exact, goal.exact, row.indicator.better) if goal and exact is not None else None,
    )


def _official(row: FigureRow, own: Peer | None) -> FigureRow | None:
    if own is None or not own.printed:
        return None
    return FigureRow(
        indicator=row.indicator, frm=row.frm, to=row.to, group={}, labels={}, ids={}, numerator=None,
        denominator=None, snapshot=row.snapshot, origin="imported", printed=own.printed, source=own.source,
    )  # fmt: skip


def own_of(peers: Iterable[Peer]) -> Peer | None:
    return next((peer for peer in peers if peer.is_own), None)


def band(scale: Scale, row: FigureRow | None, own: Peer | None, count: int, goal: Goal | None) -> str:
    """Return the colour that the rule gives; blank where what it needs is not there."""
    if scale.method == ColourMethod.IMPORTED:
        return own.colour if own else ""
    if scale.method == ColourMethod.RANK_QUANTILE:
        return rules.band_by_rank(own.rank, count, scale.bounds) if own and own.rank else ""
    exact = row.exact if row else None
    if row is None or exact is None:
        return ""
    better = row.indicator.better
    if scale.method == ColourMethod.SCORE:
        return rules.band_by_value(exact, better, scale.bounds)
    return rules.band_by_gap(exact, goal.exact, better, scale.bounds) if goal else ""


def scales_on(day: date) -> dict[str, Scale]:
    """Return the colour rules in force on a day by indicator; "" is the rule for all others."""
    found = {"": Scale(ColourMethod.RANK_QUANTILE, rules.DEFAULT_BOUNDS, None, rules.DEFAULT_SOURCE)}
    for rule in ColourRule.objects.filter(since__lte=day).order_by("since"):
        found[rule.indicator] = Scale(rule.method, rules.bounds_from(rule.bounds), rule.since, rule.source)
    return found


def goals_on(day: date) -> dict[str, Goal]:
    """Return the targets in force on a day by indicator."""
    rows = Target.objects.filter(since__lte=day).order_by("since")
    return {row.indicator: Goal(row.value, row.since, row.source) for row in rows}


# --- peers ------------------------------------------------------------------------------------------


def peers(actor: Actor, code: str, frm: date, to: date) -> list[Peer]:
    """Return the imported table of counties for an indicator and exactly this period, best first."""
    actor.require(Can.SEE)
    one = numbers.indicator(code)
    found = imported([one], [Period(frm, to)]).get((code, Period(frm, to)), [])
    return sorted(found, key=lambda peer: (peer.rank or len(found) + 1, peer.region))


def peer_periods(actor: Actor, code: str) -> list[Period]:
    """Return the periods for which a table of counties was imported, newest first."""
    actor.require(Can.SEE)
    rows = ImportedValue.objects.filter(indicator=code, is_latest=True, department__isnull=True)
    return [Period(frm, to) for frm, to in rows.order_by("-to", "-frm").values_list("frm", "to").distinct()]


@dataclass(frozen=True, slots=True)
class TableTakenIn:
    """One published table: indicator, period, how many lines, how many of them corrections."""

    code: str
    title: str
    frm: date
    to: date
    rows: int
    corrected: int
    source: str


def recent_imports(actor: Actor, most: int = 50) -> list[TableTakenIn]:
    """Return the published tables that were taken in, newest period first."""
    actor.require(Can.SEE)
    found = (
        ImportedValue.objects.filter(is_latest=True)
        .values("indicator", "frm", "to", "source")
        .annotate(rows=Count("pk"), corrected=Count("pk", filter=Q(revision__gt=1)))
        .order_by("-to", "-frm", "indicator", "source")[:most]
    )
    return [
        TableTakenIn(
            row["indicator"], numbers.title_of(row["indicator"]), row["frm"], row["to"], row["rows"],
            row["corrected"], row["source"],
        )
        for row in found
    ]  # fmt: skip


def imported(wanted: Sequence[Indicator], periods: Sequence[Period]) -> dict[tuple[str, Period], list[Peer]]:
    days = Q()
    for period in periods:
        days |= Q(frm=period.frm, to=period.to)
    rows = ImportedValue.objects.filter(
        days, indicator__in=[one.code for one in wanted], is_latest=True, department__isnull=True
    )
    tables: dict[tuple[str, Period], list[ImportedValue]] = {}
    for row in rows.order_by("pk"):
        tables.setdefault((row.indicator, Period(row.frm, row.to)), []).append(row)
    better = {one.code: one.better for one in wanted}
    return {key: _table(found, better[key[0]]) for key, found in tables.items()}


def own_values(wanted: Sequence[Indicator], periods: Sequence[Period]) -> dict[tuple[str, Period], Peer]:
    """Return the county's own line of each imported table; whole tables are read only where no rank was printed."""
    days = Q()
    for period in periods:
        days |= Q(frm=period.frm, to=period.to)
    rows = ImportedValue.objects.filter(
        days, indicator__in=[one.code for one in wanted], is_latest=True, is_own=True, department__isnull=True
    )
    own = {(row.indicator, Period(row.frm, row.to)): row for row in rows.order_by("pk")}
    unranked = [key for key, row in own.items() if row.printed and not row.rank]
    ranked = {key: peer for key, row in own.items() if key not in unranked for peer in _table([row], "up")}
    if unranked:
        codes = {code for code, _ in unranked}
        tables = imported([one for one in wanted if one.code in codes], [period for _, period in unranked])
        ranked |= {key: peer for key in unranked if (peer := own_of(tables.get(key, []))) is not None}
    return ranked


def _table(rows: Sequence[ImportedValue], better: str) -> list[Peer]:
    """Give each county its rank: the printed one, else by the printed values, equal values sharing it."""
    valued = [row for row in rows if row.printed]
    computed = dict(
        zip(
            [row.pk for row in valued],
            rules.ranks([Fraction(row.printed) for row in valued], better),
            strict=True,
        )
    )
    return [
        Peer(
            row.region, row.printed, row.rank or computed.get(row.pk), row.colour, row.is_own, bool(row.rank),
            row.source, row.revision, row.imported_at if row.revision > 1 else None,
        )
        for row in rows
    ]  # fmt: skip
