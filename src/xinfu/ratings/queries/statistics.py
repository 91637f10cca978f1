"""评价统计 (hall.md §1.7, §1.9): one table, grouped and ordered as asked, instead of a screen for each order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Any

from django.db.models import Case, Count, Q, QuerySet, Sum, When
from django.db.models.functions import TruncMonth

from xinfu.core import clock, local
from xinfu.core.actor import Actor
from xinfu.core.refusal import Refused
from xinfu.ratings import codes, triage
from xinfu.ratings.access import Can
from xinfu.ratings.flow import Status
from xinfu.ratings.models import BAD_LEVELS, BadRating, BadRatingStep, Channel, Level, Rating
from xinfu.ratings.queries import listing
from xinfu.ratings.statistics_local import CANNOT_COUNTS, SMALLEST_GROUP, Spans, fair_spans, fair_words
from xinfu.ratings.telling import PARTS

GROUPINGS: Mapping[str, tuple[str, str, str]] = {
    "department": ("部门", "department_id", "department__short_name"),
    "window": ("窗口", "window_id", "window__name"),
    "town": ("乡镇街道", "town_id", "town__short_name"),
    "item": ("事项", "item_id", "item_name"),
    "channel": ("评价渠道", "channel", ""),
    "level": ("满意度", "level", ""),
    "stage": ("评价环节", "stage", ""),
    "turn": ("首次、追评", "turn", ""),
    "month": ("月份", "", ""),
    "reason": ("评价理由", "", ""),
}
ORDERS = {
    "bad_rate": "差评率", "bad": "差评数", "good_rate": "好评率", "total": "评价总数", "mean": "综合得分",
    "rectified_rate": "差评整改率", "name": "名称",
}  # fmt: skip
Sums = dict[str, Count]
MOST_DAYS = 3700
MOST_EXCLUDED = 50
UNASSIGNED = "未归属"


@dataclass(frozen=True, slots=True)
class Line:
    """One group: active ratings by level, default ratings apart, and what became of the bad ones.

    `key`: what tells groups of one name apart. `is_few`: too few to be told; all numbers are 0 then. `good`: by the county's own rule for 基本满意.
    """

    name: str
    levels: tuple[int, int, int, int, int]
    good: int
    defaults: int = 0
    excluded: int = 0
    valid: int = 0
    rectified: int = 0
    is_few: bool = False
    key: Any = None

    @property
    def total(self) -> int:
        return sum(self.levels)

    @property
    def bad(self) -> int:
        return self.levels[0] + self.levels[1]

    @property
    def points(self) -> int:
        return sum(level * count for level, count in enumerate(self.levels, start=1))

    @property
    def mean(self) -> str:
        """The mean as printed: two decimals, half-up, from whole numbers."""
        hundredths = (200 * self.points + self.total) // (2 * self.total) if self.total else 0
        return f"{hundredths // 100}.{hundredths % 100:02d}"

    def ordered_by(self, order: str) -> Fraction:
        top, bottom = {
            "bad_rate": (self.bad, self.total),
            "bad": (self.bad, 1),
            "good_rate": (self.good, self.total),
            "total": (self.total, 1),
            "mean": (self.points, self.total),
            "rectified_rate": (self.rectified, self.valid),
        }[order]
        return Fraction(top, bottom) if bottom else Fraction(-1)


@dataclass(frozen=True, slots=True)
class Statistics:
    """The whole, and its groups in order; `least`: how many a group needs to be told; `fair`: what 基本满意 counts as."""

    by: str
    whole: Line
    lines: list[Line]
    least: int
    fair: str


@dataclass(frozen=True, slots=True)
class Excluded:
    """A rating that no longer counts: since which day, and why."""

    number: str
    unit: str
    since: Any
    why: str


@dataclass(frozen=True, slots=True)
class RowBehind:
    """One rating behind a number: nothing that tells an anonymous author."""

    code: str
    rated_on: date
    level: str
    channel: str
    department: str
    is_anonymous: bool


def rows_behind(actor: Actor, wanted: Sequence[str]) -> list[RowBehind]:
    """Return the ratings of these codes that the actor may see."""
    found = listing.seen(actor, clock.today()).filter(code__in=wanted).select_related("department")
    return [
        RowBehind(
            row.code, row.rated_on, Level(row.level).label, Channel(row.channel).label,
            row.department.short_name if row.department else "", row.is_anonymous,
        )
        for row in found.order_by("-rated_on", "code")
    ]  # fmt: skip


def bad_without_loop(actor: Actor) -> QuerySet[Rating]:
    """Return the bad ratings whose loop is not open yet, by day and code."""
    rows = Rating.objects.visible_to(actor).filter(level__in=BAD_LEVELS, loop=None)
    return rows.exclude(channel=Channel.DEFAULT).order_by("rated_on", "code")


def statistics(
    actor: Actor,
    frm: date,
    to: date,
    by: str = "department",
    order: str = "bad_rate",
    department: int | None = None,
) -> Statistics:
    """Return the ratings of a period in one grouping, of all units or of one.

    Refused: days reversed, too long, unknown grouping or order.
    """
    actor.require(Can.SEE)
    if frm > to:
        raise Refused("period_reversed", f"开始日期 {frm} 晚于结束日期 {to}，请对调。", field="from")
    if (to - frm).days >= MOST_DAYS:
        raise Refused("period_too_long", "一次最多统计十年，请缩短期间。", field="to")
    if by not in GROUPINGS or order not in ORDERS:
        raise Refused("unknown_grouping", "没有这种分组或排序，请从列表中选。", field="by")
    today = clock.today()
    least = int(local.on(SMALLEST_GROUP, today).value)
    fair = fair_spans(frm, to)
    rows = listing.seen(actor, today).filter(rated_on__range=(frm, to))
    rows = rows.filter(department_id=department) if department else rows
    sums = _sums(fair)
    due = _due(actor, frm, min(to, today), department)
    whole = _with_due([next(iter(_lines(rows.order_by(), (), sums)), _empty())], _due_by(due, ""))[0]
    if whole.total < least:
        return Statistics(by, _few(whole), [], least, fair_words(fair, frm, to))
    lines = _hidden(_with_due(_grouped(rows, by, fair, sums), _due_by(due, by)), least)
    if order != "name":
        lines.sort(key=lambda line: (line.is_few, -line.ordered_by(order)))
    return Statistics(by, whole, lines, least, fair_words(fair, frm, to))


def _good(fair: Spans) -> Q:
    """Return the condition of a good rating: 4 and 5, and 3 where the county's rule of its day says so."""
    days = Q(pk=None)
    for span in fair:
        days |= Q(rated_on__range=span)
    return Q(level__gte=Level.GOOD) | (Q(level=Level.FAIR) & days)


def _hidden(lines: list[Line], least: int) -> list[Line]:
    """Return the lines by name, without the numbers of those too small to be told.

    Where these together are too small as well, the next smallest go with them: the whole less the rest would tell.
    """
    lines.sort(key=lambda line: (line.total, line.name))
    small = sum(line.total < least for line in lines)
    left_out = sum(line.total for line in lines[:small])
    while 0 < left_out < least and small < len(lines):
        left_out += lines[small].total
        small += 1
    return sorted([*map(_few, lines[:small]), *lines[small:]], key=lambda line: line.name)


def excluded(actor: Actor, frm: date, to: date) -> list[Excluded]:
    """Return the bad ratings of a period that left the statistics (upheld appeals), latest first."""
    loops = BadRating.objects.visible_to(actor).filter(
        status=Status.INVALID, rating__rated_on__range=(frm, to)
    )
    found = list(loops.select_related("department").order_by("-finished_on", "number")[:MOST_EXCLUDED])
    why = dict(BadRatingStep.objects.filter(loop__in=found, move="uphold").values_list("loop_id", "note"))
    return [
        Excluded(
            loop.number, loop.department.short_name if loop.department else "", loop.finished_on,
            why.get(loop.pk, ""),
        )
        for loop in found
    ]  # fmt: skip


def _grouped(rows: QuerySet[Rating], by: str, fair: Spans, sums: Sums) -> list[Line]:
    if by == "reason":
        return _by_reason(rows, fair)
    if by == "month":
        return _lines(rows.annotate(in_month=TruncMonth("rated_on")).order_by(), ("in_month",), sums)
    title, key, name = GROUPINGS[by]
    if by not in PARTS:
        return _lines(rows.order_by(), (key, name) if name else (key,), sums)
    shown = rows.filter(listing.told(by)).order_by()
    lines = _lines(shown, ("item_name",) if by == "item" else (key, name), sums)
    hidden = next(iter(_lines(rows.exclude(listing.told(by)).order_by(), (), sums)), _empty())
    return [*lines, replace(hidden, name=_untold(title))] if hidden.total or hidden.defaults else lines


def _due(actor: Actor, frm: date, to: date, department: int | None) -> QuerySet[BadRating]:
    """Return the valid bad ratings whose term ended in the period, of the units in charge of them now."""
    scope = actor.scope(Can.SEE)
    loops = BadRating.objects.filter(rectify_due_on__range=(frm, to), rating__excluded_at=None)
    loops = loops if scope.everything else loops.filter(department_id__in=scope.units)
    for first, last, value in local.spans(CANNOT_COUNTS, date(2000, 1, 1), to):
        if value == "no":
            loops = loops.exclude(status=Status.CANNOT, rating__rated_on__range=(first, last))
    loops = loops.filter(department=department) if department else loops
    return loops.annotate(
        is_rectified=Case(When(status=Status.RECTIFIED, finished_on__lte=to, then=1), default=0)
    ).order_by()


def _due_by(loops: QuerySet[BadRating], by: str) -> list[Line]:
    """Return what was due, and rectified by the period's end, as lines without a rating."""
    if by == "reason":
        return []
    if not by:
        return _due_lines(loops, ())
    if by == "month":
        return _due_lines(loops.annotate(in_month=TruncMonth("rectify_due_on")), ("in_month",))
    title, key, name = GROUPINGS[by]
    if by == "department":
        return _due_lines(loops, (key, name))
    keys = ("item_name",) if by == "item" else (key, name) if name else (key,)
    of_rating = tuple(f"rating__{one}" for one in keys)
    if by not in PARTS:
        return _due_lines(loops, of_rating)
    told = Rating.objects.filter(listing.told(by)).order_by()
    hidden = [replace(line, name=_untold(title)) for line in _due_lines(loops.exclude(rating__in=told), ())]
    return [*_due_lines(loops.filter(rating__in=told), of_rating), *hidden]


def _due_lines(loops: QuerySet[BadRating], keys: tuple[str, ...]) -> list[Line]:
    counted = {"due": Count("pk"), "done": Sum("is_rectified")}
    found = loops.values(*keys).annotate(**counted) if keys else [loops.aggregate(**counted)]
    return [
        replace(
            _empty(),
            name=_name(keys[-1].removeprefix("rating__"), row[keys[-1]]) if keys else "合计",
            key=row[keys[0]] if keys else None,
            valid=row["due"],
            rectified=row["done"] or 0,
        )
        for row in found
    ]


def _untold(title: str) -> str:
    return f"匿名评价，不分{title}"


def _with_due(lines: list[Line], due: list[Line]) -> list[Line]:
    """Put what was due beside the ratings; a group without a rating in the period stands with what was due alone."""
    left = {(line.key, line.name): line for line in due if line.valid}
    both = []
    for line in lines:
        of = left.pop((line.key, line.name), None)
        both.append(replace(line, valid=of.valid, rectified=of.rectified) if of else line)
    return [*both, *left.values()]


def _sums(fair: Spans) -> Sums:
    active = ~Q(channel=Channel.DEFAULT) & Q(excluded_at=None)
    return {
        **{f"n{level}": Count("id", filter=active & Q(level=level)) for level in Level},
        "good": Count("id", filter=active & _good(fair)),
        "defaults": Count("id", filter=Q(channel=Channel.DEFAULT)),
        "out": Count("id", filter=Q(excluded_at__isnull=False)),
    }


def _lines(rows: QuerySet[Rating], keys: Sequence[str], sums: Sums) -> list[Line]:
    if not keys:
        return [_line("合计", rows.aggregate(**sums))]
    found = rows.values(*keys).annotate(**sums)
    return [replace(_line(_name(keys[-1], row[keys[-1]]), row), key=row[keys[0]]) for row in found]


def _line(name: str, row: Mapping[str, Any]) -> Line:
    levels = (row["n1"], row["n2"], row["n3"], row["n4"], row["n5"])
    return Line(name, levels, row["good"], row["defaults"], row["out"])


def _by_reason(rows: QuerySet[Rating], fair: Spans) -> list[Line]:
    active = rows.exclude(channel=Channel.DEFAULT).exclude(reason_codes="").filter(excluded_at=None)
    found = active.order_by().values_list("reason_codes", "level")
    counts: dict[str, list[int]] = {}
    good: Counter[str] = Counter()
    for together, level, times, of_good in found.annotate(
        times=Count("id"), good=Count("id", filter=_good(fair))
    ):
        for code in triage.split(together):
            counts.setdefault(code, [0] * 5)[level - 1] += times
            good[code] += of_good
    return [
        Line(_reason(code), (one, two, three, four, five), good[code])
        for code, (one, two, three, four, five) in counts.items()
    ]


def _reason(code: str) -> str:
    return f"{code} {codes.REASONS[code].text}" if code in codes.REASONS else code


def _name(key: str, value: Any) -> str:
    if value is None or value == "":
        return UNASSIGNED
    if key == "in_month":
        return f"{value:%Y-%m}"
    if key in ("channel", "level", "stage"):
        field = Rating._meta.get_field(key)
        return str(dict(getattr(field, "flatchoices", ())).get(value, value))
    if key == "turn":
        return "首次评价" if value == 1 else "追评"
    return str(value)


def _empty() -> Line:
    return Line("合计", (0, 0, 0, 0, 0), 0)


def _few(line: Line) -> Line:
    return Line(line.name, (0, 0, 0, 0, 0), 0, is_few=True)
