"""What anybody may read of a window's or an item's ratings: whole months only, in groups that hide who rated.

Whoever could watch the numbers change from one customer to the next would know what each had chosen. So only months
that are over count, and of them only those with at least `ratings.smallest_group` active ratings, and as many
anonymous ones, if any: staff know those by name, and would have the others by subtraction. A text without a name
stands there where so many rated without a name at the same window on the same day (on an item's page: of the same
item at the same window), as on the screens of the staff.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.db.models import Count, QuerySet

from xinfu.catalog import queries as catalog
from xinfu.core import local
from xinfu.core.actor import system
from xinfu.core.privacy import mask, unseal
from xinfu.core.refusal import NotFound
from xinfu.people import queries as people
from xinfu.ratings.models import Channel, Level, Rating
from xinfu.ratings.statistics_local import SMALLEST_GROUP, fair_spans, fair_words

if TYPE_CHECKING:
    from xinfu.people.models import Window

MONTHS = 12
MOST_TEXTS = 1000
MOST_FOUND = 20
SHORTEST_WORD = 2
NOBODY = "匿名用户"
NUMBER = re.compile(r"[0-9０-９A-Za-z][0-9０-９A-Za-z\-－ ]{4,}[0-9０-９A-Za-z]")
HIDDEN = "****"


@dataclass(frozen=True, slots=True)
class Published:
    """One page's numbers, by level ascending, over the months that are told; the texts by code, newest month first.

    `is_few`: no month is told. `left_out`: months of the period that have ratings, but too few to be told.
    """

    frm: date
    to: date
    least: int
    levels: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0)
    good: int = 0
    fair: str = ""
    defaults: int = 0
    left_out: int = 0
    texts: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        return sum(self.levels)

    @property
    def is_few(self) -> bool:
        return not self.total

    @property
    def bars(self) -> list[tuple[str, int, int]]:
        """Return label, count, and whole percent of the width, from the best level down."""
        most = max(self.levels) or 1
        return [
            (str(Level(level).label), self.levels[level - 1], round(100 * self.levels[level - 1] / most))
            for level in sorted(Level.values, reverse=True)
        ]


@dataclass(frozen=True, slots=True)
class Text:
    """One published text: the month only, a masked name or none."""

    month: date
    level: str
    name: str
    text: str
    is_again: bool


@dataclass(frozen=True, slots=True)
class Found:
    """One window or item to choose: its address' key, its name, whose it is."""

    key: str
    name: str
    unit: str


# --- choosing --------------------------------------------------------------------------------------


def windows(text: str = "") -> list[Found]:
    """Return the open windows, or those whose name, hall, unit or code has the text."""
    rows = people.windows(system("ratings")).open()
    return [
        Found(str(row.pk), row.name, f"{row.department.short_name}{f' · {row.hall}' if row.hall else ''}")
        for row in rows
        if text.lower() in f"{row.name} {row.code} {row.hall} {row.department.name}".lower()
    ]


def items(text: str, day: date) -> list[Found]:
    """Return at most twenty items by part of the name or the code; none for less than two letters."""
    if len(text) < SHORTEST_WORD:
        return []
    found = catalog.search(system("ratings"), text, day, MOST_FOUND)
    return [Found(v.item.code, v.name, v.department.short_name if v.department else "") for v in found]


def window(pk: int) -> Window:
    return people.get_window(system("ratings"), pk)


def item(code: str, day: date) -> tuple[int, Found]:
    """Return an item's id, and how it is called on the day. Raises NotFound."""
    version = catalog.item_on(code, day)
    if version is None:
        raise NotFound("没有这个事项，或者现在不办理。")
    unit = version.department.name if version.department else ""
    return version.item_id, Found(version.item.code, version.name, unit)


# --- numbers ---------------------------------------------------------------------------------------


def months_before(today: date) -> tuple[date, date]:
    """Return the first and the last day of the twelve months that are over."""
    last = today.replace(day=1) - timedelta(days=1)
    return date(today.year - 1, today.month, 1), last


def of_window(window_id: int, today: date) -> Published:
    return _published(Rating.objects.filter(window=window_id), today, by_window=False)


def of_item(item_id: int, today: date) -> Published:
    return _published(Rating.objects.filter(item=item_id), today, by_window=True)


def _published(rows: QuerySet[Rating], today: date, *, by_window: bool) -> Published:
    frm, to = months_before(today)
    least = int(local.on(SMALLEST_GROUP, today).value)
    fair = fair_spans(frm, to)
    rows = rows.filter(excluded_at=None, rated_on__range=(frm, to)).order_by()
    keys = ("rated_on", "level", "channel", "is_anonymous", *(("window",) if by_window else ()))
    counted = list(rows.values_list(*keys).annotate(times=Count("*")))
    months: Counter[date] = Counter()
    hidden: Counter[date] = Counter()
    days: Counter[tuple[date, int | None]] = Counter()
    for on, _, channel, is_anonymous, *place, times in counted:
        if channel != Channel.DEFAULT:
            months[on.replace(day=1)] += times
            hidden[on.replace(day=1)] += times if is_anonymous else 0
            days[on, place[0] if place else None] += times if is_anonymous else 0
    told = {
        month for month, n in months.items() if n >= least and (hidden[month] >= least or not hidden[month])
    }
    levels, good, defaults = [0] * 5, 0, 0
    for on, level, channel, *_, times in counted:
        if on.replace(day=1) not in told:
            continue
        if channel == Channel.DEFAULT:
            defaults += times
        else:
            levels[level - 1] += times
            is_good = level >= Level.GOOD or (level == Level.FAIR and any(a <= on <= b for a, b in fair))
            good += times if is_good else 0
    one, two, three, four, five = levels
    near = {key for key, times in days.items() if times >= least}
    return Published(
        frm, to, least, (one, two, three, four, five), good, fair_words(fair, frm, to), defaults,
        len(months) - len(told), tuple(_texts(rows, told, near, by_window=by_window)),
    )  # fmt: skip


# --- texts -----------------------------------------------------------------------------------------


def _open(rows: QuerySet[Rating]) -> QuerySet[Rating]:
    """Keep the ratings whose text may be published."""
    return rows.filter(may_publish=True, withheld_at=None, excluded_at=None).exclude(text="")


def _texts(
    rows: QuerySet[Rating], told: set[date], near: set[tuple[date, int | None]], *, by_window: bool
) -> Iterable[str]:
    """Return codes, newest month first, within a month by code: no order tells the day."""
    found = _open(rows).values_list("rated_on", "code", "is_anonymous", "window")
    shown = [
        (on.replace(day=1), code)
        for on, code, is_anonymous, place in found
        if on.replace(day=1) in told and (not is_anonymous or (on, place if by_window else None) in near)
    ]
    shown.sort(key=lambda one: one[1])
    shown.sort(key=lambda one: one[0], reverse=True)
    return [code for _, code in shown[:MOST_TEXTS]]


def texts(codes: Sequence[str]) -> list[Text]:
    """Return the texts of these codes in their order; one that was withheld or excluded meanwhile is left out."""
    rows = {row.code: row for row in _open(Rating.objects.filter(code__in=codes)).order_by("code")}
    return [
        Text(
            row.rated_on.replace(day=1), str(row.get_level_display()), _name(row), without_numbers(row.text),
            row.turn == 2,
        )
        for row in (rows[code] for code in codes if code in rows)
    ]  # fmt: skip


def without_numbers(text: str) -> str:
    """Return the text with what could be the number of a case, a person or a telephone hidden."""

    def hidden(found: re.Match[str]) -> str:
        said = found.group(0)
        return HIDDEN if sum(c.isdigit() for c in said) >= 5 else said

    return NUMBER.sub(hidden, text)


def _name(row: Rating) -> str:
    name = "" if row.is_anonymous else unseal(row.sealed).get("name", "")
    return mask("name", name) if name else NOBODY
