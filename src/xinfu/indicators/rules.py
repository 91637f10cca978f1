"""Arithmetic of indicators: periods, rounding, ranks, colour bands, and the gap to the next band. Whole numbers only."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

# --- periods ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Days from `frm` to `to`, both counted."""

    frm: date
    to: date

    @property
    def days(self) -> int:
        return (self.to - self.frm).days + 1

    @property
    def is_month(self) -> bool:
        return self == month_of(self.frm)

    @property
    def is_week(self) -> bool:
        return self == week_of(self.frm)


def month_of(day: date) -> Period:
    last = calendar.monthrange(day.year, day.month)[1]
    return Period(day.replace(day=1), day.replace(day=last))


def week_of(day: date) -> Period:
    """Return the ISO week, Monday to Sunday."""
    monday = day - timedelta(days=day.weekday())
    return Period(monday, monday + timedelta(days=6))


def year_to(day: date) -> Period:
    return Period(day.replace(month=1, day=1), day)


def previous(period: Period) -> Period:
    """Return the period before: the month before a month (or before whole months), else the same number of days."""
    if period.frm.day == 1 and period.to == month_of(period.to).to:
        months = (period.to.year - period.frm.year) * 12 + period.to.month - period.frm.month + 1
        return Period(months_before(period.frm, months), period.frm - timedelta(days=1))
    return Period(period.frm - timedelta(days=period.days), period.frm - timedelta(days=1))


def months_before(first: date, count: int) -> date:
    """Return the first day of the month `count` months before the one of `first`."""
    number = first.year * 12 + first.month - 1 - count
    return date(number // 12, number % 12 + 1, 1)


def usual_periods(today: date) -> list[Period]:
    """Return the periods that boards show: this month and year so far, the last 12 whole months, the last 8 weeks.

    Whole months and weeks run to the day before today; the current ones up to today.
    """
    found = [Period(today.replace(day=1), today), year_to(today)]
    found += [month_of(months_before(today.replace(day=1), n)) for n in range(1, 13)]
    monday = week_of(today).frm
    found += [week_of(monday - timedelta(weeks=n)) for n in range(1, 9)]
    found += [Period(monday, today), year_to(month_of(months_before(today.replace(day=1), 1)).to)]
    return list(dict.fromkeys(found))


# --- values -----------------------------------------------------------------------------------------


def exact(numerator: int, denominator: int | None, unit: str) -> Fraction | None:
    """Return the value without rounding: a count, a percentage, or a mean; None where there is nothing to divide by."""
    if denominator is None:
        return Fraction(numerator)
    if denominator == 0:
        return None
    return Fraction(numerator * (100 if unit == "%" else 1), denominator)


def shown(numerator: int, denominator: int | None, unit: str, decimals: int) -> str | None:
    """Return the value as it is printed, rounded half-up; a count has no decimals."""
    value = exact(numerator, denominator, unit)
    return None if value is None else rounded(value, 0 if denominator is None else decimals)


def rounded(value: Fraction, decimals: int) -> str:
    """Return a fraction in decimal, rounded half-up away from zero, computed on whole numbers."""
    scale = 10**decimals
    scaled = abs(value) * scale
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    digits = f"{whole // scale}.{whole % scale:0{decimals}d}" if decimals else str(whole)
    return f"-{digits}" if value < 0 and whole else digits


def is_number(text: str) -> bool:
    """Return whether the text is a plain decimal number as bulletins print it."""
    head, _, tail = text.removeprefix("-").partition(".")
    plain = text.isascii() and len(text) <= 20
    return plain and head.isdigit() and (tail.isdigit() or "." not in text)


def same_as_printed(value: Fraction, printed: str) -> bool:
    """Return whether the exact value, rounded half-up to the printed number's decimals, is the printed number."""
    with localcontext() as context:
        context.prec = 60
        decimals = -int(Decimal(printed).as_tuple().exponent)
        mine = Decimal(value.numerator) / Decimal(value.denominator)
        return mine.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP) == Decimal(printed)


# --- ranks ------------------------------------------------------------------------------------------


def ranks(values: Sequence[Fraction], better: str) -> list[int]:
    """Return each value's rank, best first; equal values share a rank and the next one is skipped (1, 2, 2, 4)."""
    best_first = sorted(values, reverse=better != "down")
    first_at: dict[Fraction, int] = {}
    for place, value in enumerate(best_first, start=1):
        first_at.setdefault(value, place)
    return [first_at[value] for value in values]


def wrong_correction(numerator: int, denominator: int | None, unit: str) -> str | None:
    """Return why two numbers cannot be a figure's numerator and denominator; `denominator` is None for a count."""
    if numerator < 0 or (denominator is not None and denominator < 0):
        return "分子、分母不能是负数。"
    if unit == "%" and denominator is not None and numerator > denominator:
        return f"分子 {numerator} 大于分母 {denominator}，请核对。"
    return None


# --- colour bands -----------------------------------------------------------------------------------

COLOURS = {"green": "绿", "blue": "蓝", "yellow": "黄", "orange": "橙", "red": "红"}
Bounds = tuple[tuple[str, Fraction | None], ...]

# No published rule was found (hall.md §3.4): five bands by rank among the counties, until the county sets its own.
DEFAULT_BOUNDS: Bounds = (
    ("green", Fraction(1, 5)),
    ("blue", Fraction(2, 5)),
    ("yellow", Fraction(3, 5)),
    ("orange", Fraction(4, 5)),
    ("red", None),
)
DEFAULT_SOURCE = "系统默认：按在全省各县（市、区）中的名次分五档；未见省级公开规则"


def band_by_rank(rank: int, count: int, bounds: Bounds) -> str:
    """Return the first band whose share of the counties holds the rank."""
    return next(colour for colour, limit in bounds if limit is None or rank <= limit * count)


def band_by_value(value: Fraction, better: str, bounds: Bounds) -> str:
    """Return the first band whose limit the value reaches: at least it where more is better, else at most."""
    return next(colour for colour, limit in bounds if limit is None or reaches(value, limit, better))


def band_by_gap(value: Fraction, target: Fraction, better: str, bounds: Bounds) -> str:
    """Return the band by how far the value falls short of the target (0 where it reaches it)."""
    gap = shortfall(value, target, better)
    return next(colour for colour, limit in bounds if limit is None or gap <= limit)


def shortfall(value: Fraction, target: Fraction, better: str) -> Fraction:
    return max(Fraction(0), value - target if better == "down" else target - value)


def reaches(value: Fraction, limit: Fraction, better: str) -> bool:
    return value <= limit if better == "down" else value >= limit


def bounds_from(raw: Iterable[Sequence[str | None]]) -> Bounds:
    """Return stored bounds as exact numbers."""
    return tuple((str(colour), None if limit is None else Fraction(limit)) for colour, limit in raw)


def wrong_bounds(method: str, better_is_up: bool, bounds: Bounds) -> str | None:
    """Return why bounds are no bounds: known colours, each once, limits in order, the last one open."""
    colours = [colour for colour, _ in bounds]
    limits = [limit for _, limit in bounds[:-1]]
    if len(bounds) < 2 or len(set(colours)) != len(colours) or not set(colours) <= set(COLOURS):
        return f"请写两档以上，颜色从{'、'.join(COLOURS.values())}中选，各用一次。"
    if bounds[-1][1] is not None or None in limits:
        return "只有最后一档不设界，前面各档都要设界。"
    known = [limit for limit in limits if limit is not None]
    falling = method == "score" and better_is_up
    in_order = sorted(set(known), reverse=falling)
    if known != in_order:
        return "各档的界应由好到差依次排列，不能重复。"
    if method == "rank_quantile" and not all(0 < limit < 1 for limit in known):
        return "按名次分档的界应在 0 与 1 之间，如前20%写 0.2。"
    return None


# --- the gap to the next band -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Need:
    """How many cases reach a limit: `corrected` of those that count against us, or `added` new good ones.

    None where no number of them does.
    """

    corrected: int | None
    added: int | None


def cases_to_reach(numerator: int, denominator: int, limit: Fraction, better: str) -> Need:
    """Return the least number of cases with which numerator ÷ denominator reaches the limit (a plain ratio)."""
    return Need(
        _corrected(numerator, denominator, limit, better), _added(numerator, denominator, limit, better)
    )


def _corrected(n: int, d: int, limit: Fraction, better: str) -> int | None:
    """Solve (n ± k) / d for the least k: the same cases, k of them put right."""
    if d == 0:
        return None
    if better == "down":
        least = max(0, n - _floor(limit * d))
        return least if least <= n else None
    least = max(0, _ceiling(limit * d) - n)
    return least if n + least <= d else None


def _added(n: int, d: int, limit: Fraction, better: str) -> int | None:
    """Solve (n + k) / (d + k), or n / (d + k) where less is better, for the least k (at least one case there)."""
    first = 1 if d == 0 else 0
    if better == "down":
        if limit <= 0:
            return first if n == 0 else None
        return max(first, _ceiling(n / limit) - d)
    if limit >= 1:
        return first if limit == 1 and n == d else None
    return max(first, _ceiling((limit * d - n) / (1 - limit)))


def _floor(value: Fraction) -> int:
    return value.numerator // value.denominator


def _ceiling(value: Fraction) -> int:
    return -(-value.numerator // value.denominator)


def share_out(need: int, losses: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return how many of the needed cases each (key, loss) should put right: the largest losses first."""
    left = need
    found = []
    for key, loss in sorted(losses, key=lambda pair: (-pair[1], pair[0])):
        taken = min(left, loss)
        if taken:
            found.append((key, taken))
        left -= taken
    return found
