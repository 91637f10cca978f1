"""From a number to its records: the same condition over the same snapshot, and only what the reader may open."""

# ruff: noqa: S608 -- statements are built from registered definitions and checked values only

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import QuerySet

from xinfu.cases import queries as cases
from xinfu.cases.access import Can as CaseCan
from xinfu.catalog import queries as catalog
from xinfu.core.actor import Actor
from xinfu.core.refusal import Refused
from xinfu.core.registry import Indicator, derived_views
from xinfu.indicators import engine, rules, snapshots
from xinfu.indicators.access import Can
from xinfu.indicators.definitions import OPEN_OVERDUE
from xinfu.indicators.engine import Value
from xinfu.indicators.kept import Kept
from xinfu.indicators.proposals.guards import reach
from xinfu.indicators.queries import numbers, proposals
from xinfu.ratings import queries as ratings
from xinfu.ratings.access import Can as RatingCan

PAGE = 50
ANSWERS: Kept[list[tuple[Any, ...]]] = Kept(512)
KEYS = {"cases": "id", "items": "version_id", "ratings": "code", "bad_ratings": "code", "proposals": "id"}
RATED = ("ratings", "bad_ratings")
PARTS = {"numerator": "分子", "denominator": "分母"}


@dataclass(frozen=True, slots=True)
class RecordPage:
    """One page of the records behind a number.

    `total` is how many records make the number, `amount` what they sum to (the number itself), `visible` how many of
    them the reader may open. `rows` are cases or item versions of this page.
    """

    indicator: Indicator
    part: str
    frm: date
    to: date
    group: Mapping[str, Value]
    total: int
    amount: int
    visible: int
    page: int
    pages: int
    ids: tuple[int | str, ...]
    rows: list[Any]
    snapshot: str


def records(
    actor: Actor,
    code: str,
    part: str,
    frm: date,
    to: date,
    group: Mapping[str, Value] | None = None,
    page: int = 1,
    size: int = PAGE,
) -> RecordPage:
    """Return the records that a figure counts, newest first; `group` as in FigureRow.ids.

    Refused: unknown indicator, part, grain or period; no snapshot yet.
    """
    actor.require(Can.SEE)
    numbers.check_period(frm, to)
    one = numbers.indicator(code)
    if part not in PARTS or (part == "denominator" and one.denominator is None):
        raise Refused("unknown_part", f"“{one.title}”没有这一项，请选{'或'.join(PARTS.values())}。")
    wanted = dict(group or {})
    numbers.checked_grouping(wanted, [one], named=True)
    current = snapshots.current()
    if current is None or not engine.has(current, one.view):
        raise Refused("no_snapshot", "尚未生成数据快照，请稍后再看。")
    why_not = _why_closed(actor, one, frm, to, wanted)
    if why_not:
        raise Refused("closed_records", why_not)
    behind = engine.records_sql(one, part, frm, to, wanted)
    chosen = one.numerator if part == "numerator" or one.denominator is None else one.denominator
    duck = engine.connections.over(current)
    seen = _seen(actor, one)
    counts = ANSWERS.get(
        (current.digest, behind, chosen.measure, seen),
        lambda: duck.execute(
            f"SELECT count(*), coalesce(sum({chosen.measure}), 0), count(*) FILTER (WHERE {seen}) FROM ({behind})"
        ).fetchall(),
    )[0]
    key = KEYS.get(one.view, "version_id")
    page, pages = max(1, page), max(1, -(-counts[2] // size))
    listed = (
        f"SELECT {key} FROM ({behind}) WHERE {seen} ORDER BY day DESC, {key} DESC"
        f" LIMIT {size} OFFSET {(page - 1) * size}"
    )
    found = ANSWERS.get((current.digest, listed), lambda: duck.execute(listed).fetchall())
    ids = tuple(row[0] for row in found)
    return RecordPage(
        one, part, frm, to, wanted, int(counts[0]), int(counts[1]), int(counts[2]), page, pages, ids,
        _rows(actor, one, ids, to), current.digest,
    )  # fmt: skip


def open_overdue(actor: Actor, day: date, most: int) -> tuple[int, list[int]]:
    """Return how many cases were open past their due day at the end of a day, and the first of those that the actor
    may open, longest overdue first."""
    one = numbers.indicator("late_finish_rate")
    current = snapshots.current()
    if current is None or one.view not in current.files:
        return 0, []
    where = OPEN_OVERDUE.replace("$to", f"DATE '{day.isoformat()}'")
    duck = engine.connections.over(current)
    count = f"SELECT count(*) FROM {one.view} WHERE {where}"
    first = (
        f"SELECT id FROM {one.view} WHERE {where} AND {_seen(actor, one)} ORDER BY due_on, id LIMIT {most}"
    )
    total, found = (
        ANSWERS.get((current.digest, text), lambda text=text: duck.execute(text).fetchall())  # type: ignore[misc]
        for text in (count, first)
    )
    return int(total[0][0]), [int(row[0]) for row in found]


def _why_closed(actor: Actor, one: Indicator, frm: date, to: date, group: Mapping[str, Value]) -> str | None:
    """Return why the records behind a figure are not listed: no single rows, or too few to stay anonymous."""
    if one.view in derived_views:
        return f"“{one.title}”由办件和匿名评价各自汇总，不能逐条对应；办件可从办件列表查看。"
    if one.few and group:
        period = rules.Period(frm, to)
        grouping = engine.grouping_of(group)
        rows = numbers.counted([(period, grouping)], [one]).rows[period, grouping]
        if not any(row.group == tuple(group[grain] for grain in grouping) for row in rows):
            return "这一组评价过少，为保护评价人不列出。"
    return None


def _seen(actor: Actor, one: Indicator) -> str:
    """Return the condition that leaves out, in the snapshot, what the reader's units do not reach.

    It only keeps pages full; what is shown is decided by the records' own `visible_to`.
    """
    if one.view == "proposals":
        return _seen_proposals(actor)
    if one.view not in ("cases", *RATED):
        return "TRUE"
    scope = actor.scope(CaseCan.SEE if one.view == "cases" else RatingCan.SEE)
    if scope.everything:
        return "TRUE"
    units = ", ".join(str(int(unit)) for unit in sorted(scope.units)) or "NULL"
    return f"(department_id IN ({units}) OR town_id IN ({units}))"


def _seen_proposals(actor: Actor) -> str:
    scope = actor.scope(Can.SEE_PROPOSALS)
    if scope.everything:
        return "TRUE"
    reached = sorted(scope.units | reach(actor))
    return f"department_id IN ({', '.join(str(int(unit)) for unit in reached) or 'NULL'})"


def visible_cases(actor: Actor) -> QuerySet[Any]:
    """Return the cases that the actor may open, with what a list shows of each."""
    return cases.cases(actor).select_related("department", "window", "town")


def _rows(actor: Actor, one: Indicator, ids: tuple[int | str, ...], to: date) -> list[Any]:
    found: dict[int | str, Any]
    if one.view == "cases":
        found = {row.pk: row for row in visible_cases(actor).filter(pk__in=ids)}
    elif one.view in RATED:
        found = {row.code: row for row in ratings.rows_behind(actor, [str(code) for code in ids])}
    elif one.view == "proposals":
        found = {row.pk: row for row in proposals.proposals(actor).filter(pk__in=ids)}
    else:
        found = {row.pk: row for row in catalog.current_versions(actor, to).filter(pk__in=ids)}
    return [found[pk] for pk in ids if pk in found]
